//! What was found beside an image, as a policy looks at it.

use super::found::{Attachment, AttachmentError, Content, Demand, Found};
use crate::bundle::KeyMaterial;
use crate::digest::Digest;
use crate::policy::Policy;
use crate::policy_file::{BundleCandidate, Candidate, Refused, SignerKind};
use crate::time::Timestamp;
use crate::verify::{Verified, Verifier};

/// Everything that was found beside one image, and what could not be had.
#[derive(Debug)]
pub struct Candidates<'a> {
    attached: Vec<Attached<'a>>,
    unusable: Vec<BundleCandidate>,
    gaps: Vec<String>,
}

/// An attachment, about the image that it was found beside.
#[derive(Debug)]
struct Attached<'a> {
    attachment: &'a Attachment,
    image: Digest,
}

impl Found {
    /// What a policy can be asked about the image with this digest, beside which this was found.
    pub fn candidates(&self, image: Digest) -> Candidates<'_> {
        let attached = self.attachments().iter();
        let mut candidates = Candidates {
            attached: attached
                .map(|attachment| Attached { attachment, image })
                .collect(),
            unusable: Vec::new(),
            gaps: Vec::new(),
        };
        for (place, problem) in self.unusable() {
            match problem {
                // What a registry did not give may be what decides.
                AttachmentError::Registry(why) => candidates.gaps.push(format!("{place}: {why}")),
                other => {
                    let why = Refused::new(other.code(), other);
                    let candidate = BundleCandidate::unusable(place.clone(), why);
                    candidates.unusable.push(candidate);
                }
            }
        }
        candidates
    }
}

impl Candidates<'_> {
    /// Each, for [`crate::policy_file::Evidence::new`] and [`crate::policy_file::Part::new`].
    pub fn all(&self) -> Vec<&dyn Candidate> {
        let mut all: Vec<&dyn Candidate> = Vec::new();
        for attached in &self.attached {
            all.push(attached);
        }
        for unusable in &self.unusable {
            all.push(unusable);
        }
        all
    }

    /// What could not be had, for [`crate::policy_file::Evidence::with_gap`].
    pub fn gaps(&self) -> &[String] {
        &self.gaps
    }
}

impl Candidate for Attached<'_> {
    fn label(&self) -> String {
        self.attachment.place().to_owned()
    }

    fn signer_kind(&self) -> SignerKind {
        let (Content::Bundle(bundle) | Content::Envelope(bundle) | Content::Payload(_, bundle)) =
            self.attachment.content();
        match bundle.key_material() {
            KeyMaterial::Certificate(_) => SignerKind::Certificate,
            KeyMaterial::PublicKeyHint(_) => SignerKind::Key,
        }
    }

    /// As whatever it claims to be; the policy then looks at what that is.
    fn verify(
        &self,
        verifier: &Verifier,
        policy: &Policy,
        now: Timestamp,
    ) -> Result<Verified, Refused> {
        let demand = Demand::new(self.attachment.claim());
        let verified = self
            .attachment
            .verify(verifier, policy, (self.image, &demand), now);
        verified.map_err(|why| Refused::new(why.code(), &why))
    }
}
