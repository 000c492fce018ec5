use std::fmt;
use std::ops::Range;

use super::certificate::range_in;
use super::names;
use crate::der::{self, DerError, Oid, Reader};
use crate::limits;

/// Why an extension, or the list of them, cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ExtensionError {
    /// The list is not well formed, or is empty.
    List(DerError),
    /// More extensions than the cap.
    TooMany {
        /// The cap.
        cap: usize,
    },
    /// The same extension twice.
    Duplicate {
        /// Its object identifier.
        oid: String,
    },
    /// A value that is not what the extension has.
    Value {
        /// Its object identifier.
        oid: String,
    },
}

impl fmt::Display for ExtensionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::List(_) => f.write_str("list of extensions is not well formed"),
            Self::TooMany { cap } => write!(f, "wanted at most {cap} extensions"),
            Self::Duplicate { oid } => write!(f, "extension {oid} is there twice"),
            Self::Value { oid } => write!(f, "extension {oid} is not well formed"),
        }
    }
}

impl std::error::Error for ExtensionError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::List(error) => Some(error),
            _ => None,
        }
    }
}

/// One extension, as ranges of the certificate.
#[derive(Debug)]
pub(super) struct Extension {
    pub(super) oid: Range<usize>,
    pub(super) value: Range<usize>,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct BasicConstraints {
    pub(super) critical: bool,
    pub(super) ca: bool,
    pub(super) path_len: Option<u64>,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct KeyUsage {
    pub(super) critical: bool,
    pub(super) bits: u16,
}

impl KeyUsage {
    pub(super) const DIGITAL_SIGNATURE: u16 = 1;
    pub(super) const NON_REPUDIATION: u16 = 1 << 1;
    pub(super) const CERT_SIGN: u16 = 1 << 5;
}

/// The purposes in an extended key usage extension.
#[derive(Clone, Copy, Debug)]
pub(super) struct ExtendedKeyUsage {
    pub(super) critical: bool,
    pub(super) count: usize,
    pub(super) code_signing: bool,
    pub(super) time_stamping: bool,
    pub(super) any: bool,
}

#[derive(Debug)]
pub(super) struct AlternativeNames {
    pub(super) critical: bool,
    pub(super) list: Range<usize>,
    pub(super) count: usize,
}

/// What a certificate's extensions say, with the known ones decoded.
#[derive(Debug, Default)]
pub(super) struct Extensions {
    pub(super) list: Vec<Extension>,
    pub(super) basic_constraints: Option<BasicConstraints>,
    pub(super) key_usage: Option<KeyUsage>,
    pub(super) extended_key_usage: Option<ExtendedKeyUsage>,
    pub(super) alternative_names: Option<AlternativeNames>,
    pub(super) subject_key_id: Option<Range<usize>>,
    pub(super) authority_key_id: Option<Range<usize>>,
    pub(super) name_constraints: Option<Range<usize>>,
    /// The TLS list inside the SCT extension.
    pub(super) sct_list: Option<Range<usize>>,
    /// The whole SCT extension.
    pub(super) sct_extension: Option<Range<usize>>,
    /// The first critical extension that is not known here, or not as a critical one.
    pub(super) unknown_critical: Option<Range<usize>>,
}

/// Parses the content of the `[3]` field; ranges are relative to `whole`.
///
/// Spec: RFC 5280 4.1.2.9, 4.2
pub(super) fn parse(mut field: Reader<'_>, whole: &[u8]) -> Result<Extensions, ExtensionError> {
    let mut items = field.sequence().map_err(ExtensionError::List)?;
    field.finish().map_err(ExtensionError::List)?;
    if items.is_empty() {
        return Err(ExtensionError::List(DerError::Truncated));
    }
    let mut extensions = Extensions {
        // What Fulcio writes for a workflow, with room to spare: one allocation.
        list: Vec::with_capacity(32),
        ..Extensions::default()
    };
    while !items.is_empty() {
        if extensions.list.len() == limits::CERTIFICATE_EXTENSIONS {
            return Err(ExtensionError::TooMany {
                cap: limits::CERTIFICATE_EXTENSIONS,
            });
        }
        let item = items
            .take_raw(der::SEQUENCE)
            .map_err(ExtensionError::List)?;
        let (oid, critical, value) = read_extension(item.value).map_err(ExtensionError::List)?;
        // RFC 5280 4.2: not more than one of each
        let known = |other: &Extension| whole.get(other.oid.clone()) == Some(oid.content());
        if extensions.list.iter().any(known) {
            return Err(ExtensionError::Duplicate {
                oid: oid.to_string(),
            });
        }
        let at = |part: &[u8]| range_in(part, whole);
        extensions.list.push(Extension {
            oid: at(oid.content()),
            value: at(value),
        });
        if oid.content() == SCT_LIST {
            extensions.sct_extension = Some(at(item.raw));
        }
        decode(&mut extensions, oid, critical, value, whole).map_err(|_| {
            ExtensionError::Value {
                oid: oid.to_string(),
            }
        })?;
    }
    Ok(extensions)
}

fn read_extension(item: &[u8]) -> Result<(Oid<'_>, bool, &[u8]), DerError> {
    let mut fields = Reader::new(item);
    let oid = fields.oid()?;
    let critical = fields.default_false()?;
    let value = fields.octet_string()?;
    fields.finish()?;
    Ok((oid, critical, value))
}

/// Decodes the extensions we know.
fn decode(
    extensions: &mut Extensions,
    oid: Oid<'_>,
    critical: bool,
    value: &[u8],
    whole: &[u8],
) -> Result<(), DerError> {
    let at = |part: &[u8]| range_in(part, whole);
    // 4.2.1.1, 4.2.1.2: never critical, so one that is has another meaning than ours
    let misplaced = critical && matches!(oid.content(), SUBJECT_KEY_ID | AUTHORITY_KEY_ID);
    if misplaced && extensions.unknown_critical.is_none() {
        extensions.unknown_critical = Some(at(oid.content()));
    }
    match oid.content() {
        BASIC_CONSTRAINTS => {
            extensions.basic_constraints = Some(basic_constraints(value, critical)?);
        }
        KEY_USAGE => {
            let bits = only(value, |reader| reader.bit_flags())?;
            // RFC 5280 4.2.1.3: at least one bit is set
            if bits == 0 || bits >= 1 << 9 {
                return Err(DerError::Value("KeyUsage"));
            }
            extensions.key_usage = Some(KeyUsage { critical, bits });
        }
        EXTENDED_KEY_USAGE => {
            extensions.extended_key_usage = Some(extended_key_usage(value, critical)?);
        }
        ALTERNATIVE_NAMES => {
            let list = only(value, |reader| reader.take(der::SEQUENCE))?;
            let count = names::count_general_names(list)?;
            let list = at(list);
            extensions.alternative_names = Some(AlternativeNames {
                critical,
                list,
                count,
            });
        }
        SUBJECT_KEY_ID => {
            extensions.subject_key_id = Some(at(only(value, |reader| reader.octet_string())?));
        }
        AUTHORITY_KEY_ID => extensions.authority_key_id = authority_key_id(value)?.map(at),
        NAME_CONSTRAINTS => {
            names::NameConstraints::parse(value)?;
            extensions.name_constraints = Some(at(value));
        }
        SCT_LIST => extensions.sct_list = Some(at(only(value, |reader| reader.octet_string())?)),
        // Policies say how the subject was identified; without a required set they constrain
        // nothing (RFC 5280 6.1.1 (c), any-policy).
        CERTIFICATE_POLICIES => check_policies(value)?,
        // Those limit what counts as a policy, which matters where one is required.
        POLICY_MAPPINGS => only(value, Reader::sequence).map(|_| ())?,
        INHIBIT_ANY_POLICY => only(value, |reader| reader.unsigned()).map(|_| ())?,
        // 4.2.1.11: one that requires a policy is not processed, whether it is critical or not.
        POLICY_CONSTRAINTS => {
            let required = requires_policy(value)?.then(|| at(oid.content()));
            extensions.unknown_critical = extensions.unknown_critical.take().or(required);
        }
        _ if critical && extensions.unknown_critical.is_none() => {
            extensions.unknown_critical = Some(at(oid.content()));
        }
        _ => {}
    }
    Ok(())
}

/// Reads one value that is all there is.
pub(super) fn only<'a, T>(
    bytes: &'a [u8],
    read: impl FnOnce(&mut Reader<'a>) -> Result<T, DerError>,
) -> Result<T, DerError> {
    let mut reader = Reader::new(bytes);
    let value = read(&mut reader)?;
    reader.finish()?;
    Ok(value)
}

/// Spec: RFC 5280 4.2.1.9
fn basic_constraints(value: &[u8], critical: bool) -> Result<BasicConstraints, DerError> {
    let mut fields = only(value, Reader::sequence)?;
    let ca = fields.default_false()?;
    let path_len = if fields.is_empty() {
        None
    } else {
        Some(fields.small()?)
    };
    fields.finish()?;
    if path_len.is_some() && !ca {
        return Err(DerError::Value("path length without a CA"));
    }
    Ok(BasicConstraints {
        critical,
        ca,
        path_len,
    })
}

/// Spec: RFC 5280 4.2.1.12
fn extended_key_usage(value: &[u8], critical: bool) -> Result<ExtendedKeyUsage, DerError> {
    let mut purposes = only(value, Reader::sequence)?;
    let mut usage = ExtendedKeyUsage {
        critical,
        count: 0,
        code_signing: false,
        time_stamping: false,
        any: false,
    };
    let mut seen: Vec<&[u8]> = Vec::new();
    while !purposes.is_empty() {
        let purpose = purposes.oid()?.content();
        if seen.contains(&purpose) || seen.len() == limits::CERTIFICATE_EXTENSIONS {
            return Err(DerError::Value("ExtKeyUsage"));
        }
        seen.push(purpose);
        match purpose {
            CODE_SIGNING => usage.code_signing = true,
            TIME_STAMPING => usage.time_stamping = true,
            ANY_PURPOSE => usage.any = true,
            _ => {}
        }
    }
    usage.count = seen.len();
    if seen.is_empty() {
        Err(DerError::Value("ExtKeyUsage"))
    } else {
        Ok(usage)
    }
}

/// Spec: RFC 5280 4.2.1.4
fn check_policies(value: &[u8]) -> Result<(), DerError> {
    let mut policies = only(value, Reader::sequence)?;
    let mut seen: Vec<&[u8]> = Vec::new();
    while !policies.is_empty() {
        let mut policy = policies.sequence()?;
        let oid = policy.oid()?.content();
        if seen.contains(&oid) || seen.len() == limits::CERTIFICATE_EXTENSIONS {
            return Err(DerError::Value("CertificatePolicies"));
        }
        seen.push(oid);
        if !policy.is_empty() {
            check_qualifiers(policy.sequence()?)?;
        }
        policy.finish()?;
    }
    if seen.is_empty() {
        Err(DerError::Value("CertificatePolicies"))
    } else {
        Ok(())
    }
}

/// Spec: RFC 5280 4.2.1.11: one of the two fields at least
fn requires_policy(value: &[u8]) -> Result<bool, DerError> {
    let mut fields = only(value, Reader::sequence)?;
    let required = fields.optional(der::context(0))?;
    let mappings = fields.optional(der::context(1))?;
    fields.finish()?;
    if required.is_none() && mappings.is_none() {
        return Err(DerError::Value("PolicyConstraints"));
    }
    Ok(required.is_some())
}

fn check_qualifiers(mut qualifiers: Reader<'_>) -> Result<(), DerError> {
    if qualifiers.is_empty() {
        return Err(DerError::Value("policyQualifiers"));
    }
    while !qualifiers.is_empty() {
        let mut qualifier = qualifiers.sequence()?;
        qualifier.oid()?;
        qualifier.any()?;
        qualifier.finish()?;
    }
    Ok(())
}

/// Spec: RFC 5280 4.2.1.1
fn authority_key_id(value: &[u8]) -> Result<Option<&[u8]>, DerError> {
    let mut fields = only(value, Reader::sequence)?;
    let key_id = fields.optional(der::context(0))?;
    let issuer = fields.optional(der::context_constructed(1))?;
    if let Some(issuer) = issuer {
        names::count_general_names(issuer)?;
    }
    let serial = fields.optional(der::context(2))?;
    fields.finish()?;
    // Both or neither.
    if issuer.is_some() == serial.is_some() {
        Ok(key_id)
    } else {
        Err(DerError::Value("AuthorityKeyIdentifier"))
    }
}

// 2.5.29.n
const SUBJECT_KEY_ID: &[u8] = b"\x55\x1d\x0e";
const KEY_USAGE: &[u8] = b"\x55\x1d\x0f";
const ALTERNATIVE_NAMES: &[u8] = b"\x55\x1d\x11";
const BASIC_CONSTRAINTS: &[u8] = b"\x55\x1d\x13";
const NAME_CONSTRAINTS: &[u8] = b"\x55\x1d\x1e";
const CERTIFICATE_POLICIES: &[u8] = b"\x55\x1d\x20";
const POLICY_MAPPINGS: &[u8] = b"\x55\x1d\x21";
const POLICY_CONSTRAINTS: &[u8] = b"\x55\x1d\x24";
const INHIBIT_ANY_POLICY: &[u8] = b"\x55\x1d\x36";
const AUTHORITY_KEY_ID: &[u8] = b"\x55\x1d\x23";
const EXTENDED_KEY_USAGE: &[u8] = b"\x55\x1d\x25";
// 1.3.6.1.4.1.11129.2.4.2
const SCT_LIST: &[u8] = b"\x2b\x06\x01\x04\x01\xd6\x79\x02\x04\x02";
// 1.3.6.1.5.5.7.3.3, .8; 2.5.29.37.0
const CODE_SIGNING: &[u8] = b"\x2b\x06\x01\x05\x05\x07\x03\x03";
const TIME_STAMPING: &[u8] = b"\x2b\x06\x01\x05\x05\x07\x03\x08";
const ANY_PURPOSE: &[u8] = b"\x55\x1d\x25\x00";
