//! A policy of fifty rules about ten bundles: `cargo bench -p sigsign-core --features policy-file`.

use std::sync::Arc;

use divan::Bencher;
use sigsign_core::crypto::{PublicKey, hash};
use sigsign_core::digest::{Digest, HashAlgorithm};
use sigsign_core::policy_file::{
    BundleCandidate, Candidate, Evaluator, Evidence, PolicyFile, Resources, Subject, TrustInstance,
};
use sigsign_core::time::Timestamp;
use sigsign_core::{Bundle, TrustedRoot, Verifier};

const ARTIFACT: &[u8] = include_bytes!("../../testdata/artifact");
const ROOT: &[u8] = include_bytes!("../../testdata/policy/trusted_root.json");
const BUNDLES: [&[u8]; 10] = [
    include_bytes!("../../testdata/policy/bundles/release.json"),
    include_bytes!("../../testdata/policy/bundles/main.json"),
    include_bytes!("../../testdata/policy/bundles/fork.json"),
    include_bytes!("../../testdata/policy/bundles/person.json"),
    include_bytes!("../../testdata/policy/bundles/gitlab.json"),
    include_bytes!("../../testdata/policy/bundles/provenance.json"),
    include_bytes!("../../testdata/policy/bundles/provenance-main.json"),
    include_bytes!("../../testdata/policy/bundles/spdx.json"),
    include_bytes!("../../testdata/policy/bundles/vex.json"),
    include_bytes!("../../testdata/policy/bundles/reusable.json"),
];

fn main() {
    divan::main();
}

#[divan::bench]
fn parse_fifty_rules(bencher: Bencher<'_, '_>) {
    let policy = policy(50);
    bencher.bench(|| PolicyFile::from_yaml(policy.as_bytes()));
}

/// As a server does it, which has seen the certificates and checkpoints before.
#[divan::bench(args = [1, 50])]
fn evaluate(bencher: Bencher<'_, '_>, rules: usize) {
    let file = PolicyFile::from_yaml(policy(rules).as_bytes()).expect("a policy");
    let Ok(evaluator) = Evaluator::new(file, &mut Root);
    let digest = digest();
    let subject = Subject::image("example.org/team/app", digest).expect("a name");
    let candidates: Vec<BundleCandidate> = BUNDLES
        .iter()
        .map(|json| {
            let bundle = Bundle::from_json(json).expect("a bundle");
            BundleCandidate::new("bundle", bundle, vec![digest])
        })
        .collect();
    let now = Timestamp::from_unix_seconds(1_800_000_000);
    bencher.bench(|| {
        let candidates = candidates.iter().map(|it| it as &dyn Candidate).collect();
        evaluator.evaluate(&subject, &Evidence::new(candidates), now)
    });
}

/// Each names somebody else first, and asks for a statement with a condition.
fn policy(rules: usize) -> String {
    let rule = |number| {
        format!(
            "- name: rule {number}\n  match: ['**']\n  signed_by:\n  \
             - gitlab: {{project: other/p{number}}}\n  \
             - github: {{repository: team/app, ref: 'refs/tags/v*'}}\n  attestations:\n  \
             - {{type: slsa, signed_by: same, where: [{{at: /predicate/runDetails/builder/id, \
             glob: 'https://github.com/team/app/**'}}]}}\n"
        )
    };
    let rules: String = (0..rules).map(rule).collect();
    format!("version: 1\nrules:\n{rules}")
}

fn digest() -> Digest {
    hash(HashAlgorithm::Sha256, ARTIFACT)
}

struct Root;

impl Resources for Root {
    type Error = std::convert::Infallible;

    fn verifier(&mut self, _: &TrustInstance) -> Result<Arc<Verifier>, Self::Error> {
        let root = TrustedRoot::from_json(ROOT).expect("a trusted root");
        Ok(Arc::new(Verifier::new(&root)))
    }

    fn key(&mut self, _: &str) -> Result<PublicKey, Self::Error> {
        unreachable!("the policy names no key")
    }
}
