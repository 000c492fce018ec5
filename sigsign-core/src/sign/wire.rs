//! The JSON that services answer with. What is not read is passed over: each service has fields of
//! its own there.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::json::wire::{List, Object, Text};
use crate::limits;

/// google.rpc.Status
#[derive(Deserialize)]
pub(super) struct ErrorJson<'a> {
    #[serde(borrow)]
    pub(super) message: Option<Text<'a>>,
}

/// SigningCertificate
///
/// Spec: fulcio.proto
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct SigningCertificateJson<'a> {
    #[serde(borrow)]
    pub(super) signed_certificate_embedded_sct: Option<Object<CertificateJson<'a>>>,
    #[serde(borrow)]
    pub(super) signed_certificate_detached_sct: Option<Object<CertificateJson<'a>>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct CertificateJson<'a> {
    #[serde(borrow)]
    pub(super) chain: Option<Object<ChainJson<'a>>>,
    #[serde(borrow)]
    pub(super) signed_certificate_timestamp: Option<Text<'a>>,
}

#[derive(Deserialize)]
pub(super) struct ChainJson<'a> {
    #[serde(borrow)]
    pub(super) certificates: Option<List<Text<'a>, { limits::CHAIN_CERTIFICATES }>>,
}

/// The answer of a CT log. Spec: RFC 6962 4.1
#[derive(Deserialize)]
pub(super) struct SctJson<'a> {
    pub(super) sct_version: u8,
    #[serde(borrow)]
    pub(super) id: Text<'a>,
    pub(super) timestamp: u64,
    #[serde(borrow)]
    pub(super) extensions: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) signature: Text<'a>,
}

/// The answer of a log of version 1: the entry by its identifier.
///
/// Spec: rekor-spec, LogEntry
pub(super) type LogEntryV1Json<'a> = BTreeMap<String, Object<EntryV1Json<'a>>>;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct EntryV1Json<'a> {
    #[serde(borrow)]
    pub(super) body: Text<'a>,
    pub(super) integrated_time: i64,
    #[serde(borrow, rename = "logID")]
    pub(super) log_id: Text<'a>,
    pub(super) log_index: u64,
    #[serde(borrow)]
    pub(super) verification: Option<Object<VerificationV1Json<'a>>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct VerificationV1Json<'a> {
    #[serde(borrow)]
    pub(super) inclusion_proof: Option<Object<ProofV1Json<'a>>>,
    #[serde(borrow)]
    pub(super) signed_entry_timestamp: Option<Text<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ProofV1Json<'a> {
    #[serde(borrow)]
    pub(super) checkpoint: Text<'a>,
    #[serde(borrow)]
    pub(super) hashes: List<Text<'a>, { limits::PROOF_HASHES }>,
    pub(super) log_index: u64,
    #[serde(borrow)]
    pub(super) root_hash: Text<'a>,
    pub(super) tree_size: u64,
}
