//! The code with which each crafted case is refused.

pub(crate) const CODES: &[(&str, &str)] = &[];
