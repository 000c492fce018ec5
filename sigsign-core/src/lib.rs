//! Keyless signing and verification, compatible with Sigstore.
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
