//! Why there is no signature.

use std::fmt;

use crate::bundle::BundleError;
use crate::crypto::{KeyError, Scheme, SigningKeyError};
use crate::ct::SctError;
use crate::dsse::StatementError;
use crate::encoding::Escaped;
use crate::oidc::TokenError;
use crate::time::{Timestamp, Validity};
use crate::transport::TransportError;
use crate::trust::{SelectionError, ServiceKind};
use crate::tsp::TspError;
use crate::verify::{ArtifactError, VerifyError};
use crate::x509::{CertificateError, ClaimsError};

/// Why there is no signature. Nothing was kept of one.
#[derive(Debug)]
#[non_exhaustive]
pub enum SignError {
    /// The identity token cannot be used.
    Token(TokenError),
    /// The signing config has too few services.
    Config(SelectionError),
    /// Nobody that the signing config names would vouch for the time of the signature.
    NoTime,
    /// The key was not made, or does not sign.
    Key(SigningKeyError),
    /// The artifact cannot be read, or its digest is of another hash than the key's.
    Artifact(ArtifactError),
    /// What is to be signed is not a statement.
    Statement(StatementError),
    /// The statement is longer than a bundle has room for.
    StatementTooLarge {
        /// Bytes allowed.
        cap: usize,
        /// Bytes there.
        found: usize,
    },
    /// The statement has no subject with a digest that can be compared.
    NoSubject,
    /// The log takes no statement that is signed by this kind of key.
    StatementScheme {
        /// How the key signs.
        scheme: Scheme,
        /// The version of the log.
        version: u32,
    },
    /// The certificate is over.
    Expired {
        /// When the certificate is valid.
        window: Validity,
        /// When it was to sign.
        at: Timestamp,
    },
    /// A service is not reached.
    Transport {
        /// Which kind of service.
        service: ServiceKind,
        /// Where it is.
        url: String,
        /// What went wrong.
        problem: TransportError,
    },
    /// A service refuses.
    Refused {
        /// Which kind of service.
        service: ServiceKind,
        /// Where it is.
        url: String,
        /// The status of HTTP.
        status: u16,
        /// What it says, if it does.
        message: String,
    },
    /// A service answers with something else.
    Answer {
        /// Which kind of service.
        service: ServiceKind,
        /// Where it is.
        url: String,
        /// What is wrong with the answer.
        problem: Box<AnswerError>,
    },
    /// What was signed does not verify.
    Rejected(VerifyError),
    /// The bundle cannot be read again.
    Unreadable(BundleError),
}

impl SignError {
    /// Every code of this kind, for the list of errors.
    pub const CODES: &'static [&'static str] = &[
        "sign.no-time",
        "sign.no-subject",
        "sign.statement-scheme",
        "sign.statement-too-large",
        "sign.expired",
        "sign.selection",
        "sign.refused",
    ];

    /// The stable code of this error.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Token(error) => error.code(),
            Self::Config(_) => "sign.selection",
            Self::NoTime => "sign.no-time",
            Self::Key(error) => error.code(),
            Self::Artifact(error) => error.code(),
            Self::Statement(error) => error.code(),
            Self::StatementTooLarge { .. } => "sign.statement-too-large",
            Self::NoSubject => "sign.no-subject",
            Self::StatementScheme { .. } => "sign.statement-scheme",
            Self::Expired { .. } => "sign.expired",
            Self::Transport { problem, .. } => problem.code(),
            Self::Refused { .. } => "sign.refused",
            Self::Answer { problem, .. } => problem.code(),
            Self::Rejected(error) => error.code(),
            Self::Unreadable(error) => error.code(),
        }
    }

    /// The service that is to blame, and whether asking it again later may help.
    pub fn service(&self) -> Option<(ServiceKind, bool)> {
        match self {
            Self::Transport { service, .. } => Some((*service, true)),
            Self::Refused {
                service, status, ..
            } => Some((*service, *status == 429 || *status >= 500)),
            Self::Answer { service, .. } => Some((*service, false)),
            _ => None,
        }
    }
}

impl fmt::Display for SignError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Token(_) => f.write_str("identity token cannot be used"),
            Self::Config(_) => f.write_str("signing config does not fit"),
            Self::NoTime => f.write_str(
                "signing config has neither a time stamp authority nor a log that vouches for a \
                 time",
            ),
            Self::Key(_) => f.write_str("no key to sign with"),
            Self::Artifact(_) => f.write_str("artifact cannot be signed"),
            Self::Statement(_) => f.write_str("not a statement that can be signed"),
            Self::StatementTooLarge { cap, found } => {
                write!(
                    f,
                    "wanted a statement of at most {cap} bytes, found {found}"
                )
            }
            Self::NoSubject => {
                f.write_str("wanted a statement with a SHA-256, SHA-384 or SHA-512 of its subject")
            }
            Self::StatementScheme { scheme, version } => write!(
                f,
                "logs of version {version} take no statement that is signed with {scheme}"
            ),
            Self::Expired { window, at } => {
                write!(f, "certificate is valid {window}, and it is {at}")
            }
            Self::Transport { service, url, .. } => {
                write!(f, "no answer from the {service} at {}", Escaped(url))
            }
            Self::Refused {
                service,
                url,
                status,
                message,
            } => {
                write!(
                    f,
                    "{service} at {} refused with status {status}",
                    Escaped(url)
                )?;
                if message.is_empty() {
                    Ok(())
                } else {
                    write!(f, ": {}", Escaped(message))
                }
            }
            Self::Answer { service, url, .. } => {
                write!(f, "answer of the {service} at {} is not good", Escaped(url))
            }
            Self::Rejected(_) => f.write_str("what the services made does not verify"),
            Self::Unreadable(_) => f.write_str("bundle cannot be read again"),
        }
    }
}

impl std::error::Error for SignError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Token(error) => Some(error),
            Self::Config(error) => Some(error),
            Self::Key(error) => Some(error),
            Self::Artifact(error) => Some(error),
            Self::Statement(error) => Some(error),
            Self::Transport { problem, .. } => Some(problem),
            Self::Answer { problem, .. } => Some(&**problem),
            Self::Rejected(error) => Some(error),
            Self::Unreadable(error) => Some(error),
            _ => None,
        }
    }
}

/// What is wrong with a service's answer.
#[derive(Debug)]
#[non_exhaustive]
pub enum AnswerError {
    /// Not the JSON, PEM or DER that it should be.
    Malformed(&'static str),
    /// The certificate cannot be parsed.
    Certificate(CertificateError),
    /// The certificate's key cannot be used.
    CertificateKey(KeyError),
    /// The certificate is for another key than ours.
    OtherKey,
    /// The certificate says nobody, or says it badly.
    Claims(ClaimsError),
    /// The certificate names another subject than the token allows.
    Subject {
        /// What the token allows.
        want: Vec<String>,
        /// What the certificate names.
        found: String,
    },
    /// The certificate names another issuer than the token's.
    Issuer {
        /// The token's.
        want: String,
        /// The certificate's.
        found: String,
    },
    /// The timestamp beside the certificate is not good.
    DetachedSct(SctError),
    /// A timestamp beside the certificate, where a bundle has no place for it.
    DetachedSctOnly,
    /// The entry cannot be parsed.
    Entry(BundleError),
    /// The token cannot be parsed.
    Token(TspError),
    /// The token has another nonce than we asked with, or none.
    Nonce,
    /// The piece does not verify.
    Rejected(VerifyError),
}

impl AnswerError {
    /// Every code of this kind, for the list of errors.
    pub const CODES: &'static [&'static str] = &[
        "answer.malformed",
        "answer.other-key",
        "answer.subject",
        "answer.issuer",
        "answer.detached-sct-only",
        "answer.nonce",
    ];

    /// The stable code of this error.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Malformed(_) => "answer.malformed",
            Self::Certificate(error) => error.code(),
            Self::CertificateKey(error) => error.code(),
            Self::OtherKey => "answer.other-key",
            Self::Claims(error) => error.code(),
            Self::Subject { .. } => "answer.subject",
            Self::Issuer { .. } => "answer.issuer",
            Self::DetachedSct(error) => error.code(),
            Self::DetachedSctOnly => "answer.detached-sct-only",
            Self::Entry(error) => error.code(),
            Self::Token(error) => error.code(),
            Self::Nonce => "answer.nonce",
            Self::Rejected(error) => error.code(),
        }
    }
}

impl fmt::Display for AnswerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed(want) => write!(f, "wanted {want}"),
            Self::Certificate(_) => f.write_str("certificate cannot be used"),
            Self::CertificateKey(_) => f.write_str("certificate's key cannot be used"),
            Self::OtherKey => f.write_str("certificate is for another key than was asked for"),
            Self::Claims(_) => f.write_str("certificate does not name a signer"),
            Self::Subject { want, found } => write!(
                f,
                "certificate names {}, and the identity token {}",
                Escaped(found),
                Escaped(&want.join(" or "))
            ),
            Self::Issuer { want, found } => write!(
                f,
                "certificate names issuer {}, and the identity token {}",
                Escaped(found),
                Escaped(want)
            ),
            Self::DetachedSct(_) => f.write_str("timestamp beside the certificate is not good"),
            Self::DetachedSctOnly => f.write_str(
                "certificate has its timestamp beside it, where no verifier will find it",
            ),
            Self::Entry(_) => f.write_str("log entry cannot be read"),
            Self::Token(_) => f.write_str("time stamp cannot be read"),
            Self::Nonce => f.write_str("time stamp does not have the nonce that was sent"),
            Self::Rejected(_) => f.write_str("it does not verify"),
        }
    }
}

impl std::error::Error for AnswerError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Certificate(error) => Some(error),
            Self::CertificateKey(error) => Some(error),
            Self::Claims(error) => Some(error),
            Self::DetachedSct(error) => Some(error),
            Self::Entry(error) => Some(error),
            Self::Token(error) => Some(error),
            Self::Rejected(error) => Some(error),
            _ => None,
        }
    }
}
