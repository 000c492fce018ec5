//! The instance: every service of a Sigstore in one process, on loopback or without any socket.
//!
//! Each service is a struct with a `router`; [`Context`] is what they share: a clock, keys, a
//! folder, addresses and the faults that tests ask for. Makers of what is signed are the modules
//! beside this one. Requests are read strictly, capped, and refused with a [`Refusal`].

mod asn1;
mod base64_json;
pub mod ca;
mod call;
mod choices;
mod clock;
mod context;
pub mod ct_log;
mod ct_submit;
mod data;
mod documents;
mod fault;
mod faulty;
mod folder;
mod folder_error;
pub mod jwt;
mod keys;
mod log_fault;
mod metrics;
pub mod oidc;
mod pem;
mod public_key;
mod refusal;
pub mod rekor_v1;
pub mod rekor_v2;
mod serve;
mod services;
pub mod tlog;
pub mod tsa;
pub mod tuf;
mod whole;

pub use call::{Answer, Call, CallError};
pub use choices::Choices;
pub use clock::Clock;
pub use context::Context;
pub use ct_submit::{CtSubmit, Submitted};
pub use data::Data;
pub use documents::{OPERATOR, SIGNING_CONFIG};
pub use fault::{Fault, Faults, Service};
pub use folder::{About, Folder, Opening, Running, about, reset, secret};
pub use folder_error::FolderError;
pub use keys::Keys;
pub use public_key::{PublicKey, PublicKeyKind};
pub use refusal::Refusal;
pub use serve::{serve, serve_until};
pub use whole::{BASE_URL, Instance, Options, SIGNING_CONFIG_FILE, TRUSTED_ROOT_FILE, log_sizes};
