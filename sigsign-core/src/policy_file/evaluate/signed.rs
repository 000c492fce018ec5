//! `signed_by`: signatures, and who made them.

use std::collections::BTreeMap;

use super::super::candidate::Refused;
use super::super::count::distinct_signers;
use super::super::predicate::predicate_name;
use super::super::signers::Signers;
use super::super::verdict::RuleCode;
use super::Finding;
use super::proofs::{Mismatch, Proof, Seen};

/// Whether enough of the signers signed; attestations do not count.
pub(super) fn check(signers: &Signers, seen: &Seen) -> Finding {
    let wanted = format!("a signature by {signers}");
    let is_signature = |proof: &&Proof| proof.attestation().is_none();
    let signatures: Vec<&Proof> = seen.proofs.iter().filter(is_signature).collect();
    if signatures.is_empty() {
        let (code, found) = nothing(RuleCode::NoSignature, seen);
        return Finding::failed(code, wanted, found);
    }
    let signed = signed(signers, &signatures);
    let got = distinct_signers(&signed.entries);
    if got >= signers.need {
        return Finding::passed(wanted, signed.names.join(", "));
    }
    let (code, found) = too_few(signers, &signatures, got);
    Finding::failed(code, wanted, found)
}

/// Who of a list signed.
pub(super) struct Signed {
    /// For each entry, the numbers of those who signed as it.
    pub(super) entries: Vec<Vec<usize>>,
    /// Who they are.
    pub(super) names: Vec<String>,
}

/// Who of a list made these.
pub(super) fn signed(signers: &Signers, proofs: &[&Proof]) -> Signed {
    let mut numbers: BTreeMap<Vec<u8>, usize> = BTreeMap::new();
    let mut names: Vec<String> = Vec::new();
    let mut entries = vec![Vec::new(); signers.of.len()];
    for proof in proofs {
        for (signer, entry) in signers.of.iter().zip(&mut entries) {
            if proof.is_by(signer).is_err() {
                continue;
            }
            let next = numbers.len();
            let number = *numbers.entry(proof.signer_key()).or_insert(next);
            if number == next {
                names.push(proof.who());
            }
            if !entry.contains(&number) {
                entry.push(number);
            }
        }
    }
    Signed { entries, names }
}

/// Why there are too few of the signers.
pub(super) fn too_few(signers: &Signers, proofs: &[&Proof], got: usize) -> (RuleCode, String) {
    if got > 0 {
        let found = format!(
            "{got} distinct {}",
            if got == 1 { "signer" } else { "signers" }
        );
        return (RuleCode::TooFewSigners, found);
    }
    let mut closest: Option<(Mismatch, &Proof)> = None;
    for proof in proofs {
        for signer in &signers.of {
            if let Err(mismatch) = proof.is_by(signer)
                && closest
                    .as_ref()
                    .is_none_or(|(it, _)| it.closeness() < mismatch.closeness())
            {
                closest = Some((mismatch, proof));
            }
        }
    }
    let found = match closest {
        Some((mismatch, proof)) => other_signer(&mismatch, proof),
        None => "nobody".to_owned(),
    };
    (RuleCode::Signer, found)
}

fn other_signer(mismatch: &Mismatch, proof: &Proof) -> String {
    let issuer = proof.verified.issuer().unwrap_or("none");
    let who = match proof.verified.subject() {
        Some(subject) => format!("{subject}, issuer {issuer}"),
        None => proof.who(),
    };
    match mismatch {
        Mismatch::Key => format!("one by {who}"),
        Mismatch::Identity(error) => format!("one by {who} ({error})"),
    }
}

/// What there is where nothing of the kind verifies.
pub(super) fn nothing(otherwise: RuleCode, seen: &Seen) -> (RuleCode, String) {
    let mut parts = Vec::new();
    if !seen.proofs.is_empty() {
        parts.push(kinds(&seen.proofs));
    }
    for (label, why) in &seen.refused {
        parts.push(format!("{label} does not verify ({})", reason(why)));
    }
    match (seen.proofs.is_empty(), seen.refused.is_empty()) {
        (true, true) => (otherwise, "nothing that is signed".to_owned()),
        (true, false) => (RuleCode::NotVerified, shortened(&parts)),
        (false, _) => (otherwise, shortened(&parts)),
    }
}

/// How many there are of each kind.
fn kinds(proofs: &[Proof]) -> String {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for proof in proofs {
        let statement = proof.attestation();
        let name = statement.map_or("signature", |it| predicate_name(it.predicate_type()));
        let count = counts.entry(name).or_default();
        *count = count.saturating_add(1);
    }
    let parts = counts.iter().map(|(name, count)| format!("{count} {name}"));
    parts.collect::<Vec<_>>().join(", ")
}

fn reason(why: &Refused) -> String {
    format!("{}: {}", why.code(), why.sentences().join(": "))
}

fn shortened(parts: &[String]) -> String {
    let shown: Vec<&str> = parts.iter().take(SHOWN).map(String::as_str).collect();
    let more = parts.len().saturating_sub(SHOWN);
    match more {
        0 => shown.join("; "),
        _ => format!("{}; and {more} more", shown.join("; ")),
    }
}

/// How many are shown of a list.
const SHOWN: usize = 4;
