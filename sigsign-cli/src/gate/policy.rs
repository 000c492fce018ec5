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

/// After so many looks trusted roots are read again too: an update may have brought new ones.
const LOOKS_PER_READING: u32 = 300;

/// A policy, and which one it is.
pub(super) struct Loaded {
    pub(super) policy: Policy,
    /// Another for each reading, so that no verdict outlives its policy.
    pub(super) generation: u64,
}

/// The policy in force.
pub(super) struct Current {
    path: PathBuf,
    loaded: RwLock<Arc<Loaded>>,
    metrics: Arc<Metrics>,
}

impl Current {
    pub(super) fn open(path: &Path, metrics: Arc<Metrics>) -> Result<Self, Problem> {
        let policy = Policy::open(path, now())?;
        let it = Self {
            path: path.to_owned(),
            loaded: RwLock::new(Arc::new(Loaded {
                policy,
                generation: 0,
            })),
            metrics,
        };
        it.announce();
        Ok(it)
    }

    pub(super) fn get(&self) -> Arc<Loaded> {
        Arc::clone(&self.loaded.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Looks at the file until the gate closes.
    pub(super) async fn watch(&self) {
        let mut seen = self.bytes();
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

    fn bytes(&self) -> Option<Vec<u8>> {
        Document::Policy.read(&self.path).ok()
    }

    /// A policy that cannot be used changes nothing.
    fn read_again(&self) {
        match Policy::open(&self.path, now()) {
            Ok(policy) => {
                let generation = self.get().generation.saturating_add(1);
                let loaded = Arc::new(Loaded { policy, generation });
                *self.loaded.write().unwrap_or_else(PoisonError::into_inner) = loaded;
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
        self.metrics.policy(&digest, now().unix_seconds());
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
