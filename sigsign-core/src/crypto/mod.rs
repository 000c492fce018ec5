//! Public keys, signature schemes and hashes.
//!
//! In: keys as SubjectPublicKeyInfo, signatures, messages or their digests. Out: a yes, or
//! [`BadSignature`]. Two backends do the arithmetic, chosen by cargo feature: `rustcrypto` and
//! `aws-lc`, which wins when both are on. Everything that decides what is accepted (encodings,
//! key sizes, weak keys) stands in front of both, so that they cannot differ in it.
//!
//! Not here: which key to trust, and which scheme a document declares.

mod algorithm;
#[cfg(feature = "aws-lc")]
mod aws_lc;
mod ed25519;
mod frequent;
mod hash;
mod key;
#[cfg(all(feature = "rustcrypto", not(feature = "aws-lc")))]
mod rustcrypto;
mod sha1;
#[cfg(feature = "sign")]
mod signing;

#[cfg(feature = "aws-lc")]
use aws_lc as backend;
#[cfg(all(feature = "rustcrypto", not(feature = "aws-lc")))]
use rustcrypto as backend;

#[cfg(not(any(feature = "rustcrypto", feature = "aws-lc")))]
compile_error!("choose a crypto backend: feature `rustcrypto` or `aws-lc`");

pub(crate) use algorithm::hash_from_oid;
pub use algorithm::{Algorithm, KeyKind, Scheme};
pub use hash::{Hasher, hash, sha256, sha256_parts};
pub use key::{BadSignature, KeyError, PublicKey};
pub(crate) use sha1::sha1;
#[cfg(feature = "sign")]
pub use signing::{SigningKey, SigningKeyError};
