//! Whose services are trusted: what the last update left, or what comes with this program.

pub(crate) mod added;
pub(crate) mod cache;

use std::path::PathBuf;

use sigsign_core::trust::{SigningConfig, TrustedRoot, embedded};
use sigsign_core::tuf::{self, Held, Repository, UpdateError};

use crate::cli::Instance;
use crate::commands::now;
use crate::problem::Problem;
use cache::Cache;

/// What repositories of Sigstore call their documents.
pub(crate) const TRUSTED_ROOT: &str = "trusted_root.json";
pub(crate) const SIGNING_CONFIG: &str = "signing_config.v0.2.json";

/// Where the trusted root of an instance is published, and the root to begin with.
pub(crate) fn repository(instance: &Instance) -> Result<Repository, Problem> {
    match instance {
        Instance::Github => Ok(tuf::embedded::github()),
        Instance::Public => Ok(tuf::embedded::public_good()),
        Instance::Staging => Ok(tuf::embedded::staging()),
        Instance::Added(name) => added::read(name),
    }
}

/// What reports call an instance.
pub(crate) fn title(instance: &Instance) -> &str {
    match instance {
        Instance::Github => "GitHub's instance for private repositories",
        Instance::Public => "the public instance",
        Instance::Staging => "the staging instance",
        Instance::Added(name) => name,
    }
}

/// The trusted root of the last update, or that which comes with this program.
pub(crate) fn trusted_root(instance: &Instance) -> Result<TrustedRoot, Problem> {
    if let Some(held) = held(instance, &[TRUSTED_ROOT])? {
        return root_of(instance, &held);
    }
    let root = match instance {
        Instance::Github => embedded::github(),
        Instance::Public => embedded::public_good(),
        Instance::Staging => embedded::staging(),
        Instance::Added(name) => return Err(never_updated(name)),
    };
    root.map_err(|error| {
        let what = format!("trusted root of {}", title(instance));
        Problem::document(error.code(), &what, &error)
    })
}

/// The signing config of the last update, or that which comes with this program.
pub(crate) fn signing_config(instance: &Instance) -> Result<SigningConfig, Problem> {
    let held = held(instance, &[SIGNING_CONFIG])?;
    let config = match (held.and_then(|it| it.targets.into_iter().next()?), instance) {
        (Some(json), _) => SigningConfig::from_json(&json),
        (None, Instance::Public) => embedded::public_good_services(),
        (None, Instance::Staging) => embedded::staging_services(),
        (None, Instance::Github | Instance::Added(_)) => {
            let sentence = format!("{} says to nobody where its services are", title(instance));
            return Err(Problem::input("trust.no-services", sentence).hint_of_code());
        }
    };
    config.map_err(|error| Problem::document(error.code(), "no services are known", &error))
}

/// What the last update of an instance left, verified again.
pub(crate) fn held(instance: &Instance, wanted: &[&str]) -> Result<Option<Held>, Problem> {
    let repository = repository(instance)?;
    let cache = Cache::open(instance.name());
    tuf::load(repository.root(), &cache, wanted, now()).map_err(|error| {
        let what = format!("what was kept of {} cannot be used", title(instance));
        let problem = Problem::document(error.code(), &what, &error);
        problem.hint(format!("`sigsign trust update {instance}` gets it anew"))
    })
}

/// The trusted root in what an update left.
pub(crate) fn root_of(instance: &Instance, held: &Held) -> Result<TrustedRoot, Problem> {
    let Some(Some(json)) = held.targets.first() else {
        return Err(no_root(instance));
    };
    tuf::trusted_root(json, title(instance), &held.roles).map_err(|error| {
        let what = format!("trusted root of {} cannot be used", title(instance));
        Problem::document(error.code(), &what, &error)
    })
}

/// A repository without a trusted root.
pub(crate) fn no_root(instance: &Instance) -> Problem {
    let name = TRUSTED_ROOT.to_owned();
    let error = UpdateError::NoTarget { name };
    let what = format!("{} publishes no trusted root", title(instance));
    Problem::document(error.code(), &what, &error)
}

fn never_updated(name: &str) -> Problem {
    let sentence = format!("the trusted root of {name} is not here yet");
    let problem = Problem::input("trust.never-updated", sentence);
    problem.hint(format!("`sigsign trust update {name}` gets it"))
}

/// The user's own folder of one kind, for this program.
fn user_folder(variable: &str, otherwise: &str, windows: &str) -> Option<PathBuf> {
    let named = |name: &str| {
        let path = PathBuf::from(std::env::var_os(name)?);
        path.is_absolute().then_some(path)
    };
    let base = if cfg!(windows) {
        named(windows)
    } else {
        // XDG Base Directory Specification
        named(variable).or_else(|| Some(std::env::home_dir()?.join(otherwise)))
    };
    Some(base?.join("sigsign"))
}
