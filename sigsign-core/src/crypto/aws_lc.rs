//! The `aws-lc` backend.

use aws_lc_rs::digest as aws_digest;
use aws_lc_rs::signature::{self, ParsedPublicKey, UnparsedPublicKey, VerificationAlgorithm};

use super::algorithm::{Algorithm, KeyKind};
use super::key::{BadSignature, KeyError, Material};
use crate::digest::{Digest, HashAlgorithm};

/// A key decoded for the algorithm its kind is mostly used with.
pub(super) struct Key {
    usual: Algorithm,
    kind: KeyKind,
    parsed: ParsedPublicKey,
}

impl Key {
    pub(super) fn decode(kind: KeyKind, material: Material<'_>) -> Result<Self, KeyError> {
        let usual = match kind {
            KeyKind::P256 => Algorithm::EcdsaSha256,
            KeyKind::P384 => Algorithm::EcdsaSha384,
            KeyKind::P521 => Algorithm::EcdsaSha512,
            KeyKind::Ed25519 => Algorithm::Ed25519,
            KeyKind::Rsa { .. } => Algorithm::RsaPkcs1Sha256,
        };
        let bytes = match material {
            Material::Point(bytes) | Material::Rsa(bytes) => bytes,
            Material::Ed25519(bytes) => bytes.as_slice(),
        };
        let method = method(usual, kind).ok_or(KeyError::Algorithm)?;
        let parsed = ParsedPublicKey::new(method, bytes).map_err(|_| KeyError::Point)?;
        Ok(Self {
            usual,
            kind,
            parsed,
        })
    }

    pub(super) fn verify_digest(
        &self,
        algorithm: Algorithm,
        digest: &Digest,
        signature: &[u8],
    ) -> Result<(), BadSignature> {
        let digest = aws_digest::Digest::import_less_safe(
            digest.as_bytes(),
            match digest.algorithm() {
                HashAlgorithm::Sha256 => &aws_digest::SHA256,
                HashAlgorithm::Sha384 => &aws_digest::SHA384,
                HashAlgorithm::Sha512 => &aws_digest::SHA512,
            },
        )
        .map_err(|_| BadSignature)?;
        if algorithm == self.usual {
            return self
                .parsed
                .verify_digest_sig(&digest, signature)
                .map_err(|_| BadSignature);
        }
        let method = method(algorithm, self.kind).ok_or(BadSignature)?;
        UnparsedPublicKey::new(method, self.parsed.as_ref())
            .verify_digest(&digest, signature)
            .map_err(|_| BadSignature)
    }

    pub(super) fn verify_ed25519(
        &self,
        _: &ed25519_dalek::VerifyingKey,
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), BadSignature> {
        self.parsed
            .verify_sig(message, signature)
            .map_err(|_| BadSignature)
    }
}

fn method(algorithm: Algorithm, kind: KeyKind) -> Option<&'static dyn VerificationAlgorithm> {
    Some(match (algorithm, kind) {
        (Algorithm::EcdsaSha256, KeyKind::P256) => &signature::ECDSA_P256_SHA256_ASN1,
        (Algorithm::EcdsaSha384, KeyKind::P256) => &signature::ECDSA_P256_SHA384_ASN1,
        (Algorithm::EcdsaSha512, KeyKind::P256) => &signature::ECDSA_P256_SHA512_ASN1,
        (Algorithm::EcdsaSha256, KeyKind::P384) => &signature::ECDSA_P384_SHA256_ASN1,
        (Algorithm::EcdsaSha384, KeyKind::P384) => &signature::ECDSA_P384_SHA384_ASN1,
        (Algorithm::EcdsaSha512, KeyKind::P384) => &signature::ECDSA_P384_SHA512_ASN1,
        (Algorithm::EcdsaSha256, KeyKind::P521) => &signature::ECDSA_P521_SHA256_ASN1,
        (Algorithm::EcdsaSha384, KeyKind::P521) => &signature::ECDSA_P521_SHA384_ASN1,
        (Algorithm::EcdsaSha512, KeyKind::P521) => &signature::ECDSA_P521_SHA512_ASN1,
        (Algorithm::Ed25519, KeyKind::Ed25519) => &signature::ED25519,
        (Algorithm::RsaPkcs1Sha256, KeyKind::Rsa { .. }) => &signature::RSA_PKCS1_2048_8192_SHA256,
        (Algorithm::RsaPkcs1Sha384, KeyKind::Rsa { .. }) => &signature::RSA_PKCS1_2048_8192_SHA384,
        (Algorithm::RsaPkcs1Sha512, KeyKind::Rsa { .. }) => &signature::RSA_PKCS1_2048_8192_SHA512,
        (Algorithm::RsaPssSha256, KeyKind::Rsa { .. }) => &signature::RSA_PSS_2048_8192_SHA256,
        (Algorithm::RsaPssSha384, KeyKind::Rsa { .. }) => &signature::RSA_PSS_2048_8192_SHA384,
        (Algorithm::RsaPssSha512, KeyKind::Rsa { .. }) => &signature::RSA_PSS_2048_8192_SHA512,
        _ => return None,
    })
}
