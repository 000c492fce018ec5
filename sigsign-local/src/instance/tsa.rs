//! The time stamp authority.
//!
//! In: a request for a time stamp over a hash. Out: a token with the time, the hash and the nonce
//! that was asked with. Not here: what was hashed; the authority never sees it.
//!
//! Spec: RFC 3161; RFC 5816; the paths of sigstore/timestamp-authority

mod json;
mod request;

use std::io;
use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};

use crate::certificate::{self, CertificateSpec};
use crate::der;
use crate::instance::ca::is_for;
use crate::instance::log_fault::stranger;
use crate::instance::{Context, Data, Fault, FolderError, Refusal, Service};
use crate::key::{Hash, Key, Scheme};
use crate::text;
use crate::tsp::{ResponseSpec, SIGNED_DATA, SignerSpec, TST_INFO, TstInfo};
use request::StampRequest;

/// The authority's name.
pub const HOST: &str = "tsa.sigsign.localhost";

/// The policy under which everything is stamped, as the public authority names its own.
const POLICY: &str = "1.3.6.1.4.1.57264.2";

/// The largest request: a SHA-512 with every optional field is far smaller.
const REQUEST_BYTES: usize = 16 << 10;

/// Seconds that the authority's certificates are valid: ten years.
const LIFETIME: i64 = 10 * 365 * 86_400;

/// The authority.
#[derive(Debug)]
pub struct Tsa {
    context: Arc<Context>,
    key: Key,
    /// The one that signs, then the root.
    chain: [Vec<u8>; 2],
}

impl Tsa {
    /// Opens the authority in the folder `tsa`, and makes its certificates first if they are not
    /// there. `scheme` is P-256 or RSA 2048.
    ///
    /// # Errors
    ///
    /// If the system does not let us.
    pub fn open(context: Arc<Context>, scheme: Scheme) -> io::Result<Self> {
        let key = context.keys.key(scheme, HOST);
        let data = context.data.sub("tsa")?;
        let chain = kept_chain(&data, &context, &key)?;
        Ok(Self {
            context,
            key,
            chain,
        })
    }

    /// The certificate that signs, then its root, DER.
    pub fn chain(&self) -> &[Vec<u8>] {
        &self.chain
    }

    /// `/api/v1/timestamp` and its certificates.
    pub fn router(self: Arc<Self>) -> Router {
        Router::new()
            .route("/api/v1/timestamp", post(stamp))
            .route("/api/v1/timestamp/certchain", get(certificates))
            .layer(DefaultBodyLimit::max(REQUEST_BYTES))
            .with_state(self)
    }

    /// Stamps what a TimeStampReq asks for; returns a TimeStampResp.
    ///
    /// # Errors
    ///
    /// 400 if the request is not one, or asks for a hash or policy that the authority has not.
    ///
    /// Spec: RFC 3161 2.4
    pub fn stamp(&self, request: &[u8]) -> Result<Vec<u8>, Refusal> {
        let request = StampRequest::from_der(request)?;
        if request.policy.is_some_and(|it| it != der::oid(POLICY)) {
            return Err(Refusal::bad_request(format!(
                "the only policy here is {POLICY}"
            )));
        }
        let serial = serial().map_err(|_| broken())?;
        Ok(self.answer(&request, serial))
    }

    fn answer(&self, request: &StampRequest<'_>, serial: Vec<u8>) -> Vec<u8> {
        let faults = &self.context.faults;
        let wrong = |fault| faults.take(Service::Tsa, &fault);
        let mut at = self.context.clock.now();
        if wrong(Fault::WrongTime) {
            at -= 20 * 365 * 86_400;
        }
        let mut info = TstInfo {
            version: 1,
            policy: POLICY.to_owned(),
            imprint_algorithm: request.algorithm.to_vec(),
            imprint: request.imprint.to_vec(),
            serial,
            gen_time: format!("{}Z", text::digits(at)),
            // Whole seconds: the time is up to one of them early.
            rest: vec![der::sequence(&[der::integer(1)])],
        };
        let nonce = if wrong(Fault::NoNonce) {
            None
        } else if wrong(Fault::BadNonce) {
            Some(der::integer(1))
        } else {
            request.nonce.map(<[u8]>::to_vec)
        };
        info.rest.extend(nonce);
        if wrong(Fault::WrongImprint) {
            info.imprint = request.hash.of(b"something else");
        }
        let key = if wrong(Fault::WrongKey) {
            stranger(self.key.scheme)
        } else {
            self.key.clone()
        };
        self.sign(&key, &info.encode(), at, request.certificates)
    }

    /// Spec: RFC 5652 5; RFC 3161 2.4.2
    fn sign(&self, key: &Key, content: &[u8], at: i64, certificates: bool) -> Vec<u8> {
        let [leaf, _] = &self.chain;
        let names = (leaf.as_slice(), &root_name()[..], &leaf_serial()[..]);
        let signer = SignerSpec::new(key, content, names, at);
        ResponseSpec {
            status: 0,
            outer_type: SIGNED_DATA.to_owned(),
            version: 3,
            digest_algorithms: vec![key.scheme.hash().identifier()],
            content_type: TST_INFO.to_owned(),
            content: content.to_vec(),
            certificates: if certificates {
                self.chain.to_vec()
            } else {
                Vec::new()
            },
            signers: vec![signer.sign()],
        }
        .encode()
    }
}

/// The certificates in the folder, or new ones.
fn kept_chain(data: &Data, context: &Context, key: &Key) -> io::Result<[Vec<u8>; 2]> {
    let names = ["leaf.der", "root.der"];
    let kept = (data.read(names[0], 1 << 16)?, data.read(names[1], 1 << 16)?);
    if let (Some(leaf), Some(root)) = kept {
        return if is_for(&leaf, key) {
            Ok([leaf, root])
        } else {
            let file = "tsa/leaf.der";
            Err(FolderError::Damaged { file }.into())
        };
    }
    let chain = make_chain(context, key);
    // The one that is looked for first is written last.
    data.write(names[1], &chain[1])?;
    data.write(names[0], &chain[0])?;
    Ok(chain)
}

fn make_chain(context: &Context, key: &Key) -> [Vec<u8>; 2] {
    let now = context.clock.now();
    let window = (now, now + LIFETIME);
    let root_key = context.keys.key(Scheme::P384, "tsa root");
    let name = root_name();
    let root = certificate::authority(
        (&name, &name),
        root_key.spki(),
        window,
        &root_key,
        Some(certificate::TIME_STAMPING),
        Some(0),
    );
    let own = certificate::name("sigsign-local", HOST);
    let mut leaf: CertificateSpec =
        certificate::stamper((&name, &own), key.spki(), window, &root_key);
    leaf.serial = leaf_serial();
    [leaf.sign(), root.sign()]
}

fn root_name() -> Vec<u8> {
    certificate::name("sigsign-local", "tsa-root.sigsign.localhost")
}

/// The one certificate that the root ever signs.
fn leaf_serial() -> Vec<u8> {
    vec![1]
}

/// Content of a random positive INTEGER of 16 bytes.
pub(crate) fn serial() -> io::Result<Vec<u8>> {
    let mut serial = vec![0; 16];
    getrandom::fill(&mut serial)?;
    serial[0] = serial[0] & 0x3f | 0x40;
    Ok(serial)
}

async fn stamp(
    State(tsa): State<Arc<Tsa>>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Refusal> {
    let too_large = |_| Refusal::bad_request("the request is larger than 16 KiB, or was cut off");
    let kind = headers.get("content-type").map(HeaderValue::as_bytes);
    let answer = match kind {
        Some(b"application/timestamp-query") => tsa.stamp(&body.map_err(too_large)?)?,
        Some(b"application/json") => tsa.stamp(&json::query(&body.map_err(too_large)?)?)?,
        _ => return Err(other_kind()),
    };
    let kind = [("content-type", "application/timestamp-reply")];
    Ok((StatusCode::CREATED, kind, answer).into_response())
}

async fn certificates(State(tsa): State<Arc<Tsa>>) -> Response {
    let pem: String = tsa
        .chain
        .iter()
        .map(|it| text::pem("CERTIFICATE", it))
        .collect();
    let kind = [("content-type", "application/pem-certificate-chain")];
    (kind, pem).into_response()
}

fn other_kind() -> Refusal {
    let status = StatusCode::UNSUPPORTED_MEDIA_TYPE;
    let wanted = "the content type is application/timestamp-query or application/json";
    Refusal::new(status, wanted)
}

fn broken() -> Refusal {
    let status = StatusCode::INTERNAL_SERVER_ERROR;
    Refusal::new(status, "the system gives no randomness")
}

/// The hash with this AlgorithmIdentifier, of which the parameters may be left out.
fn hash_of(algorithm: &[u8]) -> Option<Hash> {
    let known = [Hash::Sha256, Hash::Sha384, Hash::Sha512];
    known.into_iter().find(|hash| {
        let without = hash.identifier();
        let null = der::null();
        let with = der::sequence(&[der::content(&without), &null]);
        algorithm == without || algorithm == with
    })
}
