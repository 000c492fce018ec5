//! Logins: in a browser with a code that comes back to the program that asked, and on another
//! device with a code that a person types.

mod browser;
mod device;

use std::sync::Arc;

use axum::extract::rejection::FormRejection;
use axum::extract::{Form, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Oidc, json_answer, page, shape};
use crate::instance::jwt::Claims;

pub(super) use browser::{decide, login};
pub(super) use device::{decide_device, device as device_page, start_device};

use browser::Granted;
use device::Device;

/// Spec: RFC 8628 3.4
pub(super) const DEVICE_GRANT: &str = "urn:ietf:params:oauth:grant-type:device_code";

/// Seconds that a login may take.
const PATIENCE: i64 = 300;

/// Logins under way, of each kind; the oldest makes room.
const LOGINS: usize = 256;

/// Logins under way.
#[derive(Debug, Default)]
pub(super) struct Flows {
    codes: Vec<Granted>,
    devices: Vec<Device>,
}

/// What a program or device asks at the end. Spec: RFC 6749 4.1.3; RFC 8628 3.4
#[derive(Debug, Deserialize)]
pub(super) struct Exchange {
    grant_type: String,
    #[serde(default)]
    client_id: String,
    #[serde(default)]
    code: String,
    #[serde(default)]
    redirect_uri: String,
    #[serde(default)]
    code_verifier: String,
    #[serde(default)]
    device_code: String,
}

/// Spec: RFC 6749 5.2; RFC 8628 3.5
type OAuthError = &'static str;

pub(super) async fn exchange(
    State(oidc): State<Arc<Oidc>>,
    asked: Result<Form<Exchange>, FormRejection>,
) -> Response {
    let answer = match asked {
        Ok(Form(asked)) if asked.grant_type == "authorization_code" => oidc.redeem(&asked),
        Ok(Form(asked)) if asked.grant_type == DEVICE_GRANT => oidc.ask_device(&asked),
        Ok(_) => Err("unsupported_grant_type"),
        Err(_) => Err("invalid_request"),
    };
    match answer {
        Ok(token) => json_answer(&json!({
            "access_token": token,
            "expires_in": super::LIFETIME,
            "id_token": token,
            "token_type": "Bearer",
        })),
        Err(error) => {
            let answer = json_answer(&json!({ "error": error }));
            (StatusCode::BAD_REQUEST, answer).into_response()
        }
    }
}

impl Oidc {
    fn login_token(&self, email: &str, client_id: &str, nonce: &str) -> String {
        let mut claims: Claims = shape::email(email);
        claims.insert("aud".to_owned(), client_id.into());
        if !nonce.is_empty() {
            claims.insert("nonce".to_owned(), Value::from(nonce));
        }
        self.mint(claims)
    }

    fn flows(&self) -> std::sync::MutexGuard<'_, Flows> {
        self.flows
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

fn wrong(why: &str) -> Response {
    page::say(StatusCode::BAD_REQUEST, "This login cannot work", why)
}

fn is_email(text: &str) -> bool {
    let plain = |c: char| !c.is_control() && !c.is_whitespace() && !"<>\"'".contains(c);
    let parts = text.split_once('@');
    text.len() <= 254
        && text.chars().all(plain)
        && parts.is_some_and(|(name, host)| !name.is_empty() && !host.is_empty())
}

/// The oldest makes room.
fn keep<T>(list: &mut Vec<T>, new: T) {
    if list.len() >= LOGINS {
        list.remove(0);
    }
    list.push(new);
}

fn random() -> std::io::Result<String> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes)?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accepts_addresses_and_nothing_else() {
        assert!(is_email("jane@example.com"));
        for bad in ["", "jane", "@x", "x@", "a b@c", "a\n@b", "<x>@y"] {
            assert!(!is_email(bad), "{bad}");
        }
    }
}
