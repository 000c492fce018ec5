//! Container images: where they are kept, and what was signed and said about them.
//!
//! In: a [`Reference`], and a [`Repository`] to ask: [`Remote`] for registries, or one of the
//! caller's, as for a folder. Out: an [`Image`], whose bytes were hashed here, and the
//! [`Attachment`]s found beside it, none of them verified. [`Attachment::verify`] verifies one,
//! [`attach()`] adds one, [`copy()`] brings an image with all of them elsewhere. Not here: files,
//! programs that know passwords, layers of images.
//!
//! Nothing a registry says is believed: a tag is asked for once, and what it led to is named by
//! the digest of the bytes that came.
//!
//! Spec: OCI distribution-spec 1.1, image-spec 1.1

mod attach;
#[cfg(feature = "policy-file")]
mod candidate;
mod copy;
mod credentials;
mod error;
mod found;
mod image;
mod legacy;
mod manifest;
mod reference;
mod remote;
mod repository;
#[cfg(test)]
mod tests;
mod wire;

pub use attach::{Attached, Place, attach, signature_statement};
#[cfg(feature = "policy-file")]
pub use candidate::Candidates;
pub use copy::{Copied, copy};
pub use credentials::{AuthFile, Credential, CredentialError, Credentials, Nobody, Stored};
pub use error::{ManifestError, RegistryError};
pub use found::{
    Attachment, AttachmentError, Claim, Content, Demand, Found, Refused, SIGNATURE_TYPE, find,
};
pub use image::{Image, Member};
pub use legacy::{SimpleSigning, SimpleSigningError};
pub use manifest::{Descriptor, Document, Index, Manifest, Platform};
pub use reference::{Reference, ReferenceError, Target};
pub use remote::{PlainHosts, Remote, RemoteRepository};
pub use repository::{Pulled, Pushed, Repository};
