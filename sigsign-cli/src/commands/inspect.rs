use std::path::Path;

use sigsign_core::bundle::{Bundle, Content, KeyMaterial, Lines};
use sigsign_core::encoding::{Escaped, base64_encode, hex_encode};
use sigsign_core::time::Timestamp;
use sigsign_core::tlog::LogEntry;
use sigsign_core::tsp::TimestampToken;
use sigsign_core::x509::{Certificate, FulcioClaims};

use crate::exit::Exit;
use crate::files::{self, Document, shown};
use crate::instance::{LOCAL, is_local_url};
use crate::problem::Problem;
use crate::ui::Ui;

/// Shows what a bundle claims. Nothing of it is checked, and the first line says so.
pub(super) fn run(path: &Path, ui: &mut Ui) -> Result<Exit, Problem> {
    let bytes = Document::Bundle.read(path)?;
    let wrong = |error: sigsign_core::BundleError| {
        let what = format!("bundle {} cannot be read", shown(path));
        Problem::document(error.code(), &what, &error)
    };
    let bundles: Vec<Bundle> = if files::is_lines(path) {
        Lines::new(&bytes)
            .collect::<Result<_, _>>()
            .map_err(wrong)?
    } else {
        vec![Bundle::from_json(&bytes).map_err(wrong)?]
    };
    ui.answer("not verified: this is only what the bundle claims");
    for bundle in &bundles {
        show(bundle, ui);
    }
    Ok(Exit::Done)
}

fn show(bundle: &Bundle, ui: &mut Ui) {
    ui.answer(format_args!("bundle: version {}", bundle.version()));
    match bundle.key_material() {
        KeyMaterial::Certificate(leaf) => show_certificate(leaf, ui),
        KeyMaterial::PublicKeyHint(hint) if hint.is_empty() => ui.answer("key: no hint"),
        KeyMaterial::PublicKeyHint(hint) => ui.answer(format_args!("key: hint {}", Escaped(hint))),
        _ => {}
    }
    show_content(bundle.content(), ui);
    for entry in bundle.entries() {
        show_entry(entry, ui);
    }
    for token in bundle.timestamps() {
        match TimestampToken::from_response(token) {
            Ok(token) => ui.answer(format_args!("timestamp: {}", token.gen_time())),
            Err(error) => ui.answer(format_args!(
                "timestamp: cannot be read: {}",
                Escaped(&error.to_string())
            )),
        }
    }
}

fn show_certificate(leaf: &Certificate, ui: &mut Ui) {
    let issued_by = leaf.issuer_text();
    ui.answer(format_args!("certificate: {}", hex_encode(leaf.serial())));
    ui.answer(format_args!("  issued by: {}", Escaped(&issued_by)));
    ui.answer(format_args!("  valid: {}", leaf.validity()));
    let claims = match FulcioClaims::from_certificate(leaf) {
        Ok(claims) => claims,
        Err(error) => {
            return ui.answer(format_args!(
                "  claims cannot be read: {}",
                Escaped(&error.to_string())
            ));
        }
    };
    ui.answer(format_args!(
        "  subject: {}",
        Escaped(claims.subject().value())
    ));
    ui.answer(format_args!(
        "  issuer: {}",
        Escaped(claims.issuer().unwrap_or("none"))
    ));
    if claims.issuer().is_some_and(is_local_url) {
        ui.answer(format_args!("  {LOCAL}"));
    }
    for (extension, value) in claims.iter() {
        ui.answer(format_args!("  {extension}: {}", Escaped(value)));
    }
}

fn show_content(content: &Content, ui: &mut Ui) {
    match content {
        Content::Message { digest, signature } => {
            match digest {
                Some(digest) => ui.answer(format_args!("message: {digest}")),
                None => ui.answer("message: no digest"),
            }
            ui.answer(format_args!("  signature: {}", base64_encode(signature)));
        }
        Content::Dsse(envelope) => {
            ui.answer(format_args!(
                "envelope: {}",
                Escaped(envelope.payload_type())
            ));
            match envelope.statement() {
                Ok(statement) => {
                    let predicate_type = Escaped(statement.predicate_type());
                    ui.answer(format_args!("  predicate type: {predicate_type}"));
                    for subject in statement.subjects() {
                        let name = subject.name().unwrap_or("without a name");
                        ui.answer(format_args!("  subject: {}", Escaped(name)));
                        for (algorithm, value) in subject.digests() {
                            let (algorithm, value) = (Escaped(algorithm), Escaped(value));
                            ui.answer(format_args!("    {algorithm}:{value}"));
                        }
                    }
                }
                Err(error) => ui.answer(format_args!(
                    "  statement cannot be read: {}",
                    Escaped(&error.to_string())
                )),
            }
        }
        _ => {}
    }
}

fn show_entry(entry: &LogEntry, ui: &mut Ui) {
    ui.answer(format_args!(
        "log entry: {} at index {}",
        entry.kind(),
        entry.log_index()
    ));
    ui.answer(format_args!("  log: {}", hex_encode(entry.log_id())));
    if entry.integrated_time() > 0 {
        let at = Timestamp::from_unix_seconds(entry.integrated_time());
        ui.answer(format_args!("  time: {at}"));
    }
    ui.answer(format_args!(
        "  promise: {}",
        if entry.promise().is_some() {
            "yes"
        } else {
            "no"
        }
    ));
    let origin = entry.proof().and_then(|proof| proof.checkpoint());
    match origin.and_then(|note| note.lines().next()) {
        Some(origin) => ui.answer(format_args!("  proof: in {}", Escaped(origin))),
        None => ui.answer("  proof: none"),
    }
}
