//! Signers' certificates that are not what they should be.

use sigsign_local::certificate::{
    AUTHORITY_KEY_ID, BASIC_CONSTRAINTS, CertificateSpec, EXTENDED_KEY_USAGE, KEY_USAGE,
    NAME_CONSTRAINTS, SUBJECT_ALT_NAME, San, name, name_constraints, sans, usages,
};
use sigsign_local::der;
use sigsign_local::key::{Key, Scheme};
use sigsign_local::make::Stage;
use sigsign_local::recipe::{NOW, Recipe};

use crate::case::{Case, bad};

pub(crate) fn cases() -> Vec<Case> {
    let mut cases = leaves();
    cases.extend(encodings());
    cases
}

fn v1() -> (&'static str, Recipe) {
    ("v03-message", Recipe::v1())
}

fn leaf(
    name: &'static str,
    rules: &'static str,
    sentence: &'static str,
    edit: impl Fn(&mut CertificateSpec) + 'static,
) -> Case {
    bad(name, rules, sentence, v1(), move |stage| {
        if let Stage::Leaf(spec) = stage {
            edit(spec);
        }
    })
}

fn leaves() -> Vec<Case> {
    vec![
        leaf(
            "leaf-no-purpose",
            "V27 O9",
            "a leaf without a purpose",
            |spec| spec.remove(EXTENDED_KEY_USAGE),
        ),
        leaf(
            "leaf-any-purpose",
            "V27 O9",
            "a leaf for any purpose",
            |spec| {
                spec.extension(EXTENDED_KEY_USAGE).value = usages(&["2.5.29.37.0"]);
            },
        ),
        leaf(
            "leaf-no-key-usage",
            "V27",
            "a leaf without key usage",
            |spec| spec.remove(KEY_USAGE),
        ),
        leaf(
            "leaf-key-usage-not-critical",
            "V27",
            "a leaf whose key usage is not critical",
            |spec| {
                spec.extension(KEY_USAGE).critical = false;
            },
        ),
        leaf(
            "leaf-key-usage-signs-certificates",
            "V27",
            "a leaf that may sign certificates",
            |spec| {
                spec.extension(KEY_USAGE).value = der::bit_flags(1 | 1 << 5);
            },
        ),
        leaf(
            "leaf-key-usage-encrypts",
            "V27",
            "a leaf for encryption",
            |spec| {
                spec.extension(KEY_USAGE).value = der::bit_flags(1 << 2);
            },
        ),
        leaf("leaf-no-name", "V27", "a leaf without a name", |spec| {
            spec.remove(SUBJECT_ALT_NAME)
        }),
        leaf(
            "leaf-name-not-critical",
            "V27",
            "an empty subject and a name that is not critical",
            |spec| {
                spec.extension(SUBJECT_ALT_NAME).critical = false;
            },
        ),
        leaf("leaf-host-name", "V27 O13", "a leaf for a host", |spec| {
            spec.extension(SUBJECT_ALT_NAME).value =
                sans(&[San::Dns("signer.example.invalid".to_owned())]);
        }),
        leaf("leaf-address", "V27 O13", "a leaf for an address", |spec| {
            spec.extension(SUBJECT_ALT_NAME).value =
                der::sequence(&[der::tlv(0x87, &[127, 0, 0, 1])]);
        }),
        leaf(
            "leaf-directory-name",
            "V27 O13",
            "a leaf for a directory name",
            |spec| {
                spec.extension(SUBJECT_ALT_NAME).value =
                    der::sequence(&[der::tlv(0xa4, &name("a", "b"))]);
            },
        ),
        leaf(
            "leaf-other-name-unknown",
            "V27 O13",
            "a leaf with another kind of name",
            |spec| {
                let value = der::explicit(0, &der::utf8("signer@example.invalid"));
                let other = der::tlv(0xa0, &[der::oid("1.2.3.4"), value].concat());
                spec.extension(SUBJECT_ALT_NAME).value = der::sequence(&[other]);
            },
        ),
        leaf(
            "leaf-no-names-in-list",
            "V27",
            "a leaf with an empty list of names",
            |spec| {
                spec.extension(SUBJECT_ALT_NAME).value = der::tlv(0x30, &[]);
            },
        ),
        leaf(
            "leaf-name-and-host",
            "V27 O13",
            "a leaf with a host beside the signer",
            |spec| {
                spec.extension(SUBJECT_ALT_NAME).value = sans(&[
                    San::Email("signer@example.invalid".to_owned()),
                    San::Dns("signer.example.invalid".to_owned()),
                ]);
            },
        ),
        leaf(
            "leaf-poison",
            "V27 V31",
            "a certificate that was made for the log only",
            |spec| {
                spec.add("1.3.6.1.4.1.11129.2.4.3", true, der::null());
            },
        ),
        leaf(
            "leaf-expired-at-signing",
            "V24 O29",
            "a leaf that ended a second before the entry",
            |spec| {
                spec.valid(NOW - 600, NOW + 4);
            },
        ),
        leaf(
            "leaf-not-yet-valid-at-signing",
            "V24",
            "a leaf that began a second after the entry",
            |spec| {
                spec.valid(NOW + 6, NOW + 600);
            },
        ),
        leaf(
            "leaf-other-key-id",
            "V27",
            "the key id of another authority",
            |spec| {
                spec.extension(AUTHORITY_KEY_ID).value = der::sequence(&[der::tlv(0x80, &[7; 20])]);
            },
        ),
        leaf(
            "leaf-other-issuer",
            "V27",
            "another issuer's name",
            |spec| spec.issuer = name("sigsign local", "other"),
        ),
        leaf(
            "leaf-of-other-key",
            "V24",
            "a leaf that its authority did not sign",
            |spec| {
                spec.signer = Key::new(Scheme::P384, "other");
            },
        ),
        leaf(
            "leaf-self-signed",
            "V24",
            "a leaf that signs itself",
            |spec| {
                spec.signer = Key::new(Scheme::P256, "signer");
            },
        ),
        leaf(
            "leaf-name-constraints",
            "V27 V28",
            "name constraints of what is no CA",
            |spec| {
                let other = San::Email("other.invalid".to_owned()).encode();
                spec.add(NAME_CONSTRAINTS, true, name_constraints(&[], &[other]));
            },
        ),
        leaf(
            "leaf-weak-key",
            "V55 O28",
            "an Ed25519 key of small order",
            |spec| {
                let mut spki = Key::new(Scheme::Ed25519, "signer").spki();
                let len = spki.len();
                spki[len - 32..].fill(0);
                spec.spki = spki;
            },
        ),
        leaf(
            "leaf-off-curve",
            "V55",
            "a key that is not on its curve",
            |spec| {
                let last = spec.spki.len() - 1;
                spec.spki[last] ^= 1;
            },
        ),
    ]
}

fn encodings() -> Vec<Case> {
    let certificate = |name, rules, sentence, edit: fn(&mut Vec<u8>)| {
        bad(name, rules, sentence, v1(), move |stage| {
            if let Stage::Certificate(der) = stage {
                edit(der);
            }
        })
    };
    vec![
        certificate(
            "certificate-trailing-byte",
            "V29 A28",
            "a byte after the certificate",
            |der| der.push(0),
        ),
        certificate(
            "certificate-cut-short",
            "V29",
            "a certificate that ends too early",
            |der| {
                der.pop();
            },
        ),
        certificate(
            "certificate-indefinite-length",
            "V29 A28",
            "a length as in BER",
            |der| {
                let content = der::content(der).to_vec();
                *der = [&[0x30, 0x80], &content[..], &[0, 0]].concat();
            },
        ),
        certificate(
            "certificate-long-length",
            "V29 A28",
            "a length with a zero before it",
            |der| {
                let content = der::content(der).to_vec();
                let len = u32::try_from(content.len()).expect("short").to_be_bytes();
                *der = [&[0x30, 0x84], &len[..], &content].concat();
            },
        ),
        certificate(
            "certificate-signature-changed",
            "V24",
            "a changed signature",
            |der| {
                let last = der.len() - 1;
                der[last] ^= 1;
            },
        ),
        certificate(
            "certificate-as-pem",
            "V29",
            "PEM where DER belongs",
            |der| {
                *der = sigsign_local::text::pem("CERTIFICATE", der).into_bytes();
            },
        ),
        certificate(
            "certificate-is-a-key",
            "V29 A5",
            "the key where the certificate belongs",
            |der| {
                *der = Key::new(Scheme::P256, "signer").spki();
            },
        ),
        leaf(
            "certificate-version-1",
            "V27",
            "a certificate of version 1",
            |spec| spec.version = 0,
        ),
        leaf(
            "certificate-version-2",
            "V27",
            "a certificate of version 2",
            |spec| spec.version = 1,
        ),
        leaf(
            "certificate-serial-zero",
            "V27",
            "serial number 0",
            |spec| spec.serial = vec![0],
        ),
        leaf(
            "certificate-serial-negative",
            "V27",
            "a negative serial number",
            |spec| spec.serial = vec![0x80, 1],
        ),
        leaf(
            "certificate-serial-padded",
            "V27 A28",
            "a serial number with a byte too many",
            |spec| {
                spec.serial = vec![0, 1];
            },
        ),
        leaf(
            "certificate-serial-long",
            "V27",
            "a serial number of 21 octets",
            |spec| spec.serial = vec![1; 21],
        ),
        leaf(
            "certificate-two-algorithms",
            "V27",
            "another algorithm inside than outside",
            |spec| {
                spec.inner_algorithm = Some(der::sequence(&[der::oid("1.2.840.10045.4.3.2")]));
            },
        ),
        leaf(
            "certificate-ends-before-start",
            "V24",
            "an end before the start",
            |spec| spec.valid(NOW + 600, NOW),
        ),
        leaf(
            "certificate-early-generalized-time",
            "V24 A28",
            "a GeneralizedTime where UTCTime belongs",
            |spec| {
                spec.not_after = der::tlv(0x18, b"20260115121000Z");
            },
        ),
        leaf(
            "certificate-time-without-zone",
            "V24 A28",
            "a time without its Z",
            |spec| {
                spec.not_after = der::tlv(0x17, b"260115121000");
            },
        ),
        leaf(
            "certificate-time-without-seconds",
            "V24 A28",
            "a time without seconds",
            |spec| {
                spec.not_after = der::tlv(0x17, b"2601151210Z");
            },
        ),
        leaf(
            "certificate-not-ca-written-out",
            "V27 A28",
            "a default that is written out",
            |spec| {
                spec.add(
                    BASIC_CONSTRAINTS,
                    true,
                    der::sequence(&[der::tlv(0x01, &[0])]),
                );
            },
        ),
        leaf(
            "certificate-key-usage-padded",
            "V27 A28",
            "named bits with zeros at the end",
            |spec| {
                spec.extension(KEY_USAGE).value = der::tlv(0x03, &[0x00, 0x80]);
            },
        ),
        leaf(
            "certificate-purpose-twice",
            "V27",
            "a purpose twice",
            |spec| {
                spec.extension(EXTENDED_KEY_USAGE).value =
                    usages(&["1.3.6.1.5.5.7.3.3", "1.3.6.1.5.5.7.3.3"]);
            },
        ),
        leaf(
            "certificate-extension-trailing-byte",
            "V27 A28",
            "a byte after the value of an extension",
            |spec| {
                spec.extension(KEY_USAGE).value.push(0);
            },
        ),
    ]
}
