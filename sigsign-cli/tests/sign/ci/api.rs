//! The parts of GitHub's API that a job uses, as its documentation has them.

use std::sync::{Arc, Mutex};

use axum::body::Bytes;
use axum::extract::{Path, Query, Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{delete, get, post};
use axum::{Json, Router};
use serde_json::{Value, json};
use sigsign_core::crypto::Hasher;
use sigsign_core::digest::HashAlgorithm;

use crate::Served;

pub(super) const TOKEN: &str = "ghs_of-the-job";

/// What it was handed, and how it misbehaves.
#[derive(Default)]
pub(super) struct State_ {
    pub(super) assets: Vec<(String, Vec<u8>)>,
    pub(super) attestations: Vec<Value>,
    /// What the next requests are answered with, in this order.
    pub(super) faults: Vec<Fault>,
}

#[derive(Clone, Copy)]
pub(super) enum Fault {
    /// Nothing is done.
    Status(u16),
    /// It is done, and this is the answer.
    Lost(u16),
    /// The name of an upload came through, and nothing else.
    BrokenOff,
    /// Too many requests, with a time to wait in seconds or without.
    Limit(Option<u32>),
}

pub(super) struct Api {
    pub(super) url: String,
    pub(super) state: Arc<Mutex<State_>>,
}

type Shared = State<Arc<Mutex<State_>>>;

impl Api {
    pub(super) fn new(served: &Served) -> Self {
        let state = Arc::new(Mutex::new(State_::default()));
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let at = url.clone();
        let by_tag = move |Path(tag): Path<String>| async move {
            match tag.as_str() {
                "v1.0/rc 1" => Json(release(&at)).into_response(),
                _ => refuse(404, "Not Found"),
            }
        };
        let router = Router::new()
            .route("/repos/o/r/releases/tags/{tag}", get(by_tag))
            .route("/repos/o/r/releases/7/assets", get(assets))
            .route("/repos/o/r/releases/assets/{id}", delete(remove))
            .route("/uploads/repos/o/r/releases/7/assets", post(upload))
            .route("/repos/o/r/attestations", post(attest))
            .layer(middleware::from_fn_with_state(Arc::clone(&state), admit))
            .with_state(Arc::clone(&state));
        let _inside = served.runtime.enter();
        let listener = tokio::net::TcpListener::from_std(listener).unwrap();
        served
            .runtime
            .spawn(async move { axum::serve(listener, router).await });
        Self { url, state }
    }

    pub(super) fn release(&self) -> Value {
        release(&self.url)
    }

    pub(super) fn fail(&self, faults: &[Fault]) {
        self.state.lock().unwrap().faults = faults.to_vec();
    }

    pub(super) fn names(&self) -> Vec<String> {
        let state = self.state.lock().unwrap();
        state.assets.iter().map(|(name, _)| name.clone()).collect()
    }
}

fn release(url: &str) -> Value {
    json!({
        "id": 7,
        "upload_url": format!("{url}/uploads/repos/o/r/releases/7/assets{{?name,label}}"),
        "assets_url": format!("{url}/repos/o/r/releases/7/assets"),
    })
}

fn refuse(status: u16, message: &str) -> Response {
    let body = json!({ "message": message, "status": status.to_string() });
    (StatusCode::from_u16(status).unwrap(), Json(body)).into_response()
}

/// Only whom the job's token names, in the current version; then what is to go wrong does.
async fn admit(State(state): Shared, request: Request, next: Next) -> Response {
    if !is_admitted(request.headers()) {
        return refuse(401, "Bad credentials");
    }
    let fault = {
        let mut state = state.lock().unwrap();
        (!state.faults.is_empty()).then(|| state.faults.remove(0))
    };
    match fault {
        None => next.run(request).await,
        Some(Fault::Status(status)) => refuse(status, "Resource not accessible by integration"),
        Some(Fault::Lost(status)) => {
            next.run(request).await;
            refuse(status, "Server Error")
        }
        Some(Fault::BrokenOff) => {
            let (parts, _) = request.into_parts();
            let nothing = Request::from_parts(parts, axum::body::Body::empty());
            next.run(nothing).await;
            refuse(502, "Bad Gateway")
        }
        Some(Fault::Limit(wait)) => {
            let answer = refuse(403, "You have exceeded a rate limit.");
            match wait {
                Some(wait) => ([("retry-after", wait.to_string())], answer).into_response(),
                None => ([("x-ratelimit-remaining", "0")], answer).into_response(),
            }
        }
    }
}

fn is_admitted(headers: &HeaderMap) -> bool {
    let header = |name: &str| headers.get(name).map(|it| it.to_str().unwrap());
    assert_eq!(Some("2022-11-28"), header("x-github-api-version"));
    assert_eq!(Some("application/vnd.github+json"), header("accept"));
    header("authorization") == Some(&format!("Bearer {TOKEN}"))
}

async fn assets(State(state): Shared) -> Response {
    let state = state.lock().unwrap();
    let assets = state.assets.iter().enumerate();
    let assets = assets.map(|(at, (name, bytes))| {
        if bytes.is_empty() {
            return json!({ "id": at, "name": name, "size": 0, "state": "starter" });
        }
        let mut hasher = Hasher::new(HashAlgorithm::Sha256);
        hasher.update(bytes);
        let digest = hasher.finish().to_string();
        json!({ "id": at, "name": name, "size": bytes.len(), "state": "uploaded", "digest": digest })
    });
    Json(assets.collect::<Vec<_>>()).into_response()
}

async fn upload(
    State(state): Shared,
    query: Query<Vec<(String, String)>>,
    body: Bytes,
) -> Response {
    let [(key, name)] = query.0.as_slice() else {
        return refuse(400, "Multiple names");
    };
    assert_eq!("name", key);
    let name = &renamed(name);
    let mut state = state.lock().unwrap();
    if state.assets.iter().any(|(it, _)| it == name) {
        let error =
            json!({ "resource": "ReleaseAsset", "code": "already_exists", "field": "name" });
        let body = json!({ "message": "Validation Failed", "errors": [error] });
        return (StatusCode::UNPROCESSABLE_ENTITY, Json(body)).into_response();
    }
    state.assets.push((name.clone(), body.to_vec()));
    (StatusCode::CREATED, Json(json!({ "name": name }))).into_response()
}

/// "GitHub renames asset filenames that have special characters, non-alphanumeric characters".
fn renamed(name: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    name.chars()
        .map(|c| if plain(c) { c } else { '.' })
        .collect()
}

async fn remove(State(state): Shared, Path(id): Path<usize>) -> Response {
    let mut state = state.lock().unwrap();
    if id >= state.assets.len() {
        return refuse(404, "Not Found");
    }
    state.assets.remove(id);
    StatusCode::NO_CONTENT.into_response()
}

async fn attest(State(state): Shared, Json(body): Json<Value>) -> Response {
    if !body["bundle"]["dsseEnvelope"].is_object() {
        return refuse(422, "Invalid bundle");
    }
    let mut state = state.lock().unwrap();
    state.attestations.push(body["bundle"].clone());
    let id = state.attestations.len() + 4000;
    (StatusCode::CREATED, Json(json!({ "id": id }))).into_response()
}
