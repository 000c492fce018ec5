//! `docs/cli.md` is made from the grammar, and is what it would be made now.
//!
//! `SIGSIGN_WRITE_DOCS=1` (which `.ci/docs` sets) writes it.
#![expect(
    clippy::disallowed_methods,
    reason = "reads the source and writes the page"
)]

use std::collections::BTreeSet;
use std::path::Path;

use clap::CommandFactory;
use clap::error::ErrorKind;

use crate::cli::Cli;

/// What the grammar does not say.
const INTRODUCTION: &str = include_str!("docs/introduction.md");

#[test]
fn the_page_of_the_command_is_what_the_grammar_says() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/cli.md");
    let wanted = page();

    if std::env::var_os("SIGSIGN_WRITE_DOCS").is_some() {
        std::fs::write(&path, &wanted).unwrap();
    }

    let found = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        found == wanted,
        "docs/cli.md is not what the grammar says; run .ci/docs"
    );
}

#[test]
fn every_code_of_the_command_is_in_its_page() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let errors = include_str!("../../docs/errors.md");

    let codes = codes(&source);

    let is_listed = |code: &String| {
        let cell = format!("| `{code}` |");
        INTRODUCTION.contains(&cell) || errors.contains(&cell)
    };
    let lacking: Vec<_> = codes.iter().filter(|code| !is_listed(code)).collect();
    assert!(
        lacking.is_empty(),
        "not in docs/introduction.md: {lacking:?}"
    );
    assert!(codes.len() > 6, "found only {codes:?}");
}

/// The codes with which the source makes problems.
fn codes(folder: &Path) -> BTreeSet<String> {
    let mut codes = BTreeSet::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            codes.extend(self::codes(&path));
        } else if path.extension().is_some_and(|it| it == "rs") {
            let text = std::fs::read_to_string(&path).unwrap();
            let problems = text.split("Problem::").skip(1);
            codes.extend(problems.filter_map(code));
        }
    }
    codes
}

/// The code in `input("code", ..`, `io(..` or `document(..`.
fn code(call: &str) -> Option<String> {
    let (name, arguments) = call.split_once('(')?;
    let first = arguments.trim_start().strip_prefix('"')?;
    let is_maker = ["input", "io", "document"].contains(&name);
    is_maker.then(|| first.split('"').next().unwrap_or(first).to_owned())
}

fn page() -> String {
    let mut page = INTRODUCTION.to_owned();
    describe(&Cli::command(), &["sigsign"], &mut page);
    page
}

/// A command, then what is below it.
fn describe(command: &clap::Command, path: &[&str], page: &mut String) {
    page.push_str(&format!("\n### `{}`\n\n", path.join(" ")));
    page.push_str(&format!("```text\n{}\n```\n", help(path)));
    for below in command.get_subcommands().filter(|it| !it.is_hide_set()) {
        describe(below, &[path, &[below.get_name()]].concat(), page);
    }
}

/// What `--help` prints, without white space at the ends of its lines.
fn help(path: &[&str]) -> String {
    let line = [path, &["--help"]].concat();
    let answer = Cli::command().try_get_matches_from(line).unwrap_err();
    assert_eq!(ErrorKind::DisplayHelp, answer.kind());
    let text = answer.render().to_string();
    let lines: Vec<&str> = text.trim_end().lines().map(str::trim_end).collect();
    lines.join("\n")
}
