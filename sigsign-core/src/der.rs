//! A strict reader of DER: one encoding per value, every byte accounted for.
