//! Verifying in a job, as the commands `verify` and `image verify` do it.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::Parser as _;

use crate::cli::{Cli, Command};
use crate::commands::{batch, image, policy, verify};
use crate::exit::Exit;
use crate::plan::Plan;
use crate::plan::ci::{Check, Images};
use crate::problem::Problem;
use crate::ui::Ui;

/// Files first, then images; what is wrong with the ones does not keep the others from being looked
/// at.
pub(super) fn run(
    check: &Check,
    files: Vec<PathBuf>,
    images: &Images,
    ui: &mut Ui,
) -> Result<Exit, Problem> {
    let mut exit = Exit::Done;
    if !files.is_empty() {
        let files = files.into_iter().map(|it| visible(it).into_os_string());
        exit = command(&["verify"], check, files, ui)?;
    }
    if !images.is_empty() {
        let names = images.named.iter().map(|it| it.pinned().into());
        let names = names.chain(images.verify_with.iter().cloned());
        let of_images = command(&["image", "verify"], check, names, ui)?;
        if exit == Exit::Done {
            exit = of_images;
        }
    }
    Ok(exit)
}

fn command(
    name: &[&str],
    check: &Check,
    more: impl Iterator<Item = OsString>,
    ui: &mut Ui,
) -> Result<Exit, Problem> {
    let name = ["sigsign"].iter().chain(name).map(OsString::from);
    let words = name.chain(check.arguments.iter().cloned()).chain(more);
    let wrong = |error: clap::Error| {
        let text = error.to_string();
        let line = text.lines().next().unwrap_or_default().to_owned();
        Problem::usage(line, "see the inputs of mode verify")
    };
    match Cli::try_parse_from(words).map_err(wrong)?.command {
        Command::Image(command) => image::run(command, ui),
        Command::Verify(args) => match Plan::new(*args)? {
            Plan::Verify(plan) => verify::run(&plan, ui),
            Plan::Batch(plan) => batch::run(&plan, ui),
            Plan::Judge(plan) => policy::judge(&plan, ui),
        },
        _ => Err(Problem::usage("nothing to verify", "name files or images")),
    }
}

/// A line that begins with this path is none that a runner obeys, and no option.
fn visible(path: PathBuf) -> PathBuf {
    if path.is_absolute() {
        return path;
    }
    PathBuf::from(".").join(path)
}
