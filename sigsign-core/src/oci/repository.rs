use std::time::Duration;

use super::error::RegistryError;
use super::manifest::Descriptor;
use super::reference::Target;
use crate::digest::Digest;
use crate::transport::{Pending, Pieces};

/// One repository of a registry, or what is like one.
///
/// Implementations hand over what they are given. What it is, and whether it is what was asked
/// for, is checked by whoever asks.
pub trait Repository: Send + Sync {
    /// What people call it: registry and repository.
    fn name(&self) -> String;

    /// A manifest or index; `None` if it is not there.
    fn pull<'a>(&'a self, target: &'a Target)
    -> Pending<'a, Result<Option<Pulled>, RegistryError>>;

    /// Puts a manifest or index there; with `only_if`, only while what is there has this tag of
    /// the store's own for its state.
    fn push<'a>(
        &'a self,
        target: &'a Target,
        media_type: &'a str,
        bytes: &'a [u8],
        only_if: Option<&'a str>,
    ) -> Pending<'a, Result<Pushed, RegistryError>>;

    /// What names `subject` as its subject, as far as the repository keeps a list of it; `None` if
    /// it keeps none.
    fn referrers<'a>(
        &'a self,
        subject: &'a Digest,
    ) -> Pending<'a, Result<Option<Vec<Descriptor>>, RegistryError>>;

    /// The bytes of a blob; `None` if it is not there.
    fn open_blob<'a>(
        &'a self,
        blob: &'a Descriptor,
    ) -> Pending<'a, Result<Option<Box<dyn Pieces>>, RegistryError>>;

    /// Whether a blob is there.
    fn has_blob<'a>(&'a self, blob: &'a Descriptor) -> Pending<'a, Result<bool, RegistryError>>;

    /// Puts a blob there.
    fn push_blob<'a>(
        &'a self,
        blob: &'a Descriptor,
        body: Box<dyn Pieces>,
    ) -> Pending<'a, Result<(), RegistryError>>;

    /// Lets time pass.
    fn wait(&self, time: Duration) -> Pending<'_, ()>;
}

/// A manifest as a repository has it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(
    clippy::exhaustive_structs,
    reason = "made by implementations of Repository"
)]
pub struct Pulled {
    /// What the repository says that it is.
    pub media_type: String,
    /// What there is.
    pub bytes: Vec<u8>,
    /// The digest that the repository says it has, if it says so.
    pub claimed: Option<String>,
    /// The repository's own tag for the state of what a name leads to (`ETag`).
    pub state: Option<String>,
}

/// What became of a manifest that was handed in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(
    clippy::exhaustive_enums,
    reason = "made by implementations of Repository"
)]
pub enum Pushed {
    /// It is there.
    Stored,
    /// It is not there: somebody else was faster.
    Changed,
}
