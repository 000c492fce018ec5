#![no_main]

use std::sync::LazyLock;

use sigsign_core::bundle::Bundle;
use sigsign_core::policy::{Identity, Matcher, Policy};
use sigsign_core::time::Timestamp;
use sigsign_core::trust::embedded;
use sigsign_core::verify::{Artifact, Verifier};

const ARTIFACT: &[u8] =
    include_bytes!("../../testdata/public/conda-package/signed-package-2.1.0-hb0f4dca_0.conda");

static VERIFIER: LazyLock<Verifier> =
    LazyLock::new(|| Verifier::new(&embedded::public_good().expect("it is compiled in")));

/// Any identity, so that what comes after that check is reached too.
static POLICY: LazyLock<Policy> = LazyLock::new(|| {
    let nobody = Matcher::exact("nobody").and_then(|it| Identity::new(it, "https://example.com"));
    Policy::keyless(nobody.expect("an identity"))
        .danger()
        .any_identity()
});

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let now = Timestamp::from_unix_seconds(1_800_000_000);
    let _ = Bundle::from_json(bytes)
        .map(|bundle| VERIFIER.verify(&bundle, Artifact::Bytes(ARTIFACT), &POLICY, now));
});
