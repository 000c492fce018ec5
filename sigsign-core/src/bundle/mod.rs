//! Sigstore bundles.
