//! Keyless signing and verification, compatible with Sigstore.
//!
//! ```no_run
//! use sigsign_core::{Artifact, Bundle, Identity, Policy, Verifier, policy, time, trust};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let bundle = Bundle::from_reader(std::fs::File::open("app.tar.gz.sigstore.json")?)?;
//! let who = Identity::new(policy::Matcher::exact("me@example.org")?, "https://issuer.example")?;
//! let verifier = Verifier::new(&trust::embedded::public_good()?);
//! let now = time::Timestamp::from(std::time::SystemTime::now());
//! let artifact = Artifact::Reader(&mut std::fs::File::open("app.tar.gz")?);
//! let verified = verifier.verify(&bundle, artifact, &Policy::keyless(who), now)?;
//! # println!("{}", verified.report().to_json());
//! # Ok(())
//! # }
//! ```
//!
//! A [`Verifier`] is made once and shared: it remembers what it has proven. Nothing in this crate
//! reads a clock, a file or the network; all of it is synchronous. In an async program, hashing a
//! large artifact belongs on a thread for blocking work:
//!
//! ```ignore
//! let verified = tokio::task::spawn_blocking(move || {
//!     verifier.verify(&bundle, Artifact::Reader(&mut file), &policy, now)
//! })
//! .await??;
//! ```
//!
//! # The layers
//!
//! A module imports only from the lines above its own.
//!
//! | layer | modules |
//! |---|---|
//! | words | [`time`] [`digest`] [`encoding`] [`limits`] [`json`] |
//! | primitives | [`crypto`] [`der`] |
//! | formats | [`x509`] [`ct`] [`tsp`] [`merkle`] [`note`] [`dsse`] |
//! | documents | [`bundle`] [`trust`] [`tlog`] [`policy`] |
//! | decision | [`verify`] |
//! | action, by features | `sign` `oidc` `transport` |
#![cfg_attr(
    not(test),
    warn(
        clippy::as_conversions,
        clippy::arithmetic_side_effects,
        clippy::exhaustive_enums,
        clippy::exhaustive_structs,
        clippy::expect_used,
        clippy::indexing_slicing,
        clippy::panic,
        clippy::unwrap_in_result,
        clippy::unwrap_used,
    )
)]

pub use bundle::{Bundle, BundleError};
pub use policy::{Identity, Policy};
pub use trust::{TrustedRoot, TrustedRootError};
pub use verify::{Artifact, Report, Verified, Verifier, VerifyError};

// L0 words
pub mod digest;
pub mod encoding;
pub mod json;
pub mod limits;
pub mod time;
// L1 primitives
pub mod crypto;
pub mod der;
// L2 formats
pub mod ct;
pub mod dsse;
pub mod merkle;
pub mod note;
pub mod tsp;
pub mod x509;
// L3 documents
pub mod bundle;
pub mod policy;
pub mod tlog;
pub mod trust;
// L4 decide
pub mod verify;
// L5 act
#[cfg(feature = "sign")]
pub mod oidc;
#[cfg(feature = "sign")]
pub mod sign;
#[cfg(feature = "sign")]
pub mod transport;
