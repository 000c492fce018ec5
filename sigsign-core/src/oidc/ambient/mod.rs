//! The identity that a job already has, from the platform that runs it.
//!
//! In: [`Surroundings`] (variables, files, programs), a transport, an audience. Out: an
//! [`IdentityToken`] that is for this audience and not over. Not here: people, who log in.
//!
//! A platform that is there and gives no token is an error with what is missing. The next one in
//! the order is not tried then: on a runner in a cloud that would be the machine's identity in
//! place of the job's.
//!
//! Spec: client-spec 2.1.2 (S2, S12); the platforms' own documentation

mod error;
mod process;
mod provider;
mod spiffe;
#[cfg(feature = "http")]
mod system;
#[cfg(test)]
mod tests;
mod wire;

pub use error::AmbientError;
pub use process::{Finished, Process};
pub use provider::Provider;
#[cfg(feature = "http")]
pub use system::System;

use std::fmt;
use std::io;

use zeroize::Zeroizing;

use super::IdentityToken;
use crate::time::Timestamp;
use crate::transport::{Transport, TransportError};

/// What a job finds around it.
pub trait Surroundings: Send + Sync {
    /// A variable of the environment, if it is set and not empty.
    fn variable(&self, name: &str) -> Option<String>;

    /// What a file holds, if it is there and can be read; of a long one only the beginning.
    fn file(&self, path: &str) -> Option<Vec<u8>>;

    /// Starts a program, which is looked for as a shell would.
    ///
    /// # Errors
    ///
    /// Those of the system; [`io::ErrorKind::NotFound`] if there is no such program.
    fn start(&self, program: &str, arguments: &[&str]) -> io::Result<Box<dyn Process>>;

    /// A way to send requests over HTTP/2 to a socket: `unix:///path` or `tcp://address:port`.
    ///
    /// # Errors
    ///
    /// [`TransportError`] if there is none on this system.
    fn socket(&self, address: &str) -> Result<Box<dyn Transport>, TransportError>;
}

/// Where a job gets its tokens from.
pub struct Ambient<'a> {
    surroundings: &'a dyn Surroundings,
    transport: &'a dyn Transport,
    provider: Provider,
    others: Vec<Provider>,
}

impl fmt::Debug for Ambient<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ambient")
            .field("provider", &self.provider)
            .field("others", &self.others)
            .finish_non_exhaustive()
    }
}

impl<'a> Ambient<'a> {
    /// The first platform that is there, in the order of [`Provider::ALL`].
    ///
    /// # Errors
    ///
    /// [`AmbientError::None`] if none is.
    pub fn detect(
        surroundings: &'a dyn Surroundings,
        transport: &'a dyn Transport,
    ) -> Result<Self, AmbientError> {
        let mut found = Provider::found(surroundings).into_iter();
        let provider = found.next().ok_or_else(|| AmbientError::None {
            in_job: is_job(surroundings),
        })?;
        let others = found.collect();
        Ok(Self {
            surroundings,
            transport,
            provider,
            others,
        })
    }

    /// This platform, whether or not it looks as if it were there.
    pub fn of(
        provider: Provider,
        surroundings: &'a dyn Surroundings,
        transport: &'a dyn Transport,
    ) -> Self {
        Self {
            surroundings,
            transport,
            provider,
            others: Vec::new(),
        }
    }

    /// Who gives the tokens.
    pub fn provider(&self) -> Provider {
        self.provider
    }

    /// Who else is there, and was not chosen.
    pub fn others(&self) -> &[Provider] {
        &self.others
    }

    /// A token for `audience`. One that ends within a minute of `at` is asked for once more.
    ///
    /// # Errors
    ///
    /// [`AmbientError`], with what is missing.
    pub async fn token(
        &self,
        audience: &str,
        at: Timestamp,
    ) -> Result<IdentityToken, AmbientError> {
        let token = self.fetch(audience, at).await?;
        if lasts_a_minute(&token, at) {
            return Ok(token);
        }
        self.fetch(audience, at).await
    }

    async fn fetch(&self, audience: &str, at: Timestamp) -> Result<IdentityToken, AmbientError> {
        let provider = self.provider;
        let text: Zeroizing<String> = provider
            .fetch(audience, self.surroundings, self.transport)
            .await?;
        let of_token = |problem| AmbientError::Token { provider, problem };
        let token = IdentityToken::from_jwt(&text).map_err(of_token)?;
        token.check(audience, at).map_err(of_token)?;
        Ok(token)
    }
}

/// Seconds that a token should last: it is sent to a service, which may be slow.
const RESERVE: i64 = 60;

fn lasts_a_minute(token: &IdentityToken, at: Timestamp) -> bool {
    let left = token
        .expires()
        .unix_seconds()
        .checked_sub(at.unix_seconds());
    left.is_none_or(|left| left >= RESERVE)
}

/// Whether nobody sits in front of this: the variables that platforms without tokens set too.
pub fn is_job(surroundings: &dyn Surroundings) -> bool {
    ["CI", "JENKINS_URL", "TEAMCITY_VERSION"]
        .iter()
        .any(|name| surroundings.variable(name).is_some_and(|it| it != "false"))
}
