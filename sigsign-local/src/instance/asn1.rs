//! A reader of DER, for what services are sent.
//!
//! Spec: ITU-T X.690

/// Values one after the other.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Asn1<'a>(&'a [u8]);

/// One value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Value<'a> {
    pub(crate) tag: u8,
    pub(crate) content: &'a [u8],
    /// With its tag and length.
    pub(crate) whole: &'a [u8],
}

impl<'a> Asn1<'a> {
    /// Reads from the start of `bytes`.
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// The value that `bytes` are, with nothing behind it.
    pub(crate) fn only(bytes: &'a [u8], tag: u8) -> Option<Self> {
        let mut reader = Self(bytes);
        let value = reader.value(tag)?;
        reader.is_empty().then_some(Self(value.content))
    }

    /// The next value, of whatever kind; the shortest length only, up to 64 KiB.
    pub(crate) fn next(&mut self) -> Option<Value<'a>> {
        let all = self.0;
        let (&[tag, first], rest) = all.split_first_chunk()?;
        let (len, rest) = match (first, rest) {
            (0..=0x7f, _) => (usize::from(first), rest),
            (0x81, [len, rest @ ..]) if *len >= 0x80 => (usize::from(*len), rest),
            (0x82, [high, low, rest @ ..]) if *high > 0 => {
                (usize::from(u16::from_be_bytes([*high, *low])), rest)
            }
            _ => return None,
        };
        let (content, rest) = rest.split_at_checked(len)?;
        let whole = all.get(..all.len() - rest.len())?;
        self.0 = rest;
        Some(Value {
            tag,
            content,
            whole,
        })
    }

    /// The next value, which has this tag.
    pub(crate) fn value(&mut self, tag: u8) -> Option<Value<'a>> {
        let mut ahead = *self;
        let value = ahead.next().filter(|value| value.tag == tag)?;
        *self = ahead;
        Some(value)
    }

    /// The inside of the next value, which has this tag.
    pub(crate) fn inside(&mut self, tag: u8) -> Option<Self> {
        self.value(tag).map(|value| Self(value.content))
    }

    /// Whether there is nothing left.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// The parts of a certificate that services look at.
///
/// Spec: RFC 5280 4.1
#[derive(Clone, Debug)]
pub(crate) struct ReadCertificate<'a> {
    /// The fields of TBSCertificate before the extensions, each whole.
    pub(crate) fields: Vec<&'a [u8]>,
    /// SubjectPublicKeyInfo
    pub(crate) spki: &'a [u8],
    /// Each Extension whole, and its type.
    pub(crate) extensions: Vec<(&'a [u8], &'a [u8])>,
}

impl<'a> ReadCertificate<'a> {
    /// Reads a certificate; its signature is not checked.
    pub(crate) fn from_der(der: &'a [u8]) -> Option<Self> {
        let mut certificate = Asn1::only(der, 0x30)?;
        let mut tbs = certificate.inside(0x30)?;
        certificate.value(0x30)?;
        certificate.value(0x03)?;
        let mut fields = Vec::new();
        fields.extend(tbs.value(0xa0).map(|version| version.whole));
        // serialNumber, signature, issuer, validity, subject, subjectPublicKeyInfo
        for tag in [0x02, 0x30, 0x30, 0x30, 0x30, 0x30] {
            fields.push(tbs.value(tag)?.whole);
        }
        let spki = *fields.last()?;
        let mut extensions = Vec::new();
        if let Some(mut wrapper) = tbs.inside(0xa3) {
            let mut list = wrapper.inside(0x30)?;
            while !list.is_empty() {
                let extension = list.value(0x30)?;
                let oid = Asn1::new(extension.content).value(0x06)?;
                extensions.push((oid.content, extension.whole));
            }
        }
        let complete = tbs.is_empty() && certificate.is_empty();
        complete.then_some(Self {
            fields,
            spki,
            extensions,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::der;

    #[test]
    fn accepts_every_length_form() {
        for len in [0, 0x7f, 0x80, 0xff, 0x100, 0xffff] {
            let bytes = der::octets(&vec![1; len]);
            let mut reader = Asn1::new(&bytes);

            assert_eq!(len, reader.value(0x04).unwrap().content.len());
            assert!(reader.is_empty());
        }
    }

    #[test]
    fn rejects_what_is_not_der() {
        for bytes in [
            &[][..],
            &[0x04],
            &[0x04, 0x01],
            &[0x04, 0x80],
            &[0x04, 0x81, 0x01, 0x00],
            &[0x04, 0x82, 0x00, 0x80],
            &[0x04, 0x83, 0x00, 0x00, 0x00],
            &[0x05, 0x00],
        ] {
            assert_eq!(None, Asn1::new(bytes).value(0x04), "{bytes:?}");
        }
        assert!(Asn1::only(&[0x30, 0x00, 0x00], 0x30).is_none());
    }
}
