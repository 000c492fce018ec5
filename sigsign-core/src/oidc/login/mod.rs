//! Logins of people: in a browser, or on another device.
//!
//! In: an issuer's URL and what a person does there. Out: an identity token that was asked for
//! here, by this login and no other. The token comes straight from the issuer over TLS, which
//! stands for its signature (OpenID Connect Core 3.1.3.7, 6); the authority that certifies it
//! checks that as well.
//!
//! Spec: OpenID Connect Core 1.0, 3.1; OpenID Connect Discovery 1.0; RFC 6749; RFC 7636; RFC 8252;
//! RFC 8628; RFC 9207

mod browser;
mod device;
mod error;
#[cfg(test)]
mod tests;
mod wire;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use zeroize::Zeroizing;

use super::IdentityToken;
use crate::crypto::Hasher;
use crate::digest::HashAlgorithm;
use crate::time::Timestamp;
use crate::transport::{self, Request, Response, Transport};

pub use browser::BrowserLogin;
pub use device::DeviceLogin;
pub use error::LoginError;

/// What is asked for: who somebody is, and their address.
const SCOPE: &str = "openid email";
/// What is shown of an answer.
const FOUND_CHARS: usize = 300;
const FORM: (&str, &str) = ("application/x-www-form-urlencoded", "application/json");

/// A program that people log in to, at one issuer.
#[derive(Clone, Debug)]
pub struct Client {
    issuer: String,
    id: String,
    endpoints: Endpoints,
}

/// Where an issuer is asked for what.
#[derive(Clone, Debug)]
struct Endpoints {
    authorization: String,
    token: String,
    device: Option<String>,
}

impl Client {
    /// Asks an issuer what it offers. `id` is what it calls this program.
    ///
    /// # Errors
    ///
    /// - [`LoginError::Transport`] if it does not answer.
    /// - [`LoginError::Discovery`] if it says nothing of itself, or says it of somebody else.
    ///
    /// Spec: OpenID Connect Discovery 1.0, 4.3
    pub async fn discover(
        issuer: &str,
        id: &str,
        transport: &dyn Transport,
    ) -> Result<Self, LoginError> {
        let base = issuer.trim_end_matches('/');
        let request = Request::get(format!("{base}/.well-known/openid-configuration"));
        let answer = transport::send(transport, &request).await?;
        let problem = |want, found: &str| LoginError::Discovery {
            issuer: issuer.to_owned(),
            want,
            found: found.chars().take(FOUND_CHARS).collect(),
        };
        if answer.status() != 200 {
            let found = format!("status {}", answer.status());
            return Err(problem("a description", &found));
        }
        let found = wire::discovery(answer.body());
        let found = found.ok_or_else(|| problem("endpoints in JSON", "something else"))?;
        if found.issuer != issuer {
            let found = format!("one of {}", found.issuer);
            return Err(problem("a description", &found));
        }
        let endpoint = |url: String| match is_place(&url, issuer) {
            true => Ok(url),
            false => Err(problem("endpoints with URLs over TLS", &url)),
        };
        Ok(Self {
            issuer: issuer.to_owned(),
            id: id.to_owned(),
            endpoints: Endpoints {
                authorization: endpoint(found.authorization)?,
                token: endpoint(found.token)?,
                device: found.device.map(endpoint).transpose()?,
            },
        })
    }

    /// Whether people can log in on another device.
    pub fn has_devices(&self) -> bool {
        self.endpoints.device.is_some()
    }

    /// The token that an issuer answers with, if it is for this login.
    ///
    /// Spec: OpenID Connect Core 1.0, 3.1.3.7
    fn token(
        &self,
        answer: &Response,
        nonce: Option<&str>,
        at: Timestamp,
    ) -> Result<IdentityToken, LoginError> {
        let text = wire::id_token(answer.body()).map(Zeroizing::new);
        let text = text.ok_or(LoginError::Answer {
            want: "an id_token in JSON",
        })?;
        let token = IdentityToken::from_jwt(&text)?;
        if token.issuer() != self.issuer {
            return Err(LoginError::Issuer {
                want: self.issuer.clone(),
                found: token.issuer().to_owned(),
            });
        }
        token.check(&self.id, at)?;
        if nonce.is_some() && wire::nonce(token.claims()).as_deref() != nonce {
            return Err(LoginError::Nonce);
        }
        Ok(token)
    }
}

/// What proves at the end that the same program asked at the beginning.
///
/// Spec: RFC 7636 4.1, 4.2
struct Verifier(Zeroizing<String>);

impl Verifier {
    fn new() -> Result<Self, LoginError> {
        random().map(Zeroizing::new).map(Self)
    }

    fn challenge(&self) -> String {
        let mut hasher = Hasher::new(HashAlgorithm::Sha256);
        hasher.update(self.0.as_bytes());
        URL_SAFE_NO_PAD.encode(hasher.finish().as_bytes())
    }
}

/// 32 bytes that nobody guesses, in 43 letters that fit anywhere.
fn random() -> Result<String, LoginError> {
    let mut bytes = Zeroizing::new([0; 32]);
    getrandom::fill(&mut *bytes).map_err(|_| LoginError::NoRandomness)?;
    Ok(URL_SAFE_NO_PAD.encode(*bytes))
}

/// Names and values, as forms and queries have them.
fn form(values: &[(&str, &str)]) -> String {
    const PLAIN: &AsciiSet = &NON_ALPHANUMERIC
        .remove(b'-')
        .remove(b'.')
        .remove(b'_')
        .remove(b'~');
    let pairs = values.iter().map(|(name, value)| {
        let value = utf8_percent_encode(value, PLAIN);
        format!("{name}={value}")
    });
    pairs.collect::<Vec<_>>().join("&")
}

fn post(url: &str, values: &[(&str, &str)]) -> Request {
    Request::post(url, FORM, form(values).into_bytes())
}

/// A URL that a browser may be sent to, over TLS unless the issuer itself is without.
fn is_place(url: &str, issuer: &str) -> bool {
    let scheme = ["https://", "http://"].into_iter();
    let mut schemes = scheme.filter(|it| *it == "https://" || issuer.starts_with(it));
    schemes.any(|it| url.len() > it.len() && url.starts_with(it))
        && url.bytes().all(|byte| byte.is_ascii_graphic())
        && !url.contains(['#', '"', '\'', '<', '>', '\\', '`', '^', '{', '|', '}'])
}
