//! What a policy says of what was found beside an image.

use std::sync::Arc;

use super::done;
use super::kept::{attach_to, image};
use super::memory::{Lists, Memory};
use crate::crypto::{PublicKey, hash};
use crate::digest::{Digest, HashAlgorithm};
use crate::oci::find;
use crate::policy_file::{
    Decision, Evaluator, Evidence, PolicyFile, Resources, Subject, TrustInstance, Verdict,
};
use crate::time::Timestamp;
use crate::trust::TrustedRoot;
use crate::verify::Verifier;

const ARTIFACT: &[u8] = include_bytes!("../../../../testdata/artifact");
const RELEASE: &str = include_str!("../../../../testdata/policy/bundles/release.json");
const PROVENANCE: &str = include_str!("../../../../testdata/policy/bundles/provenance.json");
const ROOT: &[u8] = include_bytes!("../../../../testdata/policy/trusted_root.json");
const POLICY: &str = "version: 1
rules:
- name: ours
  match: ['example.org/**']
  signed_by: [{github: {repository: team/app}}]
  attestations: [{type: slsa, signed_by: same}]
";

struct Root;

impl Resources for Root {
    type Error = ();

    fn verifier(&mut self, _: &TrustInstance) -> Result<Arc<Verifier>, ()> {
        Ok(Arc::new(Verifier::new(
            &TrustedRoot::from_json(ROOT).map_err(|_| ())?,
        )))
    }

    fn key(&mut self, _: &str) -> Result<PublicKey, ()> {
        Err(())
    }
}

/// Asks about everything beside the image in memory, as if it was beside the one with `digest`.
fn judge(memory: &Memory, beside: Digest, digest: Digest) -> Verdict {
    let policy = PolicyFile::from_yaml(POLICY.as_bytes()).unwrap();
    let evaluator = Evaluator::new(policy, &mut Root).unwrap();
    let found = done(find(memory, beside));
    let candidates = found.candidates(digest);
    let mut evidence = Evidence::new(candidates.all());
    for gap in candidates.gaps() {
        evidence = evidence.with_gap(gap);
    }
    let subject = Subject::image("example.org/team/app", digest).unwrap();
    let now = Timestamp::parse_rfc3339("2026-01-16T12:00:00Z").unwrap();
    evaluator.evaluate(&subject, &evidence, now)
}

#[test]
fn allows_what_its_referrers_say() {
    let memory = Memory::new(Lists::No);
    let image = image(&memory);
    attach_to(&memory, &image, RELEASE);
    attach_to(&memory, &image, PROVENANCE);

    let verdict = judge(
        &memory,
        image.digest(),
        hash(HashAlgorithm::Sha256, ARTIFACT),
    );

    assert_eq!(Decision::Allow, verdict.decision(), "{verdict}");
    assert!(
        verdict
            .candidates()
            .iter()
            .all(|it| it.label().starts_with("referrer sha256:"))
    );
}

#[test]
fn denies_what_is_about_another_image() {
    let memory = Memory::new(Lists::Yes);
    let image = image(&memory);
    attach_to(&memory, &image, RELEASE);
    attach_to(&memory, &image, PROVENANCE);

    let verdict = judge(&memory, image.digest(), image.digest());

    assert_eq!(Decision::Deny, verdict.decision(), "{verdict}");
    let codes: Vec<_> = verdict.candidates().iter().map(|it| it.code()).collect();
    assert!(codes.contains(&Some("artifact.not-a-subject")), "{codes:?}");
    assert!(!codes.contains(&None), "{codes:?}");
}

#[test]
fn has_no_answer_where_the_registry_has_none() {
    let memory = Memory::new(Lists::No);
    let image = image(&memory);
    attach_to(&memory, &image, RELEASE);
    let provenance = attach_to(&memory, &image, PROVENANCE);
    let digest = hash(HashAlgorithm::Sha256, ARTIFACT);
    let name = format!("@{}", provenance.digest());
    memory.manifests.lock().unwrap().remove(&name);

    let verdict = judge(&memory, image.digest(), digest);

    assert_eq!(Decision::NoAnswer, verdict.decision(), "{verdict}");
    assert_eq!(1, verdict.gaps().len(), "{verdict}");
}

#[test]
fn denies_what_has_nothing_beside_it() {
    let memory = Memory::new(Lists::Yes);
    let image = image(&memory);

    let verdict = judge(&memory, image.digest(), image.digest());

    assert_eq!(Decision::Deny, verdict.decision(), "{verdict}");
    let unmet = verdict.rules()[0].unmet();
    let codes: Vec<_> = unmet.map(|it| it.code().unwrap().code()).collect();
    assert_eq!(vec!["rule.no-signature", "rule.no-attestation"], codes);
}
