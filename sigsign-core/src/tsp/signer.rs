use super::TspError;
use super::attributes::Attributes;
use super::info::check_version;
use super::span::Span;
use crate::crypto::{Algorithm, hash_from_oid};
use crate::der::{self, Oid, Reader};
use crate::digest::HashAlgorithm;
use crate::x509::Certificate;

/// The one SignerInfo of a token, as places in the response.
#[derive(Clone, Debug)]
pub(super) struct Signer {
    id: SignerId,
    pub(super) digest_algorithm: HashAlgorithm,
    pub(super) attributes: Attributes,
    pub(super) algorithm: Algorithm,
    pub(super) signature: Span,
}

/// Which certificate the signer says is its own.
#[derive(Clone, Debug)]
enum SignerId {
    IssuerAndSerial { issuer: Span, serial: Span },
    KeyId(Span),
}

impl Signer {
    /// Reads the SignerInfos; `whole` is the response that they lie in.
    ///
    /// Spec: RFC 5652 5.3; RFC 3161 2.4.2: the token has the authority's signature and no other
    pub(super) fn parse(mut signers: Reader<'_>, whole: &[u8]) -> Result<Self, TspError> {
        let mut count = signers;
        let mut found = 0usize;
        while !count.is_empty() {
            count.any()?;
            found = found.saturating_add(1);
        }
        if found != 1 {
            return Err(TspError::SignerCount { found });
        }
        let mut fields = signers.sequence()?;
        let version = fields.small()?;
        let id = SignerId::parse(&mut fields, version, whole)?;
        let digest_algorithm = read_digest_algorithm(&mut fields)?;
        let signed = match fields.peek() {
            Some(ATTRIBUTES_TAG) => fields.any()?,
            _ => return Err(TspError::NoSignedAttributes),
        };
        let attributes = Attributes::parse(signed, whole)?;
        let identifier = fields.sequence()?;
        let algorithm = read_signature_algorithm(identifier, digest_algorithm)?;
        attributes.check_protection(digest_algorithm, identifier, whole)?;
        let signature = Span::new(fields.octet_string()?, whole);
        // unsignedAttrs prove nothing; they are read for their form only.
        if let Some(mut unsigned) = fields.explicit(1)? {
            while !unsigned.is_empty() {
                let mut attribute = unsigned.sequence()?;
                attribute.oid()?;
                attribute.set()?;
                attribute.finish()?;
            }
        }
        fields.finish()?;
        Ok(Self {
            id,
            digest_algorithm,
            attributes,
            algorithm,
            signature,
        })
    }

    /// Whether `leaf` is the certificate that the signer says is its own.
    pub(super) fn names(&self, leaf: &Certificate, whole: &[u8]) -> bool {
        match self.id {
            SignerId::IssuerAndSerial { issuer, serial } => {
                issuer.of(whole) == leaf.issuer() && serial.of(whole) == leaf.serial()
            }
            SignerId::KeyId(id) => leaf.subject_key_id() == Some(id.of(whole)),
        }
    }
}

impl SignerId {
    fn parse(fields: &mut Reader<'_>, version: u64, whole: &[u8]) -> Result<Self, TspError> {
        // 5.3: version 1 for issuerAndSerialNumber, 3 for subjectKeyIdentifier
        if let Some(id) = fields.optional(der::context(0))? {
            check_version("SignerInfo", 3, version)?;
            return Ok(Self::KeyId(Span::new(id, whole)));
        }
        check_version("SignerInfo", 1, version)?;
        let mut id = fields.sequence()?;
        let issuer = id.take_raw(der::SEQUENCE)?.raw;
        let serial = id.integer()?;
        id.finish()?;
        Ok(Self::IssuerAndSerial {
            issuer: Span::new(issuer, whole),
            serial: Span::new(serial, whole),
        })
    }
}

/// Reads an AlgorithmIdentifier that must be of a hash.
pub(super) fn read_digest_algorithm(fields: &mut Reader<'_>) -> Result<HashAlgorithm, TspError> {
    let mut identifier = fields.sequence()?;
    let oid = identifier.oid()?;
    hash_from_oid(oid, identifier.rest()).ok_or_else(|| TspError::DigestAlgorithm {
        found: oid.to_string(),
    })
}

/// Reads the signature algorithm, whose hash must be the signer's.
///
/// Spec: RFC 3370 3.2: rsaEncryption is PKCS #1 v1.5 with the digest algorithm; RFC 8419 3.1:
/// Ed25519 goes with SHA-512
fn read_signature_algorithm(
    mut identifier: Reader<'_>,
    digest_algorithm: HashAlgorithm,
) -> Result<Algorithm, TspError> {
    let oid = identifier.oid()?;
    let parameters = identifier.rest();
    let algorithm = if oid == RSA_ENCRYPTION && matches!(parameters, [] | [der::NULL, 0]) {
        Some(rsa_with(digest_algorithm))
    } else {
        Algorithm::from_x509(oid, parameters)
    };
    let algorithm = algorithm.ok_or_else(|| TspError::SignatureAlgorithm {
        found: oid.to_string(),
    })?;
    let want = algorithm.hash().unwrap_or(HashAlgorithm::Sha512);
    if want == digest_algorithm {
        Ok(algorithm)
    } else {
        Err(TspError::AlgorithmMismatch {
            want,
            found: digest_algorithm,
        })
    }
}

const fn rsa_with(hash: HashAlgorithm) -> Algorithm {
    match hash {
        HashAlgorithm::Sha256 => Algorithm::RsaPkcs1Sha256,
        HashAlgorithm::Sha384 => Algorithm::RsaPkcs1Sha384,
        HashAlgorithm::Sha512 => Algorithm::RsaPkcs1Sha512,
    }
}

const ATTRIBUTES_TAG: u8 = der::context_constructed(0);
// 1.2.840.113549.1.1.1
const RSA_ENCRYPTION: Oid<'_> = Oid::from_content(b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01");
