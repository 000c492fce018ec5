//! Log entries, checkpoints and keys in every form that the specs leave open.

use std::rc::Rc;

use sigsign_local::json::Json;
use sigsign_local::key::{Hash, Key, Scheme, sha256};
use sigsign_local::make::Stage;
use sigsign_local::note::{key_id, line};
use sigsign_local::recipe::{LogSpec, NOW, Recipe, TsaSpec};
use sigsign_local::text::{base64, pem};
use sigsign_local::tree::{leaf_hash, node_hash};

use crate::case::{Case, good};

pub(crate) fn cases() -> Vec<Case> {
    let mut cases = schemes();
    cases.extend(bodies());
    cases.extend(note_keys());
    cases.extend(checkpoints());
    cases.extend(trees());
    cases.extend(several());
    cases.extend(managed());
    cases
}

/// Signatures of every scheme in logs of version 1, and of keys in both versions.
fn schemes() -> Vec<Case> {
    let name = |role: &str, scheme: Scheme| -> &'static str {
        String::leak(format!("{role}-{scheme:?}").to_lowercase())
    };
    let prehashed = Scheme::ALL.into_iter().filter(|it| *it != Scheme::Ed25519);
    let mut cases = Vec::new();
    for signer in prehashed {
        let v1 = Recipe {
            signer,
            ..Recipe::v1()
        };
        let key = Recipe {
            signer,
            ..Recipe::v2().managed("")
        };
        cases.push(good(name("v1-signer", signer), "V39 V55", v1));
        cases.push(good(name("managed-key", signer), "V55 V61", key));
    }
    for signer in [
        Scheme::Ed25519,
        Scheme::P384,
        Scheme::P521Sha256,
        Scheme::Pss3072,
    ] {
        let dsse = Recipe {
            signer,
            ..Recipe::v1().dsse("dsse").managed("")
        };
        cases.push(good(name("managed-key-dsse", signer), "V56 V61", dsse));
    }
    cases
}

/// Bodies of version 1, whose PEM a log keeps as it came.
fn bodies() -> Vec<Case> {
    let with_pem = |name, edit: fn(String) -> String| {
        let mut certificate = Vec::new();
        good(name, "V38", Recipe::v1()).with(move |stage| match stage {
            Stage::Certificate(der) => certificate.clone_from(der),
            Stage::Body(_, json) => {
                let pem = edit(pem("CERTIFICATE", &certificate));
                json.set("spec.signature.publicKey.content", Json::bytes(pem));
            }
            _ => {}
        })
    };
    vec![
        with_pem("v1-body-pem-crlf", |pem| pem.replace('\n', "\r\n")),
        with_pem("v1-body-pem-no-last-line-feed", |pem| {
            pem.trim_end().to_owned()
        }),
        with_pem("v1-body-pem-one-line", |pem| {
            let (head, rest) = pem.split_once("-----\n").expect("a first line");
            let (base64, end) = rest.split_once("-----").expect("a last line");
            format!("{head}-----\n{}\n-----{end}", base64.replace('\n', ""))
        }),
        good("intoto-with-key-id", "V40", Recipe::v1().dsse("intoto")).with(|stage| {
            if let Stage::Body(_, json) = stage {
                json.set(
                    "spec.content.envelope.signatures.0.keyid",
                    Json::text("any"),
                );
            }
        }),
        good("v01-proof-without-checkpoint", "V7 V8", {
            Recipe {
                version: "0.1".to_owned(),
                ..Recipe::v1()
            }
        })
        .with(|stage| {
            if let Stage::Entry(_, json) = stage {
                json.remove("inclusionProof.checkpoint");
            }
        })
        .policy("no_inclusion_proof = true"),
    ]
}

/// The names and ids that keys of logs have in notes and trusted roots.
fn note_keys() -> Vec<Case> {
    let v1 = |scheme: Scheme| {
        let mut recipe = Recipe::v1();
        recipe.logs[0].scheme = scheme;
        recipe
    };
    let as_in_notes = |name, scheme: Scheme| {
        good(name, "V50", v1(scheme)).with(|stage| {
            if let Stage::Checkpoint(_, spec) = stage {
                spec.id = key_id(&spec.name, &spec.key)[..4].to_vec();
            }
        })
    };
    let in_root = |name, recipe: Recipe, edit: fn(&mut Json)| {
        good(name, "V50", recipe).with(move |stage| {
            if let Stage::Root(json) = stage {
                edit(json);
            }
        })
    };
    vec![
        as_in_notes("log-v1-ed25519-id-of-notes", Scheme::Ed25519),
        as_in_notes("log-v1-rsa3072-id-of-notes", Scheme::Rsa3072),
        good("log-v1-of-other-host", "V50", Recipe::v1()).with(|stage| {
            if let Stage::Checkpoint(_, spec) = stage {
                spec.text = spec.text.replace("rekor.localhost", "rekor.internal");
                spec.name = "rekor.internal".to_owned();
            }
        }),
        in_root("log-v2-without-ids", Recipe::v2(), |json| {
            json.remove("tlogs.0.logId");
        }),
        in_root("log-v2-id-of-checkpoints-short", Recipe::v2(), |json| {
            let log = &Recipe::v2().logs[0];
            let id = &sigsign_local::log::id(log)[..4];
            json.remove("tlogs.0.logId");
            let id = Json::object([("keyId", Json::bytes(id))]);
            json.set("tlogs.0.checkpointKeyId", id);
        }),
        good("log-v2-with-id-of-its-own", "V50", Recipe::v2()).with(|stage| {
            let id = Json::bytes(sha256(b"an id of its own"));
            match stage {
                Stage::Checkpoint(_, spec) => spec.id = sha256(b"an id of its own")[..4].to_vec(),
                Stage::Entry(_, json) => json.set("logId.keyId", id),
                Stage::Root(json) => json.set("tlogs.0.logId.keyId", id),
                _ => {}
            }
        }),
        in_root(
            "root-times-with-fraction-and-offset",
            Recipe::v1(),
            |json| {
                let window = "tlogs.0.publicKey.validFor";
                json.set(
                    &format!("{window}.start"),
                    Json::text("2025-01-15T13:00:00.000000001+01:00"),
                );
                json.set(
                    &format!("{window}.end"),
                    Json::text("2026-01-15T12:00:05.000Z"),
                );
            },
        ),
        in_root(
            "root-log-of-unsupported-kind-beside",
            Recipe::v1(),
            |json| {
                let mut other = json.at("tlogs.0").clone();
                other.set("publicKey.keyDetails", Json::text("ML_DSA_65"));
                other.set("publicKey.rawBytes", Json::bytes([7; 64]));
                json.list("tlogs").insert(0, other);
            },
        ),
        in_root("root-log-of-the-future-beside", Recipe::v1(), |json| {
            let mut other = json.at("tlogs.0").clone();
            let window = sigsign_local::document::window((NOW + 31_536_000, None));
            other.set("publicKey.validFor", window);
            other.set("baseUrl", Json::text("https://rekor2027.localhost"));
            other.set("logId.keyId", Json::bytes([9; 32]));
            json.list("tlogs").push(other);
        }),
        in_root("logs-with-one-url", Recipe::v2(), |json| {
            let mut other = json.at("tlogs.0").clone();
            let key = Key::new(Scheme::P256, "log of before");
            other.set("publicKey.rawBytes", Json::bytes(key.spki()));
            other.set("publicKey.keyDetails", Json::text(key.scheme.details()));
            other.set("logId.keyId", Json::bytes(sha256(&key.spki())));
            json.list("tlogs").insert(0, other);
        }),
        in_root("root-unknown-members", Recipe::v1(), |json| {
            json.set("witnesses", Json::List(Vec::new()));
            json.set("tlogs.0.comment", Json::text("x"));
        }),
    ]
}

/// Signature lines that are of nobody's concern.
fn checkpoints() -> Vec<Case> {
    let more = |name, recipe: Recipe, lines: fn(&str, &[u8]) -> String| {
        good(name, "V51", recipe).with(move |stage| {
            if let Stage::Checkpoint(_, spec) = stage {
                spec.more += &lines(&spec.name, &spec.id);
            }
        })
    };
    vec![
        more("checkpoint-same-id-other-name", Recipe::v2(), |_, id| {
            line("other.invalid", id, &[7; 64])
        }),
        more("checkpoint-v1-same-id-other-name", Recipe::v1(), |_, id| {
            line("other.invalid", id, &[7; 64])
        }),
        more("checkpoint-of-16-signatures", Recipe::v2(), |_, _| {
            let other = |at: u8| line(&format!("other{at}.invalid"), &[at; 4], &[at; 4627]);
            (0..15).map(other).collect()
        }),
        good("checkpoint-log-signature-last", "V51", Recipe::v2()).with(|stage| {
            if let Stage::Note(_, note) = stage {
                let (text, own) = note.split_once("\n\n").expect("a blank line");
                let other = line("other.invalid", &[1, 2, 3, 4], &[7; 64]);
                *note = format!("{text}\n\n{other}{own}");
            }
        }),
        good("checkpoint-extension-lines-v2", "V49", Recipe::v2()).with(|stage| {
            if let Stage::Checkpoint(_, spec) = stage {
                spec.text += "\u{2014} log2026.localhost AAAAAAA=\n Z\u{fc}rich \n";
            }
        }),
    ]
}

/// A leaf in a tree so large that nobody has all of it: its siblings are made up.
fn sparse(name: &'static str, index: u64, size: u64) -> Case {
    let mut leaf = [0; 32];
    let mut hashes: Rc<[[u8; 32]]> = Rc::from([]);
    good(name, "V2 V43 V45", Recipe::v2()).with(move |stage| match stage {
        Stage::Leaves(_, body) => leaf = leaf_hash(body),
        Stage::Checkpoint(_, spec) => {
            let (root, path) = sparse_path(leaf, index, size);
            hashes = path.into();
            spec.text = format!("{}\n{size}\n{}\n", spec.name, base64(&root));
        }
        Stage::Entry(_, json) => {
            json.set("logIndex", Json::int64(index));
            json.set("inclusionProof.logIndex", Json::int64(index));
            json.set("inclusionProof.treeSize", Json::int64(size));
            json.remove("inclusionProof.rootHash");
            let hashes = hashes.iter().map(Json::bytes).collect();
            json.set("inclusionProof.hashes", Json::List(hashes));
        }
        _ => {}
    })
}

/// The root and the path of a leaf, from the leaf up. Spec: RFC 6962 2.1.1
fn sparse_path(leaf: [u8; 32], index: u64, size: u64) -> ([u8; 32], Vec<[u8; 32]>) {
    let (mut at, mut last) = (index, size - 1);
    let (mut hash, mut path) = (leaf, Vec::new());
    while last > 0 {
        let sibling = sha256(&[at.to_be_bytes(), last.to_be_bytes()].concat());
        if at % 2 == 1 {
            hash = node_hash(&sibling, &hash);
            path.push(sibling);
        } else if at < last {
            hash = node_hash(&hash, &sibling);
            path.push(sibling);
        }
        (at, last) = (at / 2, last / 2);
    }
    (hash, path)
}

fn trees() -> Vec<Case> {
    vec![
        sparse("tree-index-above-2-31", (1 << 31) + 5, (1 << 32) + 9),
        sparse("tree-index-above-2-53", (1 << 53) + 1, (1 << 53) + 4),
        sparse("tree-of-2-63-less-1-last", (1 << 63) - 2, (1 << 63) - 1),
        sparse("tree-of-2-63-less-1-first", 0, (1 << 63) - 1),
    ]
}

/// Entries in several logs.
fn several() -> Vec<Case> {
    let both = |first: LogSpec, second: LogSpec, recipe: Recipe| Recipe {
        logs: vec![first, second],
        ..recipe
    };
    let (v1, v2) = (
        LogSpec::v1("rekor.localhost"),
        LogSpec::v2("log2026.localhost"),
    );
    let dsse = LogSpec {
        kind: "dsse".to_owned(),
        ..v1.clone()
    };
    vec![
        good(
            "two-logs-of-both-versions-dsse",
            "V40 V41 V47",
            both(
                dsse,
                v2.clone(),
                Recipe {
                    statement: Recipe::v1().dsse("dsse").statement,
                    ..Recipe::v1()
                },
            ),
        )
        .policy("log_threshold = 2"),
        good(
            "two-logs-newer-first",
            "V41 V47",
            both(
                v2,
                v1.clone(),
                Recipe {
                    tsas: vec![TsaSpec::new("tsa.localhost")],
                    ..Recipe::v1()
                },
            ),
        )
        .policy("log_threshold = 2")
        .policy("time_threshold = 2"),
        good("two-trees-of-one-log", "V47", {
            let second = LogSpec {
                known: false,
                ..v1.clone()
            };
            both(v1, second, Recipe::v1())
        })
        .with(|stage| {
            if let Stage::Checkpoint(1, spec) = stage {
                spec.text = spec.text.replacen(sigsign_local::log::TREE_ID, "7", 1);
            }
        }),
    ]
}

/// Keys that somebody keeps.
fn managed() -> Vec<Case> {
    let no_time = |recipe: Recipe| Recipe {
        tsas: Vec::new(),
        ..recipe
    };
    let hint = |of: fn(&Key) -> String| -> &'static str {
        String::leak(of(&Key::new(Scheme::P256, "signer")))
    };
    vec![
        good(
            "managed-key-v2-without-time",
            "V10 V52 V61",
            no_time(Recipe::v2().managed("")),
        ),
        good("managed-key-v1-without-promise", "V8 V10 V61", {
            let mut recipe = Recipe::v1().managed("");
            recipe.logs[0].promise = false;
            recipe
        }),
        good(
            "managed-key-alone",
            "V34 V61",
            Recipe {
                logs: Vec::new(),
                ..no_time(Recipe::v2().managed(""))
            },
        )
        .policy("no_log = true")
        .policy("no_sct = true"),
        good(
            "managed-key-hint-of-key",
            "V61",
            Recipe::v1().managed(hint(|key| base64(&sha256(&key.spki())))),
        ),
        good(
            "managed-key-hint-of-key-in-hex",
            "V61",
            Recipe::v1().managed(hint(|key| sigsign_local::text::hex(&sha256(&key.spki())))),
        ),
        good(
            "managed-key-hint-agreed-on",
            "V61",
            Recipe::v1().managed("Schl\u{fc}ssel 1, im Tresor"),
        ),
        good(
            "key-id-beside-certificate",
            "V56",
            Recipe::v1().dsse("dsse"),
        )
        .with(|stage| {
            if let Stage::Bundle(json) = stage {
                json.set("dsseEnvelope.signatures.0.keyid", Json::text("any"));
            }
        }),
        good("digest-hint-of-other-strength", "V55", Recipe::v1()).with(|stage| {
            if let Stage::Bundle(json) = stage {
                let digest = Hash::Sha512.of(&Recipe::v1().artifact);
                let digest = Json::object([
                    ("algorithm", Json::text("SHA2_512")),
                    ("digest", Json::bytes(digest)),
                ]);
                json.set("messageSignature.messageDigest", digest);
            }
        }),
    ]
}
