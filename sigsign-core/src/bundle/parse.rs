use super::wire::{
    BundleJson, CertificateJson, DigestJson, EnvelopeJson, MaterialJson, MessageSignatureJson,
};
use super::{Bundle, BundleError, BundleVersion, Content, KeyMaterial};
use crate::digest::{DigestHint, HashAlgorithm};
use crate::dsse::Envelope;
use crate::json::fields::{self, Path};
use crate::json::wire::{self, List, Object, Text};
use crate::json::{self, FieldError};
use crate::limits;
use crate::tlog::wire::{EntryJson, ProofJson};
use crate::tlog::{EntryBody, EntryKind, LogEntry, Proof};
use crate::x509::Certificate;

pub(super) fn bundle(json: &[u8]) -> Result<Bundle, BundleError> {
    if json.len() > limits::BUNDLE_BYTES {
        return Err(BundleError::TooLarge {
            cap: limits::BUNDLE_BYTES,
        });
    }
    let json = json::check(json).map_err(BundleError::Json)?;
    let bundle: Object<BundleJson<'_>> = wire::read(json).map_err(BundleError::Shape)?;

    // V3
    let media_type = bundle.media_type.as_ref().map(Text::as_str);
    let version = media_type
        .and_then(BundleVersion::from_media_type)
        .ok_or_else(|| BundleError::MediaType {
            found: media_type.map(str::to_owned),
        })?;
    let root = Path::ROOT;
    let at = root.name("verificationMaterial");
    let material = at.required(bundle.verification_material.as_ref())?;
    // V4: caps before work
    let entries = elements("log entries", material.tlog_entries.as_ref())?;
    let timestamps = timestamps(&at, material)?;
    let key_material = key_material(&at, material, version)?;
    let list = at.name("tlogEntries");
    let entries = entries
        .iter()
        .enumerate()
        .map(|(index, entry)| log_entry(&list.index(index), entry))
        .collect::<Result<_, _>>()?;
    // V5: exactly one content
    let content = match (&bundle.message_signature, &bundle.dsse_envelope) {
        (Some(message), None) => message_signature(&root.name("messageSignature"), message)?,
        (None, Some(envelope)) => dsse_envelope(&root.name("dsseEnvelope"), envelope)?,
        (None, None) => return Err(BundleError::Content { found: 0 }),
        (Some(_), Some(_)) => return Err(BundleError::Content { found: 2 }),
    };
    Ok(Bundle {
        version,
        key_material,
        entries,
        timestamps,
        content,
    })
}

/// Reads one entry, as a log of version 2 answers with it.
///
/// Spec: rekor-v2 6.1.2
#[cfg(feature = "sign")]
pub(crate) fn entry_from_json(json: &[u8]) -> Result<LogEntry, BundleError> {
    let json = json::check(json).map_err(BundleError::Json)?;
    let Object(entry): Object<EntryJson<'_>> = wire::read(json).map_err(BundleError::Shape)?;
    log_entry(&Path::ROOT, &entry)
}

/// The elements of a list that may be absent, unless they are over its cap.
fn elements<'l, T, const CAP: usize>(
    what: &'static str,
    list: Option<&'l List<T, CAP>>,
) -> Result<&'l [T], BundleError> {
    let list = list.map_or(Ok([].as_slice()), List::within_cap);
    list.map_err(|found| BundleError::Cap {
        what,
        cap: CAP,
        found,
    })
}

fn timestamps(at: &Path<'_>, material: &MaterialJson<'_>) -> Result<Vec<Vec<u8>>, BundleError> {
    let data = material.timestamp_verification_data.as_ref();
    let list = elements("timestamps", data.and_then(|data| data.timestamps.as_ref()))?;
    let at = at.name("timestampVerificationData");
    let at = at.name("rfc3161Timestamps");
    list.iter()
        .enumerate()
        .map(|(index, timestamp)| {
            let at = at.index(index);
            Ok(at
                .name("signedTimestamp")
                .some_bytes(timestamp.signed_timestamp.as_ref())?)
        })
        .collect()
}

/// V5, V6: exactly one kind of key material, and the one that the version has.
fn key_material(
    at: &Path<'_>,
    material: &MaterialJson<'_>,
    version: BundleVersion,
) -> Result<KeyMaterial, BundleError> {
    let wrong = || BundleError::KeyMaterial { version };
    match (
        &material.public_key,
        &material.x509_certificate_chain,
        &material.certificate,
    ) {
        (Some(key), None, None) => {
            let hint = key.hint.as_ref().map_or("", Text::as_str);
            Ok(KeyMaterial::PublicKeyHint(hint.to_owned()))
        }
        (None, Some(chain), None) if version < BundleVersion::V0_3 => {
            let at = at.name("x509CertificateChain");
            let list = elements("certificates in a chain", chain.certificates.as_ref())?;
            certificate_chain(&at.name("certificates"), list, version)
        }
        (None, None, Some(leaf)) if version == BundleVersion::V0_3 => Ok(KeyMaterial::Certificate(
            certificate(&at.name("certificate"), leaf)?,
        )),
        _ => Err(wrong()),
    }
}

/// The leaf of a chain. What follows it must be certificates that are no roots; it is not used.
///
/// Spec: bundle.proto, x509_certificate_chain: no root certificates
fn certificate_chain(
    at: &Path<'_>,
    list: &[Object<CertificateJson<'_>>],
    version: BundleVersion,
) -> Result<KeyMaterial, BundleError> {
    let (leaf, others) = list
        .split_first()
        .ok_or(BundleError::KeyMaterial { version })?;
    let leaf = certificate(&at.index(0), leaf)?;
    for (index, other) in others.iter().enumerate() {
        let other = certificate(&at.index(index.saturating_add(1)), other)?;
        if other.is_self_issued() {
            return Err(BundleError::RootInChain);
        }
    }
    Ok(KeyMaterial::Certificate(leaf))
}

fn certificate(at: &Path<'_>, json: &CertificateJson<'_>) -> Result<Certificate, BundleError> {
    let der = at.name("rawBytes").some_bytes(json.raw_bytes.as_ref())?;
    Certificate::from_der(&der).map_err(BundleError::Certificate)
}

fn log_entry(at: &Path<'_>, json: &EntryJson<'_>) -> Result<LogEntry, BundleError> {
    let promise = json.inclusion_promise.as_ref().map(|promise| {
        let at = at.name("inclusionPromise");
        at.name("signedEntryTimestamp")
            .some_bytes(promise.signed_entry_timestamp.as_ref())
    });
    let proof = json
        .inclusion_proof
        .as_ref()
        .map(|it| proof(&at.name("inclusionProof"), it));
    let log_id = json.log_id.as_ref().and_then(|id| id.key_id.as_ref());
    let time = at.name("integratedTime").count(json.integrated_time)?;
    let log_index = at.name("logIndex").count(json.log_index)?;
    let log_id = at.name("logId").name("keyId").some_bytes(log_id)?;
    let kind = kind(&at.name("kindVersion"), json)?;
    let body = json.canonicalized_body.as_ref().map(Text::as_str);
    let body = body.filter(|base64| !base64.is_empty()).map(|base64| {
        EntryBody::from_base64(base64, kind)
            .map_err(|_| at.name("canonicalizedBody").error(fields::BASE64))
    });
    Ok(LogEntry {
        log_index,
        log_id,
        kind,
        integrated_time: i64::try_from(time).unwrap_or(i64::MAX),
        promise: promise.transpose()?,
        proof: proof.transpose()?,
        body: body.transpose()?,
    })
}

/// V36: a kind that we read; another one is refused, not passed over.
fn kind(at: &Path<'_>, json: &EntryJson<'_>) -> Result<EntryKind, FieldError> {
    let names = at.required(json.kind_version.as_ref())?;
    let kind = at.name("kind").text(names.kind.as_ref())?;
    let version = at.name("version").text(names.version.as_ref())?;
    EntryKind::from_names(kind, version).ok_or_else(|| {
        at.error("hashedrekord 0.0.1, hashedrekord 0.0.2, dsse 0.0.1 or intoto 0.0.2")
    })
}

fn proof(at: &Path<'_>, json: &ProofJson<'_>) -> Result<Proof, BundleError> {
    let hashes = elements("hashes in an inclusion proof", json.hashes.as_ref())?;
    let list = at.name("hashes");
    let hashes = hashes
        .iter()
        .enumerate()
        .map(|(index, hash)| list.index(index).array(hash));
    let checkpoint = json.checkpoint.as_ref().and_then(|it| it.envelope.as_ref());
    let root = json
        .root_hash
        .as_ref()
        .filter(|root| !root.as_str().is_empty());
    Ok(Proof {
        index: at.name("logIndex").count(json.log_index)?,
        root: root
            .map(|root| at.name("rootHash").array(root))
            .transpose()?,
        size: at.name("treeSize").count(json.tree_size)?,
        hashes: hashes.collect::<Result<_, _>>()?,
        checkpoint: checkpoint
            .map(|text| text.as_str().to_owned())
            .filter(|it| !it.is_empty()),
    })
}

fn message_signature(
    at: &Path<'_>,
    json: &MessageSignatureJson<'_>,
) -> Result<Content, BundleError> {
    let digest = json.message_digest.as_ref();
    Ok(Content::Message {
        digest: digest
            .map(|digest| hint(&at.name("messageDigest"), digest))
            .transpose()?,
        signature: at.name("signature").some_bytes(json.signature.as_ref())?,
    })
}

fn hint(at: &Path<'_>, json: &DigestJson<'_>) -> Result<DigestHint, FieldError> {
    let name = json.algorithm.as_ref().map_or("", Text::as_str);
    let algorithm = HashAlgorithm::from_proto_name(name)
        .ok_or_else(|| at.name("algorithm").error("SHA2_256, SHA2_384 or SHA2_512"))?;
    Ok(DigestHint::new(
        algorithm,
        at.name("digest").some_bytes(json.digest.as_ref())?,
    ))
}

fn dsse_envelope(at: &Path<'_>, json: &EnvelopeJson<'_>) -> Result<Content, BundleError> {
    // V56: exactly one
    let signatures = json
        .signatures
        .as_ref()
        .map_or(Ok([].as_slice()), List::within_cap);
    let [signature] = signatures.map_err(|found| BundleError::Signatures { found })? else {
        return Err(BundleError::Signatures { found: 0 });
    };
    let list = at.name("signatures");
    Ok(Content::Dsse(Envelope::new(
        at.name("payloadType")
            .text(json.payload_type.as_ref())?
            .to_owned(),
        at.name("payload").some_bytes(json.payload.as_ref())?,
        list.index(0)
            .name("sig")
            .some_bytes(signature.sig.as_ref())?,
        signature.keyid.as_ref().map_or("", Text::as_str).to_owned(),
    )))
}
