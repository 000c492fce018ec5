//! X.509 certificates, paths and the Fulcio extensions.
