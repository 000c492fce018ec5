//! Trust roots by TUF: from a root that the caller trusts to what its keys vouch for today.
//!
//! In: a [`Repository`] with its first root, a transport, a [`Store`], and the time. Out: targets,
//! such as `trusted_root.json`, whose every byte is vouched for. [`update`] asks the repository;
//! [`load`] reads what the last update kept, and verifies all of it again. Not here: where files
//! are kept, and what is in a target.
//!
//! ```text
//! root N ─► root N+1 ─► ...        each signed by its own keys and those of the one before
//!   └─► timestamp ─► snapshot ─► targets ─► those they delegate to ─► a target
//! ```
//!
//! Not done: mirrors; the computing of key identifiers, which are names here; succinct delegations
//! (TAP 15).
//!
//! Spec: tuf 1.0 5

mod canonical;
mod client;
pub mod embedded;
mod envelope;
mod error;
mod held;
mod metadata;
mod name;
mod pattern;
mod search;
mod store;
#[cfg(test)]
mod tests;
mod wire;

pub use client::{Client, Repository, Updated, update};
pub use error::{StoreError, UpdateError};
pub use held::{Held, RoleState, Roles, Stale, load, trusted_root};
pub use store::{Item, Memory, Store};
