//! Certificates and authorities in every form that their standards allow.

use sigsign_local::certificate::{
    AUTHORITY_KEY_ID, BASIC_CONSTRAINTS, CertificateSpec, EXTENDED_KEY_USAGE, NAME_CONSTRAINTS,
    SUBJECT_KEY_ID, key_id, name, name_constraints, usages,
};
use sigsign_local::der;
use sigsign_local::json::Json;
use sigsign_local::key::{Key, Scheme, sha256};
use sigsign_local::make::Stage;
use sigsign_local::recipe::{CaSpec, CtSpec, NOW, Recipe, START, TsaSpec};

use crate::case::{Case, good};

pub(crate) fn cases() -> Vec<Case> {
    let mut cases = leaves();
    cases.extend(authorities());
    cases.extend(names());
    cases.extend(chains());
    cases.extend(timestamps());
    cases
}

fn leaf(
    name: &'static str,
    rules: &'static str,
    edit: impl Fn(&mut CertificateSpec) + 'static,
) -> Case {
    good(name, rules, Recipe::v1()).with(move |stage| {
        if let Stage::Leaf(spec) = stage {
            edit(spec);
        }
    })
}

/// Every certificate of the signers' authority; 0 is the root.
fn authority(
    name: &'static str,
    rules: &'static str,
    edit: impl Fn(usize, &mut CertificateSpec) + 'static,
) -> Case {
    good(name, rules, Recipe::v1()).with(move |stage| {
        if let Stage::Authority(_, depth, spec) = stage {
            edit(depth, spec);
        }
    })
}

/// AuthorityKeyIdentifier with the issuer's own issuer and serial number.
fn issuer_and_serial(key_id: Option<&[u8]>) -> Vec<u8> {
    let names = der::tlv(0xa4, &name("sigsign local", "ca.localhost 0"));
    der::sequence(&[
        key_id.map(|id| der::tlv(0x80, id)).unwrap_or_default(),
        der::tlv(0xa1, &names),
        der::tlv(0x82, &[0x2a]),
    ])
}

fn leaves() -> Vec<Case> {
    let intermediate = || key_id(&Key::new(Scheme::P384, "ca.localhost 1").spki());
    vec![
        leaf("leaf-serial-of-160-bits", "V27", |spec| {
            spec.serial = [&[0][..], &[0xff; 20]].concat();
        }),
        leaf("leaf-serial-of-one", "V27", |spec| spec.serial = vec![1]),
        leaf("leaf-without-key-ids", "V27", |spec| {
            spec.remove(SUBJECT_KEY_ID);
            spec.remove(AUTHORITY_KEY_ID);
        }),
        leaf("leaf-key-id-in-full", "V27", move |spec| {
            spec.extension(AUTHORITY_KEY_ID).value = issuer_and_serial(Some(&intermediate()));
        }),
        leaf("leaf-key-id-by-serial", "V27", |spec| {
            spec.extension(AUTHORITY_KEY_ID).value = issuer_and_serial(None);
        }),
        leaf("leaf-says-that-it-is-no-ca", "V27", |spec| {
            spec.add(BASIC_CONSTRAINTS, true, der::tlv(0x30, &[]));
        }),
        leaf("leaf-purpose-critical", "V27", |spec| {
            spec.extension(EXTENDED_KEY_USAGE).critical = true;
        }),
        leaf("leaf-other-extensions", "V27", other_extensions),
        leaf("leaf-named", "V27", |spec| {
            spec.subject = name("somebody", "signer")
        }),
        leaf("leaf-named-in-many-ways", "V27", |spec| {
            let attribute = |oid, value: Vec<u8>| der::sequence(&[der::oid(oid), value]);
            spec.subject = der::sequence(&[
                der::set(&[attribute("2.5.4.6", der::tlv(0x13, b"DE"))]),
                der::set(&[
                    attribute("2.5.4.3", der::utf8("J\u{fc}rgen")),
                    attribute("2.5.4.5", der::tlv(0x13, b"42")),
                ]),
                der::set(&[attribute(
                    "1.2.840.113549.1.9.1",
                    der::tlv(0x16, b"a@b.invalid"),
                )]),
            ]);
        }),
        leaf("leaf-extension-empty", "V59", |spec| {
            spec.add("1.3.6.1.4.1.57264.1.23", false, der::utf8(""));
        }),
        leaf("leaf-extension-of-later-fulcio", "V59", |spec| {
            spec.add("1.3.6.1.4.1.57264.1.99", false, vec![1, 2, 3]);
            spec.add("1.3.6.1.4.1.57264.1.300", false, vec![1, 2, 3]);
        }),
        leaf("leaf-extension-by-uuid", "V27", |spec| {
            spec.add(
                "2.25.329800735698586629295641978511506172918",
                false,
                der::null(),
            );
        }),
        good("leaf-ed25519-below-rsa", "V27", {
            let mut recipe = Recipe::v2();
            recipe.authorities[0].schemes = vec![Scheme::P521, Scheme::Rsa4096];
            recipe.signer = Scheme::Ed25519Ph;
            recipe
        }),
    ]
}

/// Where to look for more, policies, and other names of the issuer: none of them critical.
fn other_extensions(spec: &mut CertificateSpec) {
    let uri = || der::tlv(0x86, b"http://crl.example.invalid/ca.crl");
    let point = der::sequence(&[der::tlv(0xa0, &der::tlv(0xa0, &uri()))]);
    spec.add("2.5.29.31", false, der::sequence(&[point]));
    let access = der::sequence(&[der::oid("1.3.6.1.5.5.7.48.2"), uri()]);
    spec.add("1.3.6.1.5.5.7.1.1", false, der::sequence(&[access]));
    let text = der::sequence(&[
        der::oid("1.3.6.1.5.5.7.2.1"),
        der::tlv(0x16, b"https://example.invalid/cps"),
    ]);
    let policy = der::sequence(&[der::oid("1.2.3.4"), der::sequence(&[text])]);
    spec.add("2.5.29.32", false, der::sequence(&[policy]));
    spec.add("2.5.29.18", false, der::sequence(&[uri()]));
    spec.add("2.5.29.9", false, der::tlv(0x30, &[]));
}

fn authorities() -> Vec<Case> {
    // 2055-01-01T00:00:00Z, which UTCTime cannot say
    let late = 2_682_374_400;
    vec![
        authority("ca-until-2055", "V24", move |_, spec| {
            spec.valid(START, late)
        }),
        authority("ca-without-key-ids", "V27", |_, spec| {
            spec.remove(SUBJECT_KEY_ID);
            spec.remove(AUTHORITY_KEY_ID);
        }),
        authority("ca-no-purpose", "V27", |_, spec| {
            spec.remove(EXTENDED_KEY_USAGE)
        }),
        authority("ca-any-purpose", "V27", |depth, spec| {
            if depth == 1 {
                spec.extension(EXTENDED_KEY_USAGE).value = usages(&["2.5.29.37.0"]);
            }
        }),
        authority("ca-other-extensions", "V27", |_, spec| {
            other_extensions(spec)
        }),
        authority("ca-policies-critical", "V27", |_, spec| {
            let any = der::sequence(&[der::oid("2.5.29.32.0")]);
            spec.add("2.5.29.32", true, der::sequence(&[any]));
        }),
        authority("ca-limits-policies", "V27", |_, spec| {
            spec.add("2.5.29.54", true, der::integer(0));
            spec.add("2.5.29.36", true, der::sequence(&[der::tlv(0x81, &[0])]));
        }),
        authority("ca-without-path-length", "V27", |_, spec| {
            spec.extension(BASIC_CONSTRAINTS).value = sigsign_local::certificate::ca(None);
        }),
        authority("ca-long-path-length", "V27", |_, spec| {
            spec.extension(BASIC_CONSTRAINTS).value = sigsign_local::certificate::ca(Some(70_000));
        }),
        authority("constraint-of-other-forms", "V28", |_, spec| {
            let others = [
                der::tlv(0x82, b"example.invalid"),
                der::tlv(0x87, &[10, 0, 0, 0, 255, 0, 0, 0]),
                der::tlv(0x86, b".example.invalid"),
            ];
            spec.add(NAME_CONSTRAINTS, true, name_constraints(&others, &others));
        }),
        authority(
            "constraint-directory-of-intermediate",
            "V28",
            |depth, spec| {
                if depth == 0 {
                    let organization =
                        der::sequence(&[der::oid("2.5.4.10"), der::utf8("sigsign local")]);
                    let base = der::sequence(&[der::set(&[organization])]);
                    let base = der::tlv(0xa4, &base);
                    spec.add(NAME_CONSTRAINTS, true, name_constraints(&[base], &[]));
                }
            },
        ),
    ]
}

/// Names of authorities in every type of string.
fn names() -> Vec<Case> {
    let in_strings = |case, organization: Vec<u8>, common: Vec<u8>| {
        authority(case, "V24 V26", move |depth, spec| {
            let attribute =
                |oid, text: &Vec<u8>| der::set(&[der::sequence(&[der::oid(oid), text.clone()])]);
            let unit = der::utf8(&depth.to_string());
            let subject = der::sequence(&[
                attribute("2.5.4.10", &organization),
                attribute("2.5.4.11", &unit),
                attribute("2.5.4.3", &common),
            ]);
            if depth == 0 {
                spec.issuer.clone_from(&subject);
            }
            spec.subject = subject;
        })
    };
    let wide: Vec<u8> = "Zertifikate \u{dc}ber"
        .encode_utf16()
        .flat_map(u16::to_be_bytes)
        .collect();
    vec![
        in_strings(
            "ca-name-printable",
            der::tlv(0x13, b"sigsign local"),
            der::tlv(0x13, b"ca"),
        ),
        in_strings(
            "ca-name-ia5",
            der::tlv(0x16, b"sigsign@local"),
            der::tlv(0x16, b"ca"),
        ),
        in_strings(
            "ca-name-teletex",
            der::tlv(0x14, b"sigsign \xfc"),
            der::tlv(0x13, b"ca"),
        ),
        in_strings(
            "ca-name-bmp",
            der::tlv(0x1e, &wide),
            der::tlv(0x1e, &[0, b'c', 0, b'a']),
        ),
        in_strings(
            "ca-name-not-ascii",
            der::utf8("\u{4e16}\u{754c}"),
            der::utf8("\u{1f511} ca"),
        ),
        in_strings("ca-name-empty-string", der::utf8(""), der::utf8("ca")),
    ]
}

fn chains() -> Vec<Case> {
    let depth = |schemes: usize| {
        let mut recipe = Recipe::v1();
        recipe.authorities[0].schemes = vec![Scheme::P256; schemes];
        recipe
    };
    let in_root = |name, recipe: Recipe, edit: fn(&mut Vec<Json>)| {
        good(name, "V26 V28", recipe).with(move |stage| {
            if let Stage::Root(json) = stage {
                edit(json.list("certificateAuthorities.0.certChain.certificates"));
            }
        })
    };
    vec![
        in_root("anchor-is-intermediate", depth(3), |chain| {
            chain.pop();
        }),
        in_root("anchor-is-issuer", depth(3), |chain| chain.truncate(1)),
        in_root("chain-out-of-order", depth(5), |chain| chain[..4].reverse()),
        in_root("chain-with-a-certificate-twice", depth(3), |chain| {
            let again = chain[0].clone();
            chain.insert(1, again);
        }),
        below_anchor(),
        cross_signed(),
        one_name(),
        good("authority-ends-and-is-there-again", "V11 V25 V62", {
            let mut recipe = Recipe {
                tsas: vec![TsaSpec::new("tsa.localhost")],
                ..Recipe::v1()
            };
            recipe.authorities.push(CaSpec::new("ca.localhost"));
            recipe.authorities[0].window = (START, Some(NOW + 5));
            recipe.authorities[1].window = (NOW + 6, None);
            recipe
        }),
        good("tsa-chain-out-of-order", "V18", {
            let mut recipe = Recipe::v2();
            recipe.tsas[0].ca.schemes = vec![Scheme::P256; 4];
            recipe
        })
        .with(|stage| {
            if let Stage::Root(json) = stage {
                json.list("timestampAuthorities.0.certChain.certificates")[..3].reverse();
            }
        }),
    ]
}

/// A signer right below the anchor, though the authority has an intermediate, too.
fn below_anchor() -> Case {
    let anchor = || Key::new(Scheme::P384, "ca.localhost 0");
    good(
        "leaf-below-anchor-beside-intermediate",
        "V26 V28",
        Recipe::v1(),
    )
    .with(move |stage| match stage {
        Stage::Leaf(spec) => {
            spec.issuer = name("sigsign local", "ca.localhost 0");
            spec.signer = anchor();
            let id = key_id(&anchor().spki());
            spec.extension(AUTHORITY_KEY_ID).value = der::sequence(&[der::tlv(0x80, &id)]);
        }
        Stage::Sct(_, sct) => sct.issuer_key_hash = sha256(&anchor().spki()).to_vec(),
        _ => {}
    })
}

/// The certificate below the anchor, beside one that it signed itself when it was an anchor.
fn cross_signed() -> Case {
    let mut recipe = Recipe::v1();
    recipe.authorities[0].schemes = vec![Scheme::P256; 3];
    let mut own = Vec::new();
    good("chain-cross-signed", "V28", recipe).with(move |stage| match stage {
        Stage::Authority(0, 1, spec) => {
            let mut other = spec.clone();
            other.issuer.clone_from(&other.subject);
            other.signer = Key::new(Scheme::P256, "ca.localhost 1");
            other.remove(AUTHORITY_KEY_ID);
            own = other.sign();
        }
        Stage::Root(json) => {
            let own = Json::object([("rawBytes", Json::bytes(&own))]);
            json.list("certificateAuthorities.0.certChain.certificates")
                .insert(1, own);
        }
        _ => {}
    })
}

/// Two authorities with the same names and other keys, and a signer that does not say which.
fn one_name() -> Case {
    let mut recipe = Recipe::v1();
    recipe.authorities.push(CaSpec::new("ca2.localhost"));
    good("authorities-of-one-name", "V26 V28", recipe).with(|stage| match stage {
        Stage::Authority(1, depth, spec) => {
            spec.subject = name("sigsign local", &format!("ca.localhost {depth}"));
            if depth == 0 {
                spec.issuer.clone_from(&spec.subject);
            }
        }
        Stage::Leaf(spec) => spec.remove(AUTHORITY_KEY_ID),
        Stage::Root(json) => json.list("certificateAuthorities").reverse(),
        _ => {}
    })
}

/// Timestamps of CT logs.
fn timestamps() -> Vec<Case> {
    let of = |scheme: Scheme| {
        let mut recipe = Recipe::v1();
        recipe.ct_logs[0].scheme = scheme;
        recipe
    };
    vec![
        good("sct-of-other-version-beside", "V30", Recipe::v1()).with(|stage| {
            if let Stage::Scts(scts) = stage {
                scts.insert(0, vec![1, 2, 3]);
                scts.push([&[9][..], &[0; 200]].concat());
            }
        }),
        good("sct-p384-over-sha256", "V31", of(Scheme::P384Sha256)),
        good("sct-p521", "V31", of(Scheme::P521)),
        good("sct-rsa3072", "V31", of(Scheme::Rsa3072)),
        good(
            "sct-of-unknown-log-that-is-not-signed",
            "V33 O10",
            Recipe::v1(),
        )
        .with(|stage| {
            if let Stage::Scts(scts) = stage {
                let mut other = scts[0].clone();
                other[1..33].fill(7);
                scts.push(other);
            }
        }),
        good("sct-list-critical", "V30", Recipe::v1()).with(|stage| {
            if let Stage::Certified(spec) = stage {
                spec.extension(sigsign_local::certificate::SCT_LIST)
                    .critical = true;
            }
        }),
        good("sct-list-first", "V31", Recipe::v1()).with(|stage| {
            if let Stage::Certified(spec) = stage {
                spec.extensions.rotate_right(1);
            }
        }),
        good("sct-threshold-of-two-with-unknown", "V33", {
            let mut recipe = Recipe::v1();
            recipe.ct_logs.push(CtSpec::new("ct2.localhost"));
            recipe.ct_logs.push(CtSpec {
                known: false,
                ..CtSpec::new("ct-unknown.localhost")
            });
            recipe
        })
        .policy("sct_threshold = 2"),
    ]
}
