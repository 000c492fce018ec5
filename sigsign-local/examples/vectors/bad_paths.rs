//! Chains of certificates that are not what they should be.

use sigsign_local::certificate::{
    AUTHORITY_KEY_ID, BASIC_CONSTRAINTS, CertificateSpec, EXTENDED_KEY_USAGE, KEY_USAGE,
    NAME_CONSTRAINTS, San, TIME_STAMPING, ca, name, name_constraints, usages,
};
use sigsign_local::der;
use sigsign_local::json::Json;
use sigsign_local::key::{Key, Scheme};
use sigsign_local::make::Stage;
use sigsign_local::recipe::{CaSpec, NOW, Recipe, START, TsaSpec};

use crate::case::{Case, bad};

pub(crate) fn cases() -> Vec<Case> {
    let mut cases = chains();
    cases.extend(constraints());
    cases
}

fn v1() -> (&'static str, Recipe) {
    ("v03-message", Recipe::v1())
}

/// A change of one certificate of the signers' authority; 0 is the root.
fn authority(
    name: &'static str,
    rules: &'static str,
    sentence: &'static str,
    at: usize,
    edit: impl Fn(&mut CertificateSpec) + 'static,
) -> Case {
    bad(name, rules, sentence, v1(), move |stage| match stage {
        Stage::Authority(0, depth, spec) if depth == at => edit(spec),
        _ => {}
    })
}

fn chains() -> Vec<Case> {
    let three = || {
        let mut recipe = Recipe::v1();
        recipe.authorities[0].schemes = vec![Scheme::P384, Scheme::P384, Scheme::P256];
        ("three-intermediates", recipe)
    };
    let two = |change: fn(&mut CaSpec)| {
        let mut recipe = Recipe::v1();
        recipe.authorities.push(CaSpec::new("ca2.localhost"));
        change(&mut recipe.authorities[0]);
        ("overlapping-authorities", recipe)
    };
    vec![
        authority(
            "root-expired",
            "V24",
            "an anchor that had ended",
            0,
            |spec| spec.valid(START, NOW + 4),
        ),
        authority(
            "root-not-yet-valid",
            "V24",
            "an anchor that had not begun",
            0,
            |spec| spec.valid(NOW + 6, NOW + 1000),
        ),
        authority("root-not-ca", "V27", "an anchor that is no CA", 0, |spec| {
            spec.remove(BASIC_CONSTRAINTS)
        }),
        authority(
            "root-path-length",
            "V27",
            "an intermediate where the anchor allows none",
            0,
            |spec| {
                spec.extension(BASIC_CONSTRAINTS).value = ca(Some(0));
            },
        ),
        authority(
            "root-unknown-critical",
            "V27",
            "a critical extension that nobody knows",
            0,
            |spec| {
                spec.add("1.2.3.4", true, der::null());
            },
        ),
        authority(
            "intermediate-not-yet-valid",
            "V24 A4",
            "an intermediate that had not begun",
            1,
            |spec| {
                spec.valid(NOW + 6, NOW + 1000);
            },
        ),
        authority(
            "intermediate-ca-false",
            "V27",
            "an intermediate that says it is no CA",
            1,
            |spec| {
                spec.extension(BASIC_CONSTRAINTS).value = der::tlv(0x30, &[]);
            },
        ),
        authority(
            "intermediate-ca-not-critical",
            "V27",
            "an intermediate whose constraints are not critical",
            1,
            |spec| {
                spec.extension(BASIC_CONSTRAINTS).critical = false;
            },
        ),
        authority(
            "intermediate-key-usage",
            "V27",
            "an intermediate that may not sign certificates",
            1,
            |spec| {
                spec.extension(KEY_USAGE).value = der::bit_flags(1);
            },
        ),
        authority(
            "intermediate-no-key-usage",
            "V27",
            "an intermediate without key usage",
            1,
            |spec| {
                spec.remove(KEY_USAGE);
            },
        ),
        authority(
            "intermediate-time-stamping",
            "V27",
            "an intermediate for time stamps",
            1,
            |spec| {
                spec.extension(EXTENDED_KEY_USAGE).value = usages(&[TIME_STAMPING]);
            },
        ),
        authority(
            "intermediate-unknown-critical",
            "V27",
            "a critical extension that nobody knows",
            1,
            |spec| {
                spec.add("1.2.3.4", true, der::null());
            },
        ),
        authority(
            "intermediate-requires-policy",
            "V27",
            "an intermediate that requires a policy which nobody has",
            1,
            |spec| {
                let required = der::sequence(&[der::tlv(0x80, &[0])]);
                spec.add("2.5.29.36", false, required);
            },
        ),
        authority(
            "intermediate-of-other-key",
            "V24",
            "an intermediate that its anchor did not sign",
            1,
            |spec| {
                spec.signer = Key::new(Scheme::P384, "other");
            },
        ),
        authority(
            "intermediate-other-issuer",
            "V27",
            "an intermediate of another issuer",
            1,
            |spec| {
                spec.issuer = name("sigsign local", "other");
            },
        ),
        authority(
            "intermediate-other-key-id",
            "V27",
            "an intermediate that names another key of its issuer",
            1,
            |spec| {
                spec.extension(AUTHORITY_KEY_ID).value = der::sequence(&[der::tlv(0x80, &[7; 20])]);
            },
        ),
        bad(
            "intermediate-path-length",
            "V27",
            "an intermediate below one that allows none",
            three(),
            |stage| {
                if let Stage::Authority(0, 1, spec) = stage {
                    spec.extension(BASIC_CONSTRAINTS).value = ca(Some(0));
                }
            },
        ),
        bad(
            "middle-intermediate-expired",
            "V24 A4",
            "the middle of three certificates had ended",
            three(),
            |stage| {
                if let Stage::Authority(0, 1, spec) = stage {
                    spec.valid(START, NOW + 4);
                }
            },
        ),
        bad(
            "authority-window-of-other",
            "V25 TOB-11",
            "a time in the window of another authority only",
            two(|spec| {
                spec.window = (START, Some(NOW + 4));
            }),
            |_| {},
        ),
        bad(
            "authority-before-window",
            "V25",
            "a certificate from before its authority",
            two(|spec| {
                spec.window = (NOW + 6, None);
            }),
            |_| {},
        ),
        bad(
            "authority-between-windows",
            "V11 V25",
            "a time between two windows of its authority, and one in the second",
            ("authority-ends-and-is-there-again", {
                let mut recipe = Recipe::v1();
                recipe.tsas = vec![TsaSpec::new("tsa.localhost")];
                recipe.authorities.push(CaSpec::new("ca.localhost"));
                recipe.authorities[0].window = (START, Some(NOW + 4));
                recipe.authorities[1].window = (NOW + 6, None);
                recipe
            }),
            |_| {},
        ),
        bad(
            "authority-of-other-for-second-time",
            "V11 V25 TOB-11",
            "a second time in the window of another authority only",
            ("authority-ends-and-is-there-again", {
                let mut recipe = Recipe::v1();
                recipe.tsas = vec![TsaSpec::new("tsa.localhost")];
                recipe.authorities.push(CaSpec::new("ca2.localhost"));
                recipe.authorities[0].window = (START, Some(NOW + 5));
                recipe.authorities[1].window = (NOW + 6, None);
                recipe
            }),
            |_| {},
        ),
        bad(
            "authority-unknown",
            "V26",
            "an authority that is not trusted",
            v1(),
            |stage| {
                if let Stage::Root(json) = stage {
                    json.list("certificateAuthorities").clear();
                }
            },
        ),
        bad(
            "authority-in-bundle-only",
            "V26 V6",
            "an intermediate that is in the bundle only",
            (
                "v02-message",
                Recipe {
                    version: "0.2".to_owned(),
                    ..Recipe::v1()
                },
            ),
            {
                let mut intermediate = Vec::new();
                move |stage| match stage {
                    Stage::Authority(0, 1, spec) => intermediate = spec.sign(),
                    Stage::Bundle(json) => {
                        let raw = Json::object([("rawBytes", Json::bytes(&intermediate))]);
                        json.list("verificationMaterial.x509CertificateChain.certificates")
                            .push(raw);
                    }
                    Stage::Root(json) => {
                        json.list("certificateAuthorities.0.certChain.certificates")
                            .remove(0);
                    }
                    _ => {}
                }
            },
        ),
        bad(
            "authority-root-in-bundle",
            "V6",
            "a root in the bundle",
            (
                "v02-message",
                Recipe {
                    version: "0.2".to_owned(),
                    ..Recipe::v1()
                },
            ),
            {
                let mut root = Vec::new();
                move |stage| match stage {
                    Stage::Authority(0, 0, spec) => root = spec.sign(),
                    Stage::Bundle(json) => {
                        let raw = Json::object([("rawBytes", Json::bytes(&root))]);
                        json.list("verificationMaterial.x509CertificateChain.certificates")
                            .push(raw);
                    }
                    _ => {}
                }
            },
        ),
        bad(
            "chain-leaf-last",
            "V6",
            "a chain whose leaf is not first",
            (
                "v02-message",
                Recipe {
                    version: "0.2".to_owned(),
                    ..Recipe::v1()
                },
            ),
            {
                let mut intermediate = Vec::new();
                move |stage| match stage {
                    Stage::Authority(0, 1, spec) => intermediate = spec.sign(),
                    Stage::Bundle(json) => {
                        let raw = Json::object([("rawBytes", Json::bytes(&intermediate))]);
                        json.list("verificationMaterial.x509CertificateChain.certificates")
                            .insert(0, raw);
                    }
                    _ => {}
                }
            },
        ),
    ]
}

fn constraints() -> Vec<Case> {
    let constrained =
        |name, sentence, at: usize, permitted: Vec<Vec<u8>>, excluded: Vec<Vec<u8>>| {
            authority(name, "V28", sentence, at, move |spec| {
                spec.add(
                    NAME_CONSTRAINTS,
                    true,
                    name_constraints(&permitted, &excluded),
                );
            })
        };
    let email = |text: &str| der::tlv(0x81, text.as_bytes());
    vec![
        constrained(
            "constraint-other-domain",
            "an email address outside of what is permitted",
            1,
            vec![email("other.invalid")],
            vec![],
        ),
        constrained(
            "constraint-excluded-domain",
            "an email address that is excluded",
            1,
            vec![],
            vec![email("example.invalid")],
        ),
        constrained(
            "constraint-of-root",
            "an email address outside of what the anchor permits",
            0,
            vec![email("other.invalid")],
            vec![],
        ),
        constrained(
            "constraint-subdomain",
            "an email address of a host where its subdomains are permitted",
            1,
            vec![email(".example.invalid")],
            vec![],
        ),
        constrained(
            "constraint-mailbox-case",
            "a mailbox that differs in case",
            1,
            vec![email("Signer@example.invalid")],
            vec![],
        ),
        constrained(
            "constraint-permitted-and-excluded",
            "an email address that is permitted and excluded",
            1,
            vec![email("example.invalid")],
            vec![email("signer@example.invalid")],
        ),
        bad(
            "constraint-uri-host",
            "V28",
            "a URI of another host",
            (
                "san-uri",
                Recipe {
                    san: San::Uri("https://evil.invalid/a".to_owned()),
                    ..Recipe::v1()
                },
            ),
            |stage| {
                if let Stage::Authority(0, 1, spec) = stage {
                    spec.add(
                        NAME_CONSTRAINTS,
                        true,
                        name_constraints(&[der::tlv(0x86, b"good.invalid")], &[]),
                    );
                }
            },
        ),
        bad(
            "constraint-uri-user",
            "V28",
            "a URI with the permitted host as its user",
            (
                "san-uri",
                Recipe {
                    san: San::Uri("https://good.invalid@evil.invalid/a".to_owned()),
                    ..Recipe::v1()
                },
            ),
            |stage| {
                if let Stage::Authority(0, 1, spec) = stage {
                    spec.add(
                        NAME_CONSTRAINTS,
                        true,
                        name_constraints(&[der::tlv(0x86, b"good.invalid")], &[]),
                    );
                }
            },
        ),
        bad(
            "constraint-uri-without-host",
            "V28",
            "a URI without a host",
            (
                "san-uri",
                Recipe {
                    san: San::Uri("urn:example:a".to_owned()),
                    ..Recipe::v1()
                },
            ),
            |stage| {
                if let Stage::Authority(0, 1, spec) = stage {
                    spec.add(
                        NAME_CONSTRAINTS,
                        true,
                        name_constraints(&[], &[der::tlv(0x86, b"evil.invalid")]),
                    );
                }
            },
        ),
        bad(
            "constraint-other-name",
            "V28",
            "a user name where another is permitted",
            (
                "san-other-name",
                Recipe {
                    san: San::Other("user".to_owned()),
                    ..Recipe::v1()
                },
            ),
            |stage| {
                if let Stage::Authority(0, 1, spec) = stage {
                    let base = San::Other("other".to_owned()).encode();
                    spec.add(NAME_CONSTRAINTS, true, name_constraints(&[base], &[]));
                }
            },
        ),
        authority(
            "constraint-of-nothing",
            "V28",
            "constraints without a subtree",
            1,
            |spec| {
                spec.add(NAME_CONSTRAINTS, true, der::tlv(0x30, &[]));
            },
        ),
    ]
}
