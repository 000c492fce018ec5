//! Policy files on disk, and what they name: trusted roots and keys.

pub(crate) mod image;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use sigsign_core::crypto::{Hasher, PublicKey};
use sigsign_core::digest::HashAlgorithm;
use sigsign_core::policy_file::{Evaluator, PolicyFile, Resources, TrustInstance, TrustSource};
use sigsign_core::time::Timestamp;
use sigsign_core::trust::TrustedRoot;
use sigsign_core::verify::Verifier;

use crate::cli;
use crate::commands::{read_key, read_root};
use crate::files::{Document, is_stdin, shown};
use crate::instance::is_local;
use crate::plan::Root;
use crate::problem::Problem;

/// Reads a policy file.
pub(crate) fn read(path: &Path) -> Result<PolicyFile, Problem> {
    let bytes = Document::Policy.read(path)?;
    PolicyFile::from_yaml(&bytes).map_err(|error| {
        let what = format!("policy {} cannot be used", shown(path));
        Problem::document(error.code(), &what, &error)
    })
}

/// A policy that is ready to be asked, and what a user should know of its trusted roots.
#[derive(Debug)]
pub(crate) struct Policy {
    pub(crate) evaluator: Evaluator,
    pub(crate) warnings: Vec<String>,
    /// Whether it trusts a local instance, too.
    pub(crate) local: bool,
    /// The files that it names.
    pub(crate) files: Vec<PathBuf>,
    /// When trusted roots end that were published with an end, in seconds since 1970, by name.
    pub(crate) ends: Vec<(String, i64)>,
    /// What each of the things that it names is.
    names: Vec<String>,
}

impl Policy {
    /// Another for each policy file, trusted root and key.
    pub(crate) fn version(&self) -> String {
        format!(
            "{} {}",
            self.evaluator.policy_file().digest(),
            self.names.join(" ")
        )
    }

    /// Reads a policy file, and the trusted roots and keys that it names.
    pub(crate) fn open(path: &Path, now: Timestamp) -> Result<Self, Problem> {
        let file = read(path)?;
        let folder = if is_stdin(path) {
            PathBuf::new()
        } else {
            path.parent().unwrap_or_else(|| Path::new("")).to_owned()
        };
        let mut named = Named {
            folder,
            now,
            warnings: Vec::new(),
            local: false,
            files: Vec::new(),
            ends: Vec::new(),
            names: Vec::new(),
        };
        let evaluator = Evaluator::new(file, &mut named)?;
        Ok(Self {
            evaluator,
            warnings: named.warnings,
            local: named.local,
            files: named.files,
            ends: named.ends,
            names: named.names,
        })
    }
}

/// What a policy names, relative to the folder that it is in.
struct Named {
    folder: PathBuf,
    now: Timestamp,
    warnings: Vec<String>,
    local: bool,
    files: Vec<PathBuf>,
    ends: Vec<(String, i64)>,
    names: Vec<String>,
}

impl Named {
    /// What a file is that the policy names.
    fn note_file(&mut self, path: PathBuf) -> Result<(), Problem> {
        let bytes = Document::TrustedRoot.read(&path)?;
        let mut hasher = Hasher::new(HashAlgorithm::Sha256);
        hasher.update(&bytes);
        self.names.push(hasher.finish().to_string());
        self.files.push(path);
        Ok(())
    }

    /// What an instance's trusted root is: if it has no version of its own, another each time.
    fn note_root(&mut self, root: &TrustedRoot) {
        let source = root.source();
        let end = source.expires().map(|it| it.unix_seconds());
        let version = match source.version() {
            Some(version) => version.to_owned(),
            None => self.now.to_string(),
        };
        self.names
            .push(format!("{} {version} {end:?}", source.name()));
        self.ends
            .extend(end.map(|end| (source.name().to_owned(), end)));
    }
}

impl Resources for Named {
    type Error = Problem;

    fn verifier(&mut self, instance: &TrustInstance) -> Result<Arc<Verifier>, Problem> {
        let place = match instance.source() {
            TrustSource::Added(name) => Root::Instance(cli::Instance::Added(name.clone())),
            TrustSource::File(path) => Root::File(self.folder.join(path)),
            TrustSource::Github => Root::Instance(cli::Instance::Github),
            TrustSource::Local => Root::Local(None),
            TrustSource::Staging => Root::Instance(cli::Instance::Staging),
            TrustSource::PublicGood => Root::Instance(cli::Instance::Public),
            _ => {
                let sentence = format!("instance {} is not known here", instance.name());
                return Err(Problem::input("policy-file.read", sentence));
            }
        };
        // Before it is read: if it changes in between, it looks older than it is, and is read again.
        if let Root::File(path) = &place {
            self.note_file(path.clone())?;
        }
        let root = read_root(&place)?;
        if !matches!(place, Root::File(_)) {
            self.note_root(&root);
        }
        self.local |= is_local(&root);
        if let Root::Instance(name) = &place
            && let Some(expires) = root.source().expires().filter(|it| self.now > *it)
        {
            self.warnings.push(format!(
                "the trusted root of {} was good until {expires}, and keys may have changed since; \
                 `sigsign trust update {name}` gets the newest",
                root.source().name()
            ));
        }
        Ok(Arc::new(Verifier::new(&root)))
    }

    fn key(&mut self, file: &str) -> Result<PublicKey, Problem> {
        let path = self.folder.join(file);
        self.note_file(path.clone())?;
        read_key(&path)
    }
}
