//! The local instance: inside this program, its state in a folder, no server and no network.
//!
//! If another process serves the same folder, requests go to it.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use sigsign_core::transport::http::{HttpTransport, PlainHttp};
use sigsign_core::transport::{Method, Pending, Request, Response, Transport, TransportError};
use sigsign_core::trust::{SigningConfig, TrustedRoot};
use sigsign_local::instance::jwt::Claims;
use sigsign_local::instance::oidc::{Oidc, shape};
use sigsign_local::instance::{
    self, Call, CallError, Clock, Context, Data, Faults, FolderError, Instance, Keys, Options,
    SIGNING_CONFIG_FILE, TRUSTED_ROOT_FILE,
};

use crate::cli::Network;
use crate::problem::Problem;

/// Another program may have the instance open for as long as it signs.
const PATIENCE: Duration = Duration::from_secs(10);

/// Bytes of the documents of an instance, which are far smaller.
const DOCUMENT_BYTES: u64 = 4 << 20;

/// The instance of a folder.
pub(crate) struct Local {
    folder: PathBuf,
    place: Place,
}

/// Who answers.
enum Place {
    Here(Box<Instance>),
    There(HttpTransport, String),
}

impl Local {
    /// Opens the instance in `data`, or the user's own, and makes it first if it is not there.
    ///
    /// One that is served is reached by its server, and so over the network.
    pub(crate) fn open(data: Option<&Path>, network: Network) -> Result<Self, Problem> {
        let folder = folder(data)?;
        let mut options = Options::new(&folder);
        options.opening.patience = PATIENCE;
        let error = match Instance::open(options) {
            Ok(instance) => {
                let place = Place::Here(Box::new(instance));
                return Ok(Self { folder, place });
            }
            Err(error) => error,
        };
        match FolderError::of(&error) {
            Some(FolderError::InUse { by: Some(by) }) if network == Network::Allowed => {
                let place = Place::There(transport()?, by.url.clone());
                Ok(Self { folder, place })
            }
            _ => Err(unusable(&folder, &error)),
        }
    }

    /// What bundles of the instance in a folder are verified with; the instance is not opened.
    pub(crate) fn published(data: Option<&Path>) -> Result<TrustedRoot, Problem> {
        let folder = folder(data)?;
        if !folder.join(TRUSTED_ROOT_FILE).exists() {
            let sentence = format!("there is no local instance in {}", folder.display());
            let problem = Problem::input("local.not-an-instance", sentence);
            return Err(problem
                .hint("`sigsign sign FILE --local` makes one, and so does `sigsign local serve`"));
        }
        let bytes = read(&folder, TRUSTED_ROOT_FILE)?;
        TrustedRoot::from_json_named(&bytes, "the local instance")
            .map_err(|error| damaged(&folder, TRUSTED_ROOT_FILE, error.code(), &error))
    }

    pub(crate) fn trusted_root(&self) -> Result<TrustedRoot, Problem> {
        Self::published(Some(&self.folder))
    }

    pub(crate) fn signing_config(&self) -> Result<SigningConfig, Problem> {
        let bytes = read(&self.folder, SIGNING_CONFIG_FILE)?;
        SigningConfig::from_json(&bytes)
            .map_err(|error| damaged(&self.folder, SIGNING_CONFIG_FILE, error.code(), &error))
    }

    /// A token for this subject, or for the user of this machine.
    pub(crate) fn token(&self, subject: Option<&str>, audience: &str) -> Result<String, Problem> {
        let mut claims = claims(subject);
        claims.insert("aud".to_owned(), audience.into());
        match &self.place {
            Place::Here(instance) => Ok(instance.oidc().mint(claims)),
            Place::There(_, url) => {
                let issuer = issuer(&self.folder, url);
                let issuer = issuer.map_err(|error| unusable(&self.folder, &error))?;
                Ok(issuer.mint(claims))
            }
        }
    }

    async fn ask(&self, request: &Request) -> Result<Response, TransportError> {
        let instance = match &self.place {
            Place::There(transport, _) => return transport.send(request).await,
            Place::Here(instance) => instance,
        };
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
        match instance.call(call).await {
            Ok(answer) => Ok(Response::new(answer.status, answer.body)),
            Err(CallError::TooLarge { cap }) => Err(TransportError::TooLarge { cap }),
            Err(error) => Err(TransportError::Connection {
                problem: error.to_string(),
            }),
        }
    }
}

impl Transport for Local {
    fn send<'a>(&'a self, request: &'a Request) -> Pending<'a, Result<Response, TransportError>> {
        Box::pin(self.ask(request))
    }

    fn wait(&self, time: Duration) -> Pending<'_, ()> {
        Box::pin(tokio::time::sleep(time))
    }
}

/// What a token says about this subject, or about the user of this machine.
pub(crate) fn claims(subject: Option<&str>) -> Claims {
    match subject {
        None => shape::email(&user()),
        Some(subject) if subject.contains("://") => shape::subject(subject),
        Some(subject) if subject.contains('@') => shape::email(subject),
        Some(subject) => shape::subject(subject),
    }
}

/// The token issuer of an instance that another process has open: whoever reads its secret may
/// say who they are.
pub(crate) fn issuer(folder: &Path, url: &str) -> io::Result<Oidc> {
    let context = Context {
        clock: Clock::System,
        keys: Keys::new(instance::secret(folder)?),
        data: Data::open(folder)?,
        base_url: url.to_owned(),
        faults: Faults::default(),
    };
    let choices = instance::about(folder)?.choices;
    Oidc::open(Arc::new(context), choices.token_key)
}

fn transport() -> Result<HttpTransport, Problem> {
    HttpTransport::new(&[], PlainHttp::Loopback)
        .map_err(|error| Problem::service(error.code(), "no connection can be made", &error))
}

/// The folder that is named, or the user's own.
pub(crate) fn folder(data: Option<&Path>) -> Result<PathBuf, Problem> {
    if let Some(data) = data {
        return Ok(data.to_owned());
    }
    let named = |name: &str| {
        let path = PathBuf::from(std::env::var_os(name)?);
        path.is_absolute().then_some(path)
    };
    let base = if cfg!(windows) {
        named("LOCALAPPDATA")
    } else {
        // XDG Base Directory Specification
        named("XDG_DATA_HOME").or_else(|| Some(std::env::home_dir()?.join(".local/share")))
    };
    base.map(|it| it.join("sigsign").join("local"))
        .ok_or_else(|| {
            let problem = Problem::input("local.folder", "the user has no folder for data");
            problem.hint("name one with --data FOLDER")
        })
}

/// An address that nobody else has: the user's name on this machine.
fn user() -> String {
    let name = ["USER", "LOGNAME", "USERNAME"]
        .iter()
        .find_map(|name| std::env::var(name).ok())
        .unwrap_or_default();
    let plain = |c: &char| c.is_ascii_alphanumeric() || "-_.".contains(*c);
    let name: String = name.chars().filter(plain).take(64).collect();
    let name = if name.is_empty() { "user" } else { &name };
    format!("{name}@sigsign.localhost")
}

fn read(folder: &Path, name: &str) -> Result<Vec<u8>, Problem> {
    let read = Data::open(folder).and_then(|data| data.read(name, DOCUMENT_BYTES));
    match read {
        Ok(Some(bytes)) => Ok(bytes),
        Ok(None) => {
            let missing = io::Error::from(io::ErrorKind::NotFound);
            Err(Problem::io(
                "local.damaged",
                &format!("{name} of the local instance"),
                &missing,
            ))
        }
        Err(error) => Err(unusable(folder, &error)),
    }
}

pub(crate) fn unusable(folder: &Path, error: &io::Error) -> Problem {
    let what = format!("local instance in {} cannot be used", folder.display());
    match FolderError::of(error) {
        Some(inner @ FolderError::NotAnInstance) if !folder.exists() => {
            let sentence = format!("there is no local instance in {}", folder.display());
            Problem::input(inner.code(), sentence).hint_of_code()
        }
        Some(inner) => Problem::document(inner.code(), &what, inner),
        None => Problem::io("local.folder", &what, error),
    }
}

fn damaged(
    folder: &Path,
    name: &str,
    code: &'static str,
    error: &dyn std::error::Error,
) -> Problem {
    let what = format!(
        "{name} of the local instance in {} cannot be used",
        folder.display()
    );
    Problem::document(code, &what, error).hint("`sigsign local reset` begins again")
}
