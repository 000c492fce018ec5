//! Certificates made in memory, and what this module says of them.

mod certificate;
mod claims;
mod path;

use ed25519_dalek::{Signer, SigningKey};

use super::Certificate;
use crate::der::write::tlv;
use crate::der::{self};
use crate::time::{Timestamp, Validity};

pub(crate) const BASIC_CONSTRAINTS: &str = "2.5.29.19";
pub(crate) const KEY_USAGE: &str = "2.5.29.15";
pub(crate) const EXTENDED_KEY_USAGE: &str = "2.5.29.37";
pub(crate) const ALTERNATIVE_NAMES: &str = "2.5.29.17";
pub(crate) const SUBJECT_KEY_ID: &str = "2.5.29.14";
pub(crate) const AUTHORITY_KEY_ID: &str = "2.5.29.35";
pub(crate) const NAME_CONSTRAINTS: &str = "2.5.29.30";
pub(crate) const POLICIES: &str = "2.5.29.32";
pub(crate) const SCT_LIST: &str = "1.3.6.1.4.1.11129.2.4.2";

pub(crate) const CODE_SIGNING: &str = "1.3.6.1.5.5.7.3.3";
pub(crate) const TIME_STAMPING: &str = "1.3.6.1.5.5.7.3.8";
pub(crate) const SERVER_AUTH: &str = "1.3.6.1.5.5.7.3.1";

/// Ed25519 as an AlgorithmIdentifier.
pub(crate) const ED25519: &[u8] = b"\x30\x05\x06\x03\x2b\x65\x70";

/// A certificate before it is signed; every field can be made wrong.
#[derive(Clone)]
pub(crate) struct Draft {
    pub(crate) version: Vec<u8>,
    pub(crate) serial: Vec<u8>,
    pub(crate) algorithm: Vec<u8>,
    pub(crate) outer_algorithm: Vec<u8>,
    pub(crate) issuer: Vec<u8>,
    pub(crate) validity: Vec<u8>,
    pub(crate) subject: Vec<u8>,
    pub(crate) spki: Vec<u8>,
    pub(crate) unique_id: Vec<u8>,
    pub(crate) extensions: Vec<(String, Vec<u8>)>,
}

impl Draft {
    pub(crate) fn new(subject: Vec<u8>, key: u8, issuer: Vec<u8>) -> Self {
        Self {
            version: tlv(0xa0, &[&[2, 1, 2]]),
            serial: vec![1],
            algorithm: ED25519.to_vec(),
            outer_algorithm: ED25519.to_vec(),
            issuer,
            validity: window("200101000000Z", "300101000000Z"),
            subject,
            spki: spki(key),
            unique_id: Vec::new(),
            extensions: Vec::new(),
        }
    }

    /// A CA with the key and the name of that number.
    pub(crate) fn ca(number: u8, issuer: u8) -> Self {
        Self::new(ca_name(number), number, ca_name(issuer))
            .with(BASIC_CONSTRAINTS, true, &basic_constraints(None))
            .with(KEY_USAGE, true, b"\x03\x02\x01\x06")
            .with(SUBJECT_KEY_ID, false, &key_id(number))
            .with(AUTHORITY_KEY_ID, false, &authority_key_id(issuer))
    }

    /// What Fulcio issues for a workflow, valid for ten minutes from [`start`].
    pub(crate) fn leaf(issuer: u8) -> Self {
        let mut draft = Self::new(tlv(0x30, &[]), 99, ca_name(issuer))
            .with(KEY_USAGE, true, b"\x03\x02\x07\x80")
            .with(EXTENDED_KEY_USAGE, false, &purposes(&[CODE_SIGNING]))
            .with(AUTHORITY_KEY_ID, false, &authority_key_id(issuer))
            .with(
                ALTERNATIVE_NAMES,
                true,
                &names(&[(0x86, b"https://example.com/workflow")]),
            );
        draft.validity = window("260101000000Z", "260101001000Z");
        draft
    }

    pub(crate) fn tsa(issuer: u8) -> Self {
        Self::new(ca_name(98), 98, ca_name(issuer))
            .with(KEY_USAGE, true, b"\x03\x02\x07\x80")
            .with(EXTENDED_KEY_USAGE, true, &purposes(&[TIME_STAMPING]))
            .with(AUTHORITY_KEY_ID, false, &authority_key_id(issuer))
    }

    /// Puts an extension in, in place of one that is there.
    pub(crate) fn with(mut self, name: &str, critical: bool, value: &[u8]) -> Self {
        let critical: &[u8] = if critical { &[1, 1, 0xff] } else { &[] };
        let value = tlv(der::OCTET_STRING, &[value]);
        let item = tlv(0x30, &[&oid(name), critical, &value]);
        match self.extensions.iter_mut().find(|(other, _)| other == name) {
            Some((_, other)) => *other = item,
            None => self.extensions.push((name.to_owned(), item)),
        }
        self
    }

    pub(crate) fn without(mut self, name: &str) -> Self {
        self.extensions.retain(|(other, _)| other != name);
        self
    }

    pub(crate) fn tbs(&self) -> Vec<u8> {
        let list: Vec<u8> = self.extensions.iter().flat_map(|it| it.1.clone()).collect();
        let extensions = if list.is_empty() {
            Vec::new()
        } else {
            tlv(0xa3, &[&tlv(0x30, &[&list])])
        };
        tlv(
            0x30,
            &[
                &self.version,
                &tlv(der::INTEGER, &[&self.serial]),
                &self.algorithm,
                &self.issuer,
                &self.validity,
                &self.subject,
                &self.spki,
                &self.unique_id,
                &extensions,
            ],
        )
    }

    /// The certificate's DER, signed with the key of that number.
    pub(crate) fn sign(&self, key: u8) -> Vec<u8> {
        let tbs = self.tbs();
        let signature = signing_key(key).sign(&tbs).to_bytes();
        let signature = tlv(der::BIT_STRING, &[&[0], &signature]);
        tlv(0x30, &[&tbs, &self.outer_algorithm, &signature])
    }

    pub(crate) fn certificate(&self, key: u8) -> Certificate {
        Certificate::from_der(&self.sign(key)).unwrap()
    }
}

/// When leaves start to be valid.
pub(crate) fn start() -> Timestamp {
    Timestamp::from_civil(2026, 1, 1, 0, 0, 0).unwrap()
}

pub(crate) fn after(seconds: i64) -> Timestamp {
    Timestamp::from_unix_seconds(start().unix_seconds() + seconds)
}

/// A window that all certificates here lie in.
pub(crate) fn always() -> Validity {
    Validity::new(Timestamp::from_unix_seconds(0), None)
}

pub(crate) fn signing_key(number: u8) -> SigningKey {
    SigningKey::from_bytes(&[number; 32])
}

pub(crate) fn spki(key: u8) -> Vec<u8> {
    let point = signing_key(key).verifying_key().to_bytes();
    tlv(0x30, &[ED25519, &tlv(der::BIT_STRING, &[&[0], &point])])
}

pub(crate) fn window(start: &str, end: &str) -> Vec<u8> {
    let start = tlv(der::UTC_TIME, &[start.as_bytes()]);
    tlv(0x30, &[&start, &tlv(der::UTC_TIME, &[end.as_bytes()])])
}

pub(crate) fn ca_name(number: u8) -> Vec<u8> {
    name(&[("2.5.4.10", "test"), ("2.5.4.3", &format!("ca {number}"))])
}

pub(crate) fn name(attributes: &[(&str, &str)]) -> Vec<u8> {
    let rdns: Vec<u8> = attributes
        .iter()
        .flat_map(|(kind, value)| {
            let value = tlv(der::UTF8_STRING, &[value.as_bytes()]);
            tlv(der::SET, &[&tlv(0x30, &[&oid(kind), &value])])
        })
        .collect();
    tlv(0x30, &[&rdns])
}

pub(crate) fn basic_constraints(path_len: Option<u8>) -> Vec<u8> {
    let path_len = path_len.map_or(Vec::new(), |it| vec![2, 1, it]);
    tlv(0x30, &[&[1, 1, 0xff], &path_len])
}

pub(crate) fn purposes(oids: &[&str]) -> Vec<u8> {
    let oids: Vec<u8> = oids.iter().flat_map(|it| oid(it)).collect();
    tlv(0x30, &[&oids])
}

pub(crate) fn key_id(number: u8) -> Vec<u8> {
    tlv(der::OCTET_STRING, &[&[number; 20]])
}

pub(crate) fn authority_key_id(number: u8) -> Vec<u8> {
    tlv(0x30, &[&tlv(der::context(0), &[&[number; 20]])])
}

pub(crate) fn names(names: &[(u8, &[u8])]) -> Vec<u8> {
    let names: Vec<u8> = names.iter().flat_map(|it| tlv(it.0, &[it.1])).collect();
    tlv(0x30, &[&names])
}

pub(crate) fn user_name(value: &[u8]) -> Vec<u8> {
    [oid("1.3.6.1.4.1.57264.1.7"), tlv(0xa0, &[value])].concat()
}

pub(crate) fn oid(dotted: &str) -> Vec<u8> {
    let arcs: Vec<u32> = dotted.split('.').map(|arc| arc.parse().unwrap()).collect();
    let mut content = Vec::new();
    for arc in [&[arcs[0] * 40 + arcs[1]], &arcs[2..]].concat() {
        let groups = (1..5).filter(|group| arc >> (7 * group) != 0).count();
        for group in (0..=groups).rev() {
            let more = if group > 0 { 0x80 } else { 0 };
            content.push(u8::try_from(arc >> (7 * group) & 0x7f).unwrap() | more);
        }
    }
    tlv(der::OID, &[&content])
}
