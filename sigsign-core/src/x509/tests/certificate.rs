use super::*;
use crate::crypto::Algorithm;
use crate::der::DerError;
use crate::limits;
use crate::x509::{CertificateError, ExtensionError};

fn parse(draft: &Draft) -> Result<Certificate, CertificateError> {
    Certificate::from_der(&draft.sign(1))
}

fn bad_value(oid: &str) -> Result<Certificate, CertificateError> {
    Err(CertificateError::Extension(ExtensionError::Value {
        oid: oid.to_owned(),
    }))
}

// V29
#[test]
fn accepts_a_certificate_and_keeps_its_parts() {
    let draft = Draft::leaf(1);

    let certificate = parse(&draft).unwrap();

    assert_eq!(draft.sign(1), certificate.der());
    assert_eq!(draft.tbs(), certificate.tbs());
    assert_eq!([1], certificate.serial());
    assert_eq!(ca_name(1), certificate.issuer());
    assert_eq!([0x30, 0], certificate.subject());
    assert_eq!(
        Validity::new(start(), Some(after(600))),
        certificate.validity()
    );
    assert_eq!(spki(99), certificate.spki());
    assert_eq!(Some(Algorithm::Ed25519), certificate.signature_algorithm());
    assert_eq!(64, certificate.signature().len());
    assert_eq!(Some(&[1; 20][..]), certificate.authority_key_id());
    assert_eq!(None, certificate.subject_key_id());
    assert_eq!(None, certificate.sct_list());
    assert_eq!("O=test, CN=ca 1", certificate.issuer_text());
    assert_eq!(spki(99), certificate.public_key().unwrap().spki());
}

// V29 A5
#[test]
fn rejects_a_bare_key_in_place_of_a_certificate() {
    let found = Certificate::from_der(&spki(1));

    // What is there has the first two parts of a certificate's outer form and no more.
    assert_eq!(
        Err(CertificateError::Der(DerError::Tag {
            want: der::SEQUENCE,
            found: Some(der::BIT_STRING)
        })),
        found
    );
}

// V29 O18
#[test]
fn rejects_every_truncation_and_what_follows() {
    let der = Draft::leaf(1).sign(1);

    for len in 0..der.len() {
        assert!(matches!(
            Certificate::from_der(&der[..len]),
            Err(CertificateError::Der(
                DerError::Truncated | DerError::Tag { .. }
            ))
        ));
    }
    let longer = [der.as_slice(), &[0]].concat();
    assert_eq!(
        Err(CertificateError::Der(DerError::Trailing)),
        Certificate::from_der(&longer)
    );
}

// O18
#[test]
fn rejects_or_reads_every_changed_byte() {
    let der = Draft::leaf(1)
        .with("1.3.6.1.4.1.57264.1.8", false, b"\x0c\x01x")
        .sign(1);

    for at in 0..der.len() {
        for bit in 0..8 {
            let mut changed = der.clone();
            changed[at] ^= 1 << bit;
            // What still parses says something else or is signed in another way.
            if let Ok(certificate) = Certificate::from_der(&changed) {
                assert_ne!(der, certificate.der());
                let _ = certificate.precertificate_tbs();
                let _ = crate::x509::FulcioClaims::from_certificate(&certificate);
            }
        }
    }
}

// V4
#[test]
fn rejects_a_certificate_over_the_cap() {
    let cap = limits::CERTIFICATE_BYTES;
    let found = cap + 1;

    assert_eq!(
        Err(CertificateError::TooLarge { cap, found }),
        Certificate::from_der(&vec![0x30; found])
    );
}

#[test]
fn rejects_other_versions() {
    for version in [vec![], tlv(0xa0, &[&[2, 1, 1]]), tlv(0xa0, &[&[2, 1, 0]])] {
        let mut draft = Draft::leaf(1);
        draft.version = version;

        assert_eq!(Err(CertificateError::Version), parse(&draft));
    }
}

#[test]
fn rejects_serial_numbers_that_are_not_positive_or_too_long() {
    let mut draft = Draft::leaf(1);
    let highest = [&[0][..], &[0xff; 20]].concat();
    for good in [vec![1], vec![0, 0x80], vec![0x7f; 20], highest] {
        draft.serial = good;
        assert_eq!(Ok(()), parse(&draft).map(|_| ()));
    }
    let long = [&[0][..], &[0xff; 21]].concat();
    for bad in [vec![0], vec![0x80], vec![0x7f; 21], long] {
        draft.serial = bad;
        assert_eq!(Err(CertificateError::Serial), parse(&draft));
    }
    for bad in [vec![], vec![0, 1]] {
        draft.serial = bad;
        assert_eq!(
            Err(CertificateError::Der(DerError::Value("INTEGER"))),
            parse(&draft)
        );
    }
}

#[test]
fn rejects_two_signature_algorithms() {
    let mut draft = Draft::leaf(1);
    draft.outer_algorithm = tlv(0x30, &[&oid("1.3.101.112"), &[5, 0]]);

    assert_eq!(Err(CertificateError::SignatureAlgorithm), parse(&draft));
}

#[test]
fn accepts_an_algorithm_that_nobody_should_use_without_naming_it() {
    let sha1 = tlv(0x30, &[&oid("1.2.840.113549.1.1.5"), &[5, 0]]);
    let mut draft = Draft::ca(1, 1);
    draft.algorithm = sha1.clone();
    draft.outer_algorithm = sha1;

    assert_eq!(None, parse(&draft).unwrap().signature_algorithm());
}

#[test]
fn rejects_names_that_are_empty_or_not_der() {
    let mut empty = Draft::leaf(1);
    empty.issuer = tlv(0x30, &[]);
    let mut no_attribute = Draft::leaf(1);
    no_attribute.subject = tlv(0x30, &[&tlv(der::SET, &[])]);

    assert_eq!(Err(CertificateError::Name), parse(&empty));
    assert_eq!(Err(CertificateError::Name), parse(&no_attribute));
}

#[test]
fn rejects_times_in_another_form_and_backwards() {
    let mut draft = Draft::leaf(1);
    draft.validity = window("260101000000Z", "260101000000Z");
    assert_eq!(Ok(()), parse(&draft).map(|_| ()));

    draft.validity = window("260101000001Z", "260101000000Z");
    let backwards = Validity::new(after(1), Some(start()));
    assert_eq!(Err(CertificateError::Validity(backwards)), parse(&draft));
    for bad in [
        "2601010000Z",
        "260101000000+0000",
        "260101000000",
        "261301000000Z",
    ] {
        draft.validity = window(bad, "300101000000Z");
        assert_eq!(
            Err(CertificateError::Der(DerError::Value("UTCTime"))),
            parse(&draft)
        );
    }
    // RFC 5280 4.1.2.5: UTCTime through 2049, GeneralizedTime from then on
    for (text, good) in [(b"20491231235959Z", false), (b"20500101000000Z", true)] {
        let early = tlv(der::UTC_TIME, &[b"200101000000Z"]);
        draft.validity = tlv(0x30, &[&early, &tlv(der::GENERALIZED_TIME, &[text])]);
        let error = DerError::Value("GeneralizedTime from 2050 on");
        let want = if good {
            Ok(())
        } else {
            Err(CertificateError::Der(error))
        };
        assert_eq!(want, parse(&draft).map(|_| ()));
    }
}

#[test]
fn rejects_unique_ids() {
    let mut draft = Draft::leaf(1);
    draft.unique_id = b"\x81\x02\x00\x01".to_vec();

    assert_eq!(Err(CertificateError::UniqueId), parse(&draft));
}

// V27
#[test]
fn rejects_an_extension_twice() {
    let mut draft = Draft::leaf(1);
    draft.extensions.push(draft.extensions[0].clone());

    assert_eq!(
        Err(CertificateError::Extension(ExtensionError::Duplicate {
            oid: KEY_USAGE.to_owned()
        })),
        parse(&draft)
    );
}

#[test]
fn rejects_lists_of_extensions_that_are_not_der() {
    let list = |error| Err(CertificateError::Extension(ExtensionError::List(error)));
    let item = |parts: &[&[u8]]| {
        let mut draft = Draft::leaf(1);
        draft.extensions = vec![(String::new(), tlv(0x30, parts))];
        parse(&draft)
    };
    let value = tlv(der::OCTET_STRING, &[b"x"]);
    let unknown = oid("1.2.3");

    // critical FALSE is the default, and DER does not encode a default
    assert_eq!(
        list(DerError::Value("BOOLEAN DEFAULT FALSE")),
        item(&[&unknown, &[1, 1, 0], &value])
    );
    assert_eq!(
        list(DerError::Value("BOOLEAN")),
        item(&[&unknown, &[1, 1, 1], &value])
    );
    assert_eq!(list(DerError::Trailing), item(&[&unknown, &value, &[5, 0]]));
    let mut empty = Draft::leaf(1);
    empty.extensions.clear();
    empty.unique_id = tlv(0xa3, &[&[0x30, 0]]);
    assert_eq!(list(DerError::Truncated), parse(&empty));
}

// V4
#[test]
fn rejects_more_extensions_than_the_cap() {
    let cap = limits::CERTIFICATE_EXTENSIONS;
    let mut draft = Draft::leaf(1);
    draft.extensions.clear();
    for number in 0..cap {
        draft = draft.with(&format!("1.2.{number}"), false, b"");
    }
    assert_eq!(Ok(()), parse(&draft).map(|_| ()));

    draft = draft.with("1.3.1", false, b"");
    assert_eq!(
        Err(CertificateError::Extension(ExtensionError::TooMany { cap })),
        parse(&draft)
    );
}

// V27
#[test]
fn rejects_known_extensions_that_are_not_well_formed() {
    let twice = purposes(&[CODE_SIGNING, CODE_SIGNING]);
    let long = [purposes(&[CODE_SIGNING]), vec![0]].concat();
    let policy = tlv(0x30, &[&oid("1.2.3")]);
    let cases: &[(&str, &[u8])] = &[
        (BASIC_CONSTRAINTS, b""),
        (BASIC_CONSTRAINTS, b"\x30\x03\x01\x01\x00"),
        (BASIC_CONSTRAINTS, b"\x30\x03\x01\x01\x01"),
        (BASIC_CONSTRAINTS, b"\x30\x03\x02\x01\x00"),
        (BASIC_CONSTRAINTS, b"\x30\x06\x01\x01\xff\x02\x01\xff"),
        (BASIC_CONSTRAINTS, b"\x30\x00\x00"),
        (KEY_USAGE, b"\x03\x02\x07\x00"),
        (KEY_USAGE, b"\x03\x02\x06\x80"),
        (KEY_USAGE, b"\x03\x02\x00\x81\x00"),
        (KEY_USAGE, b"\x03\x01\x00"),
        (KEY_USAGE, b"\x03\x03\x06\x00\x40"),
        (EXTENDED_KEY_USAGE, b"\x30\x00"),
        (EXTENDED_KEY_USAGE, &twice),
        (EXTENDED_KEY_USAGE, &long),
        (ALTERNATIVE_NAMES, b"\x30\x00"),
        (ALTERNATIVE_NAMES, b"\x30\x03\x86\x01\x00"),
        (ALTERNATIVE_NAMES, b"\x30\x03\x81\x01\xe9"),
        (ALTERNATIVE_NAMES, b"\x30\x03\x8a\x01a"),
        (ALTERNATIVE_NAMES, b"\x30\x03\x86\x01a\x00"),
        (SUBJECT_KEY_ID, b"\x04\x01a\x00"),
        (AUTHORITY_KEY_ID, b"\x30\x03\x81\x01a"),
        (AUTHORITY_KEY_ID, b"\x30\x03\x82\x01a"),
        (NAME_CONSTRAINTS, b"\x30\x00"),
        (SCT_LIST, b"\x00\x00"),
        (POLICIES, b"\x30\x00"),
        (POLICIES, b"\x30\x02\x05\x00"),
        (POLICIES, &tlv(0x30, &[&policy, &policy])),
    ];
    for (extension, value) in cases {
        let draft = Draft::leaf(1).with(extension, false, value);

        assert_eq!(bad_value(extension), parse(&draft), "{extension} {value:?}");
    }
}

// V31
#[test]
fn accepts_the_precertificate_without_timestamps() {
    let plain = Draft::leaf(1);
    let list = tlv(der::OCTET_STRING, &[&[7; 300]]);
    let mut first = plain.clone().with(SCT_LIST, false, &list);
    first.extensions.rotate_right(1);
    let last = plain.clone().with(SCT_LIST, false, &list);

    for draft in [first, last] {
        let certificate = draft.certificate(1);

        assert_eq!(plain.tbs(), certificate.precertificate_tbs());
        assert_eq!(Some(&[7; 300][..]), certificate.sct_list());
    }
    assert_eq!(plain.tbs(), plain.certificate(1).precertificate_tbs());
}

// V31
#[test]
fn accepts_timestamps_as_the_only_extension() {
    let mut plain = Draft::leaf(1);
    plain.extensions.clear();
    let list = tlv(der::OCTET_STRING, &[b"list"]);

    let certificate = plain.clone().with(SCT_LIST, false, &list).certificate(1);

    assert_eq!(plain.tbs(), certificate.precertificate_tbs());
}
