//! What is chosen once, when an instance is made.

use std::fmt;

use crate::key::Scheme;

/// How the services of an instance sign. Certificates, checkpoints and clients hold on to it, so
/// it stays as long as the instance.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "callers set every field")]
pub struct Choices {
    /// The log of version 2: Ed25519 or P-256.
    pub log_key: Scheme,
    /// The time stamp authority: P-256 or RSA 2048.
    pub stamper_key: Scheme,
    /// The token issuer: P-256 or RSA 2048.
    pub token_key: Scheme,
    /// Whether a witness cosigns the checkpoints of the log of version 2.
    pub witness: bool,
}

impl Default for Choices {
    fn default() -> Self {
        Self {
            log_key: Scheme::Ed25519,
            stamper_key: Scheme::P256,
            token_key: Scheme::P256,
            witness: false,
        }
    }
}

impl fmt::Display for Choices {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            log_key,
            stamper_key,
            token_key,
            witness,
        } = self;
        let witness = if *witness { "a witness" } else { "no witness" };
        write!(
            f,
            "log key {}, time stamp key {}, token key {}, {witness}",
            log_key.details(),
            stamper_key.details(),
            token_key.details()
        )
    }
}
