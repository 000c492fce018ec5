//! Parts of two good bundles in one, and entries that are about something else.

use sigsign_local::json::Json;
use sigsign_local::key::{Hash, Scheme};
use sigsign_local::make::{Stage, make};
use sigsign_local::recipe::{LogSpec, NOW, Recipe, TsaSpec};
use sigsign_local::text::hex;

use crate::case::{Case, bad};

pub(crate) fn cases() -> Vec<Case> {
    let mut cases = parts_of_others();
    cases.extend(bodies_v1());
    cases.extend(bodies_v2());
    cases
}

const ENTRY: &str = "verificationMaterial.tlogEntries.0";
const TOKENS: &str = "verificationMaterial.timestampVerificationData";
const CERTIFICATE: &str = "verificationMaterial.certificate";

fn v1() -> (&'static str, Recipe) {
    ("v03-message", Recipe::v1())
}

fn v2() -> (&'static str, Recipe) {
    ("v2-message", Recipe::v2())
}

fn dsse(kind: &str) -> (&'static str, Recipe) {
    let name = if kind == "intoto" {
        "v03-intoto"
    } else {
        "v03-dsse"
    };
    (name, Recipe::v1().dsse(kind))
}

/// The bundle of a recipe as it is made.
fn bundle_of(recipe: &Recipe) -> Json {
    let mut found = None;
    make(recipe, &mut |stage| {
        if let Stage::Bundle(json) = stage {
            found = Some(json.clone());
        }
    });
    found.expect("a bundle")
}

/// The same, with another artifact signed.
fn of_other_artifact(recipe: &Recipe) -> Recipe {
    Recipe {
        artifact: b"other".to_vec(),
        ..recipe.clone()
    }
}

/// A bundle some parts of which are those of another one.
fn mixed(
    name: &'static str,
    rules: &'static str,
    sentence: &'static str,
    base: (&'static str, Recipe),
    other: impl Fn(&Recipe) -> Recipe,
    paths: &'static [&'static str],
) -> Case {
    let mut other = bundle_of(&other(&base.1));
    bad(name, rules, sentence, base, move |stage| {
        if let Stage::Bundle(json) = stage {
            for path in paths {
                json.set(path, other.at(path).clone());
            }
        }
    })
}

fn parts_of_others() -> Vec<Case> {
    let later = |recipe: &Recipe| Recipe {
        window: (NOW + 1, NOW + 601),
        ..recipe.clone()
    };
    let other_log = |recipe: &Recipe| {
        let mut recipe = recipe.clone();
        recipe.logs[0].host = "rekor2.localhost".to_owned();
        recipe
    };
    let larger = |recipe: &Recipe| {
        let mut recipe = recipe.clone();
        recipe.logs[0].size = 8;
        recipe
    };
    let other_place = |recipe: &Recipe| {
        let mut recipe = recipe.clone();
        recipe.logs[0].index = 4;
        recipe
    };
    let other_key = |recipe: &Recipe| Recipe {
        signer: Scheme::P384,
        ..recipe.clone()
    };
    let tsa = || {
        let tsas = vec![TsaSpec::new("tsa.localhost")];
        (
            "v03-message-and-tsa",
            Recipe {
                tsas,
                ..Recipe::v1()
            },
        )
    };
    let statement = || ("v2-dsse", Recipe::v2().dsse("hashedrekord"));
    vec![
        mixed(
            "mixed-entry",
            "V37 A1 A2 A34",
            "the entry of another artifact's bundle",
            v1(),
            of_other_artifact,
            &[ENTRY],
        ),
        mixed(
            "mixed-entry-v2",
            "V37 A1",
            "the entry of another artifact's bundle",
            v2(),
            of_other_artifact,
            &[ENTRY],
        ),
        mixed(
            "mixed-entry-v2-dsse",
            "V37 A29",
            "the entry of another statement",
            statement(),
            of_other_artifact,
            &[ENTRY],
        ),
        mixed(
            "mixed-token",
            "V20 V9",
            "the time stamp of another signature",
            v2(),
            of_other_artifact,
            &[TOKENS],
        ),
        mixed(
            "mixed-token-v1",
            "V20 V11",
            "beside a promise, the time stamp of another signature",
            tsa(),
            of_other_artifact,
            &[TOKENS],
        ),
        mixed(
            "mixed-signature",
            "V55",
            "the signature of another artifact",
            v1(),
            of_other_artifact,
            &["messageSignature.signature"],
        ),
        mixed(
            "mixed-content",
            "V55",
            "signature and digest of another artifact",
            v1(),
            of_other_artifact,
            &["messageSignature"],
        ),
        mixed(
            "mixed-all-but-certificate",
            "V55",
            "everything but the certificate of another artifact's bundle",
            v2(),
            of_other_artifact,
            &["messageSignature", ENTRY, TOKENS],
        ),
        mixed(
            "mixed-certificate",
            "V38 O17",
            "another certificate of the same key",
            v1(),
            later,
            &[CERTIFICATE],
        ),
        mixed(
            "mixed-certificate-v2",
            "V38 O17",
            "another certificate of the same key",
            v2(),
            later,
            &[CERTIFICATE],
        ),
        mixed(
            "mixed-certificate-of-other-key",
            "V55",
            "a certificate of another key",
            v1(),
            other_key,
            &[CERTIFICATE],
        ),
        mixed(
            "mixed-promise",
            "V54",
            "the promise of another entry",
            v1(),
            of_other_artifact,
            &["verificationMaterial.tlogEntries.0.inclusionPromise"],
        ),
        mixed(
            "mixed-body",
            "V54 V45",
            "the body of another entry",
            v1(),
            of_other_artifact,
            &["verificationMaterial.tlogEntries.0.canonicalizedBody"],
        ),
        mixed(
            "mixed-body-v2",
            "V45",
            "the body of another entry",
            v2(),
            of_other_artifact,
            &["verificationMaterial.tlogEntries.0.canonicalizedBody"],
        ),
        mixed(
            "mixed-proof",
            "V45",
            "the proof of another entry",
            v2(),
            of_other_artifact,
            &["verificationMaterial.tlogEntries.0.inclusionProof"],
        ),
        mixed(
            "mixed-proof-of-other-place",
            "V43 V45",
            "the proof of the same entry at another place",
            v1(),
            other_place,
            &["verificationMaterial.tlogEntries.0.inclusionProof.hashes"],
        ),
        mixed(
            "mixed-checkpoint",
            "V44 O5",
            "the checkpoint of a larger tree",
            v1(),
            larger,
            &["verificationMaterial.tlogEntries.0.inclusionProof.checkpoint"],
        ),
        mixed(
            "mixed-hashes",
            "V45",
            "the hashes for a larger tree",
            v1(),
            larger,
            &["verificationMaterial.tlogEntries.0.inclusionProof.hashes"],
        ),
        mixed(
            "mixed-checkpoint-of-other-log",
            "V50 V51 O6",
            "the checkpoint of another log",
            v1(),
            other_log,
            &["verificationMaterial.tlogEntries.0.inclusionProof.checkpoint"],
        ),
        mixed(
            "mixed-log-id",
            "V50 V54",
            "the id of a log that is not trusted",
            v2(),
            |recipe| {
                let mut recipe = recipe.clone();
                recipe.logs[0].host = "log2027.localhost".to_owned();
                recipe
            },
            &["verificationMaterial.tlogEntries.0.logId"],
        ),
        mixed(
            "mixed-payload",
            "V56",
            "the payload of another statement",
            statement(),
            of_other_artifact,
            &["dsseEnvelope.payload"],
        ),
        mixed(
            "mixed-envelope",
            "V57 A41",
            "the envelope and entry of another artifact's statement",
            statement(),
            of_other_artifact,
            &["dsseEnvelope", ENTRY, TOKENS],
        ),
        mixed(
            "mixed-envelope-signature",
            "V56",
            "the signature of another statement",
            statement(),
            of_other_artifact,
            &["dsseEnvelope.signatures"],
        ),
    ]
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
        if let Stage::Body(0, json) = stage {
            edit(json);
        }
    })
}

/// The signer's key, or another's, in PEM in base64.
fn key_pem(scheme: Scheme, name: &str) -> Json {
    let key = sigsign_local::key::Key::new(scheme, name);
    Json::bytes(sigsign_local::text::pem("PUBLIC KEY", &key.spki()))
}

fn bodies_v1() -> Vec<Case> {
    let kind_of_log = |kind: &str, recipe: Recipe| {
        let mut recipe = recipe;
        kind.clone_into(&mut recipe.logs[0].kind);
        recipe
    };
    let sha512 = || Json::text(hex(&Hash::Sha512.of(&Recipe::v1().artifact)));
    vec![
        in_body(
            "entry-of-key-alone",
            "V38",
            "an entry with the certificate's key in place of the certificate",
            v1(),
            |json| {
                json.set(
                    "spec.signature.publicKey.content",
                    key_pem(Scheme::P256, "signer"),
                );
            },
        ),
        in_body(
            "entry-of-other-key",
            "V38 O17",
            "an entry with another key",
            ("managed-key", Recipe::v1().managed("")),
            |json| {
                json.set(
                    "spec.signature.publicKey.content",
                    key_pem(Scheme::P256, "other"),
                );
            },
        ),
        in_body(
            "entry-digest-name",
            "V39",
            "an entry that calls a SHA-256 a SHA-512",
            v1(),
            |json| {
                json.set("spec.data.hash.algorithm", Json::text("sha512"));
            },
        ),
        in_body(
            "entry-digest-sha1",
            "V39",
            "an entry with a SHA-1",
            v1(),
            |json| {
                json.set("spec.data.hash.algorithm", Json::text("sha1"));
                json.set("spec.data.hash.value", Json::text("00".repeat(20)));
            },
        ),
        in_body(
            "entry-digest-case",
            "V39",
            "an entry with a digest in capitals",
            v1(),
            |json| {
                let value = json.string("spec.data.hash.value").to_uppercase();
                json.set("spec.data.hash.value", Json::text(value));
            },
        ),
        in_body(
            "entry-digest-of-other-strength",
            "V39",
            "an entry with the SHA-512 of another artifact",
            v1(),
            |json| {
                json.set("spec.data.hash.algorithm", Json::text("sha512"));
                json.set(
                    "spec.data.hash.value",
                    Json::text(hex(&Hash::Sha512.of(b"other"))),
                );
            },
        ),
        in_body(
            "entry-unknown-member",
            "V36 V42",
            "an entry with a member that its kind has not",
            v1(),
            |json| {
                json.set("spec.data.url", Json::text("https://example.invalid"));
            },
        ),
        in_body(
            "entry-version",
            "V36 A15",
            "a body of another version than the entry",
            v1(),
            |json| {
                json.set("apiVersion", Json::text("0.0.2"));
            },
        ),
        bad(
            "entry-dsse-of-message",
            "V39 A29",
            "an entry for an envelope where there is none",
            ("v03-message", kind_of_log("dsse", Recipe::v1())),
            |_| {},
        ),
        bad(
            "entry-intoto-of-message",
            "V39 A29",
            "an entry for an envelope where there is none",
            ("v03-message", kind_of_log("intoto", Recipe::v1())),
            |_| {},
        ),
        in_body(
            "entry-of-payload",
            "V39",
            "an entry with the digest of the payload, not of its encoding",
            (
                "v03-hashedrekord-of-dsse",
                Recipe::v1().dsse("hashedrekord"),
            ),
            |json| {
                let statement = sigsign_local::make::statement(
                    "https://in-toto.io/Statement/v1",
                    &Recipe::v1().artifact,
                );
                let digest = hex(&Hash::Sha256.of(statement.compact().as_bytes()));
                json.set("spec.data.hash.value", Json::text(digest));
            },
        ),
        in_body(
            "dsse-other-payload",
            "V40",
            "an entry for another payload",
            dsse("dsse"),
            |json| {
                json.set(
                    "spec.payloadHash.value",
                    Json::text(hex(&Hash::Sha256.of(b"other"))),
                );
            },
        ),
        in_body(
            "dsse-other-signature",
            "V37 V40",
            "an entry for another signature",
            dsse("dsse"),
            |json| {
                json.set(
                    "spec.signatures.0.signature",
                    Json::bytes(b"\x30\x06\x02\x01\x01\x02\x01\x01"),
                );
            },
        ),
        in_body(
            "dsse-other-verifier",
            "V38 V40",
            "an entry with the key alone",
            dsse("dsse"),
            |json| {
                json.set(
                    "spec.signatures.0.verifier",
                    key_pem(Scheme::P256, "signer"),
                );
            },
        ),
        in_body(
            "dsse-second-signature",
            "V40 A18 TOB-9",
            "an entry with two signatures",
            dsse("dsse"),
            |json| {
                let mut other = json.list("spec.signatures")[0].clone();
                other.set(
                    "signature",
                    Json::bytes(b"\x30\x06\x02\x01\x01\x02\x01\x01"),
                );
                json.list("spec.signatures").push(other);
            },
        ),
        in_body(
            "dsse-no-signature",
            "V40",
            "an entry without signatures",
            dsse("dsse"),
            |json| {
                json.list("spec.signatures").clear();
            },
        ),
        in_body(
            "dsse-payload-hash-name",
            "V39 V40",
            "an entry that calls a SHA-256 a SHA-384",
            dsse("dsse"),
            |json| {
                json.set("spec.payloadHash.algorithm", Json::text("sha384"));
            },
        ),
        in_body(
            "intoto-other-payload",
            "V40",
            "an entry for another payload",
            dsse("intoto"),
            |json| {
                json.set(
                    "spec.content.payloadHash.value",
                    Json::text(hex(&Hash::Sha256.of(b"other"))),
                );
            },
        ),
        in_body(
            "intoto-other-payload-type",
            "V40",
            "an entry for another payload type",
            dsse("intoto"),
            |json| {
                json.set(
                    "spec.content.envelope.payloadType",
                    Json::text("application/json"),
                );
            },
        ),
        in_body(
            "intoto-signature-once",
            "V40",
            "an entry with its signature in base64 once",
            dsse("intoto"),
            |json| {
                json.set(
                    "spec.content.envelope.signatures.0.sig",
                    Json::bytes(b"\x30\x06\x02\x01\x01\x02\x01\x01"),
                );
            },
        ),
        in_body(
            "intoto-other-signer",
            "V38 V40",
            "an entry with another key",
            dsse("intoto"),
            |json| {
                json.set(
                    "spec.content.envelope.signatures.0.publicKey",
                    key_pem(Scheme::P256, "signer"),
                );
            },
        ),
        bad(
            "second-entry-of-other-artifact",
            "V37 V46",
            "beside the entry, one for another artifact",
            ("two-logs", two_logs()),
            move |stage| {
                if let Stage::Body(1, json) = stage {
                    json.set(
                        "spec.data.hash.value",
                        Json::text(hex(&Hash::Sha256.of(b"other"))),
                    );
                }
            },
        )
        .policy("log_threshold = 1"),
        bad(
            "second-entry-without-proof",
            "V46",
            "beside the entry, one without a proof",
            ("two-logs", two_logs()),
            |stage| {
                if let Stage::Entry(1, json) = stage {
                    json.remove("inclusionProof");
                }
            },
        ),
        in_body(
            "entry-sha512-of-artifact-misnamed",
            "V39 O15",
            "an entry that calls a SHA-512 a SHA-256",
            v1(),
            move |json| {
                json.set("spec.data.hash.value", sha512());
            },
        ),
    ]
}

fn two_logs() -> Recipe {
    let mut recipe = Recipe::v1();
    recipe.logs.push(LogSpec::v1("rekor2.localhost"));
    recipe
}

fn bodies_v2() -> Vec<Case> {
    let spec = "spec.hashedRekordV002";
    let verifier = "spec.hashedRekordV002.signature.verifier";
    vec![
        in_body(
            "v2-entry-of-other-signature",
            "V37 A1",
            "an entry for another signature",
            v2(),
            move |json| {
                json.set(
                    &format!("{spec}.signature.content"),
                    Json::bytes(b"\x30\x06\x02\x01\x01\x02\x01\x01"),
                );
            },
        ),
        in_body(
            "v2-entry-of-key-alone",
            "V38",
            "an entry with the certificate's key in place of the certificate",
            v2(),
            move |json| {
                json.remove(&format!("{verifier}.x509Certificate"));
                let key = sigsign_local::key::Key::new(Scheme::P256, "signer");
                let raw = Json::object([("rawBytes", Json::bytes(key.spki()))]);
                json.set(&format!("{verifier}.publicKey"), raw);
            },
        ),
        in_body(
            "v2-entry-of-key-and-certificate",
            "V38 V42",
            "an entry with a key beside the certificate",
            v2(),
            move |json| {
                let key = sigsign_local::key::Key::new(Scheme::P256, "signer");
                let raw = Json::object([("rawBytes", Json::bytes(key.spki()))]);
                json.set(&format!("{verifier}.publicKey"), raw);
            },
        ),
        in_body(
            "v2-entry-of-nobody",
            "V38",
            "an entry without key and certificate",
            v2(),
            move |json| {
                json.remove(&format!("{verifier}.x509Certificate"));
            },
        ),
        in_body(
            "v2-entry-digest-name",
            "V39",
            "an entry that calls a SHA-256 a SHA-512",
            v2(),
            move |json| {
                json.set(&format!("{spec}.data.algorithm"), Json::text("SHA2_512"));
            },
        ),
        in_body(
            "v2-entry-digest-of-other-strength",
            "V39",
            "an entry with a SHA-512 for a key that signs with SHA-256",
            v2(),
            move |json| {
                json.set(&format!("{spec}.data.algorithm"), Json::text("SHA2_512"));
                json.set(
                    &format!("{spec}.data.digest"),
                    Json::bytes(Hash::Sha512.of(&Recipe::v1().artifact)),
                );
            },
        ),
        in_body(
            "v2-entry-key-details-ed25519",
            "V38",
            "an entry with details of pure Ed25519",
            (
                "signer-ed25519ph",
                Recipe {
                    signer: Scheme::Ed25519Ph,
                    ..Recipe::v2()
                },
            ),
            move |json| {
                json.set(
                    &format!("{verifier}.keyDetails"),
                    Json::text("PKIX_ED25519"),
                );
            },
        ),
        in_body(
            "v2-entry-key-details-deprecated",
            "V38",
            "an entry with details that name another hash",
            (
                "signer-p384",
                Recipe {
                    signer: Scheme::P384,
                    ..Recipe::v2()
                },
            ),
            move |json| {
                json.set(
                    &format!("{verifier}.keyDetails"),
                    Json::text("PKIX_ECDSA_P384_SHA_256"),
                );
            },
        ),
        in_body(
            "v2-entry-key-details-size",
            "V38",
            "an entry with details of a longer key",
            (
                "signer-rsa2048",
                Recipe {
                    signer: Scheme::Rsa2048,
                    ..Recipe::v2()
                },
            ),
            move |json| {
                json.set(
                    &format!("{verifier}.keyDetails"),
                    Json::text("PKIX_RSA_PKCS1V15_3072_SHA256"),
                );
            },
        ),
        in_body(
            "v2-entry-key-details-padding",
            "V38",
            "an entry with details of another padding",
            (
                "signer-rsa2048",
                Recipe {
                    signer: Scheme::Rsa2048,
                    ..Recipe::v2()
                },
            ),
            move |json| {
                json.set(
                    &format!("{verifier}.keyDetails"),
                    Json::text("PKIX_RSA_PSS_2048_SHA256"),
                );
            },
        ),
        in_body(
            "v2-entry-key-details-unknown",
            "V38",
            "an entry with details that nobody knows",
            v2(),
            move |json| {
                json.set(
                    &format!("{verifier}.keyDetails"),
                    Json::text("PKIX_ECDSA_P256_SHA_257"),
                );
            },
        ),
        in_body(
            "v2-entry-key-details-absent",
            "V38",
            "an entry without details",
            v2(),
            move |json| {
                json.remove(&format!("{verifier}.keyDetails"));
            },
        ),
        in_body(
            "v2-entry-unknown-member",
            "V41 V42",
            "an entry with a member that its kind has not",
            v2(),
            move |json| {
                json.set(&format!("{spec}.data.more"), Json::number(1));
            },
        ),
        bad(
            "v2-body-not-sorted",
            "V41",
            "a body whose members are in another order",
            v2(),
            |stage| {
                if let Stage::Leaves(_, body) = stage {
                    let text = String::from_utf8(body.clone()).expect("text");
                    let text = text.replacen(
                        r#""apiVersion":"0.0.2","kind":"hashedrekord""#,
                        r#""kind":"hashedrekord","apiVersion":"0.0.2""#,
                        1,
                    );
                    *body = text.into_bytes();
                }
            },
        ),
        bad(
            "v2-body-escaped",
            "V41",
            "a body with an escape where none is needed",
            v2(),
            |stage| {
                if let Stage::Leaves(_, body) = stage {
                    let text = String::from_utf8(body.clone()).expect("text");
                    *body = text
                        .replacen("hashedrekord", "hashedre\\u006bord", 1)
                        .into_bytes();
                }
            },
        ),
        bad(
            "v2-entry-of-v1-kind",
            "V36 V41 O2",
            "an entry of version 1 in a log of version 2",
            v2(),
            |stage| match stage {
                Stage::Body(_, json) => {
                    json.set("apiVersion", Json::text("0.0.1"));
                }
                Stage::Entry(_, json) => json.set("kindVersion.version", Json::text("0.0.1")),
                _ => {}
            },
        ),
        bad(
            "v2-body-in-log-of-v1",
            "V41 V50 O2",
            "an entry of version 2 under a checkpoint of version 1",
            v2(),
            |stage| {
                if let Stage::Checkpoint(_, spec) = stage {
                    spec.text = spec.text.replacen('\n', " - 1193050959916656506\n", 1);
                }
            },
        ),
    ]
}
