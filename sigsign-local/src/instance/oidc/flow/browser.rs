//! A login in a browser, with a code that comes back to the program that asked.
//!
//! Spec: RFC 6749 4.1; RFC 7636; RFC 8252 7.3

use std::sync::Arc;

use axum::extract::rejection::{FormRejection, QueryRejection};
use axum::extract::{Form, Query, State};
use axum::response::{IntoResponse, Redirect, Response};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;

use super::super::{Oidc, page};
use super::{Exchange, OAuthError, PATIENCE, is_email, keep, random, wrong};
use crate::key::sha256;

/// A login that ended well, and waits for the program that asked for it.
#[derive(Clone, Debug)]
pub(super) struct Granted {
    code: String,
    asked: Authorize,
    email: String,
    until: i64,
}

/// What a program asks for in a browser. Spec: RFC 6749 4.1.1; RFC 7636 4.3
#[derive(Clone, Debug, Deserialize)]
pub(in crate::instance::oidc) struct Authorize {
    response_type: String,
    client_id: String,
    redirect_uri: String,
    #[serde(default)]
    state: String,
    #[serde(default)]
    nonce: String,
    code_challenge: String,
    code_challenge_method: String,
}

impl Authorize {
    /// Without these there is nobody to send an error to.
    fn check(&self) -> Result<(), &'static str> {
        if !is_loopback(&self.redirect_uri) {
            return Err("redirect_uri must be http on this machine, as in http://127.0.0.1:1234/");
        }
        if self.response_type != "code" {
            return Err("response_type must be code");
        }
        if self.code_challenge_method != "S256" || self.code_challenge.len() != 43 {
            return Err("a code_challenge is needed, with the method S256");
        }
        Ok(())
    }

    fn hidden(&self) -> [(&str, &str); 7] {
        [
            ("response_type", &self.response_type),
            ("client_id", &self.client_id),
            ("redirect_uri", &self.redirect_uri),
            ("state", &self.state),
            ("nonce", &self.nonce),
            ("code_challenge", &self.code_challenge),
            ("code_challenge_method", &self.code_challenge_method),
        ]
    }

    /// Back to the program that asked. Spec: RFC 6749 4.1.2
    fn back(&self, name: &str, value: &str) -> Response {
        let joint = if self.redirect_uri.contains('?') {
            '&'
        } else {
            '?'
        };
        let mut place = format!("{}{joint}{name}={}", self.redirect_uri, in_query(value));
        if !self.state.is_empty() {
            place.push_str(&format!("&state={}", in_query(&self.state)));
        }
        Redirect::to(&place).into_response()
    }
}

/// Spec: RFC 8252 7.3
fn is_loopback(uri: &str) -> bool {
    let Some(rest) = uri.strip_prefix("http://") else {
        return false;
    };
    let clean =
        !uri.contains(['#', '\\', '@']) && uri.bytes().all(|byte| byte > b' ' && byte < 127);
    let authority = rest.split(['/', '?']).next().unwrap_or_default();
    let host = match authority.rsplit_once(':') {
        Some((host, port)) if port.parse::<u16>().is_ok() => host,
        _ => authority,
    };
    clean && ["localhost", "127.0.0.1", "[::1]"].contains(&host)
}

/// Spec: RFC 3986 2.1
fn in_query(text: &str) -> String {
    let mut escaped = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            escaped.push(char::from(byte));
        } else {
            escaped.push_str(&format!("%{byte:02X}"));
        }
    }
    escaped
}

/// The page on which a person says who they are.
pub(in crate::instance::oidc) async fn login(
    asked: Result<Query<Authorize>, QueryRejection>,
) -> Response {
    let asked = match asked {
        Ok(Query(asked)) => asked,
        Err(error) => return wrong(&error.body_text()),
    };
    if let Err(why) = asked.check() {
        return wrong(why);
    }
    let client = page::escaped(&asked.client_id);
    let text = format!("<b>{client}</b> wants to sign as you.");
    page::ask("Who are you?", &text, "/authorize", "", &asked.hidden())
}

/// A person's answer, with what was asked.
#[derive(Debug, Deserialize)]
pub(in crate::instance::oidc) struct Decision {
    answer: String,
    #[serde(default)]
    email: String,
    #[serde(flatten)]
    asked: Authorize,
}

pub(in crate::instance::oidc) async fn decide(
    State(oidc): State<Arc<Oidc>>,
    decision: Result<Form<Decision>, FormRejection>,
) -> Response {
    let Form(Decision {
        answer,
        email,
        asked,
    }) = match decision {
        Ok(decision) => decision,
        Err(error) => return wrong(&error.body_text()),
    };
    if let Err(why) = asked.check() {
        return wrong(why);
    }
    if answer != "allow" {
        return asked.back("error", "access_denied");
    }
    if !is_email(&email) {
        return wrong("that is not an email address");
    }
    match oidc.grant(asked.clone(), email) {
        Ok(code) => asked.back("code", &code),
        Err(_) => asked.back("error", "server_error"),
    }
}

impl Oidc {
    fn grant(&self, asked: Authorize, email: String) -> std::io::Result<String> {
        let code = random()?;
        let until = self.context.clock.now() + PATIENCE;
        let granted = Granted {
            code: code.clone(),
            asked,
            email,
            until,
        };
        keep(&mut self.flows().codes, granted);
        Ok(code)
    }

    /// A code is good once, for the program that has the verifier.
    ///
    /// Spec: RFC 6749 4.1.3, 10.5; RFC 7636 4.6
    pub(super) fn redeem(&self, asked: &Exchange) -> Result<String, OAuthError> {
        let mut flows = self.flows();
        let place = flows.codes.iter().position(|it| it.code == asked.code);
        let granted = flows.codes.remove(place.ok_or("invalid_grant")?);
        drop(flows);
        let challenge = URL_SAFE_NO_PAD.encode(sha256(asked.code_verifier.as_bytes()));
        let same = granted.until > self.context.clock.now()
            && challenge == granted.asked.code_challenge
            && asked.redirect_uri == granted.asked.redirect_uri
            && asked.client_id == granted.asked.client_id;
        if !same {
            return Err("invalid_grant");
        }
        Ok(self.login_token(&granted.email, &asked.client_id, &granted.asked.nonce))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accepts_redirects_to_this_machine_only() {
        for good in [
            "http://localhost:1234/callback",
            "http://127.0.0.1",
            "http://127.0.0.1:80?x=y",
            "http://[::1]:9/",
        ] {
            assert!(is_loopback(good), "{good}");
        }
        for bad in [
            "https://localhost/",
            "http://localhost.example.com/",
            "http://localhost@example.com/",
            "http://127.0.0.1:80@example.com/",
            "http://example.com/?http://localhost",
            "http://localhost:99999/",
            "http://localhost/#x",
            "http://localhost\\.example.com/",
            "javascript:alert(1)",
            "",
        ] {
            assert!(!is_loopback(bad), "{bad}");
        }
    }
}
