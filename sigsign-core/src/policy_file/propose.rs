//! A rule that would accept what was verified.

use super::model::TrustSource;
use super::predicate::{SIGNATURE_TYPE, predicate_name};
use super::wire::quoted;
use crate::verify::Verified;
use crate::x509::{FulcioClaims, FulcioExtension};

/// A policy file with one rule for subjects of this name, signed by whoever signed this.
///
/// `key` is the file of the key for a signature without certificate; `trust` is where the trusted
/// root is that it was verified with.
pub fn propose(verified: &Verified, name: &str, key: Option<&str>, trust: &TrustSource) -> String {
    let signer = signer(verified, key.unwrap_or("cosign.pub"));
    let rule_name = name.rsplit('/').next().unwrap_or(name);
    let head = format!(
        "version: 1\n{}default: deny\nrules:\n- name: {}\n  match: [{}]\n",
        trusted(trust),
        quoted(rule_name),
        quoted(&literal_glob(name)),
    );
    match verified.statement().map(|it| it.predicate_type()) {
        None | Some(SIGNATURE_TYPE) => format!("{head}  signed_by:\n  - {signer}\n"),
        Some(predicate) => format!(
            "{head}  attestations:\n  - type: {}\n    signed_by:\n    - {signer}\n",
            quoted(predicate_name(predicate))
        ),
    }
}

/// The instance, and where it is from if it is not built in.
fn trusted(source: &TrustSource) -> String {
    let declared = |form: &str, text: &str| {
        format!(
            "instances:\n  ours: {{{form}: {}}}\ntrust: ours\n",
            quoted(text)
        )
    };
    match source {
        TrustSource::Added(name) => declared("added", name),
        TrustSource::File(path) => declared("file", path),
        TrustSource::Github => "trust: github\n".to_owned(),
        TrustSource::Local => "trust: local\n".to_owned(),
        TrustSource::PublicGood => "trust: public-good\n".to_owned(),
        TrustSource::Staging => "trust: staging\n".to_owned(),
    }
}

fn signer(verified: &Verified, key: &str) -> String {
    let claims = verified
        .certificate()
        .and_then(|it| FulcioClaims::from_certificate(it).ok());
    let Some(claims) = claims else {
        return format!("key: {{file: {}}}", quoted(key));
    };
    let get = |extension| claims.get(extension);
    let repository = get(FulcioExtension::SourceRepositoryUri);
    let issuer = claims.issuer().unwrap_or_default();
    let (form, place) = match (issuer, repository) {
        (GITHUB, Some(uri)) => ("github", uri.strip_prefix("https://github.com/")),
        (_, Some(uri)) => ("gitlab", uri.strip_prefix(&format!("{issuer}/"))),
        _ => ("", None),
    };
    let Some(place) = place else {
        return format!(
            "identity: {{issuer: {}, subject: {}}}",
            quoted(issuer),
            quoted(claims.subject().value())
        );
    };
    let mut parts = vec![if form == "github" {
        format!("repository: {}", quoted(place))
    } else {
        format!("project: {}", quoted(place))
    }];
    if form == "gitlab" && issuer != "https://gitlab.com" {
        let host = issuer.strip_prefix("https://").unwrap_or(issuer);
        parts.push(format!("host: {}", quoted(host)));
    }
    let config = get(FulcioExtension::BuildConfigUri);
    let prefix = repository.unwrap_or_default();
    let file = config
        .and_then(|it| it.strip_prefix(prefix)?.split('@').next())
        .map(|it| it.trim_start_matches('/'));
    if let Some(file) = file {
        let field = if form == "github" {
            "workflow"
        } else {
            "config"
        };
        parts.push(format!("{field}: {}", quoted(file)));
    }
    if let Some(reference) = get(FulcioExtension::SourceRepositoryRef) {
        parts.push(format!("ref: {}", quoted(&any_version(reference))));
    }
    for (field, extension) in [
        ("environment", FulcioExtension::DeploymentEnvironment),
        ("runner", FulcioExtension::RunnerEnvironment),
    ] {
        if let Some(value) = get(extension) {
            parts.push(format!("{field}: {}", quoted(value)));
        }
    }
    format!("{form}: {{{}}}", parts.join(", "))
}

/// A release comes from another tag each time, and from the same branch.
fn any_version(reference: &str) -> String {
    match reference.strip_prefix("refs/tags/") {
        Some(tag) if tag.starts_with('v') && !tag.contains('/') => "refs/tags/v*".to_owned(),
        Some(tag) if !tag.contains('/') => "refs/tags/*".to_owned(),
        _ => reference.to_owned(),
    }
}

/// The name, if a glob can say it; its characters that have a meaning stand for any.
fn literal_glob(name: &str) -> String {
    let plain = |c: char| if "[]{}\\*".contains(c) { '?' } else { c };
    name.chars().map(plain).collect()
}

const GITHUB: &str = "https://token.actions.githubusercontent.com";
