//! Merkle trees of RFC 6962: leaf hashes, inclusion and consistency proofs.
