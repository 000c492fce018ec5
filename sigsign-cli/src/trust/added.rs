//! Instances that the user added: where they are, and the root that all trust in them begins with.
//!
//! They are kept with the user's settings, apart from what updates leave: T13.

use std::fs;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use sigsign_core::tuf::Repository;

use super::{cache, user_folder};
use crate::json;
use crate::problem::Problem;

/// Bytes of such a file, of which the root is nearly all.
const BYTES: u64 = 2 << 20;

#[derive(Deserialize, Serialize)]
struct Added {
    schema: u8,
    url: String,
    root: String,
}

/// What was added under this name.
pub(super) fn read(name: &str) -> Result<Repository, Problem> {
    let unknown = || {
        Problem::usage(
            format!("unknown instance {name}"),
            "an instance is public, staging, github, or one that `sigsign trust add URL --root \
             root.json --name NAME` added; of any other give --trusted-root",
        )
    };
    let path = path(name).ok_or_else(unknown)?;
    let what = || format!("{} cannot be read", path.display());
    let unreadable = |error| Problem::io("trust.added", &what(), &error).hint_of_code();
    match fs::metadata(&path) {
        Ok(it) if it.is_file() && it.len() <= BYTES => {}
        Ok(_) => return Err(Problem::input("trust.added", what()).hint_of_code()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Err(unknown()),
        Err(error) => return Err(unreadable(error)),
    }
    let text = fs::read(&path).map_err(unreadable)?;
    let added: Added = serde_json::from_slice(&text)
        .map_err(|error| Problem::document("trust.added", &what(), &error))?;
    Ok(Repository::new(&added.url, added.root.into_bytes()))
}

/// Adds an instance, in place of the one that had this name.
pub(crate) fn write(name: &str, repository: &Repository) -> Result<(), Problem> {
    let Some(path) = path(name) else {
        return Err(Problem::input(
            "trust.added",
            "the user has no folder for settings",
        ));
    };
    let added = Added {
        schema: 1,
        url: repository.url().to_owned(),
        root: String::from_utf8_lossy(repository.root()).into_owned(),
    };
    let folder = path.parent().map_or(Ok(()), fs::create_dir_all);
    let written = folder.and_then(|()| cache::write(&path, json::line(&added).as_bytes()));
    written.map_err(|error| {
        let what = format!("{} cannot be written", path.display());
        Problem::io("trust.added", &what, &error)
    })
}

/// Below the user's folder for settings.
fn path(name: &str) -> Option<PathBuf> {
    let base = user_folder("XDG_CONFIG_HOME", ".config", "APPDATA")?;
    Some(base.join("trust").join(format!("{name}.json")))
}
