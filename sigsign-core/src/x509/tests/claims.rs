use super::*;
use crate::x509::{ClaimsError, FulcioClaims, FulcioExtension, SubjectKind};

const ISSUER: &str = "1.3.6.1.4.1.57264.1.8";
const DEPRECATED_ISSUER: &str = "1.3.6.1.4.1.57264.1.1";

fn utf8(text: &str) -> Vec<u8> {
    tlv(der::UTF8_STRING, &[text.as_bytes()])
}

fn value_error<T>(extension: FulcioExtension) -> Result<T, ClaimsError> {
    Err(ClaimsError::Value { extension })
}

fn issuer(draft: &Draft) -> Result<Option<String>, ClaimsError> {
    let certificate = draft.certificate(1);
    let claims = FulcioClaims::from_certificate(&certificate)?;
    Ok(claims.issuer().map(str::to_owned))
}

fn subject(kind: u8, value: &[u8]) -> Result<(SubjectKind, String), ClaimsError> {
    let draft = Draft::leaf(1).with(ALTERNATIVE_NAMES, true, &names(&[(kind, value)]));
    let certificate = draft.certificate(1);
    let claims = FulcioClaims::from_certificate(&certificate)?;
    let subject = claims.subject();
    Ok((subject.kind(), subject.value().to_owned()))
}

// V59
#[test]
fn accepts_the_issuer_in_either_form_and_in_both() {
    let new = Draft::leaf(1).with(ISSUER, false, &utf8("https://a"));
    let old = Draft::leaf(1).with(DEPRECATED_ISSUER, false, b"https://a");
    let both = new.clone().with(DEPRECATED_ISSUER, false, b"https://a");

    for draft in [new, old, both] {
        assert_eq!(Ok(Some("https://a".to_owned())), issuer(&draft));
    }
    assert_eq!(Ok(None), issuer(&Draft::leaf(1)));
}

// V59 O12
#[test]
fn rejects_two_issuers_that_differ() {
    let draft = Draft::leaf(1).with(ISSUER, false, &utf8("https://a")).with(
        DEPRECATED_ISSUER,
        false,
        b"https://b",
    );

    assert_eq!(
        Err(ClaimsError::TwoIssuers {
            deprecated: "https://b".to_owned(),
            current: "https://a".to_owned(),
        }),
        issuer(&draft)
    );
}

// V59 O25
#[test]
fn rejects_issuers_that_are_not_the_string_they_should_be() {
    let long = [utf8("https://a"), vec![0]].concat();
    for bad in [
        &b"https://a"[..],
        b"\x16\x01a",
        b"\x0c\x02a",
        &long,
        b"\x0c\x01\xff",
        b"\x0c\x02a\x00",
        b"\x0c\x00",
    ] {
        let draft = Draft::leaf(1).with(ISSUER, false, bad);

        assert_eq!(
            value_error(FulcioExtension::Issuer),
            issuer(&draft),
            "{bad:?}"
        );
    }
    for bad in [&b"\xff"[..], b"a\x00"] {
        let draft = Draft::leaf(1).with(DEPRECATED_ISSUER, false, bad);

        assert_eq!(
            value_error(FulcioExtension::IssuerDeprecated),
            issuer(&draft)
        );
    }
}

// V59
#[test]
fn accepts_every_extension_in_its_own_encoding() {
    let mut draft = Draft::leaf(1);
    for extension in FulcioExtension::ALL {
        let oid = String::from(*extension);
        let bare = extension.arc() <= 6;
        let text = match extension {
            FulcioExtension::Issuer | FulcioExtension::IssuerDeprecated => "issuer",
            _ => extension.name(),
        };
        let value = if bare {
            text.as_bytes().to_vec()
        } else {
            utf8(text)
        };
        draft = draft.with(&oid, false, &value);
    }
    let certificate = draft.certificate(1);

    let claims = FulcioClaims::from_certificate(&certificate).unwrap();

    assert_eq!(23, claims.iter().count());
    for (extension, value) in claims.iter().filter(|(_, value)| *value != "issuer") {
        assert_eq!(extension.name(), value);
        assert_eq!(Some(extension), FulcioExtension::from_name(value));
        assert_eq!(
            Some(extension),
            FulcioExtension::from_name(&String::from(extension))
        );
    }
    assert_eq!(Some("issuer"), claims.get(FulcioExtension::Issuer));
}

#[test]
fn rejects_names_of_extensions_that_are_nearly_right() {
    for name in [
        "",
        "Issuer",
        "1.3.6.1.4.1.57264.1.7",
        "1.3.6.1.4.1.57264.1.08",
        "1.3.6.1.4.1.57264.1.+8",
    ] {
        assert_eq!(None, FulcioExtension::from_name(name));
    }
}

// V27 O13
#[test]
fn accepts_the_three_forms_of_subject() {
    assert_eq!(
        Ok((SubjectKind::Email, "a@example.com".to_owned())),
        subject(0x81, b"a@example.com")
    );
    assert_eq!(
        Ok((SubjectKind::Uri, "https://example.com".to_owned())),
        subject(0x86, b"https://example.com")
    );
    assert_eq!(
        Ok((SubjectKind::UserName, "na\u{ef}ve!example.com".to_owned())),
        subject(0xa0, &user_name(&utf8("na\u{ef}ve!example.com")))
    );
}

// V27 O13 O25
#[test]
fn rejects_other_forms_of_subject() {
    for (kind, value) in [
        (0x82, &b"example.com"[..]),
        (0x87, b"\x7f\x00\x00\x01"),
        (0x81, b""),
        (0xa0, &user_name(&utf8("a\0"))),
        (0xa0, &user_name(b"\x16\x01a")),
        (
            0xa0,
            &[oid("1.3.6.1.4.1.311.20.2.3"), tlv(0xa0, &[&utf8("a")])].concat(),
        ),
    ] {
        assert_eq!(
            Err(ClaimsError::NameForm),
            subject(kind, value),
            "{value:?}"
        );
    }
}

// V27 O13
#[test]
fn rejects_none_or_two_subjects() {
    let none = Draft::leaf(1).without(ALTERNATIVE_NAMES);
    let two = names(&[(0x81, b"a@example.com"), (0x81, b"b@example.com")]);
    let two = Draft::leaf(1).with(ALTERNATIVE_NAMES, true, &two);

    assert_eq!(Err(ClaimsError::Names { found: 0 }), issuer(&none));
    assert_eq!(Err(ClaimsError::Names { found: 2 }), issuer(&two));
}
