//! Bodies of log entries that a bundle leaves out, made again from the rest of it.
//!
//! In: what was signed and by whom. Out: the bytes that a log keeps for that. Nothing is proven by
//! them: a body that is not the log's fails its proof like any other.
//!
//! Spec: client-spec 4.6, omitted body; rekor-v2 6.1.4; rekor.proto, canonicalized_body (V41)

use super::{Artifact, ArtifactError};
use crate::bundle::{Bundle, Content, KeyMaterial};
use crate::crypto::{KeyKind, PublicKey, Scheme};
use crate::digest::{Digest, DigestHint, HashAlgorithm};
use crate::policy::{Policy, Signer};
use crate::tlog::{Body, BodySigner, EntryKind};

/// What goes into a body, apart from its kind.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sources<'a> {
    content: &'a Content,
    key_material: &'a KeyMaterial,
    key: Option<&'a PublicKey>,
    /// Of the artifact, where the bundle does not say it.
    digest: Option<Digest>,
}

impl<'a> Sources<'a> {
    /// Computes the artifact's digest if a body cannot be made without; the artifact is then that.
    pub(super) fn gather<'r>(
        bundle: &'a Bundle,
        policy: &'a Policy,
        artifact: Artifact<'r>,
    ) -> Result<(Self, Artifact<'r>), ArtifactError> {
        let mut sources = Self {
            content: bundle.content(),
            key_material: bundle.key_material(),
            key: None,
            digest: None,
        };
        let omitted = |it: &crate::tlog::LogEntry| it.canonicalized_body().is_none();
        if !bundle.entries().iter().any(omitted) {
            return Ok((sources, artifact));
        }
        sources.key = match (bundle.key_material(), &policy.signer) {
            (KeyMaterial::Certificate(leaf), _) => leaf.public_key().ok(),
            (KeyMaterial::PublicKeyHint(_), Signer::Key(key)) => Some(key.key()),
            (KeyMaterial::PublicKeyHint(_), _) => None,
        };
        match (bundle.content(), sources.key) {
            (Content::Message { digest: None, .. }, Some(key)) => {
                let digest = artifact.digest(usual_hash(key.kind()))?;
                sources.digest = Some(digest);
                Ok((sources, Artifact::Digest(digest)))
            }
            _ => Ok((sources, artifact)),
        }
    }

    /// The bodies that an entry of `kind` may have: one for each way in which such a key signs.
    ///
    /// None for the kinds that hold the hash of an envelope, which a bundle does not keep as it
    /// was (V40).
    pub(super) fn bodies(&self, kind: EntryKind) -> Vec<Vec<u8>> {
        let Some(key) = self.key else {
            return Vec::new();
        };
        let mut bodies: Vec<Vec<u8>> = Vec::new();
        for scheme in Scheme::ALL {
            let hash = scheme.algorithm().hash();
            let Some(hash) = hash.filter(|_| scheme.accepts(key.kind())) else {
                continue;
            };
            let body = self.body(kind, scheme, hash, key);
            if let Some(body) = body.filter(|body| !bodies.contains(body)) {
                bodies.push(body);
            }
        }
        bodies
    }

    fn body(
        &self,
        kind: EntryKind,
        scheme: Scheme,
        hash: HashAlgorithm,
        key: &PublicKey,
    ) -> Option<Vec<u8>> {
        let signer = match self.key_material {
            KeyMaterial::Certificate(leaf) => BodySigner::Certificate(leaf.der().to_vec()),
            KeyMaterial::PublicKeyHint(_) => BodySigner::PublicKey(key.spki().to_vec()),
        };
        let signature = self.content.signature().to_vec();
        Body::hashedrekord(kind, scheme, self.digest(hash)?, signature, signer)?.canonical()
    }

    /// The digest of what was signed.
    fn digest(&self, hash: HashAlgorithm) -> Option<DigestHint> {
        let of = |digest: Digest| DigestHint::new(hash, digest.as_bytes().to_vec());
        match (self.content, self.digest) {
            (Content::Dsse(envelope), _) => Some(of(envelope.pae_digest(hash))),
            (
                Content::Message {
                    digest: Some(hint), ..
                },
                _,
            ) => Some(hint.clone()).filter(|hint| hint.algorithm() == hash),
            (Content::Message { digest: None, .. }, computed) => {
                computed.filter(|it| it.algorithm() == hash).map(of)
            }
        }
    }
}

/// The hash that such a key is used with in the registry, deprecated schemes aside.
const fn usual_hash(kind: KeyKind) -> HashAlgorithm {
    match kind {
        KeyKind::P256 | KeyKind::Rsa { .. } => HashAlgorithm::Sha256,
        KeyKind::P384 => HashAlgorithm::Sha384,
        KeyKind::P521 | KeyKind::Ed25519 => HashAlgorithm::Sha512,
    }
}
