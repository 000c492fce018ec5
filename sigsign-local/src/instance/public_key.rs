//! Keys of those who ask: what was signed is checked before it is logged or certified.

use ed25519_dalek::Verifier as _;
use p256::ecdsa::signature::hazmat::PrehashVerifier as _;
use rsa::traits::SignatureScheme;
use rsa::{BoxedUint, Pkcs1v15Sign};
use sha2::digest::consts::U64;
use sha2::digest::{FixedOutput, HashMarker, Output, OutputSizeUser, Reset, Update};
use sha2::{Sha256, Sha384, Sha512};

use crate::der;
use crate::instance::asn1::{Asn1, ReadCertificate};
use crate::key::Hash;

/// A public key that somebody sent.
#[derive(Clone, Debug)]
pub struct PublicKey {
    spki: Vec<u8>,
    kind: Kind,
}

#[derive(Clone, Debug)]
enum Kind {
    P256(p256::ecdsa::VerifyingKey),
    P384(p384::ecdsa::VerifyingKey),
    P521(p521::ecdsa::VerifyingKey),
    Ed25519(ed25519_dalek::VerifyingKey),
    Rsa(Box<rsa::PublicKey>, usize),
}

/// The kind of a key, with the size where there are several.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is its name")]
#[non_exhaustive]
pub enum PublicKeyKind {
    P256,
    P384,
    P521,
    Ed25519,
    /// With the bits of the modulus.
    Rsa(usize),
}

impl PublicKey {
    /// Reads a SubjectPublicKeyInfo; `None` if it is not a key of a kind that Sigstore has.
    ///
    /// Spec: RFC 5280 4.1; RFC 5480 2; RFC 8410 4; RFC 3279 2.3.1
    pub fn from_spki(spki: &[u8]) -> Option<Self> {
        let mut info = Asn1::only(spki, 0x30)?;
        let algorithm = info.value(0x30)?.whole;
        let bits = info.value(0x03)?.content;
        let (0, key) = bits.split_first().map(|(unused, key)| (*unused, key))? else {
            return None;
        };
        let kind = info.is_empty().then(|| Kind::read(algorithm, key))??;
        let spki = spki.to_vec();
        Some(Self { spki, kind })
    }

    /// The key in a certificate, whose own signature is not checked.
    pub fn from_certificate(certificate: &[u8]) -> Option<Self> {
        Self::from_spki(ReadCertificate::from_der(certificate)?.spki)
    }

    /// SubjectPublicKeyInfo
    pub fn spki(&self) -> &[u8] {
        &self.spki
    }

    /// What kind of key it is.
    pub fn kind(&self) -> PublicKeyKind {
        match &self.kind {
            Kind::P256(_) => PublicKeyKind::P256,
            Kind::P384(_) => PublicKeyKind::P384,
            Kind::P521(_) => PublicKeyKind::P521,
            Kind::Ed25519(_) => PublicKeyKind::Ed25519,
            Kind::Rsa(_, bits) => PublicKeyKind::Rsa(*bits),
        }
    }

    /// The hash that goes with the key where nobody says which.
    pub fn hash(&self) -> Hash {
        match self.kind {
            Kind::P384(_) => Hash::Sha384,
            Kind::P521(_) | Kind::Ed25519(_) => Hash::Sha512,
            Kind::P256(_) | Kind::Rsa(..) => Hash::Sha256,
        }
    }

    /// Whether `signature` is over the message with this digest; with Ed25519 in its prehash form,
    /// with RSA in PKCS #1 v1.5.
    pub fn signed_digest(&self, hash: Hash, digest: &[u8], signature: &[u8]) -> bool {
        digest.len() == hash.len() && self.verifies(hash, digest, signature)
    }

    fn verifies(&self, hash: Hash, digest: &[u8], signature: &[u8]) -> bool {
        match &self.kind {
            Kind::P256(key) => p256::ecdsa::Signature::from_der(signature)
                .and_then(|signature| key.verify_prehash(digest, &signature))
                .is_ok(),
            Kind::P384(key) => p384::ecdsa::Signature::from_der(signature)
                .and_then(|signature| key.verify_prehash(digest, &signature))
                .is_ok(),
            Kind::P521(key) => p521::ecdsa::Signature::from_der(signature)
                .and_then(|signature| key.verify_prehash(&widen(digest), &signature))
                .is_ok(),
            Kind::Ed25519(key) => prehashed(key, hash, digest, signature),
            Kind::Rsa(key, _) => match hash {
                Hash::Sha256 => rsa(key, Pkcs1v15Sign::new::<Sha256>(), digest, signature),
                Hash::Sha384 => rsa(key, Pkcs1v15Sign::new::<Sha384>(), digest, signature),
                Hash::Sha512 => rsa(key, Pkcs1v15Sign::new::<Sha512>(), digest, signature),
            },
        }
    }

    /// Whether `signature` is over `message`, hashed with `hash`; with Ed25519 in its pure form.
    pub fn signed(&self, hash: Hash, message: &[u8], signature: &[u8]) -> bool {
        match &self.kind {
            Kind::Ed25519(key) => ed25519_dalek::Signature::from_slice(signature)
                .and_then(|signature| key.verify(message, &signature))
                .is_ok(),
            _ => self.signed_digest(hash, &hash.of(message), signature),
        }
    }
}

impl Kind {
    fn read(algorithm: &[u8], key: &[u8]) -> Option<Self> {
        let ec = |curve| der::sequence(&[der::oid("1.2.840.10045.2.1"), der::oid(curve)]);
        if algorithm == ec("1.2.840.10045.3.1.7") {
            let key = p256::ecdsa::VerifyingKey::from_sec1_bytes(key).ok()?;
            Some(Self::P256(key))
        } else if algorithm == ec("1.3.132.0.34") {
            let key = p384::ecdsa::VerifyingKey::from_sec1_bytes(key).ok()?;
            Some(Self::P384(key))
        } else if algorithm == ec("1.3.132.0.35") {
            let key = p521::ecdsa::VerifyingKey::from_sec1_bytes(key).ok()?;
            Some(Self::P521(key))
        } else if algorithm == der::sequence(&[der::oid("1.3.101.112")]) {
            let key = ed25519_dalek::VerifyingKey::from_bytes(key.try_into().ok()?).ok()?;
            (!key.is_weak()).then_some(Self::Ed25519(key))
        } else if algorithm == der::sequence(&[der::oid("1.2.840.113549.1.1.1"), der::null()]) {
            Self::read_rsa(key)
        } else {
            None
        }
    }

    /// Spec: RFC 8017 A.1.1
    fn read_rsa(key: &[u8]) -> Option<Self> {
        let mut integers = Asn1::only(key, 0x30)?;
        let modulus = integers.value(0x02)?.content;
        let exponent = integers.value(0x02)?.content;
        let modulus = modulus.strip_prefix(&[0]).unwrap_or(modulus);
        if !integers.is_empty() || !RSA_BYTES.contains(&modulus.len()) || exponent.len() > 4 {
            return None;
        }
        let number = |bytes| BoxedUint::from_be_slice_vartime(bytes);
        let key = rsa::PublicKey::new(number(modulus), number(exponent)).ok()?;
        Some(Self::Rsa(Box::new(key), modulus.len() * 8))
    }
}

fn rsa(
    key: &rsa::PublicKey,
    scheme: impl SignatureScheme,
    digest: &[u8],
    signature: &[u8],
) -> bool {
    key.verify(scheme, digest, signature).is_ok()
}

/// The same number, long enough for the library.
fn widen(digest: &[u8]) -> Vec<u8> {
    let mut wide = vec![0; 66_usize.saturating_sub(digest.len())];
    wide.extend_from_slice(digest);
    wide
}

/// Spec: RFC 8032 5.1
fn prehashed(
    key: &ed25519_dalek::VerifyingKey,
    hash: Hash,
    digest: &[u8],
    signature: &[u8],
) -> bool {
    let (Hash::Sha512, Ok(digest)) = (hash, digest.try_into()) else {
        return false;
    };
    ed25519_dalek::Signature::from_slice(signature)
        .and_then(|signature| key.verify_prehashed(Finished(digest), None, &signature))
        .is_ok()
}

/// A digest that somebody sent, in the shape of a hash function about to finish.
struct Finished([u8; 64]);

impl Default for Finished {
    fn default() -> Self {
        Self([0; 64])
    }
}

impl OutputSizeUser for Finished {
    type OutputSize = U64;
}

impl Update for Finished {
    fn update(&mut self, _: &[u8]) {}
}

impl FixedOutput for Finished {
    fn finalize_into(self, out: &mut Output<Self>) {
        out.copy_from_slice(&self.0);
    }
}

impl Reset for Finished {
    fn reset(&mut self) {
        *self = Self::default();
    }
}

impl HashMarker for Finished {}

/// Bytes in a modulus: 2048 to 4096 bits.
const RSA_BYTES: std::ops::RangeInclusive<usize> = 256..=512;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key::{Key, Scheme};

    const SCHEMES: [Scheme; 7] = [
        Scheme::P256,
        Scheme::P384,
        Scheme::P384Sha256,
        Scheme::P521,
        Scheme::P521Sha256,
        Scheme::Ed25519Ph,
        Scheme::Rsa2048,
    ];

    #[test]
    fn accepts_signatures_and_rejects_them_for_other_digests() {
        for scheme in SCHEMES {
            let key = Key::new(scheme, "signer");
            let signature = key.sign(b"message");
            let hash = scheme.hash();
            let read = PublicKey::from_spki(&key.spki()).unwrap();

            let (right, wrong) = (hash.of(b"message"), hash.of(b"other"));

            assert!(read.signed_digest(hash, &right, &signature), "{scheme:?}");
            assert!(!read.signed_digest(hash, &wrong, &signature), "{scheme:?}");
            assert!(
                !read.signed_digest(hash, &right, &signature[1..]),
                "{scheme:?}"
            );
            assert_eq!(key.spki(), read.spki());
        }
    }

    #[test]
    fn accepts_pure_ed25519_over_a_message() {
        let key = Key::new(Scheme::Ed25519, "signer");
        let read = PublicKey::from_spki(&key.spki()).unwrap();
        let signature = key.sign(b"message");

        assert!(read.signed(Hash::Sha512, b"message", &signature));
        assert!(!read.signed(Hash::Sha512, b"massage", &signature));
        assert!(!read.signed_digest(Hash::Sha512, &Hash::Sha512.of(b"message"), &signature));
    }

    #[test]
    fn rejects_a_key_with_any_byte_missing_or_more() {
        for scheme in SCHEMES {
            let spki = Key::new(scheme, "signer").spki();
            let long = [&spki[..], &[0]].concat();

            assert!(PublicKey::from_spki(&long).is_none(), "{scheme:?}");
            for len in 0..spki.len() {
                assert!(PublicKey::from_spki(&spki[..len]).is_none(), "{scheme:?}");
            }
        }
    }
}
