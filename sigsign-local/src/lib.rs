//! A whole local instance in one process: makers of everything a verifier reads.
//!
//! [`recipe`] says who takes part, [`make`](make::make) follows it, and a hook on the way may
//! change any one thing before it is signed. Keys come from names and times from one constant, so
//! the same recipe makes the same bytes. Nothing here knows the verifier: DER, JSON and PEM are
//! written by encoders of its own, so that maker and checker cannot share a mistake.
//!
//! ```
//! use sigsign_local::make::{Stage, make};
//! use sigsign_local::recipe::Recipe;
//!
//! let good = make(&Recipe::v1(), &mut |_| {});
//! let forged = make(&Recipe::v1(), &mut |stage| {
//!     if let Stage::Signature(signature) = stage {
//!         signature.push(0);
//!     }
//! });
//! assert_ne!(good.bundle, forged.bundle);
//! assert_eq!(good.trusted_root, forged.trusted_root);
//! ```

pub mod certificate;
pub mod ct;
pub mod der;
pub mod document;
#[cfg(feature = "instance")]
pub mod instance;
pub mod json;
pub mod key;
pub mod log;
pub mod make;
pub mod note;
pub mod recipe;
pub mod text;
pub mod tree;
pub mod tsp;
