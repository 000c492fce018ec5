//! Trusted roots: whose signatures count, and when.
