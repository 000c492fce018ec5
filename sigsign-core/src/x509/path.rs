use std::fmt;
use std::sync::OnceLock;

use super::certificate::Certificate;
use super::claims::USER_NAME;
use super::extensions::{BasicConstraints, KeyUsage};
use super::known;
use super::names::{GeneralName, NameConstraints, emails_in};
use crate::crypto::{BadSignature, KeyError, sha256};
use crate::der::{self, Reader};
use crate::encoding::Escaped;
use crate::limits;
use crate::time::{Timestamp, Validity};

/// What a chain of certificates is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Usage {
    /// Signing artifacts: Fulcio and its like.
    CodeSigning,
    /// Signing time stamps.
    TimeStamping,
}

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
    pub(crate) fn depth(&self) -> u8 {
        match self {
            Self::Length { .. } | Self::NotIssuedBy { .. } | Self::KeyId { .. } => 0,
            Self::Algorithm { .. } | Self::Signature { .. } | Self::Key { .. } => 1,
            Self::Profile { .. } | Self::PathLength { .. } | Self::NameConstraint { .. } => 2,
            Self::NoTimes | Self::Window { .. } | Self::Expired { .. } => 3,
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
    /// A critical extension that is not known here.
    UnknownCritical,
}

impl ProfileError {
    /// Every code of this kind, for the list of errors.
    pub const CODES: &'static [&'static str] = &[
        "profile.basic-constraints",
        "profile.key-usage",
        "profile.extended-key-usage",
        "profile.alternative-name",
        "profile.unknown-critical",
    ];

    /// The stable code of this error.
    pub fn code(&self) -> &'static str {
        match self {
            Self::BasicConstraints => "profile.basic-constraints",
            Self::KeyUsage => "profile.key-usage",
            Self::ExtendedKeyUsage => "profile.extended-key-usage",
            Self::AlternativeName => "profile.alternative-name",
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
            Self::UnknownCritical => "critical extension that is not known",
        })
    }
}

impl std::error::Error for ProfileError {}

/// A leaf that chains to an anchor, for one usage, at every time asked about.
#[derive(Clone, Debug)]
pub struct CertifiedPath {
    issuer_key_hash: [u8; 32],
    window: Validity,
}

impl CertifiedPath {
    /// SHA-256 of the SubjectPublicKeyInfo of the certificate that signed the leaf (V31).
    pub fn issuer_key_hash(&self) -> &[u8; 32] {
        &self.issuer_key_hash
    }

    /// When the whole path holds: all its certificates and the authority, both ends included.
    pub fn window(&self) -> Validity {
        self.window
    }
}

/// Checks leaves against one chain of a trusted root.
///
/// What does not depend on the leaf is checked once, when it is first needed.
#[derive(Debug)]
pub struct PathVerifier {
    /// The leaf's issuer first, the anchor last.
    chain: Vec<Certificate>,
    usage: Usage,
    valid_for: Validity,
    above: OnceLock<Result<[u8; 32], PathError>>,
    /// For an authority that is a leaf itself: its own certificate, checked once.
    own: OnceLock<Result<CertifiedPath, PathError>>,
}

impl PathVerifier {
    /// A verifier for leaves issued by the first certificate of `chain`, whose last is the anchor.
    ///
    /// A chain that does not hold is reported by each use of it: it does not take the rest of a
    /// trusted root with it.
    pub fn new(chain: Vec<Certificate>, usage: Usage, valid_for: Validity) -> Self {
        Self {
            chain,
            usage,
            valid_for,
            above: OnceLock::new(),
            own: OnceLock::new(),
        }
    }

    /// Whether the leaf names the first certificate as its issuer, by name and by key.
    pub fn issues(&self, leaf: &Certificate) -> bool {
        self.chain
            .first()
            .is_some_and(|issuer| leaf.issuer() == issuer.subject() && key_ids_match(leaf, issuer))
    }

    /// The certificates, the leaf's issuer first.
    pub fn chain(&self) -> &[Certificate] {
        &self.chain
    }

    /// Checks that the leaf chains to the anchor and that all of it was valid at every time.
    ///
    /// # Errors
    ///
    /// [`PathError`], for the first thing that does not hold.
    ///
    /// Spec: client-spec 4.3; RFC 5280 6.1; fulcio-spec 7
    pub fn verify(&self, leaf: &Certificate, at: &[Timestamp]) -> Result<CertifiedPath, PathError> {
        let path = self.prove(leaf)?;
        self.check_times(leaf, at)?;
        Ok(path)
    }

    /// Checks everything but the times.
    pub(crate) fn prove(&self, leaf: &Certificate) -> Result<CertifiedPath, PathError> {
        let issuer_key_hash = self.check_above()?;
        let issuer = self.chain.first().ok_or(PathError::Length {
            cap: limits::CHAIN_CERTIFICATES,
            found: 0,
        })?;
        check_leaf(leaf, self.usage)?;
        check_link(leaf, issuer)?;
        check_names(leaf, &self.chain)?;
        Ok(CertifiedPath {
            issuer_key_hash,
            window: self.window(leaf),
        })
    }

    /// Checks every certificate and the authority's own window at every time (V24, V25, V11).
    pub(crate) fn check_times(
        &self,
        leaf: &Certificate,
        at: &[Timestamp],
    ) -> Result<(), PathError> {
        if at.is_empty() {
            return Err(PathError::NoTimes);
        }
        for &at in at {
            for certificate in std::iter::once(leaf).chain(&self.chain) {
                let window = certificate.validity();
                if !window.contains(at) {
                    let subject = describe(certificate);
                    return Err(PathError::Expired {
                        subject,
                        window,
                        at,
                    });
                }
            }
            if !self.valid_for.contains(at) {
                return Err(PathError::Window {
                    window: self.valid_for,
                    at,
                });
            }
        }
        Ok(())
    }

    /// Checks a chain whose first certificate signs itself, at one time: a time stamp authority's.
    ///
    /// # Errors
    ///
    /// [`PathError`], for the first thing that does not hold.
    ///
    /// Spec: RFC 3161 2.3 (V18, V19)
    pub fn verify_own(&self, at: Timestamp) -> Result<(), PathError> {
        self.own.get_or_init(|| self.prove_own()).clone()?;
        match self.chain.first() {
            Some(leaf) => self.check_times(leaf, &[at]),
            None => Ok(()),
        }
    }

    fn prove_own(&self) -> Result<CertifiedPath, PathError> {
        let (leaf, above) = match self.chain.as_slice() {
            // A self-signed authority: its own anchor.
            [leaf] => (leaf, std::slice::from_ref(leaf)),
            [leaf, above @ ..] => (leaf, above),
            [] => {
                return Err(PathError::Length {
                    cap: limits::CHAIN_CERTIFICATES,
                    found: 0,
                });
            }
        };
        check_leaf(leaf, self.usage)?;
        if self.chain.len() > 1 {
            check_chain(above, self.usage)?;
            check_names(leaf, above)?;
            if let Some(issuer) = above.first() {
                check_link_of_root(leaf, issuer)?;
            }
        }
        let issuer_key_hash = above
            .first()
            .map_or([0; 32], |issuer| sha256(issuer.spki()));
        Ok(CertifiedPath {
            issuer_key_hash,
            window: self.window(leaf),
        })
    }

    fn check_above(&self) -> Result<[u8; 32], PathError> {
        self.above
            .get_or_init(|| {
                check_chain(&self.chain, self.usage)?;
                Ok(self
                    .chain
                    .first()
                    .map_or([0; 32], |issuer| sha256(issuer.spki())))
            })
            .clone()
    }

    fn window(&self, leaf: &Certificate) -> Validity {
        std::iter::once(leaf)
            .chain(&self.chain)
            .map(Certificate::validity)
            .fold(self.valid_for, intersect)
    }
}

/// The times in both; an empty intersection has its end before its start and contains nothing.
fn intersect(a: Validity, b: Validity) -> Validity {
    let end = match (a.end(), b.end()) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    };
    Validity::new(a.start().max(b.start()), end)
}

/// Checks the certificates above a leaf against each other; the last one is trusted as it is.
///
/// Spec: RFC 5280 6.1.3, 6.1.4
fn check_chain(chain: &[Certificate], usage: Usage) -> Result<(), PathError> {
    let cap = limits::CHAIN_CERTIFICATES;
    if chain.is_empty() || chain.len() > cap {
        return Err(PathError::Length {
            cap,
            found: chain.len(),
        });
    }
    let mut below = 0u64;
    for (at, certificate) in chain.iter().enumerate() {
        let above = chain.get(at.saturating_add(1)..).unwrap_or_default();
        check_issuer(certificate, usage, above.is_empty())?;
        // 6.1.4 (l), (m): certificates issued to oneself do not count
        if let Some(allowed) = certificate
            .extensions()
            .basic_constraints
            .and_then(|it| it.path_len)
            && below > allowed
        {
            return Err(PathError::PathLength {
                allowed,
                found: below,
            });
        }
        if !certificate.is_self_issued() {
            below = below.saturating_add(1);
        }
        if let Some(issuer) = above.first() {
            check_link_of_root(certificate, issuer)?;
            if !certificate.is_self_issued() {
                check_names(certificate, above)?;
            }
        }
    }
    Ok(())
}

/// Checks a certificate that issues others.
///
/// Spec: RFC 5280 6.1.4 (k), (n), (o); fulcio-spec 7.1, 7.2
fn check_issuer(certificate: &Certificate, usage: Usage, anchor: bool) -> Result<(), PathError> {
    let extensions = certificate.extensions();
    let fail = |problem| {
        Err(PathError::Profile {
            subject: describe(certificate),
            problem,
        })
    };
    if extensions.unknown_critical.is_some() {
        return fail(ProfileError::UnknownCritical);
    }
    // 4.2.1.9: critical; an anchor is trusted as it is
    let may_issue = |it: BasicConstraints| it.ca && (it.critical || anchor);
    if !extensions.basic_constraints.is_some_and(may_issue) {
        return fail(ProfileError::BasicConstraints);
    }
    // Absent on some old anchors; where it is, it must allow what the certificate does.
    let signs = |usage: KeyUsage| usage.bits & KeyUsage::CERT_SIGN != 0;
    if !extensions.key_usage.map_or(anchor, signs) {
        return fail(ProfileError::KeyUsage);
    }
    if let Some(purposes) = extensions.extended_key_usage {
        let fits = match usage {
            Usage::CodeSigning => purposes.code_signing,
            Usage::TimeStamping => purposes.time_stamping,
        };
        if !fits && !purposes.any {
            return fail(ProfileError::ExtendedKeyUsage);
        }
    }
    Ok(())
}

/// Checks a certificate that signs artifacts or time stamps.
fn check_leaf(leaf: &Certificate, usage: Usage) -> Result<(), PathError> {
    match check_leaf_profile(leaf, usage) {
        Ok(()) => Ok(()),
        Err(problem) => Err(PathError::Profile {
            subject: describe(leaf),
            problem,
        }),
    }
}

fn check_leaf_profile(leaf: &Certificate, usage: Usage) -> Result<(), ProfileError> {
    let extensions = leaf.extensions();
    if extensions.unknown_critical.is_some() {
        return Err(ProfileError::UnknownCritical);
    }
    if extensions.basic_constraints.is_some_and(|it| it.ca) {
        return Err(ProfileError::BasicConstraints);
    }
    match usage {
        Usage::CodeSigning => check_code_signing_leaf(leaf),
        Usage::TimeStamping => check_time_stamping_leaf(leaf),
    }
}

/// Spec: fulcio-spec 7.3 (V27)
fn check_code_signing_leaf(leaf: &Certificate) -> Result<(), ProfileError> {
    let extensions = leaf.extensions();
    // "a critical Key Usage for Digital Signature", and no other
    let usage = extensions.key_usage.ok_or(ProfileError::KeyUsage)?;
    if !usage.critical || usage.bits != KeyUsage::DIGITAL_SIGNATURE {
        return Err(ProfileError::KeyUsage);
    }
    // "an Extended Key Usage for Code Signing", and no other
    if !extensions
        .extended_key_usage
        .is_some_and(|it| it.code_signing && it.count == 1)
    {
        return Err(ProfileError::ExtendedKeyUsage);
    }
    // "exactly one GeneralName"; RFC 5280 4.1.2.6: critical when the subject is empty
    let names = extensions
        .alternative_names
        .as_ref()
        .ok_or(ProfileError::AlternativeName)?;
    if names.count != 1 || (leaf.has_empty_subject() && !names.critical) {
        return Err(ProfileError::AlternativeName);
    }
    match leaf.alternative_names().next() {
        Some(GeneralName::Email(_) | GeneralName::Uri(_) | GeneralName::Other(USER_NAME, _)) => {
            Ok(())
        }
        _ => Err(ProfileError::AlternativeName),
    }
}

/// Spec: RFC 3161 2.3 (V18)
fn check_time_stamping_leaf(leaf: &Certificate) -> Result<(), ProfileError> {
    let extensions = leaf.extensions();
    let signs = KeyUsage::DIGITAL_SIGNATURE | KeyUsage::NON_REPUDIATION;
    let fits = |usage: KeyUsage| usage.bits & signs != 0 && usage.bits & !signs == 0;
    if !extensions.key_usage.is_none_or(fits) {
        return Err(ProfileError::KeyUsage);
    }
    let purposes = extensions
        .extended_key_usage
        .ok_or(ProfileError::ExtendedKeyUsage)?;
    if !purposes.critical || !purposes.time_stamping || purposes.count != 1 {
        return Err(ProfileError::ExtendedKeyUsage);
    }
    Ok(())
}

/// Checks that `issuer` issued and signed `certificate`.
///
/// Spec: RFC 5280 6.1.3 (a)(1), (a)(4)
fn check_link(certificate: &Certificate, issuer: &Certificate) -> Result<(), PathError> {
    check_issued(certificate, issuer)?;
    check_signature(certificate, issuer)
}

/// Checks the same of certificates that a trusted root has, whose signature may be known.
fn check_link_of_root(certificate: &Certificate, issuer: &Certificate) -> Result<(), PathError> {
    check_issued(certificate, issuer)?;
    if known::is_signed(certificate, issuer) {
        return Ok(());
    }
    check_signature(certificate, issuer)
}

fn check_issued(certificate: &Certificate, issuer: &Certificate) -> Result<(), PathError> {
    if certificate.issuer() != issuer.subject() {
        return Err(PathError::NotIssuedBy {
            want: issuer.subject_text(),
            found: certificate.issuer_text(),
        });
    }
    if !key_ids_match(certificate, issuer) {
        return Err(PathError::KeyId {
            subject: describe(certificate),
        });
    }
    Ok(())
}

pub(crate) fn check_signature(
    certificate: &Certificate,
    issuer: &Certificate,
) -> Result<(), PathError> {
    let key = issuer.public_key().map_err(|problem| PathError::Key {
        subject: issuer.subject_text(),
        problem,
    })?;
    let algorithm = certificate
        .signature_algorithm()
        .ok_or_else(|| PathError::Algorithm {
            subject: describe(certificate),
        })?;
    key.verify(algorithm, certificate.tbs(), certificate.signature())
        .map_err(|BadSignature| PathError::Signature {
            subject: describe(certificate),
        })
}

/// Whether the key identifiers are the same, where both certificates have one.
fn key_ids_match(certificate: &Certificate, issuer: &Certificate) -> bool {
    let keys = (certificate.authority_key_id(), issuer.subject_key_id());
    !matches!(keys, (Some(wanted), Some(found)) if wanted != found)
}

/// Checks the certificate's names against the constraints of everything above it.
///
/// Spec: RFC 5280 6.1.3 (b), (c)
fn check_names(certificate: &Certificate, above: &[Certificate]) -> Result<(), PathError> {
    for issuer in above {
        let Some(range) = &issuer.extensions().name_constraints else {
            continue;
        };
        let constraints = NameConstraints::parse(issuer.slice(range));
        let allow = |name: &GeneralName<'_>| constraints.as_ref().is_ok_and(|it| it.allow(name));
        let subject = Reader::new(certificate.subject())
            .take(der::SEQUENCE)
            .unwrap_or_default();
        let directory =
            (!certificate.has_empty_subject()).then_some(GeneralName::Directory(subject));
        let mut emails = emails_in(subject);
        let has_names = certificate.extensions().alternative_names.is_some();
        if !certificate
            .alternative_names()
            .chain(directory)
            .all(|name| allow(&name))
            || !(has_names || emails.all(|name| allow(&name)))
        {
            return Err(PathError::NameConstraint {
                constrained_by: issuer.subject_text(),
            });
        }
    }
    Ok(())
}

/// Whose certificate: the subject, or the alternative name where that is empty.
fn describe(certificate: &Certificate) -> String {
    match certificate.alternative_names().next() {
        Some(GeneralName::Email(name) | GeneralName::Uri(name))
            if certificate.has_empty_subject() =>
        {
            name.to_owned()
        }
        _ => certificate.subject_text(),
    }
}
