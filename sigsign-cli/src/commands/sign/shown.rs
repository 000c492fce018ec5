//! What was signed, as people and programs read it.

use std::ffi::OsString;
use std::path::Path;

use serde::Serialize;
use sigsign_core::bundle::{Content, KeyMaterial};
use sigsign_core::dsse::Subject as StatementSubject;
use sigsign_core::encoding::Escaped;
use sigsign_core::sign::SignedBundle;

use crate::cli::Format;
use crate::files;
use crate::plan::Subject;
use crate::plan::sign::{KEPT_ROOT, Place, Services};
use crate::predicate;
use crate::ui::{Level, Ui};

/// The version of the JSON below, described in `docs/cli.md`.
const SCHEMA: u8 = 1;

/// What stands for the public key in a command, of which this program knows only the private one.
const PUBLIC_KEY: &str = "PUBLIC_KEY.pem";

/// What was made, and of what.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Made<'a> {
    /// The first thing; `None` if it stands in a list.
    pub(crate) subject: Option<&'a Subject>,
    /// How many others the same bundle is about.
    pub(crate) more: usize,
    pub(crate) bundle: &'a Path,
    pub(crate) services: &'a Services,
    /// What a command that verifies says about the services.
    pub(crate) verify_with: &'a [OsString],
    /// What kind of statement it is, if the command made one.
    pub(crate) predicate_type: Option<&'a str>,
}

/// One signature as JSON.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Shown<'a> {
    schema: u8,
    artifact: &'a str,
    bundle: String,
    signed: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    predicate_type: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    subject: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    issuer: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    time: Option<String>,
    log_indices: Vec<u64>,
    verify: Vec<String>,
}

/// Shows what was made for one file. A bundle on standard output is all of the answer.
pub(crate) fn show(made: &Made<'_>, signed: &SignedBundle, ui: &mut Ui) {
    if ui.level() == Level::Quiet || files::is_stdin(made.bundle) {
        return;
    }
    let name = name(made, signed);
    let verified = signed.verified();
    let indices: Vec<u64> = signed
        .bundle()
        .entries()
        .iter()
        .map(|it| it.log_index())
        .collect();
    let time = verified.times().next().map(|at| at.to_string());
    let command = command(made, signed);
    let words = command
        .iter()
        .map(|word| word.to_string_lossy().into_owned());
    if ui.format() == Format::Json {
        let shown = Shown {
            schema: SCHEMA,
            artifact: &name,
            bundle: made.bundle.display().to_string(),
            signed: true,
            predicate_type: made.predicate_type,
            subject: verified.subject(),
            issuer: verified.issuer(),
            time,
            log_indices: indices,
            verify: words.collect(),
        };
        return ui.answer(crate::json::line(&shown));
    }
    let mut text = match (verified.subject(), verified.issuer()) {
        (Some(subject), issuer) => {
            let issuer = Escaped(issuer.unwrap_or("none"));
            format!("by {}, issuer {issuer}", Escaped(subject))
        }
        (None, _) => "with the key".to_owned(),
    };
    if let Some(time) = time {
        text.push_str(&format!(", at {time}"));
    }
    for index in indices {
        text.push_str(&format!(", log index {index}"));
    }
    let line: Vec<String> = words.map(|word| quoted(&word)).collect();
    let verb = ui.made(made.predicate_type.is_some());
    let name = match made.more {
        0 => name,
        more => format!("{name} and {more} more"),
    };
    ui.answer(format_args!("{}: {verb} {text}", Escaped(&name)));
    if let Some(predicate_type) = made.predicate_type {
        ui.answer(format_args!("  predicate: {}", Escaped(predicate_type)));
    }
    ui.answer(format_args!(
        "  bundle: {}",
        Escaped(&made.bundle.display().to_string())
    ));
    ui.answer(format_args!("  verify: {}", line.join(" ")));
    if let Services::Remote {
        place: Place::Url(url),
        ..
    } = made.services
    {
        let url = Escaped(url);
        ui.answer(format_args!(
            "  trust: keep {url}/trusted_root.json as {KEPT_ROOT}, once"
        ));
    }
    if ui.level() == Level::Verbose {
        crate::outcome::details(&verified.report(), ui);
    }
}

/// The command that verifies what was just made.
pub(crate) fn command(made: &Made<'_>, signed: &SignedBundle) -> Vec<OsString> {
    let mut words: Vec<OsString> = vec!["sigsign".into(), "verify".into()];
    let beside = match (made.subject, statement_digest(signed)) {
        (Some(Subject::File(path)), _) if made.predicate_type.is_some() => {
            words.push(path.into());
            made.bundle == files::bundles_beside(path)
        }
        (Some(Subject::File(path)), None) => {
            words.push(path.into());
            made.bundle == files::bundle_beside(path)
        }
        (_, Some(digest)) => {
            words.push(digest.into());
            false
        }
        (subject, None) => {
            words.extend(subject.map(|it| it.name().into()));
            false
        }
    };
    if !beside {
        words.extend(["--bundle".into(), made.bundle.into()]);
    }
    if let Some(predicate_type) = made.predicate_type {
        let name = predicate::name_of(predicate_type);
        words.extend(["--type".into(), name.into()]);
    }
    words.extend(made.verify_with.iter().cloned());
    words.extend(who(signed));
    words
}

/// The command that verifies what was just put beside an image.
pub(crate) fn image_command(
    name: String,
    predicate_type: Option<&str>,
    verify_with: &[OsString],
    signed: &SignedBundle,
) -> Vec<OsString> {
    let mut words: Vec<OsString> = ["sigsign", "image", "verify"].map(OsString::from).to_vec();
    words.push(name.into());
    if let Some(predicate_type) = predicate_type {
        let name = predicate::name_of(predicate_type);
        words.extend(["--type".into(), name.into()]);
    }
    words.extend(verify_with.iter().cloned());
    words.extend(who(signed));
    words
}

/// Who must have signed, as options have it.
fn who(signed: &SignedBundle) -> Vec<OsString> {
    let verified = signed.verified();
    match signed.bundle().key_material() {
        KeyMaterial::Certificate(_) => {
            let values = [verified.subject(), verified.issuer()];
            let [subject, issuer] = values.map(Option::unwrap_or_default);
            let words = ["--identity", subject, "--issuer", issuer];
            words.map(OsString::from).to_vec()
        }
        _ => vec!["--key".into(), PUBLIC_KEY.into()],
    }
}

/// What was signed: by the name that it was given, or that the statement has for it.
fn name(made: &Made<'_>, signed: &SignedBundle) -> String {
    match made.subject {
        Some(subject) => subject.name(),
        None => statement_digest(signed).unwrap_or_default(),
    }
}

/// What a statement is about: its first subject that a verifier can compare.
fn statement_digest(signed: &SignedBundle) -> Option<String> {
    let Content::Dsse(envelope) = signed.bundle().content() else {
        return None;
    };
    let statement = envelope.statement().ok()?;
    let digests = statement
        .subjects()
        .iter()
        .flat_map(StatementSubject::strong_digests);
    let mut digests: Vec<_> = digests.collect();
    digests.drain(..).next().map(|digest| digest.to_string())
}

/// As a shell takes it for one word. What deceives a reader is written in octal.
///
/// Spec: POSIX.1-2024, 2.2.4 (dollar-single-quotes)
pub(crate) fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:@=+,%".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else if Escaped(word).to_string() == word {
        format!("'{}'", word.replace('\'', r"'\''"))
    } else {
        format!("$'{}'", word.chars().map(in_octal).collect::<String>())
    }
}

fn in_octal(c: char) -> String {
    let text = c.to_string();
    match c {
        '\'' | '\\' => format!("\\{c}"),
        // Two of them are a command to some runners.
        '#' => r"\043".to_owned(),
        _ if Escaped(&text).to_string() == text => text,
        _ => text.bytes().map(|byte| format!("\\{byte:03o}")).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accepts_words_as_shells_do() {
        for (word, want) in [
            ("a.txt", "a.txt"),
            (
                "https://github.com/o/r@refs/heads/main",
                "https://github.com/o/r@refs/heads/main",
            ),
            ("a b", "'a b'"),
            ("it's", r"'it'\''s'"),
            ("$(id)", "'$(id)'"),
            ("", "''"),
            ("new\nline", r"$'new\012line'"),
            ("a ##[b]", r"$'a \043\043[b]'"),
            ("\u{202e}1's \\", r"$'\342\200\2561\'s \\'"),
        ] {
            assert_eq!(want, quoted(word));
        }
    }
}
