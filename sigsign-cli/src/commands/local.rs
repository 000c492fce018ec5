//! The local instance: served, shown, given new keys, removed.

mod serve;
mod status;
mod token;

use std::io::{self, IsTerminal as _};
use std::path::{Path, PathBuf};

use serde::Serialize;
use sigsign_core::encoding::Escaped;
use sigsign_local::instance::{self, FolderError, Instance, Options};

use crate::cli::{self, Format, Network};
use crate::exit::Exit;
use crate::files::shown;
use crate::json;
use crate::local::{folder, unusable};
use crate::problem::Problem;
use crate::ui::{Level, Ui};

/// The version of the JSON of these commands, described in `docs/cli.md`.
const SCHEMA: u8 = 1;

/// Does what is asked of the local instance.
pub(super) fn run(command: cli::Local, ui: &mut Ui) -> Result<Exit, Problem> {
    match command {
        cli::Local::Serve(_) if ui.network() == Network::Off => Err(Problem::usage(
            "serving is answering connections, and --offline asks for none",
            "leave out --offline; `sigsign sign --local` needs no server",
        )),
        cli::Local::Serve(args) => serve::run(&args, ui),
        cli::Local::Token(args) => token::run(&args, ui),
        cli::Local::Status(data) => status::run(&data, ui),
        cli::Local::Rotate(args) => rotate(&args, ui),
        cli::Local::Reset(args) => reset(&args, ui),
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Rotated {
    schema: u8,
    root: u64,
}

fn rotate(args: &cli::Rotate, ui: &mut Ui) -> Result<Exit, Problem> {
    let folder = existing(&args.data)?;
    let unusable = |error| unusable(&folder, &error);
    let instance = Instance::open(Options::new(&folder)).map_err(unusable)?;
    let root = instance.tuf().rotate().map_err(unusable)?;
    match ui.format() {
        _ if ui.level() == Level::Quiet => {}
        Format::Json => ui.answer(json::line(&Rotated {
            schema: SCHEMA,
            root,
        })),
        Format::Text => ui.answer(format_args!(
            "trust root repository: root {root}, with new keys"
        )),
    }
    Ok(Exit::Done)
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Removed {
    schema: u8,
    data: String,
    removed: bool,
    /// What the instance did not make.
    left: Vec<String>,
}

fn reset(args: &cli::Reset, ui: &mut Ui) -> Result<Exit, Problem> {
    let folder = existing(&args.data)?;
    let name = shown(&folder);
    refuse_open(&folder)?;
    let removed = args.yes || confirmed(&name, ui)?;
    let left = if removed {
        instance::reset(&folder).map_err(|error| unusable(&folder, &error))?
    } else {
        Vec::new()
    };
    let exit = if removed { Exit::Done } else { Exit::No };
    let answer = Removed {
        schema: SCHEMA,
        data: name,
        removed,
        left: left.iter().map(|it| shown(it)).collect(),
    };
    match ui.format() {
        _ if ui.level() == Level::Quiet => {}
        Format::Json => ui.answer(json::line(&answer)),
        Format::Text => answer.show(ui),
    }
    Ok(exit)
}

impl Removed {
    fn show(&self, ui: &mut Ui) {
        let data = Escaped(&self.data);
        if !self.removed {
            return ui.answer(format_args!("{data}: left as it is"));
        }
        ui.answer(format_args!("{data}: local instance removed"));
        for name in &self.left {
            ui.answer(format_args!(
                "  {} is not its own, and stays",
                Escaped(name)
            ));
        }
    }
}

/// Before anybody is asked.
fn refuse_open(folder: &Path) -> Result<(), Problem> {
    match instance::about(folder) {
        Ok(about) if about.is_open => {
            let by = about.running;
            Err(unusable(folder, &FolderError::InUse { by }.into()))
        }
        Ok(_) => Ok(()),
        Err(error) => Err(unusable(folder, &error)),
    }
}

/// Asks on a terminal; anywhere else nobody is there to answer.
fn confirmed(name: &str, ui: &mut Ui) -> Result<bool, Problem> {
    if !io::stdin().is_terminal() {
        return Err(Problem::usage(
            format!("nobody can be asked whether the local instance in {name} may go"),
            "give --yes to remove it without asking",
        ));
    }
    Ok(ui.ask(format_args!(
        "Remove the local instance in {}, its keys and its logs?",
        Escaped(name)
    )))
}

/// The folder of an instance that is there.
fn existing(data: &cli::Data) -> Result<PathBuf, Problem> {
    let folder = folder(data.data.as_deref())?;
    match instance::about(&folder) {
        Ok(_) => Ok(folder),
        Err(error) => Err(unusable(&folder, &error)),
    }
}
