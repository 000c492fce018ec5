//! Transparency logs of both versions: bodies, promises, proofs and checkpoints.
//!
//! Spec: rekor-v2; client-spec 4.4

use crate::json::Json;
use crate::key::{Hash, Key, Scheme, sha256};
use crate::make::{Forge, Signed, Stage};
use crate::note::{self, CheckpointSpec};
use crate::recipe::{LogSpec, NOW, Recipe};
use crate::text::{base64, hex, pem};
use crate::tree;

/// The number of the tree of a log of version 1.
pub const TREE_ID: &str = "1193050959916656506";

/// The key of a log.
pub fn key(spec: &LogSpec) -> Key {
    Key::new(spec.scheme, &spec.host)
}

/// The identifier of a log: of its key, or of its key under its name in version 2.
pub fn id(spec: &LogSpec) -> [u8; 32] {
    let key = key(spec);
    if spec.v2 {
        note::key_id(&spec.host, &key)
    } else {
        sha256(&key.spki())
    }
}

pub(crate) fn entries(recipe: &Recipe, signed: &Signed, forge: &mut Forge<'_>) -> Vec<Json> {
    let mut entries = Vec::new();
    for (place, spec) in recipe.logs.iter().enumerate() {
        let mut body = body(spec, signed);
        forge(Stage::Body(place, &mut body));
        let mut body = body.canonical().into_bytes();
        forge(Stage::Leaves(place, &mut body));
        for nth in 0..spec.count {
            let spec = LogSpec {
                index: spec.index + nth,
                ..spec.clone()
            };
            entries.push(entry(place, &spec, &body, forge));
        }
    }
    entries
}

fn entry(place: usize, spec: &LogSpec, body: &[u8], forge: &mut Forge<'_>) -> Json {
    let index = spec.offset + spec.index as u64;
    let version = match (spec.v2, spec.kind.as_str()) {
        (true, _) | (_, "intoto") => "0.0.2",
        _ => "0.0.1",
    };
    let mut entry = Json::object([
        ("logIndex", Json::int64(index)),
        ("logId", Json::object([("keyId", Json::bytes(id(spec)))])),
        (
            "kindVersion",
            Json::object([
                ("kind", Json::text(&spec.kind)),
                ("version", Json::text(version)),
            ]),
        ),
    ]);
    if !spec.v2 {
        entry.set("integratedTime", Json::int64(spec.integrated));
    }
    if spec.promise {
        let mut promise = Json::object([
            ("body", Json::bytes(body)),
            ("integratedTime", Json::number(spec.integrated)),
            ("logID", Json::text(hex(&id(spec)))),
            ("logIndex", Json::number(index)),
        ]);
        let mut signer = key(spec);
        forge(Stage::Promise(place, &mut promise, &mut signer));
        let mut promise = signer.sign(promise.canonical().as_bytes());
        forge(Stage::Promised(place, &mut promise));
        entry.set(
            "inclusionPromise",
            Json::object([("signedEntryTimestamp", Json::bytes(promise))]),
        );
    }
    if spec.proof {
        entry.set("inclusionProof", proof(place, spec, body, forge));
    }
    entry.set("canonicalizedBody", Json::bytes(body));
    forge(Stage::Entry(place, &mut entry));
    entry
}

fn proof(place: usize, spec: &LogSpec, body: &[u8], forge: &mut Forge<'_>) -> Json {
    let mut leaves: Vec<[u8; 32]> = (0..spec.size)
        .map(|leaf| tree::leaf_hash(format!("leaf {leaf}").as_bytes()))
        .collect();
    leaves[spec.index] = tree::leaf_hash(body);
    let root = tree::root(&leaves);
    let hashes = tree::path(&leaves, spec.index);
    let origin = if spec.v2 {
        spec.host.clone()
    } else {
        format!("{} - {TREE_ID}", spec.host)
    };
    let mut checkpoint = CheckpointSpec {
        text: format!("{origin}\n{}\n{}\n", spec.size, base64(&root)),
        name: spec.host.clone(),
        id: id(spec)[..4].to_vec(),
        key: key(spec),
        more: String::new(),
    };
    for (nth, witness) in spec.witnesses.iter().enumerate() {
        let at = NOW.unsigned_abs() + 7 + nth as u64;
        checkpoint.more += &witness.cosign(&checkpoint.text, at);
    }
    forge(Stage::Checkpoint(place, &mut checkpoint));
    let mut note = checkpoint.sign();
    forge(Stage::Note(place, &mut note));
    Json::object([
        ("logIndex", Json::int64(spec.index as u64)),
        ("rootHash", Json::bytes(root)),
        ("treeSize", Json::int64(spec.size as u64)),
        (
            "hashes",
            Json::List(hashes.iter().map(Json::bytes).collect()),
        ),
        ("checkpoint", Json::object([("envelope", Json::text(note))])),
    ])
}

/// What the log is told.
fn body(spec: &LogSpec, signed: &Signed) -> Json {
    let version = if spec.v2 || spec.kind == "intoto" {
        "0.0.2"
    } else {
        "0.0.1"
    };
    let inner = match (spec.v2, spec.kind.as_str()) {
        (true, _) => hashedrekord_v2(signed),
        (_, "dsse") => dsse(signed),
        (_, "intoto") => intoto(signed),
        _ => hashedrekord_v1(signed),
    };
    Json::object([
        ("apiVersion", Json::text(version)),
        ("kind", Json::text(&spec.kind)),
        ("spec", inner),
    ])
}

fn hash_json(hash: Hash, bytes: &[u8]) -> Json {
    Json::object([
        ("algorithm", Json::text(hash.name())),
        ("value", Json::text(hex(&hash.of(bytes)))),
    ])
}

/// The certificate or key as PEM.
fn signer_pem(signed: &Signed) -> String {
    match &signed.certificate {
        Some(certificate) => pem("CERTIFICATE", certificate),
        None => pem("PUBLIC KEY", &signed.key.spki()),
    }
}

fn hashedrekord_v1(signed: &Signed) -> Json {
    let hash = hash_json(signed.key.scheme.hash(), &signed.message);
    let key = Json::object([("content", Json::bytes(signer_pem(signed)))]);
    let signature = Json::object([
        ("content", Json::bytes(&signed.signature)),
        ("publicKey", key),
    ]);
    Json::object([
        ("data", Json::object([("hash", hash)])),
        ("signature", signature),
    ])
}

fn dsse(signed: &Signed) -> Json {
    let (payload, _) = signed.envelope.clone().unwrap_or_default();
    let signature = Json::object([
        ("signature", Json::bytes(&signed.signature)),
        ("verifier", Json::bytes(signer_pem(signed))),
    ]);
    Json::object([
        ("envelopeHash", hash_json(Hash::Sha256, &signed.message)),
        ("payloadHash", hash_json(Hash::Sha256, &payload)),
        ("signatures", Json::List(vec![signature])),
    ])
}

fn intoto(signed: &Signed) -> Json {
    let (payload, payload_type) = signed.envelope.clone().unwrap_or_default();
    let signature = Json::object([
        ("publicKey", Json::bytes(signer_pem(signed))),
        ("sig", Json::bytes(base64(&signed.signature))),
    ]);
    let envelope = Json::object([
        ("payloadType", Json::text(payload_type)),
        ("signatures", Json::List(vec![signature])),
    ]);
    let content = Json::object([
        ("envelope", envelope),
        ("hash", hash_json(Hash::Sha256, &signed.message)),
        ("payloadHash", hash_json(Hash::Sha256, &payload)),
    ]);
    Json::object([("content", content)])
}

fn hashedrekord_v2(signed: &Signed) -> Json {
    let hash = signed.key.scheme.hash();
    let data = Json::object([
        ("algorithm", Json::text(hash.proto_name())),
        ("digest", Json::bytes(hash.of(&signed.message))),
    ]);
    let (name, raw) = match &signed.certificate {
        Some(certificate) => ("x509Certificate", certificate.clone()),
        None => ("publicKey", signed.key.spki()),
    };
    let details = match signed.key.scheme {
        Scheme::Ed25519 => Scheme::Ed25519Ph,
        other => other,
    };
    let verifier = Json::object([
        ("keyDetails", Json::text(details.details())),
        (name, Json::object([("rawBytes", Json::bytes(raw))])),
    ]);
    let signature = Json::object([
        ("content", Json::bytes(&signed.signature)),
        ("verifier", verifier),
    ]);
    Json::object([(
        "hashedRekordV002",
        Json::object([("data", data), ("signature", signature)]),
    )])
}
