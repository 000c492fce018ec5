//! X.509 certificates, from a profile that a caller may change before it is signed.
//!
//! Spec: RFC 5280; fulcio-spec 7; oid-info

use crate::der;
use crate::key::{Key, sha256};
use crate::text;

/// id-ce-subjectKeyIdentifier and its neighbors.
pub const SUBJECT_KEY_ID: &str = "2.5.29.14";
/// Key usage.
pub const KEY_USAGE: &str = "2.5.29.15";
/// Subject alternative name.
pub const SUBJECT_ALT_NAME: &str = "2.5.29.17";
/// Basic constraints.
pub const BASIC_CONSTRAINTS: &str = "2.5.29.19";
/// Name constraints.
pub const NAME_CONSTRAINTS: &str = "2.5.29.30";
/// Authority key identifier.
pub const AUTHORITY_KEY_ID: &str = "2.5.29.35";
/// Extended key usage.
pub const EXTENDED_KEY_USAGE: &str = "2.5.29.37";
/// The list of signed certificate timestamps.
pub const SCT_LIST: &str = "1.3.6.1.4.1.11129.2.4.2";
/// The arc of the certificate authority's own extensions.
pub const FULCIO: &str = "1.3.6.1.4.1.57264.1";
/// id-kp-codeSigning
pub const CODE_SIGNING: &str = "1.3.6.1.5.5.7.3.3";
/// id-kp-timeStamping
pub const TIME_STAMPING: &str = "1.3.6.1.5.5.7.3.8";

/// One extension.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "X.509 has no more")]
pub struct Extension {
    /// Its type, dotted.
    pub oid: String,
    /// Whether a reader must know it.
    pub critical: bool,
    /// What is in its OCTET STRING.
    pub value: Vec<u8>,
}

/// Everything in a certificate, and the key that signs it.
#[derive(Clone, Debug)]
#[expect(clippy::exhaustive_structs, reason = "callers set every field")]
pub struct CertificateSpec {
    /// 2 for version 3.
    pub version: u64,
    /// Content of the serial number.
    pub serial: Vec<u8>,
    /// Name, DER.
    pub issuer: Vec<u8>,
    /// Start, DER.
    pub not_before: Vec<u8>,
    /// End, DER.
    pub not_after: Vec<u8>,
    /// Name, DER.
    pub subject: Vec<u8>,
    /// SubjectPublicKeyInfo, DER.
    pub spki: Vec<u8>,
    /// In this order.
    pub extensions: Vec<Extension>,
    /// The algorithm inside what is signed; the key's if there is none.
    pub inner_algorithm: Option<Vec<u8>>,
    /// Who signs.
    pub signer: Key,
}

impl CertificateSpec {
    /// A certificate without extensions, valid from `start` to `end`, both included.
    pub fn new(names: (&[u8], &[u8]), spki: Vec<u8>, window: (i64, i64), signer: &Key) -> Self {
        let (issuer, subject) = names;
        let mut serial = sha256(&[issuer, subject, &spki].concat())[..16].to_vec();
        serial[0] = serial[0] & 0x3f | 0x40;
        Self {
            version: 2,
            serial,
            issuer: issuer.to_vec(),
            not_before: time(window.0),
            not_after: time(window.1),
            subject: subject.to_vec(),
            spki,
            extensions: Vec::new(),
            inner_algorithm: None,
            signer: signer.clone(),
        }
    }

    /// Puts an extension at the end.
    pub fn add(&mut self, oid: &str, critical: bool, value: Vec<u8>) {
        self.extensions.push(Extension {
            oid: oid.to_owned(),
            critical,
            value,
        });
    }

    /// The extension of this type.
    ///
    /// # Panics
    ///
    /// If there is none.
    pub fn extension(&mut self, oid: &str) -> &mut Extension {
        self.extensions
            .iter_mut()
            .find(|it| it.oid == oid)
            .expect("the extension")
    }

    /// Takes the extension of this type out.
    pub fn remove(&mut self, oid: &str) {
        self.extensions.retain(|it| it.oid != oid);
    }

    /// The validity, by seconds since 1970.
    pub fn valid(&mut self, start: i64, end: i64) {
        (self.not_before, self.not_after) = (time(start), time(end));
    }

    /// TBSCertificate
    pub fn tbs(&self) -> Vec<u8> {
        let mut parts = Vec::new();
        if self.version > 0 {
            parts.push(der::explicit(0, &der::integer(self.version)));
        }
        parts.push(der::tlv(0x02, &self.serial));
        parts.push(
            self.inner_algorithm
                .clone()
                .unwrap_or_else(|| self.signer.algorithm()),
        );
        parts.push(self.issuer.clone());
        parts.push(der::sequence(&[&self.not_before, &self.not_after]));
        parts.push(self.subject.clone());
        parts.push(self.spki.clone());
        if !self.extensions.is_empty() {
            let list: Vec<Vec<u8>> = self.extensions.iter().map(extension).collect();
            parts.push(der::explicit(3, &der::sequence(&list)));
        }
        der::sequence(&parts)
    }

    /// The certificate, signed.
    pub fn sign(&self) -> Vec<u8> {
        let tbs = self.tbs();
        let signature = der::bits(&self.signer.sign(&tbs));
        der::sequence(&[tbs, self.signer.algorithm(), signature])
    }
}

fn extension(it: &Extension) -> Vec<u8> {
    let critical = if it.critical { der::yes() } else { Vec::new() };
    der::sequence(&[der::oid(&it.oid), critical, der::octets(&it.value)])
}

/// A Name with an organization and a common name.
pub fn name(organization: &str, common_name: &str) -> Vec<u8> {
    let attribute = |oid, text| der::set(&[der::sequence(&[der::oid(oid), der::utf8(text)])]);
    der::sequence(&[
        attribute("2.5.4.10", organization),
        attribute("2.5.4.3", common_name),
    ])
}

/// Time, as RFC 5280 has it: UTCTime until 2049.
pub fn time(at: i64) -> Vec<u8> {
    let digits = text::digits(at);
    if (1950..2050).contains(&text::civil(at)[0]) {
        der::tlv(0x17, format!("{}Z", &digits[2..]).as_bytes())
    } else {
        der::tlv(0x18, format!("{digits}Z").as_bytes())
    }
}

/// Key identifier: SHA-1 is the custom; any 20 bytes will do.
pub fn key_id(spki: &[u8]) -> Vec<u8> {
    sha256(spki)[..20].to_vec()
}

/// BasicConstraints of an authority.
pub fn ca(path_length: Option<u64>) -> Vec<u8> {
    der::sequence(&[
        der::yes(),
        path_length.map(der::integer).unwrap_or_default(),
    ])
}

/// ExtKeyUsageSyntax
pub fn usages(oids: &[&str]) -> Vec<u8> {
    der::sequence(&oids.iter().map(|oid| der::oid(oid)).collect::<Vec<_>>())
}

/// One GeneralName.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum San {
    /// rfc822Name
    Email(String),
    /// uniformResourceIdentifier
    Uri(String),
    /// otherName 1.3.6.1.4.1.57264.1.7
    Other(String),
    /// dNSName, which no signer has
    Dns(String),
}

impl San {
    /// GeneralName
    pub fn encode(&self) -> Vec<u8> {
        match self {
            Self::Email(text) => der::tlv(0x81, text.as_bytes()),
            Self::Dns(text) => der::tlv(0x82, text.as_bytes()),
            Self::Uri(text) => der::tlv(0x86, text.as_bytes()),
            Self::Other(text) => {
                let value = der::explicit(0, &der::utf8(text));
                der::tlv(0xa0, &[der::oid(&format!("{FULCIO}.7")), value].concat())
            }
        }
    }

    /// The text in it.
    pub fn text(&self) -> &str {
        match self {
            Self::Email(text) | Self::Uri(text) | Self::Other(text) | Self::Dns(text) => text,
        }
    }
}

/// GeneralNames
pub fn sans(names: &[San]) -> Vec<u8> {
    der::sequence(&names.iter().map(San::encode).collect::<Vec<_>>())
}

/// NameConstraints: permitted names, then excluded ones.
pub fn name_constraints(permitted: &[Vec<u8>], excluded: &[Vec<u8>]) -> Vec<u8> {
    let subtrees = |number: u8, names: &[Vec<u8>]| {
        let list: Vec<Vec<u8>> = names.iter().map(|name| der::sequence(&[name])).collect();
        if list.is_empty() {
            Vec::new()
        } else {
            der::tlv(0xa0 | number, &list.concat())
        }
    };
    der::sequence(&[subtrees(0, permitted), subtrees(1, excluded)])
}

/// The profile of an authority's certificate.
pub fn authority(
    names: (&[u8], &[u8]),
    spki: Vec<u8>,
    window: (i64, i64),
    signer: &Key,
    usage: Option<&str>,
    path_length: Option<u64>,
) -> CertificateSpec {
    let subject_key_id = key_id(&spki);
    let mut spec = CertificateSpec::new(names, spki, window, signer);
    spec.add(KEY_USAGE, true, der::bit_flags(1 << 5 | 1 << 6));
    if let Some(usage) = usage {
        spec.add(EXTENDED_KEY_USAGE, false, usages(&[usage]));
    }
    spec.add(BASIC_CONSTRAINTS, true, ca(path_length));
    spec.add(SUBJECT_KEY_ID, false, der::octets(&subject_key_id));
    let signer_id = key_id(&signer.spki());
    spec.add(
        AUTHORITY_KEY_ID,
        false,
        der::sequence(&[der::tlv(0x80, &signer_id)]),
    );
    spec
}

/// The profile of a signer's certificate, without timestamps of logs.
pub fn leaf(
    issuer: &[u8],
    spki: Vec<u8>,
    window: (i64, i64),
    signer: &Key,
    san: &San,
    token_issuer: &str,
) -> CertificateSpec {
    let subject_key_id = key_id(&spki);
    let empty = der::tlv(0x30, &[]);
    let mut spec = CertificateSpec::new((issuer, &empty), spki, window, signer);
    spec.add(KEY_USAGE, true, der::bit_flags(1));
    spec.add(EXTENDED_KEY_USAGE, false, usages(&[CODE_SIGNING]));
    spec.add(SUBJECT_KEY_ID, false, der::octets(&subject_key_id));
    let signer_id = key_id(&signer.spki());
    spec.add(
        AUTHORITY_KEY_ID,
        false,
        der::sequence(&[der::tlv(0x80, &signer_id)]),
    );
    spec.add(SUBJECT_ALT_NAME, true, sans(std::slice::from_ref(san)));
    spec.add(
        &format!("{FULCIO}.1"),
        false,
        token_issuer.as_bytes().to_vec(),
    );
    spec.add(&format!("{FULCIO}.8"), false, der::utf8(token_issuer));
    spec
}

/// The profile of a time stamp authority's own certificate.
pub fn stamper(
    names: (&[u8], &[u8]),
    spki: Vec<u8>,
    window: (i64, i64),
    signer: &Key,
) -> CertificateSpec {
    let subject_key_id = key_id(&spki);
    let mut spec = CertificateSpec::new(names, spki, window, signer);
    spec.add(KEY_USAGE, true, der::bit_flags(1));
    spec.add(EXTENDED_KEY_USAGE, true, usages(&[TIME_STAMPING]));
    spec.add(SUBJECT_KEY_ID, false, der::octets(&subject_key_id));
    let signer_id = key_id(&signer.spki());
    spec.add(
        AUTHORITY_KEY_ID,
        false,
        der::sequence(&[der::tlv(0x80, &signer_id)]),
    );
    spec
}
