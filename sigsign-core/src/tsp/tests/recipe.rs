//! Tokens made to order: every part of a good one can be replaced.

use p256::ecdsa::signature::Signer as _;
use p256::ecdsa::{Signature, SigningKey};

use crate::crypto;
use crate::der::{self, write::tlv};
use crate::digest::HashAlgorithm;
use crate::x509::Certificate;

pub(super) const STAMPED: &[u8] = b"the signature of a bundle";

pub(super) const SIGNED_DATA: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02";
pub(super) const DATA: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x07\x01";
pub(super) const TST_INFO: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x09\x10\x01\x04";
pub(super) const CONTENT_TYPE: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x09\x03";
pub(super) const MESSAGE_DIGEST: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x09\x04";
pub(super) const SIGNING_CERTIFICATE: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x09\x10\x02\x0c";
pub(super) const SIGNING_CERTIFICATE_V2: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x09\x10\x02\x2f";
pub(super) const SHA1: &[u8] = b"\x2b\x0e\x03\x02\x1a";
pub(super) const SHA256: &[u8] = b"\x60\x86\x48\x01\x65\x03\x04\x02\x01";
pub(super) const SHA384: &[u8] = b"\x60\x86\x48\x01\x65\x03\x04\x02\x02";
pub(super) const SHA512: &[u8] = b"\x60\x86\x48\x01\x65\x03\x04\x02\x03";
pub(super) const ECDSA_SHA256: &[u8] = b"\x2a\x86\x48\xce\x3d\x04\x03\x02";
const EC_PUBLIC_KEY: &[u8] = b"\x2a\x86\x48\xce\x3d\x02\x01";
const P256: &[u8] = b"\x2a\x86\x48\xce\x3d\x03\x01\x07";
const COMMON_NAME: &[u8] = b"\x55\x04\x03";
const SUBJECT_KEY_ID: &[u8] = b"\x55\x1d\x0e";
pub(super) const KEY_ID: &[u8] = &[9; 20];

pub(super) fn oid(content: &[u8]) -> Vec<u8> {
    tlv(der::OID, &[content])
}

pub(super) fn int(value: u8) -> Vec<u8> {
    tlv(der::INTEGER, &[&[value]])
}

pub(super) fn sequence(parts: &[&[u8]]) -> Vec<u8> {
    tlv(der::SEQUENCE, parts)
}

/// An AlgorithmIdentifier without parameters.
pub(super) fn algorithm(content: &[u8]) -> Vec<u8> {
    sequence(&[&oid(content)])
}

pub(super) fn name(common: &str) -> Vec<u8> {
    let value = tlv(der::UTF8_STRING, &[common.as_bytes()]);
    let pair = sequence(&[&oid(COMMON_NAME), &value]);
    sequence(&[&tlv(der::SET, &[&pair])])
}

pub(super) fn attribute(kind: &[u8], value: &[u8]) -> Vec<u8> {
    sequence(&[&oid(kind), &tlv(der::SET, &[value])])
}

/// The SubjectPublicKeyInfo of a P-256 key.
pub(super) fn p256_spki(key: &SigningKey) -> Vec<u8> {
    let point = key.verifying_key().to_sec1_point(false);
    let algorithm = sequence(&[&oid(EC_PUBLIC_KEY), &oid(P256)]);
    sequence(&[&algorithm, &tlv(der::BIT_STRING, &[&[0], point.as_bytes()])])
}

pub(super) fn p256_key(seed: u8) -> SigningKey {
    SigningKey::from_slice(&[seed; 32]).unwrap()
}

pub(super) fn p256_sign(seed: u8, message: &[u8]) -> Vec<u8> {
    let signature: Signature = p256_key(seed).sign(message);
    signature.to_der().as_bytes().to_vec()
}

/// A certificate for `spki`; nobody checks its signature here.
pub(super) fn certificate(spki: &[u8], issuer: &str, serial: u8) -> Certificate {
    let time = |text: &[u8]| tlv(der::UTC_TIME, &[text]);
    let key_id = sequence(&[
        &oid(SUBJECT_KEY_ID),
        &tlv(der::OCTET_STRING, &[&tlv(der::OCTET_STRING, &[KEY_ID])]),
    ]);
    let tbs = sequence(&[
        &tlv(0xa0, &[&int(2)]),
        &int(serial),
        &algorithm(ECDSA_SHA256),
        &name(issuer),
        &sequence(&[&time(b"200101000000Z"), &time(b"300101000000Z")]),
        &name("stamps"),
        spki,
        &tlv(0xa3, &[&sequence(&[&key_id])]),
    ]);
    let signature = tlv(der::BIT_STRING, &[&[0, 1]]);
    Certificate::from_der(&sequence(&[&tbs, &algorithm(ECDSA_SHA256), &signature])).unwrap()
}

/// The authority's certificate that a recipe signs for.
pub(super) fn leaf() -> Certificate {
    certificate(&p256_spki(&p256_key(1)), "root", 5)
}

/// Every part of a response; the default ones make a good one.
pub(super) struct Recipe {
    pub(super) leaf: Certificate,
    pub(super) status: Vec<u8>,
    pub(super) content_type: Vec<u8>,
    pub(super) data_version: u8,
    pub(super) digest_algorithms: Vec<Vec<u8>>,
    pub(super) info_type: Vec<u8>,
    pub(super) info: Vec<Vec<u8>>,
    pub(super) before_signers: Vec<u8>,
    pub(super) signers: usize,
    pub(super) signer_version: u8,
    pub(super) signer_id: Vec<u8>,
    pub(super) hash: HashAlgorithm,
    pub(super) digest_algorithm: Vec<u8>,
    pub(super) essential: Vec<u8>,
    pub(super) signature_algorithm: Vec<u8>,
    pub(super) after_signature: Vec<u8>,
}

impl Recipe {
    pub(super) fn new(leaf: Certificate) -> Self {
        let id = sequence(&[leaf.issuer(), &tlv(der::INTEGER, &[leaf.serial()])]);
        let essential = signing_certificate(&[&certificate_id(&leaf, &[])]);
        Self {
            status: int(0),
            content_type: oid(SIGNED_DATA),
            data_version: 3,
            digest_algorithms: vec![algorithm(SHA256)],
            info_type: oid(TST_INFO),
            info: info(),
            before_signers: Vec::new(),
            signers: 1,
            signer_version: 1,
            signer_id: id,
            hash: HashAlgorithm::Sha256,
            digest_algorithm: algorithm(SHA256),
            essential,
            signature_algorithm: algorithm(ECDSA_SHA256),
            after_signature: Vec::new(),
            leaf,
        }
    }

    pub(super) fn content(&self) -> Vec<u8> {
        sequence(&self.info.iter().map(Vec::as_slice).collect::<Vec<_>>())
    }

    /// The signed attributes that belong to the content, in order.
    pub(super) fn attributes(&self) -> Vec<Vec<u8>> {
        let digest = crypto::hash(self.hash, &self.content());
        let mut attributes = vec![
            attribute(CONTENT_TYPE, &oid(TST_INFO)),
            attribute(
                MESSAGE_DIGEST,
                &tlv(der::OCTET_STRING, &[digest.as_bytes()]),
            ),
            self.essential.clone(),
        ];
        attributes.sort();
        attributes
    }

    pub(super) fn build(&self) -> Vec<u8> {
        self.build_with(&self.attributes())
    }

    /// The response with these attributes, signed by the P-256 key.
    pub(super) fn build_with(&self, attributes: &[Vec<u8>]) -> Vec<u8> {
        self.build_signed(attributes, |message| p256_sign(1, message))
    }

    /// The response with these attributes and the signature that `sign` makes.
    pub(super) fn build_signed(
        &self,
        attributes: &[Vec<u8>],
        sign: impl Fn(&[u8]) -> Vec<u8>,
    ) -> Vec<u8> {
        let attributes = attributes.concat();
        let signature = sign(&tlv(der::SET, &[&attributes]));
        let field = tlv(0xa0, &[&attributes]);
        self.build_field(if attributes.is_empty() { &[] } else { &field }, &signature)
    }

    fn build_field(&self, attributes: &[u8], signature: &[u8]) -> Vec<u8> {
        let signer = sequence(&[
            &int(self.signer_version),
            &self.signer_id,
            &self.digest_algorithm,
            attributes,
            &self.signature_algorithm,
            &tlv(der::OCTET_STRING, &[signature]),
            &self.after_signature,
        ]);
        let content = tlv(0xa0, &[&tlv(der::OCTET_STRING, &[&self.content()])]);
        let data = sequence(&[
            &int(self.data_version),
            &tlv(der::SET, &[&self.digest_algorithms.concat()]),
            &sequence(&[&self.info_type, &content]),
            &self.before_signers,
            &tlv(der::SET, &[&signer.repeat(self.signers)]),
        ]);
        let token = sequence(&[&self.content_type, &tlv(0xa0, &[&data])]);
        sequence(&[&sequence(&[&self.status]), &token])
    }
}

/// The fields of a TSTInfo; the optional ones follow from index 5 on.
fn info() -> Vec<Vec<u8>> {
    vec![
        int(1),
        oid(&[0x2a, 3, 4]),
        imprint(SHA256, HashAlgorithm::Sha256),
        int(77),
        tlv(der::GENERALIZED_TIME, &[b"20250101000000Z"]),
    ]
}

pub(super) fn imprint(kind: &[u8], hash: HashAlgorithm) -> Vec<u8> {
    let digest = crypto::hash(hash, STAMPED);
    sequence(&[
        &algorithm(kind),
        &tlv(der::OCTET_STRING, &[digest.as_bytes()]),
    ])
}

/// An ESSCertIDv2 with the default hash; `rest` is its issuerSerial.
pub(super) fn certificate_id(leaf: &Certificate, rest: &[u8]) -> Vec<u8> {
    let digest = crypto::sha256(leaf.der());
    sequence(&[&tlv(der::OCTET_STRING, &[&digest]), rest])
}

pub(super) fn signing_certificate(ids: &[&[u8]]) -> Vec<u8> {
    attribute(SIGNING_CERTIFICATE_V2, &sequence(&[&sequence(ids)]))
}
