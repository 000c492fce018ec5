use std::sync::OnceLock;

use super::certificate::Certificate;
use super::claims::USER_NAME;
use super::extensions::{BasicConstraints, KeyUsage};
use super::known;
use super::names::{GeneralName, NameConstraints, emails_in};
use super::path_error::{PathError, ProfileError};
use crate::crypto::{BadSignature, KeyKind, PublicKey, sha256};
use crate::der::{self, Reader};
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
    /// As the trusted root has them: the anchor is last, the others may be in any order.
    chain: Vec<Certificate>,
    usage: Usage,
    valid_for: Validity,
    /// Every way from an issuer of leaves up to the anchor.
    ways: OnceLock<Vec<Way>>,
    /// For an authority that is a leaf itself: its own certificate, checked once.
    own: OnceLock<Result<CertifiedPath, PathError>>,
}

/// An issuer of leaves, and who certified it, up to the anchor.
#[derive(Debug)]
struct Way {
    chain: Vec<Certificate>,
    /// The hash of the issuer's key, once the way is checked: when it is first needed.
    above: OnceLock<Result<[u8; 32], PathError>>,
}

impl PathVerifier {
    /// A verifier for leaves issued by a certificate of `chain`, whose last is the anchor.
    ///
    /// A chain that does not hold is reported by each use of it: it does not take the rest of a
    /// trusted root with it.
    pub fn new(chain: Vec<Certificate>, usage: Usage, valid_for: Validity) -> Self {
        Self {
            chain,
            usage,
            valid_for,
            ways: OnceLock::new(),
            own: OnceLock::new(),
        }
    }

    /// Whether the leaf names one of the certificates as its issuer, by name and by key.
    pub fn issues(&self, leaf: &Certificate) -> bool {
        self.chain.iter().any(|issuer| is_named_by(issuer, leaf))
    }

    /// The certificates, the anchor last.
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
        let mut problem = None;
        for way in self.ways() {
            let Some(issuer) = way.chain.first().filter(|it| is_named_by(it, leaf)) else {
                continue;
            };
            match self.prove_by(way, leaf, issuer) {
                Ok(issuer_key_hash) => return Ok(self.certified(leaf, issuer_key_hash)),
                Err(error) => PathError::keep_closest(&mut problem, error),
            }
        }
        Err(problem.unwrap_or_else(|| self.explain(leaf)))
    }

    fn prove_by(
        &self,
        way: &Way,
        leaf: &Certificate,
        issuer: &Certificate,
    ) -> Result<[u8; 32], PathError> {
        let checked = || {
            check_chain(&way.chain, self.usage)?;
            Ok(sha256(issuer.spki()))
        };
        let issuer_key_hash = way.above.get_or_init(checked).clone()?;
        check_leaf(leaf, self.usage)?;
        check_link(leaf, issuer)?;
        check_names(leaf, &way.chain)?;
        Ok(issuer_key_hash)
    }

    fn certified(&self, leaf: &Certificate, issuer_key_hash: [u8; 32]) -> CertifiedPath {
        CertifiedPath {
            issuer_key_hash,
            window: self.window(leaf),
        }
    }

    /// Why no way leads from the leaf to the anchor: what is wrong with the order that there is.
    fn explain(&self, leaf: &Certificate) -> PathError {
        let linear = || {
            check_chain(&self.chain, self.usage)?;
            check_leaf(leaf, self.usage)?;
            self.chain
                .first()
                .map_or(Ok(()), |issuer| check_issued(leaf, issuer))
        };
        linear().err().unwrap_or(PathError::Length {
            cap: limits::CHAIN_CERTIFICATES,
            found: self.chain.len(),
        })
    }

    fn ways(&self) -> &[Way] {
        self.ways.get_or_init(|| ways_up(&self.chain))
    }

    /// Checks every certificate and the authority's own window at every time (V24, V25, V11).
    ///
    /// Spec: trustroot.proto, CertificateAuthority: both the window and the entire chain
    pub(crate) fn check_times(
        &self,
        leaf: &Certificate,
        at: &[Timestamp],
    ) -> Result<(), PathError> {
        if at.is_empty() {
            return Err(PathError::NoTimes);
        }
        at.iter().try_for_each(|at| self.check_time(leaf, *at))
    }

    fn check_time(&self, leaf: &Certificate, at: Timestamp) -> Result<(), PathError> {
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
        if self.valid_for.contains(at) {
            Ok(())
        } else {
            let window = self.valid_for;
            Err(PathError::Window { window, at })
        }
    }

    /// The certificate that signs itself, where the authority is one of time stamps: the first
    /// that is no CA. The anchor is that only if there is no other.
    pub fn signer(&self) -> Option<&Certificate> {
        let below = match self.chain.as_slice() {
            [below @ .., _] if !below.is_empty() => below,
            alone => alone,
        };
        below
            .iter()
            .find(|it| !is_ca(it))
            .or_else(|| self.chain.first())
    }

    /// Whether no certificate of the chain is a signer's: they are all of CAs.
    pub fn is_of_cas(&self) -> bool {
        self.chain.iter().all(is_ca)
    }

    /// Checks a chain one of whose certificates signs itself, at one time: a time stamp
    /// authority's.
    ///
    /// # Errors
    ///
    /// [`PathError`], for the first thing that does not hold.
    ///
    /// Spec: RFC 3161 2.3 (V18, V19)
    pub fn verify_own(&self, at: Timestamp) -> Result<(), PathError> {
        self.own.get_or_init(|| self.prove_own()).clone()?;
        match self.signer() {
            Some(leaf) => self.check_times(leaf, &[at]),
            None => Ok(()),
        }
    }

    fn prove_own(&self) -> Result<CertifiedPath, PathError> {
        let leaf = self.signer().ok_or(PathError::Length {
            cap: limits::CHAIN_CERTIFICATES,
            found: 0,
        })?;
        check_leaf(leaf, self.usage)?;
        if let [alone] = self.chain.as_slice() {
            // A self-signed authority: its own anchor.
            return Ok(self.certified(leaf, sha256(alone.spki())));
        }
        let others = self.chain.iter().filter(|it| *it != leaf);
        let above: Vec<_> = others.cloned().collect();
        let mut problem = None;
        for way in ways_up(&above) {
            let Some(issuer) = way.chain.first().filter(|it| is_named_by(it, leaf)) else {
                continue;
            };
            match check_own(leaf, &way.chain, issuer, self.usage) {
                Ok(()) => return Ok(self.certified(leaf, sha256(issuer.spki()))),
                Err(error) => PathError::keep_closest(&mut problem, error),
            }
        }
        Err(problem.unwrap_or_else(|| explain_own(leaf, &above, self.usage)))
    }

    fn window(&self, leaf: &Certificate) -> Validity {
        std::iter::once(leaf)
            .chain(&self.chain)
            .map(Certificate::validity)
            .fold(self.valid_for, intersect)
    }
}

/// Every order in which certificates of `chain` lead up to its last one, by names and key ids:
/// the shortest first.
///
/// Only the last has its place; who else is needed, and in which order, the leaf decides. What is
/// not needed is passed over, as a cross-signed certificate may be (V28).
///
/// Spec: trustroot.proto, cert_chain; common.proto, X509CertificateChain
fn ways_up(chain: &[Certificate]) -> Vec<Way> {
    let Some((anchor, others)) = chain.split_last() else {
        return Vec::new();
    };
    if others.len() >= limits::CHAIN_CERTIFICATES {
        return Vec::new();
    }
    let mut ways = vec![vec![anchor.clone()]];
    let mut at = 0usize;
    while let Some(way) = ways.get(at).cloned() {
        at = at.saturating_add(1);
        for other in others {
            let is_next = way.first().is_some_and(|first| is_named_by(first, other));
            if is_next && !way.contains(other) && ways.len() < limits::PATHS {
                ways.push(std::iter::once(other).chain(&way).cloned().collect());
            }
        }
    }
    let way = |chain| Way {
        chain,
        above: OnceLock::new(),
    };
    ways.into_iter().map(way).collect()
}

/// Whether `certificate` names `issuer` as its issuer, by name and by key.
fn is_named_by(issuer: &Certificate, certificate: &Certificate) -> bool {
    certificate.issuer() == issuer.subject() && key_ids_match(certificate, issuer)
}

fn is_ca(certificate: &Certificate) -> bool {
    certificate
        .extensions()
        .basic_constraints
        .is_some_and(|it| it.ca)
}

/// Checks that a certificate of the trusted root chains to its anchor.
fn check_own(
    leaf: &Certificate,
    above: &[Certificate],
    issuer: &Certificate,
    usage: Usage,
) -> Result<(), PathError> {
    check_chain(above, usage)?;
    check_names(leaf, above)?;
    check_link_of_root(leaf, issuer)
}

/// What is wrong with the order that there is.
fn explain_own(leaf: &Certificate, above: &[Certificate], usage: Usage) -> PathError {
    let problem = match above.first() {
        Some(issuer) => check_own(leaf, above, issuer, usage).err(),
        None => None,
    };
    problem.unwrap_or(PathError::Length {
        cap: limits::CHAIN_CERTIFICATES,
        found: above.len(),
    })
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
    // RFC 5280 4.2.1.10: in the certificates of CAs only
    if extensions.name_constraints.is_some() {
        return Err(ProfileError::NameConstraints);
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
        Some(GeneralName::Email(_) | GeneralName::Uri(_) | GeneralName::Other(USER_NAME, _)) => {}
        _ => return Err(ProfileError::AlternativeName),
    }
    // "size % 8 = 0, E = 65537"
    match leaf.public_key().map(PublicKey::kind) {
        Ok(KeyKind::Rsa { bits }) if bits % 8 != 0 || !has_usual_exponent(leaf) => {
            Err(ProfileError::Key)
        }
        _ => Ok(()),
    }
}

/// Whether the exponent of an RSA key is 65537: the last thing in its encoding.
///
/// Spec: RFC 8017 A.1.1
fn has_usual_exponent(leaf: &Certificate) -> bool {
    leaf.spki().ends_with(b"\x02\x03\x01\x00\x01")
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
