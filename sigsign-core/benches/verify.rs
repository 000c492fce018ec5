//! One verification in process: `cargo bench -p sigsign-core`. `bench/` compares with others.

use divan::Bencher;
use sigsign_core::bundle::Bundle;
use sigsign_core::policy::{GitHubWorkflow, Identity, Policy};
use sigsign_core::time::Timestamp;
use sigsign_core::trust::{TrustedRoot, embedded};
use sigsign_core::verify::{Artifact, Verifier};

const ARTIFACT: &[u8] =
    include_bytes!("../../testdata/public/conda-package/signed-package-2.1.0-hb0f4dca_0.conda");
const BUNDLE: &[u8] = include_bytes!(
    "../../testdata/public/conda-package/signed-package-2.1.0-hb0f4dca_0.conda.sigstore.json"
);

#[global_allocator]
static ALLOCATOR: divan::AllocProfiler = divan::AllocProfiler::system();

fn main() {
    divan::main();
}

#[divan::bench]
fn parse_a_bundle(bencher: Bencher<'_, '_>) {
    bencher.bench(|| Bundle::from_json(BUNDLE));
}

#[divan::bench]
fn parse_a_trusted_root(bencher: Bencher<'_, '_>) {
    bencher.bench(embedded::public_good);
}

/// A certificate and checkpoint that this verifier has seen before.
#[divan::bench]
fn verify_again(bencher: Bencher<'_, '_>) {
    let (verifier, bundle, policy) = (Verifier::new(&root()), bundle(), policy());
    bencher.bench(|| verifier.verify(&bundle, Artifact::Bytes(ARTIFACT), &policy, now()));
}

/// Everything, the authority's own chain included.
#[divan::bench]
fn verify_first(bencher: Bencher<'_, '_>) {
    let (root, bundle, policy) = (root(), bundle(), policy());
    bencher
        .with_inputs(|| Verifier::new(&root))
        .bench_refs(|verifier| verifier.verify(&bundle, Artifact::Bytes(ARTIFACT), &policy, now()));
}

fn root() -> TrustedRoot {
    embedded::public_good().expect("it is compiled in")
}

fn bundle() -> Bundle {
    Bundle::from_json(BUNDLE).expect("a good bundle")
}

fn policy() -> Policy {
    let workflow = GitHubWorkflow::of("prefix-dev/sigstore-example");
    Policy::keyless(Identity::github(&workflow).expect("a repository"))
}

fn now() -> Timestamp {
    Timestamp::from_unix_seconds(1_800_000_000)
}
