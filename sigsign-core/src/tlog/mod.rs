//! Transparency log entries as bundles carry them.
