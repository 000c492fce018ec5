//! Trusted roots: whose signatures count, and when.
//!
//! In: JSON from somewhere that the caller trusts. Out: [`TrustedRoot`], with each authority and
//! log as one unit of key, name and time; there is no way to get at "all the keys". Not here: how
//! a root comes to be trusted, which is the business of TUF, and which unit a bundle needs.
//!
//! Spec: trustroot.proto

pub mod embedded;
mod parse;
mod signing_config;
#[cfg(test)]
mod tests;
mod wire;

pub use signing_config::{
    Selection, SelectionError, Service, ServiceKind, SigningConfig, SigningConfigError,
};

use std::fmt;
use std::sync::Arc;

use crate::crypto::{PublicKey, Scheme};
use crate::encoding::Escaped;
use crate::json::{FieldError, JsonError};
use crate::time::{Timestamp, Validity};
use crate::x509::{Certificate, CertificateError};

/// Why bytes are not a trusted root.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TrustedRootError {
    /// Longer than the cap.
    TooLarge {
        /// The cap in bytes.
        cap: usize,
    },
    /// Not one JSON value with unique names.
    Json(JsonError),
    /// JSON of another shape than a trusted root has, in serde's words.
    Shape(String),
    /// A media type that is not one of a trusted root.
    MediaType {
        /// The media type; `None` if there is none.
        found: Option<String>,
    },
    /// A field that is missing or not well formed (V52, V62).
    Field(FieldError),
    /// More of something than the cap.
    Cap {
        /// What there is too much of.
        what: &'static str,
        /// The cap.
        cap: usize,
        /// How many there are.
        found: usize,
    },
    /// A key that is not decodable, or not of the kind its details declare (TOB-6).
    Key {
        /// Where it is.
        path: String,
        /// The details declared for it.
        declared: String,
    },
    /// A certificate that cannot be used.
    Certificate {
        /// Where it is.
        path: String,
        /// What is wrong with it.
        problem: CertificateError,
    },
}

impl TrustedRootError {
    /// Every code of this kind, for the list of errors.
    pub const CODES: &'static [&'static str] = &[
        "root.too-large",
        "root.json",
        "root.shape",
        "root.media-type",
        "root.field",
        "root.cap",
        "root.key",
        "root.certificate",
    ];

    /// The stable code of this error.
    pub fn code(&self) -> &'static str {
        match self {
            Self::TooLarge { .. } => "root.too-large",
            Self::Json(_) => "root.json",
            Self::Shape(_) => "root.shape",
            Self::MediaType { .. } => "root.media-type",
            Self::Field(_) => "root.field",
            Self::Cap { .. } => "root.cap",
            Self::Key { .. } => "root.key",
            Self::Certificate { .. } => "root.certificate",
        }
    }
}

impl fmt::Display for TrustedRootError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLarge { cap } => write!(f, "wanted a trusted root of at most {cap} bytes"),
            Self::Json(_) => f.write_str("trusted root is not proper JSON"),
            Self::Shape(problem) => {
                write!(f, "not the JSON of a trusted root: {}", Escaped(problem))
            }
            Self::MediaType { found } => write!(
                f,
                "wanted the media type of a trusted root, found {}",
                Escaped(found.as_deref().unwrap_or("none"))
            ),
            Self::Field(_) => f.write_str("field of the trusted root is not well formed"),
            Self::Cap { what, cap, found } => {
                write!(f, "wanted at most {cap} {what}, found {found}")
            }
            Self::Key { path, declared } => {
                write!(
                    f,
                    "{path}: key is not a good one of kind {}",
                    Escaped(declared)
                )
            }
            Self::Certificate { path, .. } => write!(f, "{path}: certificate cannot be used"),
        }
    }
}

impl std::error::Error for TrustedRootError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Json(error) => Some(error),
            Self::Field(error) => Some(error),
            Self::Certificate { problem, .. } => Some(problem),
            _ => None,
        }
    }
}

impl From<FieldError> for TrustedRootError {
    fn from(error: FieldError) -> Self {
        Self::Field(error)
    }
}

/// Whose signatures count, and when. Cheap to clone.
#[derive(Clone, Debug)]
pub struct TrustedRoot(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    source: Source,
    logs: Vec<Log>,
    ct_logs: Vec<Log>,
    certificate_authorities: Vec<Authority>,
    timestamp_authorities: Vec<Authority>,
}

/// Where a trusted root comes from, for the report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    pub(crate) name: String,
    pub(crate) version: Option<String>,
    pub(crate) expires: Option<Timestamp>,
    pub(crate) is_unfinished: bool,
}

impl Source {
    /// What the root is called: an instance or a file.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Which version of it this is, where that is known.
    pub fn version(&self) -> Option<&str> {
        self.version.as_deref()
    }

    /// When the metadata that it was published with expires, where that is known.
    pub fn expires(&self) -> Option<Timestamp> {
        self.expires
    }

    /// The last update did not come to its end, so there is a newer one than this.
    pub fn is_unfinished(&self) -> bool {
        self.is_unfinished
    }

    pub(crate) fn given(name: String) -> Self {
        Self {
            name,
            version: None,
            expires: None,
            is_unfinished: false,
        }
    }
}

impl TrustedRoot {
    /// Parses a trusted root.
    ///
    /// # Errors
    ///
    /// [`TrustedRootError`], by what is wrong with it.
    ///
    /// # Security
    ///
    /// Whoever writes this document decides what verifies. It must come from TUF, from this
    /// library, or from a file that the caller trusts (V64).
    ///
    /// Spec: trustroot.proto
    pub fn from_json(json: &[u8]) -> Result<Self, TrustedRootError> {
        Self::from_json_named(json, "trusted root given by the caller")
    }

    /// Parses a trusted root that is to be called `name` in reports.
    ///
    /// # Errors
    ///
    /// As [`Self::from_json`].
    pub fn from_json_named(json: &[u8], name: &str) -> Result<Self, TrustedRootError> {
        Self::from_source(json, Source::given(name.to_owned()))
    }

    pub(crate) fn from_source(json: &[u8], source: Source) -> Result<Self, TrustedRootError> {
        parse::trusted_root(json, source).map(|inner| Self(Arc::new(inner)))
    }

    /// Where it comes from.
    pub fn source(&self) -> &Source {
        &self.0.source
    }

    /// The transparency logs.
    pub fn logs(&self) -> &[Log] {
        &self.0.logs
    }

    /// The CT logs.
    pub fn ct_logs(&self) -> &[Log] {
        &self.0.ct_logs
    }

    /// The certificate authorities.
    pub fn certificate_authorities(&self) -> &[Authority] {
        &self.0.certificate_authorities
    }

    /// The time stamp authorities.
    pub fn timestamp_authorities(&self) -> &[Authority] {
        &self.0.timestamp_authorities
    }
}

/// A log with its key, its names and the time it is trusted for.
///
/// Spec: trustroot.proto, TransparencyLogInstance
#[derive(Clone, Debug)]
pub struct Log {
    pub(crate) base_url: String,
    pub(crate) operator: String,
    pub(crate) id: Vec<u8>,
    /// Whole, as the root has it.
    pub(crate) checkpoint_id: Option<Vec<u8>>,
    /// As notes carry it.
    pub(crate) checkpoint_key_id: Option<[u8; 4]>,
    pub(crate) key: PublicKey,
    pub(crate) scheme: Scheme,
    pub(crate) validity: Validity,
}

impl Log {
    /// Where the log is.
    pub fn base_url(&self) -> &str {
        &self.base_url
    }

    /// Who runs it; the host where the root does not say.
    pub fn operator(&self) -> &str {
        &self.operator
    }

    /// The identifier that entries name it by.
    pub fn id(&self) -> &[u8] {
        &self.id
    }

    /// Its key.
    pub fn key(&self) -> &PublicKey {
        &self.key
    }

    /// How it signs.
    pub fn scheme(&self) -> Scheme {
        self.scheme
    }

    /// When it is trusted, both ends included.
    pub fn validity(&self) -> Validity {
        self.validity
    }

    /// The base URL without its scheme and without a slash at the end: the origin of the log's
    /// checkpoints if it is of version 2 (V50).
    pub fn origin(&self) -> &str {
        let url = &self.base_url;
        url.split_once("://")
            .map_or(url.as_str(), |(_, rest)| rest)
            .trim_end_matches('/')
    }

    /// The origins that checkpoints of version 2 may have: [`Self::origin`], and the host alone.
    ///
    /// Off-spec: a log is told its origin as a host name, so where the URL has a port or a path,
    /// the two differ, and clients look for either.
    pub(crate) fn origins(&self) -> impl Iterator<Item = &str> {
        let whole = self.origin();
        let end = whole.find(['/', ':']).filter(|_| !whole.starts_with('['));
        let host = end.and_then(|end| whole.get(..end));
        std::iter::once(whole).chain(host.filter(|host| !host.is_empty()))
    }

    /// Whether an entry with this identifier may be of the log.
    ///
    /// Spec: rekor-tiles CLIENTS.md, TrustedRoot lookup: by `checkpoint_key_id` or `log_id`
    pub(crate) fn is_named(&self, id: &[u8]) -> bool {
        let by_checkpoint = || self.checkpoint_id.as_deref() == Some(id);
        self.id == id || by_checkpoint()
    }
}

/// An authority with its certificates and the time it is trusted for.
///
/// Spec: trustroot.proto, CertificateAuthority
#[derive(Clone, Debug)]
pub struct Authority {
    pub(crate) uri: String,
    pub(crate) operator: String,
    pub(crate) chain: Vec<Certificate>,
    pub(crate) validity: Validity,
}

impl Authority {
    /// Where the authority is.
    pub fn uri(&self) -> &str {
        &self.uri
    }

    /// Who runs it; the host where the root does not say.
    pub fn operator(&self) -> &str {
        &self.operator
    }

    /// Its certificates: the one that signs first, the anchor last.
    pub fn chain(&self) -> &[Certificate] {
        &self.chain
    }

    /// When it is trusted, both ends included.
    pub fn validity(&self) -> Validity {
        self.validity
    }
}
