//! Every case in `testdata/local`, `testdata/crafted` and `testdata/public`.
//!
//! A case says in its `case.toml` what must come out: `verified`, or the code of one error. A
//! surprise in either direction fails. `testdata/README.md` describes the layout.
#![expect(clippy::disallowed_methods, reason = "vectors are files")]

#[expect(dead_code, reason = "each test of cases uses another part of it")]
mod common;

use common::{Case, cases};

#[test]
fn agrees_with_every_case() {
    let cases = cases();
    assert!(cases.len() > 100, "only {} cases were found", cases.len());

    let surprises: Vec<String> = cases.iter().filter_map(surprise).collect();

    println!("{} cases, {} surprises", cases.len(), surprises.len());
    assert!(surprises.is_empty(), "\n{}", surprises.join("\n"));
}

fn surprise(case: &Case) -> Option<String> {
    let (found, words) = match case.run() {
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
