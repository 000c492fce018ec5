//! X.509 certificates, paths and the Fulcio extensions.
//!
//! In: certificates in DER, and the chains of a trusted root. Out: [`Certificate`], parsed to its
//! last byte and trusted for nothing; [`CertifiedPath`], a leaf that chains to an anchor;
//! [`FulcioClaims`], what the certificate authority says of the signer. Not here: certificates
//! from anywhere else than one chain of the trusted root, and revocation (certificates live ten
//! minutes).

mod certificate;
mod claims;
mod extensions;
pub(crate) mod known;
mod names;
mod path;
mod path_error;
#[cfg(test)]
pub(crate) mod tests;

pub use certificate::{Certificate, CertificateError};
pub use claims::{ClaimsError, FulcioClaims, FulcioExtension, Subject, SubjectKind};
pub use extensions::ExtensionError;
pub use path::{CertifiedPath, PathVerifier, Usage};
pub use path_error::{PathError, ProfileError};
