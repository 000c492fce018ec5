//! The certificate authority.
//!
//! In: an identity token, and a public key whose owner proves to have the private one. Out: a
//! certificate for ten minutes, which a certificate transparency log has promised to show. Not
//! here: where tokens come from.
//!
//! Spec: fulcio-spec; oid-info; sigstore/fulcio, fulcio.proto

mod authority;
mod principal;
mod request;
mod signing;
#[cfg(test)]
mod tests;

use std::io;
use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};

use crate::instance::jwt::{self, Claims, KeySet};
use crate::instance::{Context, CtSubmit, PublicKey, PublicKeyKind, Refusal};
use crate::json::Json;
use crate::text;
use authority::Authority;
pub(in crate::instance) use authority::is_for;
use principal::Principal;
use request::Asked;
pub use request::SigningRequest;

/// The authority's name.
pub const HOST: &str = "ca.sigsign.localhost";

/// The largest request: a token of 32 KiB and a certificate request.
const REQUEST_BYTES: usize = 256 << 10;

/// Seconds that the clocks of token issuers may be ahead.
const SKEW: i64 = 60;

/// A token issuer whose word is taken.
#[derive(Clone, Debug)]
#[expect(clippy::exhaustive_structs, reason = "callers set every field")]
pub struct IssuerConfig {
    /// The `iss` of its tokens.
    pub url: String,
    /// The audience that they must have.
    pub audience: String,
    /// What of a token becomes the subject.
    pub kind: IssuerKind,
    /// What its tokens are checked with.
    pub keys: KeySet,
}

/// What of a token becomes the subject of a certificate, and which extensions there are.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum IssuerKind {
    /// Whatever the claims look like: for the issuer of this instance, which plays all of them.
    Any,
    /// A verified email address.
    Email,
    /// A verified email address, from the issuer that `federated_claims.connector_id` names, as
    /// Dex has it. The issuer is trusted to speak for every other one.
    Federated,
    /// The `sub`, which is a URI under this prefix.
    Uri(String),
    /// The `sub` as a user name of this domain.
    Username(String),
    /// A SPIFFE ID of this trust domain.
    Spiffe(String),
    /// A workflow of GitHub Actions.
    GitHub,
    /// A pipeline of GitLab.
    GitLab,
    /// A pipeline of Buildkite.
    Buildkite,
    /// A project of CircleCI.
    CircleCi,
    /// A service account of Kubernetes.
    Kubernetes,
}

/// The authority.
#[derive(Debug)]
pub struct Ca {
    context: Arc<Context>,
    authority: Authority,
    issuers: Vec<IssuerConfig>,
    ct: Arc<dyn CtSubmit>,
}

impl Ca {
    /// Opens the authority in the folder `ca`, and makes its certificates first if they are not
    /// there.
    ///
    /// The root's key comes from a secret of its own in the folder `offline`, which may be taken
    /// away once the certificates are there.
    ///
    /// # Errors
    ///
    /// If the system does not let us.
    pub fn open(
        context: Arc<Context>,
        issuers: Vec<IssuerConfig>,
        ct: Arc<dyn CtSubmit>,
    ) -> io::Result<Self> {
        Ok(Self {
            authority: Authority::open(&context)?,
            context,
            issuers,
            ct,
        })
    }

    /// The chains that a log takes certificates under: the intermediate, then its root, DER.
    ///
    /// For whom needs them before there is an authority.
    ///
    /// # Errors
    ///
    /// As [`Self::open`].
    pub fn chain_of(context: &Context) -> io::Result<[Vec<u8>; 2]> {
        Ok(Authority::open(context)?.chain)
    }

    /// The intermediate, then its root, DER.
    pub fn chain(&self) -> &[Vec<u8>] {
        &self.authority.chain
    }

    /// The API of versions 1 and 2.
    pub fn router(self: Arc<Self>) -> Router {
        Router::new()
            .route("/api/v2/signingCert", post(signing_cert))
            .route("/api/v2/trustBundle", get(trust_bundle))
            .route("/api/v2/configuration", get(configuration))
            .route("/api/v1/signingCert", post(signing_cert_v1))
            .route("/api/v1/rootCert", get(root_cert))
            .layer(DefaultBodyLimit::max(REQUEST_BYTES))
            .with_state(self)
    }

    /// Certifies a key for whom a token names; returns the chain, DER, the new certificate first.
    ///
    /// # Errors
    ///
    /// 401 if the token is not good; 400 if the request is not, or the key is not proven.
    pub async fn certify(
        &self,
        token: &str,
        request: &SigningRequest,
    ) -> Result<Vec<Vec<u8>>, Refusal> {
        let (claims, kind) = self.authenticate(token)?;
        let principal = Principal::of(&claims, kind)?;
        let key = request.proven(&principal)?;
        check_key(&key)?;
        let leaf = signing::issue(
            &self.context,
            &self.authority,
            &*self.ct,
            &principal,
            key.spki(),
        )
        .await?;
        let mut chain = vec![leaf];
        chain.extend_from_slice(signing::shown_chain(&self.context, &self.authority).as_slice());
        Ok(chain)
    }

    /// The claims of a token that one of our issuers made, for us, and now.
    ///
    /// Spec: OpenID Connect Core 3.1.3.7; fulcio-spec 4
    fn authenticate(&self, token: &str) -> Result<(Claims, &IssuerKind), Refusal> {
        let refuse = |why: String| Refusal::new(StatusCode::UNAUTHORIZED, why);
        let named = jwt::unverified(token).map_err(|error| refuse(error.to_string()))?;
        let url = named
            .get("iss")
            .and_then(|it| it.as_str())
            .unwrap_or_default();
        let issuer = self.issuers.iter().find(|it| it.url == url);
        let issuer =
            issuer.ok_or_else(|| refuse("the token's issuer is not known here".to_owned()))?;
        let claims = issuer.keys.check(token);
        let claims = claims.map_err(|error| refuse(error.to_string()))?;
        if !has_audience(&claims, &issuer.audience) {
            return Err(refuse(format!(
                "the token is not for the audience {}",
                issuer.audience
            )));
        }
        let now = self.context.clock.now();
        let time = |name: &str| claims.get(name).and_then(serde_json::Value::as_i64);
        if time("exp").is_none_or(|end| now >= end) {
            return Err(refuse("the token is over, or never is".to_owned()));
        }
        let early = |name| time(name).is_some_and(|start| start > now + SKEW);
        if early("nbf") || early("iat") {
            return Err(refuse("the token is not valid yet".to_owned()));
        }
        Ok((claims, &issuer.kind))
    }
}

/// Spec: RFC 7519 4.1.3
fn has_audience(claims: &Claims, want: &str) -> bool {
    match claims.get("aud") {
        Some(serde_json::Value::String(one)) => one == want,
        Some(serde_json::Value::Array(several)) => several.iter().any(|it| it == want),
        _ => false,
    }
}

/// What a certificate is given for. Spec: fulcio-spec 3; algorithm-registry
fn check_key(key: &PublicKey) -> Result<(), Refusal> {
    match key.kind() {
        PublicKeyKind::Rsa(bits) if ![2048, 3072, 4096].contains(&bits) => {
            Err(Refusal::bad_request(format!(
                "wanted an RSA key of 2048, 3072 or 4096 bits, found {bits}"
            )))
        }
        _ => Ok(()),
    }
}

async fn signing_cert(
    State(ca): State<Arc<Ca>>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Refusal> {
    let asked = Asked::v2(&read(body)?)?;
    let token = asked.token.as_deref().or_else(|| bearer(&headers));
    let token = token.ok_or_else(no_token)?;
    let chain = ca.certify(token, &asked.request).await?;
    let certificates = Json::object([("certificates", pems(&chain))]);
    let issued = Json::object([("chain", certificates)]);
    Ok(json(&Json::object([(
        "signedCertificateEmbeddedSct",
        issued,
    )])))
}

/// As clients did before 2022: the token is in the header, and the chain is PEM.
async fn signing_cert_v1(
    State(ca): State<Arc<Ca>>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Refusal> {
    let request = Asked::v1(&read(body)?)?;
    let token = bearer(&headers).ok_or_else(no_token)?;
    let chain = ca.certify(token, &request).await?;
    Ok((StatusCode::CREATED, pem_answer(&chain)).into_response())
}

/// Spec: fulcio.proto, TrustBundle
async fn trust_bundle(State(ca): State<Arc<Ca>>) -> Response {
    let chain = Json::object([("certificates", pems(ca.chain()))]);
    json(&Json::object([("chains", Json::List(vec![chain]))]))
}

/// Spec: fulcio.proto, Configuration
async fn configuration(State(ca): State<Arc<Ca>>) -> Response {
    let issuers = ca.issuers.iter().map(|issuer| {
        let challenge = match issuer.kind {
            IssuerKind::Any | IssuerKind::Email | IssuerKind::Federated => "email",
            _ => "sub",
        };
        Json::object([
            ("issuerUrl", Json::text(&issuer.url)),
            ("audience", Json::text(&issuer.audience)),
            ("challengeClaim", Json::text(challenge)),
        ])
    });
    json(&Json::object([("issuers", Json::List(issuers.collect()))]))
}

async fn root_cert(State(ca): State<Arc<Ca>>) -> Response {
    pem_answer(ca.chain())
}

fn read(body: Result<Bytes, BytesRejection>) -> Result<Bytes, Refusal> {
    let too_large = |_| Refusal::bad_request("the request is larger than 256 KiB, or was cut off");
    body.map_err(too_large)
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get("authorization")?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme
        .eq_ignore_ascii_case("bearer")
        .then_some(token.trim())
}

fn no_token() -> Refusal {
    Refusal::new(StatusCode::UNAUTHORIZED, "there is no identity token")
}

fn pems(chain: &[Vec<u8>]) -> Json {
    let pems = chain
        .iter()
        .map(|it| Json::text(text::pem("CERTIFICATE", it)));
    Json::List(pems.collect())
}

fn pem_answer(chain: &[Vec<u8>]) -> Response {
    let pem: String = chain
        .iter()
        .map(|it| text::pem("CERTIFICATE", it))
        .collect();
    ([("content-type", "application/pem-certificate-chain")], pem).into_response()
}

fn json(json: &Json) -> Response {
    ([("content-type", "application/json")], json.compact()).into_response()
}
