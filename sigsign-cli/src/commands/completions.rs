use clap::CommandFactory;

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

/// Prints the manual page: the command, then each of its subcommands.
pub(super) fn man(ui: &mut Ui) -> Result<Exit, Problem> {
    let mut text = Vec::new();
    let mut command = Cli::command();
    command.build();
    let pages = std::iter::once(&command).chain(command.get_subcommands());
    for page in pages.filter(|page| !page.is_hide_set()) {
        clap_mangen::Man::new(page.clone())
            .render(&mut text)
            .map_err(|error| Problem::io("cli.output", "manual page cannot be made", &error))?;
    }
    ui.bytes(&text);
    Ok(Exit::Done)
}
