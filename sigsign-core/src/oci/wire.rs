//! The JSON of manifests, of what registries answer, and of signatures before bundles.
//!
//! Members that are not named here are passed over, as the specifications ask for.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::credentials::{AuthFile, Entry};
use super::error::ManifestError;
use super::legacy::{Promise, SimpleSigning};
use super::manifest::{self, Descriptor, Document, Index, Manifest, Platform};
use super::reference;
use crate::encoding::{base64_decode, hex_decode};
use crate::json;
use crate::json::wire::{List, Object, Text, read};
use crate::limits;

type Annotations<'a> = BTreeMap<String, Text<'a>>;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct DocumentJson<'a> {
    schema_version: Option<i64>,
    #[serde(borrow)]
    media_type: Option<Text<'a>>,
    #[serde(borrow)]
    artifact_type: Option<Text<'a>>,
    #[serde(borrow)]
    config: Option<Object<DescriptorJson<'a>>>,
    #[serde(borrow)]
    layers: Option<List<Object<DescriptorJson<'a>>, { limits::MANIFEST_LAYERS }>>,
    #[serde(borrow)]
    manifests: Option<List<Object<DescriptorJson<'a>>, { limits::INDEX_MEMBERS }>>,
    #[serde(borrow)]
    subject: Option<Object<DescriptorJson<'a>>>,
    #[serde(borrow)]
    annotations: Option<Annotations<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct DescriptorJson<'a> {
    #[serde(borrow)]
    media_type: Text<'a>,
    #[serde(borrow)]
    digest: Text<'a>,
    size: u64,
    #[serde(borrow)]
    artifact_type: Option<Text<'a>>,
    #[serde(borrow)]
    annotations: Option<Annotations<'a>>,
    #[serde(borrow)]
    platform: Option<Object<PlatformJson<'a>>>,
}

#[derive(Deserialize)]
struct PlatformJson<'a> {
    #[serde(borrow)]
    os: Text<'a>,
    #[serde(borrow)]
    architecture: Text<'a>,
    #[serde(borrow)]
    variant: Option<Text<'a>>,
}

pub(super) fn document(media_type: &str, json: &[u8]) -> Result<Document, ManifestError> {
    let json = json::check(json).map_err(ManifestError::Json)?;
    let Object(found): Object<DocumentJson<'_>> = read(json).map_err(ManifestError::Shape)?;
    let version = found.schema_version.unwrap_or(0);
    if version != 2 {
        return Err(ManifestError::Version { found: version });
    }
    // image-spec, manifest.md: mediaType must be what the registry says, if it is there
    if let Some(itself) = found
        .media_type
        .as_ref()
        .filter(|it| it.as_str() != media_type)
    {
        return Err(ManifestError::MediaType {
            want: media_type.to_owned(),
            found: itself.as_str().to_owned(),
        });
    }
    let subject = found.subject.as_deref().map(descriptor).transpose()?;
    match manifest::is_index(media_type) {
        Some(true) => {
            if found.config.is_some() || found.layers.is_some() {
                return Err(ManifestError::Ambiguous);
            }
            let members = "members of an index";
            Ok(Document::Index(Index {
                members: descriptors(members, found.manifests.as_ref())?,
                subject: subject.map(Box::new),
            }))
        }
        _ if found.manifests.is_some() => Err(ManifestError::Ambiguous),
        _ => {
            let missing = |missing| ManifestError::Incomplete { missing };
            let config = found.config.as_deref().ok_or_else(|| missing("a config"))?;
            Ok(Document::Manifest(Box::new(Manifest {
                artifact_type: text(found.artifact_type),
                config: descriptor(config)?,
                layers: descriptors("layers", found.layers.as_ref())?,
                subject,
                annotations: annotations(found.annotations.as_ref())?,
            })))
        }
    }
}

fn descriptors<const CAP: usize>(
    what: &'static str,
    list: Option<&List<Object<DescriptorJson<'_>>, CAP>>,
) -> Result<Vec<Descriptor>, ManifestError> {
    let list = list.ok_or(ManifestError::Incomplete { missing: what })?;
    let list = list
        .within_cap()
        .map_err(|_| ManifestError::Cap { what, cap: CAP })?;
    list.iter().map(|it| descriptor(it)).collect()
}

fn descriptor(json: &DescriptorJson<'_>) -> Result<Descriptor, ManifestError> {
    let digest = reference::digest(json.digest.as_str()).ok_or_else(|| ManifestError::Digest {
        found: json.digest.as_str().to_owned(),
    })?;
    Ok(Descriptor {
        media_type: json.media_type.as_str().to_owned(),
        digest,
        size: json.size,
        artifact_type: json.artifact_type.as_ref().map(|it| it.as_str().to_owned()),
        annotations: annotations(json.annotations.as_ref())?,
        platform: json.platform.as_ref().map(|it| Platform {
            os: it.os.as_str().to_owned(),
            architecture: it.architecture.as_str().to_owned(),
            variant: it.variant.as_ref().map(|it| it.as_str().to_owned()),
        }),
    })
}

fn annotations(json: Option<&Annotations<'_>>) -> Result<BTreeMap<String, String>, ManifestError> {
    let Some(json) = json else {
        return Ok(BTreeMap::new());
    };
    if json.len() > limits::ANNOTATIONS {
        let (what, cap) = ("annotations", limits::ANNOTATIONS);
        return Err(ManifestError::Cap { what, cap });
    }
    let one = |(name, value): (&String, &Text<'_>)| (name.clone(), value.as_str().to_owned());
    Ok(json.iter().map(one).collect())
}

fn text(text: Option<Text<'_>>) -> Option<String> {
    text.map(|it| it.0.into_owned())
}

#[derive(Deserialize)]
struct ErrorsJson<'a> {
    #[serde(borrow)]
    errors: List<Object<ErrorJson<'a>>, 16>,
}

#[derive(Deserialize)]
struct ErrorJson<'a> {
    #[serde(borrow)]
    code: Option<Text<'a>>,
    #[serde(borrow)]
    message: Option<Text<'a>>,
}

/// What a registry says when it says no: code and message of its first error.
///
/// Spec: distribution-spec, Error Codes
pub(super) fn refusal(body: &[u8]) -> Option<String> {
    let json = json::check(body).ok()?;
    let Object(found): Object<ErrorsJson<'_>> = read(json).ok()?;
    let first = found.errors.within_cap().ok()?.first()?;
    let parts = [first.code.as_ref(), first.message.as_ref()];
    let parts: Vec<&str> = parts.into_iter().flatten().map(Text::as_str).collect();
    Some(parts.join(": "))
}

#[derive(Deserialize)]
struct TokenJson<'a> {
    #[serde(borrow)]
    token: Option<Text<'a>>,
    #[serde(borrow)]
    access_token: Option<Text<'a>>,
}

/// The token in the answer of a token service.
///
/// Spec: distribution, Token Authentication Specification
pub(super) fn token(body: &[u8]) -> Option<String> {
    let json = json::check(body).ok()?;
    let Object(found): Object<TokenJson<'_>> = read(json).ok()?;
    text(found.token.or(found.access_token)).filter(|it| !it.is_empty())
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct AuthFileJson<'a> {
    #[serde(borrow, default)]
    auths: BTreeMap<String, Object<AuthJson<'a>>>,
    #[serde(borrow, default)]
    cred_helpers: BTreeMap<String, Text<'a>>,
    #[serde(borrow)]
    creds_store: Option<Text<'a>>,
}

#[derive(Deserialize)]
struct AuthJson<'a> {
    #[serde(borrow)]
    auth: Option<Text<'a>>,
    #[serde(borrow)]
    username: Option<Text<'a>>,
    #[serde(borrow)]
    password: Option<Text<'a>>,
    #[serde(borrow)]
    identitytoken: Option<Text<'a>>,
}

/// The file in which Docker and Podman keep credentials, or `None` if it is none.
pub(super) fn auth_file(json: &[u8]) -> Option<AuthFile> {
    let json = json::check(json).ok()?;
    let Object(found): Object<AuthFileJson<'_>> = read(json).ok()?;
    let entries = found.auths.into_iter();
    let helpers = found.cred_helpers.into_iter();
    Some(AuthFile {
        entries: entries.map(|(name, it)| (name, entry(it.0))).collect(),
        helpers: helpers
            .map(|(name, it)| (name, it.0.into_owned()))
            .collect(),
        store: text(found.creds_store).filter(|it| !it.is_empty()),
    })
}

fn entry(json: AuthJson<'_>) -> Entry {
    let token = text(json.identitytoken).filter(|it| !it.is_empty());
    if let Some(token) = token {
        return Entry::Token(token);
    }
    let decoded = json.auth.filter(|it| !it.as_str().is_empty()).map(|it| {
        let bytes = base64_decode(it.as_str()).ok()?;
        let text = String::from_utf8(bytes).ok()?;
        let (user, secret) = text.split_once(':')?;
        // Docker ends some with a zero byte.
        let secret = secret.trim_end_matches('\0');
        Some((user.to_owned(), secret.to_owned()))
    });
    match (decoded, json.username, json.password) {
        (Some(Some((user, secret))), ..) => Entry::Basic(user, secret),
        (Some(None), ..) => Entry::Malformed,
        (None, Some(user), Some(secret)) => {
            Entry::Basic(user.0.into_owned(), secret.0.into_owned())
        }
        _ => Entry::Elsewhere,
    }
}

#[derive(Deserialize)]
struct HelperJson<'a> {
    #[serde(borrow, rename = "Username")]
    username: Text<'a>,
    #[serde(borrow, rename = "Secret")]
    secret: Text<'a>,
}

/// User and secret, as a credential helper of Docker prints them.
pub(super) fn helper(json: &[u8]) -> Option<(String, String)> {
    let json = json::check(json).ok()?;
    let Object(found): Object<HelperJson<'_>> = read(json).ok()?;
    Some((found.username.0.into_owned(), found.secret.0.into_owned()))
}

#[derive(Deserialize)]
struct SimpleSigningJson<'a> {
    #[serde(borrow)]
    critical: Object<CriticalJson<'a>>,
    #[serde(borrow)]
    optional: Option<BTreeMap<String, &'a serde_json::value::RawValue>>,
}

#[derive(Deserialize)]
struct CriticalJson<'a> {
    #[serde(borrow)]
    identity: Object<IdentityJson<'a>>,
    #[serde(borrow)]
    image: Object<ImageJson<'a>>,
    #[serde(borrow, rename = "type")]
    kind: Text<'a>,
}

#[derive(Deserialize)]
struct IdentityJson<'a> {
    #[serde(borrow, rename = "docker-reference")]
    reference: Option<Text<'a>>,
}

#[derive(Deserialize)]
struct ImageJson<'a> {
    #[serde(borrow, rename = "docker-manifest-digest")]
    digest: Text<'a>,
}

/// The payload of a signature before bundles; the error is in serde's words.
pub(super) fn simple_signing(json: &[u8]) -> Result<SimpleSigning, String> {
    let json = json::check(json).map_err(|error| error.to_string())?;
    let Object(found): Object<SimpleSigningJson<'_>> = read(json)?;
    let critical = found.critical.0;
    let string = |(name, raw): (String, &serde_json::value::RawValue)| {
        let value: Text<'_> = read(raw.get()).ok()?;
        Some((name, value.0.into_owned()))
    };
    Ok(SimpleSigning {
        kind: critical.kind.0.into_owned(),
        digest: critical.image.0.digest.0.into_owned(),
        reference: text(critical.identity.0.reference).unwrap_or_default(),
        annotations: found
            .optional
            .unwrap_or_default()
            .into_iter()
            .filter_map(string)
            .collect(),
    })
}

#[derive(Deserialize)]
struct PromiseJson<'a> {
    #[serde(borrow, rename = "SignedEntryTimestamp")]
    promise: Text<'a>,
    #[serde(borrow, rename = "Payload")]
    payload: Object<PromisedJson<'a>>,
}

#[derive(Deserialize)]
struct PromisedJson<'a> {
    #[serde(borrow)]
    body: Text<'a>,
    #[serde(rename = "integratedTime")]
    integrated_time: i64,
    #[serde(rename = "logIndex")]
    log_index: u64,
    #[serde(borrow, rename = "logID")]
    log_id: Text<'a>,
}

#[derive(Deserialize)]
struct KindJson<'a> {
    #[serde(borrow, rename = "apiVersion")]
    version: Text<'a>,
    #[serde(borrow)]
    kind: Text<'a>,
}

/// What a log promised, as it stands in the annotation of a layer.
pub(super) fn promise(json: &str) -> Option<Promise> {
    let json = json::check(json.as_bytes()).ok()?;
    let Object(found): Object<PromiseJson<'_>> = read(json).ok()?;
    let payload = found.payload.0;
    let body = base64_decode(payload.body.as_str()).ok()?;
    let Object(kind): Object<KindJson<'_>> = read(json::check(&body).ok()?).ok()?;
    Some(Promise {
        promise: base64_decode(found.promise.as_str()).ok()?,
        body: payload.body.0.into_owned(),
        integrated_time: payload.integrated_time,
        log_index: payload.log_index,
        log_id: hex_decode(payload.log_id.as_str())?,
        kind: (kind.kind.0.into_owned(), kind.version.0.into_owned()),
    })
}

#[derive(Deserialize)]
struct TimestampJson<'a> {
    #[serde(borrow, rename = "SignedRFC3161Timestamp")]
    token: Text<'a>,
}

/// The time stamp in the annotation of a layer.
pub(super) fn timestamp(json: &str) -> Option<Vec<u8>> {
    let Object(found): Object<TimestampJson<'_>> = read(json::check(json.as_bytes()).ok()?).ok()?;
    base64_decode(found.token.as_str()).ok()
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct EnvelopeJson<'a> {
    #[serde(borrow)]
    payload_type: Text<'a>,
    #[serde(borrow)]
    payload: Text<'a>,
    #[serde(borrow)]
    signatures: List<Object<SignatureJson<'a>>, { limits::DSSE_SIGNATURES }>,
}

#[derive(Deserialize)]
struct SignatureJson<'a> {
    #[serde(borrow)]
    keyid: Option<Text<'a>>,
    #[serde(borrow)]
    sig: Text<'a>,
}

/// An envelope that is no part of a bundle, with one signature.
///
/// Spec: dsse, envelope.md
pub(super) fn envelope(json: &[u8]) -> Option<crate::dsse::Envelope> {
    let Object(found): Object<EnvelopeJson<'_>> = read(json::check(json).ok()?).ok()?;
    let [signature] = found.signatures.within_cap().ok()? else {
        return None;
    };
    Some(crate::dsse::Envelope::new(
        found.payload_type.0.into_owned(),
        base64_decode(found.payload.as_str()).ok()?,
        base64_decode(signature.sig.as_str()).ok()?,
        signature.keyid.as_ref().map_or("", Text::as_str).to_owned(),
    ))
}

#[derive(Deserialize)]
struct AnnotatedJson<'a> {
    #[serde(borrow)]
    subject: Option<List<Object<AnnotatedSubjectJson<'a>>, { limits::SUBJECTS }>>,
}

#[derive(Deserialize)]
struct AnnotatedSubjectJson<'a> {
    #[serde(borrow)]
    annotations: Option<BTreeMap<String, &'a serde_json::value::RawValue>>,
}

/// The annotations of a statement's first subject that are text.
///
/// Spec: in-toto v1, ResourceDescriptor
pub(super) fn subject_annotations(statement: &[u8]) -> BTreeMap<String, String> {
    let annotations = || {
        let json = json::check(statement).ok()?;
        let Object(found): Object<AnnotatedJson<'_>> = read(json).ok()?;
        let subjects = found.subject?;
        let first = subjects.within_cap().ok()?.first()?;
        let string = |(name, raw): (&String, &&serde_json::value::RawValue)| {
            let value: Text<'_> = read(raw.get()).ok()?;
            Some((name.clone(), value.0.into_owned()))
        };
        let annotations = first.annotations.as_ref()?;
        Some(annotations.iter().filter_map(string).collect())
    };
    annotations().unwrap_or_default()
}

#[derive(Deserialize)]
struct ListedJson<'a> {
    #[serde(borrow)]
    digest: Text<'a>,
}

/// The members of an index as they are written, by their digests. Its form was checked before.
pub(super) fn raw_members(json: &[u8]) -> Result<Vec<(String, String)>, ManifestError> {
    let json = json::check(json).map_err(ManifestError::Json)?;
    let index: BTreeMap<String, &serde_json::value::RawValue> =
        read(json).map_err(ManifestError::Shape)?;
    let missing = "members of an index";
    let members = index
        .get("manifests")
        .ok_or(ManifestError::Incomplete { missing })?;
    let members: Vec<&serde_json::value::RawValue> =
        read(members.get()).map_err(ManifestError::Shape)?;
    let one = |raw: &&serde_json::value::RawValue| {
        let Object(listed): Object<ListedJson<'_>> =
            read(raw.get()).map_err(ManifestError::Shape)?;
        Ok((listed.digest.0.into_owned(), raw.get().to_owned()))
    };
    members.iter().map(one).collect()
}

/// What else an index says, as it is written.
pub(super) fn raw_others(json: &[u8]) -> Vec<(String, String)> {
    let others = || {
        let index: BTreeMap<String, &serde_json::value::RawValue> =
            read(json::check(json).ok()?).ok()?;
        let ours = ["schemaVersion", "mediaType", "manifests"];
        let others = index
            .into_iter()
            .filter(|(name, _)| !ours.contains(&name.as_str()));
        Some(
            others
                .map(|(name, raw)| (name, raw.get().to_owned()))
                .collect(),
        )
    };
    others().unwrap_or_default()
}
