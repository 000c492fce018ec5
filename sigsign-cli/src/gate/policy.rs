//! The policy in force: read again when its file changes, and kept if the new one is no good.

use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use sigsign_core::policy_file::Severity;
use tracing::{info, warn};

use super::metrics::{Count, Metrics};
use crate::commands::now;
use crate::files::Document;
use crate::policy::Policy;
use crate::problem::Problem;

/// How often the file is looked at. ConfigMaps take a minute to arrive, and arrive by a link.
const LOOK: Duration = Duration::from_secs(2);

/// After so many looks everything is read again: an update may have brought new trusted roots,
/// which are not files that the policy names.
const LOOKS_PER_READING: u32 = 300;

/// A policy, and which one it is.
pub(super) struct Loaded {
    pub(super) policy: Policy,
    /// Another for each policy file, trusted root and key, so that no verdict outlives them.
    pub(super) version: Arc<str>,
}

impl Loaded {
    pub(super) fn open(path: &Path) -> Result<Self, Problem> {
        let policy = Policy::open(path, now())?;
        let version = policy.version().into();
        Ok(Self { policy, version })
    }
}

/// The policy in force.
pub(super) struct Current {
    path: PathBuf,
    loaded: RwLock<Arc<Loaded>>,
    metrics: Arc<Metrics>,
}

impl Current {
    pub(super) fn open(path: &Path, metrics: Arc<Metrics>) -> Result<Self, Problem> {
        let loaded = Loaded::open(path)?;
        let it = Self {
            path: path.to_owned(),
            loaded: RwLock::new(Arc::new(loaded)),
            metrics,
        };
        it.announce();
        Ok(it)
    }

    pub(super) fn get(&self) -> Arc<Loaded> {
        Arc::clone(&self.loaded.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Looks at the file, and those that it names, until the gate closes.
    pub(super) async fn watch(&self) {
        // They may have changed since they were opened.
        let mut seen = Vec::new();
        let mut looks = 0_u32;
        loop {
            tokio::time::sleep(LOOK).await;
            looks = looks.saturating_add(1);
            let bytes = self.bytes();
            if bytes == seen && looks < LOOKS_PER_READING {
                continue;
            }
            (seen, looks) = (bytes, 0);
            self.read_again();
        }
    }

    /// What is there now, of the policy and of the files that the one in force names.
    fn bytes(&self) -> Vec<Option<Vec<u8>>> {
        let loaded = self.get();
        let named = loaded.policy.files.iter();
        let named = named.map(|it| Document::TrustedRoot.read(it).ok());
        let policy = Document::Policy.read(&self.path).ok();
        std::iter::once(policy).chain(named).collect()
    }

    /// A policy that cannot be used changes nothing.
    fn read_again(&self) {
        match Loaded::open(&self.path) {
            Ok(loaded) if loaded.version == self.get().version => {}
            Ok(loaded) => {
                *self.loaded.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(loaded);
                self.metrics.count(Count::Reload(true));
                self.announce();
            }
            Err(problem) => {
                self.metrics.count(Count::Reload(false));
                let why = problem.sentences.join(": ");
                warn!(
                    code = problem.code,
                    why, "the policy cannot be used; the one before stays"
                );
            }
        }
    }

    fn announce(&self) {
        let loaded = self.get();
        let file = loaded.policy.evaluator.policy_file();
        let digest = file.digest().to_string();
        self.metrics
            .policy(&digest, now().unix_seconds(), &loaded.policy.ends);
        info!(
            policy = digest,
            rules = file.rules().count(),
            "policy in force"
        );
        for warning in &loaded.policy.warnings {
            warn!("{warning}");
        }
        for lint in file
            .lints()
            .iter()
            .filter(|it| it.severity() == Severity::Problem)
        {
            warn!(
                code = lint.code(),
                line = lint.line(),
                "{}",
                lint.sentence()
            );
        }
    }
}
