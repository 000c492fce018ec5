//! Timestamps of CT logs, and what a certificate claims, that are not what they should be.

use sigsign_local::certificate::{
    AUTHORITY_KEY_ID, BASIC_CONSTRAINTS, CertificateSpec, SCT_LIST, SUBJECT_ALT_NAME,
};
use sigsign_local::ct::{self, SctSpec};
use sigsign_local::der;
use sigsign_local::key::{Key, Scheme, sha256};
use sigsign_local::make::Stage;
use sigsign_local::recipe::{NOW, Recipe};

use crate::case::{Case, bad};

pub(crate) fn cases() -> Vec<Case> {
    let mut cases = timestamps();
    cases.extend(lists());
    cases.extend(claims());
    cases.extend(keys());
    cases
}

fn v1() -> (&'static str, Recipe) {
    ("v03-message", Recipe::v1())
}

fn sct(
    name: &'static str,
    rules: &'static str,
    sentence: &'static str,
    edit: fn(&mut SctSpec),
) -> Case {
    bad(name, rules, sentence, v1(), move |stage| {
        if let Stage::Sct(_, spec) = stage {
            edit(spec);
        }
    })
}

fn leaf(
    name: &'static str,
    rules: &'static str,
    sentence: &'static str,
    edit: fn(&mut CertificateSpec),
) -> Case {
    bad(name, rules, sentence, v1(), move |stage| {
        if let Stage::Leaf(spec) = stage {
            edit(spec);
        }
    })
}

fn timestamps() -> Vec<Case> {
    vec![
        sct(
            "sct-of-other-issuer",
            "V31",
            "a timestamp for the same certificate of another issuer",
            |spec| {
                spec.issuer_key_hash =
                    sha256(&Key::new(Scheme::P384, "ca.localhost 0").spki()).to_vec();
            },
        ),
        sct(
            "sct-of-other-certificate",
            "V31",
            "a timestamp for another certificate",
            |spec| {
                let last = spec.tbs.len() - 1;
                spec.tbs[last] ^= 1;
            },
        ),
        sct(
            "sct-of-finished-certificate",
            "V31",
            "a timestamp for something that is not a precertificate",
            |spec| {
                spec.entry_type = 0;
                spec.issuer_key_hash.clear();
            },
        ),
        sct(
            "sct-of-other-key",
            "V31 V33",
            "a timestamp of a known log that another key signed",
            |spec| {
                spec.key = Key::new(Scheme::P256, "other");
            },
        ),
        sct(
            "sct-trailing-byte",
            "V30",
            "a byte after a timestamp",
            |spec| spec.trailing = vec![0],
        ),
        sct(
            "sct-sha1",
            "V31",
            "a timestamp by SHA-1, as it says",
            |spec| spec.algorithm = [2, 3],
        ),
        sct(
            "sct-rsa-by-name",
            "V31",
            "a timestamp by RSA, as it says",
            |spec| spec.algorithm = [4, 1],
        ),
        sct(
            "sct-before-window",
            "V32 A12",
            "a timestamp from before the CT log's key",
            |spec| {
                spec.timestamp_ms = 1000 * (sigsign_local::recipe::START.unsigned_abs() - 1);
            },
        ),
        sct(
            "sct-from-the-future",
            "V12 V32",
            "a timestamp of a time still to come",
            |spec| {
                spec.timestamp_ms = 1000 * (NOW.unsigned_abs() + 10);
            },
        )
        .policy("now = \"2026-01-15T12:00:09Z\""),
        sct(
            "sct-at-no-time",
            "V32",
            "a timestamp of the last millisecond there is",
            |spec| {
                spec.timestamp_ms = u64::MAX;
            },
        ),
        bad(
            "sct-good-and-bad",
            "V33",
            "a timestamp of a known log that it did not sign, beside a good one",
            v1(),
            |stage| {
                if let Stage::Scts(scts) = stage {
                    let mut other = scts[0].clone();
                    other[40] ^= 1;
                    scts.push(other);
                }
            },
        ),
        bad(
            "sct-extensions-changed",
            "V31 A21",
            "extensions that are not signed",
            v1(),
            |stage| {
                if let Stage::Scts(scts) = stage {
                    let mut other = scts[0].clone();
                    other[42] = 1;
                    other.insert(43, 7);
                    scts[0] = other;
                }
            },
        ),
        bad(
            "token-from-the-future",
            "V12",
            "a time stamp of a time still to come",
            ("v2-message", Recipe::v2()),
            |_| {},
        )
        .policy("now = \"2026-01-15T12:00:05Z\""),
    ]
}

/// Lists of timestamps, in the extension or around it.
fn lists() -> Vec<Case> {
    let scts = |name, sentence, edit: fn(&mut Vec<Vec<u8>>)| {
        bad(name, "V30", sentence, v1(), move |stage| {
            if let Stage::Scts(scts) = stage {
                edit(scts);
            }
        })
    };
    let extension = |name, sentence, edit: fn(&mut Vec<u8>)| {
        bad(name, "V30", sentence, v1(), move |stage| {
            if let Stage::Certified(spec) = stage {
                edit(&mut spec.extension(SCT_LIST).value);
            }
        })
    };
    vec![
        scts("sct-list-empty", "a list without a timestamp", Vec::clear),
        scts("sct-of-no-length", "a timestamp without a byte", |scts| {
            scts.push(Vec::new())
        }),
        scts(
            "sct-of-other-version-only",
            "no timestamp of a version that is known",
            |scts| scts[0][0] = 1,
        ),
        scts(
            "sct-too-many",
            "more timestamps than anybody needs",
            |scts| {
                for _ in 0..20 {
                    let other = scts[0].clone();
                    scts.push(other);
                }
            },
        ),
        extension("sct-list-trailing-byte", "a byte after the list", |value| {
            let list = der::content(value).to_vec();
            *value = der::octets(&[&list[..], &[0]].concat());
        }),
        extension(
            "sct-list-trailing-value",
            "a value after the list",
            |value| value.extend(der::null()),
        ),
        extension(
            "sct-list-short",
            "a list that is longer than there are bytes",
            |value| {
                let mut list = der::content(value).to_vec();
                list[1] = list[1].wrapping_add(1);
                *value = der::octets(&list);
            },
        ),
        extension(
            "sct-list-not-wrapped",
            "a list that is not in an OCTET STRING of its own",
            |value| {
                *value = der::content(value).to_vec();
            },
        ),
        extension(
            "sct-without-list",
            "a timestamp where the list belongs",
            |value| {
                let list = der::content(value)[4..].to_vec();
                *value = der::octets(&list);
            },
        ),
        bad(
            "sct-list-twice",
            "V30 A28",
            "two lists of timestamps",
            v1(),
            |stage| {
                if let Stage::Certified(spec) = stage {
                    let again = spec.extension(SCT_LIST).clone();
                    spec.extensions.push(again);
                }
            },
        ),
        bad(
            "sct-list-for-two-issuers",
            "V31 V33",
            "two timestamps of one log in place of two logs",
            v1(),
            |stage| {
                if let Stage::Certified(spec) = stage {
                    let one = der::content(&spec.extension(SCT_LIST).value)[4..].to_vec();
                    spec.extension(SCT_LIST).value = der::octets(&ct::list(&[one.clone(), one]));
                }
            },
        )
        .policy("sct_threshold = 2"),
    ]
}

fn claims() -> Vec<Case> {
    let san = |name, sentence, value: fn() -> Vec<u8>| {
        bad(name, "V27 V59 O25", sentence, v1(), move |stage| {
            if let Stage::Leaf(spec) = stage {
                spec.extension(SUBJECT_ALT_NAME).value = der::sequence(&[value()]);
            }
        })
    };
    vec![
        san("name-ends-in-nul", "a name with a NUL at its end", || {
            der::tlv(0x81, b"signer@example.invalid\0")
        }),
        san("name-with-nul", "a name with a NUL in it", || {
            der::tlv(0x81, b"signer@example.invalid\0.other.invalid")
        }),
        san("name-empty", "an empty name", || der::tlv(0x81, b"")),
        san(
            "name-not-ascii",
            "an IA5String with a byte that is not in it",
            || der::tlv(0x81, b"s\xefgner@example.invalid"),
        ),
        san(
            "name-of-other-form",
            "an address of email that says that it is a host",
            || der::tlv(0x82, b"signer@example.invalid"),
        ),
        san("name-constructed", "a string in pieces, as in BER", || {
            der::tlv(0xa1, &der::tlv(0x16, b"signer@example.invalid"))
        }),
        san(
            "user-name-printable",
            "a user name in another type of string",
            || {
                let value = der::explicit(0, &der::tlv(0x13, b"signer@example.invalid"));
                der::tlv(0xa0, &[der::oid("1.3.6.1.4.1.57264.1.7"), value].concat())
            },
        ),
        san(
            "user-name-trailing-byte",
            "a byte after the user name",
            || {
                let value = der::explicit(
                    0,
                    &[&der::utf8("signer@example.invalid")[..], &[0]].concat(),
                );
                der::tlv(0xa0, &[der::oid("1.3.6.1.4.1.57264.1.7"), value].concat())
            },
        ),
        leaf("issuer-empty", "V59 O25", "an empty issuer", |spec| {
            spec.remove("1.3.6.1.4.1.57264.1.1");
            spec.extension("1.3.6.1.4.1.57264.1.8").value = der::utf8("");
        }),
        leaf(
            "issuer-trailing-byte",
            "V59 A28",
            "a byte after the issuer",
            |spec| {
                spec.extension("1.3.6.1.4.1.57264.1.8").value.push(0);
            },
        ),
        leaf(
            "issuer-printable",
            "V59 A28",
            "the issuer in another type of string",
            |spec| {
                let value = &mut spec.extension("1.3.6.1.4.1.57264.1.8").value;
                *value = der::tlv(0x13, der::content(value));
            },
        ),
        leaf(
            "issuer-not-encoded",
            "V59",
            "an issuer without its encoding",
            |spec| {
                let value = &mut spec.extension("1.3.6.1.4.1.57264.1.8").value;
                *value = der::content(value).to_vec();
            },
        ),
        leaf(
            "issuer-encoded-in-1",
            "V59",
            "an issuer with an encoding where there should be none",
            |spec| {
                let value = &mut spec.extension("1.3.6.1.4.1.57264.1.1").value;
                *value = der::tlv(0x0c, value);
            },
        ),
        leaf(
            "issuer-ends-in-nul",
            "V59 O25",
            "an issuer with a NUL at its end",
            |spec| {
                spec.remove("1.3.6.1.4.1.57264.1.8");
                spec.extension("1.3.6.1.4.1.57264.1.1").value.push(0);
            },
        ),
        leaf(
            "issuer-in-7",
            "V59",
            "the issuer under the number of user names",
            |spec| {
                let value = spec.extension("1.3.6.1.4.1.57264.1.8").value.clone();
                spec.remove("1.3.6.1.4.1.57264.1.1");
                spec.remove("1.3.6.1.4.1.57264.1.8");
                spec.add("1.3.6.1.4.1.57264.1.7", false, value);
            },
        ),
        leaf(
            "issuer-not-utf8",
            "V59 A28",
            "an issuer that is not UTF-8",
            |spec| {
                spec.remove("1.3.6.1.4.1.57264.1.1");
                spec.extension("1.3.6.1.4.1.57264.1.8").value = der::tlv(0x0c, b"https://\xff");
            },
        ),
        leaf(
            "leaf-key-id-critical",
            "V27",
            "a key id that is critical",
            |spec| {
                spec.extension(AUTHORITY_KEY_ID).critical = true;
            },
        ),
        leaf(
            "leaf-path-length",
            "V27",
            "a path length where there is no CA",
            |spec| {
                spec.add(BASIC_CONSTRAINTS, true, der::sequence(&[der::integer(0)]));
            },
        ),
    ]
}

/// Keys that no signer may have.
fn keys() -> Vec<Case> {
    let rsa = |name, sentence, edit: fn(&mut Vec<u8>)| {
        let recipe = Recipe {
            signer: Scheme::Rsa3072,
            ..Recipe::v1()
        };
        bad(
            name,
            "V27 V55",
            sentence,
            ("v03-message", recipe),
            move |stage| {
                if let Stage::Leaf(spec) = stage {
                    edit(&mut spec.spki);
                }
            },
        )
    };
    vec![
        rsa(
            "leaf-rsa-exponent",
            "an RSA key with the exponent 65539",
            |spki| {
                let last = spki.len() - 1;
                spki[last] = 3;
            },
        ),
        rsa(
            "leaf-rsa-exponent-of-one",
            "an RSA key with the exponent 1",
            |spki| {
                *spki = rsa_spki(&[0xab; 384], &[1]);
            },
        ),
        rsa(
            "leaf-rsa-exponent-even",
            "an RSA key with an even exponent",
            |spki| {
                *spki = rsa_spki(&[0xab; 384], &[1, 0, 0]);
            },
        ),
        rsa("leaf-rsa-1024", "an RSA key of 1024 bits", |spki| {
            *spki = rsa_spki(&[0xab; 128], &[1, 0, 1])
        }),
        rsa("leaf-rsa-2050", "an RSA key of 2050 bits", |spki| {
            *spki = rsa_spki(&[&[3][..], &[0xab; 256]].concat(), &[1, 0, 1]);
        }),
        rsa("leaf-rsa-8192", "an RSA key of 8192 bits", |spki| {
            *spki = rsa_spki(&[0xab; 1024], &[1, 0, 1])
        }),
        rsa(
            "leaf-rsa-without-null",
            "an RSA key without its parameters",
            |spki| {
                let key = der::sequence(&[der::unsigned(&[0xab; 384]), der::unsigned(&[1, 0, 1])]);
                let identifier = der::sequence(&[der::oid("1.2.840.113549.1.1.1")]);
                *spki = der::sequence(&[identifier, der::bits(&key)]);
            },
        ),
        rsa(
            "leaf-curve-unknown",
            "a key on a curve that nobody uses here",
            |spki| {
                let point = [&[4][..], &[7; 64]].concat();
                let identifier =
                    der::sequence(&[der::oid("1.2.840.10045.2.1"), der::oid("1.3.132.0.10")]);
                *spki = der::sequence(&[identifier, der::bits(&point)]);
            },
        ),
        rsa("leaf-point-at-infinity", "a key that is no point", |spki| {
            let identifier = der::sequence(&[
                der::oid("1.2.840.10045.2.1"),
                der::oid("1.2.840.10045.3.1.7"),
            ]);
            *spki = der::sequence(&[identifier, der::bits(&[0])]);
        }),
    ]
}

fn rsa_spki(modulus: &[u8], exponent: &[u8]) -> Vec<u8> {
    let key = der::sequence(&[der::unsigned(modulus), der::unsigned(exponent)]);
    let identifier = der::sequence(&[der::oid("1.2.840.113549.1.1.1"), der::null()]);
    der::sequence(&[identifier, der::bits(&key)])
}
