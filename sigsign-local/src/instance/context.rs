//! What all services of an instance share.

use crate::instance::{Clock, Data, Faults, Keys};

/// The clock, keys, folder, address and faults of an instance.
#[derive(Debug)]
#[expect(
    clippy::exhaustive_structs,
    reason = "built by the instance and by tests"
)]
pub struct Context {
    /// What time it is.
    pub clock: Clock,
    /// Where keys come from.
    pub keys: Keys,
    /// The folder with the state.
    pub data: Data,
    /// `http://localhost:7480`: where the services are reached, and the issuer's name. No slash at
    /// the end.
    pub base_url: String,
    /// Misbehavior that tests ask for.
    pub faults: Faults,
}
