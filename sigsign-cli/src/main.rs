//! The `sigsign` command: arguments in, an answer on standard output, the verdict as exit status.

mod bundles;
mod check;
mod cip;
mod cli;
mod commands;
#[cfg(test)]
mod docs;
mod exit;
mod files;
mod gate;
mod grammar;
mod hint;
mod instance;
mod json;
mod local;
mod login;
mod manifests;
mod outcome;
mod plan;
mod policy;
mod predicate;
mod problem;
mod progress;
mod registry;
mod report;
mod token;
mod trust;
mod ui;

use std::process::ExitCode;

use cli::Cli;
use ui::Ui;

/// musl's own allocator asks the kernel for every other piece of memory, and gives it back.
#[cfg(target_env = "musl")]
#[global_allocator]
static ALLOCATOR: dlmalloc::GlobalDlmalloc = dlmalloc::GlobalDlmalloc;

fn main() -> ExitCode {
    let Cli { command, global } = match cli::parse() {
        Ok(cli) => cli,
        Err(error) if cli::is_containerd() => {
            return grammar::answer(error, &mut std::io::stdout()).into();
        }
        Err(error) => return grammar::answer(error, &mut std::io::stderr()).into(),
    };
    let mut ui = Ui::new(&global);
    let exit = commands::run(command, &mut ui).unwrap_or_else(|problem| {
        ui.end_with(&problem);
        problem.exit
    });
    ui.finish(exit).into()
}
