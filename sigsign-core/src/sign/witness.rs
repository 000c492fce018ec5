//! From a signature to a bundle: stamped, logged, and verified as a whole.
//!
//! Spec: client-spec 2.1.5 to 2.1.8 (S5 to S8)

use std::sync::Arc;

use futures_util::future::{try_join, try_join_all};

use super::log::{self, Proposal};
use super::service::Place;
use super::stamp;
use super::{AnswerError, Credential, SignError};
use crate::bundle::{Bundle, BundleVersion, Content};
use crate::digest::Digest;
use crate::time::Timestamp;
use crate::tlog::LogEntry;
use crate::verify::{Artifact, Verified};

/// A signature that nobody has witnessed yet.
#[derive(Debug)]
pub struct Signed {
    pub(super) credential: Arc<Credential>,
    pub(super) content: Content,
    /// The artifact's, or of a statement's subject.
    pub(super) artifact: Digest,
    /// Of what was signed.
    pub(super) signed: Digest,
}

impl Signed {
    /// Has the signature stamped and logged. Both depend on the signature alone, so all services
    /// are asked at once, and the slowest says how long it takes.
    ///
    /// # Errors
    ///
    /// [`SignError::Transport`], [`SignError::Refused`], or [`SignError::Answer`], of the first
    /// service that fails; the others are not waited for.
    ///
    /// Spec: client-spec 2.1.5, 2.1.6 (S5, S6)
    pub async fn witness(self) -> Result<Logged, SignError> {
        let inner = &self.credential.signer.0;
        let tokens = try_join_all(inner.stampers.iter().map(|it| self.stamp(it)));
        let entries = try_join_all(inner.logs.iter().map(|it| self.log(it)));
        let (timestamps, entries) = try_join(tokens, entries).await?;
        Ok(Logged {
            signed: self,
            timestamps,
            entries,
        })
    }

    async fn stamp(&self, authority: &Place) -> Result<Vec<u8>, SignError> {
        let inner = &self.credential.signer.0;
        let signature = self.content.signature();
        let token = stamp::request(authority, &*inner.transport.0, signature).await?;
        inner
            .verifier
            .check_timestamp(&token, signature)
            .map_err(|problem| authority.wrong(AnswerError::Rejected(problem)))?;
        Ok(token)
    }

    async fn log(&self, log: &Place) -> Result<LogEntry, SignError> {
        let inner = &self.credential.signer.0;
        let key = &self.credential.key;
        let proposal = Proposal {
            content: &self.content,
            digest: self.signed,
            material: &self.credential.material,
            key: key.public_key(),
            scheme: key.scheme(),
        };
        let entry = log::submit(log, &*inner.transport.0, &proposal).await?;
        inner
            .verifier
            .check_entry(&entry, self.content.signature(), &self.credential.policy)
            .map_err(|problem| log.wrong(AnswerError::Rejected(problem)))?;
        Ok(entry)
    }
}

/// A signature, stamped and logged.
#[derive(Debug)]
pub struct Logged {
    signed: Signed,
    timestamps: Vec<Vec<u8>>,
    entries: Vec<LogEntry>,
}

impl Logged {
    /// Puts the bundle together, reads it again, and verifies it as anybody would, at `at`.
    ///
    /// The services' clocks may be a minute ahead of ours.
    ///
    /// # Errors
    ///
    /// - [`SignError::Rejected`] if it does not verify.
    /// - [`SignError::Unreadable`] if it is not a bundle.
    ///
    /// Spec: client-spec 2.1.7, 2.1.8 (S8)
    pub fn finish(self, at: Timestamp) -> Result<SignedBundle, SignError> {
        let Signed {
            credential,
            content,
            artifact,
            ..
        } = self.signed;
        let json = Bundle {
            version: BundleVersion::V0_3,
            key_material: credential.material.clone(),
            entries: self.entries,
            timestamps: self.timestamps,
            content,
        }
        .to_json();
        let bundle = Bundle::from_json(json.as_bytes()).map_err(SignError::Unreadable)?;
        let at = Timestamp::from_unix_seconds(at.unix_seconds().saturating_add(CLOCK_SKEW_SECONDS));
        let verifier = &credential.signer.0.verifier;
        let verified = verifier
            .verify(&bundle, Artifact::Digest(artifact), &credential.policy, at)
            .map_err(SignError::Rejected)?;
        Ok(SignedBundle {
            json,
            bundle,
            verified,
        })
    }
}

/// A bundle that was made here and has verified.
#[derive(Debug)]
pub struct SignedBundle {
    json: String,
    bundle: Bundle,
    verified: Verified,
}

impl SignedBundle {
    /// The bundle as text, to be kept as `.sigstore.json`.
    pub fn json(&self) -> &str {
        &self.json
    }

    /// The bundle.
    pub fn bundle(&self) -> &Bundle {
        &self.bundle
    }

    /// What was checked of it.
    pub fn verified(&self) -> &Verified {
        &self.verified
    }
}

/// What the services' clocks may be ahead of ours.
const CLOCK_SKEW_SECONDS: i64 = 60;
