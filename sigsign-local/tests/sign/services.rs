//! An instance in a folder of its own, and a way to ask it.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, SystemTime};

use sigsign_core::oidc::IdentityToken;
use sigsign_core::sign::{SignError, SignedBundle, Signer};
use sigsign_core::time::Timestamp;
use sigsign_core::transport::{Method, Pending, Request, Response, Transport, TransportError};
use sigsign_core::trust::{SigningConfig, TrustedRoot};
use sigsign_core::verify::Artifact;
use sigsign_local::instance::oidc::shape;
use sigsign_local::instance::{Call, CallError, Instance, Options, Service};

pub(crate) const ARTIFACT: &[u8] = b"hello";

/// An instance that is gone when the test ends.
pub(crate) struct Fixture {
    pub(crate) instance: Arc<Instance>,
    pub(crate) transport: Arc<InProcess>,
    folder: PathBuf,
}

impl Drop for Fixture {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.folder).unwrap();
    }
}

impl Fixture {
    /// One with these services.
    pub(crate) fn new(services: &[Service]) -> Self {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let folder =
            std::env::temp_dir().join(format!("sigsign-sign-{}-{count}", std::process::id()));
        let mut options = Options::new(&folder);
        options.services = services.to_vec();
        let instance = Arc::new(Instance::open(options).unwrap());
        let transport = Arc::new(InProcess {
            instance: Arc::clone(&instance),
            sent: AtomicUsize::new(0),
        });
        Self {
            instance,
            transport,
            folder,
        }
    }

    pub(crate) fn root(&self) -> TrustedRoot {
        TrustedRoot::from_json(self.instance.trusted_root().as_bytes()).unwrap()
    }

    pub(crate) fn signer(&self) -> Result<Signer, SignError> {
        let config = self.instance.signing_config();
        let config = SigningConfig::from_json(config.as_bytes()).unwrap();
        let transport = Arc::clone(&self.transport) as Arc<dyn Transport>;
        Signer::new(&self.root(), &config, transport, now())
    }

    pub(crate) fn token(&self) -> IdentityToken {
        let claims = shape::github("o/r", "release.yml", "refs/heads/main");
        IdentityToken::from_jwt(&self.instance.oidc().mint(claims)).unwrap()
    }

    pub(crate) async fn sign(&self) -> Result<SignedBundle, SignError> {
        let session = self.signer()?.session(self.token(), now())?;
        let certified = session.certify(now()).await?;
        let signed = certified.sign(Artifact::Bytes(ARTIFACT), now())?;
        signed.witness().await?.finish(now())
    }
}

pub(crate) fn now() -> Timestamp {
    SystemTime::now().into()
}

/// How long a request may take here.
pub(crate) const LIMIT: Duration = Duration::from_secs(2);

/// Asks the instance without a socket.
pub(crate) struct InProcess {
    instance: Arc<Instance>,
    pub(crate) sent: AtomicUsize,
}

impl InProcess {
    async fn exchange(&self, request: &Request) -> Result<Response, TransportError> {
        self.sent.fetch_add(1, Ordering::Relaxed);
        let call = Call {
            method: match request.method() {
                Method::Post => "POST",
                _ => "GET",
            },
            url: request.url(),
            headers: request.headers().collect(),
            body: request.body().to_vec(),
            cap: request.cap(),
        };
        let answer = tokio::time::timeout(LIMIT, self.instance.call(call)).await;
        let answer = answer.map_err(|_| TransportError::Timeout { limit: LIMIT })?;
        match answer {
            Ok(answer) => {
                let wait = answer.header("retry-after").and_then(|it| it.parse().ok());
                let location = answer.header("location").map(str::to_owned);
                Ok(Response::new(answer.status, answer.body)
                    .retry_after(wait.map(Duration::from_secs))
                    .location(location))
            }
            Err(CallError::TooLarge { cap }) => Err(TransportError::TooLarge { cap }),
            Err(error) => Err(TransportError::Connection {
                problem: error.to_string(),
            }),
        }
    }
}

impl Transport for InProcess {
    fn send<'a>(&'a self, request: &'a Request) -> Pending<'a, Result<Response, TransportError>> {
        Box::pin(self.exchange(request))
    }

    /// Nobody waits in a test.
    fn wait(&self, _: Duration) -> Pending<'_, ()> {
        Box::pin(async {})
    }
}
