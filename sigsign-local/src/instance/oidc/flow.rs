//! Logins: in a browser with a code that comes back to the program that asked, and on another
//! device with a code that a person types.
//!
//! Spec: RFC 6749 4.1; RFC 7636; RFC 8252 7.3; RFC 8628

use std::sync::Arc;

use axum::extract::rejection::{FormRejection, QueryRejection};
use axum::extract::{Form, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Oidc, json_answer, page, shape};
use crate::instance::Refusal;
use crate::instance::jwt::Claims;
use crate::key::sha256;

/// Spec: RFC 8628 3.4
pub(super) const DEVICE_GRANT: &str = "urn:ietf:params:oauth:grant-type:device_code";

/// Seconds that a login may take.
const PATIENCE: i64 = 300;

/// Seconds between two questions of a device.
const INTERVAL: i64 = 1;

/// Logins under way, of each kind; the oldest makes room.
const LOGINS: usize = 256;

/// Letters of user codes: no vowels, and nothing that looks like another. Spec: RFC 8628 6.1
const LETTERS: &[u8; 20] = b"BCDFGHJKLMNPQRSTVWXZ";

/// Logins under way.
#[derive(Debug, Default)]
pub(super) struct Flows {
    codes: Vec<Granted>,
    devices: Vec<Device>,
}

/// A login that ended well, and waits for the program that asked for it.
#[derive(Clone, Debug)]
struct Granted {
    code: String,
    asked: Authorize,
    email: String,
    until: i64,
}

/// A device that waits for a person.
#[derive(Clone, Debug)]
struct Device {
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

/// What a program asks for in a browser. Spec: RFC 6749 4.1.1; RFC 7636 4.3
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Authorize {
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
pub(super) async fn login(asked: Result<Query<Authorize>, QueryRejection>) -> Response {
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

fn wrong(why: &str) -> Response {
    page::say(StatusCode::BAD_REQUEST, "This login cannot work", why)
}

/// A person's answer, with what was asked.
#[derive(Debug, Deserialize)]
pub(super) struct Decision {
    answer: String,
    #[serde(default)]
    email: String,
    #[serde(flatten)]
    asked: Authorize,
}

pub(super) async fn decide(
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

fn is_email(text: &str) -> bool {
    let plain = |c: char| !c.is_control() && !c.is_whitespace() && !"<>\"'".contains(c);
    let parts = text.split_once('@');
    text.len() <= 254
        && text.chars().all(plain)
        && parts.is_some_and(|(name, host)| !name.is_empty() && !host.is_empty())
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

/// What a device starts with. Spec: RFC 8628 3.1
#[derive(Debug, Deserialize)]
pub(super) struct StartDevice {
    client_id: String,
}

pub(super) async fn start_device(
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
pub(super) struct UserCode {
    #[serde(default)]
    user_code: String,
}

/// The page on which a person says which device is theirs, and who they are.
pub(super) async fn device(asked: Result<Query<UserCode>, QueryRejection>) -> Response {
    let Query(UserCode { user_code }) = asked.unwrap_or_default();
    let code = page::escaped(&user_code);
    let fields = format!(
        r#"<label>Code on the device<input name="user_code" value="{code}" required autocomplete="off"></label>"#
    );
    let text = "A program on another screen wants to sign as you. Compare the code first.";
    page::ask("Connect a device", text, "/device", &fields, &[])
}

#[derive(Debug, Deserialize)]
pub(super) struct DeviceDecision {
    answer: String,
    #[serde(default)]
    email: String,
    user_code: String,
}

pub(super) async fn decide_device(
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
    fn redeem(&self, asked: &Exchange) -> Result<String, OAuthError> {
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
    fn ask_device(&self, asked: &Exchange) -> Result<String, OAuthError> {
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

    #[test]
    fn accepts_addresses_and_nothing_else() {
        assert!(is_email("jane@example.com"));
        for bad in ["", "jane", "@x", "x@", "a b@c", "a\n@b", "<x>@y"] {
            assert!(!is_email(bad), "{bad}");
        }
    }
}
