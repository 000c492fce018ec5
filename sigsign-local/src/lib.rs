//! A whole local instance in one process: makers of everything a verifier reads.
