//! What verifies, once for each candidate, instance and key.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use super::super::candidate::{Candidate, Refused, SignerKind};
use super::super::model::Check;
use super::super::predicate::SIGNATURE_TYPE;
use super::super::signers::{Signer, Who};
use super::super::verdict::CandidateVerdict;
use super::{Evaluator, Evidence};
use crate::dsse::Statement;
use crate::limits;
use crate::policy::{Identity, ManagedKey, Matcher, Policy, PolicyError};
use crate::time::Timestamp;
use crate::verify::{IdentityError, Verified};
use crate::x509::{FulcioClaims, FulcioExtension};

/// A candidate, by its manifest and its place there.
type CandidateId = (usize, usize);

/// By instance, and by key if it is not to be a certificate.
type Question = (CandidateId, usize, Option<KeyUse>);

/// A key of the policy file, and whether a log must have the signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct KeyUse {
    pub(super) key: usize,
    pub(super) logged: bool,
}

type Answer = Result<Rc<Verified>, Refused>;

/// Everything that was verified in one evaluation.
pub(super) struct Proofs<'e> {
    evaluator: &'e Evaluator,
    manifests: Vec<(Option<&'e str>, &'e [&'e dyn Candidate])>,
    now: Timestamp,
    answers: BTreeMap<Question, Answer>,
}

/// A candidate that verifies.
#[derive(Clone)]
pub(super) struct Proof {
    pub(super) label: String,
    pub(super) verified: Rc<Verified>,
    key: Option<KeyUse>,
}

/// The candidates of one manifest, as one rule sees them.
pub(super) struct Seen {
    pub(super) proofs: Vec<Proof>,
    /// Those for which nothing verifies.
    pub(super) refused: Vec<(String, Refused)>,
}

impl<'e> Proofs<'e> {
    pub(super) fn new(
        evaluator: &'e Evaluator,
        evidence: &'e Evidence<'_>,
        now: Timestamp,
    ) -> Self {
        let parts = evidence.parts.iter().flatten();
        let parts = parts.map(|it| (Some(it.platform.as_str()), it.candidates.as_slice()));
        Self {
            evaluator,
            manifests: std::iter::once((None, evidence.candidates.as_slice()))
                .chain(parts)
                .collect(),
            now,
            answers: BTreeMap::new(),
        }
    }

    /// Verifies what a manifest has for everybody whom the rule names.
    pub(super) fn of(&mut self, manifest: usize, check: &Check) -> Seen {
        let mut seen = Seen {
            proofs: Vec::new(),
            refused: Vec::new(),
        };
        let keys = keys(check);
        let Some((_, candidates)) = self.manifests.get(manifest).copied() else {
            return seen;
        };
        for (place, candidate) in candidates
            .iter()
            .enumerate()
            .take(limits::POLICY_CANDIDATES)
        {
            let ways: Vec<Option<KeyUse>> = match candidate.signer_kind() {
                SignerKind::Certificate => vec![None],
                SignerKind::Key => keys.iter().copied().map(Some).collect(),
            };
            self.prove(((manifest, place), *candidate), check, &ways, &mut seen);
        }
        seen
    }

    fn prove(
        &mut self,
        (id, candidate): (CandidateId, &dyn Candidate),
        check: &Check,
        ways: &[Option<KeyUse>],
        seen: &mut Seen,
    ) {
        let mut refused = None;
        let before = seen.proofs.len();
        for way in ways {
            for instance in &check.trust {
                match self.answer((id, *instance, *way), candidate) {
                    Ok(verified) => {
                        seen.proofs.push(Proof {
                            label: candidate.label(),
                            verified,
                            key: *way,
                        });
                        break;
                    }
                    // The first instance is the one that most are from.
                    Err(why) => refused = refused.or(Some(why)),
                }
            }
        }
        if seen.proofs.len() == before {
            let why = refused.unwrap_or_else(|| Refused::new("rule.signer", &NoKey));
            seen.refused.push((candidate.label(), why));
        }
    }

    fn answer(&mut self, question: Question, candidate: &dyn Candidate) -> Answer {
        if let Some(answer) = self.answers.get(&question) {
            return answer.clone();
        }
        let (_, instance, key) = question;
        let answer = self.verify(instance, key, candidate);
        self.answers.insert(question, answer.clone());
        answer
    }

    fn verify(&self, instance: usize, key: Option<KeyUse>, candidate: &dyn Candidate) -> Answer {
        let unknown = || Refused::new("policy.empty", &PolicyError::Empty("the instance"));
        let verifier = self.evaluator.verifiers.get(instance).ok_or_else(unknown)?;
        let known = self.evaluator.file.instances.get(instance);
        let services = known.ok_or_else(unknown)?.services;
        let policy = match key {
            None => anybody(services)?,
            Some(KeyUse { key, logged }) => {
                let key = self.evaluator.keys.get(key).ok_or_else(unknown)?;
                let policy = Policy::key(ManagedKey::new(key.clone())).instance(services);
                if logged {
                    policy
                } else {
                    policy.danger().no_log_entry()
                }
            }
        };
        candidate.verify(verifier, &policy, self.now).map(Rc::new)
    }

    /// Whether a candidate gave no answer.
    pub(super) fn is_incomplete(&self) -> bool {
        self.answers.values().any(is_unanswered)
    }

    /// What was looked at, and what of it gave no answer.
    pub(super) fn verdicts(&self) -> (Vec<CandidateVerdict>, Vec<String>) {
        let ids: BTreeSet<CandidateId> = self.answers.keys().map(|(id, ..)| *id).collect();
        let mut verdicts = Vec::with_capacity(ids.len());
        let mut unanswered = Vec::new();
        for id in ids {
            let Some((platform, candidates)) = self.manifests.get(id.0).copied() else {
                continue;
            };
            let Some(candidate) = candidates.get(id.1) else {
                continue;
            };
            let verdict = self.verdict(id, candidate.label(), platform);
            let of_it = self.answers.iter().filter(|((other, ..), _)| *other == id);
            if of_it.map(|(_, answer)| answer).any(is_unanswered) {
                unanswered.push(verdict.label.clone());
            }
            verdicts.push(verdict);
        }
        (verdicts, unanswered)
    }

    fn verdict(&self, id: CandidateId, label: String, platform: Option<&str>) -> CandidateVerdict {
        let mut of_it = self.answers.iter().filter(|((other, ..), _)| *other == id);
        let proven = of_it
            .clone()
            .find_map(|((_, instance, _), answer)| Some((*instance, answer.as_ref().ok()?)));
        let refused = of_it.find_map(|(_, answer)| answer.as_ref().err());
        let verified = proven.map(|(_, verified)| verified);
        let instance = proven.and_then(|(at, _)| self.evaluator.file.instances.get(at));
        let refused = refused.filter(|_| proven.is_none());
        CandidateVerdict {
            label,
            platform: platform.map(str::to_owned),
            verified: proven.is_some(),
            signer: verified.map(|it| signer_text(it)),
            issuer: verified.and_then(|it| it.issuer()).map(str::to_owned),
            predicate_type: verified
                .and_then(|it| it.statement())
                .map(|it| it.predicate_type().to_owned()),
            time: verified
                .and_then(|it| it.times().next())
                .map(|it| it.to_string()),
            instance: instance.map(|it| it.name.clone()),
            code: refused.map(Refused::code),
            problem: refused
                .map(|it| it.sentences().to_vec())
                .unwrap_or_default(),
        }
    }
}

fn is_unanswered(answer: &Answer) -> bool {
    answer.as_ref().is_err_and(|it| !it.is_answer())
}

/// Who signed is looked at afterwards, for every rule: [`Proof::is_by`].
fn anybody(services: crate::policy::Instance) -> Result<Policy, Refused> {
    let place = Matcher::exact("any").and_then(|any| Identity::new(any, "any"));
    let policy = Policy::keyless(place.map_err(|error| Refused::new(error.code(), &error))?);
    Ok(policy.instance(services).danger().any_identity())
}

fn keys(check: &Check) -> Vec<KeyUse> {
    let mut keys = Vec::new();
    for signer in check.signers().flat_map(|it| &it.of) {
        if let Who::Key { key, logged } = signer.who
            && !keys.contains(&KeyUse { key, logged })
        {
            keys.push(KeyUse { key, logged });
        }
    }
    // With a log first: what is logged counts for those who do not ask for it, too.
    keys.sort_unstable_by_key(|it| (!it.logged, it.key));
    keys
}

/// A signature with a key, of which a rule names none.
#[derive(Debug)]
struct NoKey;

impl std::fmt::Display for NoKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("signed with a key, and the rule names none")
    }
}

impl std::error::Error for NoKey {}

impl Proof {
    /// Whether it is by this signer; if not, why not.
    pub(super) fn is_by(&self, signer: &Signer) -> Result<(), Mismatch> {
        match &signer.who {
            Who::Identity(identity) => {
                let checked = self.verified.check_identity(identity);
                checked.map_err(Mismatch::Identity)
            }
            Who::Key { key, logged } => match self.key {
                Some(found) if found.key == *key && (found.logged || !logged) => Ok(()),
                _ => Err(Mismatch::Key),
            },
        }
    }

    /// The statement, unless it is one that only signs.
    pub(super) fn attestation(&self) -> Option<&Statement> {
        let statement = self.verified.statement();
        statement.filter(|it| it.predicate_type() != SIGNATURE_TYPE)
    }

    /// The earliest time that somebody vouches for.
    pub(super) fn time(&self) -> Option<Timestamp> {
        self.verified.times().next()
    }

    pub(super) fn who(&self) -> String {
        signer_text(&self.verified)
    }

    /// Two proofs are by the same signer if this is the same: the key, or issuer, subject without
    /// the ref of a workflow, and source repository.
    pub(super) fn signer_key(&self) -> Vec<u8> {
        let Some(certificate) = self.verified.certificate() else {
            let key = self.verified.public_key();
            return key.map(|it| it.spki().to_vec()).unwrap_or_default();
        };
        let claims = FulcioClaims::from_certificate(certificate).ok();
        let repository = claims.and_then(|it| {
            it.get(FulcioExtension::SourceRepositoryUri)
                .map(str::to_owned)
        });
        let subject = self.verified.subject().unwrap_or_default();
        let subject = match subject.split_once('@') {
            Some((workflow, _)) if subject.starts_with("https://") => workflow,
            _ => subject,
        };
        let issuer = self.verified.issuer().unwrap_or_default();
        [issuer, subject, &repository.unwrap_or_default()]
            .join("\0")
            .into_bytes()
    }
}

/// Why a proof is not by a signer.
pub(super) enum Mismatch {
    Identity(IdentityError),
    Key,
}

impl Mismatch {
    /// The closer the more there is to say.
    pub(super) fn closeness(&self) -> u8 {
        match self {
            Self::Key => 0,
            Self::Identity(IdentityError::Subject { .. }) => 2,
            Self::Identity(IdentityError::Extension { .. }) => 3,
            Self::Identity(_) => 1,
        }
    }
}

fn signer_text(verified: &Verified) -> String {
    match verified.subject() {
        Some(subject) => subject.to_owned(),
        None => "a key".to_owned(),
    }
}
