//! Why a trust root is not updated, or not taken from what was kept.

use std::fmt;

use crate::encoding::Escaped;
use crate::json::{FieldError, JsonError};
use crate::time::Timestamp;
use crate::transport::TransportError;

/// Why a trust root is not updated, or not taken from what was kept.
///
/// What was trusted before still is, in either case.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum UpdateError {
    /// Not one JSON value with unique names.
    Json {
        /// Whose metadata it is.
        role: String,
        /// What is wrong with it.
        problem: JsonError,
    },
    /// JSON of another shape than metadata has, in serde's words.
    Shape {
        /// Whose metadata it is.
        role: String,
        /// What is wrong with it.
        problem: String,
    },
    /// A field of metadata that is not what it should be.
    Field {
        /// Whose metadata it is.
        role: String,
        /// Which field, and what was wanted.
        problem: FieldError,
    },
    /// Metadata of another role.
    Role {
        /// The role that it should be of.
        want: &'static str,
        /// The role it says it is of.
        found: String,
    },
    /// Metadata for another major version of the specification than 1.
    SpecVersion {
        /// Whose metadata it is.
        role: String,
        /// The version.
        found: String,
    },
    /// A role that signs twice with the same key id.
    DuplicateSignature {
        /// Whose metadata it is.
        role: String,
    },
    /// Fewer keys signed than must (T2, T3, T12).
    Threshold {
        /// Whose metadata it is.
        role: String,
        /// Keys that must sign.
        need: u64,
        /// Keys that did.
        got: u64,
    },
    /// Older than what was trusted before (T1).
    Rollback {
        /// Whose metadata it is.
        role: String,
        /// The version trusted before.
        trusted: u64,
        /// The version of what was offered.
        found: u64,
    },
    /// A role that the snapshot listed before, and no longer does.
    Removed {
        /// Which role.
        role: String,
    },
    /// Another version than the one asked for (T7).
    Version {
        /// Whose metadata it is.
        role: String,
        /// The version asked for.
        want: u64,
        /// The version of what was offered.
        found: u64,
    },
    /// Over: the repository has not renewed it, or somebody withholds the newer one (T9).
    Expired {
        /// Whose metadata it is.
        role: String,
        /// When it was over.
        expires: Timestamp,
        /// The time of the update.
        at: Timestamp,
    },
    /// Another hash than the metadata above says (T9).
    Hash {
        /// Metadata or target.
        what: String,
    },
    /// Another length than the metadata above says (T9).
    Length {
        /// Metadata or target.
        what: String,
        /// Bytes wanted.
        want: u64,
        /// Bytes found.
        found: u64,
    },
    /// Metadata that the one above does not list.
    NotListed {
        /// Whose metadata it is.
        role: String,
    },
    /// No role that is trusted with it lists this target.
    NoTarget {
        /// Which target.
        name: String,
    },
    /// The search for a target leads through too many roles.
    Delegations {
        /// Roles allowed.
        cap: usize,
    },
    /// A role or target whose name is no place below the repository (T6).
    Name {
        /// The name.
        name: String,
    },
    /// Longer than the cap.
    TooLarge {
        /// Metadata or target.
        what: String,
        /// The cap in bytes.
        cap: usize,
    },
    /// The repository is not reached.
    Fetch {
        /// What was asked for.
        url: String,
        /// What went wrong.
        problem: TransportError,
    },
    /// The repository does not have it, or refuses.
    Status {
        /// What was asked for.
        url: String,
        /// The status of HTTP.
        status: u16,
    },
    /// What is kept cannot be read or written.
    Store(StoreError),
    /// What is kept lacks a part that it must have.
    Incomplete {
        /// Which part.
        what: String,
    },
}

impl UpdateError {
    /// Every code of this kind, for the list of errors.
    pub const CODES: &'static [&'static str] = &[
        "tuf.json",
        "tuf.shape",
        "tuf.field",
        "tuf.role",
        "tuf.spec-version",
        "tuf.duplicate-signature",
        "tuf.threshold",
        "tuf.rollback",
        "tuf.removed",
        "tuf.version",
        "tuf.expired",
        "tuf.hash",
        "tuf.length",
        "tuf.not-listed",
        "tuf.no-target",
        "tuf.delegations",
        "tuf.name",
        "tuf.too-large",
        "tuf.fetch",
        "tuf.status",
        "tuf.store",
        "tuf.incomplete",
    ];

    /// The stable code of this error.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Json { .. } => "tuf.json",
            Self::Shape { .. } => "tuf.shape",
            Self::Field { .. } => "tuf.field",
            Self::Role { .. } => "tuf.role",
            Self::SpecVersion { .. } => "tuf.spec-version",
            Self::DuplicateSignature { .. } => "tuf.duplicate-signature",
            Self::Threshold { .. } => "tuf.threshold",
            Self::Rollback { .. } => "tuf.rollback",
            Self::Removed { .. } => "tuf.removed",
            Self::Version { .. } => "tuf.version",
            Self::Expired { .. } => "tuf.expired",
            Self::Hash { .. } => "tuf.hash",
            Self::Length { .. } => "tuf.length",
            Self::NotListed { .. } => "tuf.not-listed",
            Self::NoTarget { .. } => "tuf.no-target",
            Self::Delegations { .. } => "tuf.delegations",
            Self::Name { .. } => "tuf.name",
            Self::TooLarge { .. } => "tuf.too-large",
            Self::Fetch { .. } => "tuf.fetch",
            Self::Status { .. } => "tuf.status",
            Self::Store(_) => "tuf.store",
            Self::Incomplete { .. } => "tuf.incomplete",
        }
    }
}

impl fmt::Display for UpdateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Json { role, .. } => write!(f, "{} metadata is not proper JSON", Escaped(role)),
            Self::Shape { role, problem } => {
                let (role, problem) = (Escaped(role), Escaped(problem));
                write!(f, "not the JSON of {role} metadata: {problem}")
            }
            Self::Field { role, .. } => {
                write!(f, "field of {} metadata is not well formed", Escaped(role))
            }
            Self::Role { want, found } => {
                write!(f, "wanted {want} metadata, found {}", Escaped(found))
            }
            Self::SpecVersion { role, found } => write!(
                f,
                "{} metadata: wanted version 1 of the specification, found {}",
                Escaped(role),
                Escaped(found)
            ),
            Self::DuplicateSignature { role } => {
                write!(
                    f,
                    "{} metadata has two signatures of one key",
                    Escaped(role)
                )
            }
            Self::Threshold { role, need, got } => write!(
                f,
                "{} metadata needs signatures of {need} of its keys, found {got}",
                Escaped(role)
            ),
            Self::Rollback {
                role,
                trusted,
                found,
            } => write!(
                f,
                "{} metadata was at version {trusted} before, found {found}",
                Escaped(role)
            ),
            Self::Removed { role } => {
                write!(
                    f,
                    "{} metadata was listed before, and is gone",
                    Escaped(role)
                )
            }
            Self::Version { role, want, found } => write!(
                f,
                "wanted version {want} of {} metadata, found {found}",
                Escaped(role)
            ),
            Self::Expired { role, expires, at } => write!(
                f,
                "{} metadata was good until {expires}, and it is {at}",
                Escaped(role)
            ),
            Self::Hash { what } => write!(
                f,
                "{} has another hash than the metadata above it says",
                Escaped(what)
            ),
            Self::Length { what, want, found } => {
                write!(f, "wanted {want} bytes of {}, found {found}", Escaped(what))
            }
            Self::NotListed { role } => write!(
                f,
                "the metadata above it does not list {} metadata",
                Escaped(role)
            ),
            Self::NoTarget { name } => {
                write!(f, "the repository has no target {}", Escaped(name))
            }
            Self::Delegations { cap } => {
                write!(f, "the target is not found within {cap} roles")
            }
            Self::Name { name } => write!(
                f,
                "wanted a name of a file in the repository, found {}",
                Escaped(name)
            ),
            Self::TooLarge { what, cap } => {
                write!(f, "wanted at most {cap} bytes of {}", Escaped(what))
            }
            Self::Fetch { url, .. } => write!(f, "no answer from {}", Escaped(url)),
            Self::Status { url, status } => {
                write!(f, "{} answers with status {status}", Escaped(url))
            }
            Self::Store(_) => f.write_str("what is kept of the repository cannot be used"),
            Self::Incomplete { what } => {
                write!(f, "what is kept of the repository has no {}", Escaped(what))
            }
        }
    }
}

impl std::error::Error for UpdateError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Json { problem, .. } => Some(problem),
            Self::Field { problem, .. } => Some(problem),
            Self::Fetch { problem, .. } => Some(problem),
            Self::Store(error) => Some(error),
            _ => None,
        }
    }
}

impl From<StoreError> for UpdateError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// A store that does not give or take a file, in the words of whoever tried.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(
    clippy::exhaustive_structs,
    reason = "made by the callers who implement a store"
)]
pub struct StoreError {
    /// The file.
    pub what: String,
    /// What went wrong.
    pub problem: String,
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", Escaped(&self.what), Escaped(&self.problem))
    }
}

impl std::error::Error for StoreError {}
