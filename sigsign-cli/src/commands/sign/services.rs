//! The services that sign, wherever they are, and the token that they are asked with.

use std::path::Path;
use std::sync::Arc;

use sigsign_core::oidc::IdentityToken;
use sigsign_core::transport::http::{HttpTransport, PlainHttp};
use sigsign_core::transport::{self, Request, Transport};
use sigsign_core::trust::{SigningConfig, TrustedRoot};

use crate::commands::{now, read_root};
use crate::files::Document;
use crate::local::Local;
use crate::plan::Root;
use crate::plan::sign::{Place, Services, TokenSource};
use crate::problem::Problem;
use crate::token;
use crate::trust;

/// Services, with what they are verified with.
pub(crate) struct Connected {
    pub(crate) transport: Arc<dyn Transport>,
    pub(crate) root: TrustedRoot,
    pub(crate) config: SigningConfig,
    local: Option<Arc<Local>>,
}

impl Connected {
    pub(crate) async fn open(services: &Services) -> Result<Self, Problem> {
        match services {
            Services::Local { data, network } => {
                let local = Arc::new(Local::open(data.as_deref(), *network)?);
                Ok(Self {
                    root: local.trusted_root()?,
                    config: local.signing_config()?,
                    transport: Arc::clone(&local) as Arc<dyn Transport>,
                    local: Some(local),
                })
            }
            Services::Remote { place, tls_ca } => remote(place, tls_ca.as_deref()).await,
        }
    }

    /// The token that says who signs.
    pub(crate) async fn token(
        &self,
        source: &TokenSource,
        audience: &str,
    ) -> Result<IdentityToken, Problem> {
        let known = (self.local.as_deref(), Some(&self.config));
        token::token(source, audience, &*self.transport, known, now()).await
    }
}

/// The way to services whose TLS this authority vouches for, or one that the system knows.
pub(crate) fn transport(tls_ca: Option<&Path>) -> Result<HttpTransport, Problem> {
    let extra = tls_ca
        .map(|path| Document::TlsAuthority.read(path))
        .transpose()?;
    let extra: Vec<&[u8]> = extra.as_deref().into_iter().collect();
    HttpTransport::new(&extra, PlainHttp::Loopback)
        .map_err(|error| Problem::document(error.code(), "no connection can be made", &error))
}

async fn remote(place: &Place, tls_ca: Option<&Path>) -> Result<Connected, Problem> {
    let transport = transport(tls_ca)?;
    let (root, config) = match place {
        Place::Instance(instance) => (
            trust::trusted_root(instance)?,
            trust::signing_config(instance)?,
        ),
        Place::Files { config, root } => (
            read_root(&Root::File(root.clone()))?,
            read_config(
                &Document::SigningConfig.read(config)?,
                &config.display().to_string(),
            )?,
        ),
        Place::Url(url) => published(&transport, url).await?,
    };
    Ok(Connected {
        transport: Arc::new(transport),
        root,
        config,
        local: None,
    })
}

/// What an instance publishes about itself: trusted as much as the connection that it came over,
/// which is TLS, or does not leave this machine.
async fn published(
    transport: &HttpTransport,
    url: &str,
) -> Result<(TrustedRoot, SigningConfig), Problem> {
    let root = fetch(transport, &format!("{url}/trusted_root.json")).await?;
    let config = fetch(transport, &format!("{url}/signing_config.v0.2.json")).await?;
    let root = TrustedRoot::from_json_named(&root, url).map_err(|error| {
        let what = format!("{url} does not publish a trusted root");
        Problem::document(error.code(), &what, &error)
    })?;
    Ok((root, read_config(&config, url)?))
}

async fn fetch(transport: &HttpTransport, url: &str) -> Result<Vec<u8>, Problem> {
    let answer = transport::send(transport, &Request::get(url)).await;
    let answer = answer.map_err(|error| {
        Problem::service(error.code(), &format!("no answer from {url}"), &error)
    })?;
    match answer.status() {
        200 => Ok(answer.body().to_vec()),
        status => Err(Problem::refused(&format!(
            "{url} answers with status {status}"
        ))),
    }
}

pub(crate) fn read_config(json: &[u8], name: &str) -> Result<SigningConfig, Problem> {
    SigningConfig::from_json(json).map_err(|error| {
        let what = format!("{name} is not a signing config");
        Problem::document(error.code(), &what, &error)
    })
}
