//! What issuers answer.

use std::borrow::Cow;

use serde::Deserialize;
use zeroize::Zeroizing;

use super::{LoginError, is_place};
use crate::json;
use crate::transport::Response;

/// Spec: OpenID Connect Discovery 1.0, 3; RFC 8628 4
#[derive(Deserialize)]
struct DiscoveryJson<'a> {
    #[serde(borrow)]
    issuer: Cow<'a, str>,
    #[serde(borrow)]
    authorization_endpoint: Cow<'a, str>,
    #[serde(borrow)]
    token_endpoint: Cow<'a, str>,
    #[serde(borrow)]
    device_authorization_endpoint: Option<Cow<'a, str>>,
}

pub(super) struct Discovery {
    pub(super) issuer: String,
    pub(super) authorization: String,
    pub(super) token: String,
    pub(super) device: Option<String>,
}

/// Spec: RFC 6749 5.1, 5.2
#[derive(Deserialize)]
struct AnswerJson<'a> {
    #[serde(borrow)]
    id_token: Option<Cow<'a, str>>,
    #[serde(borrow)]
    error: Option<Cow<'a, str>>,
    #[serde(borrow)]
    error_description: Option<Cow<'a, str>>,
}

/// Spec: RFC 8628 3.2
#[derive(Deserialize)]
struct DeviceJson<'a> {
    #[serde(borrow)]
    device_code: Cow<'a, str>,
    #[serde(borrow)]
    user_code: Cow<'a, str>,
    #[serde(borrow)]
    verification_uri: Cow<'a, str>,
    #[serde(borrow)]
    verification_uri_complete: Option<Cow<'a, str>>,
    expires_in: u64,
    interval: Option<u64>,
}

pub(super) struct Device {
    pub(super) code: Zeroizing<String>,
    pub(super) user_code: String,
    pub(super) place: String,
    pub(super) complete: Option<String>,
    pub(super) expires_in: u64,
    pub(super) interval: Option<u64>,
}

#[derive(Deserialize)]
struct NonceJson<'a> {
    #[serde(borrow)]
    nonce: Option<Cow<'a, str>>,
}

fn read<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Option<T> {
    json::wire::read(json::check(body).ok()?).ok()
}

pub(super) fn discovery(body: &[u8]) -> Option<Discovery> {
    let found: DiscoveryJson<'_> = read(body)?;
    Some(Discovery {
        issuer: found.issuer.into_owned(),
        authorization: found.authorization_endpoint.into_owned(),
        token: found.token_endpoint.into_owned(),
        device: found.device_authorization_endpoint.map(Cow::into_owned),
    })
}

pub(super) fn id_token(body: &[u8]) -> Option<String> {
    read::<AnswerJson<'_>>(body)?.id_token.map(Cow::into_owned)
}

pub(super) fn error_code(body: &[u8]) -> Option<String> {
    read::<AnswerJson<'_>>(body)?.error.map(Cow::into_owned)
}

/// Why an issuer says no.
pub(super) fn refusal(answer: &Response) -> LoginError {
    let said: Option<AnswerJson<'_>> = read(answer.body());
    match said.and_then(|it| Some((it.error?, it.error_description))) {
        Some((error, message)) => LoginError::of_code(&error, message.map(Cow::into_owned)),
        None => LoginError::of_code(&format!("status {}", answer.status()), None),
    }
}

/// What a person is shown comes from here: only a page of a kind that a browser may open, and a
/// code that fits on a line.
pub(super) fn device(body: &[u8], issuer: &str) -> Option<Device> {
    let found: DeviceJson<'_> = read(body)?;
    let place = found.verification_uri.into_owned();
    let complete = found.verification_uri_complete.map(Cow::into_owned);
    let code = &found.user_code;
    let is_short = !code.is_empty() && code.chars().count() <= 64;
    let are_places = [Some(&place), complete.as_ref()]
        .into_iter()
        .flatten()
        .all(|it| is_place(it, issuer));
    (is_short && are_places).then(|| Device {
        code: Zeroizing::new(found.device_code.into_owned()),
        user_code: found.user_code.into_owned(),
        place,
        complete,
        expires_in: found.expires_in,
        interval: found.interval,
    })
}

pub(super) fn nonce(claims: &str) -> Option<String> {
    read::<NonceJson<'_>>(claims.as_bytes())?
        .nonce
        .map(Cow::into_owned)
}
