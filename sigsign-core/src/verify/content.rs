//! Row 6: the signature is over this artifact.
//!
//! Spec: client-spec 4.5; dsse; in-toto v1 (V55 to V58)

use super::ArtifactError;
use super::artifact::{Artifact, Hashed, Wanted};
use super::log::IncludedEntries;
use super::path::CertifiedSigner;
use crate::bundle::{Bundle, Content, KeyMaterial};
use crate::crypto::{Algorithm, KeyKind, PublicKey};
use crate::digest::{Digest, DigestHint, HashAlgorithm};
use crate::dsse::{Envelope, STATEMENT_TYPE, Statement, Subject};
use crate::policy::Policy;
use crate::tlog::{EntryKind, SignedDigest};

/// A signature by the signer's key over the artifact. Made by this file only.
#[derive(Debug)]
pub(super) struct SignedContent {
    algorithm: Algorithm,
    digests: Vec<Digest>,
    statement: Option<Statement>,
}

impl SignedContent {
    /// How the signature was made.
    pub(super) fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// The artifact's digests that were computed or given.
    pub(super) fn digests(&self) -> &[Digest] {
        &self.digests
    }

    pub(super) fn statement(&self) -> Option<&Statement> {
        self.statement.as_ref()
    }
}

pub(super) fn verify(
    bundle: &Bundle,
    signer: &CertifiedSigner,
    entries: &IncludedEntries,
    artifact: Artifact<'_>,
    policy: &Policy,
) -> Result<SignedContent, ArtifactError> {
    let key = signer.key().ok_or(ArtifactError::NeedsBytes)?;
    let candidates = candidates(key.kind(), entries);
    match bundle.content() {
        Content::Message { digest, signature } => {
            if let Some(want) = &policy.predicate_type {
                return Err(ArtifactError::PredicateType {
                    want: want.clone(),
                    found: None,
                });
            }
            let candidates = narrow(candidates, digest.as_ref());
            verify_message(
                key,
                &candidates,
                (digest.as_ref(), signature),
                entries,
                artifact,
            )
        }
        Content::Dsse(envelope) => {
            check_key_id(bundle, envelope)?;
            let algorithm = verify_envelope(key, &candidates, envelope)?;
            let statement =
                Statement::from_json(envelope.payload()).map_err(ArtifactError::Statement)?;
            check_predicate_type(&statement, policy)?;
            let digests = match_subject(&statement, artifact)?;
            Ok(SignedContent {
                algorithm,
                digests,
                statement: Some(statement),
            })
        }
    }
}

/// The ways in which such a key may have signed: what an entry declares, or what the registry has.
///
/// Spec: algorithm-registry; client-spec 4.4: a hashedrekord cannot carry pure Ed25519
fn candidates(kind: KeyKind, entries: &IncludedEntries) -> Vec<Algorithm> {
    if let Some(scheme) = entries.iter().find_map(|entry| entry.body.scheme()) {
        return vec![scheme.algorithm()];
    }
    let prehashed = |kind: EntryKind| {
        matches!(
            kind,
            EntryKind::HashedRekordV001 | EntryKind::HashedRekordV002
        )
    };
    match kind {
        KeyKind::P256 => vec![Algorithm::EcdsaSha256],
        KeyKind::P384 => vec![Algorithm::EcdsaSha384, Algorithm::EcdsaSha256],
        KeyKind::P521 => vec![Algorithm::EcdsaSha512, Algorithm::EcdsaSha256],
        KeyKind::Ed25519 if entries.iter().any(|entry| prehashed(entry.body.kind())) => {
            vec![Algorithm::Ed25519Ph]
        }
        KeyKind::Ed25519 => vec![Algorithm::Ed25519, Algorithm::Ed25519Ph],
        KeyKind::Rsa { .. } => vec![Algorithm::RsaPkcs1Sha256, Algorithm::RsaPssSha256],
    }
}

/// Of several candidates, those over the digest that the bundle names, if there is one.
fn narrow(mut candidates: Vec<Algorithm>, hint: Option<&DigestHint>) -> Vec<Algorithm> {
    let named = |algorithm: &Algorithm| {
        hint.is_none_or(|hint| algorithm.hash().is_none_or(|hash| hash == hint.algorithm()))
    };
    if candidates.iter().any(named) {
        candidates.retain(named);
    }
    candidates
}

/// V55
fn verify_message(
    key: &PublicKey,
    candidates: &[Algorithm],
    (hint, signature): (Option<&DigestHint>, &[u8]),
    entries: &IncludedEntries,
    artifact: Artifact<'_>,
) -> Result<SignedContent, ArtifactError> {
    let mut wanted = Wanted::default();
    for algorithm in candidates {
        match algorithm.hash() {
            Some(hash) => wanted.add(hash),
            None => wanted.bytes = true,
        }
    }
    if let Some(hint) = hint {
        wanted.add(hint.algorithm());
    }
    for entry in entries.iter() {
        if let SignedDigest::Message(digest) = entry.body.digest() {
            wanted.add(digest.algorithm());
        }
    }
    let hashed = artifact.hash(wanted)?;
    if let Some(hint) = hint {
        let found = needed(&hashed, hint.algorithm())?;
        if !hint.claims(&found) {
            return Err(ArtifactError::DigestMismatch {
                want: hint.clone(),
                found,
            });
        }
    }
    let algorithm = check_signature(key, candidates, |algorithm| match algorithm.hash() {
        Some(hash) => Ok(key
            .verify_digest(algorithm, &needed(&hashed, hash)?, signature)
            .is_ok()),
        None => {
            let bytes = hashed.bytes.as_ref().ok_or(ArtifactError::NeedsBytes)?;
            Ok(key.verify(algorithm, bytes.as_slice(), signature).is_ok())
        }
    })?;
    Ok(SignedContent {
        algorithm,
        digests: hashed.digests().to_vec(),
        statement: None,
    })
}

/// V56: the signature is over the pre-authentication encoding of type and payload.
fn verify_envelope(
    key: &PublicKey,
    candidates: &[Algorithm],
    envelope: &Envelope,
) -> Result<Algorithm, ArtifactError> {
    if envelope.payload_type() != STATEMENT_TYPE {
        return Err(ArtifactError::PayloadType {
            found: envelope.payload_type().to_owned(),
        });
    }
    let signature = envelope.signature();
    check_signature(key, candidates, |algorithm| {
        Ok(match algorithm.hash() {
            Some(hash) => key.verify_digest(algorithm, &envelope.pae_digest(hash), signature),
            None => key.verify(algorithm, &envelope.pae(), signature),
        }
        .is_ok())
    })
}

/// The first candidate with which the signature verifies.
fn check_signature(
    key: &PublicKey,
    candidates: &[Algorithm],
    verifies: impl Fn(Algorithm) -> Result<bool, ArtifactError>,
) -> Result<Algorithm, ArtifactError> {
    let mut problem = ArtifactError::Signature { kind: key.kind() };
    for algorithm in candidates {
        match verifies(*algorithm) {
            Ok(true) => return Ok(*algorithm),
            Ok(false) => {}
            Err(error) => problem = error,
        }
    }
    Err(problem)
}

fn needed(hashed: &Hashed<'_>, want: HashAlgorithm) -> Result<Digest, ArtifactError> {
    match (hashed.digest(want), hashed.given) {
        (Some(digest), _) => Ok(digest),
        (None, Some(given)) => Err(ArtifactError::NeedsDigest { want, given }),
        (None, None) => Err(ArtifactError::NeedsBytes),
    }
}

/// V56: an envelope's key id is the bundle's hint.
///
/// Spec: bundle.proto, dsse_envelope
fn check_key_id(bundle: &Bundle, envelope: &Envelope) -> Result<(), ArtifactError> {
    match bundle.key_material() {
        KeyMaterial::PublicKeyHint(hint)
            if !envelope.key_id().is_empty() && envelope.key_id() != hint =>
        {
            Err(ArtifactError::KeyId {
                want: hint.clone(),
                found: envelope.key_id().to_owned(),
            })
        }
        _ => Ok(()),
    }
}

/// V58
fn check_predicate_type(statement: &Statement, policy: &Policy) -> Result<(), ArtifactError> {
    match &policy.predicate_type {
        Some(want) if want != statement.predicate_type() => Err(ArtifactError::PredicateType {
            want: want.clone(),
            found: Some(statement.predicate_type().to_owned()),
        }),
        _ => Ok(()),
    }
}

/// V57: a subject has the artifact's digest, and no other digest of it that can be compared.
fn match_subject(
    statement: &Statement,
    artifact: Artifact<'_>,
) -> Result<Vec<Digest>, ArtifactError> {
    let mut wanted = Wanted::default();
    for digest in statement
        .subjects()
        .iter()
        .flat_map(Subject::strong_digests)
    {
        wanted.add(digest.algorithm());
    }
    let hashed = artifact.hash(wanted)?;
    let is_artifact = |subject: &Subject| {
        let mut compared = subject
            .strong_digests()
            .filter_map(|claimed| Some((claimed, hashed.digest(claimed.algorithm())?)))
            .peekable();
        compared.peek().is_some() && compared.all(|(claimed, computed)| claimed == computed)
    };
    if statement.subjects().iter().any(is_artifact) {
        return Ok(hashed.digests().to_vec());
    }
    let mut strong = statement
        .subjects()
        .iter()
        .flat_map(Subject::strong_digests);
    let digests = hashed.digests().to_vec();
    match (hashed.given, strong.next()) {
        // A digest of a kind that no subject has says nothing about whether one is the artifact.
        (Some(given), Some(first)) if !digests_meet(statement, &digests) => {
            Err(ArtifactError::NeedsDigest {
                want: first.algorithm(),
                given,
            })
        }
        _ => Err(ArtifactError::NotASubject {
            digests,
            subjects: statement.subjects().len(),
        }),
    }
}

/// Whether any subject has a digest of the kind of one of these.
fn digests_meet(statement: &Statement, digests: &[Digest]) -> bool {
    let mut strong = statement
        .subjects()
        .iter()
        .flat_map(Subject::strong_digests);
    strong.any(|it| {
        digests
            .iter()
            .any(|digest| digest.algorithm() == it.algorithm())
    })
}
