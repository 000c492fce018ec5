//! What platforms answer.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::json;

#[derive(Deserialize)]
struct AnswerJson<'a> {
    #[serde(borrow)]
    value: Option<Cow<'a, str>>,
    #[serde(borrow)]
    token: Option<Cow<'a, str>>,
    #[serde(borrow, rename = "oidcToken")]
    oidc_token: Option<Cow<'a, str>>,
    #[serde(borrow)]
    message: Option<Cow<'a, str>>,
    #[serde(borrow)]
    error: Option<Cow<'a, str>>,
}

fn read<T>(body: &[u8], get: impl FnOnce(AnswerJson<'_>) -> Option<T>) -> Option<T> {
    let json = json::check(body).ok()?;
    get(json::wire::read(json).ok()?)
}

/// GitHub's answer.
pub(super) fn value(body: &[u8]) -> Option<String> {
    read(body, |it| it.value.map(Cow::into_owned))
}

/// Buildkite's answer.
pub(super) fn token(body: &[u8]) -> Option<String> {
    read(body, |it| it.token.map(Cow::into_owned))
}

/// Azure's answer.
pub(super) fn oidc_token(body: &[u8]) -> Option<String> {
    read(body, |it| it.oidc_token.map(Cow::into_owned))
}

/// Why it is refused; empty if it does not say.
pub(super) fn message(body: &[u8]) -> String {
    let said = read(body, |it| it.message.or(it.error).map(Cow::into_owned));
    let mut said = said.unwrap_or_default();
    if let Some((end, _)) = said.char_indices().nth(MESSAGE_CHARS) {
        said.truncate(end);
    }
    said
}

/// What is shown of a message.
const MESSAGE_CHARS: usize = 300;

#[derive(Serialize)]
struct ClaimJson<'a> {
    aud: &'a str,
}

#[derive(Serialize)]
struct AudienceJson<'a> {
    audience: &'a str,
}

/// CircleCI's argument.
pub(super) fn audience(audience: &str) -> String {
    serde_json::to_string(&ClaimJson { aud: audience }).unwrap_or_default()
}

/// Buildkite's request.
pub(super) fn audience_request(audience: &str) -> String {
    serde_json::to_string(&AudienceJson { audience }).unwrap_or_default()
}
