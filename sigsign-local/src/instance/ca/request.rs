//! What a client asks to be certified, and how it proves that the key is its own.
//!
//! Spec: fulcio.proto, CreateSigningCertificateRequest; RFC 2986

use serde::Deserialize;

use super::principal::Principal;
use crate::der;
use crate::instance::asn1::Asn1;
use crate::instance::base64_json::Base64;
use crate::instance::{PublicKey, Refusal};
use crate::key::Hash;

/// A key, and the proof that the client has its private half.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum SigningRequest {
    /// A public key, PEM or DER, and a signature over who the token names.
    Challenge {
        /// PEM or DER of the SubjectPublicKeyInfo.
        key: Vec<u8>,
        /// The signature.
        proof: Vec<u8>,
    },
    /// A CertificationRequest, PEM or DER, of which only the key counts.
    Csr(Vec<u8>),
}

/// What is in a request.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) token: Option<String>,
    pub(super) request: SigningRequest,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RequestJson {
    #[serde(default)]
    credentials: Option<CredentialsJson>,
    #[serde(default, rename = "publicKeyRequest", alias = "public_key_request")]
    public_key_request: Option<KeyRequestJson>,
    #[serde(
        default,
        rename = "certificateSigningRequest",
        alias = "certificate_signing_request"
    )]
    csr: Option<Base64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CredentialsJson {
    #[serde(default, rename = "oidcIdentityToken", alias = "oidc_identity_token")]
    token: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct KeyRequestJson {
    #[serde(rename = "publicKey", alias = "public_key")]
    public_key: KeyJson,
    #[serde(rename = "proofOfPossession", alias = "proof_of_possession")]
    proof: Base64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct KeyJson {
    /// Said by the key itself; older servers wanted it.
    #[serde(default, rename = "algorithm")]
    _algorithm: serde::de::IgnoredAny,
    content: String,
}

/// Spec: Fulcio's API of version 1
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RequestV1Json {
    #[serde(default, rename = "publicKey")]
    public_key: Option<KeyV1Json>,
    #[serde(default, rename = "signedEmailAddress")]
    proof: Option<Base64>,
    #[serde(default, rename = "certificateSigningRequest")]
    csr: Option<Base64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct KeyV1Json {
    #[serde(default, rename = "algorithm")]
    _algorithm: serde::de::IgnoredAny,
    content: Base64,
}

impl Asked {
    pub(super) fn v2(json: &[u8]) -> Result<Self, Refusal> {
        let bad = |error| Refusal::bad_request(format!("not a request: {error}"));
        let request: RequestJson = serde_json::from_slice(json).map_err(bad)?;
        let token = request.credentials.and_then(|it| it.token);
        let request = match (request.public_key_request, request.csr) {
            (Some(asked), None) => SigningRequest::Challenge {
                key: asked.public_key.content.into_bytes(),
                proof: asked.proof.0,
            },
            (None, Some(Base64(csr))) => SigningRequest::Csr(csr),
            _ => return Err(one_of_two()),
        };
        let token = token.filter(|it| !it.is_empty());
        Ok(Self { token, request })
    }

    pub(super) fn v1(json: &[u8]) -> Result<SigningRequest, Refusal> {
        let bad = |error| Refusal::bad_request(format!("not a request: {error}"));
        let request: RequestV1Json = serde_json::from_slice(json).map_err(bad)?;
        match (request.public_key, request.proof, request.csr) {
            (Some(key), Some(Base64(proof)), None) => Ok(SigningRequest::Challenge {
                key: key.content.0,
                proof,
            }),
            (None, None, Some(Base64(csr))) => Ok(SigningRequest::Csr(csr)),
            _ => Err(one_of_two()),
        }
    }
}

fn one_of_two() -> Refusal {
    Refusal::bad_request("wanted a public key with a proof of possession, or a certificate request")
}

impl SigningRequest {
    /// The key, if the client has the private half.
    ///
    /// Spec: fulcio-spec 3
    pub(super) fn proven(&self, principal: &Principal) -> Result<PublicKey, Refusal> {
        match self {
            Self::Challenge { key, proof } => {
                let spki = der_of(key, "PUBLIC KEY");
                let key = spki.as_deref().and_then(PublicKey::from_spki);
                let key = key.ok_or_else(|| {
                    Refusal::bad_request("wanted a public key: ECDSA, Ed25519 or RSA")
                })?;
                let signed = |text: &String| key.signed(key.hash(), text.as_bytes(), proof);
                if principal.challenges.iter().any(signed) {
                    Ok(key)
                } else {
                    Err(Refusal::bad_request(
                        "the proof of possession is no signature of the key over the token's subject",
                    ))
                }
            }
            Self::Csr(csr) => {
                let csr = der_of(csr, "CERTIFICATE REQUEST");
                let key = csr.as_deref().and_then(key_of_csr);
                key.ok_or_else(|| {
                    Refusal::bad_request("wanted a certificate request that its own key has signed")
                })
            }
        }
    }
}

/// DER, from PEM with this label or as it is.
fn der_of(bytes: &[u8], label: &str) -> Option<Vec<u8>> {
    use base64::Engine as _;
    let Some(text) = str::from_utf8(bytes).ok().filter(|it| it.contains("-----")) else {
        return Some(bytes.to_vec());
    };
    let body = text
        .trim_ascii()
        .strip_prefix(&format!("-----BEGIN {label}-----"))?
        .strip_suffix(&format!("-----END {label}-----"))?;
    let body: String = body.lines().map(str::trim_ascii).collect();
    base64::engine::general_purpose::STANDARD.decode(body).ok()
}

/// The key of a CertificationRequest, if it has signed it.
///
/// Spec: RFC 2986 4
fn key_of_csr(der: &[u8]) -> Option<PublicKey> {
    let mut request = Asn1::only(der, 0x30)?;
    let info = request.value(0x30)?;
    let algorithm = request.value(0x30)?.whole;
    let (unused, signature) = request.value(0x03)?.content.split_first()?;
    let mut fields = Asn1::new(info.content);
    let version = fields.value(0x02)?.content;
    fields.value(0x30)?;
    let key = PublicKey::from_spki(fields.value(0x30)?.whole)?;
    let attributes = fields.value(0xa0).is_some();
    let whole = request.is_empty() && fields.is_empty() && attributes;
    let hash = signature_hash(algorithm)?;
    let good = whole && version == [0] && *unused == 0 && key.signed(hash, info.whole, signature);
    good.then_some(key)
}

/// The hash of a signature's algorithm; Ed25519 has one of its own.
///
/// Spec: RFC 5758 3.2; RFC 8410 3; RFC 8017 A.2
fn signature_hash(algorithm: &[u8]) -> Option<Hash> {
    let mut fields = Asn1::only(algorithm, 0x30)?;
    let oid = fields.value(0x06)?.whole;
    [
        ("1.2.840.10045.4.3.2", Hash::Sha256),
        ("1.2.840.10045.4.3.3", Hash::Sha384),
        ("1.2.840.10045.4.3.4", Hash::Sha512),
        ("1.3.101.112", Hash::Sha512),
        ("1.2.840.113549.1.1.11", Hash::Sha256),
        ("1.2.840.113549.1.1.12", Hash::Sha384),
        ("1.2.840.113549.1.1.13", Hash::Sha512),
    ]
    .into_iter()
    .find_map(|(dotted, hash)| (oid == der::oid(dotted)).then_some(hash))
}
