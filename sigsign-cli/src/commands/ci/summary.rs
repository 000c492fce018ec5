//! A page for people: what was signed, by whom, and how that is verified.

use sigsign_core::sign::SignedBundle;

use super::runner::{cell, fenced};
use super::work::{Signed, Work, index_text};
use crate::predicate;

/// Rows of a table; GitHub takes pages of up to 1 MiB.
const ROWS: usize = 200;

pub(super) fn page(work: &Work<'_>, signed: &Signed, commands: &[String]) -> String {
    let mut page = String::from("### Signed with sigsign\n");
    if let Some(first) = signed.all().next() {
        let verified = first.verified();
        let [subject, issuer] =
            [verified.subject(), verified.issuer()].map(Option::unwrap_or_default);
        page.push_str(&format!(
            "\nby {}, issuer {}\n",
            cell(subject),
            cell(issuer)
        ));
    }
    page.push_str(&files(work, signed));
    page.push_str(&images(work, signed));
    page.push_str(&verifying(work, commands));
    page
}

/// How all of this is verified, by example.
fn verifying(work: &Work<'_>, commands: &[String]) -> String {
    let mut text = format!("\nVerify with\n\n{}\n", fenced(&commands.join("\n")));
    if work.subjects.len() > 1 || work.images.named.len() > 1 {
        text.push_str("The others are verified likewise. ");
    }
    let kinds = work.statements.iter().map(|(kind, _)| {
        let option = format!("--type {}", predicate::name_of(kind));
        cell(&option)
    });
    let kinds: Vec<String> = kinds.collect();
    if work.signatures && !kinds.is_empty() {
        let kinds = kinds.join(" or ");
        text.push_str(&format!("For a statement, add {kinds}.\n"));
    }
    text
}

fn files(work: &Work<'_>, signed: &Signed) -> String {
    let mut rows = Vec::new();
    for (at, (name, digests)) in work.subjects.iter().enumerate() {
        let digest = digests.first().map(ToString::to_string).unwrap_or_default();
        let index = signed.signatures.get(at).map(index_text);
        rows.push(vec![
            cell(name),
            digest_cell(&digest),
            index.unwrap_or_default(),
        ]);
    }
    let about = work.subjects.len().to_string();
    let statements = work.statements.iter().zip(&signed.statements);
    let statements =
        statements.map(|((kind, _), bundle)| vec![cell(kind), about.clone(), index_text(bundle)]);
    table(&["file", "digest", "log index"], &rows)
        + &table(
            &["statement", "about", "log index"],
            &statements.collect::<Vec<_>>(),
        )
}

fn images(work: &Work<'_>, signed: &Signed) -> String {
    let indices = |bundles: &[SignedBundle]| -> String {
        bundles
            .iter()
            .map(index_text)
            .collect::<Vec<_>>()
            .join(", ")
    };
    let images = work.images.named.iter().zip(&signed.images);
    let rows = images.map(|(image, bundles)| {
        let (name, digest) = (image.name.repository(), image.digest.to_string());
        vec![cell(&name), digest_cell(&digest), indices(bundles)]
    });
    table(&["image", "digest", "log index"], &rows.collect::<Vec<_>>())
}

/// A digest has nothing in it that Markdown could take for more than itself.
fn digest_cell(digest: &str) -> String {
    format!("<code>{digest}</code>")
}

/// Nothing, if there are no rows.
fn table(head: &[&str], rows: &[Vec<String>]) -> String {
    if rows.is_empty() {
        return String::new();
    }
    let mut text = format!(
        "\n| {} |\n|{}\n",
        head.join(" | "),
        "---|".repeat(head.len())
    );
    for row in rows.iter().take(ROWS) {
        text.push_str(&format!("| {} |\n", row.join(" | ")));
    }
    if let Some(more @ 1..) = rows.len().checked_sub(ROWS) {
        text.push_str(&format!("\nand {more} more\n"));
    }
    text
}
