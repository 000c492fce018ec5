//! Registries and folders with images, as the command reaches them.

mod auth;
mod layout;

use std::sync::Arc;

use sigsign_core::oci::{PlainHosts, RegistryError, Remote, Repository};
use sigsign_core::transport::http::{HttpTransport, PlainHttp};

use crate::exit::Exit;
use crate::files::Document;
use crate::plan::image::{Name, Place, Reach};
use crate::problem::Problem;

use auth::AuthFiles;
use layout::Layout;

/// What images are asked for with.
pub(crate) struct Registries(Remote);

impl Registries {
    /// Must be called where the network may be used.
    pub(crate) fn open(reach: &Reach) -> Result<Self, Problem> {
        let ca = reach.ca.as_deref();
        let extra = ca
            .map(|path| Document::TlsAuthority.read(path))
            .transpose()?;
        let extra: Vec<&[u8]> = extra.as_deref().into_iter().collect();
        let (transport, hosts) = match &reach.plain {
            Some(hosts) => (PlainHttp::Anywhere, PlainHosts::Also(hosts.clone())),
            None if ca.is_some() => (PlainHttp::Loopback, PlainHosts::None),
            None => (PlainHttp::Loopback, PlainHosts::Loopback),
        };
        let transport = HttpTransport::new(&extra, transport);
        let transport = transport.map_err(|error| {
            Problem::document(error.code(), "no connection can be made", &error)
        })?;
        let credentials = AuthFiles::new(reach.auth_file.as_deref());
        let remote = Remote::new(Arc::new(transport), Arc::new(credentials), hosts);
        Ok(Self(remote.patience(reach.patience)))
    }

    /// The registries themselves, for whoever asks many.
    pub(crate) fn remote(self) -> Remote {
        self.0
    }

    /// The repository of a name, to read from.
    pub(crate) fn repository(&self, name: &Name) -> Result<Box<dyn Repository>, Problem> {
        match &name.place {
            Place::Layout(folder) => Ok(Box::new(Layout::open(folder)?)),
            Place::Registry(reference) => Ok(Box::new(self.0.repository(reference))),
        }
    }

    /// The repository of a name, to write to.
    pub(crate) fn destination(&self, name: &Name) -> Result<Box<dyn Repository>, Problem> {
        match &name.place {
            Place::Layout(folder) => Ok(Box::new(Layout::create(folder)?)),
            Place::Registry(_) => self.repository(name),
        }
    }
}

impl From<RegistryError> for Problem {
    fn from(error: RegistryError) -> Self {
        let mut problem = Self::input(error.code(), error.to_string());
        let mut source = std::error::Error::source(&error);
        while let Some(cause) = source {
            problem.sentences.push(cause.to_string());
            source = cause.source();
        }
        if error.is_passing() {
            problem.exit = Exit::Service;
        }
        match hint(&error) {
            Some(hint) => problem.hint(hint),
            None => problem,
        }
    }
}

/// What a user can do about a registry.
fn hint(error: &RegistryError) -> Option<&'static str> {
    Some(match error {
        RegistryError::Unauthorized { sent: false, .. } => {
            "log in with `docker login` or `podman login`, or name a file with --auth-file"
        }
        RegistryError::Unauthorized { .. } => "log in again, as somebody whom the registry knows",
        RegistryError::Forbidden { .. } => {
            "ask for access to the repository; signing writes to it, verifying reads"
        }
        RegistryError::RateLimited { .. } | RegistryError::Slow { .. } => "try again later",
        RegistryError::Unreachable { .. } => {
            "is that the name of the registry? one without TLS needs --plain-http, and one with \
             its own certificates --registry-ca"
        }
        RegistryError::Lost { .. } => "try again when fewer others write there",
        RegistryError::NotFound { .. } => {
            "check the name and tag; some registries say so, too, to whom is not logged in"
        }
        RegistryError::DigestMismatch { .. } => {
            "the registry, or something on the way to it, hands out other bytes than it should"
        }
        _ => return None,
    })
}
