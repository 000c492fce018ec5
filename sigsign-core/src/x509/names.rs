use std::fmt::Write;

use super::extensions::only;
use crate::der::{self, DerError, Reader};
use crate::encoding::hex_encode;
use crate::limits;

/// One GeneralName.
///
/// Spec: RFC 5280 4.2.1.6
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum GeneralName<'a> {
    /// Object identifier octets, and the value inside its `[0]` tag.
    Other(&'a [u8], &'a [u8]),
    Email(&'a str),
    Dns(&'a str),
    /// The content of a directory name: its relative distinguished names.
    Directory(&'a [u8]),
    Uri(&'a str),
    /// A form that no profile here has, by its tag.
    Unsupported(u8),
}

/// Whether `content` is a well-formed Name, without its tag and length.
///
/// Spec: RFC 5280 4.1.2.4
pub(super) fn is_name(content: &[u8]) -> bool {
    let mut rdns = Reader::new(content);
    let mut count = 0usize;
    while !rdns.is_empty() {
        count = count.saturating_add(1);
        if count > limits::CERTIFICATE_EXTENSIONS || !rdns.set().is_ok_and(is_rdn) {
            return false;
        }
    }
    true
}

/// A set of attributes: at least one, in the order of DER, none twice.
fn is_rdn(mut attributes: Reader<'_>) -> bool {
    let mut last: Option<&[u8]> = None;
    while !attributes.is_empty() {
        let Ok(attribute) = attributes.take_raw(der::SEQUENCE) else {
            return false;
        };
        let in_order = last.is_none_or(|last| last < attribute.raw);
        if !in_order || read_attribute(attribute.value).is_err() {
            return false;
        }
        last = Some(attribute.raw);
    }
    last.is_some()
}

fn read_attribute(attribute: &[u8]) -> Result<(&[u8], der::Tlv<'_>), DerError> {
    let mut fields = Reader::new(attribute);
    let oid = fields.oid()?;
    let value = fields.any()?;
    fields.finish()?;
    if value.tag == der::UTF8_STRING && std::str::from_utf8(value.value).is_err() {
        return Err(DerError::Value("UTF8String"));
    }
    Ok((oid.content(), value))
}

/// A name in DER as people write it: `O=sigstore.dev, CN=sigstore-intermediate`.
pub(super) fn text(name: &[u8]) -> String {
    let mut out = String::new();
    let mut rdns = Reader::new(Reader::new(name).any().map_or(&[][..], |name| name.value));
    while let Ok(mut attributes) = rdns.set() {
        while let Ok(attribute) = attributes.any() {
            let Ok((oid, value)) = read_attribute(attribute.value) else {
                continue;
            };
            if !out.is_empty() {
                out.push_str(", ");
            }
            let _ = write!(out, "{}=", attribute_name(oid));
            match std::str::from_utf8(value.value) {
                Ok(text) => out.push_str(text),
                Err(_) => out.push_str(&hex_encode(value.value)),
            }
        }
    }
    out
}

fn attribute_name(oid: &[u8]) -> String {
    match oid {
        b"\x55\x04\x03" => "CN".to_owned(),
        b"\x55\x04\x06" => "C".to_owned(),
        b"\x55\x04\x07" => "L".to_owned(),
        b"\x55\x04\x08" => "ST".to_owned(),
        b"\x55\x04\x0a" => "O".to_owned(),
        b"\x55\x04\x0b" => "OU".to_owned(),
        _ => der::Oid::from_content(oid).to_string(),
    }
}

/// Checks a list of general names and counts them; an empty list is an error.
pub(super) fn count_general_names(list: &[u8]) -> Result<usize, DerError> {
    let mut reader = Reader::new(list);
    let mut count = 0usize;
    while !reader.is_empty() {
        read_general_name(&mut reader)?;
        count = count.saturating_add(1);
    }
    if count == 0 {
        Err(DerError::Value("GeneralNames"))
    } else {
        Ok(count)
    }
}

/// The names in a list that has been checked.
pub(super) fn general_names(list: &[u8]) -> impl Iterator<Item = GeneralName<'_>> {
    let mut reader = Reader::new(list);
    std::iter::from_fn(move || read_general_name(&mut reader).ok())
}

/// One name that is all there is.
pub(super) fn general_name(bytes: &[u8]) -> Option<GeneralName<'_>> {
    only(bytes, read_general_name).ok()
}

fn read_general_name<'a>(reader: &mut Reader<'a>) -> Result<GeneralName<'a>, DerError> {
    let name = reader.any()?;
    Ok(match name.tag {
        0xa0 => {
            let mut fields = Reader::new(name.value);
            let oid = fields.oid()?;
            let value = fields.take(der::context_constructed(0))?;
            fields.finish()?;
            GeneralName::Other(oid.content(), value)
        }
        0x81 => GeneralName::Email(ia5(name.value)?),
        0x82 => GeneralName::Dns(ia5(name.value)?),
        0xa4 => {
            let content = only(name.value, |inner| inner.take(der::SEQUENCE))?;
            if !is_name(content) {
                return Err(DerError::Value("Name"));
            }
            GeneralName::Directory(content)
        }
        0x86 => GeneralName::Uri(ia5(name.value)?),
        tag @ (0xa3 | 0xa5 | 0x87 | 0x88) => GeneralName::Unsupported(tag & 0x1f),
        _ => return Err(DerError::Value("GeneralName")),
    })
}

/// An IA5String that says something and hides nothing: no control characters (O25).
fn ia5(bytes: &[u8]) -> Result<&str, DerError> {
    let plain = bytes.iter().all(|byte| (0x20..0x7f).contains(byte));
    match std::str::from_utf8(bytes) {
        Ok(text) if plain => Ok(text),
        _ => Err(DerError::Value("IA5String")),
    }
}

/// The subtrees a CA may issue names in.
///
/// Spec: RFC 5280 4.2.1.10
#[derive(Debug)]
pub(super) struct NameConstraints<'a> {
    permitted: Vec<GeneralName<'a>>,
    excluded: Vec<GeneralName<'a>>,
}

impl<'a> NameConstraints<'a> {
    pub(super) fn parse(value: &'a [u8]) -> Result<Self, DerError> {
        let mut fields = only(value, Reader::sequence)?;
        let permitted = fields.optional(der::context_constructed(0))?;
        let excluded = fields.optional(der::context_constructed(1))?;
        fields.finish()?;
        if permitted.is_none() && excluded.is_none() {
            return Err(DerError::Value("NameConstraints"));
        }
        let read = |list: Option<&'a [u8]>| list.map_or(Ok(Vec::new()), read_subtrees);
        Ok(Self {
            permitted: read(permitted)?,
            excluded: read(excluded)?,
        })
    }

    /// Whether a certificate with this name stays inside.
    ///
    /// A form that is constrained and that we do not process is outside, as 4.2.1.10 asks.
    pub(super) fn allow(&self, name: &GeneralName<'_>) -> bool {
        let same_form =
            |base: &&GeneralName<'_>| std::mem::discriminant(*base) == std::mem::discriminant(name);
        let excluded = self
            .excluded
            .iter()
            .filter(same_form)
            .any(|base| match_base(base, name) != Some(false));
        let mut permitted = self.permitted.iter().filter(same_form).peekable();
        !excluded
            && (permitted.peek().is_none()
                || permitted.any(|base| match_base(base, name) == Some(true)))
    }
}

fn read_subtrees(list: &[u8]) -> Result<Vec<GeneralName<'_>>, DerError> {
    let mut subtrees = Vec::new();
    let mut reader = Reader::new(list);
    while !reader.is_empty() {
        if subtrees.len() == limits::CERTIFICATE_EXTENSIONS {
            return Err(DerError::Value("GeneralSubtrees"));
        }
        let mut subtree = reader.sequence()?;
        subtrees.push(read_general_name(&mut subtree)?);
        // minimum is 0, by default and so not encoded; maximum is absent
        subtree.finish()?;
    }
    if subtrees.is_empty() {
        Err(DerError::Value("GeneralSubtrees"))
    } else {
        Ok(subtrees)
    }
}

/// Whether `name` lies in the subtree at `base`.
///
/// `None` where that cannot be said, because one of them is not well formed or because readers
/// differ about it: such a name is neither permitted nor spared from exclusion.
fn match_base(base: &GeneralName<'_>, name: &GeneralName<'_>) -> Option<bool> {
    match (base, name) {
        (GeneralName::Uri(base), GeneralName::Uri(uri)) => host_or_below(base, uri_host(uri)?),
        (GeneralName::Email(base), GeneralName::Email(email)) => mailbox_below(base, email),
        (GeneralName::Dns(""), GeneralName::Dns(_)) => Some(true),
        (GeneralName::Dns(base), GeneralName::Dns(name)) => {
            let itself = host_or_below(base, name)?;
            Some(itself || is_below(base, name))
        }
        (GeneralName::Directory(base), GeneralName::Directory(name)) => directory_below(base, name),
        _ => None,
    }
}

/// A base is a mailbox, a host, or a host's subdomains. Hosts ignore case, local parts do not, but
/// many who receive mail do: a difference in case alone is undecided.
fn mailbox_below(base: &str, email: &str) -> Option<bool> {
    let (local, host) = email.rsplit_once('@')?;
    if local.is_empty() || local.contains('@') {
        return None;
    }
    let Some((base_local, base_host)) = base.rsplit_once('@') else {
        return host_or_below(base, host);
    };
    if !host_or_below(base_host, host)? {
        return Some(false);
    }
    let same = base_local == local;
    (same || !base_local.eq_ignore_ascii_case(local)).then_some(same)
}

/// A base with a leading dot covers every host below it, one without covers that host alone.
fn host_or_below(base: &str, host: &str) -> Option<bool> {
    let bare = base.strip_prefix('.').unwrap_or(base);
    if !is_host(bare) || !is_host(host) {
        return None;
    }
    Some(if bare.len() == base.len() {
        base.eq_ignore_ascii_case(host)
    } else {
        is_below(bare, host)
    })
}

fn is_below(base: &str, host: &str) -> bool {
    let start = host.len().checked_sub(base.len());
    let parts = start.and_then(|start| host.split_at_checked(start));
    parts.is_some_and(|(below, end)| below.ends_with('.') && end.eq_ignore_ascii_case(base))
}

/// Whether this is a host name written in the one usual way: no final dot, no escapes, no wildcard.
fn is_host(host: &str) -> bool {
    let in_label = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    host.split('.')
        .all(|label| !label.is_empty() && label.bytes().all(in_label))
}

/// The host of a URI, if it has one that is a name.
///
/// Spec: RFC 5280 4.2.1.10: a constraint applies to a fully qualified domain name; RFC 3986 3
fn uri_host(uri: &str) -> Option<&str> {
    let (scheme, rest) = uri.split_once(':')?;
    let in_scheme = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.');
    if !scheme.bytes().all(in_scheme) || scheme.is_empty() {
        return None;
    }
    let authority = rest.strip_prefix("//")?.split(['/', '?', '#']).next()?;
    let host = authority
        .rsplit_once('@')
        .map_or(authority, |(_, host)| host);
    let (host, port) = host.split_once(':').unwrap_or((host, ""));
    let is_address = host.bytes().all(|c| c.is_ascii_digit() || c == b'.');
    let plain = !authority.contains('\\') && port.bytes().all(|c| c.is_ascii_digit());
    (plain && !is_address).then_some(host)
}

/// Whether the relative distinguished names of `name` begin with those of `base`.
///
/// Equal bytes are equal names. Names that differ only in case, spaces or the type of a string may
/// be equal to some readers (RFC 5280 7.1), so for those it is undecided.
fn directory_below(base: &[u8], name: &[u8]) -> Option<bool> {
    if name.starts_with(base) {
        return Some(true);
    }
    let (mut base, mut name) = (Reader::new(base), Reader::new(name));
    while !base.is_empty() {
        let (Ok(want), Ok(found)) = (base.set(), name.set()) else {
            return Some(false);
        };
        let found: Vec<_> = attributes(found).collect();
        let similar =
            |want: (&[u8], der::Tlv<'_>)| found.iter().any(|found| may_equal(want, *found));
        if !attributes(want).all(similar) {
            return Some(false);
        }
    }
    None
}

/// Whether two names are the same, or may be to some readers.
pub(super) fn may_be_same(a: &[u8], b: &[u8]) -> bool {
    let within = |a: &[u8], b: &[u8]| directory_below(a, b) != Some(false);
    within(a, b) && within(b, a)
}

fn attributes(mut rdn: Reader<'_>) -> impl Iterator<Item = (&[u8], der::Tlv<'_>)> {
    std::iter::from_fn(move || read_attribute(rdn.any().ok()?.value).ok())
}

fn may_equal(a: (&[u8], der::Tlv<'_>), b: (&[u8], der::Tlv<'_>)) -> bool {
    let plain = |value: der::Tlv<'_>| {
        matches!(value.tag, der::UTF8_STRING | PRINTABLE_STRING | IA5_STRING)
            && value.value.is_ascii()
    };
    a.0 == b.0 && (!plain(a.1) || !plain(b.1) || fold(a.1.value).eq(fold(b.1.value)))
}

fn fold(text: &[u8]) -> impl Iterator<Item = u8> {
    text.iter()
        .filter(|byte| **byte != b' ')
        .map(u8::to_ascii_lowercase)
}

/// The email addresses in a name, where a certificate has no alternative name to put them in.
///
/// Spec: RFC 5280 4.2.1.10
pub(super) fn emails_in(name: &[u8]) -> impl Iterator<Item = GeneralName<'_>> {
    let mut rdns = Reader::new(name);
    std::iter::from_fn(move || rdns.set().ok())
        .flat_map(attributes)
        .filter(|(oid, _)| *oid == EMAIL_ADDRESS)
        .map(|(_, value)| GeneralName::Email(ia5(value.value).unwrap_or_default()))
}

const PRINTABLE_STRING: u8 = 0x13;
const IA5_STRING: u8 = 0x16;
// 1.2.840.113549.1.9.1
const EMAIL_ADDRESS: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x09\x01";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::der::write::tlv;

    fn constraints(permitted: &[(u8, &[u8])], excluded: &[(u8, &[u8])]) -> Vec<u8> {
        let list = |tag, names: &[(u8, &[u8])]| {
            let subtrees: Vec<u8> = names
                .iter()
                .flat_map(|(tag, name)| tlv(der::SEQUENCE, &[&tlv(*tag, &[name])]))
                .collect();
            if names.is_empty() {
                Vec::new()
            } else {
                tlv(tag, &[&subtrees])
            }
        };
        tlv(
            der::SEQUENCE,
            &[&list(0xa0, permitted), &list(0xa1, excluded)],
        )
    }

    fn allows(kind: u8, base: &[u8], sense: Sense, name: GeneralName<'_>) -> bool {
        let subtree: &[(u8, &[u8])] = &[(kind, base)];
        let encoded = match sense {
            Sense::Permitted => constraints(subtree, &[]),
            Sense::Excluded => constraints(&[], subtree),
        };
        NameConstraints::parse(&encoded).unwrap().allow(&name)
    }

    #[derive(Clone, Copy)]
    enum Sense {
        Permitted,
        Excluded,
    }

    fn rdn(kind: &[u8], tag: u8, value: &[u8]) -> Vec<u8> {
        let attribute = [tlv(der::OID, &[kind]), tlv(tag, &[value])].concat();
        tlv(der::SET, &[&tlv(der::SEQUENCE, &[&attribute])])
    }

    // V28
    #[test]
    fn accepts_names_inside_and_rejects_names_outside() {
        let encoded = constraints(
            &[
                (0x86, b"github.com"),
                (0x81, b"example.org"),
                (0x81, b".sub.example"),
                (0x81, b"a@b.c"),
            ],
            &[(0x86, b".evil.example")],
        );
        let constraints = NameConstraints::parse(&encoded).unwrap();

        for name in [
            GeneralName::Uri("https://github.com/o/r"),
            GeneralName::Uri("https://user@GitHub.com:443/x"),
            GeneralName::Email("x@Example.org"),
            GeneralName::Email("x@deep.sub.example"),
            GeneralName::Email("a@B.c"),
            GeneralName::Dns("anything.example"),
        ] {
            assert!(constraints.allow(&name), "{name:?}");
        }
        for name in [
            GeneralName::Uri("https://github.com.evil.example/o"),
            GeneralName::Uri("https://x.github.com/o"),
            GeneralName::Uri("https://evil.example@other.example/"),
            GeneralName::Uri("urn:github.com"),
            GeneralName::Uri("https://127.0.0.1/"),
            GeneralName::Email("x@sub.example"),
            GeneralName::Email("A@b.c"),
            GeneralName::Email("no-host"),
        ] {
            assert!(!constraints.allow(&name), "{name:?}");
        }
    }

    // V28: neither permitted nor spared
    #[test]
    fn rejects_names_that_readers_may_take_for_others() {
        let uris: &[&str] = &[
            "https://evil.example./",
            "https://evil%2eexample/",
            "https://ev\\il@evil.example/",
            "https://evil.example:x/",
            "https://[::1]/",
            "https://1.2.3.4/",
            "https:///path",
            "https:/evil.example/",
            "urn:x?u=https://good.example/",
            "://evil.example/",
            "evil.example",
            "https://*.example/",
        ];
        for uri in uris {
            for base in ["evil.example", "good.example", ".example"] {
                for sense in [Sense::Permitted, Sense::Excluded] {
                    let name = GeneralName::Uri(uri);
                    assert!(!allows(0x86, base.as_bytes(), sense, name), "{base} {uri}");
                }
            }
        }
        for email in [
            "a@evil.example.",
            "@evil.example",
            "a@",
            "a",
            "a@[1.2.3.4]",
            "a@evil.example@other.example",
            "a@other.example@evil.example",
        ] {
            for sense in [Sense::Permitted, Sense::Excluded] {
                let name = GeneralName::Email(email);
                assert!(!allows(0x81, b"evil.example", sense, name), "{email}");
            }
        }
        for sense in [Sense::Permitted, Sense::Excluded] {
            let name = GeneralName::Email("A@evil.example");
            assert!(!allows(0x81, b"a@evil.example", sense, name));
            let name = GeneralName::Dns("*.example");
            assert!(!allows(0x82, b"evil.example", sense, name));
        }
    }

    // V28
    #[test]
    fn rejects_every_name_where_the_base_is_not_well_formed() {
        let bases: &[&[u8]] = &[
            b"",
            b".",
            b"https://a.example/",
            b"a..example",
            b"a.example.",
        ];
        for base in bases {
            for sense in [Sense::Permitted, Sense::Excluded] {
                let uri = GeneralName::Uri("https://a.example/");
                assert!(!allows(0x86, base, sense, uri), "{base:?}");
                let email = GeneralName::Email("x@a.example");
                assert!(!allows(0x81, base, sense, email), "{base:?}");
            }
        }
    }

    // V28
    #[test]
    fn accepts_dns_names_at_and_below_the_base() {
        for (name, inside) in [
            ("a.example", true),
            ("b.A.example", true),
            ("ba.example", false),
            ("example", false),
        ] {
            for (sense, want) in [(Sense::Permitted, inside), (Sense::Excluded, !inside)] {
                let found = allows(0x82, b"a.example", sense, GeneralName::Dns(name));
                assert_eq!(want, found, "{name}");
            }
        }
        assert!(allows(
            0x82,
            b"",
            Sense::Permitted,
            GeneralName::Dns("a.example")
        ));
        assert!(!allows(
            0x82,
            b"",
            Sense::Excluded,
            GeneralName::Dns("a.example")
        ));
    }

    // V28
    #[test]
    fn rejects_directory_names_that_differ_only_in_their_writing() {
        const ORGANIZATION: &[u8] = b"\x55\x04\x0a";
        let base = rdn(ORGANIZATION, der::UTF8_STRING, b"evil corp");
        let encoded_base = tlv(der::SEQUENCE, &[&base]);
        let below = [
            base.as_slice(),
            &rdn(b"\x55\x04\x03", der::UTF8_STRING, b"x"),
        ]
        .concat();
        let allowed =
            |sense, name: &[u8]| allows(0xa4, &encoded_base, sense, GeneralName::Directory(name));

        for same in [&base, &below] {
            assert!(allowed(Sense::Permitted, same));
            assert!(!allowed(Sense::Excluded, same));
        }
        for similar in [
            rdn(ORGANIZATION, PRINTABLE_STRING, b"evil corp"),
            rdn(ORGANIZATION, der::UTF8_STRING, b"Evil  Corp"),
            rdn(ORGANIZATION, 0x1e, b"\0e\0v"),
        ] {
            assert!(!allowed(Sense::Permitted, &similar));
            assert!(!allowed(Sense::Excluded, &similar));
        }
        for other in [
            rdn(ORGANIZATION, der::UTF8_STRING, b"good"),
            rdn(b"\x55\x04\x0b", der::UTF8_STRING, b"evil corp"),
            Vec::new(),
        ] {
            assert!(!allowed(Sense::Permitted, &other));
            assert!(allowed(Sense::Excluded, &other));
        }
    }

    // V28
    #[test]
    fn accepts_email_addresses_out_of_a_subject() {
        let name = [
            rdn(EMAIL_ADDRESS, IA5_STRING, b"a@b.example"),
            rdn(EMAIL_ADDRESS, der::UTF8_STRING, b"\xc3\xa9@b.example"),
            rdn(b"\x55\x04\x03", der::UTF8_STRING, b"x@y.example"),
        ]
        .concat();

        let found: Vec<_> = emails_in(&name).collect();

        assert_eq!(
            vec![GeneralName::Email("a@b.example"), GeneralName::Email("")],
            found
        );
    }

    // V28
    #[test]
    fn rejects_forms_that_are_constrained_and_not_processed() {
        let other = tlv(der::OID, &[b"\x2a\x03"]);
        let value = [other.as_slice(), &tlv(0xa0, &[&tlv(0x0c, &[b"x"])])].concat();
        let encoded = constraints(&[], &[(0xa0, &value)]);
        let excluded = NameConstraints::parse(&encoded).unwrap();

        assert!(!excluded.allow(&GeneralName::Other(b"\x2a\x03", b"")));
        assert!(excluded.allow(&GeneralName::Email("a@b.c")));
    }

    // V28
    #[test]
    fn rejects_malformed_constraints() {
        for bytes in [&b"\x30\x00"[..], b"\x30\x02\xa0\x00", b"\x30\x00\x00"] {
            assert!(matches!(
                NameConstraints::parse(bytes),
                Err(DerError::Value(_) | DerError::Trailing)
            ));
        }
    }

    #[test]
    fn rejects_names_that_are_not_der() {
        let attribute = |value: &[u8]| {
            tlv(
                der::SEQUENCE,
                &[
                    &tlv(der::OID, &[b"\x55\x04\x03"]),
                    &tlv(der::UTF8_STRING, &[value]),
                ],
            )
        };
        let (a, b) = (attribute(b"a"), attribute(b"b"));

        assert!(is_name(&tlv(der::SET, &[&a, &b])));
        assert!(is_name(b""));
        assert!(!is_name(&tlv(der::SET, &[&b, &a])));
        assert!(!is_name(&tlv(der::SET, &[&a, &a])));
        assert!(!is_name(&tlv(der::SET, &[])));
        assert!(!is_name(&tlv(der::SET, &[&attribute(b"\xff")])));
        assert_eq!("CN=a", text(&tlv(der::SEQUENCE, &[&tlv(der::SET, &[&a])])));
    }
}
