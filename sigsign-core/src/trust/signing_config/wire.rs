//! The JSON of a signing config. As in a trusted root, names that are not known are passed over.

use serde::Deserialize;

use crate::json::wire::{List, Object, Text};
use crate::limits;
use crate::trust::wire::RangeJson;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct SigningConfigJson<'a> {
    #[serde(borrow)]
    pub(super) media_type: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) ca_urls: Services<'a>,
    #[serde(borrow)]
    pub(super) oidc_urls: Services<'a>,
    #[serde(borrow)]
    pub(super) rekor_tlog_urls: Services<'a>,
    #[serde(borrow)]
    pub(super) rekor_tlog_config: Option<Object<SelectionJson<'a>>>,
    #[serde(borrow)]
    pub(super) tsa_urls: Services<'a>,
    #[serde(borrow)]
    pub(super) tsa_config: Option<Object<SelectionJson<'a>>>,
}

pub(super) type Services<'a> = Option<List<Object<ServiceJson<'a>>, { limits::AUTHORITIES }>>;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ServiceJson<'a> {
    #[serde(borrow)]
    pub(super) url: Option<Text<'a>>,
    pub(super) major_api_version: Option<u32>,
    #[serde(borrow)]
    pub(super) valid_for: Option<Object<RangeJson<'a>>>,
    #[serde(borrow)]
    pub(super) operator: Option<Text<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct SelectionJson<'a> {
    #[serde(borrow)]
    pub(super) selector: Option<Text<'a>>,
    pub(super) count: Option<u32>,
}
