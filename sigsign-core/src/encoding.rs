//! Base64 and hexadecimal in their one canonical form, and escaping for display.
//!
//! Not here: lenient variants. What another reader could take differently is refused.

use std::fmt::{self, Write};

use base64::Engine;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

/// Text that is not standard base64 with padding and zero trailing bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Base64Error;

impl fmt::Display for Base64Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not standard base64 with padding")
    }
}

impl std::error::Error for Base64Error {}

/// Decodes standard base64: padding required, trailing bits zero, no white space.
///
/// # Errors
///
/// [`Base64Error`] for everything else, the URL-safe alphabet included (V2).
///
/// Spec: RFC 4648 4, 3.5
pub fn base64_decode(text: &str) -> Result<Vec<u8>, Base64Error> {
    STANDARD.decode(text).map_err(|_| Base64Error)
}

/// Encodes as standard base64 with padding.
///
/// Spec: RFC 4648 4
pub fn base64_encode(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

/// Encodes as lower-case hexadecimal.
pub fn hex_encode(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len().saturating_mul(2));
    for byte in bytes {
        text.push(hex_digit(byte >> 4));
        text.push(hex_digit(byte & 15));
    }
    text
}

/// Decodes lower-case hexadecimal; `None` for anything else.
pub fn hex_decode(text: &str) -> Option<Vec<u8>> {
    let (pairs, []) = text.as_bytes().as_chunks::<2>() else {
        return None;
    };
    pairs
        .iter()
        .map(|[high, low]| Some(hex_value(*high)? << 4 | hex_value(*low)?))
        .collect()
}

/// Decodes one PEM block; returns its label and content, or `None` if it is anything else.
///
/// Lines may end in LF or CRLF; only white space may stand before and after the block.
///
/// Spec: RFC 7468 3
pub fn pem_decode(text: &str) -> Option<(&str, Vec<u8>)> {
    let rest = text.trim_ascii().strip_prefix("-----BEGIN ")?;
    let (label, rest) = rest.split_once("-----")?;
    let body = rest
        .strip_suffix("-----")?
        .strip_suffix(label)?
        .strip_suffix("-----END ")?;
    let body = body
        .strip_prefix('\n')
        .or_else(|| body.strip_prefix("\r\n"))?;
    let mut base64 = String::with_capacity(body.len());
    base64.extend(body.lines());
    Some((label, base64_decode(&base64).ok()?))
}

/// Encodes one PEM block, in lines of 64 characters.
///
/// Spec: RFC 7468 2
pub(crate) fn pem_encode(label: &str, der: &[u8]) -> String {
    let mut pem = format!("-----BEGIN {label}-----\n");
    for (at, c) in base64_encode(der).chars().enumerate() {
        if at > 0 && at % 64 == 0 {
            pem.push('\n');
        }
        pem.push(c);
    }
    pem.push_str(&format!("\n-----END {label}-----\n"));
    pem
}

/// Text from outside, shown with control, bidirectional and invisible characters escaped, and with
/// what the runner of a CI platform would take for a command: `##[...]` and `##vso[...]` anywhere in a
/// line, `::name::` where it begins.
#[derive(Clone, Copy, Debug)]
#[expect(
    clippy::exhaustive_structs,
    reason = "a wrapper for display, constructed by callers"
)]
pub struct Escaped<'a>(pub &'a str);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut is_command = begins_command(self.0);
        let mut before = None;
        for c in self.0.chars() {
            let is_mark = match c {
                ':' => std::mem::take(&mut is_command),
                '#' => before == Some('#'),
                _ => false,
            };
            if is_mark || is_deceptive(c) {
                write!(f, "{}", c.escape_unicode())?;
            } else {
                f.write_char(c)?;
            }
            before = Some(c);
        }
        Ok(())
    }
}

/// `::name`, which is a command to GitHub's runners at the beginning of a line.
fn begins_command(text: &str) -> bool {
    let name = text.trim_start().strip_prefix("::");
    name.is_some_and(|it| it.starts_with(|c: char| c.is_ascii_alphabetic()))
}

fn is_deceptive(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{ad}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{180e}' | '\u{200b}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{feff}'
                | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}'
        )
}

fn hex_digit(nibble: u8) -> char {
    char::from_digit(u32::from(nibble), 16).unwrap_or('0')
}

fn hex_value(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => digit.checked_sub(b'0'),
        b'a'..=b'f' => digit.checked_sub(b'a')?.checked_add(10),
        _ => None,
    }
}

const STANDARD: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::RequireCanonical)
        .with_decode_allow_trailing_bits(false),
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accepts_canonical_base64() {
        for (text, bytes) in [
            ("", &b""[..]),
            ("AA==", b"\0"),
            ("+/8=", &[0xfb, 0xff]),
            ("AAAA", &[0; 3]),
        ] {
            assert_eq!(Ok(bytes.to_vec()), base64_decode(text));
            assert_eq!(text, base64_encode(bytes));
        }
    }

    #[test]
    fn rejects_other_base64() {
        for text in [
            "A", "AA", "AA=", "AB==", "-_8=", "AAAA=", "AA==AA==", " AAAA", "AAAA\n", "AA\n==",
        ] {
            assert_eq!(Err(Base64Error), base64_decode(text), "{text:?}");
        }
    }

    #[test]
    fn accepts_lower_case_hex_only() {
        assert_eq!(Some(vec![0x0a, 0xff]), hex_decode("0aff"));
        assert_eq!("0aff", hex_encode(&[0x0a, 0xff]));
        for text in ["0A", "0", "0g", "0x00", "é"] {
            assert_eq!(None, hex_decode(text), "{text}");
        }
    }

    #[test]
    fn accepts_one_pem_block() {
        let pem = "-----BEGIN PUBLIC KEY-----\nAAAA\nAA==\n-----END PUBLIC KEY-----\n";

        assert_eq!(Some(("PUBLIC KEY", vec![0; 4])), pem_decode(pem));
        assert_eq!(pem_decode(pem), pem_decode(&pem.replace('\n', "\r\n")));
        for broken in [
            pem.replace("END PUBLIC", "END PRIVATE"),
            pem.replace("AA==", "AA"),
            pem.replace("AAAA\n", "AA AA\n"),
            pem.replace("-----\nAAAA", "-----AAAA"),
            format!("{pem}{pem}"),
            format!("x{pem}"),
            pem.replace("AAAA", "Comment: x"),
        ] {
            assert_eq!(None, pem_decode(&broken), "{broken}");
        }
    }

    #[test]
    fn escapes_what_deceives_a_reader() {
        let shown = Escaped("a\u{202e}b\u{1b}[2J\u{0}é\u{200b}").to_string();

        assert_eq!("a\\u{202e}b\\u{1b}[2J\\u{0}é\\u{200b}", shown);
    }

    #[test]
    fn escapes_what_a_runner_obeys() {
        for (text, want) in [
            ("::error::a", r"\u{3a}:error::a"),
            (" ::add-mask::a", r" \u{3a}:add-mask::a"),
            ("a##[b]c", r"a#\u{23}[b]c"),
            ("###vso[a]", r"#\u{23}\u{23}vso[a]"),
            ("[::1]:80, ::1, a::b, #1", "[::1]:80, ::1, a::b, #1"),
            ("::1", "::1"),
        ] {
            assert_eq!(want, Escaped(text).to_string());
        }
    }
}
