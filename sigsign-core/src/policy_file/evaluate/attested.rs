//! `attestations`: statements of a type, who made them, and what they say.

use std::collections::BTreeMap;

use super::super::condition::{age, age_text};
use super::super::count::distinct_signers;
use super::super::model::{Attestation, Which};
use super::super::verdict::RuleCode;
use super::Finding;
use super::proofs::{Proof, Seen};
use super::signed::{nothing, signed, too_few};
use crate::time::Timestamp;

/// Whether enough of the signers made one that says what it should.
///
/// Only statements by one of the signers are looked into; what others say does neither good nor
/// harm.
pub(super) fn check(
    attestation: &Attestation,
    seen: &Seen,
    path: &str,
    now: Timestamp,
) -> Vec<Finding> {
    let wanted = format!("{} by {}", attestation.predicate, attestation.signed_by);
    let of_type: Vec<&Proof> = seen
        .proofs
        .iter()
        .filter(|proof| {
            let statement = proof.verified.statement();
            statement.is_some_and(|it| attestation.predicate.covers(it.predicate_type()))
        })
        .collect();
    let accepted: Vec<&Proof> = of_type
        .iter()
        .copied()
        .filter(|proof| {
            attestation
                .signed_by
                .of
                .iter()
                .any(|it| proof.is_by(it).is_ok())
        })
        .collect();
    if accepted.is_empty() {
        return vec![absent(attestation, (seen, &of_type), wanted).at(path)];
    }
    let retractable = attestation.optional || attestation.which == Which::Newest;
    let counted = match attestation.which {
        Which::Any => accepted,
        Which::Newest => newest(accepted),
    };
    let mut findings = Vec::new();
    let mut passing = Vec::new();
    let mut others = Vec::new();
    for proof in counted.iter().copied() {
        let found = conditions(attestation, proof, path, now);
        if found.iter().all(|it| it.condition.code.is_none()) {
            passing.push(proof);
            findings.extend(found);
        } else {
            others.extend(found);
        }
    }
    if attestation.which == Which::Newest {
        // Of several by one signer at one time, none is the newest: all have to pass.
        let failing: Vec<Vec<u8>> = counted
            .iter()
            .filter(|proof| !passing.iter().any(|it| std::ptr::eq(*it, **proof)))
            .map(|proof| proof.signer_key())
            .collect();
        passing.retain(|proof| !failing.contains(&proof.signer_key()));
    }
    let signed = signed(&attestation.signed_by, &passing);
    let got = distinct_signers(&signed.entries);
    // Of several, those that pass are enough, and then the others decide nothing.
    let whole = if got >= attestation.signed_by.need {
        Finding::passed(wanted, signed.names.join(", "))
    } else {
        let reason = others.iter().find_map(|it| it.condition.code);
        findings.append(&mut others);
        let (code, found) = match reason {
            Some(reason) if passing.is_empty() => {
                (reason, "none that says what it should".to_owned())
            }
            _ => too_few(&attestation.signed_by, &counted, got),
        };
        Finding::failed(code, wanted, found)
    };
    findings.insert(0, whole.at(path));
    findings
        .into_iter()
        .map(|it| it.retractable(retractable))
        .collect()
}

/// There is none by any of the signers.
fn absent(
    attestation: &Attestation,
    (seen, of_type): (&Seen, &[&Proof]),
    wanted: String,
) -> Finding {
    if attestation.optional {
        let found = "none, which the rule allows".to_owned();
        return Finding::passed(wanted, found).retractable(true);
    }
    if of_type.is_empty() {
        let (code, found) = nothing(RuleCode::NoAttestation, seen);
        return Finding::failed(code, wanted, found);
    }
    let (code, found) = too_few(&attestation.signed_by, of_type, 0);
    Finding::failed(code, wanted, found)
}

/// The newest by each signer; all of those with the same time.
fn newest(proofs: Vec<&Proof>) -> Vec<&Proof> {
    let mut times: BTreeMap<Vec<u8>, Option<Timestamp>> = BTreeMap::new();
    for proof in &proofs {
        let newest = times.entry(proof.signer_key()).or_default();
        *newest = (*newest).max(proof.time());
    }
    let is_newest = |proof: &&Proof| times.get(&proof.signer_key()) == Some(&proof.time());
    proofs.into_iter().filter(is_newest).collect()
}

/// Age and contents of one statement.
fn conditions(
    attestation: &Attestation,
    proof: &Proof,
    path: &str,
    now: Timestamp,
) -> Vec<Finding> {
    let mut findings = Vec::new();
    if let Some(cap) = attestation.max_age {
        let finding = check_age(cap, proof, now).at(format!("{path}.max_age"));
        findings.push(finding.about(&proof.label));
    }
    let predicate = proof
        .verified
        .statement()
        .map_or("null", |it| it.predicate());
    for condition in &attestation.conditions {
        let finding = match condition.check(predicate, now) {
            Ok(found) => Finding::passed(condition.wanted(), found),
            Err(unmet) => Finding::failed(unmet.code, condition.wanted(), unmet.found),
        };
        let finding = finding.at(format!("{path}.{}", condition.path));
        findings.push(finding.about(&proof.label));
    }
    findings
}

fn check_age(cap: i64, proof: &Proof, now: Timestamp) -> Finding {
    let wanted = format!("signed within {}", age_text(cap));
    match proof.time() {
        Some(time) if age(time, now) <= cap => Finding::passed(wanted, format!("{time}")),
        Some(time) => Finding::failed(RuleCode::Age, wanted, format!("{time}")),
        None => Finding::failed(
            RuleCode::Age,
            wanted,
            "no time that is vouched for".to_owned(),
        ),
    }
}
