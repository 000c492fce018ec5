//! From a signature to a log entry.
//!
//! Spec: client-spec 2.1.6; rekor-v2 6.1; rekor-spec (S6, S10)

use super::service::Place;
use super::wire::{EntryV1Json, LogEntryV1Json};
use super::{AnswerError, SignError};
use crate::bundle::{Content, KeyMaterial, entry_from_json, envelope_json};
use crate::crypto::{PublicKey, Scheme};
use crate::digest::Digest;
use crate::encoding::{base64_decode, base64_encode, hex_decode, hex_encode, pem_encode};
use crate::json;
use crate::json::wire::Object;
use crate::json::write::{Members, list};
use crate::tlog::{EntryBody, EntryKind, LogEntry, Proof};
use crate::transport::{Request, Transport};

/// What a log is told: the signature, what it is over, and with what it is verified.
#[derive(Debug)]
pub(super) struct Proposal<'a> {
    pub(super) content: &'a Content,
    /// Of the artifact, or of the envelope's pre-authentication encoding.
    pub(super) digest: Digest,
    pub(super) material: &'a KeyMaterial,
    pub(super) key: &'a PublicKey,
    pub(super) scheme: Scheme,
}

/// Hands the proposal in, and reads the entry that the log made of it.
pub(super) async fn submit(
    log: &Place,
    transport: &dyn Transport,
    proposal: &Proposal<'_>,
) -> Result<LogEntry, SignError> {
    if log.version == 1 {
        return submit_v1(log, transport, proposal).await;
    }
    let url = format!("{}/api/v2/log/entries", log.url);
    let json = "application/json";
    let request = Request::post(url, (json, json), proposal.to_v2().into_bytes());
    let answer = log.ask(transport, &request).await?;
    entry_from_json(answer.body()).map_err(|problem| log.wrong(AnswerError::Entry(problem)))
}

/// A log of version 1 answers 409 to an entry that it has, and says where it is.
async fn submit_v1(
    log: &Place,
    transport: &dyn Transport,
    proposal: &Proposal<'_>,
) -> Result<LogEntry, SignError> {
    let url = format!("{}/api/v1/log/entries", log.url);
    let json = "application/json";
    let request = Request::post(url, (json, json), proposal.to_v1().into_bytes());
    let mut answer = log.exchange(transport, &request).await?;
    if let (409, Some(place)) = (answer.status(), answer.its_location().and_then(entry_path)) {
        let request = Request::get(format!("{}{place}", log.url));
        answer = log.ask(transport, &request).await?;
    }
    if !matches!(answer.status(), 200 | 201) {
        return Err(log.refused(&answer));
    }
    let kind = proposal.kind_v1();
    read_v1(answer.body(), kind)
        .ok_or_else(|| log.wrong(AnswerError::Malformed("a log entry of version 1 as JSON")))
}

/// The path of an entry on the same log, whatever host the answer names (O21).
fn entry_path(location: &str) -> Option<String> {
    let (_, id) = location.rsplit_once("/api/v1/log/entries/")?;
    let proper = !id.is_empty() && id.len() <= 80 && id.bytes().all(|it| it.is_ascii_hexdigit());
    proper.then(|| format!("/api/v1/log/entries/{id}"))
}

impl Proposal<'_> {
    /// HashedRekordRequestV002; an envelope goes in by the digest of what was signed (S10).
    ///
    /// Spec: rekor-v2 6.1.1; client-spec 4.4
    fn to_v2(&self) -> String {
        let (name, bytes) = match self.material {
            KeyMaterial::Certificate(leaf) => ("x509Certificate", leaf.der()),
            KeyMaterial::PublicKeyHint(_) => ("publicKey", self.key.spki()),
        };
        let verifier = Members::default()
            .raw(name, &Members::default().bytes("rawBytes", bytes).object())
            .text("keyDetails", self.scheme.key_details());
        let signature = Members::default()
            .bytes("content", self.content.signature())
            .raw("verifier", &verifier.object());
        let request = Members::default()
            .bytes("digest", self.digest.as_bytes())
            .raw("signature", &signature.object());
        Members::default()
            .raw("hashedRekordRequestV002", &request.object())
            .object()
    }

    /// A proposed entry of hashedrekord 0.0.1 or dsse 0.0.1.
    ///
    /// Spec: rekor-spec
    fn to_v1(&self) -> String {
        let (kind, spec) = match self.content {
            Content::Message { .. } => ("hashedrekord", self.hashedrekord_v1()),
            Content::Dsse(envelope) => {
                // Base64 has nothing that a string of JSON would escape.
                let verifier = format!("\"{}\"", base64_encode(self.pem().as_bytes()));
                let content = Members::default()
                    .text("envelope", &envelope_json(envelope))
                    .raw("verifiers", &list([verifier]));
                let spec = Members::default().raw("proposedContent", &content.object());
                ("dsse", spec.object())
            }
        };
        Members::default()
            .text("apiVersion", "0.0.1")
            .text("kind", kind)
            .raw("spec", &spec)
            .object()
    }

    fn hashedrekord_v1(&self) -> String {
        let hash = Members::default()
            .text("algorithm", self.digest.algorithm().name())
            .text("value", &hex_encode(self.digest.as_bytes()));
        let data = Members::default().raw("hash", &hash.object());
        let key = Members::default().bytes("content", self.pem().as_bytes());
        let signature = Members::default()
            .bytes("content", self.content.signature())
            .raw("publicKey", &key.object());
        Members::default()
            .raw("data", &data.object())
            .raw("signature", &signature.object())
            .object()
    }

    fn pem(&self) -> String {
        match self.material {
            KeyMaterial::Certificate(leaf) => pem_encode("CERTIFICATE", leaf.der()),
            KeyMaterial::PublicKeyHint(_) => pem_encode("PUBLIC KEY", self.key.spki()),
        }
    }

    fn kind_v1(&self) -> EntryKind {
        match self.content {
            Content::Message { .. } => EntryKind::HashedRekordV001,
            Content::Dsse(_) => EntryKind::DsseV001,
        }
    }
}

/// Reads the one entry of an answer; the proof's numbers are those of the shard.
///
/// Spec: rekor-spec, LogEntry (V43)
fn read_v1(body: &[u8], kind: EntryKind) -> Option<LogEntry> {
    let json = json::check(body).ok()?;
    let entries: LogEntryV1Json<'_> = json::wire::read(json).ok()?;
    let mut entries = entries.into_values();
    let (Some(Object(entry)), None) = (entries.next(), entries.next()) else {
        return None;
    };
    Some(LogEntry {
        log_index: entry.log_index,
        log_id: hex_decode(entry.log_id.as_str())?,
        kind,
        integrated_time: entry.integrated_time,
        promise: promise(&entry)?,
        proof: Some(proof(&entry)?),
        body: Some(EntryBody::from_base64(entry.body.as_str(), kind).ok()?),
    })
}

fn promise(entry: &EntryV1Json<'_>) -> Option<Option<Vec<u8>>> {
    let verification = entry.verification.as_ref()?;
    match &verification.signed_entry_timestamp {
        Some(promise) => Some(Some(base64_decode(promise.as_str()).ok()?)),
        None => Some(None),
    }
}

fn proof(entry: &EntryV1Json<'_>) -> Option<Proof> {
    let proof = entry.verification.as_ref()?.inclusion_proof.as_ref()?;
    let hash = |hex: &str| <[u8; 32]>::try_from(hex_decode(hex)?).ok();
    let hashes = proof.hashes.within_cap().ok()?;
    Some(Proof {
        index: proof.log_index,
        root: Some(hash(proof.root_hash.as_str())?),
        size: proof.tree_size,
        hashes: hashes
            .iter()
            .map(|it| hash(it.as_str()))
            .collect::<Option<_>>()?,
        checkpoint: Some(proof.checkpoint.as_str().to_owned()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const HASH: &str = "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d";

    fn answer() -> String {
        format!(
            r#"{{"24296fb24b8ad77a":{{"body":"e30=","integratedTime":5,"logID":"ab","logIndex":9,"verification":{{"inclusionProof":{{"checkpoint":"c","hashes":["{HASH}"],"logIndex":3,"rootHash":"{HASH}","treeSize":4}},"signedEntryTimestamp":"AA=="}}}}}}"#
        )
    }

    // V43
    #[test]
    fn accepts_an_entry_of_version_1() {
        let entry = read_v1(answer().as_bytes(), EntryKind::DsseV001).unwrap();

        assert_eq!(9, entry.log_index());
        assert_eq!(3, entry.proof().unwrap().index());
        assert_eq!(Some(&[0][..]), entry.promise());
        assert_eq!(Some(&b"{}"[..]), entry.canonicalized_body());
    }

    #[test]
    fn rejects_other_answers() {
        let twice = answer().replace("}}}", r#"}},"x":{"body":""}}"#);
        let long = answer().replace(HASH, &format!("{HASH}00"));
        for body in [
            "",
            "{}",
            "[]",
            &twice,
            &long,
            &answer().replace("e30=", "e30"),
        ] {
            assert!(
                read_v1(body.as_bytes(), EntryKind::DsseV001).is_none(),
                "{body}"
            );
        }
    }

    // O21
    #[test]
    fn follows_an_entry_to_the_same_log_only() {
        let here = Some("/api/v1/log/entries/24ab".to_owned());

        assert_eq!(here, entry_path("/api/v1/log/entries/24ab"));
        assert_eq!(
            here,
            entry_path("https://evil.example/api/v1/log/entries/24ab")
        );
        for other in ["", "/api/v1/log/entries/", "/api/v1/log/entries/../x", "/x"] {
            assert_eq!(None, entry_path(other), "{other}");
        }
    }
}
