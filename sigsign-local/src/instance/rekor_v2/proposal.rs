//! What version 2 of the log is asked to log.
//!
//! Spec: rekor-v2 6.1

use serde::Deserialize;

use crate::instance::base64_json::Base64;
use crate::instance::{PublicKey, PublicKeyKind, Refusal};
use crate::json::Json;
use crate::key::{Hash, Key};

/// CreateEntryRequest. Fields that are `null` are not there, as proto3 JSON has it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct RequestJson {
    hashed_rekord_request_v002: Option<HashedRekordJson>,
    dsse_request_v002: Option<serde_json::Value>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct HashedRekordJson {
    digest: Option<Base64>,
    signature: Option<SignatureJson>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SignatureJson {
    content: Option<Base64>,
    verifier: Option<VerifierJson>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct VerifierJson {
    public_key: Option<RawJson>,
    x509_certificate: Option<RawJson>,
    key_details: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct RawJson {
    raw_bytes: Option<Base64>,
}

/// A signature that was found good.
#[derive(Clone, Debug)]
pub(super) struct Proposal {
    hash: Hash,
    digest: Vec<u8>,
    signature: Vec<u8>,
    /// `publicKey` or `x509Certificate`, and its bytes.
    verifier: (&'static str, Vec<u8>),
    details: &'static str,
}

impl Proposal {
    /// Reads a request, and checks the signature in it.
    ///
    /// What is wrong with the meaning is not told, as the public server does not.
    pub(super) fn from_json(request: &[u8]) -> Result<Self, Refusal> {
        let request: RequestJson = serde_json::from_slice(request)
            .map_err(|error| Refusal::bad_request(format!("not a request: {error}")))?;
        // The public server has no other type any more, and says so.
        let types = (
            request.hashed_rekord_request_v002,
            request.dsse_request_v002,
        );
        let (Some(known), None) = types else {
            let text = "invalid type, must be hashedrekord";
            return Err(Refusal::bad_request(text));
        };
        Self::check(known).ok_or_else(|| Refusal::bad_request("invalid hashedrekord request"))
    }

    fn check(request: HashedRekordJson) -> Option<Self> {
        let Base64(digest) = request.digest?;
        let signature = request.signature?;
        let Base64(content) = signature.content?;
        let verifier = signature.verifier?;
        let named = verifier.key_details?;
        let (name, der) = match (verifier.public_key, verifier.x509_certificate) {
            (Some(key), None) => ("publicKey", key.raw_bytes?.0),
            (None, Some(certificate)) => ("x509Certificate", certificate.raw_bytes?.0),
            _ => return None,
        };
        let key = match name {
            "publicKey" => PublicKey::from_spki(&der)?,
            _ => PublicKey::from_certificate(&der)?,
        };
        let (details, hash) = details(key.kind()).filter(|(details, _)| *details == named)?;
        key.signed_digest(hash, &digest, &content).then_some(Self {
            hash,
            digest,
            signature: content,
            verifier: (name, der),
            details,
        })
    }

    /// What somebody else might have logged.
    pub(super) fn of(key: &Key) -> Self {
        let hash = key.scheme.hash();
        let message = b"something else";
        Self {
            hash,
            digest: hash.of(message),
            signature: key.sign(message),
            verifier: ("publicKey", key.spki()),
            details: key.scheme.details(),
        }
    }

    /// The entry: HashedRekordLogEntryV002.
    ///
    /// Spec: rekor-v2 4.3
    pub(super) fn body(&self) -> Json {
        let data = Json::object([
            ("algorithm", Json::text(self.hash.proto_name())),
            ("digest", Json::bytes(&self.digest)),
        ]);
        let (name, der) = &self.verifier;
        let verifier = Json::object([
            ("keyDetails", Json::text(self.details)),
            (name, Json::object([("rawBytes", Json::bytes(der))])),
        ]);
        let signature = Json::object([
            ("content", Json::bytes(&self.signature)),
            ("verifier", verifier),
        ]);
        let inner = Json::object([("data", data), ("signature", signature)]);
        Json::object([
            ("apiVersion", Json::text("0.0.2")),
            ("kind", Json::text("hashedrekord")),
            ("spec", Json::object([("hashedRekordV002", inner)])),
        ])
    }
}

/// How the log takes signatures of a kind of key: what the public server is configured with.
fn details(kind: PublicKeyKind) -> Option<(&'static str, Hash)> {
    Some(match kind {
        PublicKeyKind::P256 => ("PKIX_ECDSA_P256_SHA_256", Hash::Sha256),
        PublicKeyKind::P384 => ("PKIX_ECDSA_P384_SHA_384", Hash::Sha384),
        PublicKeyKind::P521 => ("PKIX_ECDSA_P521_SHA_512", Hash::Sha512),
        PublicKeyKind::Ed25519 => ("PKIX_ED25519_PH", Hash::Sha512),
        PublicKeyKind::Rsa(2048) => ("PKIX_RSA_PKCS1V15_2048_SHA256", Hash::Sha256),
        PublicKeyKind::Rsa(3072) => ("PKIX_RSA_PKCS1V15_3072_SHA256", Hash::Sha256),
        PublicKeyKind::Rsa(4096) => ("PKIX_RSA_PKCS1V15_4096_SHA256", Hash::Sha256),
        PublicKeyKind::Rsa(_) => return None,
    })
}
