//! `docs/rules.md` and `docs/errors.md` are generated from the source, and are what they would be made now.
//!
//! `SIGSIGN_WRITE_DOCS=1` (which `.ci/docs` sets) writes them.
#![expect(
    clippy::disallowed_methods,
    reason = "reads the source and writes the pages"
)]

mod errors;
mod rules;
mod source;

use std::path::{Path, PathBuf};

#[test]
fn every_rule_has_an_accepting_and_a_rejecting_test() {
    let covered = rules::covered(&root());

    let lacking = rules::lacking(&covered);

    assert!(
        lacking.is_empty(),
        "rules without tests:\n{}",
        lacking.join("\n")
    );
    page("docs/rules.md", &rules::page(&covered));
}

#[test]
fn every_error_code_is_listed_once() {
    let listed = errors::listed(&root());

    let repeated = errors::repeated(&listed);

    assert!(
        repeated.is_empty(),
        "codes of more than one error: {repeated:?}"
    );
    page("docs/errors.md", &errors::page(&listed));
}

/// Compares a checked-in page with what it should be.
fn page(name: &str, text: &str) {
    let path = root().join(name);
    if std::env::var_os("SIGSIGN_WRITE_DOCS").is_some() {
        std::fs::write(&path, text).unwrap();
    }
    let found = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        found == text,
        "{name} is not what the source says; run .ci/docs"
    );
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .unwrap()
        .to_owned()
}
