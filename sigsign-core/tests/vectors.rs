//! Every case in `testdata/local`, `testdata/crafted` and `testdata/public`.
//!
//! A case says in its `case.toml` what must come out: `verified`, or the code of one error. A
//! surprise in either direction fails. `testdata/README.md` describes the layout.
#![expect(clippy::disallowed_methods, reason = "vectors are files")]

#[expect(dead_code, reason = "each test of cases uses another part of it")]
mod common;

use std::collections::BTreeMap;

use common::{Case, Refusal, cases};
use sigsign_core::Verifier;

#[test]
fn agrees_with_every_case() {
    let cases = cases();
    assert!(cases.len() > 100, "only {} cases were found", cases.len());

    let surprises: Vec<String> = cases.iter().filter_map(surprise).collect();

    println!("{} cases, {} surprises", cases.len(), surprises.len());
    assert!(surprises.is_empty(), "\n{}", surprises.join("\n"));
}

/// What a verifier remembers of a certificate or a checkpoint lets nothing through that another one
/// would not, whatever was verified before with it: other policies, other times, forged bundles.
#[test]
fn agrees_with_every_case_after_all_others() {
    let cases = cases();
    let mut by_root: BTreeMap<&str, Vec<&Case>> = BTreeMap::new();
    for case in &cases {
        by_root.entry(case.root_file()).or_default().push(case);
    }

    let mut surprises = Vec::new();
    for cases in by_root.values().filter(|cases| cases.len() > 1) {
        let Ok(root) = cases[0].root() else { continue };
        let verifier = Verifier::new(&root);
        for case in cases.iter().chain(cases.iter().rev()).chain(cases) {
            surprises.extend(compare(case, case.run_with(&verifier)));
        }
    }

    assert!(surprises.is_empty(), "\n{}", surprises.join("\n"));
}

fn surprise(case: &Case) -> Option<String> {
    compare(case, case.run())
}

fn compare(case: &Case, answer: Result<(), Refusal>) -> Option<String> {
    let (found, words) = match answer {
        Ok(()) => ("verified".to_owned(), String::new()),
        Err((code, words)) => (code, words),
    };
    (found != case.expect).then(|| {
        format!(
            "{}: wanted {}, found {found} ({words})",
            case.id, case.expect
        )
    })
}
