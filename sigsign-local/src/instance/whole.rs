//! All services in one, with or without a socket.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::get;

use crate::instance::ca::{Ca, IssuerConfig};
use crate::instance::call::{self, Answer, Call, CallError};
use crate::instance::ct_log::CtLog;
use crate::instance::faulty;
use crate::instance::jwt::Claims;
use crate::instance::metrics::Metrics;
use crate::instance::oidc::Oidc;
use crate::instance::rekor_v1::RekorV1;
use crate::instance::rekor_v2::RekorV2;
use crate::instance::services::Services;
use crate::instance::tsa::Tsa;
use crate::instance::tuf::Tuf;
use crate::instance::{
    Clock, Context, Faults, Folder, Keys, Opening, SIGNING_CONFIG, Service, about,
};
use crate::json::Json;

/// Where the services of an instance are reached if nothing else is said.
pub const BASE_URL: &str = "http://localhost:7480";

/// The files in its folder, and the paths below its URL, of what an instance says about itself.
pub const TRUSTED_ROOT_FILE: &str = "trusted_root.json";
/// See [`TRUSTED_ROOT_FILE`].
pub const SIGNING_CONFIG_FILE: &str = "signing_config.v0.2.json";

/// How an instance is opened.
#[derive(Clone, Debug)]
#[expect(clippy::exhaustive_structs, reason = "callers set every field")]
pub struct Options {
    /// Where its state is.
    pub folder: PathBuf,
    /// How the folder is opened.
    pub opening: Opening,
    /// What time it is.
    pub clock: Clock,
    /// Where the services are reached, and the issuer of tokens. No slash at the end.
    pub base_url: String,
    /// The services that answer, and that the signing config names. The trusted root has all.
    pub services: Vec<Service>,
    /// Token issuers whose word is taken, besides the instance's own.
    pub issuers: Vec<IssuerConfig>,
    /// Certificates, DER, that chains in the certificate log may end with, besides the root of the
    /// instance's own authority.
    pub ct_roots: Vec<Vec<u8>>,
}

impl Options {
    /// Every service, in this folder, by the machine's clock.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self {
            folder: folder.into(),
            opening: Opening::default(),
            clock: Clock::System,
            base_url: BASE_URL.to_owned(),
            services: Service::ALL.to_vec(),
            issuers: Vec::new(),
            ct_roots: Vec::new(),
        }
    }
}

/// Every service of a Sigstore, and the folder with their state, which nobody else has open.
#[derive(Debug)]
pub struct Instance {
    shared: Arc<Shared>,
    router: Router,
}

/// What requests need; the folder stays locked as long as anybody can ask.
#[derive(Debug)]
struct Shared {
    context: Arc<Context>,
    folder: Folder,
    metrics: Arc<Metrics>,
    services: Services,
    served: Vec<Service>,
}

impl Instance {
    /// Opens an instance, and makes it first if its folder is not there or empty.
    ///
    /// # Errors
    ///
    /// A [`FolderError`](crate::instance::FolderError) inside, or what the system says.
    pub fn open(mut options: Options) -> io::Result<Self> {
        // Each at most once.
        let wanted = std::mem::replace(&mut options.services, Service::ALL.to_vec());
        options.services.retain(|it| wanted.contains(it));
        let shared = Arc::new(Shared::open(options)?);
        shared.write_documents()?;
        Ok(Self {
            router: router(&shared),
            shared,
        })
    }

    /// All that answers, for a server. The folder stays locked while it is there.
    pub fn router(&self) -> Router {
        self.router.clone()
    }

    /// Asks a service without a socket.
    ///
    /// # Errors
    ///
    /// [`CallError`], by what is wrong.
    pub async fn call(&self, call: Call<'_>) -> Result<Answer, CallError> {
        call::call(self.router.clone(), self.base_url(), call).await
    }

    /// Where the services are reached.
    pub fn base_url(&self) -> &str {
        &self.shared.context.base_url
    }

    /// The folder with the state.
    pub fn folder(&self) -> &Path {
        self.shared.context.data.folder()
    }

    /// Writes down that the instance is served, until [`Self::stopped`].
    ///
    /// # Errors
    ///
    /// What the system says.
    pub fn running(&self) -> io::Result<()> {
        self.shared.folder.running(self.base_url())
    }

    /// The instance is not served any longer.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub fn stopped(&self) -> io::Result<()> {
        self.shared.folder.stopped()
    }

    /// What the services share.
    pub fn context(&self) -> &Arc<Context> {
        &self.shared.context
    }

    /// The services that answer.
    pub fn services(&self) -> &[Service] {
        &self.shared.served
    }

    /// An identity token of the instance's own issuer, with these claims, and with issuer,
    /// audience and times where they say none.
    pub fn token(&self, claims: Claims) -> String {
        self.shared.services.oidc.mint(claims)
    }

    /// The certificate authority.
    pub fn ca(&self) -> &Arc<Ca> {
        &self.shared.services.ca
    }

    /// The certificate transparency log.
    pub fn ct_log(&self) -> &Arc<CtLog> {
        &self.shared.services.ct_log
    }

    /// The token issuer.
    pub fn oidc(&self) -> &Arc<Oidc> {
        &self.shared.services.oidc
    }

    /// The transparency log of version 1.
    pub fn rekor_v1(&self) -> &Arc<RekorV1> {
        &self.shared.services.rekor_v1
    }

    /// The transparency log of version 2.
    pub fn rekor_v2(&self) -> &Arc<RekorV2> {
        &self.shared.services.rekor_v2
    }

    /// The time stamp authority.
    pub fn tsa(&self) -> &Arc<Tsa> {
        &self.shared.services.tsa
    }

    /// The trust root repository.
    pub fn tuf(&self) -> &Arc<Tuf> {
        &self.shared.services.tuf
    }

    /// TrustedRoot: what bundles of this instance are verified with.
    pub fn trusted_root(&self) -> &str {
        &self.shared.services.trusted_root
    }

    /// SigningConfig: where the services are.
    pub fn signing_config(&self) -> &str {
        &self.shared.services.signing_config
    }
}

/// The number of entries of each log of an instance that nobody has open. Nothing in its folder
/// is changed.
///
/// # Errors
///
/// As [`Instance::open`]; `FolderError::NotAnInstance` if it is not there.
pub fn log_sizes(folder: &Path) -> io::Result<Vec<(&'static str, u64)>> {
    about(folder)?;
    Ok(Shared::open(Options::new(folder))?.services.log_sizes())
}

impl Shared {
    fn open(options: Options) -> io::Result<Self> {
        let folder = Folder::open(&options.folder, &options.opening, &options.clock)?;
        let context = Arc::new(Context {
            clock: options.clock,
            keys: Keys::new(folder.secret()?),
            data: folder.data().clone(),
            base_url: options.base_url,
            faults: Faults::default(),
        });
        let services = Services::open(
            &context,
            &folder.choices()?,
            (options.issuers, options.ct_roots),
            folder.created(),
            &options.services,
        )?;
        Ok(Self {
            context,
            folder,
            metrics: Arc::default(),
            services,
            served: options.services,
        })
    }

    /// For programs that take files.
    fn write_documents(&self) -> io::Result<()> {
        let data = &self.context.data;
        for (name, text) in [
            (TRUSTED_ROOT_FILE, &self.services.trusted_root),
            (SIGNING_CONFIG_FILE, &self.services.signing_config),
        ] {
            let found = data.read(name, DOCUMENT_BYTES).unwrap_or_default();
            if found.as_deref() != Some(text.as_bytes()) {
                data.write(name, text.as_bytes())?;
            }
        }
        Ok(())
    }
}

/// Documents are much smaller.
const DOCUMENT_BYTES: u64 = 1 << 20;

fn router(shared: &Arc<Shared>) -> Router {
    let about = Router::new()
        .route("/healthz", get(health))
        .route("/metrics", get(metrics))
        .route(&format!("/{TRUSTED_ROOT_FILE}"), get(trusted_root))
        .route(&format!("/{SIGNING_CONFIG_FILE}"), get(signing_config))
        .with_state(Arc::clone(shared));
    let of = |service: &Service| {
        let router = shared.services.router(*service);
        faulty::around(router, *service, &shared.context, &shared.metrics)
    };
    shared.served.iter().map(of).fold(about, Router::merge)
}

async fn health(State(shared): State<Arc<Shared>>) -> Response {
    let names = shared.served.iter().map(|it| Json::text(it.name()));
    let logs = shared.services.log_sizes().into_iter();
    let logs = logs.map(|(name, size)| (name.to_owned(), Json::number(size)));
    let body = Json::object([
        ("status", Json::text("ok")),
        ("services", Json::List(names.collect())),
        ("logs", Json::Object(logs.collect())),
    ]);
    ([("content-type", "application/json")], body.compact()).into_response()
}

async fn metrics(State(shared): State<Arc<Shared>>) -> Response {
    let kind = ("content-type", "text/plain; version=0.0.4; charset=utf-8");
    ([kind], shared.metrics.page(&shared.services.log_sizes())).into_response()
}

async fn trusted_root(State(shared): State<Arc<Shared>>) -> Response {
    let kind = ("content-type", "application/json");
    ([kind], shared.services.trusted_root.clone()).into_response()
}

async fn signing_config(State(shared): State<Arc<Shared>>) -> Response {
    (
        [("content-type", SIGNING_CONFIG)],
        shared.services.signing_config.clone(),
    )
        .into_response()
}
