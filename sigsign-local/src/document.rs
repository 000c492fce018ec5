//! Bundles and trusted roots.
//!
//! Spec: bundle.proto; trustroot.proto

use crate::json::Json;
use crate::key::{Key, sha256};
use crate::log;
use crate::make::{Chain, Signed};
use crate::recipe::{CaSpec, Recipe, Window};
use crate::text::rfc3339;

/// The media type of a version.
pub fn media_type(version: &str) -> String {
    match version {
        "0.3" => "application/vnd.dev.sigstore.bundle.v0.3+json".to_owned(),
        other => {
            let number = other.trim_end_matches("-old");
            format!("application/vnd.dev.sigstore.bundle+json;version={number}")
        }
    }
}

pub(crate) fn bundle(
    recipe: &Recipe,
    signed: &Signed,
    entries: Vec<Json>,
    tokens: Vec<Vec<u8>>,
) -> Json {
    let raw = |der: &Vec<u8>| Json::object([("rawBytes", Json::bytes(der))]);
    let mut material = match (&recipe.managed, &signed.certificate) {
        (None, Some(certificate)) if recipe.version.starts_with("0.3") => {
            Json::object([("certificate", raw(certificate))])
        }
        (None, Some(certificate)) => {
            let list = Json::object([("certificates", Json::List(vec![raw(certificate)]))]);
            Json::object([("x509CertificateChain", list)])
        }
        (hint, _) => {
            let hint = Json::object([("hint", Json::text(hint.clone().unwrap_or_default()))]);
            Json::object([("publicKey", hint)])
        }
    };
    if !entries.is_empty() {
        material.set("tlogEntries", Json::List(entries));
    }
    if !tokens.is_empty() {
        let token = |der: &Vec<u8>| Json::object([("signedTimestamp", Json::bytes(der))]);
        let tokens = Json::List(tokens.iter().map(token).collect());
        let data = Json::object([("rfc3161Timestamps", tokens)]);
        material.set("timestampVerificationData", data);
    }
    let mut bundle = Json::object([
        ("mediaType", Json::text(media_type(&recipe.version))),
        ("verificationMaterial", material),
    ]);
    match &signed.envelope {
        Some((payload, payload_type)) => {
            let signature = Json::object([("sig", Json::bytes(&signed.signature))]);
            let envelope = Json::object([
                ("payload", Json::bytes(payload)),
                ("payloadType", Json::text(payload_type)),
                ("signatures", Json::List(vec![signature])),
            ]);
            bundle.set("dsseEnvelope", envelope);
        }
        None => {
            let hash = signed.key.scheme.hash();
            let digest = Json::object([
                ("algorithm", Json::text(hash.proto_name())),
                ("digest", Json::bytes(hash.of(&recipe.artifact))),
            ]);
            let signature = Json::object([
                ("messageDigest", digest),
                ("signature", Json::bytes(&signed.signature)),
            ]);
            bundle.set("messageSignature", signature);
        }
    }
    bundle
}

pub(crate) fn trusted_root(recipe: &Recipe, chains: &[Chain], stampers: &[Chain]) -> Json {
    let logs = recipe.logs.iter().filter(|spec| spec.known).map(|spec| {
        log(
            &spec.host,
            &spec.operator,
            &log::key(spec),
            &log::id(spec),
            spec.window,
        )
    });
    let ct_logs = recipe.ct_logs.iter().filter(|spec| spec.known).map(|spec| {
        let key = Key::new(spec.scheme, &spec.host);
        log(
            &spec.host,
            &spec.operator,
            &key,
            &sha256(&key.spki()),
            spec.window,
        )
    });
    let authorities = recipe
        .authorities
        .iter()
        .zip(chains)
        .map(|(spec, chain)| of_spec(spec, chain));
    let known = recipe
        .tsas
        .iter()
        .zip(stampers)
        .filter(|(spec, _)| spec.known);
    let tsas = known.map(|(spec, chain)| of_spec(&spec.ca, chain));
    Json::object([
        (
            "mediaType",
            Json::text("application/vnd.dev.sigstore.trustedroot+json;version=0.1"),
        ),
        ("tlogs", Json::List(logs.collect())),
        ("certificateAuthorities", Json::List(authorities.collect())),
        ("ctlogs", Json::List(ct_logs.collect())),
        ("timestampAuthorities", Json::List(tsas.collect())),
    ])
}

/// TimeRange
pub fn window((start, end): Window) -> Json {
    let mut window = Json::object([("start", Json::text(rfc3339(start)))]);
    if let Some(end) = end {
        window.set("end", Json::text(rfc3339(end)));
    }
    window
}

/// TransparencyLogInstance
pub fn log(host: &str, operator: &Option<String>, key: &Key, id: &[u8], valid: Window) -> Json {
    let public_key = Json::object([
        ("rawBytes", Json::bytes(key.spki())),
        ("keyDetails", Json::text(key.scheme.details())),
        ("validFor", window(valid)),
    ]);
    let mut log = Json::object([
        ("baseUrl", Json::text(format!("https://{host}"))),
        ("hashAlgorithm", Json::text("SHA2_256")),
        ("publicKey", public_key),
        ("logId", Json::object([("keyId", Json::bytes(id))])),
    ]);
    if let Some(operator) = operator {
        log.set("operator", Json::text(operator));
    }
    log
}

/// CertificateAuthority, with its chain in DER: its own certificate first, the root last.
pub fn authority(host: &str, operator: &Option<String>, chain: &[Vec<u8>], valid: Window) -> Json {
    let subject = Json::object([
        ("organization", Json::text("sigsign local")),
        ("commonName", Json::text(host)),
    ]);
    let raw = |der: &Vec<u8>| Json::object([("rawBytes", Json::bytes(der))]);
    let certificates = Json::List(chain.iter().map(raw).collect());
    let mut authority = Json::object([
        ("subject", subject),
        ("uri", Json::text(format!("https://{host}"))),
        ("certChain", Json::object([("certificates", certificates)])),
        ("validFor", window(valid)),
    ]);
    if let Some(operator) = operator {
        authority.set("operator", Json::text(operator));
    }
    authority
}

fn of_spec(spec: &CaSpec, chain: &Chain) -> Json {
    let leaf_first: Vec<Vec<u8>> = chain.certificates.iter().rev().cloned().collect();
    authority(&spec.host, &spec.operator, &leaf_first, spec.window)
}
