//! The JSON of a trusted root.
//!
//! Names that are not known here are passed over: a root with a new kind of service must not
//! make older verifiers useless, and what they do not know cannot make them trust more. The
//! snake_case spelling of a known name is not passed over (V2).

use serde::Deserialize;

use crate::json::wire::{List, Object, Text};
use crate::limits;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct TrustedRootJson<'a> {
    #[serde(borrow)]
    pub(super) media_type: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) tlogs: Option<List<Object<LogJson<'a>>, { limits::AUTHORITIES }>>,
    #[serde(borrow)]
    pub(super) certificate_authorities:
        Option<List<Object<AuthorityJson<'a>>, { limits::AUTHORITIES }>>,
    #[serde(borrow)]
    pub(super) ctlogs: Option<List<Object<LogJson<'a>>, { limits::AUTHORITIES }>>,
    #[serde(borrow)]
    pub(super) timestamp_authorities:
        Option<List<Object<AuthorityJson<'a>>, { limits::AUTHORITIES }>>,
    #[serde(rename = "media_type", default)]
    pub(super) _snake_media_type: Refused,
    #[serde(rename = "certificate_authorities", default)]
    pub(super) _snake_authorities: Refused,
    #[serde(rename = "timestamp_authorities", default)]
    pub(super) _snake_timestamps: Refused,
}

/// A name that another reader would take for a known one.
#[derive(Default)]
pub(super) struct Refused;

impl<'de> Deserialize<'de> for Refused {
    fn deserialize<D: serde::Deserializer<'de>>(_: D) -> Result<Self, D::Error> {
        Err(serde::de::Error::custom("names are in lowerCamelCase"))
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct LogJson<'a> {
    #[serde(borrow)]
    pub(super) base_url: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) hash_algorithm: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) public_key: Option<Object<KeyJson<'a>>>,
    #[serde(borrow)]
    pub(super) log_id: Option<Object<LogIdJson<'a>>>,
    #[serde(borrow)]
    pub(super) checkpoint_key_id: Option<Object<LogIdJson<'a>>>,
    #[serde(borrow)]
    pub(super) operator: Option<Text<'a>>,
    #[serde(rename = "base_url", default)]
    pub(super) _base_url: Refused,
    #[serde(rename = "hash_algorithm", default)]
    pub(super) _hash_algorithm: Refused,
    #[serde(rename = "public_key", default)]
    pub(super) _public_key: Refused,
    #[serde(rename = "log_id", default)]
    pub(super) _log_id: Refused,
    #[serde(rename = "checkpoint_key_id", default)]
    pub(super) _checkpoint_key_id: Refused,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct KeyJson<'a> {
    #[serde(borrow)]
    pub(super) raw_bytes: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) key_details: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) valid_for: Option<Object<RangeJson<'a>>>,
    #[serde(rename = "raw_bytes", default)]
    pub(super) _raw_bytes: Refused,
    #[serde(rename = "key_details", default)]
    pub(super) _key_details: Refused,
    #[serde(rename = "valid_for", default)]
    pub(super) _valid_for: Refused,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct LogIdJson<'a> {
    #[serde(borrow)]
    pub(super) key_id: Option<Text<'a>>,
    #[serde(rename = "key_id", default)]
    pub(super) _key_id: Refused,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RangeJson<'a> {
    #[serde(borrow)]
    pub(super) start: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) end: Option<Text<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct AuthorityJson<'a> {
    #[serde(borrow)]
    pub(super) uri: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) cert_chain: Option<Object<ChainJson<'a>>>,
    #[serde(borrow)]
    pub(super) valid_for: Option<Object<RangeJson<'a>>>,
    #[serde(borrow)]
    pub(super) operator: Option<Text<'a>>,
    #[serde(rename = "cert_chain", default)]
    pub(super) _cert_chain: Refused,
    #[serde(rename = "valid_for", default)]
    pub(super) _valid_for: Refused,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ChainJson<'a> {
    #[serde(borrow)]
    pub(super) certificates:
        Option<List<Object<CertificateJson<'a>>, { limits::CHAIN_CERTIFICATES }>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct CertificateJson<'a> {
    #[serde(borrow)]
    pub(super) raw_bytes: Option<Text<'a>>,
    #[serde(rename = "raw_bytes", default)]
    pub(super) _raw_bytes: Refused,
}
