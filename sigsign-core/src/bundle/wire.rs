//! The JSON of a bundle.

use serde::Deserialize;

use crate::json::wire::{List, Object, Text};
use crate::limits;
use crate::tlog::wire::EntryJson;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct BundleJson<'a> {
    #[serde(borrow)]
    pub(super) media_type: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) verification_material: Option<Object<MaterialJson<'a>>>,
    #[serde(borrow)]
    pub(super) message_signature: Option<Object<MessageSignatureJson<'a>>>,
    #[serde(borrow)]
    pub(super) dsse_envelope: Option<Object<EnvelopeJson<'a>>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct MaterialJson<'a> {
    #[serde(borrow)]
    pub(super) public_key: Option<Object<HintJson<'a>>>,
    #[serde(borrow)]
    pub(super) x509_certificate_chain: Option<Object<ChainJson<'a>>>,
    #[serde(borrow)]
    pub(super) certificate: Option<Object<CertificateJson<'a>>>,
    #[serde(borrow)]
    pub(super) tlog_entries: Option<List<Object<EntryJson<'a>>, { limits::LOG_ENTRIES }>>,
    #[serde(borrow)]
    pub(super) timestamp_verification_data: Option<Object<TimestampsJson<'a>>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct HintJson<'a> {
    #[serde(borrow)]
    pub(super) hint: Option<Text<'a>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ChainJson<'a> {
    #[serde(borrow)]
    pub(super) certificates:
        Option<List<Object<CertificateJson<'a>>, { limits::CHAIN_CERTIFICATES }>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct CertificateJson<'a> {
    #[serde(borrow)]
    pub(super) raw_bytes: Option<Text<'a>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TimestampsJson<'a> {
    #[serde(borrow, rename = "rfc3161Timestamps")]
    pub(super) timestamps: Option<List<Object<TimestampJson<'a>>, { limits::TIMESTAMPS }>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct TimestampJson<'a> {
    #[serde(borrow)]
    pub(super) signed_timestamp: Option<Text<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct MessageSignatureJson<'a> {
    #[serde(borrow)]
    pub(super) message_digest: Option<Object<DigestJson<'a>>>,
    #[serde(borrow)]
    pub(super) signature: Option<Text<'a>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct DigestJson<'a> {
    #[serde(borrow)]
    pub(super) algorithm: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) digest: Option<Text<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct EnvelopeJson<'a> {
    #[serde(borrow)]
    pub(super) payload: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) payload_type: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) signatures: Option<List<Object<SignatureJson<'a>>, { limits::DSSE_SIGNATURES }>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SignatureJson<'a> {
    #[serde(borrow)]
    pub(super) sig: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) keyid: Option<Text<'a>>,
}
