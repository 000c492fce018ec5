use std::fmt;

use crate::crypto::KeyError;
use crate::der::DerError;
use crate::digest::HashAlgorithm;

/// Why a time stamp token cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TspError {
    /// Longer than the cap.
    TooLarge {
        /// The cap in bytes.
        cap: usize,
        /// The length in bytes.
        found: usize,
    },
    /// Not the DER of a response with a token.
    Der(DerError),
    /// A status other than granted and granted with modifications.
    Status {
        /// The status in the response.
        found: u64,
    },
    /// A response without a token.
    NoToken,
    /// A token that is not signed data.
    NotSignedData {
        /// The content type in the token, in dotted form.
        found: String,
    },
    /// Signed data with another content than TSTInfo.
    NotTstInfo {
        /// The type of that content, in dotted form.
        found: String,
    },
    /// Another version of a structure than the one it has.
    Version {
        /// The name of the structure.
        of: &'static str,
        /// The version it has with the content that it has here.
        want: u64,
        /// The version in the token.
        found: u64,
    },
    /// No signer, or more than one.
    SignerCount {
        /// How many there are.
        found: usize,
    },
    /// A digest algorithm that is not supported.
    DigestAlgorithm {
        /// The algorithm, in dotted form.
        found: String,
    },
    /// The signer's digest algorithm is missing from the list at the start of the signed data.
    DigestNotListed(HashAlgorithm),
    /// A signature algorithm that is not supported, or with other parameters than it has.
    SignatureAlgorithm {
        /// The algorithm, in dotted form.
        found: String,
    },
    /// A signature algorithm with another hash than the digest algorithm.
    AlgorithmMismatch {
        /// The hash that the signature algorithm takes.
        want: HashAlgorithm,
        /// The signer's digest algorithm.
        found: HashAlgorithm,
    },
    /// No signed attributes.
    NoSignedAttributes,
    /// More attributes or extensions than the cap.
    TooMany {
        /// The cap.
        cap: usize,
    },
    /// Elements of a set that are not in the order of DER.
    SetOrder,
    /// An attribute that occurs twice.
    DuplicateAttribute {
        /// The type of the attribute, in dotted form.
        found: String,
    },
    /// An attribute without a value, or with several.
    AttributeValues {
        /// The type of the attribute, in dotted form.
        of: String,
    },
    /// A signed attribute that must be there and is not.
    MissingAttribute {
        /// The name of the attribute.
        want: &'static str,
    },
    /// A content-type attribute with another type than TSTInfo.
    ContentTypeAttribute {
        /// The type in the attribute, in dotted form.
        found: String,
    },
    /// An imprint by an algorithm that is not supported.
    ImprintAlgorithm {
        /// The algorithm, in dotted form.
        found: String,
    },
    /// An imprint of another length than its algorithm's.
    ImprintLength {
        /// The length of the algorithm's digests in bytes.
        want: usize,
        /// The length of the imprint in bytes.
        found: usize,
    },
    /// An extension that occurs twice.
    DuplicateExtension {
        /// The type of the extension, in dotted form.
        found: String,
    },
    /// A critical extension; none is known.
    CriticalExtension {
        /// The type of the extension, in dotted form.
        found: String,
    },
    /// The signer's identifier is not the authority's certificate.
    SignerId,
    /// The signing-certificate attribute is not about the authority's certificate.
    SigningCertificate,
    /// The name of the authority in the content is not one of its certificate.
    AuthorityName,
    /// The attribute that protects the algorithms has others than the signer.
    AlgorithmProtection,
    /// The message-digest attribute is not the digest of the content.
    MessageDigest,
    /// The imprint is not the digest of the bytes that should be time stamped.
    Imprint,
    /// The authority's key is not one we can use.
    Key(KeyError),
    /// The signature does not verify.
    Signature,
}

impl TspError {
    /// Every code of this kind, for the list of errors.
    pub const CODES: &'static [&'static str] = &[
        "tsp.too-large",
        "tsp.der",
        "tsp.status",
        "tsp.no-token",
        "tsp.not-signed-data",
        "tsp.not-tst-info",
        "tsp.version",
        "tsp.signer-count",
        "tsp.digest-algorithm",
        "tsp.digest-not-listed",
        "tsp.signature-algorithm",
        "tsp.algorithm-mismatch",
        "tsp.no-signed-attributes",
        "tsp.too-many",
        "tsp.set-order",
        "tsp.duplicate-attribute",
        "tsp.attribute-values",
        "tsp.missing-attribute",
        "tsp.content-type-attribute",
        "tsp.imprint-algorithm",
        "tsp.imprint-length",
        "tsp.duplicate-extension",
        "tsp.critical-extension",
        "tsp.signer-id",
        "tsp.signing-certificate",
        "tsp.authority-name",
        "tsp.algorithm-protection",
        "tsp.message-digest",
        "tsp.imprint",
        "tsp.key",
        "tsp.signature",
    ];

    /// The stable code of this error.
    pub fn code(&self) -> &'static str {
        match self {
            Self::TooLarge { .. } => "tsp.too-large",
            Self::Der(_) => "tsp.der",
            Self::Status { .. } => "tsp.status",
            Self::NoToken => "tsp.no-token",
            Self::NotSignedData { .. } => "tsp.not-signed-data",
            Self::NotTstInfo { .. } => "tsp.not-tst-info",
            Self::Version { .. } => "tsp.version",
            Self::SignerCount { .. } => "tsp.signer-count",
            Self::DigestAlgorithm { .. } => "tsp.digest-algorithm",
            Self::DigestNotListed(_) => "tsp.digest-not-listed",
            Self::SignatureAlgorithm { .. } => "tsp.signature-algorithm",
            Self::AlgorithmMismatch { .. } => "tsp.algorithm-mismatch",
            Self::NoSignedAttributes => "tsp.no-signed-attributes",
            Self::TooMany { .. } => "tsp.too-many",
            Self::SetOrder => "tsp.set-order",
            Self::DuplicateAttribute { .. } => "tsp.duplicate-attribute",
            Self::AttributeValues { .. } => "tsp.attribute-values",
            Self::MissingAttribute { .. } => "tsp.missing-attribute",
            Self::ContentTypeAttribute { .. } => "tsp.content-type-attribute",
            Self::ImprintAlgorithm { .. } => "tsp.imprint-algorithm",
            Self::ImprintLength { .. } => "tsp.imprint-length",
            Self::DuplicateExtension { .. } => "tsp.duplicate-extension",
            Self::CriticalExtension { .. } => "tsp.critical-extension",
            Self::SignerId => "tsp.signer-id",
            Self::SigningCertificate => "tsp.signing-certificate",
            Self::AuthorityName => "tsp.authority-name",
            Self::AlgorithmProtection => "tsp.algorithm-protection",
            Self::MessageDigest => "tsp.message-digest",
            Self::Imprint => "tsp.imprint",
            Self::Key(_) => "tsp.key",
            Self::Signature => "tsp.signature",
        }
    }
}

impl fmt::Display for TspError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLarge { cap, found } => {
                write!(
                    f,
                    "wanted a time stamp of at most {cap} bytes, found {found}"
                )
            }
            Self::Der(_) => f.write_str("time stamp is not valid DER"),
            Self::Status { found } => write!(f, "wanted time stamp status 0 or 1, found {found}"),
            Self::NoToken => f.write_str("time stamp response has no token"),
            Self::NotSignedData { found } => {
                write!(f, "wanted a token of signed data, found {found}")
            }
            Self::NotTstInfo { found } => write!(f, "wanted TSTInfo as content, found {found}"),
            Self::Version { of, want, found } => {
                write!(f, "wanted version {want} of {of}, found {found}")
            }
            Self::SignerCount { found } => write!(f, "wanted exactly one signer, found {found}"),
            Self::DigestAlgorithm { found } => {
                write!(f, "digest algorithm {found} is not supported")
            }
            Self::DigestNotListed(algorithm) => {
                write!(f, "digest algorithm {algorithm} is not in the token's list")
            }
            Self::SignatureAlgorithm { found } => {
                write!(
                    f,
                    "signature algorithm {found} is not supported in this form"
                )
            }
            Self::AlgorithmMismatch { want, found } => {
                write!(
                    f,
                    "signature algorithm takes {want}, found digest algorithm {found}"
                )
            }
            Self::NoSignedAttributes => f.write_str("token has no signed attributes"),
            Self::TooMany { cap } => write!(f, "wanted at most {cap} attributes or extensions"),
            Self::SetOrder => f.write_str("set is not in the order of DER"),
            Self::DuplicateAttribute { found } => write!(f, "attribute {found} occurs twice"),
            Self::AttributeValues { of } => write!(f, "wanted exactly one value of attribute {of}"),
            Self::MissingAttribute { want } => write!(f, "wanted signed attribute {want}"),
            Self::ContentTypeAttribute { found } => {
                write!(
                    f,
                    "wanted TSTInfo in the content-type attribute, found {found}"
                )
            }
            Self::ImprintAlgorithm { found } => {
                write!(f, "imprint algorithm {found} is not supported")
            }
            Self::ImprintLength { want, found } => {
                write!(f, "wanted an imprint of {want} bytes, found {found}")
            }
            Self::DuplicateExtension { found } => write!(f, "extension {found} occurs twice"),
            Self::CriticalExtension { found } => {
                write!(f, "critical extension {found} is not known")
            }
            Self::SignerId => f.write_str("token's signer is not the authority's certificate"),
            Self::SigningCertificate => f.write_str(
                "signing-certificate attribute is not about the authority's certificate",
            ),
            Self::AuthorityName => {
                f.write_str("authority's name in the token is not one of its certificate")
            }
            Self::AlgorithmProtection => {
                f.write_str("signer's algorithms are not those that the token protects")
            }
            Self::MessageDigest => {
                f.write_str("message-digest attribute is not the digest of the token's content")
            }
            Self::Imprint => f.write_str("imprint is not the digest of the signature"),
            Self::Key(_) => f.write_str("authority's key cannot be used"),
            Self::Signature => f.write_str("token's signature does not verify"),
        }
    }
}

impl std::error::Error for TspError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Der(error) => Some(error),
            Self::Key(error) => Some(error),
            _ => None,
        }
    }
}

impl From<DerError> for TspError {
    fn from(error: DerError) -> Self {
        Self::Der(error)
    }
}
