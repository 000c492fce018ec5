//! RFC 3161 time stamp tokens.
//!
//! In: a TimeStampResp in DER, as bundles carry it, and the certificate of a trusted authority.
//! Out: [`TimestampToken`], parsed to its last byte and trusted for nothing, and the time in it
//! once the authority's signature over it and its imprint are checked. Not here: the authority's
//! chain and validity and how many tokens are needed, which [`crate::x509`] and [`crate::verify`]
//! check, for certificates in the token as well.
//!
//! Spec: RFC 3161 2.4.2; RFC 5816; RFC 5652 5; RFC 5035

mod attributes;
mod error;
mod info;
mod signer;
mod span;
#[cfg(all(test, feature = "rustcrypto"))]
mod tests;

pub use error::TspError;

use crate::crypto::{self, BadSignature, PublicKey, hash_from_oid};
use crate::der::{self, DerError, Oid, Reader};
use crate::digest::HashAlgorithm;
use crate::limits;
use crate::time::Timestamp;
use crate::x509::Certificate;

use info::{Info, check_version};
use signer::Signer;
use span::Span;

/// A time stamp token; nothing in it is proven before [`verify`](Self::verify).
#[derive(Clone, Debug)]
pub struct TimestampToken {
    response: Box<[u8]>,
    content: Span,
    /// The content of the field `certificates`.
    certificates: Option<Span>,
    info: Info,
    signer: Signer,
}

impl TimestampToken {
    /// Parses a TimeStampResp with a token.
    ///
    /// # Errors
    ///
    /// [`TspError`], by what is wrong with it.
    ///
    /// Spec: RFC 3161 2.4.2
    pub fn from_response(der: &[u8]) -> Result<Self, TspError> {
        if der.len() > limits::TIMESTAMP_BYTES {
            return Err(TspError::TooLarge {
                cap: limits::TIMESTAMP_BYTES,
                found: der.len(),
            });
        }
        let mut outer = Reader::new(der);
        let mut response = outer.sequence()?;
        outer.finish()?;
        check_status(response.sequence()?)?;
        if response.is_empty() {
            return Err(TspError::NoToken);
        }
        let data = read_content_info(response.sequence()?)?;
        response.finish()?;
        let SignedData {
            content,
            certificates,
            signer,
        } = read_signed_data(data, der)?;
        Ok(Self {
            response: der.into(),
            content: Span::new(content, der),
            certificates: certificates.map(|list| Span::new(list, der)),
            info: Info::parse(content, der)?,
            signer,
        })
    }

    /// The digest of what was time stamped, and its algorithm.
    pub fn imprint(&self) -> (HashAlgorithm, &[u8]) {
        (
            self.info.imprint_algorithm,
            self.info.imprint.of(&self.response),
        )
    }

    /// The time that the token claims.
    pub fn gen_time(&self) -> Timestamp {
        self.info.time
    }

    /// The content octets of the nonce, which are those of the request.
    pub fn nonce(&self) -> Option<&[u8]> {
        self.info.nonce.map(|nonce| nonce.of(&self.response))
    }

    /// The authority's policy in dotted form.
    pub fn policy(&self) -> String {
        Oid::from_content(self.info.policy.of(&self.response)).to_string()
    }

    /// The content octets of the token's serial number.
    pub fn serial(&self) -> &[u8] {
        self.info.serial.of(&self.response)
    }

    /// Whether the token names `leaf` as its signer's certificate; this is a claim.
    pub fn is_signed_by(&self, leaf: &Certificate) -> bool {
        self.signer.names(leaf, &self.response)
    }

    /// The certificate in the token that the token itself says is its signer's, by name and by
    /// digest; nothing about it is proven.
    pub(crate) fn brought_signer(&self) -> Option<Certificate> {
        let mut list = Reader::new(self.certificates?.of(&self.response));
        std::iter::from_fn(|| list.any().ok())
            .take(limits::CHAIN_CERTIFICATES)
            .filter_map(|item| Certificate::from_der(item.raw).ok())
            .find(|it| {
                self.is_signed_by(it) && self.signer.attributes.are_about(it, &self.response)
            })
    }

    /// Checks that the key of `leaf` signed this token for `signature`; returns its time.
    ///
    /// `signature` is what was time stamped: the bytes of a bundle's signature.
    ///
    /// # Errors
    ///
    /// - [`TspError::SignerId`] or [`TspError::SigningCertificate`] if the token names another
    ///   certificate.
    /// - [`TspError::AuthorityName`] if it says that it is somebody else's.
    /// - [`TspError::Imprint`] if it was made for something else.
    /// - [`TspError::MessageDigest`] or [`TspError::Signature`] if it was not signed like this.
    /// - [`TspError::Key`] if the key cannot be used.
    ///
    /// # Security
    ///
    /// The caller has `leaf` from a trusted root, or proves that an authority of it certified it,
    /// and checks its chain and usage and the authority's validity at the time returned.
    ///
    /// Spec: RFC 3161 2.4.2; RFC 5652 5.4, 5.6; RFC 5816 2.2.1
    pub fn verify(&self, signature: &[u8], leaf: &Certificate) -> Result<Timestamp, TspError> {
        if !self.is_signed_by(leaf) {
            return Err(TspError::SignerId);
        }
        if !self.signer.attributes.are_about(leaf, &self.response) {
            return Err(TspError::SigningCertificate);
        }
        // RFC 3161 2.4.2: tsa is one of the subject names in the certificate
        let tsa = self.info.tsa.map(|tsa| tsa.of(&self.response));
        if !tsa.is_none_or(|name| leaf.has_name(name)) {
            return Err(TspError::AuthorityName);
        }
        let (algorithm, imprint) = self.imprint();
        if crypto::hash(algorithm, signature).as_bytes() != imprint {
            return Err(TspError::Imprint);
        }
        let content = self.content.of(&self.response);
        let digest = crypto::hash(self.signer.digest_algorithm, content);
        if digest.as_bytes() != self.signer.attributes.message_digest(&self.response) {
            return Err(TspError::MessageDigest);
        }
        let key = leaf.public_key().map_err(TspError::Key)?;
        self.verify_signature(key)
            .map_err(|BadSignature| TspError::Signature)?;
        Ok(self.gen_time())
    }

    /// Checks the signature over the signed attributes.
    fn verify_signature(&self, key: &PublicKey) -> Result<(), BadSignature> {
        let signer = &self.signer;
        let signature = signer.signature.of(&self.response);
        match signer.algorithm.hash() {
            Some(hash) => {
                let digest = signer.attributes.signed_digest(hash, &self.response);
                key.verify_digest(signer.algorithm, &digest, signature)
            }
            None => {
                let message = signer.attributes.signed_parts(&self.response).concat();
                key.verify(signer.algorithm, &message, signature)
            }
        }
    }
}

/// Spec: RFC 3161 2.4.2, PKIStatusInfo
fn check_status(mut fields: Reader<'_>) -> Result<(), TspError> {
    let found = fields.small()?;
    // granted and grantedWithMods
    if found > 1 {
        return Err(TspError::Status { found });
    }
    // statusString and failInfo are read for their form only.
    if fields.peek() == Some(der::SEQUENCE) {
        let mut lines = fields.sequence()?;
        while !lines.is_empty() {
            let line = lines.take(der::UTF8_STRING)?;
            str::from_utf8(line).map_err(|_| DerError::Value("UTF8String"))?;
        }
    }
    fields.optional(der::BIT_STRING)?;
    Ok(fields.finish()?)
}

/// Spec: RFC 5652 3
fn read_content_info(mut fields: Reader<'_>) -> Result<Reader<'_>, TspError> {
    let content_type = fields.oid()?;
    if content_type != SIGNED_DATA {
        let found = content_type.to_string();
        return Err(TspError::NotSignedData { found });
    }
    let mut content = Reader::new(fields.take(der::context_constructed(0))?);
    fields.finish()?;
    let data = content.sequence()?;
    content.finish()?;
    Ok(data)
}

/// What there is to SignedData: its eContent, the field `certificates`, and who signed.
struct SignedData<'a> {
    content: &'a [u8],
    certificates: Option<&'a [u8]>,
    signer: Signer,
}

/// Reads SignedData.
///
/// Spec: RFC 5652 5.1
fn read_signed_data<'a>(mut fields: Reader<'a>, whole: &[u8]) -> Result<SignedData<'a>, TspError> {
    // version 3, since the content is not id-data
    check_version("SignedData", 3, fields.small()?)?;
    let digest_algorithms = fields.set()?;
    let content = read_tst_info(fields.sequence()?)?;
    // Certificates and revocation lists from the token are read for their form only.
    let certificates = fields.optional(der::context_constructed(0))?;
    let revoked = fields.optional(der::context_constructed(1))?;
    for set in [certificates, revoked].into_iter().flatten() {
        let mut set = Reader::new(set);
        while !set.is_empty() {
            set.any()?;
        }
    }
    let signer = Signer::parse(fields.set()?, whole)?;
    fields.finish()?;
    check_listed(digest_algorithms, signer.digest_algorithm)?;
    Ok(SignedData {
        content,
        certificates,
        signer,
    })
}

/// Spec: RFC 5652 5.2; RFC 3161 2.4.2
fn read_tst_info(mut fields: Reader<'_>) -> Result<&[u8], TspError> {
    let content_type = fields.oid()?;
    if content_type != TST_INFO {
        let found = content_type.to_string();
        return Err(TspError::NotTstInfo { found });
    }
    let mut explicit = Reader::new(fields.take(der::context_constructed(0))?);
    fields.finish()?;
    let content = explicit.octet_string()?;
    explicit.finish()?;
    Ok(content)
}

/// Checks that digestAlgorithms is in order and has the signer's.
fn check_listed(mut list: Reader<'_>, want: HashAlgorithm) -> Result<(), TspError> {
    let mut before: &[u8] = &[];
    let mut listed = false;
    while !list.is_empty() {
        let identifier = list.take_raw(der::SEQUENCE)?;
        if identifier.raw < before {
            return Err(TspError::SetOrder);
        }
        before = identifier.raw;
        let mut fields = Reader::new(identifier.value);
        listed |= hash_from_oid(fields.oid()?, fields.rest()) == Some(want);
    }
    if listed {
        Ok(())
    } else {
        Err(TspError::DigestNotListed(want))
    }
}

/// Signed attributes, or extensions, in one token. Ours.
const ELEMENTS: usize = 32;

// 1.2.840.113549.1.7.2
const SIGNED_DATA: Oid<'_> = Oid::from_content(b"\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02");
// 1.2.840.113549.1.9.16.1.4
const TST_INFO: Oid<'_> = Oid::from_content(b"\x2a\x86\x48\x86\xf7\x0d\x01\x09\x10\x01\x04");
