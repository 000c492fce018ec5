//! Log entries, promises, proofs and checkpoints that are not what they should be.

use sigsign_local::json::Json;
use sigsign_local::key::Hash;
use sigsign_local::make::Stage;
use sigsign_local::recipe::{LogSpec, NOW, Recipe, START, TsaSpec};
use sigsign_local::text::hex;

use crate::case::{Case, bad};

fn v1() -> (&'static str, Recipe) {
    ("v03-message", Recipe::v1())
}

fn v2() -> (&'static str, Recipe) {
    ("v2-message", Recipe::v2())
}

pub(crate) fn cases() -> Vec<Case> {
    let mut cases = entries();
    cases.extend(proofs());
    cases.extend(counts());
    cases
}

/// A change of the entry in the bundle.
fn in_entry(
    name: &'static str,
    rules: &'static str,
    sentence: &'static str,
    base: (&'static str, Recipe),
    edit: impl Fn(&mut Json) + 'static,
) -> Case {
    bad(name, rules, sentence, base, move |stage| {
        if let Stage::Entry(_, json) = stage {
            edit(json);
        }
    })
}

/// A change of the body, before the log hashes it.
fn in_body(
    name: &'static str,
    rules: &'static str,
    sentence: &'static str,
    base: (&'static str, Recipe),
    edit: impl Fn(&mut Json) + 'static,
) -> Case {
    bad(name, rules, sentence, base, move |stage| {
        if let Stage::Body(_, json) = stage {
            edit(json);
        }
    })
}

fn entries() -> Vec<Case> {
    let v2_spec = "spec.hashedRekordV002";
    vec![
        in_body(
            "entry-of-other-signature",
            "V37 A1 A3",
            "an entry for another signature",
            v1(),
            |json| {
                json.set(
                    "spec.signature.content",
                    Json::bytes(b"\x30\x06\x02\x01\x01\x02\x01\x01"),
                );
            },
        ),
        in_body(
            "entry-of-other-artifact",
            "V39 A3 A29",
            "an entry for another artifact",
            v1(),
            |json| {
                json.set(
                    "spec.data.hash.value",
                    Json::text(hex(&Hash::Sha256.of(b"other"))),
                );
            },
        ),
        in_body(
            "v2-entry-of-other-artifact",
            "V39 V41 A29",
            "an entry for another artifact",
            v2(),
            move |json| {
                json.set(
                    &format!("{v2_spec}.data.digest"),
                    Json::bytes(Hash::Sha256.of(b"other")),
                );
            },
        ),
        in_body(
            "v2-entry-of-other-signer",
            "V38 O17",
            "an entry with another certificate",
            v2(),
            move |json| {
                let path = format!("{v2_spec}.signature.verifier.x509Certificate.rawBytes");
                json.set(&path, Json::bytes(b"\x30\x00"));
            },
        ),
        in_body(
            "v2-entry-key-details",
            "V38",
            "an entry with the details of another key",
            v2(),
            move |json| {
                let path = format!("{v2_spec}.signature.verifier.keyDetails");
                json.set(&path, Json::text("PKIX_ECDSA_P384_SHA_384"));
            },
        ),
        in_body(
            "body-of-other-kind",
            "V36",
            "a body of another kind than the entry",
            v1(),
            |json| {
                json.set("kind", Json::text("dsse"));
            },
        ),
        in_body(
            "duplicate-in-body",
            "V42 O11",
            "a member of the body twice",
            v1(),
            |json| {
                json.double("kind", Json::text("hashedrekord"));
            },
        ),
        bad(
            "v2-body-with-space",
            "V41",
            "a body with a space that the log does not write",
            v2(),
            |stage| {
                if let Stage::Leaves(_, body) = stage {
                    body.push(b' ');
                }
            },
        ),
        in_entry(
            "log-unknown",
            "V50 V54",
            "an entry of a log that is not trusted",
            v1(),
            |json| {
                json.set("logId.keyId", Json::bytes([7; 32]));
            },
        ),
        in_entry(
            "promise-dropped-time",
            "V8 V9 A16",
            "no promise and so no time",
            v1(),
            |json| {
                json.remove("inclusionPromise");
            },
        ),
        bad(
            "promise-other-time",
            "V54 O23",
            "a promise for another time",
            v1(),
            |stage| {
                if let Stage::Promise(_, json, _) = stage {
                    json.set("integratedTime", Json::number(NOW + 6));
                }
            },
        ),
        bad(
            "promise-other-log",
            "V54 O23",
            "a promise for another log",
            v1(),
            |stage| {
                if let Stage::Promise(_, json, _) = stage {
                    json.set("logID", Json::text("00".repeat(32)));
                }
            },
        ),
        bad(
            "promise-signature",
            "V54 A31",
            "a promise with a changed signature",
            v1(),
            |stage| {
                if let Stage::Promised(_, signature) = stage {
                    let last = signature.len() - 1;
                    signature[last] ^= 1;
                }
            },
        ),
        in_entry(
            "dsse-body-omitted",
            "V40 V41",
            "no body where it holds a hash that a bundle does not keep",
            ("v03-dsse", Recipe::v1().dsse("dsse")),
            |json| json.remove("canonicalizedBody"),
        ),
        in_entry(
            "intoto-body-omitted",
            "V40 V41",
            "no body where it holds a hash that a bundle does not keep",
            ("v03-intoto", Recipe::v1().dsse("intoto")),
            |json| json.remove("canonicalizedBody"),
        ),
        bad(
            "body-omitted-of-other-digest",
            "V41 V55",
            "no body, and the digest of another artifact",
            v2(),
            |stage| match stage {
                Stage::Entry(_, json) => json.remove("canonicalizedBody"),
                Stage::Bundle(json) => json.set(
                    "messageSignature.messageDigest.digest",
                    Json::bytes(Hash::Sha256.of(b"other")),
                ),
                _ => {}
            },
        ),
        bad(
            "body-omitted-of-other-signature",
            "V37 V41",
            "no body, in the log that of another signature",
            v2(),
            |stage| match stage {
                Stage::Body(_, json) => json.set(
                    "spec.hashedRekordV002.signature.content",
                    Json::bytes(b"\x30\x06\x02\x01\x01\x02\x01\x01"),
                ),
                Stage::Entry(_, json) => json.remove("canonicalizedBody"),
                _ => {}
            },
        ),
        in_entry(
            "v2-time-alone",
            "V9 V10",
            "an entry of version 2 whose time is no time",
            (
                "v2-message",
                Recipe {
                    tsas: Vec::new(),
                    ..Recipe::v2()
                },
            ),
            |json| {
                json.set("integratedTime", Json::int64(NOW + 5));
            },
        ),
    ]
}

fn proofs() -> Vec<Case> {
    vec![
        in_entry(
            "proof-dropped",
            "V8 V46",
            "no proof in a bundle 0.3",
            v1(),
            |json| {
                json.remove("inclusionProof");
            },
        ),
        in_entry(
            "checkpoint-dropped",
            "V8 V46",
            "a proof without a checkpoint",
            v1(),
            |json| {
                json.remove("inclusionProof.checkpoint");
            },
        ),
        bad(
            "promise-only-01",
            "V7 A40",
            "a bundle 0.1 without a proof, by default",
            ("promise-only-when-allowed", {
                let mut recipe = Recipe {
                    version: "0.1".to_owned(),
                    ..Recipe::v1()
                };
                recipe.logs[0].proof = false;
                recipe
            }),
            |_| {},
        ),
        in_entry("proof-too-long", "V45", "a hash too many", v1(), |json| {
            json.list("inclusionProof.hashes")
                .push(Json::bytes([0; 32]));
        }),
        in_entry("proof-too-short", "V45", "a hash too few", v1(), |json| {
            json.list("inclusionProof.hashes").pop();
        }),
        in_entry("proof-wrong-hash", "V45", "a wrong hash", v1(), |json| {
            json.list("inclusionProof.hashes")[0] = Json::bytes([0; 32]);
        }),
        in_entry(
            "proof-hash-length",
            "V45",
            "a hash of 31 bytes",
            v1(),
            |json| {
                json.list("inclusionProof.hashes")[0] = Json::bytes([0; 31]);
            },
        ),
        in_entry(
            "index-beyond-tree",
            "V45",
            "an index beyond the tree",
            v1(),
            |json| {
                json.set("inclusionProof.logIndex", Json::int64(7));
            },
        ),
        in_entry(
            "v2-index-of-other-leaf",
            "V43",
            "the index of another leaf",
            v2(),
            |json| {
                json.set("logIndex", Json::int64(2));
                json.set("inclusionProof.logIndex", Json::int64(2));
            },
        ),
        in_entry(
            "proof-other-size",
            "V44 O5",
            "another size than the checkpoint's",
            v1(),
            |json| {
                json.set("inclusionProof.treeSize", Json::int64(8));
            },
        ),
        in_entry(
            "proof-other-root",
            "V44",
            "another root than the checkpoint's",
            v1(),
            |json| {
                json.set("inclusionProof.rootHash", Json::bytes([1; 32]));
            },
        ),
        note(
            "checkpoint-signature",
            "V51 A30",
            "a changed signature of the log",
            |note| {
                // The last letters of the signature, before the padding and the line feed.
                let at = note.trim_end().trim_end_matches('=').len() - 6;
                let other = if note.as_bytes()[at] == b'A' {
                    "B"
                } else {
                    "A"
                };
                note.replace_range(at..=at, other);
            },
        ),
        note(
            "checkpoint-size-zeros",
            "V49",
            "a size with a leading zero",
            |note| {
                *note = note.replacen("\n7\n", "\n07\n", 1);
            },
        ),
        note("checkpoint-control", "V48", "a control character", |note| {
            *note = note.replacen("\n7\n", "\n7\t\n", 1);
        }),
        note(
            "checkpoint-no-signature",
            "V48 V51",
            "no signature at all",
            |note| {
                let end = note.find("\n\n").unwrap() + 2;
                note.truncate(end);
            },
        ),
        in_entry(
            "checkpoint-text",
            "V48 A19",
            "something that is no note",
            v1(),
            |json| {
                json.set(
                    "inclusionProof.checkpoint.envelope",
                    Json::text("not a note"),
                );
            },
        ),
    ]
}

fn note(
    name: &'static str,
    rules: &'static str,
    sentence: &'static str,
    edit: impl Fn(&mut String) + 'static,
) -> Case {
    bad(name, rules, sentence, v1(), move |stage| {
        if let Stage::Note(_, note) = stage {
            edit(note);
        }
    })
}

fn counts() -> Vec<Case> {
    let log = |change: fn(&mut LogSpec)| {
        let mut recipe = Recipe::v1();
        change(&mut recipe.logs[0]);
        recipe
    };
    vec![
        bad("one-log-of-two", "V46 V47", "one log where two are asked for", v1(), |_| {})
            .policy("log_threshold = 2"),
        bad("two-entries-of-one-log", "V47 A11 A28", "the same entry twice in place of two logs", (
            "v03-message",
            log(|log| log.count = 2),
        ), |_| {})
        .policy("log_threshold = 2"),
        bad("log-before-window", "V52 A12", "an entry from before the log's key was valid", (
            "v03-message",
            log(|log| log.window = (NOW + 6, None)),
        ), |_| {}),
        bad("log-after-window", "V52 A12 O7", "an entry from a second after the log's key", (
            "v03-message",
            log(|log| log.window = (START, Some(NOW + 4))),
        ), |_| {}),
        bad("v2-log-after-window", "V52 A12", "an entry from after the log's key, by its time stamp", (
            "v2-message",
            {
                let mut recipe = Recipe::v2();
                recipe.logs[0].window = (START, Some(NOW + 5));
                recipe
            },
        ), |_| {}),
        bad("no-entry", "V46 TOB-2", "no log entry at all", (
            "v03-message-and-tsa",
            Recipe { logs: Vec::new(), tsas: vec![TsaSpec::new("tsa.localhost")], ..Recipe::v1() },
        ), |_| {}),
        bad("witness-missing", "V53", "a witness that has not cosigned", v1(), |_| {})
            .policy("witnesses = [\"witness1.invalid+e6992792+BLcw5+/9YFDmiQ0i4wJ+Nvk+1RuRP1mp4IU6jYXJyXkW\"]\nquorum = 1"),
        bad("root-without-start", "V52 V62", "a log without the start of its window", v1(), |stage| {
            if let Stage::Root(json) = stage {
                json.remove("tlogs.0.publicKey.validFor.start");
            }
        }),
        bad("root-key-details", "TOB-6", "a key that is not of its declared kind", v1(), |stage| {
            if let Stage::Root(json) = stage {
                json.set("tlogs.0.publicKey.keyDetails", Json::text("PKIX_ED25519"));
            }
        }),
        bad("ct-key-as-log-key", "TOB-1", "the CT log's key in place of the log's", v1(), |stage| {
            if let Stage::Root(json) = stage {
                let key = json.at("ctlogs.0.publicKey").clone();
                json.set("tlogs.0.publicKey", key);
            }
        }),
    ]
}
