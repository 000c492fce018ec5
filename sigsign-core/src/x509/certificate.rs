use std::fmt;
use std::ops::Range;
use std::sync::{Arc, OnceLock};

use super::extensions::{self, ExtensionError, Extensions};
use super::names::{self, GeneralName};
use crate::crypto::{Algorithm, KeyError, PublicKey};
use crate::der::{self, DerError, Reader, write};
use crate::limits;
use crate::time::{Timestamp, Validity};

/// Why bytes are not a certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CertificateError {
    /// Longer than the cap.
    TooLarge {
        /// The cap in bytes.
        cap: usize,
        /// The length in bytes.
        found: usize,
    },
    /// Not the DER of a certificate.
    Der(DerError),
    /// Another version than 3.
    Version,
    /// A serial number that is not positive or longer than 20 octets.
    Serial,
    /// Two signature algorithms that differ.
    SignatureAlgorithm,
    /// An issuer or subject that is not a well-formed name, or an issuer without any part.
    Name,
    /// An end before the start.
    Validity(Validity),
    /// An issuer or subject unique identifier, which no profile allows.
    UniqueId,
    /// A bad extension.
    Extension(ExtensionError),
}

impl CertificateError {
    /// Every code of this kind, for the list of errors.
    pub const CODES: &'static [&'static str] = &[
        "certificate.too-large",
        "certificate.der",
        "certificate.version",
        "certificate.serial",
        "certificate.signature-algorithm",
        "certificate.name",
        "certificate.validity",
        "certificate.unique-id",
        "certificate.extension",
    ];

    /// The stable code of this error.
    pub fn code(&self) -> &'static str {
        match self {
            Self::TooLarge { .. } => "certificate.too-large",
            Self::Der(_) => "certificate.der",
            Self::Version => "certificate.version",
            Self::Serial => "certificate.serial",
            Self::SignatureAlgorithm => "certificate.signature-algorithm",
            Self::Name => "certificate.name",
            Self::Validity(_) => "certificate.validity",
            Self::UniqueId => "certificate.unique-id",
            Self::Extension(_) => "certificate.extension",
        }
    }
}

impl fmt::Display for CertificateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLarge { cap, found } => {
                write!(
                    f,
                    "wanted a certificate of at most {cap} bytes, found {found}"
                )
            }
            Self::Der(_) => f.write_str("not the DER of a certificate"),
            Self::Version => f.write_str("wanted a certificate of version 3"),
            Self::Serial => f.write_str("wanted a positive serial number of at most 20 octets"),
            Self::SignatureAlgorithm => {
                f.write_str("certificate's two signature algorithms differ")
            }
            Self::Name => f.write_str("issuer or subject is not a well-formed name"),
            Self::Validity(validity) => write!(f, "certificate ends before it starts: {validity}"),
            Self::UniqueId => f.write_str("certificate has a unique identifier"),
            Self::Extension(_) => f.write_str("certificate has a bad extension"),
        }
    }
}

impl std::error::Error for CertificateError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Der(error) => Some(error),
            Self::Extension(error) => Some(error),
            _ => None,
        }
    }
}

impl From<DerError> for CertificateError {
    fn from(error: DerError) -> Self {
        Self::Der(error)
    }
}

/// A certificate, parsed to its last byte; its profile is not checked and nothing is trusted.
///
/// Cheap to clone. Two certificates are equal if their DER is.
#[derive(Clone)]
pub struct Certificate(Arc<Inner>);

struct Inner {
    der: Box<[u8]>,
    tbs: Range<usize>,
    serial: Range<usize>,
    issuer: Range<usize>,
    subject: Range<usize>,
    spki: Range<usize>,
    signature: Range<usize>,
    extensions_list: Option<Range<usize>>,
    validity: Validity,
    algorithm: Option<Algorithm>,
    extensions: Extensions,
    key: OnceLock<Result<PublicKey, KeyError>>,
}

impl Certificate {
    /// Parses a certificate.
    ///
    /// # Errors
    ///
    /// [`CertificateError`], by what is wrong with it.
    ///
    /// Spec: RFC 5280 4.1
    pub fn from_der(bytes: &[u8]) -> Result<Self, CertificateError> {
        if bytes.len() > limits::CERTIFICATE_BYTES {
            let cap = limits::CERTIFICATE_BYTES;
            return Err(CertificateError::TooLarge {
                cap,
                found: bytes.len(),
            });
        }
        // 4.1: Certificate ::= SEQUENCE { tbsCertificate, signatureAlgorithm, signatureValue }
        let mut outer = Reader::new(bytes);
        let mut certificate = outer.sequence()?;
        outer.finish()?;
        let tbs = certificate.take_raw(der::SEQUENCE)?;
        let outer_algorithm = certificate.take_raw(der::SEQUENCE)?;
        let signature = certificate.bit_string()?;
        certificate.finish()?;

        // 4.1.2.1: version 3, since there are extensions
        let mut fields = Reader::new(tbs.value);
        let mut version = fields.explicit(0)?.ok_or(CertificateError::Version)?;
        if version.small()? != 2 {
            return Err(CertificateError::Version);
        }
        version.finish()?;
        // 4.1.2.2: positive, at most 20 octets
        let serial = fields.integer()?;
        if !is_serial(serial) {
            return Err(CertificateError::Serial);
        }
        // 4.1.1.2: the same algorithm inside and outside
        let inner_algorithm = fields.take_raw(der::SEQUENCE)?;
        if inner_algorithm != outer_algorithm {
            return Err(CertificateError::SignatureAlgorithm);
        }
        let mut identifier = Reader::new(inner_algorithm.value);
        let oid = identifier.oid()?;
        let algorithm = Algorithm::from_x509(oid, identifier.rest());
        // 4.1.2.4: the issuer is not empty
        let issuer = fields.take_raw(der::SEQUENCE)?;
        if issuer.value.is_empty() || !names::is_name(issuer.value) {
            return Err(CertificateError::Name);
        }
        // 4.1.2.5
        let validity = read_validity(&mut fields)?;
        // 4.1.2.6
        let subject = fields.take_raw(der::SEQUENCE)?;
        if !names::is_name(subject.value) {
            return Err(CertificateError::Name);
        }
        let spki = fields.take_raw(der::SEQUENCE)?;
        // 4.1.2.8: not to be used
        if fields
            .peek()
            .is_some_and(|tag| tag & 0x1f == 1 || tag & 0x1f == 2)
        {
            return Err(CertificateError::UniqueId);
        }
        // 4.1.2.9
        let before_extensions = fields.rest();
        let list = fields.explicit(3)?;
        fields.finish()?;
        let extensions = match list {
            Some(list) => extensions::parse(list, bytes).map_err(CertificateError::Extension)?,
            None => Extensions::default(),
        };

        let at = |part: &[u8]| range_in(part, bytes);
        Ok(Self(Arc::new(Inner {
            der: bytes.into(),
            tbs: at(tbs.raw),
            serial: at(serial),
            issuer: at(issuer.raw),
            subject: at(subject.raw),
            spki: at(spki.raw),
            signature: at(signature),
            extensions_list: list.map(|_| at(before_extensions)),
            validity,
            algorithm,
            extensions,
            key: OnceLock::new(),
        })))
    }

    /// The whole certificate.
    pub fn der(&self) -> &[u8] {
        &self.0.der
    }

    /// The part that is signed.
    pub fn tbs(&self) -> &[u8] {
        self.slice(&self.0.tbs)
    }

    /// The content octets of the serial number.
    pub fn serial(&self) -> &[u8] {
        self.slice(&self.0.serial)
    }

    /// The issuer's name in DER. Names are compared byte by byte.
    pub fn issuer(&self) -> &[u8] {
        self.slice(&self.0.issuer)
    }

    /// The subject's name in DER.
    pub fn subject(&self) -> &[u8] {
        self.slice(&self.0.subject)
    }

    /// When the certificate is valid, both ends included.
    pub fn validity(&self) -> Validity {
        self.0.validity
    }

    /// The SubjectPublicKeyInfo in DER.
    pub fn spki(&self) -> &[u8] {
        self.slice(&self.0.spki)
    }

    /// The subject's key, decoded at the first call.
    ///
    /// # Errors
    ///
    /// [`KeyError`] if it is not one we can use.
    pub fn public_key(&self) -> Result<&PublicKey, KeyError> {
        self.0
            .key
            .get_or_init(|| PublicKey::from_spki(self.spki()))
            .as_ref()
            .map_err(|error| *error)
    }

    /// How the certificate is signed; `None` if that is not supported.
    ///
    /// An anchor is trusted as it is, so an old one may be signed with SHA-1.
    pub fn signature_algorithm(&self) -> Option<Algorithm> {
        self.0.algorithm
    }

    /// The issuer's signature.
    pub fn signature(&self) -> &[u8] {
        self.slice(&self.0.signature)
    }

    /// The subject key identifier.
    pub fn subject_key_id(&self) -> Option<&[u8]> {
        self.0
            .extensions
            .subject_key_id
            .as_ref()
            .map(|range| self.slice(range))
    }

    /// The authority key identifier.
    pub fn authority_key_id(&self) -> Option<&[u8]> {
        self.0
            .extensions
            .authority_key_id
            .as_ref()
            .map(|range| self.slice(range))
    }

    /// The TLS-encoded list of signed certificate timestamps (V30).
    pub fn sct_list(&self) -> Option<&[u8]> {
        self.0
            .extensions
            .sct_list
            .as_ref()
            .map(|range| self.slice(range))
    }

    /// The issuer's name for people.
    pub fn issuer_text(&self) -> String {
        names::text(self.issuer())
    }

    /// The subject's name for people.
    pub fn subject_text(&self) -> String {
        names::text(self.subject())
    }

    /// What was signed before the timestamps were put in: the TBS without their extension (V31).
    ///
    /// Spec: RFC 6962 3.2
    pub fn precertificate_tbs(&self) -> Vec<u8> {
        let (Some(skip), Some(list)) = (&self.0.extensions.sct_extension, &self.0.extensions_list)
        else {
            return self.tbs().to_vec();
        };
        let explicit = Reader::new(self.slice(list)).any();
        let sequence = explicit.and_then(|outer| Reader::new(outer.value).any());
        let Ok(sequence) = sequence else {
            return self.tbs().to_vec();
        };
        let content = range_in(sequence.value, self.der());
        let kept: [&[u8]; 2] = [
            self.slice(&(content.start..skip.start)),
            self.slice(&(skip.end..content.end)),
        ];
        let extensions = if kept.iter().all(|part| part.is_empty()) {
            Vec::new()
        } else {
            write::tlv(
                der::context_constructed(3),
                &[&write::tlv(der::SEQUENCE, &kept)],
            )
        };
        let content = Reader::new(self.tbs())
            .any()
            .map(|tbs| range_in(tbs.value, self.der()));
        let start = content.map_or(list.start, |content| content.start);
        write::tlv(
            der::SEQUENCE,
            &[self.slice(&(start..list.start)), &extensions],
        )
    }

    /// Whether a GeneralName in DER is the subject or one of the alternative names.
    pub(crate) fn has_name(&self, name: &[u8]) -> bool {
        let Some(name) = names::general_name(name) else {
            return false;
        };
        let is_subject = match name {
            GeneralName::Directory(name) => Reader::new(self.subject())
                .take(der::SEQUENCE)
                .is_ok_and(|subject| names::may_be_same(subject, name)),
            _ => false,
        };
        is_subject || self.alternative_names().any(|other| other == name)
    }

    /// Whether issuer and subject are the same name.
    pub(crate) fn is_self_issued(&self) -> bool {
        self.issuer() == self.subject()
    }

    pub(super) fn has_empty_subject(&self) -> bool {
        self.subject() == [der::SEQUENCE, 0]
    }

    pub(super) fn extensions(&self) -> &Extensions {
        &self.0.extensions
    }

    /// Every subject alternative name.
    pub(super) fn alternative_names(&self) -> impl Iterator<Item = GeneralName<'_>> {
        let list = self
            .0
            .extensions
            .alternative_names
            .as_ref()
            .map(|names| self.slice(&names.list));
        names::general_names(list.unwrap_or_default())
    }

    /// The extensions one arc of one octet below `base`: that arc, and the value.
    pub(super) fn extensions_under(&self, base: &[u8]) -> impl Iterator<Item = (u8, &[u8])> {
        self.0.extensions.list.iter().filter_map(move |extension| {
            let [arc] = self.slice(&extension.oid).strip_prefix(base)? else {
                return None;
            };
            Some((*arc, self.slice(&extension.value)))
        })
    }

    pub(super) fn slice(&self, range: &Range<usize>) -> &[u8] {
        self.0.der.get(range.clone()).unwrap_or_default()
    }
}

impl PartialEq for Certificate {
    fn eq(&self, other: &Self) -> bool {
        self.0.der == other.0.der
    }
}

impl Eq for Certificate {}

impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "Certificate({}, {})",
            self.subject_text(),
            self.0.validity
        )
    }
}

/// Whether an INTEGER is positive and its value at most 20 octets: fulcio-spec 7 wants 160 bits, and
/// the highest of them may need an octet for the sign before it.
fn is_serial(content: &[u8]) -> bool {
    match content {
        [] | [0] => false,
        [first, ..] if *first >= 0x80 => false,
        [0, value @ ..] | value => value.len() <= 20,
    }
}

fn read_validity(fields: &mut Reader<'_>) -> Result<Validity, CertificateError> {
    let mut validity = fields.sequence()?;
    let start: Timestamp = validity.time()?;
    let end = validity.time()?;
    validity.finish()?;
    let validity = Validity::new(start, Some(end));
    if start > end {
        Err(CertificateError::Validity(validity))
    } else {
        Ok(validity)
    }
}

/// Where `part` lies in `whole`, which it is a slice of.
pub(super) fn range_in(part: &[u8], whole: &[u8]) -> Range<usize> {
    let start = part.as_ptr().addr().saturating_sub(whole.as_ptr().addr());
    start..start.saturating_add(part.len())
}
