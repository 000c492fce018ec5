//! The `sigsign` command: arguments in, an answer on standard output, the verdict as exit status.

mod check;
mod cli;
mod commands;
#[cfg(test)]
mod docs;
mod exit;
mod files;
mod hint;
mod outcome;
mod plan;
mod problem;
mod progress;
mod ui;

use std::process::ExitCode;

use clap::Parser;

use cli::Cli;
use exit::Exit;
use ui::Ui;

fn main() -> ExitCode {
    let Cli { command, global } = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return answer_of_the_grammar(&error),
    };
    let mut ui = Ui::new(&global);
    let exit = commands::run(command, &mut ui).unwrap_or_else(|problem| {
        ui.problem(None, &problem);
        problem.exit
    });
    ui.finish(exit).into()
}

/// Help and version are answers; everything else is a wrong command line.
fn answer_of_the_grammar(error: &clap::Error) -> ExitCode {
    // Nobody to talk to is no error.
    let _ = error.print();
    if error.use_stderr() {
        Exit::Usage.into()
    } else {
        Exit::Done.into()
    }
}
