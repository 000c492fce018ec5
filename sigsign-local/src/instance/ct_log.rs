//! The certificate transparency log.
//!
//! In: a precertificate with the certificates above it. Out: a signed timestamp with the index of
//! the leaf, once the leaf is durable; and the log itself as tiles. Not here: final certificates,
//! which this authority does not submit.
//!
//! Spec: RFC 6962; C2SP static-ct-api

use std::collections::HashSet;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{DefaultBodyLimit, Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde::Deserialize;

use crate::ct::{self, SctSpec};
use crate::instance::asn1::ReadCertificate;
use crate::instance::base64_json::Base64;
use crate::instance::log_fault::stranger;
use crate::instance::tlog::{LogKeys, NoteKind, Place, Repeats, TileLog};
use crate::instance::{Context, CtSubmit, Data, Fault, Refusal, Service, Submitted, pem};
use crate::json::Json;
use crate::key::{Scheme, sha256};
use crate::text::hex;
use chain::Precertificate;

mod chain;

/// The log's name, and the origin of its checkpoints.
pub const HOST: &str = "ct.sigsign.localhost";

/// The largest request: eight certificates of 64 KiB in base64.
const REQUEST_BYTES: usize = 1 << 20;

/// Certificates above precertificates that are remembered as written.
const ISSUERS: usize = 1024;

/// The certificates, DER, in PEM that has nothing else; `None` if it has none or is anything else.
pub fn roots_from_pem(pem: &[u8]) -> Option<Vec<Vec<u8>>> {
    let roots = pem::certificates(pem)?;
    let is_certificate = |der: &Vec<u8>| ReadCertificate::from_der(der).is_some();
    roots.iter().all(is_certificate).then_some(roots)
}

/// The log.
#[derive(Debug)]
pub struct CtLog {
    context: Arc<Context>,
    log: TileLog,
    /// Certificates above precertificates, by their hash.
    issuers: Data,
    written: Mutex<HashSet<[u8; 32]>>,
    roots: Vec<Vec<u8>>,
}

/// A SignedCertificateTimestamp, and what is in it.
#[derive(Clone, Debug)]
struct Sct {
    spec: SctSpec,
    encoded: Vec<u8>,
}

impl CtLog {
    /// Opens the log in the folder `ct`, and makes it first if it is not there. `roots` are the
    /// certificates, DER, that chains may end with; if there are none, a chain may end anywhere.
    ///
    /// # Errors
    ///
    /// If the system does not let us, or the files are not a log's.
    pub fn open(context: Arc<Context>, roots: Vec<Vec<u8>>) -> io::Result<Self> {
        let keys = LogKeys {
            origin: HOST.to_owned(),
            name: HOST.to_owned(),
            key: context.keys.key(Scheme::P256, HOST),
            kind: NoteKind::TreeHead,
            witness: None,
        };
        let data = context.data.sub("ct")?;
        let issuers = data.sub("issuer")?;
        let clock = context.clock.clone();
        let log = TileLog::open(data, "data", keys, Repeats::Logged, clock)?;
        Ok(Self {
            context,
            log,
            issuers,
            written: Mutex::default(),
            roots,
        })
    }

    /// The log below.
    pub fn log(&self) -> &TileLog {
        &self.log
    }

    /// `/ct/...`
    pub fn router(self: Arc<Self>) -> Router {
        Router::new()
            .route("/ct/v1/add-pre-chain", post(add_pre_chain))
            .route("/ct/v1/get-roots", get(get_roots))
            .route("/ct/checkpoint", get(checkpoint))
            .route("/ct/tile/{*path}", get(tile))
            .route("/ct/issuer/{fingerprint}", get(issuer))
            .layer(DefaultBodyLimit::max(REQUEST_BYTES))
            .with_state(self)
    }

    /// Logs a precertificate: the first of `chain`, which is DER, then its issuer and the ones
    /// above. Returns the SignedCertificateTimestamp.
    ///
    /// # Errors
    ///
    /// 400 if the chain is not one; 503 if the log cannot write.
    pub async fn add_pre_chain(&self, chain: &[Vec<u8>]) -> Result<Vec<u8>, Refusal> {
        Ok(self.add(chain).await?.encoded)
    }

    async fn add(&self, chain: &[Vec<u8>]) -> Result<Sct, Refusal> {
        let precertificate = Precertificate::read(chain, &self.roots)?;
        self.keep_issuers(&chain[1..]).map_err(|_| broken())?;
        let leaf = precertificate.clone();
        let make = move |index, time_ms| leaf.leaf(index, time_ms);
        let appended = self.log.append_with(make).await?;
        let (Place::New(index) | Place::Known(index)) = appended.place;
        Ok(self.sign(precertificate, index, appended.time_ms))
    }

    fn sign(&self, precertificate: Precertificate, index: u64, time_ms: i64) -> Sct {
        let keys = self.log.keys();
        let mut spec = SctSpec {
            version: 0,
            log_id: keys.id().to_vec(),
            timestamp_ms: time_ms.unsigned_abs(),
            extensions: chain::leaf_index(index),
            entry_type: 1,
            issuer_key_hash: precertificate.issuer_key_hash.to_vec(),
            tbs: precertificate.tbs,
            algorithm: ct::algorithm(keys.key.scheme),
            trailing: Vec::new(),
            key: keys.key.clone(),
        };
        let faults = &self.context.faults;
        if faults.take(Service::CtLog, &Fault::WrongKey) {
            spec.key = stranger(keys.key.scheme);
        }
        if faults.take(Service::CtLog, &Fault::WrongEntry) {
            spec.issuer_key_hash = sha256(b"somebody else").to_vec();
        }
        let encoded = spec.sign();
        Sct { spec, encoded }
    }

    /// Writes the certificates that entries name by their hash.
    ///
    /// Spec: C2SP static-ct-api, Issuers
    fn keep_issuers(&self, chain: &[Vec<u8>]) -> io::Result<()> {
        for certificate in chain {
            let fingerprint = sha256(certificate);
            if !self.lock().contains(&fingerprint) {
                self.issuers.write(&hex(&fingerprint), certificate)?;
                let mut written = self.lock();
                if written.len() >= ISSUERS {
                    written.clear();
                }
                written.insert(fingerprint);
            }
        }
        Ok(())
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashSet<[u8; 32]>> {
        self.written.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl CtSubmit for CtLog {
    fn submit<'a>(&'a self, chain: &'a [Vec<u8>]) -> Submitted<'a> {
        Box::pin(self.add_pre_chain(chain))
    }
}

impl Sct {
    /// Spec: RFC 6962 4.1
    fn json(&self) -> Json {
        let spec = &self.spec;
        let before = 1 + 32 + 8 + 2 + spec.extensions.len();
        Json::object([
            ("sct_version", Json::number(spec.version)),
            ("id", Json::bytes(&spec.log_id)),
            ("timestamp", Json::number(spec.timestamp_ms)),
            ("extensions", Json::bytes(&spec.extensions)),
            ("signature", Json::bytes(&self.encoded[before..])),
        ])
    }
}

/// Spec: RFC 6962 4.2
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ChainJson {
    chain: Vec<Base64>,
}

async fn add_pre_chain(
    State(log): State<Arc<CtLog>>,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Refusal> {
    let too_large = |_| Refusal::bad_request("the request is larger than 1 MiB, or was cut off");
    let request: ChainJson = serde_json::from_slice(&body.map_err(too_large)?)
        .map_err(|error| Refusal::bad_request(format!("not a chain: {error}")))?;
    let chain: Vec<Vec<u8>> = request.chain.into_iter().map(|Base64(it)| it).collect();
    let sct = log.add(&chain).await?;
    Ok(json(&sct.json()))
}

/// Spec: RFC 6962 4.7
async fn get_roots(State(log): State<Arc<CtLog>>) -> Response {
    let roots = log.roots.iter().map(Json::bytes).collect();
    json(&Json::object([("certificates", Json::List(roots))]))
}

async fn checkpoint(State(log): State<Arc<CtLog>>) -> Response {
    let headers = [
        ("content-type", "text/plain; charset=utf-8"),
        ("cache-control", "no-cache"),
    ];
    (headers, log.log.checkpoint()).into_response()
}

async fn tile(
    State(log): State<Arc<CtLog>>,
    Path(path): Path<String>,
) -> Result<Response, Refusal> {
    let file = log.log.file(&format!("tile/{path}"));
    octets(file, "application/octet-stream")
}

async fn issuer(
    State(log): State<Arc<CtLog>>,
    Path(fingerprint): Path<String>,
) -> Result<Response, Refusal> {
    let lower = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    if fingerprint.len() != 64 || !fingerprint.bytes().all(lower) {
        return Err(Refusal::new(StatusCode::NOT_FOUND, "no such file"));
    }
    octets(
        log.issuers.read(&fingerprint, 1 << 16),
        "application/pkix-cert",
    )
}

fn octets(file: io::Result<Option<Vec<u8>>>, kind: &'static str) -> Result<Response, Refusal> {
    let not_found = || Refusal::new(StatusCode::NOT_FOUND, "no such file");
    let headers = [
        ("content-type", kind),
        ("cache-control", "max-age=31536000, immutable"),
    ];
    let file = file.map_err(|_| broken())?.ok_or_else(not_found)?;
    Ok((headers, file).into_response())
}

fn json(json: &Json) -> Response {
    ([("content-type", "application/json")], json.compact()).into_response()
}

fn broken() -> Refusal {
    let status = StatusCode::INTERNAL_SERVER_ERROR;
    Refusal::new(status, "the log cannot use its files")
}
