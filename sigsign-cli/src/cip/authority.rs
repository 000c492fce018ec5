//! Whom a policy trusts: any one of its authorities is enough.

use super::{Imported, Rule, quoted, refusal};
use crate::manifests::yaml::Node;

/// One authority, as far as it can be said.
#[derive(Debug, Default)]
struct Authority {
    signers: Vec<String>,
    /// Types of statements that it must have made; if there are any, it need not have signed.
    attestations: Vec<String>,
    instance: Option<String>,
}

/// What a rule asks for.
pub(super) fn body(authorities: &[Node], rule: &mut Rule, imported: &mut Imported) -> String {
    let mut read: Vec<Authority> = Vec::new();
    for (number, node) in authorities.iter().enumerate() {
        if let Some(action) = node.get("static").and_then(|it| it.get("action")?.text()) {
            if action == "pass" {
                return format!("  skip: {}\n", quoted("static: pass, without a reason"));
            }
            let message = node.get("static").and_then(|it| it.get("message")?.text());
            if authorities.len() == 1 {
                return refusal(message.unwrap_or("static: fail"));
            }
            continue;
        }
        let found = authority(node, number, rule, imported);
        read.push(found);
    }
    let trust = trust(&read, rule, imported);
    let signers: Vec<&String> = read.iter().flat_map(|it| &it.signers).collect();
    let signers: String = signers.iter().map(|it| format!("  - {it}\n")).collect();
    if signers.is_empty() {
        rule.miss("anybody who must have signed");
    }
    if read.iter().all(|it| it.attestations.is_empty()) {
        return format!("{trust}  signed_by:\n{signers}");
    }
    let mut types: Vec<&[String]> = read.iter().map(|it| &*it.attestations).collect();
    types.dedup();
    // Several authorities, each with all of its types: with one type that is a list of signers.
    let is_plain = matches!(types.as_slice(), [types] if types.len() == 1 || read.len() == 1);
    if !is_plain {
        rule.miss("authorities of which each must have attested something else");
        return String::new();
    }
    let nested: String = signers.lines().map(|it| format!("  {it}\n")).collect();
    let attestations = types.concat();
    let attestations = attestations
        .iter()
        .map(|kind| format!("  - type: {}\n    signed_by:\n{nested}", quoted(kind)));
    format!(
        "{trust}  attestations:\n{}",
        attestations.collect::<String>()
    )
}

/// Spec: Authority
fn authority(node: &Node, number: usize, rule: &mut Rule, imported: &mut Imported) -> Authority {
    let named = node.get("name").and_then(Node::text);
    let name = named.map_or_else(|| format!("authority-{number}"), str::to_owned);
    let mut found = Authority::default();
    let log_is_off = node.members().iter().any(|(field, it)| {
        field == "ctlog" && it.get("url").is_none() && it.get("trustRootRef").is_none()
    });
    for (field, value) in node.members() {
        match field.as_str() {
            "name" | "signatureFormat" => {}
            "key" => key(value, (&name, log_is_off), &mut found, (rule, imported)),
            "keyless" => keyless(value, &name, &mut found, rule),
            "attestations" => attestations(value, &name, &mut found, rule),
            "ctlog" => log(value, &name, rule),
            "source" => rule.comment(format!(
                "{name}: signatures are looked for beside the image, and nowhere else"
            )),
            "rfc3161timestamp" => rule.comment(format!(
                "{name}: time stamps are those of the instance that is trusted"
            )),
            other => rule.miss(format!("{name}: its field {other}")),
        }
    }
    found
}

/// Spec: KeyRef
fn key(
    node: &Node,
    (name, log_is_off): (&str, bool),
    found: &mut Authority,
    (rule, imported): (&mut Rule, &mut Imported),
) {
    let plain = |c: char| {
        if c.is_ascii_alphanumeric() || "-_.".contains(c) {
            c
        } else {
            '-'
        }
    };
    let file: String = format!("{}-{name}.pub", rule.name)
        .chars()
        .map(plain)
        .collect();
    let text = |field| node.get(field).and_then(Node::text);
    let hash = text("hashAlgorithm").unwrap_or("sha256");
    if hash != "sha256" {
        rule.miss(format!("{name}: a key with {hash}"));
    }
    match (text("data"), text("kms")) {
        (Some(pem), _) => {
            rule.comment(format!("{name}: its key is {file}, beside this file"));
            imported.keys.push((file.clone(), pem.to_owned()));
        }
        (None, Some(place)) => rule.comment(format!(
            "{name}: put the public key of {place} into {file}, beside this file"
        )),
        (None, None) => rule.comment(format!(
            "{name}: put the public key of its secret into {file}, beside this file"
        )),
    }
    let log = if log_is_off {
        ", transparency_log: not-required"
    } else {
        ""
    };
    let file = quoted(&file);
    found.signers.push(format!("key: {{file: {file}{log}}}"));
}

/// Spec: KeylessRef
fn keyless(node: &Node, name: &str, found: &mut Authority, rule: &mut Rule) {
    for (field, value) in node.members() {
        match (field.as_str(), value.text()) {
            ("url", Some(FULCIO)) | ("identities", _) => {}
            ("url", Some(url)) => {
                let host = url.split("://").last().unwrap_or(url);
                found.instance = Some(host.trim_end_matches('/').to_owned());
            }
            ("trustRootRef", Some(root)) => found.instance = Some(root.to_owned()),
            ("insecureIgnoreSCT", _) => {
                rule.comment(format!(
                    "{name}: certificates must be in a log all the same"
                ));
            }
            (other, _) => rule.miss(format!("{name}: its field keyless.{other}")),
        }
    }
    let identities = node.get("identities").and_then(Node::items);
    let identities = identities.unwrap_or_default();
    if identities.is_empty() {
        rule.miss(format!("{name}: anybody may have signed"));
    }
    for identity in identities {
        match signer(identity) {
            Ok(signer) => found.signers.push(signer),
            Err(why) => rule.miss(format!("{name}: {why}")),
        }
    }
}

/// Spec: Identity
fn signer(identity: &Node) -> Result<String, String> {
    let text = |field| {
        identity
            .get(field)
            .and_then(Node::text)
            .filter(|it| !it.is_empty())
    };
    let issuer = match (text("issuer"), text("issuerRegExp")) {
        (Some(issuer), None) => issuer.to_owned(),
        (None, Some(pattern)) => {
            let literal = literal(pattern);
            literal.ok_or_else(|| format!("several issuers, as {pattern} has them"))?
        }
        _ => return Err("a signer by whichever issuer".to_owned()),
    };
    let subject = match (text("subject"), text("subjectRegExp")) {
        (Some(subject), None) => format!("subject: {}", quoted(subject)),
        (None, Some(pattern)) => format!("subject_regex: {}", quoted(&anchored(pattern))),
        (None, None) => format!("subject_regex: {}", quoted(".*")),
        _ => return Err("a signer with a subject and a pattern".to_owned()),
    };
    Ok(format!(
        "identity: {{issuer: {}, {subject}}}",
        quoted(&issuer)
    ))
}

/// What a pattern covers, if that is one text.
fn literal(pattern: &str) -> Option<String> {
    let inner = pattern.strip_prefix('^')?.strip_suffix('$')?;
    let mut text = String::new();
    let mut chars = inner.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => text.push(chars.next().filter(char::is_ascii_punctuation)?),
            c if "*+?.()|[]{}^$".contains(c) => return None,
            c => text.push(c),
        }
    }
    Some(text)
}

/// Theirs cover any part of a text, ours all of it.
fn anchored(pattern: &str) -> String {
    let inner = pattern
        .strip_prefix('^')
        .and_then(|it| it.strip_suffix('$'));
    match inner {
        Some(inner) if !inner.contains('|') && !inner.ends_with('\\') => inner.to_owned(),
        _ => format!(".*(?:{pattern}).*"),
    }
}

/// Spec: Attestation
fn attestations(node: &Node, name: &str, found: &mut Authority, rule: &mut Rule) {
    for attestation in node.items().unwrap_or_default() {
        let text = |field| attestation.get(field).and_then(Node::text);
        if attestation.get("policy").is_some() {
            let what = text("name").unwrap_or("an attestation");
            rule.miss(format!(
                "{name}: the policy over {what} is in a language of its own"
            ));
        }
        match text("predicateType") {
            Some(kind) => found.attestations.push(kind.to_owned()),
            None => rule.miss(format!("{name}: an attestation without a type")),
        }
    }
}

/// Spec: TLog
fn log(node: &Node, name: &str, rule: &mut Rule) {
    let url = node.get("url").and_then(Node::text);
    if url.is_some_and(|it| it.trim_end_matches('/') != REKOR) || node.get("trustRootRef").is_some()
    {
        rule.comment(format!(
            "{name}: its log is that of the instance that is trusted"
        ));
    }
}

/// The instances of all authorities, which any of them may then be of.
fn trust(read: &[Authority], rule: &mut Rule, imported: &mut Imported) -> String {
    let mut names: Vec<Option<&str>> = read.iter().map(|it| it.instance.as_deref()).collect();
    names.dedup();
    match names.as_slice() {
        [] | [None] => String::new(),
        // A rule that refuses needs no instance.
        [Some(_)] if !rule.missing.is_empty() => String::new(),
        [Some(name)] => {
            imported.instance(name);
            rule.comment(format!(
                "`sigsign trust add` adds {name}; it has to have that name"
            ));
            format!("  trust: {}\n", quoted(name))
        }
        _ => {
            rule.miss("authorities of which each has an instance of its own");
            String::new()
        }
    }
}

const FULCIO: &str = "https://fulcio.sigstore.dev";
const REKOR: &str = "https://rekor.sigstore.dev";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_patterns_that_are_one_text() {
        for (pattern, want) in [
            (
                r"^https://token\.example\.org$",
                Some("https://token.example.org"),
            ),
            ("^a$", Some("a")),
            ("a", None),
            ("^a.b$", None),
            (r"^a\d$", None),
            ("^(a|b)$", None),
            (r"^a\", None),
        ] {
            assert_eq!(want.map(str::to_owned), literal(pattern), "{pattern}");
        }
    }

    #[test]
    fn anchors_patterns_without_changing_what_they_cover() {
        for (pattern, want) in [
            ("^a.*$", "a.*"),
            ("a", ".*(?:a).*"),
            ("^a$|^b$", ".*(?:^a$|^b$).*"),
            ("^a", ".*(?:^a).*"),
            (r"^a\$", r".*(?:^a\$).*"),
        ] {
            assert_eq!(want, anchored(pattern));
        }
    }
}
