//! What time it is: the machine's, or what a test says.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::SystemTime;

/// A clock; clones of a set one are set together.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub enum Clock {
    /// The machine's.
    #[default]
    System,
    /// Milliseconds since 1970, as a test set them.
    Set(Arc<AtomicI64>),
}

impl Clock {
    /// One that stands at a time in seconds since 1970.
    pub fn at(seconds: i64) -> Self {
        Self::Set(Arc::new(AtomicI64::new(seconds.saturating_mul(1000))))
    }

    /// Milliseconds since 1970.
    pub fn now_ms(&self) -> i64 {
        match self {
            Self::System => SystemTime::now()
                .duration_since(SystemTime::UNIX_EPOCH)
                .map_or(0, |since| {
                    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
                }),
            Self::Set(at) => at.load(Ordering::Relaxed),
        }
    }

    /// Whole seconds since 1970.
    pub fn now(&self) -> i64 {
        self.now_ms().div_euclid(1000)
    }

    /// Moves a set clock on; the machine's stays as it is.
    pub fn advance(&self, milliseconds: i64) {
        if let Self::Set(at) = self {
            at.fetch_add(milliseconds, Ordering::Relaxed);
        }
    }
}
