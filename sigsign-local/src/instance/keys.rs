//! The keys of an instance: all of them come from one secret and their names.

use crate::key::{Key, Scheme};

/// A secret of 32 bytes from which keys are derived; wiped of nothing, as it lives as long as the
/// process.
#[derive(Clone)]
pub struct Keys {
    secret: [u8; 32],
}

impl std::fmt::Debug for Keys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Keys").finish_non_exhaustive()
    }
}

impl Keys {
    /// Keys of this secret.
    pub fn new(secret: [u8; 32]) -> Self {
        Self { secret }
    }

    /// The key with this name and scheme; the same one every time.
    ///
    /// RSA keys are searched for, which takes a second: keep what you get.
    pub fn key(&self, scheme: Scheme, name: &str) -> Key {
        Key::derive(scheme, &self.secret, name)
    }
}
