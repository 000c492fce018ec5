//! The library as its callers meet it: shared between threads, read from streams, kept off the
//! threads of async programs. What must not compile is in the docs of `Verified` and `Policy`.
#![expect(clippy::disallowed_methods, reason = "reads the vectors")]

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc;

use sigsign_core::crypto::Hasher;
use sigsign_core::digest::{Digest, HashAlgorithm};
use sigsign_core::policy::Matcher;
use sigsign_core::time::Timestamp;
use sigsign_core::verify::Report;
use sigsign_core::{Artifact, Bundle, Identity, Policy, TrustedRoot, Verified, Verifier};

#[test]
fn answers_and_what_they_need_go_between_threads() {
    fn shared<T: Send + Sync + 'static>() {}

    shared::<Verifier>();
    shared::<Policy>();
    shared::<Bundle>();
    shared::<TrustedRoot>();
    shared::<Verified>();
    shared::<Report>();
    shared::<sigsign_core::VerifyError>();
}

#[test]
fn accepts_from_several_threads_with_one_verifier() {
    let (verifier, policy, bundle) = (verifier(), policy("signer@example.invalid"), bundle());
    let bytes = artifact();

    let answers: Vec<String> = std::thread::scope(|scope| {
        let one = || {
            let artifact = Artifact::Bytes(&bytes);
            let verified = verifier.verify(&bundle, artifact, &policy, now()).unwrap();
            verified.report().to_json()
        };
        let threads: Vec<_> = (0..4).map(|_| scope.spawn(one)).collect();
        threads.into_iter().map(|it| it.join().unwrap()).collect()
    });

    assert_eq!(4, answers.len());
    assert!(answers.iter().all(|answer| *answer == answers[0]));
}

#[test]
fn answers_of_a_batch_are_in_the_order_of_its_questions() {
    let (verifier, bundle, bytes) = (verifier(), bundle(), artifact());
    let subjects = ["signer@example.invalid", "other@example.invalid"];

    let codes = verifier.verify_batch(100, |verifier, at| {
        let policy = policy(subjects[at % 2]);
        let artifact = Artifact::Bytes(&bytes);
        let answer = verifier.verify(&bundle, artifact, &policy, now());
        answer.map_or_else(|refused| refused.code(), |_| "verified")
    });

    assert_eq!(["verified", "identity.subject"].repeat(50), codes);
}

#[test]
fn accepts_an_artifact_that_comes_in_small_pieces() {
    let (verifier, policy, bundle) = (verifier(), policy("signer@example.invalid"), bundle());
    let mut reader = Pieces(io::Cursor::new(artifact()));

    let artifact = Artifact::Reader(&mut reader);
    let verified = verifier.verify(&bundle, artifact, &policy, now()).unwrap();

    assert_eq!(Some("signer@example.invalid"), verified.subject());
}

#[test]
fn accepts_an_artifact_by_several_digests() {
    let (verifier, policy, bundle) = (verifier(), policy("signer@example.invalid"), statement());
    let digests = [HashAlgorithm::Sha256, HashAlgorithm::Sha512].map(digest);

    let verified = verifier
        .verify(&bundle, Artifact::Digests(&digests), &policy, now())
        .unwrap();

    assert_eq!(1, verified.statement().unwrap().subjects().len());
}

#[test]
fn rejects_a_digest_that_no_subject_has_the_kind_of() {
    let (verifier, policy, bundle) = (verifier(), policy("signer@example.invalid"), statement());
    let sha256 = digest(HashAlgorithm::Sha256);

    let refused = verifier
        .verify(&bundle, Artifact::Digest(sha256), &policy, now())
        .unwrap_err();

    assert_eq!("artifact.needs-digest", refused.code());
    let refused = verifier
        .verify(&bundle, Artifact::Digests(&[]), &policy, now())
        .unwrap_err();
    assert_eq!("artifact.not-a-subject", refused.code());
}

/// The artifact cannot be read before the async task has gone on, so a program that waited for
/// the verification on its only thread would never end.
#[test]
fn an_async_task_goes_on_while_a_verification_reads() {
    let (verifier, policy, bundle) = (
        Arc::new(verifier()),
        policy("signer@example.invalid"),
        bundle(),
    );
    let (go, wait) = mpsc::channel();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();

    let verified = runtime.block_on(async move {
        let verification = tokio::task::spawn_blocking(move || {
            let mut reader = Waits(wait).chain(File::open(testdata("artifact")).unwrap());
            verifier.verify(&bundle, Artifact::Reader(&mut reader), &policy, now())
        });
        tokio::task::yield_now().await;
        go.send(()).unwrap();
        verification.await.unwrap()
    });

    assert_eq!(Some("signer@example.invalid"), verified.unwrap().subject());
}

#[test]
fn rejects_an_artifact_that_cannot_be_read() {
    let (verifier, policy, bundle) = (verifier(), policy("signer@example.invalid"), bundle());
    let (go, wait) = mpsc::channel();
    drop(go);

    let artifact = Artifact::Reader(&mut Waits(wait));
    let refused = verifier
        .verify(&bundle, artifact, &policy, now())
        .unwrap_err();

    assert_eq!("artifact.read", refused.code());
}

#[test]
fn the_example_is_the_one_in_the_readme() {
    let readme = fs::read_to_string(testdata("../README.md")).unwrap();
    let example = readme.split("```rust\n").nth(1).unwrap();
    let example = example.split("```").next().unwrap();
    let docs = include_str!("../src/lib.rs");

    for line in example.lines().filter(|line| !line.is_empty()) {
        assert!(docs.contains(&format!("//! {line}\n")), "{line}");
    }
    assert_eq!(11, example.lines().filter(|line| !line.is_empty()).count());
}

/// One byte at a time.
struct Pieces(io::Cursor<Vec<u8>>);

impl Read for Pieces {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        let most = to.len().min(1);
        self.0.read(&mut to[..most])
    }
}

/// Ends when it is told to; fails if nobody can tell it any more.
struct Waits(mpsc::Receiver<()>);

impl Read for Waits {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        self.0.recv().map(|()| 0).map_err(io::Error::other)
    }
}

fn verifier() -> Verifier {
    let json = fs::read(testdata("roots/v01-message.json")).unwrap();
    Verifier::new(&TrustedRoot::from_json(&json).unwrap())
}

fn policy(subject: &str) -> Policy {
    let subject = Matcher::exact(subject).unwrap();
    Policy::keyless(Identity::new(subject, "https://issuer.example.invalid").unwrap())
}

fn bundle() -> Bundle {
    let json = fs::read(testdata("local/v03-message/bundle.sigstore.json")).unwrap();
    Bundle::from_json(&json).unwrap()
}

/// About the artifact by its SHA-512 alone.
fn statement() -> Bundle {
    let json = fs::read(testdata("local/statement-sha512-only/bundle.sigstore.json"));
    Bundle::from_json(&json.unwrap()).unwrap()
}

fn digest(algorithm: HashAlgorithm) -> Digest {
    let mut hasher = Hasher::new(algorithm);
    hasher.update(&artifact());
    hasher.finish()
}

fn artifact() -> Vec<u8> {
    fs::read(testdata("artifact")).unwrap()
}

fn now() -> Timestamp {
    Timestamp::parse_rfc3339("2026-06-01T00:00:00Z").unwrap()
}

fn testdata(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../testdata")
        .join(name)
}
