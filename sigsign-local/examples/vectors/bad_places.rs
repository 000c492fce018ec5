//! Places in logs, keys and identities that are not what they should be.

use sigsign_local::json::Json;
use sigsign_local::key::{Key, Scheme};
use sigsign_local::make::Stage;
use sigsign_local::recipe::{LogSpec, NOW, Recipe, START, TsaSpec};
use sigsign_local::text::pem;

use crate::case::{Case, bad};

pub(crate) fn cases() -> Vec<Case> {
    let mut cases = places();
    cases.extend(keys());
    cases.extend(identities());
    cases
}

fn v1() -> (&'static str, Recipe) {
    ("v03-message", Recipe::v1())
}

fn v2() -> (&'static str, Recipe) {
    ("v2-message", Recipe::v2())
}

/// Places in logs, and logs in place of others.
fn places() -> Vec<Case> {
    let two = || {
        let mut recipe = Recipe::v1();
        recipe.logs.push(LogSpec::v1("rekor2.localhost"));
        ("two-logs", recipe)
    };
    let ids = || {
        let id = |host| Json::bytes(sigsign_local::log::id(&LogSpec::v1(host)));
        (id("rekor.localhost"), id("rekor2.localhost"))
    };
    vec![
        bad(
            "v2-proof-of-other-index",
            "V43",
            "another index in the proof than in the entry",
            v2(),
            |stage| {
                if let Stage::Entry(_, json) = stage {
                    json.set("inclusionProof.logIndex", Json::int64(2));
                }
            },
        ),
        bad(
            "v2-promise-for-time",
            "V9 A16",
            "the promise of a log of version 2 in place of a time",
            {
                let mut recipe = Recipe {
                    tsas: Vec::new(),
                    ..Recipe::v2()
                };
                recipe.logs[0].promise = true;
                ("v2-message", recipe)
            },
            |stage| {
                if let Stage::Entry(_, json) = stage {
                    json.set("integratedTime", Json::int64(NOW + 5));
                }
            },
        ),
        bad(
            "v2-promise-bad",
            "V8 V54",
            "a bad promise in an entry of version 2",
            {
                let mut recipe = Recipe::v2();
                recipe.logs[0].promise = true;
                ("v2-message", recipe)
            },
            |stage| {
                if let Stage::Promised(_, signature) = stage {
                    signature[0] ^= 1;
                }
            },
        ),
        bad(
            "promise-other-index",
            "V54",
            "another index than the promise is for",
            v1(),
            |stage| {
                if let Stage::Entry(_, json) = stage {
                    json.set("logIndex", Json::int64(1004));
                }
            },
        ),
        bad(
            "promise-of-index-in-tree",
            "V43 V54",
            "a promise for the index in the tree",
            v1(),
            |stage| {
                if let Stage::Promise(_, json, _) = stage {
                    json.set("logIndex", Json::number(3));
                }
            },
        ),
        bad(
            "entry-of-other-known-log",
            "V50 V54",
            "an entry of one trusted log said to be of another",
            two(),
            move |stage| {
                if let Stage::Entry(0, json) = stage {
                    json.set("logId.keyId", ids().1);
                }
            },
        ),
        bad(
            "entries-of-logs-swapped",
            "V50 V54",
            "the names of two logs swapped",
            two(),
            move |stage| {
                let (first, second) = ids();
                match stage {
                    Stage::Entry(0, json) => json.set("logId.keyId", second),
                    Stage::Entry(_, json) => json.set("logId.keyId", first),
                    _ => {}
                }
            },
        ),
        bad(
            "proofs-of-logs-swapped",
            "V50 V51 O6",
            "the checkpoints of two logs swapped",
            two(),
            |stage| {
                if let Stage::Bundle(json) = stage {
                    let at = |n| format!("verificationMaterial.tlogEntries.{n}.inclusionProof");
                    let (first, second) = (json.at(&at(0)).clone(), json.at(&at(1)).clone());
                    json.set(&at(0), second);
                    json.set(&at(1), first);
                }
            },
        ),
        bad(
            "two-logs-of-one-operator",
            "V47 A11",
            "two logs of one operator in place of two",
            {
                let (name, mut recipe) = two();
                for log in &mut recipe.logs {
                    log.operator = Some("operator.invalid".to_owned());
                }
                (name, recipe)
            },
            |_| {},
        )
        .policy("log_threshold = 2"),
        bad(
            "second-entry-of-unknown-log",
            "V46 V50",
            "a second entry, of a log that is not trusted",
            {
                let (name, mut recipe) = two();
                recipe.logs[1].known = false;
                (name, recipe)
            },
            |_| {},
        ),
        bad(
            "same-entry-of-other-outer-index",
            "V47 O1 A28",
            "the same entry twice, with another index outside",
            {
                let mut recipe = Recipe {
                    tsas: vec![TsaSpec::new("tsa.localhost")],
                    ..Recipe::v1()
                };
                recipe.logs[0].promise = false;
                ("v03-tsa-no-promise", recipe)
            },
            |stage| {
                if let Stage::Bundle(json) = stage {
                    let entries = json.list("verificationMaterial.tlogEntries");
                    let mut again = entries[0].clone();
                    again.set("logIndex", Json::int64(5));
                    entries.push(again);
                }
            },
        ),
        bad(
            "intermediate-node-as-leaf",
            "V45",
            "a node of the tree in place of a leaf",
            v2(),
            |stage| {
                if let Stage::Entry(_, json) = stage {
                    // As in a tree of half the size: the leaf's hash would be of two hashes.
                    json.set("logIndex", Json::int64(1));
                    json.remove("inclusionProof.logIndex");
                    json.list("inclusionProof.hashes").remove(0);
                }
            },
        ),
        bad(
            "proof-reversed",
            "V45",
            "the hashes of the proof in reverse",
            v1(),
            |stage| {
                if let Stage::Entry(_, json) = stage {
                    json.list("inclusionProof.hashes").reverse();
                }
            },
        ),
    ]
}

/// Keys that somebody keeps.
fn keys() -> Vec<Case> {
    let managed = |recipe: Recipe| ("managed-key", recipe.managed("key-1"));
    let key_id = |name, sentence, hint: &'static str| {
        let base = ("managed-key-id", Recipe::v1().dsse("dsse").managed(hint));
        bad(name, "V56 V61", sentence, base, |stage| {
            if let Stage::Bundle(json) = stage {
                json.set("dsseEnvelope.signatures.0.keyid", Json::text("key-2"));
            }
        })
    };
    vec![
        key_id("key-id-other", "another key id than the hint", "key-1"),
        key_id("key-id-without-hint", "a key id where there is no hint", ""),
        bad(
            "hint-other",
            "V61 O14",
            "another hint than agreed on",
            managed(Recipe::v1()),
            |_| {},
        )
        .policy("key_hint = \"key-2\""),
        bad(
            "hint-with-nul",
            "V61 O25",
            "the hint with a NUL after it",
            managed(Recipe::v1()),
            |stage| {
                if let Stage::Bundle(json) = stage {
                    json.set("verificationMaterial.publicKey.hint", Json::text("key-1\0"));
                }
            },
        )
        .policy("key_hint = \"key-1\""),
        bad(
            "key-before-window",
            "V61 A12",
            "a signature from before the key",
            managed(Recipe::v1()),
            |_| {},
        )
        .policy("key_start = \"2026-01-15T12:00:06Z\""),
        bad(
            "key-after-window",
            "V61 A12",
            "a signature from after the key",
            managed(Recipe::v1()),
            |_| {},
        )
        .policy("key_start = \"2025-01-15T12:00:00Z\"")
        .policy("key_end = \"2026-01-15T12:00:04Z\""),
        bad(
            "key-window-without-time",
            "V10 V61",
            "a key that runs out, and no time",
            managed(Recipe {
                tsas: Vec::new(),
                ..Recipe::v2()
            }),
            |_| {},
        )
        .policy("key_start = \"2025-01-15T12:00:00Z\""),
        bad(
            "key-without-time-of-two",
            "V10 V60",
            "no time where two are asked for",
            managed(Recipe {
                tsas: Vec::new(),
                logs: Vec::new(),
                ..Recipe::v2()
            }),
            |_| {},
        )
        .policy("no_log = true")
        .policy("no_sct = true")
        .policy("time_threshold = 2"),
        bad(
            "key-in-log-that-is-over",
            "V52 V61 A12",
            "no time, and a log whose key is over",
            {
                let mut recipe = Recipe {
                    tsas: Vec::new(),
                    ..Recipe::v2()
                };
                recipe.logs[0].window = (START, Some(NOW + 60));
                managed(recipe)
            },
            |_| {},
        ),
        bad(
            "key-entry-of-certificate",
            "V38 V61",
            "an entry with a certificate of the key",
            managed(Recipe::v1()),
            |stage| {
                if let Stage::Body(_, json) = stage {
                    let pem = pem("CERTIFICATE", b"\x30\x00");
                    json.set("spec.signature.publicKey.content", Json::bytes(pem));
                }
            },
        ),
        bad(
            "key-entry-of-other-key",
            "V38 V61 O17",
            "an entry with another key",
            managed(Recipe::v1()),
            |stage| {
                if let Stage::Body(_, json) = stage {
                    let pem = pem("PUBLIC KEY", &Key::new(Scheme::P256, "mallory").spki());
                    json.set("spec.signature.publicKey.content", Json::bytes(pem));
                }
            },
        ),
        bad(
            "certificate-for-key",
            "V6 V61 A5",
            "a certificate where a key is asked for",
            managed(Recipe::v1()),
            |stage| {
                if let Stage::Bundle(json) = stage {
                    json.remove("verificationMaterial.publicKey");
                    let der = Json::bytes(leaf());
                    json.set(
                        "verificationMaterial.certificate",
                        Json::object([("rawBytes", der)]),
                    );
                }
            },
        ),
    ]
}

/// The certificate of a good bundle.
fn leaf() -> Vec<u8> {
    let mut found = Vec::new();
    sigsign_local::make::make(&Recipe::v1(), &mut |stage| {
        if let Stage::Certificate(der) = stage {
            found.clone_from(der);
        }
    });
    found
}

fn identities() -> Vec<Case> {
    let subject = |name, sentence, identity: &'static str| {
        bad(name, "V59 O25", sentence, v1(), |_| {}).policy(format!("identity = \"{identity}\""))
    };
    let extension = |name, sentence, value: &'static str| {
        bad(
            name,
            "V59 V60 A26",
            sentence,
            ("all-extensions", Recipe::v1()),
            |stage| {
                if let Stage::Leaf(spec) = stage {
                    let value = sigsign_local::der::utf8("refs/heads/main");
                    spec.add("1.3.6.1.4.1.57264.1.14", false, value);
                }
            },
        )
        .policy(format!(
            "extensions = {{ \"source-repository-ref\" = \"{value}\" }}"
        ))
    };
    vec![
        subject(
            "subject-with-space",
            "a subject with a space",
            "signer@example.invalid ",
        ),
        subject(
            "subject-with-line-feed",
            "a subject with a line feed",
            "signer@example.invalid\\n",
        ),
        subject(
            "subject-looks-the-same",
            "a subject with a letter that looks the same",
            "sign\u{435}r@example.invalid",
        ),
        subject("subject-part", "a part of the subject", "signer@example"),
        subject(
            "subject-pattern-as-text",
            "a pattern where a text is asked for",
            ".*",
        ),
        extension(
            "extension-in-other-case",
            "an extension of another case",
            "refs/heads/Main",
        ),
        extension("extension-part", "a part of an extension", "refs/heads"),
        bad(
            "extension-bare",
            "V59",
            "an extension that is not in DER",
            v1(),
            |stage| {
                if let Stage::Leaf(spec) = stage {
                    spec.add("1.3.6.1.4.1.57264.1.14", false, b"refs/heads/main".to_vec());
                }
            },
        ),
        bad(
            "issuer-in-der-of-1",
            "V59",
            "the deprecated issuer in DER",
            v1(),
            |stage| {
                if let Stage::Leaf(spec) = stage {
                    let value = sigsign_local::der::utf8("https://issuer.example.invalid");
                    spec.extension("1.3.6.1.4.1.57264.1.1").value = value;
                }
            },
        ),
        bad("issuer-absent", "V59", "no issuer at all", v1(), |stage| {
            if let Stage::Leaf(spec) = stage {
                spec.remove("1.3.6.1.4.1.57264.1.1");
                spec.remove("1.3.6.1.4.1.57264.1.8");
            }
        }),
    ]
}
