//! What was found about a subject, before anybody verified it.

use std::error::Error;

use crate::bundle::{Bundle, KeyMaterial};
use crate::digest::Digest;
use crate::policy::Policy;
use crate::time::Timestamp;
use crate::verify::{Artifact, ArtifactError, Verified, Verifier, VerifyError};

/// One signature or attestation about a subject, not yet verified.
///
/// An implementation answers for the tie to the subject: what it returns as verified is signed over
/// the subject's digest, in the signature itself or in what it covers.
pub trait Candidate {
    /// What to call it in reports: where it comes from.
    fn label(&self) -> String;

    /// What kind of signer it claims, so that nothing is tried in vain.
    fn signer_kind(&self) -> SignerKind;

    /// Verifies it as `policy` asks for.
    ///
    /// # Errors
    ///
    /// [`Refused`], with the reason.
    fn verify(
        &self,
        verifier: &Verifier,
        policy: &Policy,
        now: Timestamp,
    ) -> Result<Verified, Refused>;
}

/// What a signature says it was made with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SignerKind {
    /// A certificate.
    Certificate,
    /// A key that the verifier has to know.
    Key,
}

/// Why a candidate does not count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    code: &'static str,
    sentences: Vec<String>,
    answered: bool,
}

impl Refused {
    /// Something that is not good, or that cannot be read whoever reads it.
    pub fn new(code: &'static str, error: &dyn Error) -> Self {
        let mut sentences = vec![error.to_string()];
        let mut source = error.source();
        while let Some(error) = source {
            sentences.push(error.to_string());
            source = error.source();
        }
        Self {
            code,
            sentences,
            answered: true,
        }
    }

    /// The same in the words of somebody else: a sentence, then its causes.
    pub fn with_sentences(code: &'static str, sentences: Vec<String>) -> Self {
        Self {
            code,
            sentences,
            answered: true,
        }
    }

    /// Something that could not be had: trying again may help, and nothing may be concluded.
    #[must_use]
    pub fn unanswered(mut self) -> Self {
        self.answered = false;
        self
    }

    /// The stable code of the reason.
    pub fn code(&self) -> &'static str {
        self.code
    }

    /// The reason and its causes.
    pub fn sentences(&self) -> &[String] {
        &self.sentences
    }

    /// Whether somebody looked at it and said no.
    pub fn is_answer(&self) -> bool {
        self.answered
    }
}

impl From<VerifyError> for Refused {
    fn from(error: VerifyError) -> Self {
        match &error {
            VerifyError::Artifact(ArtifactError::Read(_)) => {
                Self::new(error.code(), &error).unanswered()
            }
            _ => Self::new(error.code(), &error),
        }
    }
}

/// A bundle about a digest: of a file, or of an image's manifest.
#[derive(Clone, Debug)]
pub struct BundleCandidate {
    label: String,
    bundle: Result<Bundle, Refused>,
    digests: Vec<Digest>,
}

impl BundleCandidate {
    /// A bundle, and every digest of the subject that is known.
    pub fn new(label: impl Into<String>, bundle: Bundle, digests: Vec<Digest>) -> Self {
        Self {
            label: label.into(),
            bundle: Ok(bundle),
            digests,
        }
    }

    /// Something that should have been a bundle.
    pub fn unusable(label: impl Into<String>, why: Refused) -> Self {
        Self {
            label: label.into(),
            bundle: Err(why),
            digests: Vec::new(),
        }
    }
}

impl Candidate for BundleCandidate {
    fn label(&self) -> String {
        self.label.clone()
    }

    fn signer_kind(&self) -> SignerKind {
        match self.bundle.as_ref().map(Bundle::key_material) {
            Ok(KeyMaterial::PublicKeyHint(_)) => SignerKind::Key,
            _ => SignerKind::Certificate,
        }
    }

    fn verify(
        &self,
        verifier: &Verifier,
        policy: &Policy,
        now: Timestamp,
    ) -> Result<Verified, Refused> {
        let bundle = self.bundle.as_ref().map_err(Clone::clone)?;
        if self.digests.is_empty() {
            return Err(Refused::from(needs_bytes()));
        }
        let artifact = Artifact::Digests(&self.digests);
        verifier
            .verify(bundle, artifact, policy, now)
            .map_err(Refused::from)
    }
}

fn needs_bytes() -> VerifyError {
    VerifyError::Artifact(ArtifactError::NeedsBytes)
}
