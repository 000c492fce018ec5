//! Public keys, signature schemes and hashes.
