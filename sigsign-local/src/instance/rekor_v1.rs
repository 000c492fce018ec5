//! The transparency log, version 1.
//!
//! In: a proposed entry. Out: the entry with a promise and a proof. Not here: search, and kinds
//! of entries other than `hashedrekord` and `dsse`.
//!
//! Spec: rekor-spec

use std::io;
use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::rejection::{BytesRejection, QueryRejection};
use axum::extract::{DefaultBodyLimit, Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde::Deserialize;

use crate::instance::log_fault::{spoil, stranger};
use crate::instance::tlog::{Appended, Leaf, LogKeys, NoteKind, Place, Repeats, TileLog, TreeHash};
use crate::instance::{Context, Fault, Refusal, Service};
use crate::json::Json;
use crate::key::{Scheme, sha256};
use crate::text::{hex, pem};
use crate::tree::leaf_hash;
use proposal::Proposal;

mod proposal;

/// The log's name.
pub const HOST: &str = "rekor1.sigsign.localhost";

/// The largest request: an attestation of some size.
const REQUEST_BYTES: usize = 8 << 20;

/// Entries in one answer. Spec: rekor-spec, SearchLogQuery
const RETRIEVED: usize = 10;

/// The log.
#[derive(Debug)]
pub struct RekorV1 {
    context: Arc<Context>,
    log: TileLog,
    tree_id: u64,
}

/// An entry of the log.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "callers take it apart")]
pub struct Entry {
    /// The tree and the leaf, in hexadecimal.
    pub id: String,
    /// `{"<id>": {"body": .., ..}}`
    pub json: Json,
}

/// What became of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "there is nothing else")]
pub enum Added {
    /// The new entry.
    Entry(Entry),
    /// The identifier of an equal entry that is there already.
    Known(String),
}

impl RekorV1 {
    /// Opens the log in the folder `rekor-v1`, and makes it first if it is not there.
    ///
    /// # Errors
    ///
    /// If the system does not let us, or the files are not a log's.
    pub fn open(context: Arc<Context>) -> io::Result<Self> {
        let key = context.keys.key(Scheme::P256, HOST);
        let tree_id = tree_id(&sha256(&key.spki()));
        let keys = LogKeys {
            origin: format!("{HOST} - {tree_id}"),
            name: HOST.to_owned(),
            key,
            kind: NoteKind::Text,
            witness: None,
        };
        let data = context.data.sub("rekor-v1")?;
        let clock = context.clock.clone();
        let log = TileLog::open(data, "bodies", keys, Repeats::Known, clock)?;
        Ok(Self {
            context,
            log,
            tree_id,
        })
    }

    /// The log below.
    pub fn log(&self) -> &TileLog {
        &self.log
    }

    /// `/api/v1/log/...`
    pub fn router(self: Arc<Self>) -> Router {
        Router::new()
            .route("/api/v1/log", get(head))
            .route("/api/v1/log/publicKey", get(public_key))
            .route("/api/v1/log/proof", get(consistency))
            .route("/api/v1/log/entries", post(add).get(by_index))
            .route("/api/v1/log/entries/{id}", get(by_id))
            .route("/api/v1/log/entries/retrieve", post(retrieve))
            .layer(DefaultBodyLimit::max(REQUEST_BYTES))
            .with_state(self)
    }

    /// Logs a proposed entry.
    ///
    /// # Errors
    ///
    /// 400 if it is not well formed or a signature is not good; 503 if the log cannot write.
    pub async fn add(&self, request: &[u8]) -> Result<Added, Refusal> {
        let mut body = Proposal::from_json(request)?.body();
        let wrong_entry = self.context.faults.take(Service::LogV1, &Fault::WrongEntry);
        if wrong_entry {
            body = Proposal::of(&stranger(Scheme::P256)).body();
        }
        let body = body.canonical().into_bytes();
        let leaf = leaf_hash(&body);
        let appended = self.append(body).await?;
        if let (Place::Known(_), false) = (appended.place, wrong_entry) {
            return Ok(Added::Known(self.id(&leaf)));
        }
        let entry = self.entry(appended).map_err(|_| broken())?;
        Ok(Added::Entry(entry))
    }

    /// The entry at an index.
    ///
    /// # Errors
    ///
    /// 404 if the log is not so large.
    pub fn entry_at(&self, index: u64) -> Result<Entry, Refusal> {
        let entry = self.log.get(index).and_then(|it| self.entry(it));
        entry.map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => not_found(),
            _ => broken(),
        })
    }

    /// The entry with an identifier: a leaf, with or without the tree before it.
    ///
    /// # Errors
    ///
    /// 400 if it is not an identifier, 404 if there is no such entry.
    pub fn entry_of(&self, id: &str) -> Result<Entry, Refusal> {
        let leaf = match id.len() {
            64 => id,
            80 => id.strip_prefix(&self.tree()).ok_or_else(not_found)?,
            _ => "",
        };
        let leaf: Option<TreeHash> = proposal::unhex(leaf).and_then(|it| it.try_into().ok());
        let leaf = leaf.ok_or_else(|| Refusal::bad_request("incorrectly formatted uuid"))?;
        let index = self.log.find(&leaf).map_err(|_| broken())?;
        self.entry_at(index.ok_or_else(not_found)?)
    }

    /// Version 1 has a time for each entry, which is not in the leaf.
    async fn append(&self, body: Vec<u8>) -> Result<Appended, Refusal> {
        let leaf = Leaf::timed(body)?;
        let make = |_, time_ms: i64| leaf.at(time_ms.div_euclid(1000));
        self.log.append_with(make).await
    }

    fn entry(&self, appended: Appended) -> io::Result<Entry> {
        let index = appended.place.index();
        let stored = self.log.entry(index)?;
        let (time, body) = stored
            .split_first_chunk()
            .ok_or(io::ErrorKind::InvalidData)?;
        let time = i64::from_be_bytes(*time);
        let appended = spoil(&self.context, Service::LogV1, &self.log, appended)?;
        let promise = self.promise(index, time, body);
        let verification = Json::object([
            ("inclusionProof", proof(&appended)),
            ("signedEntryTimestamp", Json::bytes(promise)),
        ]);
        let mut entry = self.promised(index, time, body);
        entry.set("verification", verification);
        let id = self.id(&leaf_hash(body));
        let json = Json::Object(vec![(id.clone(), entry)]);
        Ok(Entry { id, json })
    }

    /// What the promise is over. Spec: rekor-spec, SignedEntryTimestamp
    fn promised(&self, index: u64, time: i64, body: &[u8]) -> Json {
        Json::object([
            ("body", Json::bytes(body)),
            ("integratedTime", Json::number(time)),
            ("logID", Json::text(hex(&self.log.keys().id()))),
            ("logIndex", Json::number(index)),
        ])
    }

    fn promise(&self, index: u64, time: i64, body: &[u8]) -> Vec<u8> {
        let wrong = self
            .context
            .faults
            .take(Service::LogV1, &Fault::WrongPromise);
        let promised = self.promised(index, time + i64::from(wrong), body);
        self.log.keys().key.sign(promised.canonical().as_bytes())
    }

    fn tree(&self) -> String {
        format!("{:016x}", self.tree_id)
    }

    fn id(&self, leaf: &TreeHash) -> String {
        format!("{}{}", self.tree(), hex(leaf))
    }
}

/// Hashes are hexadecimal here.
fn proof(appended: &Appended) -> Json {
    let hash = |hash: &TreeHash| Json::text(hex(hash));
    Json::object([
        ("checkpoint", Json::text(&appended.checkpoint)),
        (
            "hashes",
            Json::List(appended.proof.iter().map(hash).collect()),
        ),
        ("logIndex", Json::number(appended.place.index())),
        ("rootHash", hash(&appended.root)),
        ("treeSize", Json::number(appended.size)),
    ])
}

/// The number of a tree: 63 bits of its key.
fn tree_id(key_hash: &[u8; 32]) -> u64 {
    let [a, b, c, d, e, f, g, h, ..] = *key_hash;
    u64::from_be_bytes([a & 0x7f | 0x40, b, c, d, e, f, g, h])
}

async fn add(
    State(log): State<Arc<RekorV1>>,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Failure> {
    let too_large = |_| Refusal::bad_request("the request is larger than 8 MiB, or was cut off");
    Ok(match log.add(&body.map_err(too_large)?).await? {
        Added::Entry(Entry { id, json }) => {
            // Off-spec: RFC 9110 8.8.3 has quotes around it; Rekor has none, and its clients look
            // for the entry under the very value of this header.
            let headers = [("location", location(&id)), ("etag", id)];
            (StatusCode::CREATED, headers, answer(&json)).into_response()
        }
        Added::Known(id) => {
            let text = format!(
                "an equivalent entry already exists in the transparency log with UUID {id}"
            );
            let failure = Failure(Refusal::new(StatusCode::CONFLICT, text));
            ([("location", location(&id))], failure).into_response()
        }
    })
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct IndexQuery {
    log_index: u64,
}

async fn by_index(
    State(log): State<Arc<RekorV1>>,
    query: Result<Query<IndexQuery>, QueryRejection>,
) -> Result<Response, Failure> {
    let no_index = |_| Refusal::bad_request("logIndex is not a number");
    let Query(query) = query.map_err(no_index)?;
    Ok(answer(&log.entry_at(query.log_index)?.json))
}

async fn by_id(
    State(log): State<Arc<RekorV1>>,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    Ok(answer(&log.entry_of(&id)?.json))
}

/// SearchLogQuery, without entries to be compared.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RetrieveJson {
    #[serde(rename = "entryUUIDs", default)]
    ids: Vec<String>,
    #[serde(rename = "logIndexes", default)]
    indexes: Vec<u64>,
}

async fn retrieve(
    State(log): State<Arc<RekorV1>>,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Failure> {
    let too_large = |_| Refusal::bad_request("the request is larger than 8 MiB, or was cut off");
    let request: RetrieveJson = serde_json::from_slice(&body.map_err(too_large)?)
        .map_err(|error| Refusal::bad_request(format!("not a query: {error}")))?;
    if request.ids.len() + request.indexes.len() > RETRIEVED {
        return Err(Refusal::bad_request("more than 10 entries").into());
    }
    let by_id = request.ids.iter().map(|id| log.entry_of(id));
    let by_index = request.indexes.iter().map(|index| log.entry_at(*index));
    let mut found = Vec::new();
    for entry in by_id.chain(by_index) {
        match entry {
            Ok(entry) => found.push(entry.json),
            Err(refusal) if refusal.status() == StatusCode::NOT_FOUND => {}
            Err(refusal) => return Err(refusal.into()),
        }
    }
    Ok(answer(&Json::List(found)))
}

/// LogInfo
async fn head(State(log): State<Arc<RekorV1>>) -> Response {
    let (size, root) = log.log.head();
    answer(&Json::object([
        ("inactiveShards", Json::List(Vec::new())),
        ("rootHash", Json::text(hex(&root))),
        ("signedTreeHead", Json::text(log.log.checkpoint())),
        ("treeID", Json::text(log.tree_id.to_string())),
        ("treeSize", Json::number(size)),
    ]))
}

async fn public_key(State(log): State<Arc<RekorV1>>) -> Response {
    let key = pem("PUBLIC KEY", &log.log.keys().key.spki());
    ([("content-type", "application/x-pem-file")], key).into_response()
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct SizesQuery {
    #[serde(default = "one")]
    first_size: u64,
    last_size: u64,
}

fn one() -> u64 {
    1
}

/// ConsistencyProof
async fn consistency(
    State(log): State<Arc<RekorV1>>,
    query: Result<Query<SizesQuery>, QueryRejection>,
) -> Result<Response, Failure> {
    let bad = || Refusal::bad_request("wanted 0 < firstSize <= lastSize <= the size of the tree");
    let Query(sizes) = query.map_err(|_| bad())?;
    if sizes.first_size == 0 {
        return Err(bad().into());
    }
    let proof = log.log.consistency(sizes.first_size, sizes.last_size);
    let hashes = proof
        .map_err(|_| bad())?
        .iter()
        .map(|it| Json::text(hex(it)))
        .collect();
    let root = log.log.root_at(sizes.last_size).map_err(|_| broken())?;
    Ok(answer(&Json::object([
        ("hashes", Json::List(hashes)),
        ("rootHash", Json::text(hex(&root))),
    ])))
}

/// A refusal as this version writes it: with the status in its body.
struct Failure(Refusal);

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        Self(refusal)
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let body = Json::object([
            ("code", Json::number(self.0.status().as_u16())),
            ("message", Json::text(self.0.message())),
        ]);
        (self.0.status(), answer(&body)).into_response()
    }
}

fn answer(json: &Json) -> Response {
    ([("content-type", "application/json")], json.compact()).into_response()
}

fn location(id: &str) -> String {
    format!("/api/v1/log/entries/{id}")
}

fn not_found() -> Refusal {
    Refusal::new(StatusCode::NOT_FOUND, "no such entry")
}

fn broken() -> Refusal {
    let status = StatusCode::INTERNAL_SERVER_ERROR;
    Refusal::new(status, "the log cannot read its files")
}
