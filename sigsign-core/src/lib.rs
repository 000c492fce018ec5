//! Keyless signing and verification, compatible with Sigstore.
//!
//! ```standalone_crate
//! use sigsign_core::policy::GitHubWorkflow;
//! use sigsign_core::trust::embedded;
//! use sigsign_core::{Artifact, Bundle, Identity, Policy, Verifier};
//! use std::fs::File;
//! use std::time::SystemTime;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # std::env::set_current_dir("../testdata/public/conda-package")?;
//! # let name = "signed-package-2.1.0-hb0f4dca_0.conda";
//! let who = Identity::github(&GitHubWorkflow::of("prefix-dev/sigstore-example"))?;
//! let verifier = Verifier::new(&embedded::public_good()?);
//! let bundle = Bundle::from_reader(File::open(format!("{name}.sigstore.json"))?)?;
//! let artifact = Artifact::Reader(&mut File::open(name)?);
//! let now = SystemTime::now().into();
//! let verified = verifier.verify(&bundle, artifact, &Policy::keyless(who), now)?;
//!
//! assert_eq!(Some("https://token.actions.githubusercontent.com"), verified.issuer());
//! # Ok(())
//! # }
//! ```
//!
//! A [`Verifier`] is made once and shared: it remembers what it has proven. Nothing in this crate
//! reads a clock, a file or the network.
//!
//! # In an async program
//!
//! Verifying is synchronous, and takes as long as the artifact takes to be read. It belongs on a
//! thread for blocking work; everything that it needs is `Send`, and the verifier is shared:
//!
//! ```
//! use sigsign_core::policy::GitHubWorkflow;
//! use sigsign_core::trust::embedded;
//! use sigsign_core::{Artifact, Bundle, Identity, Policy, Verified, Verifier};
//! use std::error::Error;
//! use std::fs::File;
//! use std::path::PathBuf;
//! use std::sync::Arc;
//! use std::time::SystemTime;
//!
//! type Failure = Box<dyn Error + Send + Sync>;
//!
//! async fn verify(
//!     verifier: Arc<Verifier>,
//!     policy: Arc<Policy>,
//!     artifact: PathBuf,
//!     bundle: PathBuf,
//! ) -> Result<Verified, Failure> {
//!     let work = move || {
//!         let bundle = Bundle::from_reader(File::open(bundle)?)?;
//!         let artifact = Artifact::Reader(&mut File::open(artifact)?);
//!         Ok(verifier.verify(&bundle, artifact, &policy, SystemTime::now().into())?)
//!     };
//!     tokio::task::spawn_blocking(work).await?
//! }
//!
//! # fn main() -> Result<(), Failure> {
//! # let package = "../testdata/public/conda-package/signed-package-2.1.0-hb0f4dca_0.conda";
//! # let verifier = Arc::new(Verifier::new(&embedded::public_good()?));
//! # let who = Identity::github(&GitHubWorkflow::of("prefix-dev/sigstore-example"))?;
//! # let policy = Arc::new(Policy::keyless(who));
//! # let bundle = format!("{package}.sigstore.json");
//! # let runtime = tokio::runtime::Builder::new_current_thread().build()?;
//! # runtime.block_on(verify(verifier, policy, package.into(), bundle.into()))?;
//! # Ok(())
//! # }
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
//! | action, by features | `sign` `oidc` `transport` `tuf` |
//! | delivery, by features | `policy_file` `oci` |
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
#[cfg(any(feature = "oci", feature = "sign", feature = "tuf"))]
pub mod transport;
#[cfg(feature = "tuf")]
pub mod tuf;
// L6 deliver
#[cfg(feature = "oci")]
pub mod oci;
#[cfg(feature = "policy-file")]
pub mod policy_file;

/// The page for those who embed the library: its program is run.
#[cfg(doctest)]
#[doc = include_str!("../../docs/guide/embed.md")]
struct Guide;
