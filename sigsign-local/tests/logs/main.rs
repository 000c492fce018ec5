//! The logs of an instance: what they answer is checked by the verifier, and what they refuse is
//! named.

mod common;
mod ct;
mod v1;
mod v2;
