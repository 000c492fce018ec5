//! Telling a registry who we are, in the way it asks for.
//!
//! Spec: distribution, Token Authentication Specification; RFC 7617

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use zeroize::Zeroizing;

use super::Ask;
use super::challenge::Challenge;
use super::origin::Origin;
use crate::encoding::base64_encode;
use crate::limits;
use crate::oci::credentials::Credential;
use crate::oci::error::RegistryError;
use crate::oci::wire;
use crate::transport::{self, Request, Response};

/// What is done with a repository.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Access {
    Pull,
    Push,
}

/// What a registry is shown.
#[derive(Clone)]
pub(super) enum Authorization {
    Basic(Zeroizing<String>),
    /// A token, and whether it was given to somebody or to anybody.
    Bearer(Zeroizing<String>, bool),
    Nothing,
}

impl Authorization {
    pub(super) fn on(&self, request: Request) -> Request {
        match self {
            Self::Basic(pair) => request.authorization("Basic", pair),
            Self::Bearer(token, _) => request.bearer(&**token),
            Self::Nothing => request,
        }
    }

    /// Whether credentials went into it.
    pub(super) fn is_somebody(&self) -> bool {
        !matches!(self, Self::Nothing | Self::Bearer(_, false))
    }
}

/// Gets what a registry asks for in an answer with status 401.
pub(super) async fn authorize(
    ask: &Ask<'_>,
    answer: &Response,
) -> Result<Authorization, RegistryError> {
    let challenges = answer.headers_named("www-authenticate");
    let challenges: Vec<Challenge> = challenges.flat_map(Challenge::parse).collect();
    let of = |scheme| challenges.iter().find(|it| it.scheme == scheme);
    if let Some(bearer) = of("bearer") {
        return bearer_token(ask, bearer).await;
    }
    if of("basic").is_none() {
        return Err(wrong(ask, "neither Bearer nor Basic"));
    }
    match credential(ask, ask.registry).await? {
        Some(Credential::Basic(user, secret)) => Ok(Authorization::Basic(pair(&user, &secret))),
        Some(Credential::Token(_)) => Err(wrong(ask, "Basic, and what we have is a token")),
        None => Err(ask.unauthorized(false, super::message(answer.body()))),
    }
}

/// Asks the token service that the registry names.
async fn bearer_token(
    ask: &Ask<'_>,
    challenge: &Challenge,
) -> Result<Authorization, RegistryError> {
    let realm = challenge.get("realm").unwrap_or_default();
    let service = Origin::of_url(realm).ok_or_else(|| wrong(ask, "no token service named"))?;
    // A token service without TLS shows credentials to everybody on the way, and one at an address
    // of this machine is not the registry's, unless the registry is like that itself.
    if service.is_plain() && !(ask.origin.is_plain() && service.is_same_site(ask.origin)) {
        return Err(wrong(ask, "a token service without TLS"));
    }
    // A27
    let credential = if service.is_same_site(ask.origin) {
        credential(ask, ask.registry).await?
    } else {
        None
    };
    let scope = scope(ask, challenge);
    let service_name = challenge.get("service").unwrap_or_default();
    let request = match &credential {
        Some(Credential::Token(token)) => refresh(realm, service_name, &scope, token),
        Some(Credential::Basic(user, secret)) => Request::get(query(realm, service_name, &scope))
            .authorization("Basic", &pair(user, secret)),
        None => Request::get(query(realm, service_name, &scope)),
    };
    let request = request
        .at_most(limits::REGISTRY_TOKEN_BYTES)
        .timeout(ask.limit);
    let answer = transport::send(&*ask.remote.inner.transport, &request).await;
    let answer = answer.map_err(|problem| ask.failed(problem))?;
    match answer.status() {
        200 => {
            let token = wire::token(answer.body()).map(Zeroizing::new);
            let token = token.filter(|it| it.bytes().all(|byte| byte.is_ascii_graphic()));
            let token = token.ok_or_else(|| wrong(ask, "a token service that gives none"))?;
            Ok(Authorization::Bearer(token, credential.is_some()))
        }
        400 | 401 | 403 => {
            Err(ask.unauthorized(credential.is_some(), super::message(answer.body())))
        }
        _ => Err(ask.refused(&answer)),
    }
}

async fn credential(ask: &Ask<'_>, registry: &str) -> Result<Option<Credential>, RegistryError> {
    let found = ask.remote.inner.credentials.find(registry, ask.repository);
    found.await.map_err(|problem| RegistryError::Credentials {
        registry: registry.to_owned(),
        problem,
    })
}

/// What the registry asks for, or what we are about to do.
fn scope(ask: &Ask<'_>, challenge: &Challenge) -> String {
    let actions = match ask.access {
        Access::Pull => "pull",
        Access::Push => "pull,push",
    };
    let ours = format!("repository:{}:{actions}", ask.repository);
    match (ask.access, challenge.get("scope")) {
        (Access::Pull, Some(theirs)) => theirs.to_owned(),
        _ => ours,
    }
}

fn query(realm: &str, service: &str, scope: &str) -> String {
    let separator = if realm.contains('?') { '&' } else { '?' };
    let realm = realm.split('#').next().unwrap_or_default();
    format!(
        "{realm}{separator}{}",
        form(&[("service", service), ("scope", scope)])
    )
}

/// Spec: distribution, Oauth2 Token Authentication
fn refresh(realm: &str, service: &str, scope: &str, token: &str) -> Request {
    let body = form(&[
        ("grant_type", "refresh_token"),
        ("service", service),
        ("client_id", "sigsign"),
        ("scope", scope),
        ("refresh_token", token),
    ]);
    let types = ("application/x-www-form-urlencoded", "application/json");
    Request::post(realm, types, body.into_bytes())
}

fn form(fields: &[(&str, &str)]) -> String {
    let fields = fields.iter().filter(|(_, value)| !value.is_empty());
    let encoded = |text| utf8_percent_encode(text, NON_ALPHANUMERIC);
    let fields = fields.map(|(name, value)| format!("{name}={}", encoded(value)));
    fields.collect::<Vec<_>>().join("&")
}

fn pair(user: &str, secret: &str) -> Zeroizing<String> {
    let pair = Zeroizing::new(format!("{user}:{secret}"));
    Zeroizing::new(base64_encode(pair.as_bytes()))
}

fn wrong(ask: &Ask<'_>, problem: &'static str) -> RegistryError {
    RegistryError::Challenge {
        registry: ask.registry.to_owned(),
        problem,
    }
}
