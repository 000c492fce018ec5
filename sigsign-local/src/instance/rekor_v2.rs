//! The transparency log, version 2.
//!
//! In: a signature with what it is over and with what it is checked. Out: an entry with its proof,
//! and the log itself as tiles.
//!
//! Spec: rekor-v2; C2SP tlog-tiles

use std::io;
use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{DefaultBodyLimit, Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};

use crate::instance::log_fault::{spoil, stranger};
use crate::instance::tlog::{Appended, Leaf, LogKeys, NoteKind, Place, Repeats, TileLog};
use crate::instance::{Context, Fault, Refusal, Service};
use crate::json::Json;
use crate::key::Scheme;
use crate::note::Witness;
use proposal::Proposal;

mod proposal;

/// The log's name, and the origin of its checkpoints.
pub const HOST: &str = "rekor.sigsign.localhost";

/// The largest request. Spec: what the public server takes.
const REQUEST_BYTES: usize = 4 << 20;

/// The log.
#[derive(Debug)]
pub struct RekorV2 {
    context: Arc<Context>,
    log: TileLog,
}

/// What became of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "there is nothing else")]
pub enum Added {
    /// A TransparencyLogEntry.
    Entry(Json),
    /// An equal entry is there already, at this index.
    Known(u64),
}

impl RekorV2 {
    /// Opens the log in the folder `rekor-v2`, and makes it first if it is not there. `scheme` is
    /// Ed25519 or P-256.
    ///
    /// # Errors
    ///
    /// If the system does not let us, or the files are not a log's.
    pub fn open(
        context: Arc<Context>,
        scheme: Scheme,
        witness: Option<Witness>,
    ) -> io::Result<Self> {
        let keys = LogKeys {
            origin: HOST.to_owned(),
            name: HOST.to_owned(),
            key: context.keys.key(scheme, HOST),
            kind: NoteKind::Text,
            witness,
        };
        let data = context.data.sub("rekor-v2")?;
        let clock = context.clock.clone();
        let log = TileLog::open(data, "entries", keys, Repeats::Known, clock)?;
        Ok(Self { context, log })
    }

    /// The log below.
    pub fn log(&self) -> &TileLog {
        &self.log
    }

    /// `/api/v2/...`
    pub fn router(self: Arc<Self>) -> Router {
        Router::new()
            .route("/api/v2/log/entries", post(add))
            .route("/api/v2/checkpoint", get(checkpoint))
            .route("/api/v2/tile/{*path}", get(tile))
            .layer(DefaultBodyLimit::max(REQUEST_BYTES))
            .with_state(self)
    }

    /// Logs what a request asks for.
    ///
    /// # Errors
    ///
    /// 400 if the request is not well formed or the signature is not good; 503 if the log cannot
    /// write.
    pub async fn add(&self, request: &[u8]) -> Result<Added, Refusal> {
        let mut body = Proposal::from_json(request)?.body();
        let wrong_entry = self.context.faults.take(Service::LogV2, &Fault::WrongEntry);
        if wrong_entry {
            body = Proposal::of(&stranger(Scheme::P256)).body();
        }
        let body = body.canonical().into_bytes();
        let mut appended = self.log.append(Leaf::plain(body.clone())?).await?;
        match appended.place {
            Place::Known(index) if wrong_entry => {
                appended = self.log.get(index).map_err(|_| broken())?;
            }
            Place::Known(index) => return Ok(Added::Known(index)),
            Place::New(_) => {}
        }
        let appended = spoil(&self.context, Service::LogV2, &self.log, appended);
        let appended = appended.map_err(|_| broken())?;
        Ok(Added::Entry(self.entry(&appended, &body)))
    }

    /// TransparencyLogEntry, with the fields that are not there as the public server writes them.
    ///
    /// Spec: rekor.proto
    fn entry(&self, appended: &Appended, body: &[u8]) -> Json {
        let index = Json::int64(appended.place.index());
        let text = Json::text;
        let version = [("kind", text("hashedrekord")), ("version", text("0.0.2"))];
        Json::object([
            ("logIndex", index.clone()),
            (
                "logId",
                Json::object([("keyId", Json::bytes(self.log.keys().id()))]),
            ),
            ("kindVersion", Json::object(version)),
            ("integratedTime", Json::int64(0)),
            ("inclusionPromise", Json::Raw("null".to_owned())),
            ("inclusionProof", proof(index, appended)),
            ("canonicalizedBody", Json::bytes(body)),
        ])
    }
}

fn proof(index: Json, appended: &Appended) -> Json {
    let hashes = appended.proof.iter().map(Json::bytes).collect();
    let envelope = Json::text(&appended.checkpoint);
    Json::object([
        ("logIndex", index),
        ("rootHash", Json::bytes(appended.root)),
        ("treeSize", Json::int64(appended.size)),
        ("hashes", Json::List(hashes)),
        ("checkpoint", Json::object([("envelope", envelope)])),
    ])
}

async fn add(
    State(log): State<Arc<RekorV2>>,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Refusal> {
    let too_large = |_| Refusal::bad_request("the request is larger than 4 MiB, or was cut off");
    let request = body.map_err(too_large)?;
    let kind = ("content-type", "application/json");
    Ok(match log.add(&request).await? {
        Added::Entry(entry) => (StatusCode::CREATED, [kind], entry.compact()).into_response(),
        Added::Known(index) => {
            let text = format!("an equivalent entry already exists with index {index}");
            let refusal = Refusal::new(StatusCode::CONFLICT, text);
            ([("x-log-index", index.to_string())], refusal).into_response()
        }
    })
}

async fn checkpoint(State(log): State<Arc<RekorV2>>) -> Response {
    let headers = [
        ("content-type", "text/plain; charset=utf-8"),
        ("cache-control", "no-cache"),
    ];
    (headers, log.log.checkpoint()).into_response()
}

async fn tile(
    State(log): State<Arc<RekorV2>>,
    Path(path): Path<String>,
) -> Result<Response, Refusal> {
    let file = log
        .log
        .file(&format!("tile/{path}"))
        .map_err(|_| broken())?;
    let not_found = || Refusal::new(StatusCode::NOT_FOUND, "no such tile");
    let headers = [
        ("content-type", "application/octet-stream"),
        ("cache-control", "max-age=31536000, immutable"),
    ];
    Ok((headers, file.ok_or_else(not_found)?).into_response())
}

fn broken() -> Refusal {
    let status = StatusCode::INTERNAL_SERVER_ERROR;
    Refusal::new(status, "the log cannot read its files")
}
