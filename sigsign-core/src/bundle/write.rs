//! Writing a bundle, in version 0.3 only.
//!
//! Every field is there, zeros too: some readers miss those that are left out.
//!
//! Spec: bundle.proto; client-spec 5 (V3, S7)

use super::{Bundle, Content, KeyMaterial};
use crate::dsse::Envelope;
use crate::json::write::{Members, list};
use crate::tlog::{LogEntry, Proof};

/// The media type of what is written.
const MEDIA_TYPE: &str = "application/vnd.dev.sigstore.bundle.v0.3+json";

pub(super) fn to_json(bundle: &Bundle) -> String {
    let out = Members::default()
        .text("mediaType", MEDIA_TYPE)
        .raw("verificationMaterial", &material(bundle));
    match &bundle.content {
        Content::Message { digest, signature } => {
            let mut message = Members::default();
            if let Some(digest) = digest {
                let digest = Members::default()
                    .text("algorithm", digest.algorithm().proto_name())
                    .bytes("digest", digest.as_bytes());
                message = message.raw("messageDigest", &digest.object());
            }
            let message = message.bytes("signature", signature);
            out.raw("messageSignature", &message.object())
        }
        Content::Dsse(envelope) => out.raw("dsseEnvelope", &envelope_json(envelope)),
    }
    .object()
}

fn material(bundle: &Bundle) -> String {
    let out = match &bundle.key_material {
        // S7: the leaf alone
        KeyMaterial::Certificate(leaf) => {
            let leaf = Members::default().bytes("rawBytes", leaf.der());
            Members::default().raw("certificate", &leaf.object())
        }
        KeyMaterial::PublicKeyHint(hint) => {
            let hint = Members::default().text("hint", hint);
            Members::default().raw("publicKey", &hint.object())
        }
    };
    let out = out.raw("tlogEntries", &list(bundle.entries.iter().map(entry)));
    if bundle.timestamps.is_empty() {
        return out.object();
    }
    let token = |der: &Vec<u8>| Members::default().bytes("signedTimestamp", der).object();
    let tokens = list(bundle.timestamps.iter().map(token));
    let tokens = Members::default().raw("rfc3161Timestamps", &tokens);
    out.raw("timestampVerificationData", &tokens.object())
        .object()
}

fn entry(entry: &LogEntry) -> String {
    let (kind, version) = entry.kind.name().split_once(' ').unwrap_or_default();
    let log = Members::default().bytes("keyId", &entry.log_id);
    let kind = Members::default()
        .text("kind", kind)
        .text("version", version);
    let mut out = Members::default()
        .int64("logIndex", entry.log_index)
        .raw("logId", &log.object())
        .raw("kindVersion", &kind.object())
        .int64("integratedTime", entry.integrated_time);
    if let Some(promise) = &entry.promise {
        let promise = Members::default().bytes("signedEntryTimestamp", promise);
        out = out.raw("inclusionPromise", &promise.object());
    }
    if let Some(it) = &entry.proof {
        out = out.raw("inclusionProof", &proof(it));
    }
    if let Some(body) = &entry.body {
        out = out.text("canonicalizedBody", body.base64());
    }
    out.object()
}

fn proof(proof: &Proof) -> String {
    let hash = |hash: &[u8; 32]| format!("\"{}\"", crate::encoding::base64_encode(hash));
    let mut out = Members::default().int64("logIndex", proof.index);
    if let Some(root) = &proof.root {
        out = out.bytes("rootHash", root);
    }
    let checkpoint = proof.checkpoint.as_deref().unwrap_or_default();
    let checkpoint = Members::default().text("envelope", checkpoint);
    out.int64("treeSize", proof.size)
        .raw("hashes", &list(proof.hashes.iter().map(hash)))
        .raw("checkpoint", &checkpoint.object())
        .object()
}

/// The envelope of a bundle, and the one that a log of version 1 is told.
pub(crate) fn envelope_json(envelope: &Envelope) -> String {
    let mut signature = Members::default().bytes("sig", envelope.signature());
    if !envelope.key_id().is_empty() {
        signature = signature.text("keyid", envelope.key_id());
    }
    Members::default()
        .bytes("payload", envelope.payload())
        .text("payloadType", envelope.payload_type())
        .raw("signatures", &list([signature.object()]))
        .object()
}
