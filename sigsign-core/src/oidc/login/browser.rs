//! A login in a browser of the same machine, which brings a code back.
//!
//! Spec: RFC 6749 4.1; RFC 7636; RFC 8252; OpenID Connect Core 1.0, 3.1.2

use std::fmt;

use percent_encoding::percent_decode_str;

use super::{Client, LoginError, SCOPE, Verifier, form, post, random, wire};
use crate::oidc::IdentityToken;
use crate::time::Timestamp;
use crate::transport::{self, Transport};

/// A login that a person is asked for.
pub struct BrowserLogin {
    client: Client,
    redirect: String,
    pub(super) state: String,
    pub(super) nonce: String,
    pub(super) verifier: Verifier,
}

/// S12: what the login is known by is not shown.
impl fmt::Debug for BrowserLogin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BrowserLogin").finish_non_exhaustive()
    }
}

impl Client {
    /// Begins a login that comes back to `redirect`, a URL of this machine.
    ///
    /// # Errors
    ///
    /// [`LoginError::NoRandomness`] if the system gives none.
    pub fn in_browser(&self, redirect: &str) -> Result<BrowserLogin, LoginError> {
        Ok(BrowserLogin {
            client: self.clone(),
            redirect: redirect.to_owned(),
            state: random()?,
            nonce: random()?,
            verifier: Verifier::new()?,
        })
    }
}

impl BrowserLogin {
    /// The page that the person's browser is to open.
    ///
    /// Spec: RFC 6749 4.1.1; RFC 7636 4.3
    pub fn url(&self) -> String {
        let endpoint = &self.client.endpoints.authorization;
        let joint = if endpoint.contains('?') { '&' } else { '?' };
        let challenge = self.verifier.challenge();
        let values = form(&[
            ("response_type", "code"),
            ("client_id", &self.client.id),
            ("redirect_uri", &self.redirect),
            ("scope", SCOPE),
            ("state", &self.state),
            ("nonce", &self.nonce),
            ("code_challenge", &challenge),
            ("code_challenge_method", "S256"),
        ]);
        format!("{endpoint}{joint}{values}")
    }

    /// Exchanges what the browser brought back, the part of the URL after the question mark, for
    /// the token.
    ///
    /// # Errors
    ///
    /// - [`LoginError::State`] if it belongs to another login.
    /// - [`LoginError::Denied`] if the person, or the issuer, said no.
    /// - [`LoginError::Nonce`] and [`LoginError::Issuer`] if the token belongs to another login.
    /// - [`LoginError::Token`] if it is over, or for somebody else.
    /// - others if the issuer fails.
    ///
    /// Spec: RFC 6749 4.1.2, 4.1.3; RFC 9207 2.4
    pub async fn finish(
        &self,
        query: &str,
        transport: &dyn Transport,
        at: Timestamp,
    ) -> Result<IdentityToken, LoginError> {
        let code = self.code(query)?;
        let request = post(
            &self.client.endpoints.token,
            &[
                ("grant_type", "authorization_code"),
                ("code", &code),
                ("redirect_uri", &self.redirect),
                ("client_id", &self.client.id),
                ("code_verifier", &self.verifier.0),
            ],
        );
        let answer = transport::send(transport, &request).await?;
        if answer.status() != 200 {
            return Err(wire::refusal(&answer));
        }
        self.client.token(&answer, Some(&self.nonce), at)
    }

    fn code(&self, query: &str) -> Result<String, LoginError> {
        let back = Back::read(query).ok_or(LoginError::Answer {
            want: "each value once in what the browser brings back",
        })?;
        if back.state.as_deref() != Some(&*self.state) {
            return Err(LoginError::State);
        }
        if let Some(found) = back.issuer.filter(|it| *it != self.client.issuer) {
            let want = self.client.issuer.clone();
            return Err(LoginError::Issuer { want, found });
        }
        if let Some(error) = back.error {
            return Err(LoginError::of_code(&error, back.description));
        }
        back.code.ok_or(LoginError::Answer {
            want: "a code in what the browser brings back",
        })
    }
}

/// What a browser brings back.
#[derive(Default)]
struct Back {
    state: Option<String>,
    code: Option<String>,
    issuer: Option<String>,
    error: Option<String>,
    description: Option<String>,
}

impl Back {
    /// `None` if something is there twice, or is no text.
    fn read(query: &str) -> Option<Self> {
        let mut back = Self::default();
        for pair in query.split('&') {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let place = match name {
                "state" => &mut back.state,
                "code" => &mut back.code,
                "iss" => &mut back.issuer,
                "error" => &mut back.error,
                "error_description" => &mut back.description,
                _ => continue,
            };
            let value = value.replace('+', " ");
            let value = percent_decode_str(&value).decode_utf8().ok()?;
            if place.replace(value.into_owned()).is_some() {
                return None;
            }
        }
        Some(back)
    }
}
