//! The `rustcrypto` backend.

use ed25519_dalek::{Signature, Verifier};
use p256::ecdsa::signature::hazmat::PrehashVerifier;
use rsa::traits::SignatureScheme;
use rsa::{BoxedUint, Pkcs1v15Sign, Pss, PublicKey as RsaPublicKey};
use sha2::{Sha256, Sha384, Sha512};

use super::algorithm::{Algorithm, KeyKind};
use super::key::{BadSignature, KeyError, Material, ecdsa_fixed, pad_left, rsa_integers};
use crate::digest::Digest;

/// A decoded key.
pub(super) enum Key {
    P256(p256::ecdsa::VerifyingKey),
    P384(p384::ecdsa::VerifyingKey),
    P521(p521::ecdsa::VerifyingKey),
    Ed25519,
    Rsa(Box<RsaPublicKey>),
}

impl Key {
    pub(super) fn decode(kind: KeyKind, material: Material<'_>) -> Result<Self, KeyError> {
        let point = |_| KeyError::Point;
        match (kind, material) {
            (KeyKind::P256, Material::Point(bytes)) => {
                p256::ecdsa::VerifyingKey::from_sec1_bytes(bytes)
                    .map(Self::P256)
                    .map_err(point)
            }
            (KeyKind::P384, Material::Point(bytes)) => {
                p384::ecdsa::VerifyingKey::from_sec1_bytes(bytes)
                    .map(Self::P384)
                    .map_err(point)
            }
            (KeyKind::P521, Material::Point(bytes)) => {
                p521::ecdsa::VerifyingKey::from_sec1_bytes(bytes)
                    .map(Self::P521)
                    .map_err(point)
            }
            (_, Material::Ed25519(_)) => Ok(Self::Ed25519),
            (_, Material::Rsa(der)) => {
                let (modulus, exponent) = rsa_integers(der)?;
                let number = |bytes| BoxedUint::from_be_slice_vartime(bytes);
                RsaPublicKey::new(number(modulus), number(exponent))
                    .map(|key| Self::Rsa(Box::new(key)))
                    .map_err(|_| KeyError::Weak)
            }
            (_, Material::Point(_)) => Err(KeyError::Algorithm),
        }
    }

    pub(super) fn verify_digest(
        &self,
        algorithm: Algorithm,
        digest: &Digest,
        signature: &[u8],
    ) -> Result<(), BadSignature> {
        let hash = digest.as_bytes();
        let verified = match self {
            Self::P256(key) => {
                p256::ecdsa::Signature::from_slice(&ecdsa_fixed::<32, 64>(signature)?)
                    .and_then(|signature| key.verify_prehash(hash, &signature))
                    .is_ok()
            }
            Self::P384(key) => {
                p384::ecdsa::Signature::from_slice(&ecdsa_fixed::<48, 96>(signature)?)
                    .and_then(|signature| key.verify_prehash(hash, &signature))
                    .is_ok()
            }
            Self::P521(key) => {
                p521::ecdsa::Signature::from_slice(&ecdsa_fixed::<66, 132>(signature)?)
                    .and_then(|signature| {
                        // The crate takes no hash below half the order's length, so widen it.
                        let mut wide = [0; 66];
                        pad_left(hash, &mut wide);
                        key.verify_prehash(&wide, &signature)
                    })
                    .is_ok()
            }
            Self::Ed25519 => false,
            Self::Rsa(key) => verify_rsa(key, algorithm, hash, signature),
        };
        if verified { Ok(()) } else { Err(BadSignature) }
    }

    pub(super) fn verify_ed25519(
        &self,
        key: &ed25519_dalek::VerifyingKey,
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), BadSignature> {
        let signature = Signature::from_slice(signature).map_err(|_| BadSignature)?;
        key.verify(message, &signature).map_err(|_| BadSignature)
    }
}

fn verify_rsa(key: &RsaPublicKey, algorithm: Algorithm, hash: &[u8], signature: &[u8]) -> bool {
    fn check(scheme: impl SignatureScheme, key: &RsaPublicKey, hash: &[u8], sig: &[u8]) -> bool {
        key.verify(scheme, hash, sig).is_ok()
    }
    match algorithm {
        Algorithm::RsaPkcs1Sha256 => check(Pkcs1v15Sign::new::<Sha256>(), key, hash, signature),
        Algorithm::RsaPkcs1Sha384 => check(Pkcs1v15Sign::new::<Sha384>(), key, hash, signature),
        Algorithm::RsaPkcs1Sha512 => check(Pkcs1v15Sign::new::<Sha512>(), key, hash, signature),
        Algorithm::RsaPssSha256 => check(Pss::<Sha256>::new(), key, hash, signature),
        Algorithm::RsaPssSha384 => check(Pss::<Sha384>::new(), key, hash, signature),
        Algorithm::RsaPssSha512 => check(Pss::<Sha512>::new(), key, hash, signature),
        _ => false,
    }
}
