//! Evaluation: what was found about a subject, held against every rule that matches it.

use std::sync::Arc;

use super::candidate::Candidate;
use super::model::{
    Body, Check, DefaultDecision, DigestMode, Mode, Platforms, PolicyFile, Rule, TrustInstance,
};
use super::subject::Subject;
use super::verdict::{ConditionVerdict, Decision, Outcome, RuleCode, RuleVerdict, Verdict};
use crate::crypto::PublicKey;
use crate::limits;
use crate::time::Timestamp;
use crate::verify::Verifier;

mod attested;
mod proofs;
mod signed;

use proofs::Proofs;

/// Where an evaluator gets what a policy file only names.
pub trait Resources {
    /// Why something cannot be had.
    type Error;

    /// A verifier for the instance. It may be shared: it remembers what it has proven.
    ///
    /// # Errors
    ///
    /// If there is no trusted root for it.
    fn verifier(&mut self, instance: &TrustInstance) -> Result<Arc<Verifier>, Self::Error>;

    /// The key in a file, which is relative to the policy file.
    ///
    /// # Errors
    ///
    /// If there is no key in it.
    fn key(&mut self, file: &str) -> Result<PublicKey, Self::Error>;
}

/// A policy file with everything that it names. Make one and share it between threads.
#[derive(Debug)]
pub struct Evaluator {
    file: PolicyFile,
    /// In the order of the file's.
    verifiers: Vec<Arc<Verifier>>,
    keys: Vec<PublicKey>,
}

/// One manifest of an image with several.
#[expect(missing_debug_implementations, reason = "candidates may be anything")]
pub struct Part<'a> {
    platform: String,
    candidates: Vec<&'a dyn Candidate>,
}

impl<'a> Part<'a> {
    /// The manifest of a platform, as `linux/amd64`, and what was found about its digest.
    pub fn new(platform: impl Into<String>, candidates: Vec<&'a dyn Candidate>) -> Self {
        Self {
            platform: platform.into(),
            candidates,
        }
    }
}

/// What was found about a subject, and what could not be looked at.
#[expect(missing_debug_implementations, reason = "candidates may be anything")]
pub struct Evidence<'a> {
    candidates: Vec<&'a dyn Candidate>,
    parts: Option<Vec<Part<'a>>>,
    gaps: Vec<String>,
}

impl<'a> Evidence<'a> {
    /// Everything that was found about the subject's digest.
    pub fn new(candidates: Vec<&'a dyn Candidate>) -> Self {
        Self {
            candidates,
            parts: None,
            gaps: Vec::new(),
        }
    }

    /// The manifests of an image with several. For an image with one it is that, with its
    /// platform and the subject's own candidates.
    #[must_use]
    pub fn with_parts(mut self, parts: Vec<Part<'a>>) -> Self {
        self.parts = Some(parts);
        self
    }

    /// Something that could not be looked at: a registry or storage that gave no answer.
    ///
    /// What does not pass then has no answer, and neither has what could be taken back by something
    /// that was not seen.
    #[must_use]
    pub fn with_gap(mut self, what: impl Into<String>) -> Self {
        self.gaps.push(what.into());
        self
    }
}

impl Evaluator {
    /// Gets everything that the policy file names.
    ///
    /// # Errors
    ///
    /// What `resources` has to say.
    pub fn new<R: Resources>(file: PolicyFile, resources: &mut R) -> Result<Self, R::Error> {
        let mut verifiers = Vec::with_capacity(file.instances.len());
        for instance in &file.instances {
            verifiers.push(resources.verifier(instance)?);
        }
        let mut keys = Vec::with_capacity(file.keys.len());
        for key in &file.keys {
            keys.push(resources.key(key)?);
        }
        Ok(Self {
            file,
            verifiers,
            keys,
        })
    }

    /// The policy file.
    pub fn policy_file(&self) -> &PolicyFile {
        &self.file
    }

    /// Holds what was found about a subject against the policy, seen from `now`.
    ///
    /// Each candidate is verified at most once for each instance and key that a rule trusts; only
    /// candidates that a rule asks for are looked at.
    pub fn evaluate(&self, subject: &Subject, evidence: &Evidence<'_>, now: Timestamp) -> Verdict {
        let proofs = Proofs::new(self, evidence, now);
        let mut run = Run {
            subject,
            evidence,
            now,
            proofs,
            gaps: gaps(subject, evidence, self.file.asks(subject).needs_evidence()),
        };
        let matching: Vec<&Rule> = self.file.matching(subject).collect();
        let rules: Vec<RuleVerdict> = if matching.is_empty() {
            self.no_rule().into_iter().collect()
        } else {
            let mode = self.file.digest_mode;
            matching.iter().map(|rule| run.rule(rule, mode)).collect()
        };
        let (candidates, unanswered) = run.proofs.verdicts();
        run.gaps.extend(unanswered);
        Verdict {
            decision: decide(&rules),
            name: subject.name().to_owned(),
            digest: subject.digest(),
            policy: self.file.digest,
            rules,
            candidates,
            gaps: run.gaps,
        }
    }

    /// What is said where no rule matches.
    fn no_rule(&self) -> Option<RuleVerdict> {
        let mode = match self.file.default {
            DefaultDecision::Allow => return None,
            DefaultDecision::Deny => Mode::Enforce,
            DefaultDecision::Warn => Mode::Warn,
        };
        Some(RuleVerdict {
            name: "default".to_owned(),
            mode,
            outcome: Outcome::Failed,
            reason: None,
            conditions: vec![ConditionVerdict {
                path: "match".to_owned(),
                of: String::new(),
                outcome: Outcome::Failed,
                code: Some(RuleCode::Default),
                wanted: "a rule that matches the name".to_owned(),
                found: "none".to_owned(),
            }],
        })
    }
}

/// What is missing before anything is verified.
fn gaps(subject: &Subject, evidence: &Evidence<'_>, needed: bool) -> Vec<String> {
    let mut gaps = evidence.gaps.clone();
    if needed && subject.digest().is_none() {
        gaps.push("the digest of the image".to_owned());
    }
    let parts = evidence.parts.iter().flatten().map(|it| &it.candidates);
    let lists = std::iter::once(&evidence.candidates).chain(parts);
    if lists.clone().any(|it| it.len() > limits::POLICY_CANDIDATES) {
        gaps.push(format!(
            "more than {} signatures and attestations",
            limits::POLICY_CANDIDATES
        ));
    }
    gaps
}

fn decide(rules: &[RuleVerdict]) -> Decision {
    let is = |mode, outcome| {
        rules
            .iter()
            .any(|it| it.mode == mode && it.outcome == outcome)
    };
    if is(Mode::Enforce, Outcome::Failed) {
        Decision::Deny
    } else if is(Mode::Enforce, Outcome::NoAnswer) {
        Decision::NoAnswer
    } else if is(Mode::Warn, Outcome::Failed) || is(Mode::Warn, Outcome::NoAnswer) {
        Decision::Warn
    } else {
        Decision::Allow
    }
}

/// One evaluation.
struct Run<'e> {
    subject: &'e Subject,
    evidence: &'e Evidence<'e>,
    now: Timestamp,
    proofs: Proofs<'e>,
    gaps: Vec<String>,
}

/// What a requirement comes to, before it is known whether everything was seen.
struct Finding {
    condition: ConditionVerdict,
    /// Something that was not seen could take it back.
    retractable: bool,
}

impl Finding {
    fn passed(wanted: String, found: String) -> Self {
        Self::of(Outcome::Passed, None, wanted, found)
    }

    fn failed(code: RuleCode, wanted: String, found: String) -> Self {
        Self::of(Outcome::Failed, Some(code), wanted, found)
    }

    fn of(outcome: Outcome, code: Option<RuleCode>, wanted: String, found: String) -> Self {
        let condition = ConditionVerdict {
            path: String::new(),
            of: String::new(),
            outcome,
            code,
            wanted,
            found,
        };
        Self {
            condition,
            retractable: false,
        }
    }

    fn retractable(mut self, retractable: bool) -> Self {
        self.retractable = retractable;
        self
    }

    fn at(mut self, path: impl Into<String>) -> Self {
        self.condition.path = path.into();
        self
    }

    fn about(mut self, of: impl Into<String>) -> Self {
        self.condition.of = of.into();
        self
    }
}

impl Run<'_> {
    fn rule(&mut self, rule: &Rule, mode: DigestMode) -> RuleVerdict {
        let check = match &rule.body {
            Body::Check(check) => check,
            Body::Skip { reason } => {
                return RuleVerdict {
                    name: rule.name.clone(),
                    mode: Mode::Enforce,
                    outcome: Outcome::Skipped,
                    reason: Some(reason.clone()),
                    conditions: Vec::new(),
                };
            }
        };
        let mut conditions = Vec::new();
        if mode == DigestMode::Require && !self.subject.is_pinned() {
            conditions.push(tag_in_place_of_digest().condition);
        }
        let found = self.check(check);
        let incomplete = !self.gaps.is_empty() || self.proofs.is_incomplete();
        conditions.extend(found.into_iter().map(|it| settle(it, incomplete)));
        RuleVerdict {
            name: rule.name.clone(),
            mode: check.mode,
            outcome: worst(&conditions),
            reason: None,
            conditions,
        }
    }

    /// Every requirement for every manifest that the rule is about.
    fn check(&mut self, check: &Check) -> Vec<Finding> {
        let (manifests, mut findings) = self.manifests(&check.platforms);
        for manifest in manifests {
            let platform = self.platform(manifest).to_owned();
            let of = |finding: Finding| {
                if finding.condition.of.is_empty() {
                    finding.about(platform.clone())
                } else {
                    finding
                }
            };
            let proofs = self.proofs.of(manifest, check);
            if let Some(signers) = &check.signed_by {
                let finding = signed::check(signers, &proofs).at("signed_by");
                findings.push(of(finding));
            }
            for (index, attestation) in check.attestations.iter().enumerate() {
                let path = format!("attestations[{index}]");
                let found = attested::check(attestation, &proofs, &path, self.now);
                findings.extend(found.into_iter().map(of));
            }
        }
        findings
    }

    /// The manifests that a rule is about: 0 for what the reference names, then the parts.
    fn manifests(&self, platforms: &Platforms) -> (Vec<usize>, Vec<Finding>) {
        let missing = |wanted: String, found: &str| {
            Finding::failed(RuleCode::Platform, wanted, found.to_owned()).at("platforms")
        };
        let parts = self.evidence.parts.as_ref();
        match (platforms, parts) {
            (Platforms::Index, _) => (vec![0], Vec::new()),
            (Platforms::All, Some(parts)) => ((0..=parts.len()).collect(), Vec::new()),
            (Platforms::All, None) => {
                let wanted = "every manifest of the image".to_owned();
                (
                    vec![0],
                    vec![missing(wanted, "only what the reference names")],
                )
            }
            (Platforms::Named(names), parts) => {
                let parts = parts.map(Vec::as_slice).unwrap_or_default();
                let mut places = Vec::new();
                let mut findings = Vec::new();
                for name in names {
                    let known = places.len();
                    let of_platform = (1..).zip(parts).filter(|(_, it)| is_for(it, name));
                    places.extend(of_platform.map(|(place, _)| place));
                    if places.len() == known {
                        findings.push(missing(format!("a manifest for {name}"), "none"));
                    }
                }
                (places, findings)
            }
        }
    }

    /// The platform of a manifest; empty for what the reference names.
    fn platform(&self, manifest: usize) -> &str {
        let parts = self.evidence.parts.as_deref().unwrap_or_default();
        let part = manifest.checked_sub(1).and_then(|place| parts.get(place));
        part.map_or("", |it| it.platform.as_str())
    }
}

/// A variant that is not asked for does not matter: `linux/arm64` is `linux/arm64/v8`, too.
fn is_for(part: &Part<'_>, name: &str) -> bool {
    let rest = part.platform.strip_prefix(name);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

fn tag_in_place_of_digest() -> Finding {
    let wanted = "the image named by its digest".to_owned();
    Finding::failed(RuleCode::Digest, wanted, "a tag".to_owned()).at("digest")
}

/// Where not everything was seen, what does not pass has no answer.
fn settle(finding: Finding, incomplete: bool) -> ConditionVerdict {
    let mut condition = finding.condition;
    if let Some((end, _)) = condition.found.char_indices().nth(FOUND_CHARS) {
        condition.found.truncate(end);
        condition.found.push_str("..");
    }
    let open = condition.outcome == Outcome::Failed || finding.retractable;
    if incomplete && open {
        condition.outcome = Outcome::NoAnswer;
        condition.code = Some(RuleCode::Incomplete);
        condition
            .found
            .push_str(", and not everything could be looked at");
    }
    condition
}

/// How much is said of what was found: enough for names and their reasons.
const FOUND_CHARS: usize = 2000;

fn worst(conditions: &[ConditionVerdict]) -> Outcome {
    let is = |outcome| conditions.iter().any(|it| it.outcome == outcome);
    if is(Outcome::Failed) {
        Outcome::Failed
    } else if is(Outcome::NoAnswer) {
        Outcome::NoAnswer
    } else {
        Outcome::Passed
    }
}
