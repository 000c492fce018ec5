//! The peer: `sigstore-verify`.

use sigstore_verify::trust_root::TrustedRoot;
use sigstore_verify::types::Bundle;
use sigstore_verify::{VerificationPolicy, Verifier};

use crate::cases::{Case, Sample};

/// A verifier and parsed bundles, ready for one timed pass.
pub struct Ready<'a> {
    verifier: Verifier,
    policy: VerificationPolicy,
    bundles: Vec<(Bundle, &'a [u8])>,
}

/// Everything that comes before the timed pass, one warming verification included.
pub fn ready(case: &Case) -> Ready<'_> {
    let root = std::str::from_utf8(&case.trusted_root).expect("a trusted root is text");
    let root = TrustedRoot::from_json(root).expect("the peer reads the trusted root");
    let ready = Ready {
        verifier: Verifier::new(&root).expect("the peer takes the trusted root"),
        policy: VerificationPolicy::new(case.subject.clone(), case.issuer.clone()),
        bundles: case.samples.iter().map(parse).collect(),
    };
    let (bundle, artifact) = parse(&case.warm);
    ready
        .verifier
        .verify(artifact, &bundle, &ready.policy)
        .expect("the peer verifies");
    ready
}

/// The timed pass.
pub fn verify_all(ready: &Ready<'_>) {
    for (bundle, artifact) in &ready.bundles {
        ready
            .verifier
            .verify(*artifact, bundle, &ready.policy)
            .expect("the peer verifies");
    }
}

fn parse(sample: &Sample) -> (Bundle, &[u8]) {
    let text = std::str::from_utf8(&sample.bundle).expect("a bundle is text");
    (
        Bundle::from_json(text).expect("the peer reads the bundle"),
        &sample.artifact,
    )
}
