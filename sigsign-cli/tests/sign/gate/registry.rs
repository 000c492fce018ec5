//! A registry in memory, without the list of referrers: what is put there is there.
//!
//! Spec: OCI distribution-spec 1.1

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::{IntoResponse as _, Response};
use sigsign_core::crypto::Hasher;
use sigsign_core::digest::{Digest, HashAlgorithm};

use crate::Served;

#[derive(Default)]
pub(crate) struct Kept {
    /// By repository, then tag or digest: type and bytes.
    manifests: BTreeMap<String, (String, Vec<u8>)>,
    blobs: BTreeMap<String, Vec<u8>>,
    /// How often manifests were asked for.
    pub(crate) pulls: usize,
    pub(crate) trouble: Trouble,
}

#[derive(Clone, Copy, Default, PartialEq)]
pub(crate) enum Trouble {
    #[default]
    None,
    Status(u16),
    Silence,
    /// Nobody may write.
    ReadOnly,
    /// Other bytes than the digest says.
    Lies,
}

pub(crate) struct Registry {
    pub(crate) host: String,
    pub(crate) kept: Arc<Mutex<Kept>>,
}

pub(crate) fn digest(bytes: &[u8]) -> Digest {
    let mut hasher = Hasher::new(HashAlgorithm::Sha256);
    hasher.update(bytes);
    hasher.finish()
}

impl Registry {
    pub(crate) fn new(served: &Served) -> Self {
        let kept = Arc::new(Mutex::new(Kept::default()));
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let port = listener.local_addr().unwrap().port();
        let router = Router::new()
            .fallback(answer)
            .layer(DefaultBodyLimit::disable())
            .with_state(Arc::clone(&kept));
        let _inside = served.runtime.enter();
        let listener = tokio::net::TcpListener::from_std(listener).unwrap();
        served
            .runtime
            .spawn(async move { axum::serve(listener, router).await });
        Self {
            host: format!("localhost:{port}"),
            kept,
        }
    }

    /// An image of its own for each name, with a tag; its digest.
    pub(crate) fn image(&self, name: &str, tag: &str) -> Digest {
        let manifest = serde_json::json!({
            "schemaVersion": 2,
            "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "config": {
                "mediaType": "application/vnd.oci.image.config.v1+json",
                "digest": format!("sha256:{}", "0".repeat(64)), "size": 2,
            },
            "layers": [],
            "annotations": { "name": name, "tag": tag },
        });
        let bytes = manifest.to_string().into_bytes();
        let digest = digest(&bytes);
        let media_type = "application/vnd.oci.image.manifest.v1+json".to_owned();
        let mut kept = self.kept.lock().unwrap();
        for at in [tag.to_owned(), digest.to_string()] {
            kept.manifests
                .insert(format!("{name}/{at}"), (media_type.clone(), bytes.clone()));
        }
        digest
    }

    pub(crate) fn trouble(&self, trouble: Trouble) {
        self.kept.lock().unwrap().trouble = trouble;
    }
}

type Shared = State<Arc<Mutex<Kept>>>;

async fn answer(
    kept: Shared,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let trouble = kept.lock().unwrap().trouble;
    match trouble {
        Trouble::Status(status) => return StatusCode::from_u16(status).unwrap().into_response(),
        Trouble::Silence => tokio::time::sleep(Duration::from_secs(60)).await,
        Trouble::ReadOnly if method != Method::GET && method != Method::HEAD => {
            return StatusCode::FORBIDDEN.into_response();
        }
        Trouble::None | Trouble::Lies | Trouble::ReadOnly => {}
    }
    let path = uri
        .path()
        .strip_prefix("/v2/")
        .unwrap_or_default()
        .to_owned();
    if let Some((name, at)) = path.rsplit_once("/manifests/") {
        let key = format!("{name}/{at}");
        return match method {
            Method::PUT => put(&kept, &key, &headers, &body),
            _ => get(&kept, &key, trouble),
        };
    }
    if let Some((name, at)) = path.rsplit_once("/blobs/") {
        return blob(&kept, &method, (name, at), &uri, body);
    }
    StatusCode::NOT_FOUND.into_response()
}

fn put(kept: &Shared, key: &str, headers: &HeaderMap, body: &Bytes) -> Response {
    let media_type = headers["content-type"].to_str().unwrap().to_owned();
    let mut kept = kept.lock().unwrap();
    kept.manifests
        .insert(key.to_owned(), (media_type, body.to_vec()));
    StatusCode::CREATED.into_response()
}

fn get(kept: &Shared, key: &str, trouble: Trouble) -> Response {
    let mut kept = kept.lock().unwrap();
    kept.pulls += 1;
    let Some((media_type, bytes)) = kept.manifests.get(key) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let mut bytes = bytes.clone();
    if trouble == Trouble::Lies {
        bytes.push(b'\n');
    }
    ([("content-type", media_type.clone())], bytes).into_response()
}

fn blob(
    kept: &Shared,
    method: &Method,
    (name, at): (&str, &str),
    uri: &Uri,
    body: Bytes,
) -> Response {
    let mut kept = kept.lock().unwrap();
    match *method {
        Method::POST => {
            let place = format!("/v2/{name}/blobs/uploads/1");
            (StatusCode::ACCEPTED, [("location", place)]).into_response()
        }
        Method::PUT => {
            let query = uri.query().unwrap_or_default();
            let digest = query.split("digest=").nth(1).unwrap().replace("%3A", ":");
            kept.blobs.insert(digest, body.to_vec());
            StatusCode::CREATED.into_response()
        }
        _ => match kept.blobs.get(at) {
            Some(bytes) if *method == Method::HEAD => {
                ([("content-length", bytes.len().to_string())], Body::empty()).into_response()
            }
            Some(bytes) => bytes.clone().into_response(),
            None => StatusCode::NOT_FOUND.into_response(),
        },
    }
}
