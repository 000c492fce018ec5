use std::fmt;
use std::sync::Arc;

use super::algorithm::{Algorithm, KeyKind};
use super::frequent::Frequent;
use super::{Hasher, backend, ed25519};
use crate::der::{self, DerError, Reader, write};
use crate::digest::Digest;
use crate::encoding;

/// A signature that does not verify. It says no more: details would help only an attacker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct BadSignature;

impl fmt::Display for BadSignature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("signature does not verify")
    }
}

impl std::error::Error for BadSignature {}

/// Why bytes are not a public key that we can use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum KeyError {
    /// Not the DER of a SubjectPublicKeyInfo.
    Der(DerError),
    /// Not PEM with the label `PUBLIC KEY`.
    Pem,
    /// A key algorithm or curve that is not supported.
    Algorithm,
    /// Algorithm parameters in another form than the algorithm's.
    Parameters,
    /// Not the encoding of a point on the curve; only the uncompressed form is read.
    Point,
    /// An RSA modulus of a size outside 2048 to 4096 bits.
    Size {
        /// Bits of the modulus.
        bits: u32,
    },
    /// An RSA exponent that is even, below 3 or above 32 bits.
    Exponent,
    /// A point of small order, or an even RSA modulus.
    Weak,
}

impl KeyError {
    /// The stable code of this error.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Der(_) => "key.der",
            Self::Pem => "key.pem",
            Self::Algorithm => "key.algorithm",
            Self::Parameters => "key.parameters",
            Self::Point => "key.point",
            Self::Size { .. } => "key.size",
            Self::Exponent => "key.exponent",
            Self::Weak => "key.weak",
        }
    }
}

impl fmt::Display for KeyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Der(_) => f.write_str("public key is not valid DER"),
            Self::Pem => f.write_str("wanted PEM with the label PUBLIC KEY"),
            Self::Algorithm => f.write_str("key algorithm is not supported"),
            Self::Parameters => f.write_str("key algorithm has wrong parameters"),
            Self::Point => f.write_str("public key is not a point on its curve"),
            Self::Size { bits } => {
                write!(f, "wanted an RSA key of 2048 to 4096 bits, found {bits}")
            }
            Self::Exponent => f.write_str("RSA exponent is not odd, at least 3 and below 2^32"),
            Self::Weak => f.write_str("public key is weak"),
        }
    }
}

impl std::error::Error for KeyError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Der(error) => Some(error),
            _ => None,
        }
    }
}

impl From<DerError> for KeyError {
    fn from(error: DerError) -> Self {
        Self::Der(error)
    }
}

/// A public key, decoded and checked: on its curve, of an allowed size, not weak.
///
/// Cheap to clone. Two keys are equal if their encodings are.
#[derive(Clone)]
pub struct PublicKey(Arc<Inner>);

struct Inner {
    spki: Box<[u8]>,
    kind: KeyKind,
    decoded: Decoded,
}

/// The key as the code that verifies wants it.
enum Decoded {
    Ecdsa(backend::Key, Frequent),
    Ed25519(Box<ed25519_dalek::VerifyingKey>, backend::Key),
    Rsa(backend::Key),
}

/// The parts of a SubjectPublicKeyInfo, checked for everything that does not take arithmetic.
#[derive(Clone, Copy, Debug)]
pub(super) enum Material<'a> {
    /// An uncompressed point: 0x04, x, y.
    Point(&'a [u8]),
    /// The 32 bytes of an Ed25519 key.
    Ed25519(&'a [u8; 32]),
    /// An RSAPublicKey in DER, checked for its sizes.
    Rsa(&'a [u8]),
}

impl PublicKey {
    /// Decodes a SubjectPublicKeyInfo in DER.
    ///
    /// # Errors
    ///
    /// [`KeyError`], by what is wrong with it.
    ///
    /// Spec: RFC 5280 4.1.2.7; RFC 5480 2; RFC 3279 2.3.1; RFC 8410 4
    pub fn from_spki(spki: &[u8]) -> Result<Self, KeyError> {
        let (kind, material) = read_spki(spki)?;
        let decoded = match material {
            Material::Ed25519(bytes) => {
                let key = Box::new(ed25519::decode(bytes)?);
                Decoded::Ed25519(key, backend::Key::decode(kind, material)?)
            }
            Material::Point(_) => {
                Decoded::Ecdsa(backend::Key::decode(kind, material)?, Frequent::default())
            }
            Material::Rsa(_) => Decoded::Rsa(backend::Key::decode(kind, material)?),
        };
        Ok(Self(Arc::new(Inner {
            spki: spki.into(),
            kind,
            decoded,
        })))
    }

    /// Decodes an RSAPublicKey in DER, the form without an algorithm identifier.
    ///
    /// # Errors
    ///
    /// As [`Self::from_spki`].
    ///
    /// Spec: RFC 8017 A.1.1
    pub fn from_rsa(key: &[u8]) -> Result<Self, KeyError> {
        let oid = write::tlv(der::OID, &[RSA_ENCRYPTION]);
        let identifier = write::tlv(der::SEQUENCE, &[&oid, &[der::NULL, 0]]);
        let bits = write::tlv(der::BIT_STRING, &[&[0], key]);
        Self::from_spki(&write::tlv(der::SEQUENCE, &[&identifier, &bits]))
    }

    /// Decodes a SubjectPublicKeyInfo in PEM.
    ///
    /// # Errors
    ///
    /// [`KeyError::Pem`] if it is not PEM with the label `PUBLIC KEY`, else as [`Self::from_spki`].
    ///
    /// Spec: RFC 7468 13
    pub fn from_pem(pem: &str) -> Result<Self, KeyError> {
        match encoding::pem_decode(pem) {
            Some(("PUBLIC KEY", der)) => Self::from_spki(&der),
            _ => Err(KeyError::Pem),
        }
    }

    /// The kind of key.
    pub fn kind(&self) -> KeyKind {
        self.0.kind
    }

    /// The SubjectPublicKeyInfo in DER it was made from.
    pub fn spki(&self) -> &[u8] {
        &self.0.spki
    }

    /// Checks a signature over `message`.
    ///
    /// # Errors
    ///
    /// [`BadSignature`] if it does not verify, or if such a key cannot make such signatures.
    pub fn verify(
        &self,
        algorithm: Algorithm,
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), BadSignature> {
        self.verify_parts(algorithm, &[message], signature)
    }

    /// The same for a message in several parts, one after the other.
    ///
    /// # Errors
    ///
    /// As [`Self::verify`].
    pub fn verify_parts(
        &self,
        algorithm: Algorithm,
        message: &[&[u8]],
        signature: &[u8],
    ) -> Result<(), BadSignature> {
        match algorithm.hash() {
            Some(hash_algorithm) => {
                let mut hasher = Hasher::new(hash_algorithm);
                message.iter().for_each(|part| hasher.update(part));
                self.verify_digest(algorithm, &hasher.finish(), signature)
            }
            None => match &self.0.decoded {
                Decoded::Ed25519(key, backend) => match message {
                    [message] => backend.verify_ed25519(key, message, signature),
                    parts => backend.verify_ed25519(key, &parts.concat(), signature),
                },
                Decoded::Ecdsa(..) | Decoded::Rsa(_) => Err(BadSignature),
            },
        }
    }

    /// Checks a signature over the message with this digest.
    ///
    /// # Errors
    ///
    /// [`BadSignature`] if it does not verify, if such a key cannot make such signatures, or if
    /// the digest is not of the algorithm's hash; pure Ed25519 has none.
    pub fn verify_digest(
        &self,
        algorithm: Algorithm,
        digest: &Digest,
        signature: &[u8],
    ) -> Result<(), BadSignature> {
        if algorithm.hash() != Some(digest.algorithm()) || !algorithm.suits(self.0.kind) {
            return Err(BadSignature);
        }
        match &self.0.decoded {
            Decoded::Ed25519(key, _) => {
                let digest = digest.as_bytes().try_into().map_err(|_| BadSignature)?;
                ed25519::verify_prehashed(key, digest, signature)
            }
            Decoded::Ecdsa(key, frequent) => {
                self.check_signature_form(signature)?;
                frequent
                    .verify((self.0.kind, self.point()), digest, signature)
                    .unwrap_or_else(|| key.verify_digest(algorithm, digest, signature))
            }
            Decoded::Rsa(key) => {
                self.check_signature_form(signature)?;
                key.verify_digest(algorithm, digest, signature)
            }
        }
    }

    /// The point of a key on a curve, or nothing: a SubjectPublicKeyInfo ends with it.
    fn point(&self) -> &[u8] {
        let len = match self.0.kind {
            KeyKind::P256 => 65,
            KeyKind::P384 => 97,
            _ => return &[],
        };
        let start = self.0.spki.len().saturating_sub(len);
        self.0.spki.get(start..).unwrap_or_default()
    }

    /// Checks the encoding of an ECDSA or RSA signature: one way to write each (O28).
    ///
    /// Spec: RFC 3279 2.2.3; RFC 8017 8.1.2, 8.2.2
    fn check_signature_form(&self, signature: &[u8]) -> Result<(), BadSignature> {
        match self.0.kind {
            KeyKind::Rsa { bits } => {
                let want = usize::try_from(bits.div_ceil(8)).map_err(|_| BadSignature)?;
                if signature.len() == want {
                    Ok(())
                } else {
                    Err(BadSignature)
                }
            }
            _ => ecdsa_integers(signature)
                .map(|_| ())
                .map_err(|_| BadSignature),
        }
    }
}

impl PartialEq for PublicKey {
    fn eq(&self, other: &Self) -> bool {
        self.0.spki == other.0.spki
    }
}

impl Eq for PublicKey {}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "PublicKey({}, {})",
            self.0.kind,
            encoding::hex_encode(&self.0.spki)
        )
    }
}

/// Reads r and s, big-endian without leading zeros.
pub(super) fn ecdsa_integers(signature: &[u8]) -> Result<(&[u8], &[u8]), DerError> {
    let mut outer = Reader::new(signature);
    let mut fields = outer.sequence()?;
    outer.finish()?;
    let (r, s) = (fields.unsigned()?, fields.unsigned()?);
    fields.finish()?;
    Ok((r, s))
}

/// r and s of a signature, each padded to `N` bytes; `M` is twice `N`.
pub(super) fn ecdsa_fixed<const N: usize, const M: usize>(
    signature: &[u8],
) -> Result<[u8; M], BadSignature> {
    let (r, s) = ecdsa_integers(signature).map_err(|_| BadSignature)?;
    if r.len() > N || s.len() > N {
        return Err(BadSignature);
    }
    let mut out = [0; M];
    let (left, right) = out.split_at_mut_checked(N).ok_or(BadSignature)?;
    pad_left(r, left);
    pad_left(s, right);
    Ok(out)
}

/// Copies `bytes` to the end of `out`, which is all zero and at least as long.
pub(super) fn pad_left(bytes: &[u8], out: &mut [u8]) {
    let start = out.len().saturating_sub(bytes.len());
    if let Some(end) = out.get_mut(start..) {
        end.copy_from_slice(bytes);
    }
}

fn read_spki(spki: &[u8]) -> Result<(KeyKind, Material<'_>), KeyError> {
    let mut outer = Reader::new(spki);
    let mut fields = outer.sequence()?;
    outer.finish()?;
    let mut identifier = fields.sequence()?;
    let key = fields.bit_string()?;
    fields.finish()?;
    let oid = identifier.oid()?;
    let parameters = identifier.rest();
    match oid.content() {
        EC_PUBLIC_KEY => read_point(parameters, key),
        ED25519 if !parameters.is_empty() => Err(KeyError::Parameters),
        ED25519 => {
            let bytes = key.try_into().map_err(|_| KeyError::Point)?;
            Ok((KeyKind::Ed25519, Material::Ed25519(bytes)))
        }
        RSA_ENCRYPTION if parameters != [der::NULL, 0] => Err(KeyError::Parameters),
        RSA_ENCRYPTION => read_rsa(key),
        _ => Err(KeyError::Algorithm),
    }
}

/// Spec: RFC 5480 2.1.1, 2.2
fn read_point<'a>(parameters: &[u8], key: &'a [u8]) -> Result<(KeyKind, Material<'a>), KeyError> {
    let mut parameters = Reader::new(parameters);
    let curve = parameters.oid().map_err(|_| KeyError::Parameters)?;
    parameters.finish().map_err(|_| KeyError::Parameters)?;
    let (kind, len) = match curve.content() {
        P256 => (KeyKind::P256, 65),
        P384 => (KeyKind::P384, 97),
        P521 => (KeyKind::P521, 133),
        _ => return Err(KeyError::Algorithm),
    };
    if key.len() != len || key.first() != Some(&4) {
        return Err(KeyError::Point);
    }
    Ok((kind, Material::Point(key)))
}

/// Spec: RFC 8017 A.1.1
fn read_rsa(key: &[u8]) -> Result<(KeyKind, Material<'_>), KeyError> {
    let (modulus, exponent) = rsa_integers(key)?;
    let bits = bit_len(modulus);
    if !(2048..=4096).contains(&bits) {
        return Err(KeyError::Size { bits });
    }
    let odd = |number: &[u8]| number.last().is_some_and(|byte| byte & 1 == 1);
    if !odd(exponent) || exponent.len() > 4 || exponent == [1] {
        return Err(KeyError::Exponent);
    }
    if !odd(modulus) {
        return Err(KeyError::Weak);
    }
    Ok((KeyKind::Rsa { bits }, Material::Rsa(key)))
}

/// Reads modulus and exponent, big-endian without leading zeros.
pub(super) fn rsa_integers(key: &[u8]) -> Result<(&[u8], &[u8]), DerError> {
    let mut outer = Reader::new(key);
    let mut fields = outer.sequence()?;
    outer.finish()?;
    let integers = (fields.unsigned()?, fields.unsigned()?);
    fields.finish()?;
    Ok(integers)
}

/// Bits of a big-endian number without leading zero bytes.
fn bit_len(number: &[u8]) -> u32 {
    let zeros = number.first().map_or(0, |byte| byte.leading_zeros());
    u32::try_from(number.len())
        .unwrap_or(u32::MAX)
        .saturating_mul(8)
        .saturating_sub(zeros)
}

// 1.2.840.10045.2.1
const EC_PUBLIC_KEY: &[u8] = b"\x2a\x86\x48\xce\x3d\x02\x01";
// 1.2.840.10045.3.1.7
const P256: &[u8] = b"\x2a\x86\x48\xce\x3d\x03\x01\x07";
// 1.3.132.0.34, .35
const P384: &[u8] = b"\x2b\x81\x04\x00\x22";
const P521: &[u8] = b"\x2b\x81\x04\x00\x23";
// 1.3.101.112
const ED25519: &[u8] = b"\x2b\x65\x70";
// 1.2.840.113549.1.1.1
const RSA_ENCRYPTION: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01";
