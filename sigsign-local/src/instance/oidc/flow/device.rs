//! A login on another device, with a code that a person types.
//!
//! Spec: RFC 8628

use std::sync::Arc;

use axum::extract::rejection::{FormRejection, QueryRejection};
use axum::extract::{Form, Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;
use serde_json::json;

use super::super::{Oidc, json_answer, page};
use super::{Exchange, OAuthError, PATIENCE, is_email, keep, random, wrong};
use crate::instance::Refusal;

/// Seconds between two questions of a device.
const INTERVAL: i64 = 1;

/// Letters of user codes: no vowels, and nothing that looks like another. Spec: RFC 8628 6.1
const LETTERS: &[u8; 20] = b"BCDFGHJKLMNPQRSTVWXZ";

/// A device that waits for a person.
#[derive(Clone, Debug)]
pub(super) struct Device {
    code: String,
    user_code: String,
    client_id: String,
    until: i64,
    asked_at: i64,
    answer: Answer,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Answer {
    Pending,
    Denied,
    Email(String),
}

/// What a device starts with. Spec: RFC 8628 3.1
#[derive(Debug, Deserialize)]
pub(in crate::instance::oidc) struct StartDevice {
    client_id: String,
}

pub(in crate::instance::oidc) async fn start_device(
    State(oidc): State<Arc<Oidc>>,
    asked: Result<Form<StartDevice>, FormRejection>,
) -> Result<Response, Refusal> {
    let Form(asked) = asked.map_err(|error| Refusal::bad_request(error.body_text()))?;
    let started = oidc.start(asked.client_id);
    let (code, user_code) = started.map_err(|_| {
        Refusal::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "the system gives no randomness",
        )
    })?;
    let place = format!("{}/device", oidc.issuer());
    Ok(json_answer(&json!({
        "device_code": code,
        "expires_in": PATIENCE,
        "interval": INTERVAL,
        "user_code": user_code,
        "verification_uri": place,
        "verification_uri_complete": format!("{place}?user_code={user_code}"),
    })))
}

#[derive(Debug, Default, Deserialize)]
pub(in crate::instance::oidc) struct UserCode {
    #[serde(default)]
    user_code: String,
}

/// The page on which a person says which device is theirs, and who they are.
pub(in crate::instance::oidc) async fn device(
    asked: Result<Query<UserCode>, QueryRejection>,
) -> Response {
    let Query(UserCode { user_code }) = asked.unwrap_or_default();
    let code = page::escaped(&user_code);
    let fields = format!(
        r#"<label>Code on the device<input name="user_code" value="{code}" required autocomplete="off"></label>"#
    );
    let text = "A program on another screen wants to sign as you. Compare the code first.";
    page::ask("Connect a device", text, "/device", &fields, &[])
}

#[derive(Debug, Deserialize)]
pub(in crate::instance::oidc) struct DeviceDecision {
    answer: String,
    #[serde(default)]
    email: String,
    user_code: String,
}

pub(in crate::instance::oidc) async fn decide_device(
    State(oidc): State<Arc<Oidc>>,
    decision: Result<Form<DeviceDecision>, FormRejection>,
) -> Response {
    let Form(decision) = match decision {
        Ok(decision) => decision,
        Err(error) => return wrong(&error.body_text()),
    };
    let answer = match (decision.answer.as_str(), is_email(&decision.email)) {
        ("allow", true) => Answer::Email(decision.email),
        ("allow", false) => return wrong("that is not an email address"),
        _ => Answer::Denied,
    };
    if !oidc.answer_device(&decision.user_code, answer) {
        return wrong("no device waits with this code");
    }
    let text = "You may close this window and go back to the other screen.";
    page::say(StatusCode::OK, "Done", text)
}

impl Oidc {
    fn start(&self, client_id: String) -> std::io::Result<(String, String)> {
        let code = random()?;
        let mut letters = [0; 8];
        getrandom::fill(&mut letters)?;
        let letters = letters.map(|byte| char::from(LETTERS[usize::from(byte) % LETTERS.len()]));
        let (first, second) = letters.split_at(4);
        let user_code = format!(
            "{}-{}",
            first.iter().collect::<String>(),
            second.iter().collect::<String>()
        );
        let device = Device {
            code: code.clone(),
            user_code: user_code.clone(),
            client_id,
            until: self.context.clock.now() + PATIENCE,
            asked_at: 0,
            answer: Answer::Pending,
        };
        keep(&mut self.flows().devices, device);
        Ok((code, user_code))
    }

    fn answer_device(&self, user_code: &str, answer: Answer) -> bool {
        let typed: String = user_code
            .chars()
            .filter(char::is_ascii_alphabetic)
            .collect();
        let now = self.context.clock.now();
        let mut flows = self.flows();
        let device = flows.devices.iter_mut().find(|it| {
            let waits = it.until > now && it.answer == Answer::Pending;
            waits && it.user_code.replace('-', "").eq_ignore_ascii_case(&typed)
        });
        device.map(|it| it.answer = answer).is_some()
    }

    /// Spec: RFC 8628 3.5
    pub(super) fn ask_device(&self, asked: &Exchange) -> Result<String, OAuthError> {
        let now = self.context.clock.now();
        let mut flows = self.flows();
        let place = flows
            .devices
            .iter()
            .position(|it| it.code == asked.device_code && it.client_id == asked.client_id);
        let place = place.ok_or("invalid_grant")?;
        let device = &mut flows.devices[place];
        if device.until <= now {
            flows.devices.remove(place);
            return Err("expired_token");
        }
        if now < device.asked_at + INTERVAL {
            return Err("slow_down");
        }
        device.asked_at = now;
        match device.answer.clone() {
            Answer::Pending => Err("authorization_pending"),
            Answer::Denied => {
                flows.devices.remove(place);
                Err("access_denied")
            }
            Answer::Email(email) => {
                flows.devices.remove(place);
                drop(flows);
                Ok(self.login_token(&email, &asked.client_id, ""))
            }
        }
    }
}
