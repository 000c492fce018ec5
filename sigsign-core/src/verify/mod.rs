//! The verifier.
//!
//! In: a bundle, an artifact, a policy, a trusted root and the time. Out: [`Verified`], which
//! exists only if every check that the policy asks for ran and passed. Not here: a clock, a
//! network, a file; the same arguments give the same answer.
//!
//! [`Verifier::verify`] has one line for each row of this table; each row is a function in the
//! file of its name, takes what the rows before it proved, and returns a type that only it makes.
//!
//! | row | from | proves |
//! |---|---|---|
//! | `log` | entries, log keys | the entries are in their logs |
//! | `times` | tokens, promises | when it was signed, and who says so |
//! | `path` | certificate, times | the certificate was valid then |
//! | `ct` | certificate, issuer | the certificate is in a CT log |
//! | `identity` | claims, policy | the signer is who the policy asks for |
//! | `content` | signature, artifact | the signature is over this artifact |
//! | `tie` | entries, content | the entries are about this signature |

mod artifact;
mod cache;
mod content;
mod ct;
mod error;
#[cfg(feature = "sign")]
mod fresh;
mod identity;
mod log;
mod path;
mod recompute;
mod report;
mod tie;
mod times;

pub use artifact::Artifact;
pub use error::{
    ArtifactError, CtError, IdentityError, LogError, SignerError, TieError, TimeError, VerifyError,
};
pub use report::{Check, CheckResult, Report};

use std::sync::atomic::{AtomicUsize, Ordering};

use crate::bundle::Bundle;
use crate::policy::Policy;
use crate::time::Timestamp;
use crate::trust::TrustedRoot;
use crate::x509::{PathVerifier, Usage};

/// Checks bundles against one trusted root.
///
/// What does not depend on a bundle is done once: decoded keys, proven authority chains, and the
/// certificates and checkpoints seen last are remembered. Make one and share it between threads.
#[derive(Debug)]
pub struct Verifier {
    root: TrustedRoot,
    authorities: Vec<PathVerifier>,
    timestamp_authorities: Vec<PathVerifier>,
    /// For each log.
    note_keys: Vec<log::NoteKeys>,
    leaves: cache::Cache<(), path::ProvenLeaf>,
    /// By the log and whether it is of version 2.
    checkpoints: cache::Cache<(usize, bool), log::ProvenCheckpoint>,
}

impl Verifier {
    /// A verifier that trusts `root`.
    pub fn new(root: &TrustedRoot) -> Self {
        let verifiers = |list: &[crate::trust::Authority], usage| {
            let verifier = |it: &crate::trust::Authority| {
                PathVerifier::new(it.chain().to_vec(), usage, it.validity())
            };
            list.iter().map(verifier).collect()
        };
        Self {
            authorities: verifiers(root.certificate_authorities(), Usage::CodeSigning),
            timestamp_authorities: verifiers(root.timestamp_authorities(), Usage::TimeStamping),
            note_keys: root.logs().iter().map(log::NoteKeys::of).collect(),
            leaves: cache::Cache::new(),
            checkpoints: cache::Cache::new(),
            root: root.clone(),
        }
    }

    /// The trusted root it was made with.
    pub fn trusted_root(&self) -> &TrustedRoot {
        &self.root
    }

    /// Checks that `bundle` is a signature of `artifact` as `policy` asks for, seen from `now`.
    ///
    /// `now` only bounds what claims to be from the future (V12), and what a log says of a key that
    /// never runs out, where nobody vouches for a time (V52). It never stands in for the time of the
    /// signature.
    ///
    /// # Errors
    ///
    /// [`VerifyError`], for the first check that refuses.
    ///
    /// Spec: client-spec 4
    pub fn verify(
        &self,
        bundle: &Bundle,
        artifact: Artifact<'_>,
        policy: &Policy,
        now: Timestamp,
    ) -> Result<Verified, VerifyError> {
        let mut budget = Budget::new();
        let (sources, artifact) =
            recompute::Sources::gather(bundle, policy, artifact).map_err(VerifyError::Artifact)?;
        let entries = self
            .include_entries(bundle, &sources, policy, now, &mut budget)
            .map_err(VerifyError::Log)?;
        let times = self.vouched_times(bundle, &entries, policy, now, &mut budget)?;
        let signer = self
            .certify(bundle, &times, policy)
            .map_err(VerifyError::Signer)?;
        let scts = ct::verify(&self.root, &signer, policy)
            .and_then(|scts| scts.until(now))
            .map_err(VerifyError::Ct)?;
        let identity = identity::verify(&signer, policy).map_err(VerifyError::Identity)?;
        let content = content::verify(bundle, &signer, &entries, artifact, policy)
            .map_err(VerifyError::Artifact)?;
        let tied = tie::verify(bundle, &entries, &signer, &content).map_err(VerifyError::Tie)?;
        Ok(Verified::assemble(
            self,
            policy,
            now,
            (entries, times, signer, scts, identity, content, tied),
        ))
    }

    /// Checks many bundles on all cores; the answers are in the order of the questions.
    ///
    /// `jobs` is how many there are; `check` is called with the number of each, from several
    /// threads at once, and most often calls [`Self::verify`].
    pub fn verify_batch<T: Send>(
        &self,
        jobs: usize,
        check: impl Fn(&Self, usize) -> T + Sync,
    ) -> Vec<T> {
        let threads = std::thread::available_parallelism()
            .map_or(1, usize::from)
            .min(jobs);
        let next = AtomicUsize::new(0);
        let work = || {
            let mut done = Vec::new();
            loop {
                let job = next.fetch_add(1, Ordering::Relaxed);
                if job >= jobs {
                    return done;
                }
                done.push((job, check(self, job)));
            }
        };
        let mut answers: Vec<(usize, T)> = std::thread::scope(|scope| {
            let others: Vec<_> = (1..threads).map(|_| scope.spawn(work)).collect();
            let mut answers = work();
            for other in others {
                match other.join() {
                    Ok(more) => answers.extend(more),
                    Err(panic) => std::panic::resume_unwind(panic),
                }
            }
            answers
        });
        answers.sort_unstable_by_key(|(job, _)| *job);
        answers.into_iter().map(|(_, answer)| answer).collect()
    }
}

/// How many distinct operators there are: the one way in which thresholds count.
fn distinct<'a>(operators: impl Iterator<Item = &'a str>) -> usize {
    let mut seen: Vec<&str> = Vec::new();
    for operator in operators {
        if !seen.contains(&operator) {
            seen.push(operator);
        }
    }
    seen.len()
}

/// Signature checks that one verification may still make (V4).
#[derive(Debug)]
struct Budget(u32);

/// The budget is used up.
#[derive(Debug)]
struct Spent;

impl Budget {
    fn new() -> Self {
        Self(crate::limits::SIGNATURE_CHECKS)
    }

    fn spend(&mut self, checks: usize) -> Result<(), Spent> {
        let checks = u32::try_from(checks).map_err(|_| Spent)?;
        self.0 = self.0.checked_sub(checks).ok_or(Spent)?;
        Ok(())
    }
}

/// A bundle that verified: every check that the policy asks for ran and passed.
///
/// There is no way to make one but [`Verifier::verify`], and no way to call that without saying
/// who must have signed:
///
/// ```
/// # use sigsign_core::{Artifact, Bundle, Policy, Verified, Verifier, VerifyError, time::Timestamp};
/// # struct Given<'a>(&'a Verifier, &'a Bundle, Artifact<'a>, &'a Policy, Timestamp);
/// fn given(Given(verifier, bundle, artifact, policy, now): Given<'_>) -> Result<Verified, VerifyError> {
///     verifier.verify(bundle, artifact, policy, now)
/// }
/// ```
///
/// None of these compiles. Without a policy:
///
/// ```compile_fail,E0061
/// # use sigsign_core::{Artifact, Bundle, Policy, Verified, Verifier, VerifyError, time::Timestamp};
/// # struct Given<'a>(&'a Verifier, &'a Bundle, Artifact<'a>, &'a Policy, Timestamp);
/// fn given(Given(verifier, bundle, artifact, policy, now): Given<'_>) -> Result<Verified, VerifyError> {
///     verifier.verify(bundle, artifact, now)
/// }
/// ```
///
/// By hand, from nothing, or from a report:
///
/// ```compile_fail,E0451
/// let verified = sigsign_core::Verified { waived: vec![], ..todo!() };
/// ```
///
/// ```compile_fail,E0277
/// let verified: sigsign_core::Verified = Default::default();
/// ```
///
/// ```compile_fail,E0277
/// let verified: sigsign_core::Verified = serde_json::from_str("{}").unwrap();
/// ```
///
/// With a proof of one's own for a check that was left out: proofs have no name outside.
///
/// ```compile_fail,E0603
/// use sigsign_core::verify::ct::SctVerified;
/// ```
#[derive(Debug)]
pub struct Verified {
    root: TrustedRoot,
    now: Timestamp,
    entries: log::IncludedEntries,
    times: times::VerifiedTimes,
    signer: path::CertifiedSigner,
    scts: ct::SctVerified,
    identity: identity::MatchedIdentity,
    content: content::SignedContent,
    tied: tie::EntriesTied,
    waived: Vec<&'static str>,
}

type Rows = (
    log::IncludedEntries,
    times::VerifiedTimes,
    path::CertifiedSigner,
    ct::SctVerified,
    identity::MatchedIdentity,
    content::SignedContent,
    tie::EntriesTied,
);

impl Verified {
    fn assemble(verifier: &Verifier, policy: &Policy, now: Timestamp, rows: Rows) -> Self {
        let (entries, times, signer, scts, identity, content, tied) = rows;
        let waived = policy.waived();
        let root = verifier.root.clone();
        Self {
            root,
            now,
            entries,
            times,
            signer,
            scts,
            identity,
            content,
            tied,
            waived,
        }
    }

    /// Who signed: the subject of the certificate; `None` for a managed key.
    pub fn subject(&self) -> Option<&str> {
        self.signer.claims().map(|claims| claims.subject().value())
    }

    /// Who vouched for the subject: the issuer in the certificate; `None` for a managed key.
    pub fn issuer(&self) -> Option<&str> {
        self.signer.claims().and_then(|claims| claims.issuer())
    }

    /// The signer's certificate; `None` for a managed key.
    pub fn certificate(&self) -> Option<&crate::x509::Certificate> {
        self.signer.certificate()
    }

    /// The key that signed: the certificate's, or the managed one.
    pub fn public_key(&self) -> Option<&crate::crypto::PublicKey> {
        self.signer.key()
    }

    /// Checks that the signer is `identity`, too: one verification answers for many identities.
    ///
    /// # Errors
    ///
    /// [`IdentityError`], as [`Verifier::verify`] gives it; [`IdentityError::Issuer`] with nothing
    /// found for a managed key, which has no identity.
    pub fn check_identity(&self, identity: &crate::policy::Identity) -> Result<(), IdentityError> {
        identity::check_signer(&self.signer, identity)
    }

    /// The times that were vouched for, earliest first.
    pub fn times(&self) -> impl Iterator<Item = Timestamp> {
        self.times.iter().map(times::VerifiedTime::at)
    }

    /// The statement that was signed, if it was one.
    pub fn statement(&self) -> Option<&crate::dsse::Statement> {
        self.content.statement()
    }

    /// What was checked, and on what evidence.
    pub fn report(&self) -> Report {
        report::report(self)
    }
}
