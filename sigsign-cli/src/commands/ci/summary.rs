//! A page for people: what was signed, by whom, and how that is verified.

use sigsign_core::sign::SignedBundle;

use super::runner::{cell, fenced};
use super::work::{Signed, Work, index_text};

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
    let commands = fenced(&commands.join("\n"));
    page.push_str(&format!("\nVerify with\n\n{commands}\n"));
    page
}

fn files(work: &Work<'_>, signed: &Signed) -> String {
    let mut rows = Vec::new();
    for (at, (name, digests)) in work.subjects.iter().enumerate() {
        let digest = digests.first().map(ToString::to_string).unwrap_or_default();
        let index = signed.signatures.get(at).map(index_text);
        rows.push(vec![cell(name), cell(&digest), index.unwrap_or_default()]);
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
        vec![cell(&name), cell(&digest), indices(bundles)]
    });
    table(&["image", "digest", "log index"], &rows.collect::<Vec<_>>())
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
