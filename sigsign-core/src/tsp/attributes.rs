use super::info::repeated;
use super::signer::read_digest_algorithm;
use super::span::Span;
use super::{ELEMENTS, TST_INFO, TspError};
use crate::crypto::{self, Hasher, hash_from_oid};
use crate::der::{self, DerError, Oid, Reader, Tlv};
use crate::digest::{Digest, HashAlgorithm};
use crate::x509::Certificate;

/// The signed attributes, as places in the response.
#[derive(Clone, Debug)]
pub(super) struct Attributes {
    /// The whole field, with the tag it has in a SignerInfo.
    raw: Span,
    message_digest: Span,
    /// By signing-certificate, by signing-certificate-v2; at least one is there.
    certificates: [Option<CertificateId>; 2],
    /// CMSAlgorithmProtection.
    protection: Option<Span>,
}

/// The first ESSCertID: the signer's certificate by its digest.
#[derive(Clone, Copy, Debug)]
struct CertificateId {
    hash: CertificateHash,
    digest: Span,
    issuer_and_serial: Option<(Span, Span)>,
}

/// The hash of an ESSCertID: the first version of it has SHA-1 only.
///
/// It says which certificate is meant. What makes a certificate trusted is that it is in the
/// trusted root, so a collision gains nobody anything.
#[derive(Clone, Copy, Debug)]
enum CertificateHash {
    Sha1,
    Sha2(HashAlgorithm),
}

impl Attributes {
    /// Reads the field signedAttrs; `whole` is the response that it lies in.
    ///
    /// Attributes of other types are read for their form only.
    ///
    /// Spec: RFC 5652 5.3, 11; RFC 3161 2.4.2; RFC 5816 2.2.1
    pub(super) fn parse(field: Tlv<'_>, whole: &[u8]) -> Result<Self, TspError> {
        let mut list = Reader::new(field.value);
        let mut seen: [Option<Oid<'_>>; ELEMENTS] = [None; ELEMENTS];
        let mut before: &[u8] = &[];
        let (mut content_type, mut message_digest) = (None, None);
        let (mut certificate, mut certificate_v1) = (None, None);
        let mut protection = None;
        for slot in &mut seen {
            if list.is_empty() {
                break;
            }
            let attribute = list.take_raw(der::SEQUENCE)?;
            let (oid, value) = read_attribute(attribute)?;
            // 5.3: the DER of a SET OF, in ascending order
            if attribute.raw < before {
                return Err(TspError::SetOrder);
            }
            before = attribute.raw;
            *slot = Some(oid);
            match oid {
                CONTENT_TYPE => content_type = Some(value),
                MESSAGE_DIGEST => message_digest = Some(value),
                SIGNING_CERTIFICATE_V2 => certificate = Some(value),
                SIGNING_CERTIFICATE => certificate_v1 = Some(value),
                ALGORITHM_PROTECTION => protection = Some(Span::new(value.raw, whole)),
                _ => {}
            }
        }
        if !list.is_empty() {
            return Err(TspError::TooMany { cap: ELEMENTS });
        }
        if let Some(oid) = repeated(&seen) {
            let found = oid.to_string();
            return Err(TspError::DuplicateAttribute { found });
        }
        check_content_type(content_type)?;
        let message_digest = read_message_digest(message_digest)?;
        if certificate.is_none() && certificate_v1.is_none() {
            let want = "signing-certificate-v2";
            return Err(TspError::MissingAttribute { want });
        }
        // RFC 5816 2.2.1: the first version where the hash is SHA-1
        let read = |value: Option<Tlv<'_>>, parse: ParseCertificateId| {
            value
                .map(|value| read_signing_certificate(value, parse, whole))
                .transpose()
        };
        Ok(Self {
            raw: Span::new(field.raw, whole),
            message_digest: Span::new(message_digest, whole),
            certificates: [
                read(certificate_v1, CertificateId::parse_v1)?,
                read(certificate, CertificateId::parse_v2)?,
            ],
            protection,
        })
    }

    /// The digest in the message-digest attribute.
    pub(super) fn message_digest<'a>(&self, whole: &'a [u8]) -> &'a [u8] {
        self.message_digest.of(whole)
    }

    /// Checks that the algorithms of the signer are the protected ones, where they are protected.
    ///
    /// `signature` is the signer's AlgorithmIdentifier. Parameters may be absent or NULL on either
    /// side.
    ///
    /// Spec: RFC 6211 2, 3
    pub(super) fn check_protection(
        &self,
        digest: HashAlgorithm,
        signature: Reader<'_>,
        whole: &[u8],
    ) -> Result<(), TspError> {
        let Some(protection) = self.protection else {
            return Ok(());
        };
        let mut fields = Reader::new(protection.of(whole)).sequence()?;
        let same_digest = read_digest_algorithm(&mut fields)? == digest;
        let protected = Reader::new(fields.take(der::context_constructed(1))?);
        fields.finish()?;
        if same_digest && same_algorithm(protected, signature)? {
            Ok(())
        } else {
            Err(TspError::AlgorithmProtection)
        }
    }

    /// The field as it is signed: with the tag of a SET OF, in two parts.
    ///
    /// Spec: RFC 5652 5.4
    pub(super) fn signed_parts<'a>(&self, whole: &'a [u8]) -> [&'a [u8]; 2] {
        let after_tag = self.raw.of(whole).get(1..).unwrap_or_default();
        [&[der::SET], after_tag]
    }

    /// The digest of the field as it is signed.
    pub(super) fn signed_digest(&self, algorithm: HashAlgorithm, whole: &[u8]) -> Digest {
        let mut hasher = Hasher::new(algorithm);
        for part in self.signed_parts(whole) {
            hasher.update(part);
        }
        hasher.finish()
    }

    /// Whether the signing-certificate attributes, each that is there, are about `leaf` (V17).
    pub(super) fn are_about(&self, leaf: &Certificate, whole: &[u8]) -> bool {
        let mut ids = self.certificates.iter().flatten();
        ids.all(|id| id.is_of(leaf, whole))
    }
}

/// Whether two AlgorithmIdentifiers are the same but for parameters that are absent or NULL.
fn same_algorithm(mut a: Reader<'_>, mut b: Reader<'_>) -> Result<bool, DerError> {
    let parameters = |fields: &Reader<'_>| match fields.rest() {
        [der::NULL, 0] => Vec::new(),
        other => other.to_vec(),
    };
    Ok(a.oid()? == b.oid()? && parameters(&a) == parameters(&b))
}

/// Reads one attribute; returns its only value, or the first one where several may be.
fn read_attribute<'a>(attribute: Tlv<'a>) -> Result<(Oid<'a>, Tlv<'a>), TspError> {
    let mut fields = Reader::new(attribute.value);
    let oid = fields.oid()?;
    let mut values = fields.set()?;
    fields.finish()?;
    let wrong = || TspError::AttributeValues {
        of: oid.to_string(),
    };
    if values.is_empty() {
        return Err(wrong());
    }
    let first = values.any()?;
    if !values.is_empty() && SINGLE_VALUED.contains(&oid) {
        return Err(wrong());
    }
    let mut before = first.raw;
    while !values.is_empty() {
        let value = values.any()?.raw;
        if value < before {
            return Err(TspError::SetOrder);
        }
        before = value;
    }
    Ok((oid, first))
}

/// Spec: RFC 5652 11.1
fn check_content_type(value: Option<Tlv<'_>>) -> Result<(), TspError> {
    let want = "content-type";
    let value = value.ok_or(TspError::MissingAttribute { want })?;
    let found = Reader::new(value.raw).oid()?;
    if found == TST_INFO {
        Ok(())
    } else {
        let found = found.to_string();
        Err(TspError::ContentTypeAttribute { found })
    }
}

/// Spec: RFC 5652 11.2
fn read_message_digest(value: Option<Tlv<'_>>) -> Result<&[u8], TspError> {
    let want = "message-digest";
    let value = value.ok_or(TspError::MissingAttribute { want })?;
    Ok(Reader::new(value.raw).octet_string()?)
}

/// How one version of ESSCertID is read.
type ParseCertificateId = fn(Reader<'_>, &[u8]) -> Result<CertificateId, TspError>;

/// Reads a SigningCertificate of either version, whose first certificate is the signer's.
///
/// Certificates after the first one, and policies, limit what the signer may be trusted for by
/// others; they are read for their form only.
///
/// Spec: RFC 5035 3, 5.4
fn read_signing_certificate(
    value: Tlv<'_>,
    parse: ParseCertificateId,
    whole: &[u8],
) -> Result<CertificateId, TspError> {
    let mut fields = Reader::new(value.raw).sequence()?;
    let mut certificates = fields.sequence()?;
    let id = parse(certificates.sequence()?, whole)?;
    while !certificates.is_empty() {
        certificates.sequence()?;
    }
    if !fields.is_empty() {
        let mut policies = fields.sequence()?;
        while !policies.is_empty() {
            policies.sequence()?;
        }
    }
    fields.finish()?;
    Ok(id)
}

impl CertificateId {
    /// Spec: RFC 5035 5.4.1
    fn parse_v1(fields: Reader<'_>, whole: &[u8]) -> Result<Self, TspError> {
        Self::parse(CertificateHash::Sha1, fields, whole)
    }

    /// Spec: RFC 5035 4
    fn parse_v2(mut fields: Reader<'_>, whole: &[u8]) -> Result<Self, TspError> {
        // Off-spec: DER leaves out a hashAlgorithm with its default, but authorities write it.
        let algorithm = match fields.peek() {
            Some(der::SEQUENCE) => {
                let mut identifier = fields.sequence()?;
                let oid = identifier.oid()?;
                hash_from_oid(oid, identifier.rest()).ok_or_else(|| TspError::DigestAlgorithm {
                    found: oid.to_string(),
                })?
            }
            _ => HashAlgorithm::Sha256,
        };
        Self::parse(CertificateHash::Sha2(algorithm), fields, whole)
    }

    /// Reads what is the same in both versions.
    fn parse(
        hash: CertificateHash,
        mut fields: Reader<'_>,
        whole: &[u8],
    ) -> Result<Self, TspError> {
        let digest = Span::new(fields.octet_string()?, whole);
        let issuer_and_serial = if fields.is_empty() {
            None
        } else {
            Some(read_issuer_serial(fields.sequence()?, whole)?)
        };
        fields.finish()?;
        Ok(Self {
            hash,
            digest,
            issuer_and_serial,
        })
    }

    fn is_of(&self, leaf: &Certificate, whole: &[u8]) -> bool {
        let claimed = self.digest.of(whole);
        let same = match self.hash {
            CertificateHash::Sha1 => crypto::sha1(leaf.der()) == claimed,
            CertificateHash::Sha2(algorithm) => {
                crypto::hash(algorithm, leaf.der()).as_bytes() == claimed
            }
        };
        same && self.issuer_and_serial.is_none_or(|(issuer, serial)| {
            issuer.of(whole) == leaf.issuer() && serial.of(whole) == leaf.serial()
        })
    }
}

/// Reads an IssuerSerial, whose issuer is one directory name.
fn read_issuer_serial(mut fields: Reader<'_>, whole: &[u8]) -> Result<(Span, Span), DerError> {
    let mut names = fields.sequence()?;
    let mut name = Reader::new(names.take(der::context_constructed(4))?);
    names.finish()?;
    let issuer = name.take_raw(der::SEQUENCE)?.raw;
    name.finish()?;
    let serial = fields.integer()?;
    fields.finish()?;
    Ok((Span::new(issuer, whole), Span::new(serial, whole)))
}

/// RFC 5652 11; RFC 5035 3; RFC 6211 2
const SINGLE_VALUED: [Oid<'_>; 6] = [
    CONTENT_TYPE,
    MESSAGE_DIGEST,
    SIGNING_TIME,
    SIGNING_CERTIFICATE,
    SIGNING_CERTIFICATE_V2,
    ALGORITHM_PROTECTION,
];

// 1.2.840.113549.1.9.3, .4, .5, .52, .16.2.12, .16.2.47
const CONTENT_TYPE: Oid<'_> = Oid::from_content(b"\x2a\x86\x48\x86\xf7\x0d\x01\x09\x03");
const MESSAGE_DIGEST: Oid<'_> = Oid::from_content(b"\x2a\x86\x48\x86\xf7\x0d\x01\x09\x04");
const SIGNING_TIME: Oid<'_> = Oid::from_content(b"\x2a\x86\x48\x86\xf7\x0d\x01\x09\x05");
const ALGORITHM_PROTECTION: Oid<'_> = Oid::from_content(b"\x2a\x86\x48\x86\xf7\x0d\x01\x09\x34");
const SIGNING_CERTIFICATE: Oid<'_> =
    Oid::from_content(b"\x2a\x86\x48\x86\xf7\x0d\x01\x09\x10\x02\x0c");
const SIGNING_CERTIFICATE_V2: Oid<'_> =
    Oid::from_content(b"\x2a\x86\x48\x86\xf7\x0d\x01\x09\x10\x02\x2f");
