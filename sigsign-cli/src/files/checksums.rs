//! Lists of checksums, as the programs of GNU and BSD write them.

use std::path::Path;

use sigsign_core::digest::Digest;

use super::{Document, shown};
use crate::problem::Problem;

/// The files in a list, and the digest of each.
///
/// Spec: GNU Coreutils manual, "md5sum invocation"
pub(crate) fn checksums(path: &Path) -> Result<Vec<(String, Digest)>, Problem> {
    let bytes = Document::Checksums.read(path)?;
    let wrong = |number: usize, want: &str| {
        let sentence = format!("line {number} of {}: wanted {want}", shown(path));
        Problem::input("checksums.line", sentence)
            .hint("a list is what sha256sum or sha512sum writes")
    };
    let text = str::from_utf8(&bytes).map_err(|_| wrong(1, "text in UTF-8"))?;
    let lines = (1..)
        .zip(text.lines())
        .filter(|(_, line)| !line.trim().is_empty());
    let listed: Vec<_> = lines
        .map(|(number, line)| {
            parse(line).ok_or_else(|| wrong(number, "a SHA-256, SHA-384 or SHA-512 and a name"))
        })
        .collect::<Result<_, _>>()?;
    if listed.is_empty() {
        return Err(wrong(1, "a checksum and a name, found nothing"));
    }
    Ok(listed)
}

fn parse(line: &str) -> Option<(String, Digest)> {
    gnu(line).or_else(|| bsd(line))
}

/// `HEX  name`, or `HEX *name` for what was read as binary.
fn gnu(line: &str) -> Option<(String, Digest)> {
    // A name with a line end or backslash is written in another way.
    let (line, escaped) = match line.strip_prefix('\\') {
        Some(line) => (line, true),
        None => (line, false),
    };
    let (hex, name) = line.split_once(' ')?;
    let name = name.strip_prefix([' ', '*'])?;
    let name = if escaped {
        unescape(name)?
    } else {
        name.to_owned()
    };
    Some((named(name)?, digest(hex)?))
}

/// `SHA256 (name) = HEX`
fn bsd(line: &str) -> Option<(String, Digest)> {
    let (algorithm, rest) = line.split_once(" (")?;
    let (name, hex) = rest.rsplit_once(") = ")?;
    let digest = digest(hex)?;
    let wanted = digest.algorithm().name();
    let said = algorithm.to_ascii_lowercase().replace('-', "");
    (said == wanted).then_some(())?;
    Some((named(name.to_owned())?, digest))
}

fn named(name: String) -> Option<String> {
    (!name.is_empty()).then_some(name)
}

/// The length of a SHA-2 digest says which one it is.
fn digest(hex: &str) -> Option<Digest> {
    let hex = hex.to_ascii_lowercase();
    let name = match hex.len() {
        64 => "sha256",
        96 => "sha384",
        128 => "sha512",
        _ => return None,
    };
    Digest::parse(&format!("{name}:{hex}"))
}

fn unescape(name: &str) -> Option<String> {
    let mut plain = String::new();
    let mut chars = name.chars();
    while let Some(char) = chars.next() {
        plain.push(match char {
            '\\' => match chars.next()? {
                'n' => '\n',
                'r' => '\r',
                '\\' => '\\',
                _ => return None,
            },
            char => char,
        });
    }
    Some(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accepts_lines_of_both_forms() {
        let (short, long) = ("ab".repeat(32), "CD".repeat(64));
        for (line, name, algorithm) in [
            (format!("{short}  a.txt"), "a.txt", "sha256"),
            (format!("{long} *dir/a b"), "dir/a b", "sha512"),
            (format!("\\{short}  a\\nb\\\\c"), "a\nb\\c", "sha256"),
            (format!("SHA256 (a (1)) = {short}"), "a (1)", "sha256"),
            (format!("SHA512 (a) = {long}"), "a", "sha512"),
        ] {
            let (found, digest) = parse(&line).unwrap();
            assert_eq!((name, algorithm), (&*found, digest.algorithm().name()));
        }
    }

    #[test]
    fn rejects_other_lines() {
        let hex = "ab".repeat(32);
        for line in [
            "",
            "a.txt",
            &hex,
            &format!("{hex} a"),
            &format!("{hex}  "),
            &format!("{}  a", &hex[1..]),
            &format!("x{}  a", &hex[1..]),
            &format!("\\{hex}  a\\x"),
            &format!("MD5 (a) = {}", &hex[..32]),
            &format!("SHA512 (a) = {hex}"),
        ] {
            assert_eq!(None, parse(line), "{line}");
        }
    }
}
