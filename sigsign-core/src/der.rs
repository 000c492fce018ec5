//! A strict reader of DER: one encoding per value, every byte accounted for.
//!
//! In: bytes from outside. Out: slices of them and small decoded values; nothing is copied. Not
//! here: what the values mean; BER forms, which are refused; tag numbers above 30, which no
//! structure we read has.
//!
//! Spec: X.690 8 and 10 (DER), 11

use std::fmt;

use crate::time::{self, Timestamp};

pub(crate) const BOOLEAN: u8 = 0x01;
pub(crate) const INTEGER: u8 = 0x02;
pub(crate) const BIT_STRING: u8 = 0x03;
pub(crate) const OCTET_STRING: u8 = 0x04;
pub(crate) const NULL: u8 = 0x05;
pub(crate) const OID: u8 = 0x06;
pub(crate) const UTF8_STRING: u8 = 0x0c;
pub(crate) const UTC_TIME: u8 = 0x17;
pub(crate) const GENERALIZED_TIME: u8 = 0x18;
pub(crate) const SEQUENCE: u8 = 0x30;
pub(crate) const SET: u8 = 0x31;

/// The tag of a primitive context-specific field `[n]`, `n` below 31.
pub(crate) const fn context(n: u8) -> u8 {
    0x80 | n
}

/// The tag of a constructed context-specific field `[n]`, `n` below 31.
pub(crate) const fn context_constructed(n: u8) -> u8 {
    0xa0 | n
}

/// Bytes that are not the DER they should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DerError {
    /// A length that is indefinite, longer than needed, or too large to be real.
    Length,
    /// Another tag than the one wanted; `None` where nothing was left.
    Tag {
        /// The tag that the structure has in this place.
        want: u8,
        /// The tag that was there.
        found: Option<u8>,
    },
    /// A tag in the form for numbers above 30.
    TagForm,
    /// Bytes left over after the end of a structure.
    Trailing,
    /// The end of the input inside a value.
    Truncated,
    /// A value that is not in its canonical form, by the name of its type.
    Value(&'static str),
}

impl fmt::Display for DerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Length => f.write_str("length is not in its shortest definite form"),
            Self::Tag {
                want,
                found: Some(found),
            } => {
                write!(f, "wanted tag 0x{want:02x}, found 0x{found:02x}")
            }
            Self::Tag { want, found: None } => write!(f, "wanted tag 0x{want:02x}, found the end"),
            Self::TagForm => f.write_str("tag number above 30"),
            Self::Trailing => f.write_str("bytes left over at the end"),
            Self::Truncated => f.write_str("ends inside a value"),
            Self::Value(what) => write!(f, "not a canonical {what}"),
        }
    }
}

impl std::error::Error for DerError {}

/// One value with its tag.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Tlv<'a> {
    /// The identifier octet.
    pub(crate) tag: u8,
    /// The content octets.
    pub(crate) value: &'a [u8],
    /// The whole of it: identifier, length and content.
    pub(crate) raw: &'a [u8],
}

/// The content octets of an object identifier, checked for their form.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Oid<'a>(&'a [u8]);

impl<'a> Oid<'a> {
    /// An identifier from its content octets, for constants.
    pub(crate) const fn from_content(content: &'a [u8]) -> Self {
        Self(content)
    }

    /// The content octets.
    pub(crate) const fn content(self) -> &'a [u8] {
        self.0
    }
}

impl fmt::Display for Oid<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut first = true;
        let mut arc = 0u128;
        for byte in self.0 {
            // The reader refused arcs that do not fit.
            arc = arc << 7 | u128::from(byte & 0x7f);
            if byte & 0x80 != 0 {
                continue;
            }
            match (first, arc) {
                (true, 0..40) => write!(f, "0.{arc}")?,
                (true, 40..80) => write!(f, "1.{}", arc.saturating_sub(40))?,
                (true, _) => write!(f, "2.{}", arc.saturating_sub(80))?,
                (false, _) => write!(f, ".{arc}")?,
            }
            first = false;
            arc = 0;
        }
        Ok(())
    }
}

impl fmt::Debug for Oid<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Reads values one after the other.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    /// Starts at the first byte of `bytes`.
    pub(crate) const fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// Whether everything has been read.
    pub(crate) const fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// What has not been read yet.
    pub(crate) const fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// Ends the reading; an error if bytes are left.
    pub(crate) const fn finish(self) -> Result<(), DerError> {
        if self.rest.is_empty() {
            Ok(())
        } else {
            Err(DerError::Trailing)
        }
    }

    /// The tag of the next value, if there is one.
    pub(crate) fn peek(&self) -> Option<u8> {
        self.rest.first().copied()
    }

    /// Reads any one value.
    pub(crate) fn any(&mut self) -> Result<Tlv<'a>, DerError> {
        let (tag, after_tag) = self.rest.split_first().ok_or(DerError::Truncated)?;
        if tag & 0x1f == 0x1f {
            return Err(DerError::TagForm);
        }
        let (len, after_len) = read_length(after_tag)?;
        let (value, rest) = after_len.split_at_checked(len).ok_or(DerError::Truncated)?;
        let raw_len = self.rest.len().saturating_sub(rest.len());
        let raw = self.rest.get(..raw_len).ok_or(DerError::Truncated)?;
        self.rest = rest;
        Ok(Tlv {
            tag: *tag,
            value,
            raw,
        })
    }

    /// Reads a value that must have this tag.
    pub(crate) fn take_raw(&mut self, tag: u8) -> Result<Tlv<'a>, DerError> {
        match self.peek() {
            Some(found) if found == tag => self.any(),
            found => Err(DerError::Tag { want: tag, found }),
        }
    }

    /// Reads the content of a value that must have this tag.
    pub(crate) fn take(&mut self, tag: u8) -> Result<&'a [u8], DerError> {
        Ok(self.take_raw(tag)?.value)
    }

    /// Reads the content of a value if the next one has this tag.
    pub(crate) fn optional(&mut self, tag: u8) -> Result<Option<&'a [u8]>, DerError> {
        if self.peek() == Some(tag) {
            self.take(tag).map(Some)
        } else {
            Ok(None)
        }
    }

    /// Reads a SEQUENCE; the reader returned is over its content.
    pub(crate) fn sequence(&mut self) -> Result<Self, DerError> {
        self.take(SEQUENCE).map(Self::new)
    }

    /// Reads a SET; the reader returned is over its content.
    pub(crate) fn set(&mut self) -> Result<Self, DerError> {
        self.take(SET).map(Self::new)
    }

    /// Reads the constructed field `[n]` if it is next; the reader returned is over its content.
    pub(crate) fn explicit(&mut self, n: u8) -> Result<Option<Self>, DerError> {
        Ok(self.optional(context_constructed(n))?.map(Self::new))
    }

    /// Reads an OBJECT IDENTIFIER.
    pub(crate) fn oid(&mut self) -> Result<Oid<'a>, DerError> {
        let content = self.take(OID)?;
        if is_oid(content) {
            Ok(Oid(content))
        } else {
            Err(DerError::Value("OBJECT IDENTIFIER"))
        }
    }

    /// Reads a BOOLEAN.
    pub(crate) fn boolean(&mut self) -> Result<bool, DerError> {
        match self.take(BOOLEAN)? {
            [0x00] => Ok(false),
            [0xff] => Ok(true),
            _ => Err(DerError::Value("BOOLEAN")),
        }
    }

    /// Reads a BOOLEAN DEFAULT FALSE, which may not be encoded when it is false.
    pub(crate) fn default_false(&mut self) -> Result<bool, DerError> {
        if self.peek() != Some(BOOLEAN) {
            return Ok(false);
        }
        if self.boolean()? {
            Ok(true)
        } else {
            Err(DerError::Value("BOOLEAN DEFAULT FALSE"))
        }
    }

    /// Reads the two's complement content of an INTEGER.
    pub(crate) fn integer(&mut self) -> Result<&'a [u8], DerError> {
        check_integer(self.take(INTEGER)?)
    }

    /// Reads a non-negative INTEGER as big-endian bytes without leading zeros; zero is one byte.
    pub(crate) fn unsigned(&mut self) -> Result<&'a [u8], DerError> {
        match self.integer()? {
            [0x80..=0xff, ..] => Err(DerError::Value("non-negative INTEGER")),
            [0, rest @ ..] if !rest.is_empty() => Ok(rest),
            content => Ok(content),
        }
    }

    /// Reads a non-negative INTEGER below 2^64.
    pub(crate) fn small(&mut self) -> Result<u64, DerError> {
        let bytes = self.unsigned()?;
        if bytes.len() > 8 {
            return Err(DerError::Value("INTEGER below 2^64"));
        }
        Ok(bytes
            .iter()
            .fold(0, |value, byte| value << 8 | u64::from(*byte)))
    }

    /// Reads an OCTET STRING.
    pub(crate) fn octet_string(&mut self) -> Result<&'a [u8], DerError> {
        self.take(OCTET_STRING)
    }

    /// Reads a BIT STRING of whole bytes.
    pub(crate) fn bit_string(&mut self) -> Result<&'a [u8], DerError> {
        match self.take(BIT_STRING)? {
            [0, bytes @ ..] => Ok(bytes),
            _ => Err(DerError::Value("BIT STRING of whole bytes")),
        }
    }

    /// Reads a BIT STRING with named bits, at most 16; bit `n` becomes `1 << n`.
    ///
    /// Spec: X.690 11.2.2: trailing zero bits are not encoded
    pub(crate) fn bit_flags(&mut self) -> Result<u16, DerError> {
        flags_from_bits(self.take(BIT_STRING)?).ok_or(DerError::Value("named BIT STRING"))
    }

    /// Reads a Time of a certificate: UTCTime through 2049, GeneralizedTime from 2050.
    ///
    /// Spec: RFC 5280 4.1.2.5.1, 4.1.2.5.2
    pub(crate) fn time(&mut self) -> Result<Timestamp, DerError> {
        match self.peek() {
            Some(UTC_TIME) => utc_time(self.take(UTC_TIME)?).ok_or(DerError::Value("UTCTime")),
            Some(GENERALIZED_TIME) => late_generalized_time(self.take(GENERALIZED_TIME)?)
                .ok_or(DerError::Value("GeneralizedTime from 2050 on")),
            found => Err(DerError::Tag {
                want: UTC_TIME,
                found,
            }),
        }
    }

    /// Reads a GeneralizedTime in UTC; a fraction may not end in zero.
    ///
    /// Spec: X.690 11.7; RFC 3161 2.4.2
    pub(crate) fn generalized_time(&mut self) -> Result<Timestamp, DerError> {
        generalized_time(self.take(GENERALIZED_TIME)?).ok_or(DerError::Value("GeneralizedTime"))
    }
}

/// Checks that the content octets of an INTEGER are minimal.
fn check_integer(content: &[u8]) -> Result<&[u8], DerError> {
    match content {
        [] | [0x00, 0x00..=0x7f, ..] | [0xff, 0x80..=0xff, ..] => Err(DerError::Value("INTEGER")),
        _ => Ok(content),
    }
}

/// Reads a length in its shortest form; four bytes of it are more than any input here.
fn read_length(bytes: &[u8]) -> Result<(usize, &[u8]), DerError> {
    let (first, rest) = bytes.split_first().ok_or(DerError::Truncated)?;
    let count = match first {
        0..=0x7f => return Ok((usize::from(*first), rest)),
        0x81..=0x84 => usize::from(first & 0x0f),
        _ => return Err(DerError::Length),
    };
    let (length, rest) = rest.split_at_checked(count).ok_or(DerError::Truncated)?;
    let value = length
        .iter()
        .fold(0u64, |value, byte| value << 8 | u64::from(*byte));
    if value < 0x80 || length.first() == Some(&0) {
        return Err(DerError::Length);
    }
    Ok((usize::try_from(value).map_err(|_| DerError::Length)?, rest))
}

/// Whether every arc is in its shortest form, ends, and fits 128 bits, as those of UUIDs do.
///
/// Spec: X.690 8.19; X.667 7 for 2.25
fn is_oid(content: &[u8]) -> bool {
    let mut arc = 0u128;
    let mut ended = true;
    for byte in content {
        if (ended && *byte == 0x80) || arc.leading_zeros() < 7 {
            return false;
        }
        ended = byte & 0x80 == 0;
        arc = if ended {
            0
        } else {
            arc << 7 | u128::from(byte & 0x7f)
        };
    }
    ended && !content.is_empty()
}

fn flags_from_bits(content: &[u8]) -> Option<u16> {
    let (unused, bytes) = content.split_first()?;
    let last = match bytes {
        [] => return (*unused == 0).then_some(0),
        [last] | [_, last] => *last,
        _ => return None,
    };
    // The last bit that is encoded is a one, and the unused bits after it are zero.
    if *unused > 7 || last.trailing_zeros() != u32::from(*unused) {
        return None;
    }
    let low = u16::from(bytes.first()?.reverse_bits());
    let high = u16::from(bytes.get(1).copied().unwrap_or(0).reverse_bits());
    Some(high << 8 | low)
}

/// `YYMMDDHHMMSSZ`, years 1950 to 2049.
fn utc_time(content: &[u8]) -> Option<Timestamp> {
    let ([y0, y1], rest) = content.split_first_chunk::<2>()?;
    let short = i64::from(time::two_digits(*y0, *y1)?);
    let year = short.checked_add(if short < 50 { 2000 } else { 1900 })?;
    let (at, rest) = month_to_second(year, rest)?;
    (rest == b"Z").then_some(at)
}

/// `YYYYMMDDHHMMSSZ`, for the years that UTCTime cannot say.
fn late_generalized_time(content: &[u8]) -> Option<Timestamp> {
    let year = content.first_chunk::<4>()?;
    (content.len() == 15 && year >= b"2050").then_some(())?;
    generalized_time(content)
}

/// `YYYYMMDDHHMMSS[.f]Z`
fn generalized_time(content: &[u8]) -> Option<Timestamp> {
    let ([y0, y1, y2, y3], rest) = content.split_first_chunk::<4>()?;
    let century = i64::from(time::two_digits(*y0, *y1)?);
    let year = century
        .checked_mul(100)?
        .checked_add(i64::from(time::two_digits(*y2, *y3)?))?;
    let (at, rest) = month_to_second(year, rest)?;
    let Some(fraction) = rest.strip_prefix(b".") else {
        return (rest == b"Z").then_some(at);
    };
    let (nanos, rest) = time::parse_fraction(std::str::from_utf8(fraction).ok()?)?;
    let last = fraction
        .len()
        .checked_sub(2)
        .and_then(|at| fraction.get(at))?;
    if rest != "Z" || *last == b'0' {
        return None;
    }
    Timestamp::from_unix_parts(at.unix_seconds(), nanos)
}

/// `MMDDHHMMSS` and what follows.
fn month_to_second(year: i64, content: &[u8]) -> Option<(Timestamp, &[u8])> {
    let ([m0, m1, d0, d1, h0, h1, n0, n1, s0, s1], rest) = content.split_first_chunk::<10>()?;
    let at = Timestamp::from_civil(
        year,
        time::two_digits(*m0, *m1)?,
        time::two_digits(*d0, *d1)?,
        time::two_digits(*h0, *h1)?,
        time::two_digits(*n0, *n1)?,
        time::two_digits(*s0, *s1)?,
    )?;
    Some((at, rest))
}

/// Writing, for the few places that rebuild a structure they read.
pub(crate) mod write {
    /// One value: `tag`, the length of `parts` together, and the parts.
    pub(crate) fn tlv(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
        let len: usize = parts
            .iter()
            .fold(0, |sum, part| sum.saturating_add(part.len()));
        let mut out = Vec::with_capacity(len.saturating_add(6));
        header(&mut out, tag, len);
        for part in parts {
            out.extend_from_slice(part);
        }
        out
    }

    /// Appends identifier and length octets for content of `len` bytes.
    pub(crate) fn header(out: &mut Vec<u8>, tag: u8, len: usize) {
        out.push(tag);
        let bytes = len.to_be_bytes();
        match u8::try_from(len) {
            Ok(short @ 0..0x80) => out.push(short),
            _ => {
                let significant = bytes
                    .iter()
                    .position(|byte| *byte != 0)
                    .and_then(|at| bytes.get(at..));
                let significant = significant.unwrap_or(&[]);
                out.push(0x80 | u8::try_from(significant.len()).unwrap_or(0));
                out.extend_from_slice(significant);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read<'a, T>(
        bytes: &'a [u8],
        with: impl FnOnce(&mut Reader<'a>) -> Result<T, DerError>,
    ) -> Result<T, DerError> {
        let mut reader = Reader::new(bytes);
        let value = with(&mut reader)?;
        reader.finish()?;
        Ok(value)
    }

    #[test]
    fn accepts_minimal_lengths() {
        for len in [0usize, 1, 127, 128, 255, 256, 65_535, 65_536] {
            let content = vec![7; len];
            let encoded = write::tlv(OCTET_STRING, &[&content]);

            assert_eq!(Ok(content.as_slice()), read(&encoded, Reader::octet_string));
        }
    }

    #[test]
    fn rejects_lengths_that_are_not_der() {
        for bytes in [
            &[4, 0x80, 0, 0][..],
            &[4, 0x81, 1, 0],
            &[4, 0x82, 0, 0x80],
            &[4, 0x85, 0, 0, 0, 0, 1],
            &[4, 0xff],
        ] {
            assert_eq!(
                Err(DerError::Length),
                read(bytes, Reader::octet_string),
                "{bytes:?}"
            );
        }
    }

    #[test]
    fn rejects_truncated_and_trailing_bytes() {
        assert_eq!(Err(DerError::Truncated), read(&[4], Reader::octet_string));
        assert_eq!(
            Err(DerError::Truncated),
            read(&[4, 1], Reader::octet_string)
        );
        assert_eq!(
            Err(DerError::Truncated),
            read(&[4, 0x82, 1], Reader::octet_string)
        );
        assert_eq!(
            Err(DerError::Trailing),
            read(&[4, 0, 0], Reader::octet_string)
        );
        assert_eq!(Err(DerError::TagForm), read(&[0x1f, 1, 0], Reader::any));
        assert_eq!(
            Err(DerError::Tag {
                want: 4,
                found: None
            }),
            read(&[], Reader::octet_string)
        );
        assert_eq!(
            Err(DerError::Tag {
                want: 4,
                found: Some(5)
            }),
            read(&[5, 0], Reader::octet_string)
        );
    }

    #[test]
    fn accepts_and_rejects_integers() {
        assert_eq!(Ok(&[0x80][..]), read(&[2, 2, 0, 0x80], Reader::unsigned));
        assert_eq!(Ok(0), read(&[2, 1, 0], Reader::small));
        assert_eq!(
            Ok(u64::MAX),
            read(
                &[2, 9, 0, 255, 255, 255, 255, 255, 255, 255, 255],
                Reader::small
            )
        );
        let not_minimal = Err(DerError::Value("INTEGER"));
        assert_eq!(not_minimal, read(&[2, 0], Reader::integer));
        assert_eq!(not_minimal, read(&[2, 2, 0, 1], Reader::integer));
        assert_eq!(not_minimal, read(&[2, 2, 0xff, 0x80], Reader::integer));
        assert_eq!(
            Err(DerError::Value("non-negative INTEGER")),
            read(&[2, 1, 0x80], Reader::unsigned)
        );
        assert_eq!(
            Err(DerError::Value("INTEGER below 2^64")),
            read(&[2, 9, 1, 0, 0, 0, 0, 0, 0, 0, 0], Reader::small)
        );
    }

    #[test]
    fn accepts_and_rejects_booleans() {
        assert_eq!(Ok(true), read(&[1, 1, 255], Reader::boolean));
        assert_eq!(Ok(false), read(&[1, 1, 0], Reader::boolean));
        assert_eq!(
            Err(DerError::Value("BOOLEAN")),
            read(&[1, 1, 1], Reader::boolean)
        );
        assert_eq!(Ok(false), read(&[], Reader::default_false));
        assert_eq!(
            Err(DerError::Value("BOOLEAN DEFAULT FALSE")),
            read(&[1, 1, 0], Reader::default_false)
        );
    }

    #[test]
    fn accepts_and_rejects_object_identifiers() {
        let oid = read(
            b"\x06\x0a\x2b\x06\x01\x04\x01\x83\xbf\x30\x01\x08",
            Reader::oid,
        )
        .unwrap();
        assert_eq!("1.3.6.1.4.1.57264.1.8", oid.to_string());
        assert_eq!("2.5.29.37", Oid::from_content(b"\x55\x1d\x25").to_string());
        let uuid = [&[0x06, 0x14, 0x69, 0x83][..], &[0xff; 17], &[0x7f]].concat();
        assert_eq!(
            format!("2.25.{}", u128::MAX),
            read(&uuid, Reader::oid).unwrap().to_string()
        );
        let wider = [&[0x06, 0x14, 0x69, 0x84][..], &[0xff; 17], &[0x7f]].concat();
        for bytes in [
            &b"\x06\x00"[..],
            &wider,
            b"\x06\x02\x2a\x80",
            b"\x06\x02\x80\x01",
            b"\x06\x03\x2a\x80\x01",
        ] {
            assert_eq!(
                Err(DerError::Value("OBJECT IDENTIFIER")),
                read(bytes, Reader::oid)
            );
        }
    }

    #[test]
    fn accepts_and_rejects_named_bits() {
        assert_eq!(Ok(1), read(&[3, 2, 7, 0x80], Reader::bit_flags));
        assert_eq!(Ok(0b110_0000), read(&[3, 2, 1, 0x06], Reader::bit_flags));
        assert_eq!(
            Ok(1 << 8 | 1),
            read(&[3, 3, 7, 0x80, 0x80], Reader::bit_flags)
        );
        assert_eq!(Ok(0), read(&[3, 1, 0], Reader::bit_flags));
        for bytes in [
            &[3, 0][..],
            &[3, 1, 1],
            &[3, 2, 6, 0x80],
            &[3, 2, 7, 0xc0],
            &[3, 2, 0, 0],
            &[3, 2, 8, 0x80],
            &[3, 4, 0, 1, 1, 1],
        ] {
            assert_eq!(
                Err(DerError::Value("named BIT STRING")),
                read(bytes, Reader::bit_flags)
            );
        }
        assert_eq!(
            Err(DerError::Value("BIT STRING of whole bytes")),
            read(&[3, 2, 7, 0x80], Reader::bit_string)
        );
    }

    #[test]
    fn accepts_and_rejects_certificate_times() {
        let at = |text: &[u8], tag| {
            read(&write::tlv(tag, &[text]), Reader::time).map(Timestamp::unix_seconds)
        };

        assert_eq!(Ok(1_577_836_800), at(b"200101000000Z", UTC_TIME));
        assert_eq!(Ok(-631_152_000), at(b"500101000000Z", UTC_TIME));
        assert_eq!(Ok(2_524_608_000), at(b"20500101000000Z", GENERALIZED_TIME));
        for text in [
            &b"2001010000Z"[..],
            b"200101000000+0000",
            b"200101000000",
            b"201301000000Z",
            b"200101000060Z",
        ] {
            assert_eq!(Err(DerError::Value("UTCTime")), at(text, UTC_TIME));
        }
        for text in [
            &b"20491231235959Z"[..],
            b"20500101000000.5Z",
            b"20500101000000",
        ] {
            assert_eq!(
                Err(DerError::Value("GeneralizedTime from 2050 on")),
                at(text, GENERALIZED_TIME)
            );
        }
    }

    #[test]
    fn accepts_and_rejects_token_times() {
        let at = |text: &[u8]| {
            read(
                &write::tlv(GENERALIZED_TIME, &[text]),
                Reader::generalized_time,
            )
        };

        assert_eq!(
            Timestamp::from_unix_parts(1_577_836_800, 0),
            at(b"20200101000000Z").ok()
        );
        assert_eq!(
            Timestamp::from_unix_parts(1_577_836_800, 50_000_000),
            at(b"20200101000000.05Z").ok()
        );
        for text in [
            &b"20200101000000.Z"[..],
            b"20200101000000.50Z",
            b"20200101000000,5Z",
            b"20200101000000.5",
            b"202001010000Z",
            b"20200101000000.0Z",
        ] {
            assert_eq!(Err(DerError::Value("GeneralizedTime")), at(text));
        }
    }
}
