//! A registry on this machine, which keeps what it gets, and can be told to misbehave.

use std::collections::HashMap;
use std::future::IntoFuture as _;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, Method, StatusCode};
use axum::response::{IntoResponse as _, Response};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

use crate::{INDEX, digest};

/// What a request asks for, and what is shown with it.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) method: Method,
    /// With the query.
    pub(crate) path: String,
    pub(crate) authorization: Option<String>,
    /// What the registry has as the blob that is asked for.
    pub(crate) kept: Bytes,
    body: Bytes,
    content_type: String,
}

/// An answer in place of the registry's own, if there is one.
pub(crate) type Fault = Box<dyn Fn(&Asked) -> Option<Response> + Send + Sync>;

/// The same for blobs.
type BlobFault = fn(&Asked) -> Response;

#[derive(Default)]
struct Kept {
    /// By name or digest: type and bytes.
    manifests: HashMap<String, (String, Bytes)>,
    blobs: HashMap<String, Bytes>,
}

struct Inner {
    kept: Mutex<Kept>,
    /// What is answered in place of blobs.
    blobs: Mutex<Option<BlobFault>>,
    asked: Mutex<Vec<Asked>>,
    has_list: bool,
    fault: Fault,
}

/// A registry with one repository, as far as it looks at names.
pub(crate) struct Server {
    inner: Arc<Inner>,
    address: SocketAddr,
    _runtime: Runtime,
}

impl Server {
    pub(crate) fn with_list() -> Self {
        Self::start(true, Box::new(|_| None))
    }

    pub(crate) fn without_list() -> Self {
        Self::start(false, Box::new(|_| None))
    }

    pub(crate) fn with_fault(
        fault: impl Fn(&Asked) -> Option<Response> + Send + Sync + 'static,
    ) -> Self {
        Self::start(true, Box::new(fault))
    }

    fn start(has_list: bool, fault: Fault) -> Self {
        let inner = Arc::new(Inner {
            kept: Mutex::default(),
            blobs: Mutex::default(),
            asked: Mutex::default(),
            has_list,
            fault,
        });
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let address = listener.local_addr().unwrap();
        let router = Router::new()
            .fallback(answer)
            .with_state(Arc::clone(&inner));
        runtime.spawn(axum::serve(listener, router).into_future());
        Self {
            inner,
            address,
            _runtime: runtime,
        }
    }

    /// The host and port.
    pub(crate) fn host(&self) -> String {
        self.address.to_string()
    }

    /// The name of an image here.
    pub(crate) fn name(&self, target: &str) -> String {
        format!("{}/app{target}", self.address)
    }

    /// Puts a manifest there, below a tag too.
    pub(crate) fn put(&self, tag: &str, media_type: &str, bytes: &[u8]) -> String {
        let mut kept = self.inner.kept.lock().unwrap();
        let value = (media_type.to_owned(), Bytes::copy_from_slice(bytes));
        kept.manifests.insert(digest(bytes), value.clone());
        kept.manifests.insert(tag.to_owned(), value);
        digest(bytes)
    }

    pub(crate) fn put_blob(&self, bytes: &[u8]) {
        let mut kept = self.inner.kept.lock().unwrap();
        kept.blobs
            .insert(digest(bytes), Bytes::copy_from_slice(bytes));
    }

    /// Every blob, changed.
    pub(crate) fn change_blobs(&self, change: impl Fn(&Bytes) -> Vec<u8>) {
        let mut kept = self.inner.kept.lock().unwrap();
        for blob in kept.blobs.values_mut() {
            *blob = change(blob).into();
        }
    }

    /// From now on this is answered in place of every blob.
    pub(crate) fn break_blobs(&self, answer: fn(&Asked) -> Response) {
        *self.inner.blobs.lock().unwrap() = Some(answer);
    }

    /// The manifests that name an image as their subject.
    pub(crate) fn referrers(&self, subject: &str) -> Vec<Value> {
        let kept = self.inner.kept.lock().unwrap();
        let by_digest = kept.manifests.iter().filter(|(name, _)| name.contains(':'));
        let manifests = by_digest.filter_map(|(_, (_, bytes))| serde_json::from_slice(bytes).ok());
        manifests
            .filter(|it: &Value| it["subject"]["digest"] == *subject)
            .collect()
    }

    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.inner.asked.lock().unwrap().clone()
    }

    pub(crate) fn tags(&self) -> Vec<String> {
        let kept = self.inner.kept.lock().unwrap();
        let tags = kept.manifests.keys().filter(|it| !it.contains(':'));
        let mut tags: Vec<String> = tags.cloned().collect();
        tags.sort();
        tags
    }
}

pub(crate) fn response(status: u16, content_type: &str, body: impl Into<Vec<u8>>) -> Response {
    let status = StatusCode::from_u16(status).unwrap();
    (status, [("content-type", content_type)], body.into()).into_response()
}

pub(crate) fn redirect(to: String) -> Response {
    (StatusCode::TEMPORARY_REDIRECT, [("location", to)]).into_response()
}

async fn answer(State(inner): State<Arc<Inner>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let asked = Asked {
        method: parts.method,
        path: parts.uri.path_and_query().unwrap().to_string(),
        authorization: header(&parts.headers, "authorization"),
        content_type: header(&parts.headers, "content-type").unwrap_or_default(),
        body: to_bytes(body, 64 << 20).await.unwrap(),
        kept: Bytes::new(),
    };
    inner.asked.lock().unwrap().push(asked.clone());
    let broken = *inner.blobs.lock().unwrap();
    if let Some(answer) = broken.filter(|_| asked.method == "GET" && asked.path.contains("/blobs/"))
    {
        let name = asked.path.rsplit('/').next().unwrap();
        let kept = inner.kept.lock().unwrap().blobs.get(name).cloned();
        return answer(&Asked {
            kept: kept.unwrap_or_default(),
            ..asked
        });
    }
    (inner.fault)(&asked)
        .unwrap_or_else(|| inner.kept.lock().unwrap().answer(&asked, inner.has_list))
}

fn header(headers: &HeaderMap, name: &str) -> Option<String> {
    Some(headers.get(name)?.to_str().unwrap().to_owned())
}

impl Kept {
    fn answer(&mut self, asked: &Asked, has_list: bool) -> Response {
        let path = asked.path.strip_prefix("/v2/app/").unwrap_or_default();
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        let (kind, name) = path.split_once('/').unwrap_or((path, ""));
        match (asked.method.as_str(), kind) {
            ("GET", "manifests") => match self.manifests.get(name) {
                Some((media_type, bytes)) => response(200, media_type, bytes.to_vec()),
                None => response(404, "text/plain", ""),
            },
            ("PUT", "manifests") => {
                let value = (asked.content_type.clone(), asked.body.clone());
                self.manifests.insert(digest(&asked.body), value.clone());
                self.manifests.insert(name.to_owned(), value);
                response(201, "text/plain", "")
            }
            ("GET", "referrers") if has_list => self.list(name),
            ("GET" | "HEAD", "blobs") => match self.blobs.get(name) {
                Some(bytes) => response(200, "application/octet-stream", bytes.to_vec()),
                None => response(404, "text/plain", ""),
            },
            ("POST", "blobs") => {
                let place = "/v2/app/blobs/uploads/1?state=x";
                (StatusCode::ACCEPTED, [("location", place)]).into_response()
            }
            ("PUT", "blobs") => {
                let claimed = query.split_once("digest=").unwrap().1;
                if digest(&asked.body) != claimed {
                    return response(400, "text/plain", "");
                }
                self.blobs.insert(claimed.to_owned(), asked.body.clone());
                response(201, "text/plain", "")
            }
            _ => response(404, "text/plain", ""),
        }
    }

    fn list(&self, subject: &str) -> Response {
        let by_digest = self.manifests.iter().filter(|(name, _)| name.contains(':'));
        let members = by_digest.filter_map(|(digest, (media_type, bytes))| {
            let manifest: Value = serde_json::from_slice(bytes).ok()?;
            // As the registry of go-containerregistry has it.
            let kind = &manifest["config"]["mediaType"];
            (manifest["subject"]["digest"] == *subject).then(|| {
                json!({"mediaType": media_type, "digest": digest, "size": bytes.len(), "artifactType": kind})
            })
        });
        let members: Vec<Value> = members.collect();
        let index = json!({"schemaVersion": 2, "mediaType": INDEX, "manifests": members});
        response(200, INDEX, index.to_string())
    }
}
