use std::fmt;

use crate::crypto::KeyError;
use crate::encoding::Escaped;
use crate::time::{Timestamp, Validity};

/// Why a path does not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PathError {
    /// A chain without certificates, or with more than the cap.
    Length {
        /// The cap.
        cap: usize,
        /// Certificates in the chain.
        found: usize,
    },
    /// A certificate that does not fit what it is used for.
    Profile {
        /// Whose certificate, by its subject.
        subject: String,
        /// What is wrong with it.
        problem: ProfileError,
    },
    /// A certificate whose issuer is not the next in the chain.
    NotIssuedBy {
        /// The next certificate's subject.
        want: String,
        /// The issuer that the certificate names.
        found: String,
    },
    /// A certificate that was signed by another key of its issuer.
    KeyId {
        /// Whose certificate, by its subject.
        subject: String,
    },
    /// A certificate that is signed in a way that is not supported: SHA-1 and its like.
    Algorithm {
        /// Whose certificate, by its subject.
        subject: String,
    },
    /// A certificate that its issuer did not sign.
    Signature {
        /// Whose certificate, by its subject.
        subject: String,
    },
    /// A key that cannot be used.
    Key {
        /// Whose key, by the subject.
        subject: String,
        /// What is wrong with it.
        problem: KeyError,
    },
    /// More intermediates below a certificate than it allows.
    PathLength {
        /// How many it allows.
        allowed: u64,
        /// How many there are.
        found: u64,
    },
    /// A name outside what a certificate above it may issue (V28).
    NameConstraint {
        /// Who set the constraint, by its subject.
        constrained_by: String,
    },
    /// No time to check for: nothing is valid regardless of time (V10).
    NoTimes,
    /// A time at which a certificate was not valid (V24).
    Expired {
        /// Whose certificate, by its subject.
        subject: String,
        /// When it is valid.
        window: Validity,
        /// The time in question.
        at: Timestamp,
    },
    /// A time outside what the trusted root says of the authority (V25).
    Window {
        /// When the authority is trusted.
        window: Validity,
        /// The time in question.
        at: Timestamp,
    },
}

impl PathError {
    /// Every code of this kind, for the list of errors.
    pub const CODES: &'static [&'static str] = &[
        "path.length",
        "path.not-issued-by",
        "path.key-id",
        "path.algorithm",
        "path.signature",
        "path.key",
        "path.path-length",
        "path.name-constraint",
        "path.no-times",
        "path.expired",
        "path.window",
    ];

    /// The stable code of this error.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Length { .. } => "path.length",
            Self::Profile { problem, .. } => problem.code(),
            Self::NotIssuedBy { .. } => "path.not-issued-by",
            Self::KeyId { .. } => "path.key-id",
            Self::Algorithm { .. } => "path.algorithm",
            Self::Signature { .. } => "path.signature",
            Self::Key { .. } => "path.key",
            Self::PathLength { .. } => "path.path-length",
            Self::NameConstraint { .. } => "path.name-constraint",
            Self::NoTimes => "path.no-times",
            Self::Expired { .. } => "path.expired",
            Self::Window { .. } => "path.window",
        }
    }

    /// How close the check came to success: of several errors, the highest is the one to show.
    fn depth(&self) -> u8 {
        match self {
            Self::Length { .. } | Self::NotIssuedBy { .. } | Self::KeyId { .. } => 0,
            Self::Algorithm { .. } | Self::Signature { .. } | Self::Key { .. } => 1,
            Self::Profile { .. } | Self::PathLength { .. } | Self::NameConstraint { .. } => 2,
            Self::NoTimes | Self::Window { .. } | Self::Expired { .. } => 3,
        }
    }

    /// Keeps the error of the check that came closest to success, the first of several.
    pub(crate) fn keep_closest(kept: &mut Option<Self>, error: Self) {
        if kept.as_ref().is_none_or(|it| it.depth() < error.depth()) {
            *kept = Some(error);
        }
    }
}

impl fmt::Display for PathError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Length { cap, found } => {
                write!(
                    f,
                    "wanted a chain of 1 to {cap} certificates, found {found}"
                )
            }
            Self::Profile { subject, problem } => {
                write!(f, "certificate of {}: {problem}", Escaped(subject))
            }
            Self::NotIssuedBy { want, found } => {
                write!(
                    f,
                    "wanted issuer {}, found {}",
                    Escaped(want),
                    Escaped(found)
                )
            }
            Self::KeyId { subject } => {
                write!(
                    f,
                    "certificate of {} names another key of its issuer",
                    Escaped(subject)
                )
            }
            Self::Algorithm { subject } => {
                write!(
                    f,
                    "certificate of {} is signed in a way that is not supported",
                    Escaped(subject)
                )
            }
            Self::Signature { subject } => {
                write!(
                    f,
                    "certificate of {} is not signed by its issuer",
                    Escaped(subject)
                )
            }
            Self::Key { subject, .. } => write!(f, "key of {} cannot be used", Escaped(subject)),
            Self::PathLength { allowed, found } => {
                write!(
                    f,
                    "wanted at most {allowed} intermediate certificates, found {found}"
                )
            }
            Self::NameConstraint { constrained_by } => {
                write!(
                    f,
                    "name is outside what {} may issue",
                    Escaped(constrained_by)
                )
            }
            Self::NoTimes => f.write_str("no time to check the certificates for"),
            Self::Expired {
                subject,
                window,
                at,
            } => {
                write!(
                    f,
                    "certificate of {} is valid {window}, not at {at}",
                    Escaped(subject)
                )
            }
            Self::Window { window, at } => {
                write!(f, "authority is trusted {window}, not at {at}")
            }
        }
    }
}

impl std::error::Error for PathError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Key { problem, .. } => Some(problem),
            Self::Profile { problem, .. } => Some(problem),
            _ => None,
        }
    }
}

/// How a certificate does not fit what it is used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ProfileError {
    /// A CA where none may be, or the reverse.
    BasicConstraints,
    /// A key usage that is absent, not critical where it must be, or another one.
    KeyUsage,
    /// An extended key usage that is absent, not critical where it must be, or another one.
    ExtendedKeyUsage,
    /// No subject alternative name, several, or one that must be critical and is not.
    AlternativeName,
    /// Name constraints where there is no CA.
    NameConstraints,
    /// An RSA key of a size or with an exponent that no signer may have.
    Key,
    /// A critical extension that is not known here, or not as a critical one.
    UnknownCritical,
}

impl ProfileError {
    /// Every code of this kind, for the list of errors.
    pub const CODES: &'static [&'static str] = &[
        "profile.basic-constraints",
        "profile.key-usage",
        "profile.extended-key-usage",
        "profile.alternative-name",
        "profile.name-constraints",
        "profile.key",
        "profile.unknown-critical",
    ];

    /// The stable code of this error.
    pub fn code(&self) -> &'static str {
        match self {
            Self::BasicConstraints => "profile.basic-constraints",
            Self::KeyUsage => "profile.key-usage",
            Self::ExtendedKeyUsage => "profile.extended-key-usage",
            Self::AlternativeName => "profile.alternative-name",
            Self::NameConstraints => "profile.name-constraints",
            Self::Key => "profile.key",
            Self::UnknownCritical => "profile.unknown-critical",
        }
    }
}

impl fmt::Display for ProfileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::BasicConstraints => "wrong basic constraints",
            Self::KeyUsage => "wrong key usage",
            Self::ExtendedKeyUsage => "wrong extended key usage",
            Self::AlternativeName => "wrong subject alternative name",
            Self::NameConstraints => "name constraints of what is no CA",
            Self::Key => "RSA key of a wrong size or exponent",
            Self::UnknownCritical => "critical extension that is not known",
        })
    }
}

impl std::error::Error for ProfileError {}
