//! Cases that are to be accepted: whatever the specs allow.

use sigsign_local::certificate::{NAME_CONSTRAINTS, San, name_constraints};
use sigsign_local::der;
use sigsign_local::json::Json;
use sigsign_local::key::{Hash, Scheme};
use sigsign_local::make::Stage;
use sigsign_local::note::Witness;
use sigsign_local::recipe::{CaSpec, CtSpec, LogSpec, NOW, Recipe, START, TsaSpec};
use sigsign_local::text::hex;

use crate::case::{Case, good};

pub(crate) fn cases() -> Vec<Case> {
    let mut cases = formats();
    cases.extend(schemes());
    cases.extend(times());
    cases.extend(signers());
    cases.extend(logs());
    cases
}

/// Every version of bundle, log and content, with either source of time.
fn formats() -> Vec<Case> {
    let v1 = |version: &str| Recipe {
        version: version.to_owned(),
        ..Recipe::v1()
    };
    let v2 = |version: &str| Recipe {
        version: version.to_owned(),
        ..Recipe::v2()
    };
    let tsa = || vec![TsaSpec::new("tsa.localhost")];
    let statement = |kind: &str, recipe: Recipe| Recipe {
        statement: Some(kind.to_owned()),
        ..recipe
    };
    vec![
        good("v01-message", "V3 V6 V8 V54", v1("0.1")),
        good("v01-dsse", "V6 V8 V40 V56", v1("0.1").dsse("dsse")),
        good("v01-intoto", "V6 V8 V40", v1("0.1").dsse("intoto")),
        good("v02-message", "V3 V6 V8", v1("0.2")),
        good("v02-dsse", "V40 V56", v1("0.2").dsse("dsse")),
        good("v02-intoto", "V40", v1("0.2").dsse("intoto")),
        good("v03-old-media-type", "V3 V6", v1("0.3-old")),
        good(
            "v03-message",
            "V2 V3 V5 V6 V9 V10 V12 V24 V27 V30 V31 V32 V36 V37 V38 V39 V43 V44 V45 V46 V48 V49 V50 V51 V52 V54 V55 V59 V62",
            Recipe::v1(),
        ),
        good("v03-dsse", "V40 V42 V56 V57", Recipe::v1().dsse("dsse")),
        good("v03-intoto", "V40 V42 V56 V57", Recipe::v1().dsse("intoto")),
        good(
            "v03-hashedrekord-of-dsse",
            "V39 V56",
            Recipe::v1().dsse("hashedrekord"),
        ),
        good(
            "v03-message-and-tsa",
            "V9 V11",
            Recipe {
                tsas: tsa(),
                ..Recipe::v1()
            },
        ),
        good(
            "v03-dsse-and-tsa",
            "V9 V11",
            Recipe {
                tsas: tsa(),
                ..Recipe::v1().dsse("dsse")
            },
        ),
        good("v03-tsa-no-promise", "V8 V9", {
            let mut recipe = Recipe {
                tsas: tsa(),
                ..Recipe::v1()
            };
            recipe.logs[0].promise = false;
            recipe
        }),
        good(
            "v2-message",
            "V9 V13 V14 V15 V16 V17 V18 V19 V20 V36 V37 V38 V39 V41 V43 V50",
            Recipe::v2(),
        ),
        good("v2-dsse", "V39 V41 V56", Recipe::v2().dsse("hashedrekord")),
        good("v2-in-bundle-02", "V3 V41", v2("0.2")),
        good(
            "v2-dsse-in-bundle-02",
            "V3 V41",
            v2("0.2").dsse("hashedrekord"),
        ),
        good(
            "statement-v01",
            "V57",
            statement(
                "https://in-toto.io/Statement/v0.1",
                Recipe::v1().dsse("dsse"),
            ),
        ),
        good(
            "statement-v01-v2-log",
            "V57",
            statement(
                "https://in-toto.io/Statement/v0.1",
                Recipe::v2().dsse("hashedrekord"),
            ),
        ),
        good("statement-sha512-only", "V57", Recipe::v1().dsse("dsse")).with(|stage| {
            if let Stage::Statement(json) = stage {
                let value = hex(&Hash::Sha512.of(&Recipe::v1().artifact));
                json.set(
                    "subject.0.digest",
                    Json::object([("sha512", Json::text(value))]),
                );
            }
        }),
        good(
            "statement-sha384-and-weak",
            "V57",
            Recipe::v1().dsse("dsse"),
        )
        .with(|stage| {
            if let Stage::Statement(json) = stage {
                let value = hex(&Hash::Sha384.of(&Recipe::v1().artifact));
                let weak = Json::text("0123456789abcdef0123456789abcdef01234567");
                json.set(
                    "subject.0.digest",
                    Json::object([("sha1", weak), ("sha384", Json::text(value))]),
                );
            }
        }),
        good(
            "statement-second-subject",
            "V57 A41",
            Recipe::v1().dsse("dsse"),
        )
        .with(|stage| {
            if let Stage::Statement(json) = stage {
                let mut other = json.list("subject")[0].clone();
                other.set("name", Json::text("other"));
                other.set("digest.sha256", Json::text(hex(&Hash::Sha256.of(b"other"))));
                json.list("subject").insert(0, other);
            }
        }),
        good("predicate-type", "V58 A6", Recipe::v1().dsse("dsse"))
            .policy("predicate_type = \"https://example.invalid/predicate/v1\""),
        good("no-digest-hint", "V55", Recipe::v1()).with(|stage| {
            if let Stage::Bundle(json) = stage {
                json.remove("messageSignature.messageDigest");
            }
        }),
        good("int64-as-numbers", "V2", Recipe::v1()).with(|stage| {
            if let Stage::Entry(_, json) = stage {
                for path in ["logIndex", "integratedTime", "inclusionProof.treeSize"] {
                    let number = json.string(path).clone();
                    json.set(path, Json::Raw(number));
                }
            }
        }),
    ]
}

/// Every scheme of the registry in every role.
fn schemes() -> Vec<Case> {
    let mut cases = Vec::new();
    let name = |role: &str, scheme: Scheme| -> &'static str {
        String::leak(format!("{role}-{scheme:?}").to_lowercase())
    };
    for scheme in Scheme::ALL {
        let prehash_only = scheme == Scheme::Ed25519;
        let deprecated = matches!(scheme, Scheme::P384Sha256 | Scheme::P521Sha256);
        if !prehash_only {
            let recipe = Recipe {
                signer: scheme,
                ..Recipe::v2()
            };
            cases.push(good(name("signer", scheme), "V55", recipe));
        }
        if !prehash_only && !deprecated {
            let recipe = Recipe {
                signer: scheme,
                ..Recipe::v2().dsse("hashedrekord")
            };
            cases.push(good(name("dsse-signer", scheme), "V56", recipe));
        }
        if scheme != Scheme::Ed25519Ph {
            let recipe = Recipe {
                signer: scheme,
                ..Recipe::v1().dsse("dsse")
            };
            cases.push(good(name("dsse-v1-signer", scheme), "V56", recipe));
            let mut recipe = Recipe::v1();
            recipe.authorities[0].schemes = vec![Scheme::P384, scheme];
            cases.push(good(name("ca", scheme), "V24", recipe));
            let mut recipe = Recipe::v1();
            recipe.ct_logs[0].scheme = scheme;
            if matches!(
                scheme,
                Scheme::P256 | Scheme::P384 | Scheme::Ed25519 | Scheme::Rsa2048 | Scheme::Rsa4096
            ) {
                cases.push(good(name("ct", scheme), "V31", recipe));
            }
            let mut recipe = Recipe::v1();
            recipe.logs[0].scheme = scheme;
            cases.push(good(name("log-v1", scheme), "V50 V54", recipe));
            let mut recipe = Recipe::v2();
            recipe.tsas[0].ca.schemes = vec![Scheme::P384, scheme];
            cases.push(good(name("tsa", scheme), "V23 O4", recipe));
        }
    }
    for scheme in [Scheme::P256, Scheme::P384, Scheme::Ed25519, Scheme::Rsa2048] {
        let mut recipe = Recipe::v2();
        recipe.logs[0].scheme = scheme;
        cases.push(good(name("log-v2", scheme), "V50", recipe));
    }
    cases
}

fn times() -> Vec<Case> {
    let tsa = |change: fn(&mut TsaSpec)| {
        let mut recipe = Recipe::v2();
        change(&mut recipe.tsas[0]);
        recipe
    };
    vec![
        good(
            "tsa-embedded-certificates",
            "V16",
            tsa(|tsa| tsa.embed = true),
        ),
        good(
            "tsa-imprint-sha384",
            "V20",
            tsa(|tsa| tsa.hash = Hash::Sha384),
        ),
        good(
            "tsa-imprint-sha512",
            "V20",
            tsa(|tsa| tsa.hash = Hash::Sha512),
        ),
        good(
            "tsa-own-certificate-only",
            "V18",
            tsa(|tsa| {
                tsa.ca.schemes = vec![Scheme::P384, Scheme::P384, Scheme::P256];
            }),
        ),
        good("tsa-granted-with-mods", "V13", Recipe::v2()).with(|stage| {
            if let Stage::Response(_, response) = stage {
                response.status = 1;
            }
        }),
        good("tsa-fractional-time", "V19", Recipe::v2()).with(|stage| {
            if let Stage::TstInfo(_, info) = stage {
                info.gen_time = info.gen_time.replace('Z', ".125Z");
            }
        }),
        good("tsa-no-nonce", "V15", Recipe::v2()).with(|stage| {
            if let Stage::TstInfo(_, info) = stage {
                info.rest.clear();
            }
        }),
        good("tsa-accuracy-and-ordering", "V15", Recipe::v2()).with(|stage| {
            if let Stage::TstInfo(_, info) = stage {
                info.rest.insert(0, der::yes());
                info.rest.insert(0, der::sequence(&[der::integer(1)]));
            }
        }),
        good(
            "tsa-at-window-start",
            "V19 V62 O7",
            tsa(|tsa| tsa.ca.window = (NOW + 6, None)),
        ),
        good(
            "tsa-at-window-end",
            "V19 V62 O7",
            tsa(|tsa| tsa.ca.window = (START, Some(NOW + 6))),
        ),
        good("tsa-at-leaf-end", "V24 O7", tsa(|tsa| tsa.at = NOW + 600)),
        good("tsa-at-leaf-start", "V24 O7", tsa(|tsa| tsa.at = NOW)),
        good("two-tsas", "V10 V22", {
            let mut recipe = Recipe::v2();
            recipe.tsas.push(TsaSpec::new("tsa2.localhost"));
            recipe
        })
        .policy("time_threshold = 2"),
        good("two-tsas-one-operator-by-name-apart", "V10 O3", {
            let mut recipe = Recipe::v2();
            recipe.tsas.push(TsaSpec::new("tsa2.localhost"));
            recipe.tsas[0].ca.operator = Some("a.invalid".to_owned());
            recipe.tsas[1].ca.operator = Some("b.invalid".to_owned());
            recipe
        })
        .policy("time_threshold = 2"),
        good("same-token-twice", "V22", tsa(|tsa| tsa.count = 2)),
        good("log-at-window-end", "V52 V62 O7", {
            let mut recipe = Recipe::v1();
            recipe.logs[0].window = (START, Some(NOW + 5));
            recipe
        }),
        good("log-at-window-start", "V52 V62 O7", {
            let mut recipe = Recipe::v1();
            recipe.logs[0].window = (NOW + 5, None);
            recipe
        }),
        good("ct-at-window-end", "V32 V62 O7", {
            let mut recipe = Recipe::v1();
            recipe.ct_logs[0].window = (START, Some(NOW));
            recipe
        }),
        good("ca-at-window-end", "V25 V62 O7", {
            let mut recipe = Recipe::v1();
            recipe.authorities[0].window = (START, Some(NOW + 5));
            recipe
        }),
        good("integrated-at-leaf-end", "V12 V24", {
            let mut recipe = Recipe::v1();
            recipe.logs[0].integrated = NOW + 600;
            recipe
        }),
    ]
}

fn signers() -> Vec<Case> {
    let depth = |intermediates: usize| {
        let mut recipe = Recipe::v1();
        recipe.authorities[0].schemes = vec![Scheme::P256; intermediates + 1];
        recipe
    };
    let san = |san: San| Recipe {
        san,
        ..Recipe::v1()
    };
    let constrained = |at: usize, permitted: Vec<Vec<u8>>, excluded: Vec<Vec<u8>>| {
        move |stage: Stage<'_>| match stage {
            Stage::Authority(0, depth, spec) if depth == at => {
                spec.add(
                    NAME_CONSTRAINTS,
                    true,
                    name_constraints(&permitted, &excluded),
                );
            }
            _ => {}
        }
    };
    vec![
        good("no-intermediate", "V26 V28", depth(0)),
        good("three-intermediates", "V28", depth(3)),
        good("five-intermediates", "V28", depth(5)),
        good("constraint-permits-email-domain", "V28", Recipe::v1())
            .with(constrained(1, vec![der::tlv(0x81, b"example.invalid")], vec![])),
        good("constraint-permits-uri-host", "V28", san(San::Uri("https://host.example.invalid/a".to_owned())))
            .with(constrained(1, vec![der::tlv(0x86, b".example.invalid")], vec![])),
        good("constraint-excludes-others", "V28", Recipe::v1())
            .with(constrained(1, vec![], vec![der::tlv(0x81, b"other.invalid")])),
        good("san-uri", "V27 V59", san(San::Uri("https://example.invalid/a/workflow.yml@refs/heads/main".to_owned()))),
        good("san-other-name", "V27 V59 O13", san(San::Other("machine-user".to_owned()))),
        good("san-other-name-not-ascii", "V59", san(San::Other("jürgen\u{2019}s build \u{4e16}".to_owned()))),
        good("issuer-only-in-1", "V59", Recipe::v1()).with(|stage| {
            if let Stage::Leaf(spec) = stage {
                spec.remove("1.3.6.1.4.1.57264.1.8");
            }
        }),
        good("issuer-only-in-8", "V59", Recipe::v1()).with(|stage| {
            if let Stage::Leaf(spec) = stage {
                spec.remove("1.3.6.1.4.1.57264.1.1");
            }
        }),
        good("all-extensions", "V59 V60", Recipe::v1())
            .with(|stage| {
                if let Stage::Leaf(spec) = stage {
                    for number in 2..=6 {
                        let value = format!("value {number}").into_bytes();
                        spec.add(&format!("1.3.6.1.4.1.57264.1.{number}"), false, value);
                    }
                    for number in 9..=24 {
                        let value = der::utf8(&format!("value {number}"));
                        spec.add(&format!("1.3.6.1.4.1.57264.1.{number}"), false, value);
                    }
                }
            })
            .policy("extensions = { \"1.3.6.1.4.1.57264.1.3\" = \"value 3\", \"1.3.6.1.4.1.57264.1.24\" = \"value 24\" }"),
        good("unknown-extension-not-critical", "V27", Recipe::v1()).with(|stage| {
            if let Stage::Leaf(spec) = stage {
                spec.add("1.2.3.4", false, der::null());
            }
        }),
        good("named-subject-san-not-critical", "V27", Recipe::v1()).with(|stage| {
            if let Stage::Leaf(spec) = stage {
                spec.subject = sigsign_local::certificate::name("somebody", "signer");
                spec.extension("2.5.29.17").critical = false;
            }
        }),
        good("overlapping-authorities", "V25 V62", {
            let mut recipe = Recipe::v1();
            recipe.authorities.push(CaSpec::new("ca2.localhost"));
            recipe.authorities.push(CaSpec { window: (NOW + 100_000_000, None), ..CaSpec::new("ca-future.localhost") });
            recipe
        }),
        good("same-authority-twice", "V25 V62", {
            let mut recipe = Recipe::v1();
            recipe.authorities.push(CaSpec::new("ca.localhost"));
            recipe.authorities[1].window = (START, Some(START + 100));
            recipe
        }),
        good("two-scts", "V33", {
            let mut recipe = Recipe::v1();
            recipe.ct_logs.push(CtSpec::new("ct2.localhost"));
            recipe
        })
        .policy("sct_threshold = 2"),
        good("sct-of-unknown-log-beside", "V33 O10", {
            let mut recipe = Recipe::v1();
            recipe.ct_logs.insert(0, CtSpec { known: false, ..CtSpec::new("ct-unknown.localhost") });
            recipe
        }),
        good("sct-with-extensions", "V31 A21", {
            let mut recipe = Recipe::v1();
            recipe.ct_logs[0].extensions = vec![0, 0, 5, 0, 0, 0, 0, 7];
            recipe
        }),
        good("managed-key", "V34 V61", Recipe::v1().managed("")),
        good("managed-key-hint", "V61", Recipe::v1().managed("key-1")).policy("key_hint = \"key-1\""),
        good("managed-key-window", "V61 A12", Recipe::v1().managed("key-1"))
            .policy("key_start = \"2026-01-15T12:00:05Z\"")
            .policy("key_end = \"2026-01-15T12:00:05Z\""),
        good("managed-key-v2", "V61", Recipe::v2().managed("key-1")),
        good("managed-key-dsse", "V56 V61", Recipe::v2().dsse("hashedrekord").managed("key-1")),
        good("managed-key-id", "V56", Recipe::v1().dsse("dsse").managed("key-1")).with(|stage| {
            if let Stage::Bundle(json) = stage {
                json.set("dsseEnvelope.signatures.0.keyid", Json::text("key-1"));
            }
        }),
        good("no-log-no-sct", "V9 V34 V46", Recipe { logs: vec![], ct_logs: vec![], ..Recipe::v2().dsse("hashedrekord") })
            .policy("no_log = true")
            .policy("no_sct = true"),
    ]
}

fn logs() -> Vec<Case> {
    let tree = |size: usize, index: usize, mut recipe: Recipe| {
        recipe.logs[0].size = size;
        recipe.logs[0].index = index;
        recipe
    };
    let witnesses = || {
        vec![
            Witness::new("witness1.invalid"),
            Witness::new("witness2.invalid"),
        ]
    };
    let quorum = || {
        let keys: Vec<String> = witnesses()
            .iter()
            .map(|it| format!("\"{}\"", it.vkey()))
            .collect();
        format!("witnesses = [{}]", keys.join(", "))
    };
    let cosigned = || {
        let mut recipe = Recipe::v2();
        recipe.logs[0].witnesses = witnesses();
        recipe
    };
    let absent = |stage: Stage<'_>| {
        if let Stage::Entry(_, json) = stage {
            for path in [
                "logIndex",
                "inclusionProof.logIndex",
                "inclusionProof.hashes",
            ] {
                json.remove(path);
            }
        }
    };
    vec![
        good("tree-of-one", "V45", tree(1, 0, Recipe::v1())),
        good(
            "tree-of-one-defaults-absent",
            "V2 V43 V45",
            tree(1, 0, Recipe::v2()),
        )
        .with(absent),
        good("tree-of-one-v1-defaults-absent", "V2 V43 V45", {
            let mut recipe = tree(1, 0, Recipe::v1());
            recipe.logs[0].offset = 0;
            recipe
        })
        .with(absent),
        good("tree-of-300-last", "V45", tree(300, 299, Recipe::v2())),
        good("tree-of-300-first", "V45", tree(300, 0, Recipe::v1())),
        good("tree-of-256", "V45", tree(256, 77, Recipe::v1())),
        good("proof-claims-absent", "V43 V44", Recipe::v2()).with(|stage| {
            if let Stage::Entry(_, json) = stage {
                for path in ["rootHash", "treeSize", "logIndex"] {
                    json.remove(&format!("inclusionProof.{path}"));
                }
            }
        }),
        good("v2-integrated-time-ignored", "V9", Recipe::v2()).with(|stage| {
            if let Stage::Entry(_, json) = stage {
                json.set("integratedTime", Json::int64(0));
            }
        }),
        good("checkpoint-extension-lines", "V49", Recipe::v1()).with(|stage| {
            if let Stage::Checkpoint(_, spec) = stage {
                spec.text += "Timestamp: 1768478405000000000\n";
            }
        }),
        good("checkpoint-other-signatures", "V51", Recipe::v2()).with(|stage| {
            if let Stage::Checkpoint(_, spec) = stage {
                spec.more += &sigsign_local::note::line("other.invalid", &[1, 2, 3, 4], &[7; 64]);
            }
        }),
        good("checkpoint-same-name-other-key", "V51 A20", Recipe::v2()).with(|stage| {
            if let Stage::Checkpoint(_, spec) = stage {
                spec.more += &sigsign_local::note::line(&spec.name, &[1, 2, 3, 4], &[7; 64]);
            }
        }),
        good("cosigned", "V53", cosigned()),
        good("cosigned-quorum-of-two", "V53", cosigned())
            .policy(quorum())
            .policy("quorum = 2"),
        good("two-logs", "V47", {
            let mut recipe = Recipe::v1();
            recipe.logs.push(LogSpec::v1("rekor2.localhost"));
            recipe
        })
        .policy("log_threshold = 2"),
        good("two-logs-of-both-versions", "V41 V47", {
            let mut recipe = Recipe::v1();
            recipe.logs.push(LogSpec::v2("log2026.localhost"));
            recipe
        })
        .policy("log_threshold = 2"),
        good("promise-only-when-allowed", "V7 V8", {
            let mut recipe = Recipe {
                version: "0.1".to_owned(),
                ..Recipe::v1()
            };
            recipe.logs[0].proof = false;
            recipe
        })
        .policy("no_inclusion_proof = true"),
    ]
}
