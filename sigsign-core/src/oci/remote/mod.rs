//! Registries over HTTP.
//!
//! Credentials of a registry go to that registry, and to the token service that it names if both
//! are of one site; never along with a redirect, a link or an upload that leads elsewhere (A27).
//!
//! Spec: distribution-spec 1.1

mod auth;
mod challenge;
mod origin;
mod repository;

pub use repository::RemoteRepository;

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::credentials::Credentials;
use super::error::RegistryError;
use super::reference::{HUB, Reference};
use super::wire;
use crate::limits;
use crate::transport::{self, Opened, Pieces, Request, Response, Transport};

use auth::{Access, Authorization};
use origin::Origin;

/// Registries, over a transport of the caller's. Clones share tokens.
#[derive(Clone)]
pub struct Remote {
    inner: Arc<Inner>,
    /// How long one answer may take, without what a blob takes for its length.
    patience: Duration,
}

struct Inner {
    transport: Arc<dyn Transport>,
    credentials: Arc<dyn Credentials>,
    plain: PlainHosts,
    /// What each registry wants to see, by registry, repository and access.
    authorizations: Mutex<HashMap<(String, String, Access), Authorization>>,
}

impl fmt::Debug for Remote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Remote")
    }
}

/// Which registries are asked without TLS.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PlainHosts {
    /// Those of this machine.
    Loopback,
    /// Those of this machine, and these, which the transport has to allow too.
    Also(Vec<String>),
    /// None.
    None,
}

impl Remote {
    /// Registries that know us by `credentials`.
    pub fn new(
        transport: Arc<dyn Transport>,
        credentials: Arc<dyn Credentials>,
        plain: PlainHosts,
    ) -> Self {
        Self {
            inner: Arc::new(Inner {
                transport,
                credentials,
                plain,
                authorizations: Mutex::default(),
            }),
            patience: PATIENCE,
        }
    }

    /// The same, with so much time for one answer in place of half a minute. A blob has more, by
    /// its length.
    #[must_use]
    pub fn patience(mut self, limit: Duration) -> Self {
        self.patience = limit;
        self
    }

    /// The repository that a reference names.
    pub fn repository(&self, reference: &Reference) -> RemoteRepository {
        let registry = reference.registry();
        // What Docker calls docker.io answers under another name.
        let host = if registry == HUB { HUB_API } else { registry };
        RemoteRepository::new(
            self.clone(),
            Origin::of_registry(host, self.is_plain(registry)),
            registry.to_owned(),
            reference.repository().to_owned(),
        )
    }

    fn is_plain(&self, registry: &str) -> bool {
        match &self.inner.plain {
            PlainHosts::None => false,
            PlainHosts::Loopback => origin::is_loopback(registry),
            PlainHosts::Also(others) => {
                origin::is_loopback(registry) || others.iter().any(|it| it == registry)
            }
        }
    }
}

/// What is asked of one repository.
struct Ask<'a> {
    remote: &'a Remote,
    origin: &'a Origin,
    registry: &'a str,
    repository: &'a str,
    access: Access,
    /// How long the answer may take.
    limit: Duration,
    /// What is asked for, as errors name it.
    what: &'a str,
}

impl Ask<'_> {
    /// Sends a request to where it says, with what the registry wants to see, and follows where the
    /// answer leads. The body is left to be read.
    async fn open(&self, request: &Request) -> Result<Opened, RegistryError> {
        let (mut answer, mut body) = self.open_at_home(request).await?;
        let mut here = request.url().to_owned();
        for _ in 0..limits::REDIRECTS {
            if !matches!(answer.status(), 301 | 302 | 303 | 307 | 308) {
                return Ok((answer, body));
            }
            let place = self
                .origin
                .follow(&here, answer.its_location().unwrap_or_default());
            here = place.map_err(|(to, problem)| self.wrong_way(to, problem))?;
            let next = request.clone().to(here.clone());
            (answer, body) = if Origin::of_url(&here).as_ref() == Some(self.origin) {
                self.open_at_home(&next).await?
            } else {
                // A27: whoever is there knows neither us nor our token
                self.open_as(&next, &Authorization::Nothing).await?
            };
        }
        let to = here.split('?').next().unwrap_or_default().to_owned();
        Err(self.wrong_way(to, "and on, again and again"))
    }

    /// The same, with the whole body, if that is below the request's cap.
    async fn send(&self, request: &Request) -> Result<Response, RegistryError> {
        let (answer, body) = self.open(request).await?;
        let body = transport::together(body, request.cap()).await;
        Ok(answer.with_body(body.map_err(|problem| self.failed(problem))?))
    }

    /// The same, and again while the registry finds fault with it (400). Some do so with a good
    /// request while somebody else writes the same thing, and with a bad one every time.
    async fn insist(&self, request: &Request) -> Result<Response, RegistryError> {
        let mut tries = 0;
        loop {
            let answer = self.send(request).await?;
            if answer.status() != 400 || tries >= AGAIN {
                return Ok(answer);
            }
            let wait = transport::backoff(tries);
            self.remote.inner.transport.wait(wait).await;
            tries = tries.saturating_add(1);
        }
    }

    /// One exchange with the registry itself; who we are is told if it asks.
    async fn open_at_home(&self, request: &Request) -> Result<Opened, RegistryError> {
        let known = self.authorization();
        let (answer, body) = self.open_as(request, &known).await?;
        if answer.status() != 401 {
            return Ok((answer, body));
        }
        let authorization = auth::authorize(self, &answer).await?;
        let sent = authorization.is_somebody();
        self.remember(authorization.clone());
        let (answer, body) = self.open_as(request, &authorization).await?;
        if answer.status() == 401 {
            let message = self.said(body).await;
            return Err(self.unauthorized(sent, message));
        }
        Ok((answer, body))
    }

    async fn open_as(
        &self,
        request: &Request,
        authorization: &Authorization,
    ) -> Result<Opened, RegistryError> {
        let request = authorization.on(request.clone()).timeout(self.limit);
        let opened = transport::open(&*self.remote.inner.transport, &request).await;
        opened.map_err(|problem| self.failed(problem))
    }

    /// What the registry wanted to see last time.
    fn authorization(&self) -> Authorization {
        let known = self.remote.inner.authorizations.lock();
        let known = known.ok().and_then(|it| it.get(&self.key()).cloned());
        known.unwrap_or(Authorization::Nothing)
    }

    fn remember(&self, authorization: Authorization) {
        if let Ok(mut known) = self.remote.inner.authorizations.lock() {
            known.insert(self.key(), authorization);
        }
    }

    fn key(&self) -> (String, String, Access) {
        (
            self.registry.to_owned(),
            self.repository.to_owned(),
            self.access,
        )
    }

    fn failed(&self, problem: transport::TransportError) -> RegistryError {
        RegistryError::of_transport(self.registry, self.what, problem)
    }

    fn wrong_way(&self, to: String, problem: &'static str) -> RegistryError {
        RegistryError::Redirect {
            registry: self.registry.to_owned(),
            to,
            problem,
        }
    }

    fn unauthorized(&self, sent: bool, message: String) -> RegistryError {
        RegistryError::Unauthorized {
            registry: self.registry.to_owned(),
            sent,
            message,
        }
    }

    /// What an answer with a status that has no use here means.
    fn refused(&self, answer: &Response) -> RegistryError {
        let registry = self.registry.to_owned();
        let message = message(answer.body());
        match answer.status() {
            401 => self.unauthorized(true, message),
            403 => RegistryError::Forbidden { registry, message },
            429 => RegistryError::RateLimited {
                registry,
                after: answer.its_retry_after(),
            },
            status => RegistryError::Status {
                registry,
                status,
                message,
            },
        }
    }

    async fn said(&self, body: Box<dyn Pieces>) -> String {
        let body = transport::together(body, limits::RESPONSE_BYTES).await;
        message(&body.unwrap_or_default())
    }
}

/// What a refusal says, not too much of it.
fn message(body: &[u8]) -> String {
    let text = wire::refusal(body).unwrap_or_default();
    match text.char_indices().nth(MESSAGE_CHARS) {
        Some((end, _)) => format!("{}...", text.get(..end).unwrap_or_default()),
        None => text,
    }
}

/// How long one answer may take, if nobody says otherwise.
const PATIENCE: Duration = Duration::from_secs(30);

/// How often a request is sent again with which a registry finds fault.
const AGAIN: u32 = 4;

/// Characters of a refusal that are shown.
const MESSAGE_CHARS: usize = 400;

const HUB_API: &str = "registry-1.docker.io";
