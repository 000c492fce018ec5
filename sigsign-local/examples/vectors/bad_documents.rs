//! JSON that two readers could take differently, or that is of another shape.

use sigsign_local::json::Json;
use sigsign_local::key::Hash;
use sigsign_local::make::Stage;
use sigsign_local::recipe::Recipe;
use sigsign_local::text::base64;

use crate::case::{Case, bad};

const ENTRY: &str = "verificationMaterial.tlogEntries.0";
const DIGEST: &str = "messageSignature.messageDigest";

pub(crate) fn cases() -> Vec<Case> {
    let mut cases = texts();
    cases.extend(numbers());
    cases.extend(shapes());
    cases
}

fn message() -> (&'static str, Recipe) {
    ("v03-message", Recipe::v1())
}

fn dsse() -> (&'static str, Recipe) {
    ("v03-dsse", Recipe::v1().dsse("dsse"))
}

fn raw(json: impl Into<String>) -> Json {
    Json::Raw(json.into())
}

fn in_text(
    name: &'static str,
    rules: &'static str,
    sentence: &'static str,
    edit: fn(&str) -> String,
) -> Case {
    bad(name, rules, sentence, message(), move |stage| {
        if let Stage::Text(text) = stage {
            let edited = edit(text);
            assert_ne!(*text, edited, "{name} changes nothing");
            *text = edited;
        }
    })
}

fn in_bundle(
    name: &'static str,
    rules: &'static str,
    sentence: &'static str,
    base: (&'static str, Recipe),
    edit: fn(&mut Json),
) -> Case {
    bad(name, rules, sentence, base, move |stage| {
        if let Stage::Bundle(json) = stage {
            edit(json);
        }
    })
}

fn texts() -> Vec<Case> {
    vec![
        in_text("byte-order-mark", "V2", "a byte order mark", |text| {
            format!("\u{feff}{text}")
        }),
        in_text("nul-after-bundle", "V2", "a NUL after the bundle", |text| {
            format!("{text}\0")
        }),
        in_text("two-bundles", "V2", "two bundles in one file", |text| {
            format!("{text}\n{text}")
        }),
        in_text(
            "comma-too-many",
            "V2",
            "a comma after the last member",
            |text| format!("{},}}", text.strip_suffix('}').expect("an object")),
        ),
        in_text("comment-in-json", "V2", "a comment", |text| {
            format!("/* x */{text}")
        }),
        in_text("lone-surrogate", "V2", "half of a character", |text| {
            text.replacen("\"mediaType\":", "\"\\ud834\":null,\"mediaType\":", 1)
        }),
        in_text(
            "duplicate-member-escaped",
            "V2 O11",
            "a member twice, once with an escape in its name",
            |text| {
                let second = "\"messageSignature\":null,\"message\\u0053ignature\":";
                text.replacen("\"messageSignature\":", second, 1)
            },
        ),
        in_text(
            "duplicate-deep",
            "V2 O11",
            "a member of the log's identifier twice",
            |text| text.replacen("\"keyId\":", "\"keyId\":\"AAAA\",\"keyId\":", 1),
        ),
        in_text(
            "deep-nesting",
            "V4",
            "a hundred thousand arrays in each other",
            |text| {
                let deep = format!("{}{}", "[".repeat(1000), "]".repeat(1000));
                text.replacen("\"mediaType\":", &format!("\"x\":{deep},\"mediaType\":"), 1)
            },
        ),
        in_text(
            "member-in-other-case",
            "V2",
            "a member in another case",
            |text| text.replacen("mediaType", "MediaType", 1),
        ),
        in_bundle(
            "base64-without-padding",
            "V2",
            "base64 without its padding",
            message(),
            |json| {
                let path = format!("{DIGEST}.digest");
                let text = json.string(&path).trim_end_matches('=').to_owned();
                json.set(&path, Json::text(text));
            },
        ),
        in_bundle(
            "base64-with-line-feed",
            "V2",
            "base64 with a line feed in it",
            message(),
            |json| {
                json.string("messageSignature.signature").insert(4, '\n');
            },
        ),
        in_bundle(
            "base64-other-last-bits",
            "V2",
            "base64 whose last bits are not zero",
            message(),
            |json| {
                // 32 bytes end in four bits of a letter, of which two count.
                let digest = Hash::Sha256.of(&Recipe::v1().artifact);
                let mut text = base64(&digest).into_bytes();
                let last = text.len() - 2;
                text[last] += 1;
                let text = String::from_utf8(text).expect("base64");
                json.set(&format!("{DIGEST}.digest"), Json::text(text));
            },
        ),
    ]
}

fn numbers() -> Vec<Case> {
    let index = |name, sentence, number: &'static str| {
        bad(name, "V2 V45", sentence, message(), move |stage| {
            if let Stage::Bundle(json) = stage {
                json.set(&format!("{ENTRY}.logIndex"), raw(number));
            }
        })
    };
    vec![
        index("integer-with-point", "a number with a point", "1003.0"),
        index(
            "integer-with-exponent",
            "a number with an exponent",
            "1003e0",
        ),
        index("integer-minus-zero", "a number that is minus zero", "-0"),
        index(
            "integer-beyond-doubles",
            "a number that doubles cannot hold",
            "9007199254740993",
        ),
        index(
            "integer-of-2-63",
            "an index of 2^63",
            "\"9223372036854775808\"",
        ),
        index("integer-with-plus", "an index with a plus", "\"+1003\""),
        index("integer-with-space", "an index with a space", "\" 1003\""),
        index(
            "integer-hexadecimal",
            "an index in hexadecimal",
            "\"0x3eb\"",
        ),
        index("integer-bool", "an index that is no number", "true"),
        in_bundle(
            "time-negative",
            "V2 V12",
            "a time before 1970",
            message(),
            |json| {
                json.set(&format!("{ENTRY}.integratedTime"), Json::int64(-1));
            },
        ),
        in_bundle(
            "size-negative",
            "V2 V44",
            "a tree of a negative size",
            message(),
            |json| {
                json.set(&format!("{ENTRY}.inclusionProof.treeSize"), Json::int64(-7));
            },
        ),
    ]
}

fn shapes() -> Vec<Case> {
    vec![
        in_bundle(
            "array-for-object",
            "V2",
            "an array in place of an object",
            message(),
            |json| {
                let signature = json.at("messageSignature.signature").clone();
                json.set("messageSignature", Json::List(vec![raw("null"), signature]));
            },
        ),
        in_bundle(
            "object-for-list",
            "V2",
            "one entry in place of a list",
            message(),
            |json| {
                let entry = json.at(ENTRY).clone();
                json.set("verificationMaterial.tlogEntries", entry);
            },
        ),
        in_bundle(
            "null-in-list",
            "V2",
            "nothing in a list of entries",
            message(),
            |json| {
                json.list("verificationMaterial.tlogEntries")
                    .push(raw("null"));
            },
        ),
        in_bundle(
            "null-among-hashes",
            "V2 V45",
            "nothing in a list of hashes",
            message(),
            |json| {
                json.list(&format!("{ENTRY}.inclusionProof.hashes"))
                    .push(raw("null"));
            },
        ),
        in_bundle(
            "enum-as-number",
            "V2",
            "an algorithm by its number",
            message(),
            |json| {
                json.set(&format!("{DIGEST}.algorithm"), raw("1"));
            },
        ),
        in_bundle(
            "digest-unspecified",
            "V2 V55",
            "a digest of no algorithm",
            message(),
            |json| {
                json.set(
                    &format!("{DIGEST}.algorithm"),
                    Json::text("HASH_ALGORITHM_UNSPECIFIED"),
                );
            },
        ),
        in_bundle(
            "digest-of-other-family",
            "V55",
            "a digest that is called SHA-3",
            message(),
            |json| {
                json.set(&format!("{DIGEST}.algorithm"), Json::text("SHA3_256"));
            },
        ),
        in_bundle(
            "two-contents",
            "V5",
            "a signature and an envelope",
            message(),
            |json| {
                json.set("dsseEnvelope", Json::object([]));
            },
        ),
        in_bundle(
            "two-key-materials",
            "V5",
            "a certificate and the hint of a key",
            message(),
            |json| {
                json.set("verificationMaterial.publicKey", Json::object([]));
            },
        ),
        in_bundle(
            "certificate-in-02",
            "V6",
            "no chain in a bundle 0.2",
            (
                "v02-message",
                Recipe {
                    version: "0.2".to_owned(),
                    ..Recipe::v1()
                },
            ),
            |json| {
                let leaf = json
                    .at("verificationMaterial.x509CertificateChain.certificates.0")
                    .clone();
                json.remove("verificationMaterial.x509CertificateChain");
                json.set("verificationMaterial.certificate", leaf);
            },
        ),
        in_bundle(
            "empty-signature",
            "V55",
            "an empty signature",
            message(),
            |json| {
                json.set("messageSignature.signature", Json::text(""));
            },
        ),
        in_bundle(
            "empty-promise",
            "V8",
            "an empty promise",
            message(),
            |json| {
                json.set(&format!("{ENTRY}.inclusionPromise"), Json::object([]));
            },
        ),
        in_bundle(
            "empty-timestamp",
            "V13",
            "an empty timestamp",
            message(),
            |json| {
                let data = raw(r#"{"rfc3161Timestamps":[{}]}"#);
                json.set("verificationMaterial.timestampVerificationData", data);
            },
        ),
        in_bundle(
            "no-log-id",
            "V50",
            "an entry of no log",
            message(),
            |json| {
                json.remove(&format!("{ENTRY}.logId"));
            },
        ),
        in_bundle("no-kind", "V36", "an entry of no kind", message(), |json| {
            json.remove(&format!("{ENTRY}.kindVersion"));
        }),
        in_bundle(
            "kind-in-other-case",
            "V36",
            "a kind in another case",
            message(),
            |json| {
                json.set(
                    &format!("{ENTRY}.kindVersion.kind"),
                    Json::text("HashedRekord"),
                );
            },
        ),
        in_bundle(
            "dsse-002",
            "V36 A15",
            "an entry of dsse 0.0.2, which no log has",
            dsse(),
            |json| {
                json.set(&format!("{ENTRY}.kindVersion.version"), Json::text("0.0.2"));
            },
        ),
        in_bundle(
            "no-signatures-of-envelope",
            "V56 A18",
            "an envelope without signature",
            dsse(),
            |json| {
                json.list("dsseEnvelope.signatures").clear();
            },
        ),
        in_bundle(
            "empty-payload",
            "V56",
            "an envelope around nothing",
            dsse(),
            |json| {
                json.set("dsseEnvelope.payload", Json::text(""));
            },
        ),
    ]
}
