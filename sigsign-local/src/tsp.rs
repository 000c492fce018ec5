//! Timestamp tokens.
//!
//! Spec: RFC 3161 2.4; RFC 5652 5; RFC 5816

use crate::der;
use crate::key::{Hash, Key};
use crate::text;

/// id-ct-TSTInfo
pub const TST_INFO: &str = "1.2.840.113549.1.9.16.1.4";
/// id-signedData
pub const SIGNED_DATA: &str = "1.2.840.113549.1.7.2";
/// The attribute with the type of the content.
pub const CONTENT_TYPE: &str = "1.2.840.113549.1.9.3";
/// The attribute with the digest of the content.
pub const MESSAGE_DIGEST: &str = "1.2.840.113549.1.9.4";
/// The attribute with the time of signing.
pub const SIGNING_TIME: &str = "1.2.840.113549.1.9.5";
/// signing-certificate-v2
pub const SIGNING_CERTIFICATE: &str = "1.2.840.113549.1.9.16.2.47";

/// What is stamped, and when.
#[derive(Clone, Debug)]
#[expect(clippy::exhaustive_structs, reason = "callers set every field")]
pub struct TstInfo {
    /// 1.
    pub version: u64,
    /// The policy, dotted.
    pub policy: String,
    /// AlgorithmIdentifier of the imprint.
    pub imprint_algorithm: Vec<u8>,
    /// The hash that was stamped.
    pub imprint: Vec<u8>,
    /// Content of the serial number.
    pub serial: Vec<u8>,
    /// `20260115120000Z`
    pub gen_time: String,
    /// Accuracy, ordering, nonce, tsa and extensions, each encoded, in this order.
    pub rest: Vec<Vec<u8>>,
}

impl TstInfo {
    /// A plain one about `message` at a time in seconds.
    pub fn new(hash: Hash, message: &[u8], at: i64) -> Self {
        Self {
            version: 1,
            policy: "1.3.6.1.4.1.57264.2".to_owned(),
            imprint_algorithm: hash.identifier(),
            imprint: hash.of(message),
            serial: vec![0x2a],
            gen_time: format!("{}Z", text::digits(at)),
            rest: vec![der::integer(0x1234_5678)],
        }
    }

    /// TSTInfo
    pub fn encode(&self) -> Vec<u8> {
        let imprint = der::sequence(&[&self.imprint_algorithm, &der::octets(&self.imprint)]);
        let mut parts = vec![
            der::integer(self.version),
            der::oid(&self.policy),
            imprint,
            der::tlv(0x02, &self.serial),
            der::tlv(0x18, self.gen_time.as_bytes()),
        ];
        parts.extend(self.rest.iter().cloned());
        der::sequence(&parts)
    }
}

/// What the authority signs, before it does.
#[derive(Clone, Debug)]
#[expect(clippy::exhaustive_structs, reason = "callers set every field")]
pub struct SignerSpec {
    /// Each attribute encoded; they are sorted when signed unless [`Self::keep_order`] is set.
    pub attributes: Vec<Vec<u8>>,
    /// Whether the attributes are written in the order they have.
    pub keep_order: bool,
    /// SignerIdentifier.
    pub id: Vec<u8>,
    /// AlgorithmIdentifier of the digest.
    pub digest_algorithm: Vec<u8>,
    /// AlgorithmIdentifier of the signature.
    pub signature_algorithm: Vec<u8>,
    /// Who signs.
    pub key: Key,
    /// What is signed instead of the attributes.
    pub signed: Option<Vec<u8>>,
}

impl SignerSpec {
    /// The usual one for a certificate with this issuer and serial number.
    pub fn new(key: &Key, content: &[u8], certificate: (&[u8], &[u8], &[u8]), at: i64) -> Self {
        let (der_bytes, issuer, serial) = certificate;
        let hash = key.scheme.hash();
        let serial = der::tlv(0x02, serial);
        let names = der::sequence(&[der::tlv(0xa4, issuer)]);
        let ess = der::sequence(&[
            der::octets(&Hash::Sha256.of(der_bytes)),
            der::sequence(&[names, serial.clone()]),
        ]);
        let ess = der::sequence(&[der::sequence(&[ess])]);
        let attributes = vec![
            attribute(CONTENT_TYPE, &[der::oid(TST_INFO)]),
            attribute(SIGNING_TIME, &[crate::certificate::time(at)]),
            attribute(MESSAGE_DIGEST, &[der::octets(&hash.of(content))]),
            attribute(SIGNING_CERTIFICATE, &[ess]),
        ];
        Self {
            attributes,
            keep_order: false,
            id: der::sequence(&[issuer.to_vec(), serial]),
            digest_algorithm: hash.identifier(),
            signature_algorithm: key.algorithm(),
            key: key.clone(),
            signed: None,
        }
    }

    /// SignerInfo
    pub fn sign(&self) -> Vec<u8> {
        let attributes = if self.keep_order {
            der::set_as_is(&self.attributes)
        } else {
            der::set(&self.attributes)
        };
        let signature = self.key.sign(self.signed.as_ref().unwrap_or(&attributes));
        let attributes = der::tlv(0xa0, der::content(&attributes));
        let version = if self.id.first() == Some(&0x30) { 1 } else { 3 };
        der::sequence(&[
            der::integer(version),
            self.id.clone(),
            self.digest_algorithm.clone(),
            if self.attributes.is_empty() {
                Vec::new()
            } else {
                attributes
            },
            self.signature_algorithm.clone(),
            der::octets(&signature),
        ])
    }
}

/// An attribute with these values.
pub fn attribute(oid: &str, values: &[Vec<u8>]) -> Vec<u8> {
    der::sequence(&[der::oid(oid), der::set(values)])
}

/// The answer of the authority, around what was signed.
#[derive(Clone, Debug)]
#[expect(clippy::exhaustive_structs, reason = "callers set every field")]
pub struct ResponseSpec {
    /// PKIStatus.
    pub status: u64,
    /// The type of the outermost content, dotted.
    pub outer_type: String,
    /// 3.
    pub version: u64,
    /// AlgorithmIdentifiers.
    pub digest_algorithms: Vec<Vec<u8>>,
    /// The type of the content, dotted.
    pub content_type: String,
    /// TSTInfo.
    pub content: Vec<u8>,
    /// Certificates, DER.
    pub certificates: Vec<Vec<u8>>,
    /// SignerInfos.
    pub signers: Vec<Vec<u8>>,
}

impl ResponseSpec {
    /// TimeStampResp
    pub fn encode(&self) -> Vec<u8> {
        let content = der::explicit(0, &der::octets(&self.content));
        let content = der::sequence(&[der::oid(&self.content_type), content]);
        let certificates = if self.certificates.is_empty() {
            Vec::new()
        } else {
            der::tlv(0xa0, der::content(&der::set(&self.certificates)))
        };
        let signed_data = der::sequence(&[
            der::integer(self.version),
            der::set(&self.digest_algorithms),
            content,
            certificates,
            der::set_as_is(&self.signers),
        ]);
        let token = der::sequence(&[der::oid(&self.outer_type), der::explicit(0, &signed_data)]);
        der::sequence(&[der::sequence(&[der::integer(self.status)]), token])
    }
}
