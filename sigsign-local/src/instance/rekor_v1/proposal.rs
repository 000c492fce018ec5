//! Entries that are proposed to version 1 of the log, and what is logged of them.
//!
//! Spec: rekor, types/hashedrekord/v0.0.1, types/dsse/v0.0.1

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use serde::Deserialize;

use crate::instance::base64_json::Base64;
use crate::instance::{PublicKey, Refusal, pem};
use crate::json::Json;
use crate::key::{Hash, Key};
use crate::make::pae;
use crate::text::{self, base64, hex};

/// Signatures in an envelope.
const SIGNATURES: usize = 16;

/// ProposedEntry. Members that are not known are passed over, as the real server does.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ProposedJson {
    api_version: String,
    kind: String,
    spec: serde_json::Value,
}

#[derive(Deserialize)]
struct HashedRekordJson {
    data: DataJson,
    signature: SignatureJson,
}

#[derive(Deserialize)]
struct DataJson {
    hash: HashJson,
}

#[derive(Deserialize)]
struct HashJson {
    algorithm: String,
    value: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct SignatureJson {
    content: Base64,
    public_key: KeyJson,
}

#[derive(Deserialize)]
struct KeyJson {
    content: Base64,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct DsseJson {
    proposed_content: ContentJson,
}

#[derive(Deserialize)]
struct ContentJson {
    envelope: String,
    verifiers: Vec<Base64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct EnvelopeJson {
    payload: String,
    payload_type: String,
    signatures: Vec<SigJson>,
}

#[derive(Deserialize)]
struct SigJson {
    sig: String,
}

/// An entry whose signatures were found good.
#[derive(Clone, Debug)]
pub(super) struct Proposal {
    kind: &'static str,
    spec: Json,
}

/// A key or a certificate.
#[derive(Clone, Debug)]
struct Verifier {
    label: &'static str,
    der: Vec<u8>,
    key: PublicKey,
}

impl Proposal {
    /// Reads a proposed entry, and checks the signatures in it.
    pub(super) fn from_json(request: &[u8]) -> Result<Self, Refusal> {
        let proposed: ProposedJson = serde_json::from_slice(request).map_err(shape)?;
        match (proposed.kind.as_str(), proposed.api_version.as_str()) {
            ("hashedrekord", "0.0.1") => {
                let entry = serde_json::from_value(proposed.spec).map_err(shape)?;
                Self::hashedrekord(entry)
            }
            ("dsse", "0.0.1") => {
                let entry = serde_json::from_value(proposed.spec).map_err(shape)?;
                Self::dsse(entry)
            }
            _ => Err(bad("wanted kind hashedrekord or dsse, version 0.0.1")),
        }
    }

    fn hashedrekord(entry: HashedRekordJson) -> Result<Self, Refusal> {
        let HashJson { algorithm, value } = entry.data.hash;
        let hashes = [Hash::Sha256, Hash::Sha384, Hash::Sha512];
        let hash = hashes.into_iter().find(|hash| hash.name() == algorithm);
        let hash = hash.ok_or_else(|| bad("wanted sha256, sha384 or sha512"))?;
        let digest = unhex(&value).filter(|digest| digest.len() == hash.len());
        let digest = digest.ok_or_else(|| bad("invalid value for hash"))?;
        let verifier = Verifier::from_pem(&entry.signature.public_key.content.0)?;
        let Base64(signature) = entry.signature.content;
        if !verifier.key.signed_digest(hash, &digest, &signature) {
            return Err(bad("verifying signature: it is not of this key and digest"));
        }
        Ok(Self {
            kind: "hashedrekord",
            spec: hashedrekord_spec(hash, &value, &signature, &verifier.pem()),
        })
    }

    /// Every signature has a verifier, and every verifier a signature.
    fn dsse(entry: DsseJson) -> Result<Self, Refusal> {
        let ContentJson {
            envelope,
            verifiers,
        } = entry.proposed_content;
        let parsed: EnvelopeJson = serde_json::from_str(&envelope).map_err(shape)?;
        let payload = either_base64(&parsed.payload).ok_or_else(|| bad("payload is not base64"))?;
        let message = pae(&parsed.payload_type, &payload);
        let count = parsed.signatures.len();
        if !(1..=SIGNATURES).contains(&count) || verifiers.len() > count {
            return Err(bad(
                "wanted up to 16 signatures, and no verifier without one",
            ));
        }
        let mut signatures: Vec<(String, Option<Verifier>)> = parsed
            .signatures
            .into_iter()
            .map(|it| (it.sig, None))
            .collect();
        for Base64(text) in &verifiers {
            let verifier = Verifier::from_pem(text)?;
            let mut found = false;
            for (sig, its) in &mut signatures {
                if verifier.signed(&message, sig) {
                    *its = Some(verifier.clone());
                    found = true;
                }
            }
            if !found {
                return Err(bad("could not verify envelope: a key has no signature"));
            }
        }
        let signatures: Option<Vec<(String, Verifier)>> = signatures
            .into_iter()
            .map(|(sig, its)| Some((sig, its?)))
            .collect();
        let unverified = || bad("all signatures must have a key that verifies it");
        let mut signatures = signatures.ok_or_else(unverified)?;
        signatures.sort_by(|(a, _), (b, _)| a.cmp(b));
        Ok(Self {
            kind: "dsse",
            spec: dsse_spec(envelope.as_bytes(), &payload, &signatures),
        })
    }

    /// What somebody else might have logged.
    pub(super) fn of(key: &Key) -> Self {
        let (hash, message) = (key.scheme.hash(), b"something else");
        let value = hex(&hash.of(message));
        let pem = text::pem("PUBLIC KEY", &key.spki());
        Self {
            kind: "hashedrekord",
            spec: hashedrekord_spec(hash, &value, &key.sign(message), &pem),
        }
    }

    /// What is logged.
    pub(super) fn body(self) -> Json {
        Json::object([
            ("apiVersion", Json::text("0.0.1")),
            ("kind", Json::text(self.kind)),
            ("spec", self.spec),
        ])
    }
}

impl Verifier {
    fn from_pem(bytes: &[u8]) -> Result<Self, Refusal> {
        let read = || {
            let (label, der) = pem::read(bytes)?;
            let (label, key) = match label {
                "CERTIFICATE" => ("CERTIFICATE", PublicKey::from_certificate(&der)?),
                "PUBLIC KEY" => ("PUBLIC KEY", PublicKey::from_spki(&der)?),
                _ => return None,
            };
            Some(Self { label, der, key })
        };
        read().ok_or_else(|| bad("the public key is not one key or certificate in PEM"))
    }

    fn pem(&self) -> String {
        text::pem(self.label, &self.der)
    }

    /// With SHA-256 for every key that signs a hash, as the real server has it.
    fn signed(&self, message: &[u8], sig: &str) -> bool {
        either_base64(sig).is_some_and(|sig| self.key.signed(Hash::Sha256, message, &sig))
    }
}

fn hashedrekord_spec(hash: Hash, value: &str, signature: &[u8], pem: &str) -> Json {
    let hash = Json::object([
        ("algorithm", Json::text(hash.name())),
        ("value", Json::text(value)),
    ]);
    let key = Json::object([("content", Json::bytes(pem))]);
    let signature = Json::object([("content", Json::bytes(signature)), ("publicKey", key)]);
    Json::object([
        ("data", Json::object([("hash", hash)])),
        ("signature", signature),
    ])
}

fn dsse_spec(envelope: &[u8], payload: &[u8], signatures: &[(String, Verifier)]) -> Json {
    let sha256 = |bytes: &[u8]| {
        Json::object([
            ("algorithm", Json::text("sha256")),
            ("value", Json::text(hex(&Hash::Sha256.of(bytes)))),
        ])
    };
    let signature = |(sig, verifier): &(String, Verifier)| {
        Json::object([
            ("signature", Json::text(sig)),
            ("verifier", Json::text(base64(verifier.pem().as_bytes()))),
        ])
    };
    Json::object([
        ("envelopeHash", sha256(envelope)),
        ("payloadHash", sha256(payload)),
        (
            "signatures",
            Json::List(signatures.iter().map(signature).collect()),
        ),
    ])
}

/// The bytes of hexadecimal text, of either case.
pub(super) fn unhex(text: &str) -> Option<Vec<u8>> {
    let digit = |byte: u8| {
        char::from(byte)
            .to_digit(16)
            .and_then(|it| u8::try_from(it).ok())
    };
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    let bytes = pairs
        .iter()
        .map(|[high, low]| Some(digit(*high)? << 4 | digit(*low)?));
    rest.is_empty().then(|| bytes.collect())?
}

/// Base64 of either alphabet. Spec: dsse, envelope
fn either_base64(text: &str) -> Option<Vec<u8>> {
    STANDARD
        .decode(text)
        .or_else(|_| URL_SAFE.decode(text))
        .ok()
}

fn shape(error: serde_json::Error) -> Refusal {
    bad(&error.to_string())
}

fn bad(what: &str) -> Refusal {
    Refusal::bad_request(format!("error processing entry: {what}"))
}
