//! X.509 certificates, paths and the Fulcio extensions.
//!
//! In: certificates in DER, and the ordered chains of a trusted root. Out: [`Certificate`], parsed
//! to its last byte and trusted for nothing; [`CertifiedPath`], a leaf that chains to an anchor;
//! [`FulcioClaims`], what the certificate authority says of the signer. Not here: building paths
//! (a trusted root hands over ordered chains) and revocation (certificates live ten minutes).

mod certificate;
mod claims;
mod extensions;
pub(crate) mod known;
mod names;
mod path;
#[cfg(test)]
pub(crate) mod tests;

pub use certificate::{Certificate, CertificateError};
pub use claims::{ClaimsError, FulcioClaims, FulcioExtension, Subject, SubjectKind};
pub use extensions::ExtensionError;
pub use path::{CertifiedPath, PathError, PathVerifier, ProfileError, Usage};
