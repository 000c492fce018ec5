use std::fmt;
use std::time::Duration;

use super::credentials::CredentialError;
use crate::digest::Digest;
use crate::encoding::Escaped;
use crate::json::JsonError;
use crate::transport::TransportError;

/// Why a registry, or what is like one, gave no usable answer. Never that a signature is bad.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RegistryError {
    /// Nobody is reached, or the connection ends too early.
    Unreachable {
        /// Who was asked.
        registry: String,
        /// What the transport says.
        problem: TransportError,
    },
    /// It took too long.
    Slow {
        /// Who was asked.
        registry: String,
        /// How long we waited.
        limit: Duration,
    },
    /// The registry wants to know who asks, and what we have will not do (401).
    Unauthorized {
        /// Who was asked.
        registry: String,
        /// Whether credentials were there to be sent.
        sent: bool,
        /// What it says.
        message: String,
    },
    /// The registry knows who asks, and says no (403).
    Forbidden {
        /// Who was asked.
        registry: String,
        /// What it says.
        message: String,
    },
    /// Too many requests (429).
    RateLimited {
        /// Who was asked.
        registry: String,
        /// How long it wants us to wait, if it says so.
        after: Option<Duration>,
    },
    /// Another status than there is a use for.
    Status {
        /// Who was asked.
        registry: String,
        /// The status.
        status: u16,
        /// What it says.
        message: String,
    },
    /// The manifest or blob is not there.
    NotFound {
        /// What was asked for.
        what: String,
    },
    /// The bytes are not those that the digest names: a lie, or damage on the way.
    DigestMismatch {
        /// What was asked for.
        what: String,
        /// The digest that it should have.
        want: Box<Digest>,
        /// The digest of what came.
        found: Box<Digest>,
    },
    /// A blob of another size than its descriptor says.
    SizeMismatch {
        /// What was asked for.
        what: String,
        /// The size that it should have.
        want: u64,
        /// The size of what came, or more than that where reading ended.
        found: u64,
    },
    /// Longer than it may be.
    TooLarge {
        /// What was asked for.
        what: String,
        /// The cap in bytes.
        cap: u64,
    },
    /// An answer of a type that is not one of a manifest.
    ContentType {
        /// What was asked for.
        what: String,
        /// The type; empty if there is none.
        found: String,
    },
    /// A manifest or index that cannot be read.
    Manifest {
        /// What was asked for.
        what: String,
        /// What is wrong with it.
        problem: ManifestError,
    },
    /// A way to authenticate that we do not go: no such scheme, or a token service without TLS.
    Challenge {
        /// Who was asked.
        registry: String,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// The credentials for the registry cannot be had.
    Credentials {
        /// The registry.
        registry: String,
        /// Why not.
        problem: CredentialError,
    },
    /// A redirect, or the place for an upload, where we do not go.
    Redirect {
        /// Who was asked.
        registry: String,
        /// Where to, without the query.
        to: String,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// A list of referrers that goes on and on.
    Pages {
        /// Who was asked.
        registry: String,
        /// Pages, or entries, allowed.
        cap: usize,
    },
    /// The next page of a list is said to be at another host, or nowhere.
    Link {
        /// Who was asked.
        registry: String,
        /// The header.
        found: String,
    },
    /// Indexes in indexes, or referrers of referrers, further than anybody goes.
    Depth {
        /// The last one that was looked at.
        what: String,
        /// Levels allowed.
        cap: u8,
    },
    /// Others kept writing to the same list of referrers, and our entry is not in it.
    Lost {
        /// The tag with the list.
        tag: String,
        /// How often it was tried.
        tries: u32,
    },
    /// What is like a registry, as a folder, cannot be read or written.
    Store {
        /// The place.
        place: String,
        /// In the words of whoever tried.
        problem: String,
    },
}

impl RegistryError {
    /// The stable code of this error.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Unreachable { .. } => "registry.unreachable",
            Self::Slow { .. } => "registry.slow",
            Self::Unauthorized { .. } => "registry.unauthorized",
            Self::Forbidden { .. } => "registry.forbidden",
            Self::RateLimited { .. } => "registry.rate-limited",
            Self::Status { .. } => "registry.status",
            Self::NotFound { .. } => "registry.not-found",
            Self::DigestMismatch { .. } => "registry.digest-mismatch",
            Self::SizeMismatch { .. } => "registry.size-mismatch",
            Self::TooLarge { .. } => "registry.too-large",
            Self::ContentType { .. } => "registry.content-type",
            Self::Manifest { problem, .. } => problem.code(),
            Self::Challenge { .. } => "registry.challenge",
            Self::Credentials { problem, .. } => problem.code(),
            Self::Redirect { .. } => "registry.redirect",
            Self::Pages { .. } => "registry.pages",
            Self::Link { .. } => "registry.link",
            Self::Depth { .. } => "registry.depth",
            Self::Lost { .. } => "registry.lost-update",
            Self::Store { .. } => "registry.store",
        }
    }

    /// Whether it is the registry, the network or the way to them that failed, so that trying
    /// again may help; otherwise what was answered cannot be used, and will not be next time.
    pub fn is_passing(&self) -> bool {
        matches!(
            self,
            Self::Unreachable { .. }
                | Self::Slow { .. }
                | Self::Unauthorized { .. }
                | Self::Forbidden { .. }
                | Self::RateLimited { .. }
                | Self::Status { .. }
                | Self::Challenge { .. }
                | Self::Credentials {
                    problem: CredentialError::Helper { .. },
                    ..
                }
                | Self::Redirect { .. }
                | Self::Lost { .. }
        )
    }

    /// What a transport says, about an answer that was asked for as `what`.
    pub(super) fn of_transport(registry: &str, what: &str, problem: TransportError) -> Self {
        match problem {
            TransportError::Timeout { limit } => Self::Slow {
                registry: registry.to_owned(),
                limit,
            },
            TransportError::TooLarge { cap } => Self::TooLarge {
                what: what.to_owned(),
                cap: u64::try_from(cap).unwrap_or(u64::MAX),
            },
            problem => Self::Unreachable {
                registry: registry.to_owned(),
                problem,
            },
        }
    }
}

impl fmt::Display for RegistryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreachable { registry, .. } => write!(f, "{registry} cannot be asked"),
            Self::Slow { registry, limit } => {
                write!(
                    f,
                    "{registry} does not answer within {} s",
                    limit.as_secs_f32()
                )
            }
            Self::Unauthorized {
                registry,
                sent: true,
                message,
            } => write!(
                f,
                "{registry} does not accept the credentials{}",
                Said(message)
            ),
            Self::Unauthorized {
                registry, message, ..
            } => write!(
                f,
                "{registry} wants credentials, and there are none for it{}",
                Said(message)
            ),
            Self::Forbidden { registry, message } => {
                write!(f, "{registry} does not allow it{}", Said(message))
            }
            Self::RateLimited {
                registry,
                after: Some(after),
            } => write!(
                f,
                "{registry} has had too many requests, and wants {} s of patience",
                after.as_secs()
            ),
            Self::RateLimited { registry, .. } => {
                write!(f, "{registry} has had too many requests")
            }
            Self::Status {
                registry,
                status,
                message,
            } => write!(
                f,
                "{registry} answers with status {status}{}",
                Said(message)
            ),
            Self::NotFound { what } => write!(f, "there is no {}", Escaped(what)),
            Self::DigestMismatch { what, want, found } => write!(
                f,
                "wanted {} with digest {want}, found one with {found}",
                Escaped(what)
            ),
            Self::SizeMismatch { what, want, found } => {
                write!(f, "wanted {} of {want} bytes, found {found}", Escaped(what))
            }
            Self::TooLarge { what, cap } => {
                write!(
                    f,
                    "wanted {} of at most {cap} bytes, found more",
                    Escaped(what)
                )
            }
            Self::ContentType { what, found } => write!(
                f,
                "wanted {} as an image manifest or index, found {}",
                Escaped(what),
                if found.is_empty() {
                    "no type".into()
                } else {
                    Escaped(found).to_string()
                }
            ),
            Self::Manifest { what, .. } => write!(f, "{} cannot be used", Escaped(what)),
            Self::Challenge { registry, problem } => {
                write!(
                    f,
                    "{registry} asks for credentials in a way we do not follow: {problem}"
                )
            }
            Self::Credentials { registry, .. } => {
                write!(f, "the credentials for {registry} cannot be had")
            }
            Self::Redirect {
                registry,
                to,
                problem,
            } => write!(f, "{registry} sends us to {}: {problem}", Escaped(to)),
            Self::Pages { registry, cap } => {
                write!(
                    f,
                    "wanted a list of at most {cap} from {registry}, found more"
                )
            }
            Self::Link { registry, found } => write!(
                f,
                "wanted the next page of a list at {registry}, found {}",
                Escaped(found)
            ),
            Self::Depth { what, cap } => {
                write!(
                    f,
                    "wanted at most {cap} levels below an image, found more at {what}"
                )
            }
            Self::Lost { tag, tries } => write!(
                f,
                "others keep writing to {}: tried {tries} times",
                Escaped(tag)
            ),
            Self::Store { place, problem } => {
                write!(f, "{}: {}", Escaped(place), Escaped(problem))
            }
        }
    }
}

/// What a registry says, if it says something.
struct Said<'a>(&'a str);

impl fmt::Display for Said<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            Ok(())
        } else {
            write!(f, ": {}", Escaped(self.0))
        }
    }
}

impl std::error::Error for RegistryError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Unreachable { problem, .. } => Some(problem),
            Self::Manifest { problem, .. } => Some(problem),
            Self::Credentials { problem, .. } => Some(problem),
            _ => None,
        }
    }
}

/// Why bytes are not a manifest or index.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ManifestError {
    /// Not one JSON value with unique names.
    Json(JsonError),
    /// JSON of another shape, in serde's words.
    Shape(String),
    /// Another schema than version 2.
    Version {
        /// The version; 0 if there is none.
        found: i64,
    },
    /// It says that it is something else than the registry says.
    MediaType {
        /// What the registry says.
        want: String,
        /// What it says itself.
        found: String,
    },
    /// With the members of a manifest and of an index, so that two readers may read two things.
    Ambiguous,
    /// Without the members that its type has.
    Incomplete {
        /// What is missing.
        missing: &'static str,
    },
    /// A digest that is not `sha256:` or `sha512:` and lower-case hexadecimal.
    Digest {
        /// What is there.
        found: String,
    },
    /// More of something than the cap.
    Cap {
        /// What there is too much of.
        what: &'static str,
        /// The cap.
        cap: usize,
    },
}

impl ManifestError {
    /// The stable code of this error.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Json(_) => "manifest.json",
            Self::Shape(_) => "manifest.shape",
            Self::Version { .. } => "manifest.version",
            Self::MediaType { .. } => "manifest.media-type",
            Self::Ambiguous => "manifest.ambiguous",
            Self::Incomplete { .. } => "manifest.incomplete",
            Self::Digest { .. } => "manifest.digest",
            Self::Cap { .. } => "manifest.cap",
        }
    }
}

impl fmt::Display for ManifestError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Json(_) => f.write_str("not proper JSON"),
            Self::Shape(problem) => write!(f, "not the JSON of a manifest: {}", Escaped(problem)),
            Self::Version { found } => write!(f, "wanted schema version 2, found {found}"),
            Self::MediaType { want, found } => write!(
                f,
                "wanted the type {}, found {}",
                Escaped(want),
                Escaped(found)
            ),
            Self::Ambiguous => f.write_str("has the members of a manifest and of an index"),
            Self::Incomplete { missing } => write!(f, "wanted {missing}, found none"),
            Self::Digest { found } => {
                write!(f, "wanted a digest as sha256:HEX, found {}", Escaped(found))
            }
            Self::Cap { what, cap } => write!(f, "wanted at most {cap} {what}, found more"),
        }
    }
}

impl std::error::Error for ManifestError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Json(error) => Some(error),
            _ => None,
        }
    }
}
