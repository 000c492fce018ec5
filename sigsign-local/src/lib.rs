//! A whole local instance in one process: makers of everything a verifier reads.

pub mod der;
pub mod json;
pub mod key;
pub mod text;
