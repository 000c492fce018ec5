//! The public client conformance suite, offline: each case with its artifact as bytes and as a
//! digest.
//!
//! The cases are read from `conformance/bundle-verify` in `SIGSIGN_VECTORS`; the README there
//! gives the layout and the defaults. Without that variable the test says so.
#![expect(clippy::disallowed_methods, reason = "vectors are read from files")]

use std::fs;
use std::path::{Path, PathBuf};

use sigsign_core::crypto::{PublicKey, hash};
use sigsign_core::digest::HashAlgorithm;
use sigsign_core::policy::{ManagedKey, Matcher};
use sigsign_core::time::Timestamp;
use sigsign_core::{Artifact, Bundle, Identity, Policy, TrustedRoot, Verifier};

const IDENTITY: &str = "https://github.com/sigstore-conformance/\
    extremely-dangerous-public-oidc-beacon/.github/workflows/\
    extremely-dangerous-oidc-beacon.yml@refs/heads/main";
const ISSUER: &str = "https://token.actions.githubusercontent.com";

#[test]
fn agrees_with_the_conformance_suite() {
    let Some(vectors) = std::env::var_os("SIGSIGN_VECTORS") else {
        println!("SIGSIGN_VECTORS is not set: no cases to run");
        return;
    };
    let vectors = PathBuf::from(vectors);
    let folder = vectors.join("conformance/bundle-verify");
    let mut cases: Vec<PathBuf> = fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_dir())
        .collect();
    cases.sort();

    let mut surprises = Vec::new();
    let mut runs = 0;
    for case in &cases {
        let name = case.file_name().unwrap().to_str().unwrap();
        for as_digest in [false, true] {
            runs += 1;
            let found = run(&vectors, case, as_digest);
            println!(
                "{name}: {}",
                found.as_ref().err().map_or("verified", String::as_str)
            );
            if found.is_ok() == name.ends_with("_fail") {
                surprises.push(format!("{name}: {found:?}"));
            }
        }
    }

    println!("{} of {runs}", runs - surprises.len());
    assert_eq!(140, runs);
    assert_eq!(Vec::<String>::new(), surprises);
}

fn run(vectors: &Path, case: &Path, as_digest: bool) -> Result<(), String> {
    let read = |name: &str| fs::read(case.join(name)).ok();
    let text = |name: &str, default: &str| {
        read(name).map_or_else(
            || default.to_owned(),
            |it| String::from_utf8(it).unwrap().trim().to_owned(),
        )
    };
    let artifact = read("artifact")
        .unwrap_or_else(|| fs::read(vectors.join("conformance/bundle-verify/a.txt")).unwrap());
    let root = read("trusted_root.json")
        .unwrap_or_else(|| fs::read(vectors.join("trust/production/trusted_root.json")).unwrap());
    let policy = match read("key.pub") {
        Some(pem) => {
            let pem = String::from_utf8(pem).unwrap();
            Policy::key(ManagedKey::new(
                PublicKey::from_pem(&pem).map_err(|e| e.to_string())?,
            ))
        }
        None => {
            let subject = Matcher::exact(text("identity", IDENTITY)).unwrap();
            Policy::keyless(Identity::new(subject, text("issuer", ISSUER)).unwrap())
        }
    };
    let root = TrustedRoot::from_json(&root).map_err(|error| error.code().to_owned())?;
    let bundle = Bundle::from_json(&read("bundle.sigstore.json").unwrap())
        .map_err(|error| error.code().to_owned())?;
    let digest = hash(HashAlgorithm::Sha256, &artifact);
    let artifact = if as_digest {
        Artifact::Digest(digest)
    } else {
        Artifact::Bytes(&artifact)
    };
    let now = Timestamp::parse_rfc3339("2026-09-01T00:00:00Z").unwrap();
    match Verifier::new(&root).verify(&bundle, artifact, &policy, now) {
        Ok(_) => Ok(()),
        Err(error) => {
            let mut words = error.code().to_owned();
            let mut source = std::error::Error::source(&error);
            while let Some(error) = source {
                words += &format!(": {error}");
                source = error.source();
            }
            Err(words)
        }
    }
}
