//! A login on another device, with a code that the person sees on both.
//!
//! Spec: RFC 8628

use std::fmt;
use std::time::Duration;

use zeroize::Zeroizing;

use super::{Client, LoginError, SCOPE, Verifier, post, wire};
use crate::oidc::IdentityToken;
use crate::time::Timestamp;
use crate::transport::{self, Transport, TransportError};

const GRANT: &str = "urn:ietf:params:oauth:grant-type:device_code";

/// Between two questions, if the issuer does not say. Spec: RFC 8628 3.2
const INTERVAL: Duration = Duration::from_secs(5);

/// What is added when it asks for patience. Spec: RFC 8628 3.5
const SLOWER: Duration = Duration::from_secs(5);

/// Nobody waits longer, whatever the issuer allows.
const LONGEST: Duration = Duration::from_secs(900);

/// How often in a row the issuer may be out of reach.
const TROUBLES: u32 = 3;

/// A login that a person is asked for.
pub struct DeviceLogin {
    client: Client,
    verifier: Verifier,
    code: Zeroizing<String>,
    user_code: String,
    place: String,
    complete: Option<String>,
    expires_in: Duration,
    interval: Duration,
}

/// S12: what the login is known by is not shown.
impl fmt::Debug for DeviceLogin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DeviceLogin")
            .field("place", &self.place)
            .finish_non_exhaustive()
    }
}

impl Client {
    /// Begins a login on another device.
    ///
    /// # Errors
    ///
    /// - [`LoginError::NoDevices`] if the issuer has none.
    /// - others if it fails.
    ///
    /// Spec: RFC 8628 3.1, 3.2
    pub async fn on_device(&self, transport: &dyn Transport) -> Result<DeviceLogin, LoginError> {
        let endpoint = self.endpoints.device.as_ref();
        let endpoint = endpoint.ok_or(LoginError::NoDevices)?;
        let verifier = Verifier::new()?;
        let challenge = verifier.challenge();
        let request = post(
            endpoint,
            &[
                ("client_id", &self.id),
                ("scope", SCOPE),
                ("code_challenge", &challenge),
                ("code_challenge_method", "S256"),
            ],
        );
        let answer = transport::send(transport, &request).await?;
        if answer.status() != 200 {
            return Err(wire::refusal(&answer));
        }
        let started = wire::device(answer.body(), &self.issuer).ok_or(LoginError::Answer {
            want: "a device_code, user_code and verification_uri in JSON",
        })?;
        let seconds = |value: u64| Duration::from_secs(value).min(LONGEST);
        Ok(DeviceLogin {
            client: self.clone(),
            verifier,
            code: started.code,
            user_code: started.user_code,
            place: started.place,
            complete: started.complete,
            expires_in: seconds(started.expires_in),
            interval: started.interval.map_or(INTERVAL, seconds),
        })
    }
}

impl DeviceLogin {
    /// The page that the person is to open, wherever they like.
    pub fn place(&self) -> &str {
        &self.place
    }

    /// The same with the code in it, for those who need not type.
    pub fn complete_place(&self) -> Option<&str> {
        self.complete.as_deref()
    }

    /// The code that the page asks for, or shows to be compared. It comes from the issuer.
    pub fn user_code(&self) -> &str {
        &self.user_code
    }

    /// How long there is.
    pub fn expires_in(&self) -> Duration {
        self.expires_in
    }

    /// Waits for the person; the token.
    ///
    /// # Errors
    ///
    /// - [`LoginError::Denied`] if the person, or the issuer, said no.
    /// - [`LoginError::Expired`] if nobody did anything in time.
    /// - others if the issuer fails, or the token is for another login.
    ///
    /// Spec: RFC 8628 3.4, 3.5
    pub async fn finish(
        &self,
        transport: &dyn Transport,
        now: impl Fn() -> Timestamp,
    ) -> Result<IdentityToken, LoginError> {
        let mut interval = self.interval.max(Duration::from_secs(1));
        let mut waited = Duration::ZERO;
        let mut troubles = 0_u32;
        while waited < self.expires_in {
            transport.wait(interval).await;
            waited = waited.saturating_add(interval);
            let answer = match transport::send(transport, &self.question()).await {
                Ok(answer) => answer,
                Err(error) if is_passing(&error) && troubles < TROUBLES => {
                    troubles = troubles.saturating_add(1);
                    interval = interval.saturating_mul(2);
                    continue;
                }
                Err(error) => return Err(error.into()),
            };
            troubles = 0;
            if answer.status() == 200 {
                return self.client.token(&answer, None, now());
            }
            match wire::error_code(answer.body()).as_deref() {
                Some("authorization_pending") => {}
                Some("slow_down") => interval = interval.saturating_add(SLOWER),
                _ => return Err(wire::refusal(&answer)),
            }
        }
        Err(LoginError::Expired)
    }

    fn question(&self) -> transport::Request {
        post(
            &self.client.endpoints.token,
            &[
                ("grant_type", GRANT),
                ("device_code", &self.code),
                ("client_id", &self.client.id),
                ("code_verifier", &self.verifier.0),
            ],
        )
    }
}

fn is_passing(error: &TransportError) -> bool {
    matches!(
        error,
        TransportError::Connection { .. } | TransportError::Timeout { .. }
    )
}
