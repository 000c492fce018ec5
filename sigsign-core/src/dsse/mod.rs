//! DSSE envelopes and the in-toto statements inside them.
