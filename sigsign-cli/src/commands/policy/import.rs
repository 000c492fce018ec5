//! A policy made from those of another gate.

use std::path::{Path, PathBuf};

use crate::cip;
use crate::cli;
use crate::exit::Exit;
use crate::files::{Places, shown};
use crate::problem::Problem;
use crate::ui::Ui;

pub(super) fn run(args: &cli::ImportCip, ui: &mut Ui) -> Result<Exit, Problem> {
    let imported = cip::import(&args.objects)?;
    let policy = imported.policy()?;
    match &args.keys {
        Some(folder) => write_keys(folder, &imported.keys, ui)?,
        None if !imported.keys.is_empty() => {
            let names: Vec<&str> = imported.keys.iter().map(|(name, _)| &**name).collect();
            let names = names.join(", ");
            ui.warning(format_args!(
                "it needs the keys {names}: --keys FOLDER writes them"
            ));
        }
        None => {}
    }
    ui.raw(format_args!("{policy}"));
    for what in &imported.left_out {
        ui.warning(format_args!("left out: {what}"));
    }
    Ok(if imported.left_out.is_empty() {
        Exit::Done
    } else {
        Exit::No
    })
}

/// All of them or none.
fn write_keys(folder: &Path, keys: &[(String, String)], ui: &mut Ui) -> Result<(), Problem> {
    if !folder.is_dir() {
        let sentence = format!("{} is not a folder", shown(folder));
        return Err(Problem::usage(sentence, "make it first"));
    }
    let paths: Vec<PathBuf> = keys.iter().map(|(name, _)| folder.join(name)).collect();
    let places = Places::check(paths.iter().map(PathBuf::as_path))?;
    places.write(keys.iter().map(|(_, pem)| pem.trim_end()), ui)
}
