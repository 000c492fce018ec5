mod claims;

use std::path::Path;

use sigsign_core::encoding::Escaped;

use claims::{Claims, Entry, Message, Signed, Signer, Token};

use crate::bundles::Bundles;
use crate::cli::Format;
use crate::exit::Exit;
use crate::instance::LOCAL;
use crate::json;
use crate::problem::Problem;
use crate::ui::Ui;

/// Shows what a bundle claims. Nothing of it is checked, and the first line says so.
pub(super) fn run(path: &Path, ui: &mut Ui) -> Result<Exit, Problem> {
    let bundles = Bundles::at(path);
    let found = bundles.found().map_err(Clone::clone)?;
    if found.len() == 1
        && let Some(Err(problem)) = found.first()
    {
        return Err(problem.clone());
    }
    if ui.format() == Format::Text {
        ui.answer("not verified: this is only what the bundle claims");
    }
    let mut exit = Exit::Done;
    for (number, bundle) in (1..).zip(found) {
        match (bundle, ui.format()) {
            (Ok(bundle), Format::Json) => ui.answer(json::line(&Claims::of(bundle))),
            (Ok(bundle), Format::Text) => show(&Claims::of(bundle), ui),
            (Err(problem), _) => {
                ui.problem(Some(&format!("bundle {number}")), problem);
                exit = exit.and(problem.exit);
            }
        }
    }
    Ok(exit)
}

fn show(claims: &Claims, ui: &mut Ui) {
    ui.answer(format_args!("bundle: version {}", claims.version));
    if let Some(signer) = &claims.certificate {
        show_signer(signer, ui);
    }
    match claims.key_hint.as_deref() {
        None => {}
        Some("") => ui.answer("key: no hint"),
        Some(hint) => field("key: hint", hint, ui),
    }
    if let Some(message) = &claims.message {
        show_message(message, ui);
    }
    if let Some(envelope) = &claims.envelope {
        show_envelope(envelope, ui);
    }
    for entry in &claims.log_entries {
        show_entry(entry, ui);
    }
    for token in &claims.timestamps {
        match token {
            Token::Time(time) => field("timestamp:", time, ui),
            Token::Error(error) => field("timestamp: cannot be read:", error, ui),
        }
    }
}

/// A line with something from the bundle, which may hold anything.
fn field(name: &str, value: &str, ui: &mut Ui) {
    ui.answer(format_args!("{name} {}", Escaped(value)));
}

fn show_signer(signer: &Signer, ui: &mut Ui) {
    field("certificate:", &signer.serial, ui);
    field("  issued by:", &signer.issued_by, ui);
    match &signer.not_after {
        Some(end) => ui.answer(format_args!("  valid: {} to {end}", signer.not_before)),
        None => ui.answer(format_args!("  valid: from {}", signer.not_before)),
    }
    if let Some(error) = &signer.error {
        return field("  claims cannot be read:", error, ui);
    }
    field(
        "  subject:",
        signer.subject.as_deref().unwrap_or("none"),
        ui,
    );
    field("  issuer:", signer.issuer.as_deref().unwrap_or("none"), ui);
    if signer.local_instance {
        ui.answer(format_args!("  {LOCAL}"));
    }
    for extension in &signer.extensions {
        field(&format!("  {}:", extension.name), &extension.value, ui);
    }
}

fn show_message(message: &Message, ui: &mut Ui) {
    field(
        "message:",
        message.digest.as_deref().unwrap_or("no digest"),
        ui,
    );
    field("  signature:", &message.signature, ui);
}

fn show_envelope(envelope: &Signed, ui: &mut Ui) {
    field("envelope:", &envelope.payload_type, ui);
    if let Some(error) = &envelope.error {
        field("  statement cannot be read:", error, ui);
    }
    if let Some(predicate_type) = &envelope.predicate_type {
        field("  predicate type:", predicate_type, ui);
    }
    for subject in &envelope.subjects {
        let name = subject.name.as_deref().unwrap_or("without a name");
        field("  subject:", name, ui);
        for (algorithm, value) in &subject.digests {
            ui.answer(format_args!(
                "    {}:{}",
                Escaped(algorithm),
                Escaped(value)
            ));
        }
    }
}

fn show_entry(entry: &Entry, ui: &mut Ui) {
    ui.answer(format_args!(
        "log entry: {} at index {}",
        entry.kind, entry.index
    ));
    field("  log:", &entry.log, ui);
    if let Some(time) = &entry.time {
        field("  time:", time, ui);
    }
    field("  promise:", if entry.promise { "yes" } else { "no" }, ui);
    match &entry.origin {
        Some(origin) => field("  proof: in", origin, ui),
        None => ui.answer("  proof: none"),
    }
}
