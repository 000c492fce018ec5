//! Policy files on disk, and what they name: trusted roots and keys.

pub(crate) mod image;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use sigsign_core::crypto::PublicKey;
use sigsign_core::policy_file::{Evaluator, PolicyFile, Resources, TrustInstance, TrustSource};
use sigsign_core::time::Timestamp;
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
}

impl Policy {
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
        };
        let evaluator = Evaluator::new(file, &mut named)?;
        Ok(Self {
            evaluator,
            warnings: named.warnings,
            local: named.local,
        })
    }
}

/// What a policy names, relative to the folder that it is in.
struct Named {
    folder: PathBuf,
    now: Timestamp,
    warnings: Vec<String>,
    local: bool,
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
        let root = read_root(&place)?;
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
        read_key(&self.folder.join(file))
    }
}
