//! Statements and trusted roots that are not what they should be.

use sigsign_local::json::Json;
use sigsign_local::key::Hash;
use sigsign_local::make::Stage;
use sigsign_local::recipe::Recipe;
use sigsign_local::text::{base64, hex};

use crate::case::{Case, bad, bad_root};

pub(crate) fn cases() -> Vec<Case> {
    let mut cases = statements();
    cases.extend(roots());
    cases
}

fn dsse() -> (&'static str, Recipe) {
    ("v03-dsse", Recipe::v1().dsse("dsse"))
}

/// A change of the statement, before it is signed.
fn statement(name: &'static str, sentence: &'static str, edit: fn(&mut Json)) -> Case {
    bad(name, "V57", sentence, dsse(), move |stage| {
        if let Stage::Statement(json) = stage {
            edit(json);
        }
    })
}

fn payload(
    name: &'static str,
    rules: &'static str,
    sentence: &'static str,
    edit: fn(&mut String),
) -> Case {
    bad(name, rules, sentence, dsse(), move |stage| {
        if let Stage::Payload(payload, _) = stage {
            let mut text = String::from_utf8(payload.clone()).expect("text");
            edit(&mut text);
            *payload = text.into_bytes();
        }
    })
}

fn payload_type(name: &'static str, sentence: &'static str, to: &'static str) -> Case {
    bad(name, "V56", sentence, dsse(), move |stage| {
        if let Stage::Payload(_, kind) = stage {
            to.clone_into(kind);
        }
    })
}

fn statements() -> Vec<Case> {
    vec![
        statement(
            "subject-contradicts-itself",
            "a subject with the artifact's SHA-256 and another's SHA-512",
            |json| {
                let other = Json::text(hex(&Hash::Sha512.of(b"other")));
                json.set("subject.0.digest.sha512", other);
            },
        ),
        statement(
            "subject-digest-upper-case",
            "a digest in upper case",
            |json| {
                let digest = json.string("subject.0.digest.sha256").to_uppercase();
                json.set("subject.0.digest.sha256", Json::text(digest));
            },
        ),
        statement(
            "subject-digest-of-other-length",
            "a SHA-256 called sha512",
            |json| {
                json.rename("subject.0.digest.sha256", "sha512");
            },
        ),
        statement(
            "subject-digest-cut-short",
            "the first half of a digest",
            |json| {
                json.string("subject.0.digest.sha256").truncate(32);
            },
        ),
        statement("subject-digest-in-base64", "a digest in base64", |json| {
            let digest = base64(&Hash::Sha256.of(&Recipe::v1().artifact));
            json.set("subject.0.digest.sha256", Json::text(digest));
        }),
        statement(
            "subject-algorithm-in-other-case",
            "a digest whose algorithm is in another case",
            |json| {
                json.rename("subject.0.digest.sha256", "SHA256");
            },
        ),
        statement(
            "subject-without-digest",
            "a subject by its name alone",
            |json| {
                json.set("subject.0.digest", Json::object([]));
            },
        ),
        statement("subject-digest-null", "a digest that is nothing", |json| {
            json.set("subject.0.digest.sha256", Json::Raw("null".to_owned()));
        }),
        statement(
            "subject-is-object",
            "one subject in place of a list",
            |json| {
                let subject = json.at("subject.0").clone();
                json.set("subject", subject);
            },
        ),
        statement("no-predicate-type", "a statement of no type", |json| {
            json.remove("predicateType")
        }),
        statement(
            "no-statement-type",
            "a payload that does not say what it is",
            |json| {
                json.remove("_type");
            },
        ),
        payload(
            "duplicate-in-predicate",
            "V42 V57 O11",
            "a member of the predicate twice",
            |text| {
                *text = text.replacen("\"made\":true", "\"made\":false,\"m\\u0061de\":true", 1);
            },
        ),
        payload(
            "duplicate-digest",
            "V42 V57 O11",
            "two digests of one algorithm",
            |text| {
                let other = hex(&Hash::Sha256.of(b"other"));
                *text = text.replacen(
                    "\"digest\":{",
                    &format!("\"digest\":{{\"sha256\":\"{other}\","),
                    1,
                );
            },
        ),
        payload(
            "payload-trailing",
            "V57",
            "more after the statement",
            |text| text.push_str("{}"),
        ),
        payload("payload-is-list", "V57", "a list of statements", |text| {
            *text = format!("[{text}]")
        }),
        payload(
            "payload-not-json",
            "V57 A7",
            "a payload that is no JSON",
            |text| {
                "hello".clone_into(text);
            },
        ),
        payload_type(
            "payload-type-with-parameter",
            "a payload type with a parameter",
            "application/vnd.in-toto+json; charset=utf-8",
        ),
        payload_type(
            "payload-type-in-other-case",
            "a payload type in another case",
            "application/vnd.in-toto+JSON",
        ),
        payload_type(
            "payload-type-not-ascii",
            "a payload type with a letter that looks the same",
            "application/vnd.in-toto+js\u{43e}n",
        ),
        bad(
            "envelope-of-other-type",
            "V56 A25",
            "a payload type that was not signed",
            dsse(),
            |stage| {
                if let Stage::Signed(bytes) = stage {
                    let text = String::from_utf8(bytes.clone()).expect("text");
                    *bytes = text
                        .replacen("28 application/vnd.in-toto+json", "16 application/json", 1)
                        .into_bytes();
                }
            },
        ),
        bad(
            "envelope-signed-without-type",
            "V56",
            "a signature over the payload alone",
            dsse(),
            |stage| {
                if let Stage::Signed(bytes) = stage {
                    let at = bytes
                        .iter()
                        .position(|byte| *byte == b'{')
                        .expect("a payload");
                    bytes.drain(..at);
                }
            },
        ),
    ]
}

fn roots() -> Vec<Case> {
    vec![
        bad_root(
            "root-without-window",
            "V52 V62",
            "a log without a window",
            |json| {
                json.remove("tlogs.0.publicKey.validFor");
            },
        ),
        bad_root(
            "root-ct-log-without-start",
            "V32 V62",
            "a CT log without the start of its window",
            |json| {
                json.remove("ctlogs.0.publicKey.validFor.start");
            },
        ),
        bad_root(
            "root-authority-without-start",
            "V25 V62",
            "an authority without the start of its window",
            |json| {
                json.remove("certificateAuthorities.0.validFor.start");
            },
        ),
        bad_root(
            "root-window-reversed",
            "V52 V62",
            "a window that ends before it starts",
            |json| {
                let end = Json::text("2024-01-01T00:00:00Z");
                json.set("tlogs.0.publicKey.validFor.end", end);
            },
        ),
        bad_root(
            "root-time-without-zone",
            "V62",
            "a time without its zone",
            |json| {
                let start = Json::text("2025-01-15T12:00:00");
                json.set("tlogs.0.publicKey.validFor.start", start);
            },
        ),
        bad_root(
            "root-hash-algorithm",
            "V62",
            "a log of another hash",
            |json| {
                json.set("tlogs.0.hashAlgorithm", Json::text("SHA2_384"));
            },
        ),
        bad_root(
            "root-details-of-nothing",
            "TOB-6",
            "a key whose kind is not said",
            |json| {
                let unspecified = Json::text("PUBLIC_KEY_DETAILS_UNSPECIFIED");
                json.set("tlogs.0.publicKey.keyDetails", unspecified);
            },
        ),
        bad_root(
            "root-details-of-other-encoding",
            "TOB-6",
            "a key said to be in another encoding",
            |json| {
                json.set(
                    "tlogs.0.publicKey.keyDetails",
                    Json::text("PKCS1_RSA_PKCS1V5"),
                );
            },
        ),
        bad_root(
            "root-details-of-other-hash",
            "TOB-6",
            "a key of P-256 said to sign with SHA-384",
            |json| {
                json.set(
                    "tlogs.0.publicKey.keyDetails",
                    Json::text("PKIX_ECDSA_P384_SHA_384"),
                );
            },
        ),
        bad_root("root-snake-case", "V2 V62", "a key in snake_case", |json| {
            json.rename("tlogs.0.publicKey", "public_key");
        }),
        bad_root("root-duplicate", "V2 V62", "logs twice", |json| {
            json.double("tlogs", Json::List(Vec::new()));
        }),
        bad_root(
            "root-media-type-unknown",
            "V62",
            "a version that does not exist",
            |json| {
                let next = "application/vnd.dev.sigstore.trustedroot.v0.3+json";
                json.set("mediaType", Json::text(next));
            },
        ),
        bad_root(
            "log-key-as-ct-key",
            "TOB-1 V31",
            "the log's key in place of the CT log's",
            |json| {
                let key = json.at("tlogs.0.publicKey").clone();
                json.set("ctlogs.0.publicKey", key);
            },
        ),
        bad_root(
            "logs-swapped",
            "TOB-1",
            "the CT log in place of the log, and the reverse",
            |json| {
                let (logs, ct_logs) = (json.at("tlogs").clone(), json.at("ctlogs").clone());
                json.set("tlogs", ct_logs);
                json.set("ctlogs", logs);
            },
        ),
    ]
}
