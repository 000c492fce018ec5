use super::wire::{AuthorityJson, LogIdJson, LogJson, RangeJson, TrustedRootJson};
use super::{Authority, Inner, Log, Source, TrustedRootError};
use crate::crypto::{KeyKind, PublicKey, Scheme, sha256};
use crate::json::fields::Path;
use crate::json::wire::{self, List, Object, Text};
use crate::json::{self, FieldError};
use crate::limits;
use crate::time::Validity;
use crate::x509::Certificate;

pub(super) fn trusted_root(json: &[u8], source: Source) -> Result<Inner, TrustedRootError> {
    if json.len() > limits::TRUSTED_ROOT_BYTES {
        return Err(TrustedRootError::TooLarge {
            cap: limits::TRUSTED_ROOT_BYTES,
        });
    }
    let json = json::check(json).map_err(TrustedRootError::Json)?;
    let Object(root): Object<TrustedRootJson<'_>> =
        wire::read(json).map_err(TrustedRootError::Shape)?;
    let media_type = root.media_type.as_ref().map(Text::as_str);
    if !media_type.is_some_and(|media_type| MEDIA_TYPES.contains(&media_type)) {
        return Err(TrustedRootError::MediaType {
            found: media_type.map(str::to_owned),
        });
    }
    Ok(Inner {
        source,
        logs: each("tlogs", root.tlogs, log)?
            .into_iter()
            .flatten()
            .collect(),
        ct_logs: each("ctlogs", root.ctlogs, log)?
            .into_iter()
            .flatten()
            .collect(),
        certificate_authorities: each(
            "certificateAuthorities",
            root.certificate_authorities,
            authority,
        )?,
        timestamp_authorities: each(
            "timestampAuthorities",
            root.timestamp_authorities,
            authority,
        )?,
    })
}

fn each<J, T, const CAP: usize>(
    name: &'static str,
    list: Option<List<Object<J>, CAP>>,
    read: impl Fn(&Path<'_>, &J) -> Result<T, TrustedRootError>,
) -> Result<Vec<T>, TrustedRootError> {
    let list = elements(name, list.as_ref())?;
    let at = Path::ROOT;
    let at = at.name(name);
    list.iter()
        .enumerate()
        .map(|(index, item)| read(&at.index(index), item))
        .collect()
}

/// The elements of a list that may be absent, unless they are over its cap.
fn elements<'l, T, const CAP: usize>(
    what: &'static str,
    list: Option<&'l List<T, CAP>>,
) -> Result<&'l [T], TrustedRootError> {
    let list = list.map_or(Ok([].as_slice()), List::within_cap);
    list.map_err(|found| TrustedRootError::Cap {
        what,
        cap: CAP,
        found,
    })
}

/// A log; `None` if its key is of a kind that is known and not supported: nothing that it signs
/// can verify, and the rest of the root is as good without it.
fn log(at: &Path<'_>, json: &LogJson<'_>) -> Result<Option<Log>, TrustedRootError> {
    let base_url = json.base_url.as_ref().map_or("", Text::as_str).to_owned();
    // The tree's own hash: RFC 6962 has no other
    match json.hash_algorithm.as_ref().map(Text::as_str) {
        None | Some("SHA2_256" | "HASH_ALGORITHM_UNSPECIFIED") => {}
        Some(_) => return Err(at.name("hashAlgorithm").error("SHA2_256").into()),
    }
    let key_at = at.name("publicKey");
    let key = key_at.required(json.public_key.as_ref())?;
    let spki = key_at.name("rawBytes").some_bytes(key.raw_bytes.as_ref())?;
    let details = key_at.name("keyDetails").text(key.key_details.as_ref())?;
    if UNSUPPORTED_DETAILS.contains(&details) {
        return Ok(None);
    }
    let (key_decoded, scheme) =
        declared_key(&spki, details).ok_or_else(|| wrong_key(&key_at, details))?;
    let id = log_id(&at.name("logId"), json.log_id.as_ref())?;
    let checkpoint_at = at.name("checkpointKeyId");
    let checkpoint_id = log_id(&checkpoint_at, json.checkpoint_key_id.as_ref())?;
    Ok(Some(Log {
        operator: operator(json.operator.as_ref(), &base_url),
        // What log_id is defined as; it may be left out, and will be.
        id: id.unwrap_or_else(|| sha256(key_decoded.spki()).to_vec()),
        checkpoint_key_id: checkpoint_id
            .as_deref()
            .map(|id| checkpoint_key_id(&checkpoint_at, id))
            .transpose()?,
        checkpoint_id,
        key: key_decoded,
        scheme,
        validity: time_range(&key_at.name("validFor"), key.valid_for.as_ref())?,
        base_url,
    }))
}

/// Decodes a key, which must be of the kind that is declared (TOB-6).
///
/// The deprecated details say less than the registry's: the key's size says the rest.
///
/// Spec: common.proto, PublicKeyDetails
fn declared_key(bytes: &[u8], details: &str) -> Option<(PublicKey, Scheme)> {
    let (key, details) = match details {
        "PKCS1_RSA_PKCS1V5" => (PublicKey::from_rsa(bytes).ok()?, "PKIX_RSA_PKCS1V5"),
        "PKCS1_RSA_PSS" => (PublicKey::from_rsa(bytes).ok()?, "PKIX_RSA_PSS"),
        other => (PublicKey::from_spki(bytes).ok()?, other),
    };
    let scheme = match (details, key.kind()) {
        ("PKIX_RSA_PKCS1V5", KeyKind::Rsa { bits: 2048 }) => Scheme::RsaPkcs1With2048Sha256,
        ("PKIX_RSA_PKCS1V5", KeyKind::Rsa { bits: 3072 }) => Scheme::RsaPkcs1With3072Sha256,
        ("PKIX_RSA_PKCS1V5", KeyKind::Rsa { bits: 4096 }) => Scheme::RsaPkcs1With4096Sha256,
        ("PKIX_RSA_PSS", KeyKind::Rsa { bits: 2048 }) => Scheme::RsaPssWith2048Sha256,
        ("PKIX_RSA_PSS", KeyKind::Rsa { bits: 3072 }) => Scheme::RsaPssWith3072Sha256,
        ("PKIX_RSA_PSS", KeyKind::Rsa { bits: 4096 }) => Scheme::RsaPssWith4096Sha256,
        ("PKIX_ECDSA_P256_HMAC_SHA_256", KeyKind::P256) => Scheme::EcdsaP256Sha256,
        _ => Scheme::from_key_details(details)?,
    };
    scheme.accepts(key.kind()).then_some((key, scheme))
}

fn wrong_key(at: &Path<'_>, declared: &str) -> TrustedRootError {
    TrustedRootError::Key {
        path: at.to_string(),
        declared: declared.to_owned(),
    }
}

/// An identifier; empty is absent.
fn log_id(
    at: &Path<'_>,
    json: Option<&Object<LogIdJson<'_>>>,
) -> Result<Option<Vec<u8>>, FieldError> {
    let text = json.and_then(|id| id.key_id.as_ref());
    let id = at.name("keyId").bytes(text)?;
    Ok((!id.is_empty()).then_some(id))
}

/// The first four bytes of what the root gives, which is what notes carry.
///
/// Spec: trustroot.proto, checkpoint_key_id
fn checkpoint_key_id(at: &Path<'_>, id: &[u8]) -> Result<[u8; 4], FieldError> {
    id.first_chunk::<4>()
        .copied()
        .ok_or_else(|| at.error("at least 4 bytes"))
}

fn authority(at: &Path<'_>, json: &AuthorityJson<'_>) -> Result<Authority, TrustedRootError> {
    let uri = json.uri.as_ref().map_or("", Text::as_str).to_owned();
    let chain_at = at.name("certChain");
    let list_at = chain_at.name("certificates");
    let chain = json.cert_chain.as_ref();
    let list = elements(
        "certificates in a chain",
        chain.and_then(|chain| chain.certificates.as_ref()),
    )?;
    if list.is_empty() {
        return Err(list_at.error("at least one certificate").into());
    }
    let mut chain = Vec::with_capacity(list.len());
    for (index, certificate) in list.iter().enumerate() {
        let at = list_at.index(index);
        let der = at
            .name("rawBytes")
            .some_bytes(certificate.raw_bytes.as_ref())?;
        let certificate =
            Certificate::from_der(&der).map_err(|problem| TrustedRootError::Certificate {
                path: at.to_string(),
                problem,
            })?;
        chain.push(certificate);
    }
    Ok(Authority {
        operator: operator(json.operator.as_ref(), &uri),
        chain,
        validity: time_range(&at.name("validFor"), json.valid_for.as_ref())?,
        uri,
    })
}

/// V62: the start is required; the end is not.
pub(super) fn time_range(
    at: &Path<'_>,
    json: Option<&Object<RangeJson<'_>>>,
) -> Result<Validity, FieldError> {
    let range = at.required(json)?;
    let start = at.name("start").time(range.start.as_ref())?;
    let end = range
        .end
        .as_ref()
        .map(|end| at.name("end").time(Some(end)))
        .transpose()?;
    Ok(Validity::new(start, end))
}

/// Who runs a service: what the root says, else the host of its URL.
pub(super) fn operator(named: Option<&Text<'_>>, url: &str) -> String {
    match named.map(Text::as_str) {
        Some(name) if !name.is_empty() => name.to_owned(),
        _ => {
            let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
            rest.split(['/', '?', '#'])
                .next()
                .unwrap_or(rest)
                .to_owned()
        }
    }
}

/// Kinds of keys that the registry has and that no service uses yet, or any longer.
const UNSUPPORTED_DETAILS: [&str; 5] = [
    "LMS_SHA256",
    "LMOTS_SHA256",
    "ML_DSA_44",
    "ML_DSA_65",
    "ML_DSA_87",
];

const MEDIA_TYPES: [&str; 3] = [
    "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
    "application/vnd.dev.sigstore.trustedroot.v0.1+json",
    "application/vnd.dev.sigstore.trustedroot.v0.2+json",
];
