use super::span::Span;
use super::{ELEMENTS, TspError};
use crate::crypto::hash_from_oid;
use crate::der::{self, DerError, Oid, Reader};
use crate::digest::HashAlgorithm;
use crate::time::Timestamp;

/// What the authority says: TSTInfo, as places in the response.
#[derive(Clone, Debug)]
pub(super) struct Info {
    pub(super) policy: Span,
    pub(super) imprint_algorithm: HashAlgorithm,
    pub(super) imprint: Span,
    pub(super) serial: Span,
    pub(super) time: Timestamp,
    pub(super) nonce: Option<Span>,
    /// The authority's own name, a GeneralName.
    pub(super) tsa: Option<Span>,
}

impl Info {
    /// Reads the content of the eContent; `whole` is the response that it lies in.
    ///
    /// Spec: RFC 3161 2.4.2
    pub(super) fn parse(content: &[u8], whole: &[u8]) -> Result<Self, TspError> {
        let mut outer = Reader::new(content);
        let mut fields = outer.sequence()?;
        outer.finish()?;
        check_version("TSTInfo", 1, fields.small()?)?;
        let policy = fields.oid()?.content();
        let (imprint_algorithm, imprint) = read_imprint(fields.sequence()?)?;
        let serial = fields.integer()?;
        let time = fields.generalized_time()?;
        if fields.peek() == Some(der::SEQUENCE) {
            check_accuracy(fields.sequence()?)?;
        }
        // ordering says how tokens of one authority compare; only one is looked at.
        fields.default_false()?;
        let nonce = match fields.peek() {
            Some(der::INTEGER) => Some(fields.integer()?),
            _ => None,
        };
        let mut tsa = None;
        if let Some(mut name) = fields.explicit(0)? {
            tsa = Some(Span::new(name.any()?.raw, whole));
            name.finish()?;
        }
        if let Some(extensions) = fields.explicit(1)? {
            check_extensions(extensions)?;
        }
        fields.finish()?;
        Ok(Self {
            policy: Span::new(policy, whole),
            imprint_algorithm,
            imprint: Span::new(imprint, whole),
            serial: Span::new(serial, whole),
            time,
            nonce: nonce.map(|nonce| Span::new(nonce, whole)),
            tsa,
        })
    }
}

/// Checks the version of the structure called `of`.
pub(super) fn check_version(of: &'static str, want: u64, found: u64) -> Result<(), TspError> {
    if found == want {
        Ok(())
    } else {
        Err(TspError::Version { of, want, found })
    }
}

fn read_imprint(mut fields: Reader<'_>) -> Result<(HashAlgorithm, &[u8]), TspError> {
    let mut identifier = fields.sequence()?;
    let oid = identifier.oid()?;
    let algorithm =
        hash_from_oid(oid, identifier.rest()).ok_or_else(|| TspError::ImprintAlgorithm {
            found: oid.to_string(),
        })?;
    let imprint = fields.octet_string()?;
    fields.finish()?;
    if imprint.len() != algorithm.len() {
        return Err(TspError::ImprintLength {
            want: algorithm.len(),
            found: imprint.len(),
        });
    }
    Ok((algorithm, imprint))
}

/// Accuracy widens the time that is claimed; it is read for its form only.
fn check_accuracy(mut fields: Reader<'_>) -> Result<(), TspError> {
    if fields.peek() == Some(der::INTEGER) {
        fields.small()?;
    }
    for n in [0, 1] {
        let Some(content) = fields.optional(der::context(n))? else {
            continue;
        };
        // millis and micros are 1 to 999.
        let value = match *content {
            [low @ 1..=0x7f] => u16::from(low),
            [0, low @ 0x80..=0xff] => u16::from(low),
            [high @ 1..=3, low] => u16::from_be_bytes([high, low]),
            _ => 0,
        };
        if !(1..=999).contains(&value) {
            return Err(DerError::Value("Accuracy").into());
        }
    }
    Ok(fields.finish()?)
}

/// No extension is known, so none may be critical.
fn check_extensions(mut list: Reader<'_>) -> Result<(), TspError> {
    if list.is_empty() {
        return Err(DerError::Value("Extensions").into());
    }
    let mut seen: [Option<Oid<'_>>; ELEMENTS] = [None; ELEMENTS];
    for slot in &mut seen {
        if list.is_empty() {
            break;
        }
        let mut extension = list.sequence()?;
        *slot = Some(extension.oid()?);
        let critical = extension.default_false()?;
        extension.octet_string()?;
        extension.finish()?;
        if let (true, Some(oid)) = (critical, *slot) {
            let found = oid.to_string();
            return Err(TspError::CriticalExtension { found });
        }
    }
    if !list.is_empty() {
        return Err(TspError::TooMany { cap: ELEMENTS });
    }
    match repeated(&seen) {
        Some(oid) => Err(TspError::DuplicateExtension {
            found: oid.to_string(),
        }),
        None => Ok(()),
    }
}

/// An identifier that occurs twice.
pub(super) fn repeated<'a>(seen: &[Option<Oid<'a>>]) -> Option<Oid<'a>> {
    let mut rest = seen;
    while let [Some(oid), after @ ..] = rest {
        if after.contains(&Some(*oid)) {
            return Some(*oid);
        }
        rest = after;
    }
    None
}
