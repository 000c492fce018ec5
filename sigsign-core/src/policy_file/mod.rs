//! One policy for files, images and deployments, written as a file.
//!
//! In: the bytes of a policy file, and later whatever was found about one subject. Out: a
//! [`Verdict`] with every rule and every condition: what was wanted, and what was found. Not here:
//! a clock, a network, a file; trusted roots, keys and the time are arguments.
//!
//! ```text
//! bytes -> PolicyFile -> Evaluator (with trusted roots and keys) -> Verdict
//! ```
//!
//! Every rule that matches the name of a subject must pass; of those in its `signed_by`, one is
//! enough. What is signed is verified by [`crate::verify`] and by nothing else, once for each
//! instance; who signed it is then compared with everybody whom rules name.
//!
//! `docs/policy.md` has every field with examples.

mod candidate;
mod condition;
mod count;
mod error;
mod evaluate;
mod fields;
mod lint;
mod model;
mod parse;
mod predicate;
mod propose;
mod signers;
mod subject;
mod verdict;
mod wire;
mod yaml;

pub use candidate::{BundleCandidate, Candidate, Refused, SignerKind};
pub use error::{Place, PolicyFileError};
pub use evaluate::{Evaluator, Evidence, Part, Resources};
pub use lint::{Lint, Severity};
pub use model::{
    Asked, DefaultDecision, DigestMode, Mode, Platforms, PolicyFile, TrustInstance, TrustSource,
};
pub use predicate::{SIGNATURE_TYPE, predicate_name};
pub use propose::propose;
pub use subject::{NameError, Subject};
pub use verdict::{
    CandidateVerdict, ConditionVerdict, Decision, Outcome, RuleCode, RuleVerdict, Verdict,
};
