use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Request, StatusCode};
use sigsign_core::{Artifact, Bundle, Identity, Policy, TrustedRoot, Verifier};
use sigsign_core::{policy, time::Timestamp};
use sigsign_local::instance::{Clock, Context, Data, Faults, Keys};
use sigsign_local::make::Made;
use sigsign_local::recipe::{NOW, Recipe};
use tower::ServiceExt as _;

/// A context in a folder of its own, which goes away with it.
pub(crate) struct World {
    pub(crate) context: Arc<Context>,
    folder: PathBuf,
}

impl World {
    pub(crate) fn new() -> Self {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("sigsign-logs-{}-{count}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        let context = Arc::new(Context {
            clock: Clock::at(NOW + 5),
            keys: Keys::new([7; 32]),
            data: Data::open(&folder).unwrap(),
            base_url: "http://localhost:7480".to_owned(),
            faults: Faults::default(),
        });
        Self { context, folder }
    }
}

impl Drop for World {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// Runs a future to its end.
pub(crate) fn wait<F: Future>(future: F) -> F::Output {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    runtime.unwrap().block_on(future)
}

/// An answer.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    /// The status, and the sentence of a refusal.
    pub(crate) fn refusal(&self) -> (u16, String) {
        let message = self.json()["message"].as_str().unwrap().to_owned();
        (self.status.as_u16(), message)
    }
}

pub(crate) fn get(router: &Router, path: &str) -> Answer {
    call(router, Request::get(path).body(Body::empty()).unwrap())
}

pub(crate) fn post(router: &Router, path: &str, body: impl Into<Body>) -> Answer {
    let request = Request::post(path).header("content-type", "application/json");
    call(router, request.body(body.into()).unwrap())
}

pub(crate) fn call(router: &Router, request: Request<Body>) -> Answer {
    wait(async {
        let response = router.clone().oneshot(request).await.unwrap();
        let (status, headers) = (response.status(), response.headers().clone());
        let body = axum::body::to_bytes(response.into_body(), usize::MAX)
            .await
            .unwrap();
        let body = body.to_vec();
        Answer {
            status,
            headers,
            body,
        }
    })
}

/// Asks the verifier, as a user would who trusts the root; the code of the error if it refuses.
pub(crate) fn verify(recipe: &Recipe, made: &Made) -> Result<(), &'static str> {
    let root = TrustedRoot::from_json(made.trusted_root.as_bytes()).unwrap();
    let bundle = Bundle::from_json(made.bundle.as_bytes()).unwrap();
    let subject = policy::Matcher::exact(recipe.san.text()).unwrap();
    let policy = match recipe.managed {
        None => Policy::keyless(Identity::new(subject, recipe.issuer.clone()).unwrap()),
        Some(_) => {
            let key = sigsign_core::crypto::PublicKey::from_pem(&made.public_key).unwrap();
            Policy::key(policy::ManagedKey::new(key))
        }
    };
    let now = Timestamp::from_unix_millis_floor(1000 * (NOW.unsigned_abs() + 60));
    Verifier::new(&root)
        .verify(&bundle, Artifact::Bytes(&recipe.artifact), &policy, now)
        .map(drop)
        .map_err(|error| error.code())
}
