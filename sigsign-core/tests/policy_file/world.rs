//! What the tables are about: one artifact, and everything that was signed about it.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use sigsign_core::crypto::{PublicKey, hash};
use sigsign_core::digest::{Digest, HashAlgorithm};
use sigsign_core::policy_file::{
    BundleCandidate, Evaluator, PolicyFile, PolicyFileError, Refused, Resources, Subject,
    TrustInstance,
};
use sigsign_core::time::Timestamp;
use sigsign_core::{Bundle, TrustedRoot, Verifier};

pub(crate) fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../testdata/policy")
}

pub(crate) struct World {
    verifier: Arc<Verifier>,
    pub(crate) digest: Digest,
    pub(crate) now: Timestamp,
}

/// Whatever a policy names is the test's own root and key.
struct Same<'a>(&'a World);

impl Resources for Same<'_> {
    type Error = PolicyFileError;

    fn verifier(&mut self, _: &TrustInstance) -> Result<Arc<Verifier>, PolicyFileError> {
        Ok(Arc::clone(&self.0.verifier))
    }

    fn key(&mut self, file: &str) -> Result<PublicKey, PolicyFileError> {
        // `other.pub` is of a key that signed nothing; documentation calls keys as it likes.
        let file = folder().join(if file == "other.pub" { file } else { "key.pub" });
        let pem = fs::read_to_string(file).unwrap();
        Ok(PublicKey::from_pem(&pem).unwrap())
    }
}

impl World {
    pub(crate) fn new() -> Self {
        let root = fs::read(folder().join("trusted_root.json")).unwrap();
        let root = TrustedRoot::from_json(&root).unwrap();
        let artifact = fs::read(folder().join("../artifact")).unwrap();
        Self {
            verifier: Arc::new(Verifier::new(&root)),
            digest: hash(HashAlgorithm::Sha256, &artifact),
            now: Timestamp::parse_rfc3339("2026-01-16T12:00:00Z").unwrap(),
        }
    }

    pub(crate) fn evaluator(&self, policy: &str) -> Result<Evaluator, PolicyFileError> {
        let file = PolicyFile::from_yaml(policy.as_bytes())?;
        Evaluator::new(file, &mut Same(self))
    }

    /// An image if the name has a slash, else a file.
    pub(crate) fn subject(&self, name: &str, tagged: bool) -> Subject {
        match (name.contains('/'), tagged) {
            (true, true) => Subject::tagged_image(name, Some(self.digest)).unwrap(),
            (true, false) => Subject::image(name, self.digest).unwrap(),
            (false, _) => Subject::file(name, self.digest),
        }
    }

    pub(crate) fn candidates(&self, names: &[String]) -> Vec<BundleCandidate> {
        names.iter().map(|name| self.candidate(name)).collect()
    }

    fn candidate(&self, name: &str) -> BundleCandidate {
        match name {
            "out-of-reach" => {
                let error = std::io::Error::other("registry gave no answer");
                return BundleCandidate::unusable(
                    name,
                    Refused::new("registry.down", &error).unanswered(),
                );
            }
            "junk" => {
                let error = Bundle::from_json(b"{}").unwrap_err();
                return BundleCandidate::unusable(name, Refused::new(error.code(), &error));
            }
            _ => {}
        }
        // The same bundle may be there under several names: "release#2".
        let file = name.split('#').next().unwrap();
        let json = fs::read(folder().join(format!("bundles/{file}.json"))).unwrap();
        BundleCandidate::new(name, Bundle::from_json(&json).unwrap(), vec![self.digest])
    }
}
