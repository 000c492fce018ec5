//! Bundles, statements and signatures that are not what they should be.

use sigsign_local::json::Json;
use sigsign_local::key::Hash;
use sigsign_local::make::Stage;
use sigsign_local::recipe::Recipe;
use sigsign_local::text::hex;

use crate::case::{Case, bad};

const MESSAGE: &str = "v03-message";
const DSSE: &str = "v03-dsse";

pub(crate) fn cases() -> Vec<Case> {
    let mut cases = documents();
    cases.extend(contents());
    cases
}

fn message() -> (&'static str, Recipe) {
    (MESSAGE, Recipe::v1())
}

fn dsse() -> (&'static str, Recipe) {
    (DSSE, Recipe::v1().dsse("dsse"))
}

/// A change of the bundle's JSON.
fn in_bundle(
    name: &'static str,
    rules: &'static str,
    sentence: &'static str,
    base: (&'static str, Recipe),
    edit: impl Fn(&mut Json) + 'static,
) -> Case {
    bad(name, rules, sentence, base, move |stage| {
        if let Stage::Bundle(json) = stage {
            edit(json);
        }
    })
}

/// A change of the bundle's text.
fn in_text(
    name: &'static str,
    rules: &'static str,
    sentence: &'static str,
    (from, to): (&'static str, &'static str),
) -> Case {
    bad(name, rules, sentence, message(), move |stage| {
        if let Stage::Text(text) = stage {
            assert!(text.contains(from), "{name}: {from} is not in the bundle");
            *text = text.replacen(from, to, 1);
        }
    })
}

fn documents() -> Vec<Case> {
    let entry = "verificationMaterial.tlogEntries.0";
    let at = move |field: &str| format!("{entry}.{field}");
    vec![
        in_text(
            "snake-case",
            "V2",
            "a key in snake_case",
            ("messageDigest", "message_digest"),
        ),
        in_text(
            "trailing-text",
            "V2",
            "text after the bundle",
            ("{\"mediaType\"", "{}{\"mediaType\""),
        ),
        in_text(
            "media-type-unknown",
            "V3",
            "a version that does not exist",
            ("bundle.v0.3", "bundle.v0.4"),
        ),
        in_text(
            "duplicate-member",
            "V2 O11",
            "a member twice",
            (
                "\"messageSignature\":",
                "\"messageSignature\":null,\"messageSignature\":",
            ),
        ),
        in_bundle(
            "url-safe-base64",
            "V2",
            "base64 of the URL alphabet",
            message(),
            |json| {
                json.set("messageSignature.signature", Json::text("MEUC-_8="));
            },
        ),
        in_bundle(
            "unknown-member",
            "V2",
            "a member that bundles do not have",
            message(),
            |json| {
                json.set("comment", Json::text("x"));
            },
        ),
        in_bundle(
            "integer-not-canonical",
            "V2",
            "an integer with a leading zero",
            message(),
            move |json| {
                json.set(&at("logIndex"), Json::text("01003"));
            },
        ),
        in_bundle(
            "integer-negative",
            "V2",
            "a negative index",
            message(),
            move |json| {
                json.set(&at("logIndex"), Json::text("-1"));
            },
        ),
        in_bundle(
            "no-content",
            "V5",
            "neither signature nor envelope",
            message(),
            |json| {
                json.remove("messageSignature");
            },
        ),
        in_bundle(
            "no-key-material",
            "V5 A9",
            "no certificate and no key",
            message(),
            |json| {
                json.remove("verificationMaterial.certificate");
            },
        ),
        in_bundle(
            "chain-in-03",
            "V6",
            "a chain in a bundle 0.3",
            message(),
            |json| {
                let leaf = json.at("verificationMaterial.certificate").clone();
                json.remove("verificationMaterial.certificate");
                let chain = Json::object([("certificates", Json::List(vec![leaf]))]);
                json.set("verificationMaterial.x509CertificateChain", chain);
            },
        ),
        in_bundle(
            "key-in-certificate-field",
            "V29 A5",
            "a public key where the certificate belongs",
            message(),
            |json| {
                json.set(
                    "verificationMaterial.certificate.rawBytes",
                    Json::bytes(b"\x30\x03\x02\x01\x01"),
                );
            },
        ),
        in_bundle(
            "two-signatures",
            "V56 A18",
            "an envelope with two signatures",
            dsse(),
            |json| {
                let signature = json.list("dsseEnvelope.signatures")[0].clone();
                json.list("dsseEnvelope.signatures").push(signature);
            },
        ),
        in_bundle(
            "kind-unknown",
            "V36 A15",
            "an entry of a version that is not read",
            message(),
            move |json| {
                json.set(&format!("{entry}.kindVersion.version"), Json::text("0.0.9"));
            },
        ),
        in_bundle(
            "too-many-entries",
            "V4 A10",
            "33 log entries",
            message(),
            |json| {
                let entries = json.list("verificationMaterial.tlogEntries");
                *entries = vec![entries[0].clone(); 33];
            },
        ),
    ]
}

fn contents() -> Vec<Case> {
    vec![
        bad(
            "signature-of-other-bytes",
            "V55",
            "a signature over another artifact",
            message(),
            |stage| {
                if let Stage::Signed(bytes) = stage {
                    *bytes = b"other".to_vec();
                }
            },
        ),
        in_bundle(
            "digest-of-other",
            "V55",
            "the digest of another artifact",
            message(),
            |json| {
                json.set(
                    "messageSignature.messageDigest.digest",
                    Json::bytes(Hash::Sha256.of(b"other")),
                );
            },
        ),
        in_bundle(
            "digest-algorithm-lies",
            "V55 O15",
            "a SHA-512 called SHA2_256",
            message(),
            |json| {
                let digest = Hash::Sha512.of(&Recipe::v1().artifact);
                json.set("messageSignature.messageDigest.digest", Json::bytes(digest));
            },
        ),
        bad(
            "payload-type",
            "V56 A7",
            "an envelope of another type",
            dsse(),
            |stage| {
                if let Stage::Payload(_, kind) = stage {
                    *kind = "application/json".to_owned();
                }
            },
        ),
        statement(
            "statement-type",
            "V57",
            "a statement of another type",
            |json| {
                json.set("_type", Json::text("https://in-toto.io/Statement/v2"));
            },
        ),
        statement(
            "no-subjects",
            "V57 A14",
            "a statement without subjects",
            |json| {
                json.list("subject").clear();
            },
        ),
        statement(
            "subject-of-other",
            "V57 A32 A41",
            "a statement about another artifact",
            |json| {
                let digest = hex(&Hash::Sha256.of(b"other"));
                json.set("subject.0.digest.sha256", Json::text(digest));
            },
        ),
        statement(
            "weak-digest-only",
            "V57 A32",
            "a subject with a SHA-1 alone",
            |json| {
                let weak = Json::text("0123456789abcdef0123456789abcdef01234567");
                json.set("subject.0.digest", Json::object([("sha1", weak)]));
            },
        ),
        statement(
            "duplicate-in-statement",
            "V42 O11",
            "a member of the statement twice",
            |json| {
                json.double("predicateType", Json::text("https://example.invalid/other"));
            },
        ),
        bad(
            "predicate-type-other",
            "V58 A6",
            "no statement of the type asked for",
            dsse(),
            |_| {},
        )
        .policy("predicate_type = \"https://example.invalid/other\""),
        bad(
            "predicate-type-of-message",
            "V58 A6",
            "no statement at all",
            message(),
            |_| {},
        )
        .policy("predicate_type = \"https://example.invalid/predicate/v1\""),
        bad(
            "subject-case",
            "V59 O25",
            "a subject that differs in case",
            message(),
            |_| {},
        )
        .policy("identity = \"Signer@example.invalid\""),
        bad("issuer-other", "V59", "another issuer", message(), |_| {})
            .policy("issuer = \"https://issuer.example.invalid/\""),
        bad(
            "extension-absent",
            "V60 A26",
            "an extension that the certificate has not",
            message(),
            |_| {},
        )
        .policy("extensions = { \"runner-environment\" = \"github-hosted\" }"),
        bad(
            "hint-of-other-key",
            "V61 O14",
            "the hint of another key",
            (
                "managed-key",
                Recipe::v1().managed("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="),
            ),
            |_| {},
        ),
        bad(
            "key-for-identity",
            "V6 V61",
            "a key where an identity is asked for",
            ("managed-key", Recipe::v1().managed("")),
            |_| {},
        )
        .policy("identity = \"signer@example.invalid\""),
    ]
}

/// A change of the statement, before it is signed.
fn statement(
    name: &'static str,
    rules: &'static str,
    sentence: &'static str,
    edit: impl Fn(&mut Json) + 'static,
) -> Case {
    bad(name, rules, sentence, dsse(), move |stage| {
        if let Stage::Statement(json) = stage {
            edit(json);
        }
    })
}
