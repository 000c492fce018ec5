//! Bundles and trusted roots in every form that their JSON may have.

use sigsign_local::json::Json;
use sigsign_local::key::Scheme;
use sigsign_local::make::Stage;
use sigsign_local::recipe::{LogSpec, Recipe};

use crate::case::{Case, good};

pub(crate) fn cases() -> Vec<Case> {
    let mut cases = defaults();
    cases.extend(omitted_bodies());
    cases.extend(log_names());
    cases
}

fn base(json: &mut Json, url: &str) {
    json.set("tlogs.0.baseUrl", Json::text(url));
}

fn null() -> Json {
    Json::Raw("null".to_owned())
}

/// Fields that are absent, `null` or written out with their default.
fn defaults() -> Vec<Case> {
    let with = |name, rules, recipe: Recipe, edit: fn(&mut Json)| {
        good(name, rules, recipe).with(move |stage| {
            if let Stage::Bundle(json) = stage {
                edit(json);
            }
        })
    };
    vec![
        with("null-where-nothing-is", "V2 V5", Recipe::v1(), |json| {
            for path in [
                "dsseEnvelope",
                "verificationMaterial.publicKey",
                "verificationMaterial.x509CertificateChain",
                "verificationMaterial.timestampVerificationData",
            ] {
                json.set(path, null());
            }
        }),
        with(
            "null-where-nothing-is-dsse",
            "V2 V5",
            Recipe::v2().dsse("hashedrekord"),
            |json| {
                for path in [
                    "messageSignature",
                    "verificationMaterial.tlogEntries.0.inclusionPromise",
                    "verificationMaterial.tlogEntries.0.integratedTime",
                    "dsseEnvelope.signatures.0.keyid",
                ] {
                    json.set(path, null());
                }
            },
        ),
        with("empty-lists-and-objects", "V2", Recipe::v1(), |json| {
            json.set(
                "verificationMaterial.timestampVerificationData",
                Json::object([]),
            );
        }),
        with("empty-list-of-timestamps", "V2", Recipe::v1(), |json| {
            json.set(
                "verificationMaterial.timestampVerificationData",
                Json::object([("rfc3161Timestamps", Json::List(Vec::new()))]),
            );
        }),
        with("defaults-written-out", "V2 V9", Recipe::v2(), |json| {
            let entry = "verificationMaterial.tlogEntries.0";
            json.set(&format!("{entry}.integratedTime"), Json::int64(0));
            json.set(&format!("{entry}.inclusionPromise"), null());
        }),
        with(
            "empty-key-id",
            "V2 V56",
            Recipe::v1().dsse("dsse"),
            |json| {
                json.set("dsseEnvelope.signatures.0.keyid", Json::text(""));
            },
        ),
        with("hint-absent", "V2 V61", Recipe::v1().managed(""), |json| {
            json.remove("verificationMaterial.publicKey.hint");
        }),
        with("hint-null", "V2 V61", Recipe::v1().managed(""), |json| {
            json.set("verificationMaterial.publicKey.hint", null());
        }),
        good("white-space", "V2", Recipe::v1()).with(|stage| {
            if let Stage::Text(text) = stage {
                *text = format!("\r\n\t {} \n", text.replace("\":", "\" :\n "));
            }
        }),
        good("escapes-in-names", "V2", Recipe::v1()).with(|stage| {
            if let Stage::Text(text) = stage {
                *text = text
                    .replacen("\"mediaType\"", "\"media\\u0054ype\"", 1)
                    .replacen("application/vnd", "application\\/vnd", 1);
            }
        }),
    ]
}

/// Bodies that a verifier can make again.
fn omitted_bodies() -> Vec<Case> {
    let without = |name, rules, recipe: Recipe| {
        good(name, rules, recipe).with(|stage| {
            if let Stage::Entry(_, json) = stage {
                json.remove("canonicalizedBody");
            }
        })
    };
    let signer = |signer: Scheme| Recipe {
        signer,
        ..Recipe::v2()
    };
    let no_hint = |name, recipe: Recipe| {
        good(name, "V41", recipe).with(|stage| match stage {
            Stage::Entry(_, json) => json.remove("canonicalizedBody"),
            Stage::Bundle(json) => json.remove("messageSignature.messageDigest"),
            _ => {}
        })
    };
    vec![
        without("v2-body-omitted", "V41", Recipe::v2()),
        without(
            "v2-body-omitted-dsse",
            "V41",
            Recipe::v2().dsse("hashedrekord"),
        ),
        without("v2-body-omitted-key", "V41 V61", Recipe::v2().managed("")),
        without(
            "v2-body-omitted-p384sha256",
            "V41",
            signer(Scheme::P384Sha256),
        ),
        without("v2-body-omitted-pss", "V41", signer(Scheme::Pss3072)),
        without(
            "v2-body-omitted-ed25519ph",
            "V41",
            signer(Scheme::Ed25519Ph),
        ),
        without("v1-body-omitted", "V41 V54", Recipe::v1()),
        without(
            "v1-body-omitted-dsse",
            "V41 V54",
            Recipe::v1().dsse("hashedrekord"),
        ),
        without(
            "v1-body-omitted-key",
            "V41 V54 V61",
            Recipe::v1().managed(""),
        ),
        no_hint("v2-body-and-digest-omitted", Recipe::v2()),
        no_hint("v1-body-and-digest-omitted", Recipe::v1()),
        no_hint("v2-body-and-digest-omitted-p521", signer(Scheme::P521)),
        good("v2-body-null", "V2 V41", Recipe::v2()).with(|stage| {
            if let Stage::Entry(_, json) = stage {
                json.set("canonicalizedBody", null());
            }
        }),
        good("v2-body-empty", "V2 V41", Recipe::v2()).with(|stage| {
            if let Stage::Entry(_, json) = stage {
                json.set("canonicalizedBody", Json::text(""));
            }
        }),
    ]
}

/// How trusted roots may name a log.
fn log_names() -> Vec<Case> {
    let in_root = |name, rules, recipe: Recipe, edit: fn(&mut Json)| {
        good(name, rules, recipe).with(move |stage| {
            if let Stage::Root(json) = stage {
                edit(json);
            }
        })
    };
    let hosted = |host: &str| Recipe {
        logs: vec![LogSpec::v2(host)],
        ..Recipe::v2()
    };
    vec![
        in_root("log-url-without-scheme", "V50", Recipe::v2(), |json| {
            base(json, "log2026.localhost");
        }),
        in_root("log-url-with-slash", "V50", Recipe::v2(), |json| {
            base(json, "https://log2026.localhost/");
        }),
        in_root("log-url-with-port", "V50", Recipe::v2(), |json| {
            base(json, "http://log2026.localhost:3003");
        }),
        in_root("log-url-with-port-and-path", "V50", Recipe::v2(), |json| {
            base(json, "https://log2026.localhost:8443/api/log");
        }),
        good(
            "log-origin-with-port",
            "V50",
            hosted("log2026.localhost:3003"),
        ),
        good(
            "log-origin-with-path",
            "V50",
            hosted("log2026.localhost/shard-1"),
        ),
        in_root("log-id-absent", "V50 V54", Recipe::v1(), |json| {
            json.remove("tlogs.0.logId")
        }),
        in_root("log-id-only-of-checkpoints", "V50", Recipe::v2(), |json| {
            json.rename("tlogs.0.logId", "checkpointKeyId");
        }),
        in_root("log-id-of-checkpoints-short", "V50", Recipe::v1(), |json| {
            let key = sigsign_local::log::key(&Recipe::v1().logs[0]);
            let id = &sigsign_local::key::sha256(&key.spki())[..4];
            let id = Json::object([("keyId", Json::bytes(id))]);
            json.set("tlogs.0.checkpointKeyId", id);
        }),
        good("logs-with-one-key", "V50 V52", {
            let mut recipe = Recipe::v2();
            recipe.logs[0].scheme = Scheme::P256;
            recipe
        })
        .with(|stage| {
            if let Stage::Root(json) = stage {
                let mut other = json.at("tlogs.0").clone();
                other.set("baseUrl", Json::text("https://log2025.localhost"));
                json.list("tlogs").insert(0, other);
            }
        }),
        good("log-twice-with-other-windows", "V52 V62", Recipe::v1()).with(|stage| {
            if let Stage::Root(json) = stage {
                let mut other = json.at("tlogs.0").clone();
                let window = sigsign_local::document::window;
                let start = sigsign_local::recipe::START;
                other.set("publicKey.validFor", window((start, Some(start + 1))));
                json.list("tlogs").insert(0, other);
            }
        }),
        in_root("root-media-type-01", "V62", Recipe::v1(), |json| {
            json.set(
                "mediaType",
                Json::text("application/vnd.dev.sigstore.trustedroot.v0.1+json"),
            );
        }),
        in_root("root-media-type-02", "V62", Recipe::v2(), |json| {
            json.set(
                "mediaType",
                Json::text("application/vnd.dev.sigstore.trustedroot.v0.2+json"),
            );
        }),
        in_root("root-nulls", "V2 V62", Recipe::v2(), |json| {
            json.set("tlogs.0.publicKey.validFor.end", null());
            json.set("tlogs.0.operator", null());
            json.set("tlogs.0.checkpointKeyId", null());
            json.set("tlogs.0.hashAlgorithm", null());
            json.set("certificateAuthorities.0.subject", null());
            json.set("certificateAuthorities.0.operator", null());
        }),
        in_root("root-without-ct-urls", "V32", Recipe::v1(), |json| {
            json.remove("ctlogs.0.baseUrl");
            json.remove("ctlogs.0.hashAlgorithm");
        }),
    ]
}
