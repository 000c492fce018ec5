//! The instance: every service of a Sigstore in one process, on loopback or without any socket.
//!
//! Each service is a struct with a `router`; [`Context`] is what they share: a clock, keys, a
//! folder, addresses and the faults that tests ask for. Makers of what is signed are the modules
//! beside this one. Requests are read strictly, capped, and refused with a [`Refusal`].

mod asn1;
mod base64_json;
pub mod ca;
mod clock;
mod context;
pub mod ct_log;
mod ct_submit;
mod data;
mod fault;
pub mod jwt;
mod keys;
mod log_fault;
pub mod oidc;
mod pem;
mod public_key;
mod refusal;
pub mod rekor_v1;
pub mod rekor_v2;
pub mod tlog;
pub mod tsa;

pub use clock::Clock;
pub use context::Context;
pub use ct_submit::{CtSubmit, Submitted};
pub use data::Data;
pub use fault::{Fault, Faults, Service};
pub use keys::Keys;
pub use public_key::{PublicKey, PublicKeyKind};
pub use refusal::Refusal;
