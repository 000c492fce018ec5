//! Trusted roots: getting them, showing them, adding others.

mod show;

use std::path::Path;

use serde::Serialize;
use sigsign_core::encoding::Escaped;
use sigsign_core::transport::blocking;
use sigsign_core::transport::http::HttpTransport;
use sigsign_core::tuf::{self, Repository, Roles, UpdateError};

use super::now;
use super::sign::services::transport;
use crate::cli::{self, Format, Instance, Network, Trust};
use crate::exit::Exit;
use crate::files::Document;
use crate::json;
use crate::problem::{Problem, io_text};
use crate::trust::cache::Cache;
use crate::trust::{self, SIGNING_CONFIG, TRUSTED_ROOT};
use crate::ui::{Level, Ui};

/// The version of the JSON of these commands.
const SCHEMA: u8 = 1;

/// Gets, shows or adds trusted roots.
pub(super) fn run(command: Trust, ui: &mut Ui) -> Result<Exit, Problem> {
    match command {
        Trust::Update(args) => update(&args, ui),
        Trust::Show(args) => show::run(&args.instance, ui),
        Trust::Add(args) => add(&args, ui),
    }
}

fn update(args: &cli::Update, ui: &mut Ui) -> Result<Exit, Problem> {
    refuse_offline(ui)?;
    let repository = trust::repository(&args.instance)?;
    let transport = transport(args.tls_ca.as_deref())?;
    let roles = get(&args.instance, &repository, &transport, ui)?;
    told(&args.instance, &repository, &roles, ui);
    Ok(Exit::Done)
}

fn add(args: &cli::Add, ui: &mut Ui) -> Result<Exit, Problem> {
    let instance = named(args)?;
    refuse_offline(ui)?;
    let root = read_root(&args.root)?;
    let repository = Repository::new(&args.url, root);
    repository.check_root().map_err(|error| {
        let what = format!("{} is not a root to begin with", args.root.display());
        Problem::document(error.code(), &what, &error)
    })?;
    let transport = transport(args.tls_ca.as_deref())?;
    let roles = get(&instance, &repository, &transport, ui)?;
    trust::added::write(instance.name(), &repository)?;
    told(&instance, &repository, &roles, ui);
    Ok(Exit::Done)
}

/// What the instance is called: not as one that comes with this program.
fn named(args: &cli::Add) -> Result<Instance, Problem> {
    let rest = args.url.split_once("://").map_or("", |(_, rest)| rest);
    let host = rest.split(['/', ':', '?', '#']).next().unwrap_or_default();
    let name = args.name.as_deref().unwrap_or(host);
    let hint = "give it another name with --name NAME";
    match name.parse() {
        Ok(instance @ Instance::Added(_)) => Ok(instance),
        Ok(taken) => Err(Problem::usage(
            format!("{taken} comes with this program"),
            hint,
        )),
        Err(want) => {
            let sentence = format!("an instance cannot be called {}: {want}", Escaped(name));
            Err(Problem::usage(sentence, hint))
        }
    }
}

fn read_root(path: &Path) -> Result<Vec<u8>, Problem> {
    Document::TufRoot.read(path)
}

fn refuse_offline(ui: &Ui) -> Result<(), Problem> {
    match ui.network() {
        Network::Allowed => Ok(()),
        Network::Off => Err(Problem::usage(
            "a repository is asked over the network",
            "leave out --offline; `sigsign trust show` shows what is here already",
        )),
    }
}

/// Updates what is kept; the instance must have a trusted root that can be read.
fn get(
    instance: &Instance,
    repository: &Repository,
    transport: &HttpTransport,
    ui: &mut Ui,
) -> Result<Roles, Problem> {
    let (mut cache, unkept) = Cache::lock(instance.name());
    if let Some(error) = unkept {
        ui.warning(format_args!("the update is not kept: {}", io_text(&error)));
    }
    let wanted = [TRUSTED_ROOT, SIGNING_CONFIG];
    let updated = blocking::run(tuf::update(
        repository,
        transport,
        &mut cache,
        &wanted,
        now(),
    ));
    let updated = updated
        .map_err(|error| Problem::service(error.code(), "no connection can be made", &error))?
        .map_err(|error| refused(instance, &error))?;
    let Some(Some(json)) = updated.targets.first() else {
        return Err(trust::no_root(instance));
    };
    tuf::trusted_root(json, trust::title(instance), &updated.roles).map_err(|error| {
        let what = format!("trusted root of {} cannot be used", trust::title(instance));
        Problem::document(error.code(), &what, &error)
    })?;
    Ok(updated.roles)
}

fn refused(instance: &Instance, error: &UpdateError) -> Problem {
    let what = format!(
        "the trusted root of {} is not updated",
        trust::title(instance)
    );
    match error {
        UpdateError::Fetch { .. } | UpdateError::Status { .. } => {
            Problem::service(error.code(), &what, error)
        }
        _ => Problem::document(error.code(), &what, error),
    }
}

/// An update as JSON.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Told<'a> {
    schema: u8,
    instance: &'a str,
    url: &'a str,
    metadata: Vec<show::Metadata<'a>>,
}

fn told(instance: &Instance, repository: &Repository, roles: &Roles, ui: &mut Ui) {
    let at = now();
    let metadata = show::metadata(roles, at);
    match ui.format() {
        _ if ui.level() == Level::Quiet => {}
        Format::Json => ui.answer(json::line(&Told {
            schema: SCHEMA,
            instance: instance.name(),
            url: repository.url(),
            metadata,
        })),
        Format::Text => {
            ui.answer(format_args!(
                "updated: {instance}, from {}",
                Escaped(repository.url())
            ));
            metadata.iter().for_each(|it| ui.answer(it));
        }
    }
}
