//! What a caller asks of a bundle.
