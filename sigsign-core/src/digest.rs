//! Digests: computed by us, or claimed by somebody.
