//! An encoder of DER, and of what is almost DER.
//!
//! In: values. Out: bytes. Not here: any check; a caller may write what no reader should take.

/// One value with its tag and its shortest length.
pub fn tlv(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut out = vec![tag];
    match content.len() {
        len @ 0..=0x7f => out.push(byte(len)),
        len @ 0x80..=0xff => out.extend([0x81, byte(len)]),
        len => out.extend([0x82, byte(len >> 8), byte(len & 0xff)]),
    }
    out.extend_from_slice(content);
    out
}

/// The same value with its length in one byte more than it needs, which is BER and not DER.
pub fn long_form(tag: u8, content: &[u8]) -> Vec<u8> {
    let len = content.len();
    let mut out = vec![
        tag,
        0x83,
        byte(len >> 16),
        byte(len >> 8 & 0xff),
        byte(len & 0xff),
    ];
    out.extend_from_slice(content);
    out
}

/// SEQUENCE
pub fn sequence<T: AsRef<[u8]>>(items: &[T]) -> Vec<u8> {
    tlv(0x30, &join(items))
}

/// SET OF, in the order that DER wants.
pub fn set<T: AsRef<[u8]>>(items: &[T]) -> Vec<u8> {
    let mut sorted: Vec<&[u8]> = items.iter().map(AsRef::as_ref).collect();
    sorted.sort_unstable();
    tlv(0x31, &sorted.concat())
}

/// SET OF, in the order given.
pub fn set_as_is<T: AsRef<[u8]>>(items: &[T]) -> Vec<u8> {
    tlv(0x31, &join(items))
}

/// `[n]` around a whole value.
pub fn explicit(number: u8, inner: &[u8]) -> Vec<u8> {
    tlv(0xa0 | number, inner)
}

/// INTEGER, not negative, from its big-endian bytes.
pub fn unsigned(bytes: &[u8]) -> Vec<u8> {
    let start = bytes
        .iter()
        .position(|byte| *byte != 0)
        .unwrap_or(bytes.len());
    let mut content = bytes.get(start..).unwrap_or_default().to_vec();
    if content.first().is_none_or(|first| *first >= 0x80) {
        content.insert(0, 0);
    }
    tlv(0x02, &content)
}

/// INTEGER
pub fn integer(value: u64) -> Vec<u8> {
    unsigned(&value.to_be_bytes())
}

/// OBJECT IDENTIFIER, from `1.2.840`.
///
/// # Panics
///
/// If `dotted` is not numbers between dots.
pub fn oid(dotted: &str) -> Vec<u8> {
    let arcs: Vec<u128> = dotted
        .split('.')
        .map(|arc| arc.parse().expect("a number"))
        .collect();
    let [first, second, rest @ ..] = arcs.as_slice() else {
        panic!("two arcs at least")
    };
    let mut content = Vec::new();
    for arc in std::iter::once(&(first * 40 + second)).chain(rest) {
        let digits = (u128::BITS - (arc | 1).leading_zeros()).div_ceil(7);
        for place in (0..digits).rev() {
            let more = if place == 0 { 0 } else { 0x80 };
            content.push(more | u8::try_from(arc >> (7 * place) & 0x7f).unwrap_or(0));
        }
    }
    tlv(0x06, &content)
}

/// OCTET STRING
pub fn octets(bytes: &[u8]) -> Vec<u8> {
    tlv(0x04, bytes)
}

/// BIT STRING of whole bytes.
pub fn bits(bytes: &[u8]) -> Vec<u8> {
    tlv(0x03, &[&[0], bytes].concat())
}

/// BIT STRING with a named bit list: bit `n` of X.509 is `1 << n` here.
pub fn bit_flags(flags: u16) -> Vec<u8> {
    let bytes = flags.reverse_bits().to_be_bytes();
    let used = 16 - flags.leading_zeros();
    let len = if used > 8 { 2 } else { usize::from(used > 0) };
    let unused = (8 - used % 8) % 8;
    tlv(
        0x03,
        &[&[u8::try_from(unused).unwrap_or(0)], &bytes[..len]].concat(),
    )
}

/// BOOLEAN TRUE
pub fn yes() -> Vec<u8> {
    vec![0x01, 0x01, 0xff]
}

/// NULL
pub fn null() -> Vec<u8> {
    vec![0x05, 0x00]
}

/// UTF8String
pub fn utf8(text: &str) -> Vec<u8> {
    tlv(0x0c, text.as_bytes())
}

/// The values one after the other.
pub fn join<T: AsRef<[u8]>>(items: &[T]) -> Vec<u8> {
    items
        .iter()
        .flat_map(|item| item.as_ref().iter().copied())
        .collect()
}

/// The content of one encoded value.
pub fn content(tlv: &[u8]) -> &[u8] {
    let skip = match tlv.get(1) {
        Some(len @ 0x81..) => 2 + usize::from(len & 0x7f),
        _ => 2,
    };
    tlv.get(skip..).unwrap_or_default()
}

fn byte(value: usize) -> u8 {
    u8::try_from(value).expect("under 64 KiB")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accepts_known_encodings() {
        assert_eq!(vec![0x02, 0x01, 0x00], integer(0));
        assert_eq!(vec![0x02, 0x02, 0x00, 0x80], integer(128));
        assert_eq!(vec![0x02, 0x02, 0x01, 0x00], integer(256));
        assert_eq!(
            vec![0x06, 0x06, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d],
            oid("1.2.840.113549")
        );
        assert_eq!(vec![0x06, 0x03, 0x55, 0x1d, 0x0f], oid("2.5.29.15"));
        let uuid = oid(&format!("2.25.{}", u128::MAX));
        assert_eq!(
            [&[0x06, 0x14, 0x69, 0x83][..], &[0xff; 17], &[0x7f]].concat(),
            uuid
        );
        assert_eq!(vec![0x03, 0x02, 0x07, 0x80], bit_flags(1));
        assert_eq!(vec![0x03, 0x02, 0x01, 0x06], bit_flags(0b0110_0000));
        assert_eq!(vec![0x03, 0x03, 0x07, 0x00, 0x80], bit_flags(1 << 8));
    }

    #[test]
    fn accepts_every_length_form() {
        assert_eq!(vec![0x04, 0x7f], octets(&[1; 0x7f])[..2]);
        assert_eq!(vec![0x04, 0x81, 0x80], octets(&[1; 0x80])[..3]);
        assert_eq!(vec![0x04, 0x82, 0x01, 0x00], octets(&[1; 0x100])[..4]);
        assert_eq!([1; 0x100], content(&octets(&[1; 0x100])));
    }

    #[test]
    fn accepts_sets_in_der_order() {
        assert_eq!(
            vec![0x31, 0x04, 0x05, 0x00, 0x05, 0x01],
            set(&[[0x05, 0x01], [0x05, 0x00]])
        );
    }
}
