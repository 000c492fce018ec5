//! Row 7: the log entries are about this signature.
//!
//! Spec: client-spec 4.4; rekor-v2 6.1.4 (V37 to V40)

use super::TieError;
use super::content::SignedContent;
use super::log::IncludedEntries;
use super::path::CertifiedSigner;
use crate::bundle::{Bundle, Content};
use crate::crypto;
use crate::digest::{Digest, HashAlgorithm};
use crate::tlog::{Body, BodySigner, EntryKind, SignedDigest};

/// Every entry is about this signature, signer and content. Made by [`proven`] only.
#[derive(Debug)]
pub(super) struct EntriesTied(());

/// The only place where the token is made.
fn proven() -> EntriesTied {
    EntriesTied(())
}

pub(super) fn verify(
    bundle: &Bundle,
    entries: &IncludedEntries,
    signer: &CertifiedSigner,
    content: &SignedContent,
) -> Result<EntriesTied, TieError> {
    for entry in entries.iter() {
        let body = &*entry.body;
        // 1. "The signature from the parsed body is the same as the provided signature." (V37)
        if body.signature() != bundle.content().signature() {
            return Err(TieError::Signature);
        }
        // 2. "The key or certificate from the parsed body is the same" (V38)
        check_signer(body, signer)?;
        check_scheme(body, signer, content)?;
        // 3. "The subject of the parsed body matches the artifact." (V39, V40)
        check_digest(body, bundle.content(), content)?;
    }
    Ok(proven())
}

fn check_signer(body: &Body, signer: &CertifiedSigner) -> Result<(), TieError> {
    let same = match (body.signer(), signer) {
        (BodySigner::Certificate(der), CertifiedSigner::Certificate { leaf, .. }) => {
            der == leaf.der()
        }
        (BodySigner::PublicKey(spki), CertifiedSigner::Key(key)) => spki == key.spki(),
        _ => false,
    };
    if same { Ok(()) } else { Err(TieError::Signer) }
}

/// The scheme in the entry is the one that the signature verified with, and fits the key.
fn check_scheme(
    body: &Body,
    signer: &CertifiedSigner,
    content: &SignedContent,
) -> Result<(), TieError> {
    let (Some(scheme), Some(key)) = (body.scheme(), signer.key()) else {
        return Ok(());
    };
    // client-spec 4.4: without a prehash there is nothing that a hashedrekord could be of
    let prehashed = scheme.algorithm().hash().is_some();
    if prehashed && scheme.accepts(key.kind()) && scheme.algorithm() == content.algorithm() {
        Ok(())
    } else {
        Err(TieError::KeyDetails {
            found: scheme.key_details(),
            kind: key.kind(),
        })
    }
}

fn check_digest(body: &Body, content: &Content, signed: &SignedContent) -> Result<(), TieError> {
    let (want, found) = match (body.digest(), content) {
        (SignedDigest::Message(want), Content::Message { .. }) => {
            (want, digest_of(signed.digests(), want.algorithm()))
        }
        // client-spec 4.4: of an envelope, a hashedrekord has the digest of its PAE
        (SignedDigest::Message(want), Content::Dsse(envelope)) => {
            (want, Some(envelope.pae_digest(want.algorithm())))
        }
        (SignedDigest::Payload(want), Content::Dsse(envelope)) => {
            if body
                .payload_type()
                .is_some_and(|found| found != envelope.payload_type())
            {
                return Err(TieError::PayloadType);
            }
            (
                want,
                Some(crypto::hash(want.algorithm(), envelope.payload())),
            )
        }
        (SignedDigest::Payload(_), Content::Message { .. }) => {
            return Err(TieError::Kind {
                found: EntryKind::name(body.kind()),
            });
        }
    };
    // rekor-v2 4.3: the digest is over the hash that the scheme is of
    let of_scheme = body
        .scheme()
        .is_none_or(|it| it.algorithm().hash() == Some(want.algorithm()));
    match found {
        Some(digest) if want.claims(&digest) && of_scheme => Ok(()),
        _ => Err(TieError::Digest {
            want: want.clone(),
            found,
        }),
    }
}

fn digest_of(digests: &[Digest], algorithm: HashAlgorithm) -> Option<Digest> {
    digests
        .iter()
        .copied()
        .find(|digest| digest.algorithm() == algorithm)
}
