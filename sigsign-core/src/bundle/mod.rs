//! Sigstore bundles.
//!
//! In: JSON. Out: [`Bundle`], complete for its media type and trusted for nothing. Not here: any
//! check of a signature; [`crate::verify`] makes them.
//!
//! Spec: bundle.proto; client-spec 5

mod lines;
mod parse;
#[cfg(test)]
mod tests;
mod wire;
#[cfg(feature = "sign")]
mod write;

use std::fmt;

pub use lines::Lines;
#[cfg(feature = "sign")]
pub(crate) use parse::entry_from_json;
#[cfg(feature = "sign")]
pub(crate) use write::envelope_json;

use crate::digest::DigestHint;
use crate::dsse::Envelope;
use crate::encoding::Escaped;
use crate::json::{FieldError, JsonError};
use crate::tlog::LogEntry;
use crate::x509::{Certificate, CertificateError};

/// Why bytes are not a bundle.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum BundleError {
    /// Longer than the cap.
    TooLarge {
        /// The cap in bytes.
        cap: usize,
    },
    /// Not one JSON value with unique names.
    Json(JsonError),
    /// JSON of another shape than a bundle has, in serde's words.
    Shape(String),
    /// A media type that is not one of a bundle (V3).
    MediaType {
        /// The media type; `None` if there is none.
        found: Option<String>,
    },
    /// A field that is missing or not well formed (V2).
    Field(FieldError),
    /// More of something than the cap (V4).
    Cap {
        /// What there is too much of.
        what: &'static str,
        /// The cap.
        cap: usize,
        /// How many there are.
        found: usize,
    },
    /// Neither a message signature nor an envelope, or both (V5).
    Content {
        /// How many there are.
        found: usize,
    },
    /// Not the one kind of key material that the version has (V5, V6).
    KeyMaterial {
        /// The version of the bundle.
        version: BundleVersion,
    },
    /// A chain with a root certificate in it, which only a trusted root may name (V6).
    RootInChain,
    /// A certificate that cannot be used.
    Certificate(CertificateError),
    /// More or fewer signatures of an envelope than one (V56, A18).
    Signatures {
        /// How many there are.
        found: usize,
    },
    /// The bundle could not be read.
    Read(std::io::ErrorKind),
}

impl BundleError {
    /// Every code of this kind, for the list of errors.
    pub const CODES: &'static [&'static str] = &[
        "bundle.too-large",
        "bundle.json",
        "bundle.shape",
        "bundle.media-type",
        "bundle.field",
        "bundle.cap",
        "bundle.content",
        "bundle.key-material",
        "bundle.root-in-chain",
        "bundle.certificate",
        "bundle.signatures",
        "bundle.read",
    ];

    /// The stable code of this error.
    pub fn code(&self) -> &'static str {
        match self {
            Self::TooLarge { .. } => "bundle.too-large",
            Self::Json(_) => "bundle.json",
            Self::Shape(_) => "bundle.shape",
            Self::MediaType { .. } => "bundle.media-type",
            Self::Field(_) => "bundle.field",
            Self::Cap { .. } => "bundle.cap",
            Self::Content { .. } => "bundle.content",
            Self::KeyMaterial { .. } => "bundle.key-material",
            Self::RootInChain => "bundle.root-in-chain",
            Self::Certificate(_) => "bundle.certificate",
            Self::Signatures { .. } => "bundle.signatures",
            Self::Read(_) => "bundle.read",
        }
    }
}

impl fmt::Display for BundleError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLarge { cap } => write!(f, "wanted a bundle of at most {cap} bytes"),
            Self::Json(_) => f.write_str("bundle is not proper JSON"),
            Self::Shape(problem) => write!(f, "not the JSON of a bundle: {}", Escaped(problem)),
            Self::MediaType { found: Some(found) } => {
                write!(
                    f,
                    "wanted the media type of a bundle, found {}",
                    Escaped(found)
                )
            }
            Self::MediaType { found: None } => {
                f.write_str("wanted the media type of a bundle, found none")
            }
            Self::Field(_) => f.write_str("field of the bundle is not well formed"),
            Self::Cap { what, cap, found } => {
                write!(f, "wanted at most {cap} {what}, found {found}")
            }
            Self::Content { found } => {
                write!(
                    f,
                    "wanted one of messageSignature and dsseEnvelope, found {found}"
                )
            }
            Self::KeyMaterial { version } => write!(
                f,
                "wanted exactly one of publicKey and {}",
                match version {
                    BundleVersion::V0_3 => "certificate",
                    _ => "x509CertificateChain, which is not empty",
                }
            ),
            Self::RootInChain => f.write_str("certificate chain contains a root certificate"),
            Self::Certificate(_) => f.write_str("certificate in the bundle cannot be used"),
            Self::Signatures { found } => {
                write!(f, "wanted an envelope with one signature, found {found}")
            }
            Self::Read(kind) => write!(f, "bundle cannot be read: {kind}"),
        }
    }
}

impl std::error::Error for BundleError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Json(error) => Some(error),
            Self::Field(error) => Some(error),
            Self::Certificate(error) => Some(error),
            _ => None,
        }
    }
}

impl From<FieldError> for BundleError {
    fn from(error: FieldError) -> Self {
        Self::Field(error)
    }
}

/// The version in a bundle's media type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum BundleVersion {
    /// 0.1: a promise, and perhaps a proof.
    V0_1,
    /// 0.2: a proof with a checkpoint.
    V0_2,
    /// 0.3: a single certificate.
    V0_3,
}

impl BundleVersion {
    /// The version with this media type (V3).
    ///
    /// Spec: bundle.proto, media_type
    pub fn from_media_type(media_type: &str) -> Option<Self> {
        match media_type {
            "application/vnd.dev.sigstore.bundle+json;version=0.1" => Some(Self::V0_1),
            "application/vnd.dev.sigstore.bundle+json;version=0.2" => Some(Self::V0_2),
            "application/vnd.dev.sigstore.bundle.v0.3+json"
            | "application/vnd.dev.sigstore.bundle+json;version=0.3" => Some(Self::V0_3),
            _ => None,
        }
    }
}

impl fmt::Display for BundleVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::V0_1 => "0.1",
            Self::V0_2 => "0.2",
            Self::V0_3 => "0.3",
        })
    }
}

/// A bundle: complete for its media type, and untrusted.
#[derive(Clone, Debug)]
pub struct Bundle {
    pub(crate) version: BundleVersion,
    pub(crate) key_material: KeyMaterial,
    pub(crate) entries: Vec<LogEntry>,
    pub(crate) timestamps: Vec<Vec<u8>>,
    pub(crate) content: Content,
}

/// What a bundle says of the signer's key.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum KeyMaterial {
    /// The leaf certificate. Further ones in a chain were read and left out: what chains a leaf to
    /// an anchor comes from the trusted root (V26).
    Certificate(Certificate),
    /// The name of a key that the verifier has; empty if the signer gave none.
    PublicKeyHint(String),
}

/// What was signed.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Content {
    /// A signature over the artifact.
    Message {
        /// The digest of the artifact, as the bundle claims it.
        digest: Option<DigestHint>,
        /// The signature.
        signature: Vec<u8>,
    },
    /// A signature over an envelope.
    Dsse(Envelope),
}

impl Content {
    /// The signature, of either kind.
    pub fn signature(&self) -> &[u8] {
        match self {
            Self::Message { signature, .. } => signature,
            Self::Dsse(envelope) => envelope.signature(),
        }
    }
}

impl Bundle {
    /// Parses a bundle.
    ///
    /// # Errors
    ///
    /// [`BundleError`], by what is wrong with it.
    ///
    /// Spec: client-spec 5; bundle.proto (V2 to V6)
    pub fn from_json(json: &[u8]) -> Result<Self, BundleError> {
        parse::bundle(json)
    }

    /// Reads and parses a bundle; no more than the cap is read.
    ///
    /// # Errors
    ///
    /// [`BundleError::Read`] if the reader fails, [`BundleError::TooLarge`] over the cap, else as
    /// [`Self::from_json`].
    pub fn from_reader(reader: impl std::io::Read) -> Result<Self, BundleError> {
        use std::io::Read as _;
        let cap = crate::limits::BUNDLE_BYTES;
        let mut json = Vec::new();
        let one_more = u64::try_from(cap).unwrap_or(u64::MAX).saturating_add(1);
        reader
            .take(one_more)
            .read_to_end(&mut json)
            .map_err(|error| BundleError::Read(error.kind()))?;
        Self::from_json(&json)
    }

    /// Writes it as JSON, in version 0.3 whatever it was read from.
    ///
    /// Spec: bundle.proto (V3)
    #[cfg(feature = "sign")]
    pub(crate) fn to_json(&self) -> String {
        write::to_json(self)
    }

    /// The version in the media type.
    pub fn version(&self) -> BundleVersion {
        self.version
    }

    /// The signer's certificate, or a hint at the key.
    pub fn key_material(&self) -> &KeyMaterial {
        &self.key_material
    }

    /// The log entries, in their order.
    pub fn entries(&self) -> &[LogEntry] {
        &self.entries
    }

    /// The RFC 3161 responses in DER, in their order.
    pub fn timestamps(&self) -> impl ExactSizeIterator<Item = &[u8]> {
        self.timestamps.iter().map(Vec::as_slice)
    }

    /// What was signed.
    pub fn content(&self) -> &Content {
        &self.content
    }
}
