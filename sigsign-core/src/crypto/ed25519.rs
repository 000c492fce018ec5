//! Ed25519 keys, and the prehash form, for both backends.

use ed25519_dalek::{Signature, VerifyingKey};
use sha2::digest::consts::U64;
use sha2::digest::{FixedOutput, HashMarker, Output, OutputSizeUser, Reset, Update};

use super::key::{BadSignature, KeyError};

/// Decodes a key, refusing encodings of a point that are not the canonical one and points of
/// small order, under which one signature fits many messages (O28).
///
/// Spec: RFC 8032 5.1.3
pub(super) fn decode(bytes: &[u8; 32]) -> Result<VerifyingKey, KeyError> {
    if !is_reduced(bytes) {
        return Err(KeyError::Point);
    }
    let key = VerifyingKey::from_bytes(bytes).map_err(|_| KeyError::Point)?;
    if key.is_weak() {
        Err(KeyError::Weak)
    } else {
        Ok(key)
    }
}

/// Checks an Ed25519ph signature with an empty context over a SHA-512 digest.
///
/// Spec: RFC 8032 5.1
pub(super) fn verify_prehashed(
    key: &VerifyingKey,
    digest: &[u8; 64],
    signature: &[u8],
) -> Result<(), BadSignature> {
    let signature = Signature::from_slice(signature).map_err(|_| BadSignature)?;
    key.verify_prehashed(Precomputed(*digest), None, &signature)
        .map_err(|_| BadSignature)
}

/// Signs a message.
///
/// Spec: RFC 8032 5.1.6
#[cfg(feature = "sign")]
pub(super) fn sign(key: &ed25519_dalek::SigningKey, message: &[u8]) -> [u8; 64] {
    ed25519_dalek::Signer::sign(key, message).to_bytes()
}

/// Signs a SHA-512 digest with an empty context; `None` if it is another length.
///
/// Spec: RFC 8032 5.1
#[cfg(feature = "sign")]
pub(super) fn sign_prehashed(key: &ed25519_dalek::SigningKey, digest: &[u8]) -> Option<[u8; 64]> {
    let digest = Precomputed(digest.try_into().ok()?);
    let signature = key.sign_prehashed(digest, None).ok()?;
    Some(signature.to_bytes())
}

/// Whether the y coordinate is below 2^255 - 19.
fn is_reduced(bytes: &[u8; 32]) -> bool {
    let [low, middle @ .., high] = bytes;
    !(high & 0x7f == 0x7f && middle.iter().all(|byte| *byte == 0xff) && *low >= 0xed)
}

/// A digest somebody else has computed, in the shape of a hash function about to finish.
struct Precomputed([u8; 64]);

impl Default for Precomputed {
    fn default() -> Self {
        Self([0; 64])
    }
}

impl OutputSizeUser for Precomputed {
    type OutputSize = U64;
}

impl Update for Precomputed {
    fn update(&mut self, _: &[u8]) {}
}

impl FixedOutput for Precomputed {
    fn finalize_into(self, out: &mut Output<Self>) {
        out.copy_from_slice(&self.0);
    }
}

impl Reset for Precomputed {
    fn reset(&mut self) {
        *self = Self::default();
    }
}

impl HashMarker for Precomputed {}
