//! The token issuer: says who somebody is, to whom asks in their name.
//!
//! In: claims from the owner of the instance, the request of a job as GitHub Actions makes it, or
//! a login in a browser. Out: identity tokens. Not here: what a token is good for.
//!
//! Nobody is asked for a password: whoever reaches the issuer of an instance is whom they say they
//! are. That is right for one user on one machine, and why it listens on loopback only.
//!
//! Spec: OpenID Connect Core 1.0, Discovery 1.0; RFC 6749; RFC 7636; RFC 8628

mod flow;
mod page;
pub mod shape;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::io;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::{DefaultBodyLimit, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde_json::{Value, json};

use crate::instance::jwt::{Claims, JwtError, KeySet, TokenKey};
use crate::instance::{Context, Refusal};
use crate::key::Scheme;
use flow::Flows;

/// For whom tokens are, unless said otherwise. Spec: client-spec 2.1.2
pub const AUDIENCE: &str = "sigstore";

/// Seconds that a token lives, as GitHub's do.
const LIFETIME: i64 = 300;

/// Seconds that a job may ask for tokens, as GitHub's may.
const JOB_LIFETIME: i64 = 6 * 3600;

/// The audience of what a job asks with, so that it is good for nothing else.
const JOB_AUDIENCE: &str = "urn:sigsign-local:job";

/// The largest form.
const FORM_BYTES: usize = 16 << 10;

/// The issuer.
#[derive(Debug)]
pub struct Oidc {
    context: Arc<Context>,
    key: TokenKey,
    keys: KeySet,
    flows: Mutex<Flows>,
}

impl Oidc {
    /// An issuer with a key of `scheme`: P-256 or RSA 2048.
    ///
    /// # Errors
    ///
    /// None now; the signature is that of every service.
    pub fn open(context: Arc<Context>, scheme: Scheme) -> io::Result<Self> {
        let key = TokenKey::new(context.keys.key(scheme, "oidc"));
        let keys = KeySet::from_json(key.set().to_string().as_bytes())?;
        Ok(Self {
            context,
            key,
            keys,
            flows: Mutex::default(),
        })
    }

    /// The name of the issuer, which is where it is.
    pub fn issuer(&self) -> &str {
        &self.context.base_url
    }

    /// The keys that its tokens are checked with.
    pub fn keys(&self) -> &KeySet {
        &self.keys
    }

    /// A token with these claims, and with issuer, audience and times where they say none.
    pub fn mint(&self, mut claims: Claims) -> String {
        let now = self.context.clock.now();
        for (name, value) in [
            ("iss", Value::from(self.issuer())),
            ("aud", AUDIENCE.into()),
            ("iat", now.into()),
            ("nbf", now.into()),
            ("exp", (now + LIFETIME).into()),
        ] {
            claims.entry(name).or_insert(value);
        }
        self.key.sign(&claims)
    }

    /// What a job with these claims asks with: `ACTIONS_ID_TOKEN_REQUEST_TOKEN`.
    pub fn job_token(&self, job: Claims) -> String {
        let now = self.context.clock.now();
        let claims = json!({
            "aud": JOB_AUDIENCE,
            "exp": now + JOB_LIFETIME,
            "job": job,
        });
        match claims {
            Value::Object(claims) => self.mint(claims),
            _ => String::new(),
        }
    }

    /// Where a job asks: `ACTIONS_ID_TOKEN_REQUEST_URL`, to which `&audience=` is appended.
    pub fn job_url(&self) -> String {
        format!("{}/actions/token?api-version=2.0", self.issuer())
    }

    /// A token for the job that asks.
    ///
    /// # Errors
    ///
    /// 401 if `bearer` is not what this issuer gave a job, or is over.
    fn token_for_job(&self, bearer: &str, audience: &str) -> Result<String, Refusal> {
        let refuse = |why: &str| Refusal::new(StatusCode::UNAUTHORIZED, why);
        let claims = self.keys.check(bearer);
        let claims = claims.map_err(|error: JwtError| refuse(&error.to_string()))?;
        let over = claims["exp"].as_i64().unwrap_or(0) <= self.context.clock.now();
        if claims["aud"] != JOB_AUDIENCE || over {
            return Err(refuse("the request token is for something else, or over"));
        }
        let Some(Value::Object(job)) = claims.get("job") else {
            return Err(refuse("the request token names no job"));
        };
        let mut job = job.clone();
        job.insert("aud".to_owned(), audience.into());
        Ok(self.mint(job))
    }

    /// Discovery, keys, and every way to a token.
    pub fn router(self: Arc<Self>) -> Router {
        Router::new()
            .route("/.well-known/openid-configuration", get(discovery))
            .route("/keys", get(keys))
            .route("/actions/token", get(actions))
            .route("/authorize", get(flow::login).post(flow::decide))
            .route("/token", post(flow::exchange))
            .route("/device/code", post(flow::start_device))
            .route("/device", get(flow::device_page).post(flow::decide_device))
            .layer(DefaultBodyLimit::max(FORM_BYTES))
            .with_state(self)
    }
}

/// Spec: OpenID Connect Discovery 1.0, 3; RFC 8414 2
async fn discovery(State(oidc): State<Arc<Oidc>>) -> Response {
    let issuer = oidc.issuer();
    let algorithm = oidc.key.algorithm();
    json_answer(&json!({
        "issuer": issuer,
        "authorization_endpoint": format!("{issuer}/authorize"),
        "token_endpoint": format!("{issuer}/token"),
        "device_authorization_endpoint": format!("{issuer}/device/code"),
        "jwks_uri": format!("{issuer}/keys"),
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": ["authorization_code", flow::DEVICE_GRANT],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": [algorithm],
        "code_challenge_methods_supported": ["S256"],
        "token_endpoint_auth_methods_supported": ["none"],
        "scopes_supported": ["openid", "email"],
        "claims_supported": ["aud", "email", "email_verified", "exp", "iat", "iss", "nonce", "sub"],
    }))
}

async fn keys(State(oidc): State<Arc<Oidc>>) -> Response {
    json_answer(&oidc.key.set())
}

/// Spec: GitHub's documentation, "OpenID Connect reference", request of a job
async fn actions(
    State(oidc): State<Arc<Oidc>>,
    Query(query): Query<HashMap<String, String>>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let bearer = headers.get("authorization").and_then(|it| it.to_str().ok());
    let bearer = bearer.and_then(|it| {
        let (scheme, token) = it.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then_some(token)
    });
    let bearer = bearer
        .ok_or_else(|| Refusal::new(StatusCode::UNAUTHORIZED, "wanted a bearer token of a job"))?;
    let audience = query.get("audience").map_or(AUDIENCE, String::as_str);
    let token = oidc.token_for_job(bearer, audience)?;
    Ok(json_answer(
        &json!({ "count": token.len(), "value": token }),
    ))
}

fn json_answer(json: &Value) -> Response {
    let headers = [
        ("content-type", "application/json"),
        ("cache-control", "no-store"),
    ];
    (headers, json.to_string()).into_response()
}
