use std::io;

use clap::{Command, CommandFactory};
use clap_mangen::Man;

use crate::cli::{Cli, Shell};
use crate::exit::Exit;
use crate::problem::Problem;
use crate::ui::Ui;

/// Prints the completions for a shell.
pub(super) fn run(shell: Shell, ui: &mut Ui) -> Exit {
    let shell = match shell {
        Shell::Bash => clap_complete::Shell::Bash,
        Shell::Elvish => clap_complete::Shell::Elvish,
        Shell::Fish => clap_complete::Shell::Fish,
        Shell::Power => clap_complete::Shell::PowerShell,
        Shell::Zsh => clap_complete::Shell::Zsh,
    };
    let mut text = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "sigsign", &mut text);
    ui.bytes(&text);
    Exit::Done
}

/// What a manual has after its options.
const EXIT_STATUS: &str = ".SH \"EXIT STATUS\"
.TP
0
Done; for verify: everything verified.
.TP
1
Answered no: at least one did not verify.
.TP
2
The command line is wrong.
.TP
3
An input or trusted root could not be read, so there is no answer.
.TP
4
A service or the network failed, so there is no answer; trying again may help.
.TP
5
No identity token could be had.
";

/// Prints the manual: a page for the command, then one for each command below it.
pub(super) fn man(ui: &mut Ui) -> Result<Exit, Problem> {
    let mut command = Cli::command();
    command.build();
    let mut text = Vec::new();
    pages(&command, &mut text)
        .map_err(|error| Problem::io("cli.output", "manual page cannot be made", &error))?;
    ui.bytes(&text);
    Ok(Exit::Done)
}

fn pages(command: &Command, text: &mut Vec<u8>) -> io::Result<()> {
    Man::new(command.clone()).render(text)?;
    text.extend_from_slice(EXIT_STATUS.as_bytes());
    command
        .get_subcommands()
        .filter(|below| !below.is_hide_set())
        .try_for_each(|below| pages(below, text))
}
