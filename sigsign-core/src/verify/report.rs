//! What was checked, and on what evidence.

use serde::Serialize;

use super::Verified;
use super::times::Voucher;
use crate::encoding::{base64_encode, hex_encode};
use crate::trust::{Authority, Log};

/// The version of the report's schema, in `docs/report.md`.
const SCHEMA: u8 = 1;

/// A copy of what a verification found, for people and programs. It proves nothing.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    schema: u8,
    verified: bool,
    trusted_root: Root,
    checks: Vec<Check>,
    signer: Signer,
    times: Vec<Time>,
    log_entries: Vec<Entry>,
    artifact: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    statement: Option<StatementFacts>,
    waived: Vec<&'static str>,
}

impl Report {
    /// The report as one line of JSON.
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// The report as JSON on several lines.
    pub fn to_json_pretty(&self) -> String {
        serde_json::to_string_pretty(self).unwrap_or_default()
    }

    /// Each check in its order.
    pub fn checks(&self) -> &[Check] {
        &self.checks
    }

    /// Checks that the policy did not ask for, by the name of the waiver.
    pub fn waived(&self) -> &[&'static str] {
        &self.waived
    }

    /// Something the reader should know of the trusted root, if there is.
    pub fn trusted_root_warning(&self) -> Option<&str> {
        self.trusted_root.warning.as_deref()
    }
}

/// One check and what it found.
#[derive(Clone, Debug, Serialize)]
pub struct Check {
    id: &'static str,
    result: CheckResult,
    evidence: String,
}

impl Check {
    /// The check: `log`, `time`, `path`, `ct`, `identity`, `artifact` or `tie`.
    pub fn id(&self) -> &'static str {
        self.id
    }

    /// What came of it.
    pub fn result(&self) -> CheckResult {
        self.result
    }

    /// On what evidence, in words.
    pub fn evidence(&self) -> &str {
        &self.evidence
    }
}

/// What came of a check in a verification that succeeded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum CheckResult {
    /// It ran and passed.
    Passed,
    /// The caller waived it.
    Waived,
    /// There is nothing to check with such a signer or instance.
    NotApplicable,
}

#[derive(Clone, Debug, Serialize)]
struct Root {
    name: String,
    version: Option<String>,
    expires: Option<String>,
    expired: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    warning: Option<String>,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Signer {
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    subject: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    issuer: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    extensions: Vec<Extension>,
    #[serde(skip_serializing_if = "Option::is_none")]
    certificate_authority: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    certificate_serial: Option<String>,
    ct_logs: Vec<CtLog>,
    key: String,
}

#[derive(Clone, Debug, Serialize)]
struct Extension {
    name: &'static str,
    value: String,
}

#[derive(Clone, Debug, Serialize)]
struct CtLog {
    log: String,
    at: String,
}

#[derive(Clone, Debug, Serialize)]
struct Time {
    at: String,
    by: &'static str,
    name: String,
    operator: String,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Entry {
    log: String,
    operator: String,
    kind: &'static str,
    index: u64,
    promise: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    tree: Option<Tree>,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Tree {
    origin: String,
    size: u64,
    root_hash: String,
    witnesses: Vec<Witness>,
}

#[derive(Clone, Debug, Serialize)]
struct Witness {
    name: String,
    at: String,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct StatementFacts {
    predicate_type: String,
    subjects: usize,
}

pub(super) fn report(verified: &Verified) -> Report {
    Report {
        schema: SCHEMA,
        verified: true,
        trusted_root: root(verified),
        checks: checks(verified),
        signer: signer(verified),
        times: times(verified),
        log_entries: entries(verified),
        artifact: verified
            .content
            .digests()
            .iter()
            .map(ToString::to_string)
            .collect(),
        statement: verified.statement().map(|statement| StatementFacts {
            predicate_type: statement.predicate_type().to_owned(),
            subjects: statement.subjects().len(),
        }),
        waived: verified.waived.clone(),
    }
}

fn root(verified: &Verified) -> Root {
    let source = verified.root.source();
    let expired = source.expires().map(|expires| verified.now > expires);
    let warning = source
        .expires()
        .filter(|expires| verified.now > *expires)
        .map(|expires| {
            format!("the trusted root's metadata expired at {expires}; keys may have changed since")
        });
    Root {
        name: source.name().to_owned(),
        version: source.version().map(str::to_owned),
        expires: source.expires().map(|expires| expires.to_string()),
        expired,
        warning,
    }
}

fn signer(verified: &Verified) -> Signer {
    let claims = verified.signer.claims();
    let authority = match &verified.signer {
        super::path::CertifiedSigner::Certificate { proven, .. } => verified
            .root
            .certificate_authorities()
            .get(proven.authority),
        super::path::CertifiedSigner::Key(_) => None,
    };
    Signer {
        kind: if claims.is_some() {
            "certificate"
        } else {
            "key"
        },
        subject: verified.subject().map(str::to_owned),
        issuer: verified.issuer().map(str::to_owned),
        extensions: claims
            .iter()
            .flat_map(|claims| claims.iter())
            .map(extension)
            .collect(),
        certificate_authority: authority.map(authority_name),
        certificate_serial: verified.certificate().map(|leaf| hex_encode(leaf.serial())),
        ct_logs: ct_logs(verified),
        key: verified
            .signer
            .key()
            .map(|key| base64_encode(key.spki()))
            .unwrap_or_default(),
    }
}

fn extension((extension, value): (crate::x509::FulcioExtension, &str)) -> Extension {
    Extension {
        name: extension.name(),
        value: value.to_owned(),
    }
}

/// The URI, or the name of the certificate that signs.
fn authority_name(authority: &Authority) -> String {
    if !authority.uri().is_empty() {
        return authority.uri().to_owned();
    }
    authority
        .chain()
        .first()
        .map(|first| first.subject_text())
        .unwrap_or_default()
}

fn ct_logs(verified: &Verified) -> Vec<CtLog> {
    let logs = verified.root.ct_logs();
    let name = |place: usize| logs.get(place).map_or("", Log::base_url).to_owned();
    verified
        .scts
        .iter()
        .map(|sct| CtLog {
            log: name(sct.log),
            at: sct.at.to_string(),
        })
        .collect()
}

fn times(verified: &Verified) -> Vec<Time> {
    let time = |time: &super::times::VerifiedTime| {
        let (by, name, operator) = voucher(verified, time.by());
        Time {
            at: time.at().to_string(),
            by,
            name,
            operator,
        }
    };
    verified.times.iter().map(time).collect()
}

fn voucher(verified: &Verified, by: Voucher) -> (&'static str, String, String) {
    match by {
        Voucher::Authority(place) => {
            let authority = verified.root.timestamp_authorities().get(place);
            let operator = authority.map_or("", Authority::operator);
            let name = authority.map(authority_name).unwrap_or_default();
            ("time stamp authority", name, operator.to_owned())
        }
        Voucher::Log(place) => {
            let log = verified.root.logs().get(place);
            let operator = log.map_or("", Log::operator);
            (
                "log promise",
                log.map_or("", Log::base_url).to_owned(),
                operator.to_owned(),
            )
        }
    }
}

fn entries(verified: &Verified) -> Vec<Entry> {
    let entry = |entry: &super::log::IncludedEntry| {
        let log = verified.root.logs().get(entry.log);
        Entry {
            log: log.map_or("", Log::base_url).to_owned(),
            operator: log.map_or("", Log::operator).to_owned(),
            kind: entry.body.kind().name(),
            index: entry.index,
            promise: entry.has_promise,
            tree: entry.tree.as_ref().map(|tree| Tree {
                origin: tree.origin.clone(),
                size: tree.size,
                root_hash: base64_encode(tree.root.as_bytes()),
                witnesses: tree.witnesses.iter().map(witness).collect(),
            }),
        }
    };
    verified.entries.iter().map(entry).collect()
}

fn witness((name, at): &(String, crate::time::Timestamp)) -> Witness {
    Witness {
        name: name.clone(),
        at: at.to_string(),
    }
}

/// One line for each row of the verification.
fn checks(verified: &Verified) -> Vec<Check> {
    let keyed = verified.certificate().is_none();
    let waived = |name: &str| verified.waived.contains(&name);
    let row = |id, result, evidence: String| Check {
        id,
        result,
        evidence,
    };
    let result = |done: bool, waiver: &str| match (done, waived(waiver)) {
        (true, _) => CheckResult::Passed,
        (false, true) => CheckResult::Waived,
        (false, false) => CheckResult::NotApplicable,
    };
    let entries = entries(verified);
    let times = times(verified);
    let scts = ct_logs(verified);
    let logged = !entries.is_empty();
    vec![
        row(
            "log",
            result(logged, "no-log-entry"),
            join(entries.iter().map(entry_text)),
        ),
        row(
            "time",
            result(!times.is_empty(), ""),
            join(times.iter().map(time_text)),
        ),
        row("path", CheckResult::Passed, signer_text(verified)),
        row(
            "ct",
            result(!scts.is_empty(), "no-sct"),
            join(scts.iter().map(sct_text)),
        ),
        row(
            "identity",
            result(!keyed && !waived("any-identity"), "any-identity"),
            identity_text(verified),
        ),
        row("artifact", CheckResult::Passed, artifact_text(verified)),
        row(
            "tie",
            result(logged, "no-log-entry"),
            tie_text(verified, logged),
        ),
    ]
}

fn join(parts: impl Iterator<Item = String>) -> String {
    parts.collect::<Vec<_>>().join("; ")
}

fn entry_text(entry: &Entry) -> String {
    let proof = match &entry.tree {
        Some(tree) if tree.witnesses.is_empty() => {
            format!(
                "proven in the tree of {} leaves of {}",
                tree.size, tree.origin
            )
        }
        Some(tree) => format!(
            "proven in the tree of {} leaves of {}, cosigned by {} witnesses",
            tree.size,
            tree.origin,
            tree.witnesses.len()
        ),
        None => "promised by the log".to_owned(),
    };
    format!(
        "{} entry {} in {}, {proof}",
        entry.kind, entry.index, entry.log
    )
}

fn time_text(time: &Time) -> String {
    format!("{} by {} {}", time.at, time.by, time.name)
}

fn sct_text(sct: &CtLog) -> String {
    format!("{} at {}", sct.log, sct.at)
}

fn signer_text(verified: &Verified) -> String {
    match &verified.signer {
        super::path::CertifiedSigner::Certificate { leaf, proven } => format!(
            "certificate {} of {}, valid {}",
            hex_encode(leaf.serial()),
            leaf.issuer_text(),
            proven.path.window()
        ),
        super::path::CertifiedSigner::Key(key) => format!("the caller's {} key", key.kind()),
    }
}

fn identity_text(verified: &Verified) -> String {
    let super::identity::MatchedIdentity { .. } = verified.identity;
    match (verified.subject(), verified.issuer()) {
        (Some(subject), issuer) => format!("{subject}, issuer {}", issuer.unwrap_or("none")),
        (None, _) => "a managed key has no identity".to_owned(),
    }
}

fn artifact_text(verified: &Verified) -> String {
    let digests = join(verified.content.digests().iter().map(ToString::to_string));
    match verified.statement() {
        Some(statement) => {
            format!(
                "{digests}, subject of a statement of type {}",
                statement.predicate_type()
            )
        }
        None => digests,
    }
}

fn tie_text(verified: &Verified, logged: bool) -> String {
    let super::tie::EntriesTied { .. } = verified.tied;
    if logged {
        "the entries hold this signature, signer and digest".to_owned()
    } else {
        "no entry".to_owned()
    }
}
