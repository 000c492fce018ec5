//! A program that prints a token, watched until it ends.

use std::time::Duration;

use zeroize::Zeroizing;

use crate::transport::Transport;

/// A program that runs. Dropped, it is ended.
pub trait Process: Send {
    /// What it left, if it has ended.
    fn poll(&mut self) -> Option<Finished>;
}

/// What a program left.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Finished {
    /// Whether it says that all went well.
    pub success: bool,
    /// What it printed, which may be a secret.
    pub output: Zeroizing<String>,
    /// What it complained about.
    pub complaint: String,
}

impl Finished {
    /// What a program left: whether it went well, what it printed, what it complained about.
    pub fn new(success: bool, output: Zeroizing<String>, complaint: String) -> Self {
        Self {
            success,
            output,
            complaint,
        }
    }
}

/// S12: not what it printed.
impl std::fmt::Debug for Finished {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Finished")
            .field("success", &self.success)
            .field("complaint", &self.complaint)
            .finish_non_exhaustive()
    }
}

/// Waits for a program to end; `None` if it takes longer than [`PATIENCE`].
pub(super) async fn finish(
    mut process: Box<dyn Process>,
    transport: &dyn Transport,
) -> Option<Finished> {
    let mut waited = Duration::ZERO;
    loop {
        if let Some(finished) = process.poll() {
            return Some(finished);
        }
        if waited >= PATIENCE {
            return None;
        }
        transport.wait(STEP).await;
        waited = waited.saturating_add(STEP);
    }
}

/// How long a program may take.
pub(super) const PATIENCE: Duration = Duration::from_secs(30);
const STEP: Duration = Duration::from_millis(20);
