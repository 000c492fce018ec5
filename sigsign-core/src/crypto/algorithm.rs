use std::fmt;

use crate::der::{Oid, Reader};
use crate::digest::HashAlgorithm;

/// How a signature is made: mathematics, hash and padding, without the key's size.
///
/// This is what an X.509 or CMS signature algorithm says; [`Scheme`] also fixes the key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Algorithm {
    /// ECDSA over SHA-256
    EcdsaSha256,
    /// ECDSA over SHA-384
    EcdsaSha384,
    /// ECDSA over SHA-512
    EcdsaSha512,
    /// Ed25519 over the message itself
    Ed25519,
    /// Ed25519ph over the SHA-512 of the message, with an empty context
    Ed25519Ph,
    /// RSASSA-PKCS1-v1_5 over SHA-256
    RsaPkcs1Sha256,
    /// RSASSA-PKCS1-v1_5 over SHA-384
    RsaPkcs1Sha384,
    /// RSASSA-PKCS1-v1_5 over SHA-512
    RsaPkcs1Sha512,
    /// RSASSA-PSS over SHA-256, MGF1 with the same hash, salt as long as the hash
    RsaPssSha256,
    /// RSASSA-PSS over SHA-384, likewise
    RsaPssSha384,
    /// RSASSA-PSS over SHA-512, likewise
    RsaPssSha512,
}

impl Algorithm {
    /// The algorithm of an X.509 or CMS signature; `parameters` is their whole encoding, or empty.
    ///
    /// `None` for what is not supported, and for parameters in any form but the one the
    /// algorithm has.
    ///
    /// Spec: RFC 4055 3.1, 5; RFC 5758 3.2; RFC 8410 3
    pub(crate) fn from_x509(oid: Oid<'_>, parameters: &[u8]) -> Option<Self> {
        let (algorithm, form) = match oid.content() {
            ECDSA_SHA256 => (Self::EcdsaSha256, Parameters::Absent),
            ECDSA_SHA384 => (Self::EcdsaSha384, Parameters::Absent),
            ECDSA_SHA512 => (Self::EcdsaSha512, Parameters::Absent),
            ED25519 => (Self::Ed25519, Parameters::Absent),
            RSA_SHA256 => (Self::RsaPkcs1Sha256, Parameters::Null),
            RSA_SHA384 => (Self::RsaPkcs1Sha384, Parameters::Null),
            RSA_SHA512 => (Self::RsaPkcs1Sha512, Parameters::Null),
            RSA_PSS => return pss_from_parameters(parameters),
            _ => return None,
        };
        let fits = match form {
            Parameters::Absent => parameters.is_empty(),
            // RFC 4055 5: NULL, and absent must be accepted.
            Parameters::Null => parameters.is_empty() || parameters == NULL_PARAMETERS,
        };
        fits.then_some(algorithm)
    }

    /// The hash over the message, where the signature is over one.
    pub const fn hash(self) -> Option<HashAlgorithm> {
        match self {
            Self::EcdsaSha256 | Self::RsaPkcs1Sha256 | Self::RsaPssSha256 => {
                Some(HashAlgorithm::Sha256)
            }
            Self::EcdsaSha384 | Self::RsaPkcs1Sha384 | Self::RsaPssSha384 => {
                Some(HashAlgorithm::Sha384)
            }
            Self::EcdsaSha512 | Self::RsaPkcs1Sha512 | Self::RsaPssSha512 | Self::Ed25519Ph => {
                Some(HashAlgorithm::Sha512)
            }
            Self::Ed25519 => None,
        }
    }

    /// Whether keys of this kind can make such signatures.
    pub const fn suits(self, kind: KeyKind) -> bool {
        match self {
            Self::EcdsaSha256 | Self::EcdsaSha384 | Self::EcdsaSha512 => {
                matches!(kind, KeyKind::P256 | KeyKind::P384 | KeyKind::P521)
            }
            Self::Ed25519 | Self::Ed25519Ph => matches!(kind, KeyKind::Ed25519),
            _ => matches!(kind, KeyKind::Rsa { .. }),
        }
    }
}

/// The kind of a public key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum KeyKind {
    /// NIST P-256
    P256,
    /// NIST P-384
    P384,
    /// NIST P-521
    P521,
    /// Edwards 25519
    Ed25519,
    /// RSA
    Rsa {
        /// Bits of the modulus.
        bits: u32,
    },
}

impl fmt::Display for KeyKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::P256 => f.write_str("P-256"),
            Self::P384 => f.write_str("P-384"),
            Self::P521 => f.write_str("P-521"),
            Self::Ed25519 => f.write_str("Ed25519"),
            Self::Rsa { bits } => write!(f, "RSA-{bits}"),
        }
    }
}

/// One entry of the algorithm registry: key, hash and padding as one choice.
///
/// Spec: algorithm-registry, Signature Algorithms; common.proto, PublicKeyDetails
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Scheme {
    /// ecdsa-sha2-256-nistp256
    EcdsaP256Sha256,
    /// ECDSA P-384 with SHA-256, deprecated but in use
    EcdsaP384Sha256,
    /// ecdsa-sha2-384-nistp384
    EcdsaP384Sha384,
    /// ECDSA P-521 with SHA-256, deprecated but in use
    EcdsaP521Sha256,
    /// ecdsa-sha2-512-nistp521
    EcdsaP521Sha512,
    /// ed25519
    Ed25519,
    /// ed25519-ph
    Ed25519Ph,
    /// rsa-sign-pkcs1-2048-sha256, verify only
    RsaPkcs1With2048Sha256,
    /// rsa-sign-pkcs1-3072-sha256
    RsaPkcs1With3072Sha256,
    /// rsa-sign-pkcs1-4096-sha256
    RsaPkcs1With4096Sha256,
    /// rsa-sign-pss-2048-sha256, verify only
    RsaPssWith2048Sha256,
    /// rsa-sign-pss-3072-sha256
    RsaPssWith3072Sha256,
    /// rsa-sign-pss-4096-sha256
    RsaPssWith4096Sha256,
}

impl Scheme {
    /// Every scheme.
    pub const ALL: [Self; 13] = [
        Self::EcdsaP256Sha256,
        Self::EcdsaP384Sha256,
        Self::EcdsaP384Sha384,
        Self::EcdsaP521Sha256,
        Self::EcdsaP521Sha512,
        Self::Ed25519,
        Self::Ed25519Ph,
        Self::RsaPkcs1With2048Sha256,
        Self::RsaPkcs1With3072Sha256,
        Self::RsaPkcs1With4096Sha256,
        Self::RsaPssWith2048Sha256,
        Self::RsaPssWith3072Sha256,
        Self::RsaPssWith4096Sha256,
    ];

    /// The scheme that bundles and trusted roots call `name`; `None` if it is not supported.
    pub fn from_key_details(name: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|scheme| scheme.key_details() == name)
    }

    /// The name in bundles and trusted roots.
    pub const fn key_details(self) -> &'static str {
        match self {
            Self::EcdsaP256Sha256 => "PKIX_ECDSA_P256_SHA_256",
            Self::EcdsaP384Sha256 => "PKIX_ECDSA_P384_SHA_256",
            Self::EcdsaP384Sha384 => "PKIX_ECDSA_P384_SHA_384",
            Self::EcdsaP521Sha256 => "PKIX_ECDSA_P521_SHA_256",
            Self::EcdsaP521Sha512 => "PKIX_ECDSA_P521_SHA_512",
            Self::Ed25519 => "PKIX_ED25519",
            Self::Ed25519Ph => "PKIX_ED25519_PH",
            Self::RsaPkcs1With2048Sha256 => "PKIX_RSA_PKCS1V15_2048_SHA256",
            Self::RsaPkcs1With3072Sha256 => "PKIX_RSA_PKCS1V15_3072_SHA256",
            Self::RsaPkcs1With4096Sha256 => "PKIX_RSA_PKCS1V15_4096_SHA256",
            Self::RsaPssWith2048Sha256 => "PKIX_RSA_PSS_2048_SHA256",
            Self::RsaPssWith3072Sha256 => "PKIX_RSA_PSS_3072_SHA256",
            Self::RsaPssWith4096Sha256 => "PKIX_RSA_PSS_4096_SHA256",
        }
    }

    /// How its signatures are made.
    pub const fn algorithm(self) -> Algorithm {
        match self {
            Self::EcdsaP256Sha256 | Self::EcdsaP384Sha256 | Self::EcdsaP521Sha256 => {
                Algorithm::EcdsaSha256
            }
            Self::EcdsaP384Sha384 => Algorithm::EcdsaSha384,
            Self::EcdsaP521Sha512 => Algorithm::EcdsaSha512,
            Self::Ed25519 => Algorithm::Ed25519,
            Self::Ed25519Ph => Algorithm::Ed25519Ph,
            Self::RsaPkcs1With2048Sha256
            | Self::RsaPkcs1With3072Sha256
            | Self::RsaPkcs1With4096Sha256 => Algorithm::RsaPkcs1Sha256,
            Self::RsaPssWith2048Sha256
            | Self::RsaPssWith3072Sha256
            | Self::RsaPssWith4096Sha256 => Algorithm::RsaPssSha256,
        }
    }

    /// Whether a key of this kind is the one the scheme names.
    pub const fn accepts(self, kind: KeyKind) -> bool {
        match self {
            Self::EcdsaP256Sha256 => matches!(kind, KeyKind::P256),
            Self::EcdsaP384Sha256 | Self::EcdsaP384Sha384 => matches!(kind, KeyKind::P384),
            Self::EcdsaP521Sha256 | Self::EcdsaP521Sha512 => matches!(kind, KeyKind::P521),
            Self::Ed25519 | Self::Ed25519Ph => matches!(kind, KeyKind::Ed25519),
            Self::RsaPkcs1With2048Sha256 | Self::RsaPssWith2048Sha256 => {
                matches!(kind, KeyKind::Rsa { bits: 2048 })
            }
            Self::RsaPkcs1With3072Sha256 | Self::RsaPssWith3072Sha256 => {
                matches!(kind, KeyKind::Rsa { bits: 3072 })
            }
            Self::RsaPkcs1With4096Sha256 | Self::RsaPssWith4096Sha256 => {
                matches!(kind, KeyKind::Rsa { bits: 4096 })
            }
        }
    }
}

impl fmt::Display for Scheme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.key_details())
    }
}

enum Parameters {
    Absent,
    Null,
}

/// RSASSA-PSS-params with one hash for everything and a salt of its length.
///
/// Spec: RFC 4055 3.1
fn pss_from_parameters(parameters: &[u8]) -> Option<Algorithm> {
    let mut outer = Reader::new(parameters);
    let mut fields = outer.sequence().ok()?;
    outer.finish().ok()?;
    let hash = hash_identifier(&mut fields.explicit(0).ok()??)?;
    let mut mask = fields.explicit(1).ok()??;
    let mut generator = mask.sequence().ok()?;
    mask.finish().ok()?;
    (generator.oid().ok()?.content() == MGF1).then_some(())?;
    let mask_hash = hash_identifier(&mut generator)?;
    let mut salt = fields.explicit(2).ok()??;
    let salt_len = salt.small().ok()?;
    salt.finish().ok()?;
    // trailerField [3] DEFAULT 1 may not be encoded with its default, the only value there is.
    fields.finish().ok()?;
    if mask_hash != hash || u64::try_from(hash.len()).ok()? != salt_len {
        return None;
    }
    Some(match hash {
        HashAlgorithm::Sha256 => Algorithm::RsaPssSha256,
        HashAlgorithm::Sha384 => Algorithm::RsaPssSha384,
        HashAlgorithm::Sha512 => Algorithm::RsaPssSha512,
    })
}

/// Reads one hash AlgorithmIdentifier, the last thing in `reader`.
fn hash_identifier(reader: &mut Reader<'_>) -> Option<HashAlgorithm> {
    let mut identifier = reader.sequence().ok()?;
    reader.finish().ok()?;
    let oid = identifier.oid().ok()?;
    hash_from_oid(oid, identifier.rest())
}

/// The hash algorithm with this identifier; parameters are absent or NULL.
///
/// Spec: RFC 5754 2; RFC 4055 2.1
pub(crate) fn hash_from_oid(oid: Oid<'_>, parameters: &[u8]) -> Option<HashAlgorithm> {
    if !parameters.is_empty() && parameters != NULL_PARAMETERS {
        return None;
    }
    match oid.content() {
        SHA256 => Some(HashAlgorithm::Sha256),
        SHA384 => Some(HashAlgorithm::Sha384),
        SHA512 => Some(HashAlgorithm::Sha512),
        _ => None,
    }
}

const NULL_PARAMETERS: &[u8] = &[5, 0];
// 1.2.840.10045.4.3.2, .3, .4
const ECDSA_SHA256: &[u8] = b"\x2a\x86\x48\xce\x3d\x04\x03\x02";
const ECDSA_SHA384: &[u8] = b"\x2a\x86\x48\xce\x3d\x04\x03\x03";
const ECDSA_SHA512: &[u8] = b"\x2a\x86\x48\xce\x3d\x04\x03\x04";
// 1.3.101.112
const ED25519: &[u8] = b"\x2b\x65\x70";
// 1.2.840.113549.1.1.11, .12, .13, .10, .8
const RSA_SHA256: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0b";
const RSA_SHA384: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0c";
const RSA_SHA512: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0d";
const RSA_PSS: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0a";
const MGF1: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x08";
// 2.16.840.1.101.3.4.2.1, .2, .3
const SHA256: &[u8] = b"\x60\x86\x48\x01\x65\x03\x04\x02\x01";
const SHA384: &[u8] = b"\x60\x86\x48\x01\x65\x03\x04\x02\x02";
const SHA512: &[u8] = b"\x60\x86\x48\x01\x65\x03\x04\x02\x03";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::der::{self, write::tlv};

    fn pss(hash: &[u8], mask_hash: &[u8], salt: u8) -> Vec<u8> {
        let identifier =
            |oid: &[u8]| tlv(der::SEQUENCE, &[&tlv(der::OID, &[oid]), NULL_PARAMETERS]);
        let mask = tlv(
            der::SEQUENCE,
            &[&tlv(der::OID, &[MGF1]), &identifier(mask_hash)],
        );
        tlv(
            der::SEQUENCE,
            &[
                &tlv(0xa0, &[&identifier(hash)]),
                &tlv(0xa1, &[&mask]),
                &tlv(0xa2, &[&tlv(der::INTEGER, &[&[salt]])]),
            ],
        )
    }

    #[test]
    fn accepts_pss_with_one_hash() {
        let read = |p: &[u8]| Algorithm::from_x509(Oid::from_content(RSA_PSS), p);

        assert_eq!(
            Some(Algorithm::RsaPssSha256),
            read(&pss(SHA256, SHA256, 32))
        );
        assert_eq!(
            Some(Algorithm::RsaPssSha512),
            read(&pss(SHA512, SHA512, 64))
        );
        assert_eq!(None, read(&pss(SHA256, SHA384, 32)));
        assert_eq!(None, read(&pss(SHA256, SHA256, 20)));
        assert_eq!(None, read(&[]));
    }

    #[test]
    fn rejects_parameters_in_other_forms() {
        let read = |oid, p| Algorithm::from_x509(Oid::from_content(oid), p);

        assert_eq!(Some(Algorithm::EcdsaSha256), read(ECDSA_SHA256, &[]));
        assert_eq!(None, read(ECDSA_SHA256, NULL_PARAMETERS));
        assert_eq!(
            Some(Algorithm::RsaPkcs1Sha256),
            read(RSA_SHA256, NULL_PARAMETERS)
        );
        assert_eq!(None, read(RSA_SHA256, &[5, 0, 0]));
        assert_eq!(None, read(ED25519, NULL_PARAMETERS));
        // sha1WithRSAEncryption
        assert_eq!(
            None,
            read(b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x05", NULL_PARAMETERS)
        );
    }

    #[test]
    fn accepts_each_scheme_by_its_name() {
        for scheme in Scheme::ALL {
            assert_eq!(Some(scheme), Scheme::from_key_details(scheme.key_details()));
        }
        assert_eq!(None, Scheme::from_key_details("PKIX_RSA_PKCS1V5"));
        assert!(!Scheme::RsaPkcs1With2048Sha256.accepts(KeyKind::Rsa { bits: 3072 }));
        assert!(!Scheme::EcdsaP384Sha256.accepts(KeyKind::P256));
    }
}
