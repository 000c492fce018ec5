//! Certificate transparency: signed certificate timestamps.
