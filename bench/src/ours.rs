//! Our side: `sigsign-core`.

use sigsign_core::bundle::Bundle;
use sigsign_core::policy::{Identity, Matcher, Policy};
use sigsign_core::time::Timestamp;
use sigsign_core::trust::TrustedRoot;
use sigsign_core::verify::{Artifact, Verifier};

use crate::cases::{Case, Sample};

/// A verifier and parsed bundles, ready for one timed pass.
pub struct Ready<'a> {
    verifier: Verifier,
    policy: Policy,
    now: Timestamp,
    bundles: Vec<(Bundle, &'a [u8])>,
}

/// Everything that comes before the timed pass, one warming verification included.
pub fn ready(case: &Case) -> Ready<'_> {
    let root = TrustedRoot::from_json(&case.trusted_root).expect("we read the trusted root");
    let subject = Matcher::exact(&*case.subject).expect("a subject");
    let identity = Identity::new(subject, &*case.issuer).expect("an identity");
    let ready = Ready {
        verifier: Verifier::new(&root),
        policy: Policy::keyless(identity),
        now: Timestamp::from_unix_seconds(i64::from(u32::MAX)),
        bundles: case.samples.iter().map(parse).collect(),
    };
    let (bundle, artifact) = parse(&case.warm);
    verify(&ready, &bundle, artifact);
    ready
}

/// The timed pass.
pub fn verify_all(ready: &Ready<'_>) {
    for (bundle, artifact) in &ready.bundles {
        verify(ready, bundle, artifact);
    }
}

fn verify(ready: &Ready<'_>, bundle: &Bundle, artifact: &[u8]) {
    let artifact = Artifact::Bytes(artifact);
    ready
        .verifier
        .verify(bundle, artifact, &ready.policy, ready.now)
        .expect("we verify");
}

fn parse(sample: &Sample) -> (Bundle, &[u8]) {
    (
        Bundle::from_json(&sample.bundle).expect("we read the bundle"),
        &sample.artifact,
    )
}
