//! What a policy says about a subject, rule by rule and condition by condition.

use std::fmt;

use super::model::Mode;
use super::wire;
use crate::digest::Digest;
use crate::encoding::Escaped;

/// What is to be done with a subject.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Decision {
    /// Every rule that matches passes.
    Allow,
    /// A rule that only warns does not pass, or none matches where the default is to warn.
    Warn,
    /// Not all could be looked at, and what could be seen does not pass; trying again may help.
    /// Whoever cannot wait treats it as [`Self::Deny`].
    NoAnswer,
    /// A rule does not pass.
    Deny,
}

impl Decision {
    /// The word for it in reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Deny => "deny",
            Self::NoAnswer => "no-answer",
            Self::Warn => "warn",
        }
    }
}

/// What came of a rule or a condition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Outcome {
    /// It does not hold.
    Failed,
    /// Not all could be looked at, so it may hold or not.
    NoAnswer,
    /// It holds.
    Passed,
    /// The rule says not to look.
    Skipped,
}

impl Outcome {
    /// The word for it in reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Failed => "failed",
            Self::NoAnswer => "no-answer",
            Self::Passed => "passed",
            Self::Skipped => "skipped",
        }
    }
}

/// Why a condition does not hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RuleCode {
    /// The newest attestation that counts was signed too long ago.
    Age,
    /// No rule matches the name, and the default is not to allow.
    Default,
    /// The image is named by a tag, and the policy wants a digest.
    Digest,
    /// Signatures or attestations could not be looked at.
    Incomplete,
    /// There is no attestation of the type.
    NoAttestation,
    /// There is no signature.
    NoSignature,
    /// There are signatures or attestations, none of which verifies.
    NotVerified,
    /// A manifest that the rule is about is not there.
    Platform,
    /// What an SBOM says is not what the rule wants.
    Sbom,
    /// Somebody else signed.
    Signer,
    /// Fewer distinct signers than the rule wants.
    TooFewSigners,
    /// What a VEX document says is not what the rule wants.
    Vex,
    /// What a statement says is not what the rule wants.
    Where,
}

impl RuleCode {
    /// The stable code.
    pub fn code(self) -> &'static str {
        match self {
            Self::Age => "rule.age",
            Self::Default => "rule.default",
            Self::Digest => "rule.digest",
            Self::Incomplete => "rule.incomplete",
            Self::NoAttestation => "rule.no-attestation",
            Self::NoSignature => "rule.no-signature",
            Self::NotVerified => "rule.not-verified",
            Self::Platform => "rule.platform",
            Self::Sbom => "rule.sbom",
            Self::Signer => "rule.signer",
            Self::TooFewSigners => "rule.too-few-signers",
            Self::Vex => "rule.vex",
            Self::Where => "rule.where",
        }
    }
}

/// What one condition wants, and what was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConditionVerdict {
    pub(super) path: String,
    pub(super) of: String,
    pub(super) outcome: Outcome,
    pub(super) code: Option<RuleCode>,
    pub(super) wanted: String,
    pub(super) found: String,
}

impl ConditionVerdict {
    /// Where it is in its rule: `signed_by`, `attestations[0].where[1]`.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The platform or candidate that it is about; empty if it is about the subject.
    pub fn of(&self) -> &str {
        &self.of
    }

    /// What came of it.
    pub fn outcome(&self) -> Outcome {
        self.outcome
    }

    /// Why it does not hold.
    pub fn code(&self) -> Option<RuleCode> {
        self.code
    }

    /// What is wanted, in words.
    pub fn wanted(&self) -> &str {
        &self.wanted
    }

    /// What was found, in words.
    pub fn found(&self) -> &str {
        &self.found
    }
}

impl fmt::Display for ConditionVerdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.path)?;
        if !self.of.is_empty() {
            write!(f, " of {}", Escaped(&self.of))?;
        }
        write!(
            f,
            ": wanted {}, found {}",
            Escaped(&self.wanted),
            Escaped(&self.found)
        )?;
        match self.code {
            Some(code) => write!(f, " [{}]", code.code()),
            None => Ok(()),
        }
    }
}

/// What came of one rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleVerdict {
    pub(super) name: String,
    pub(super) mode: Mode,
    pub(super) outcome: Outcome,
    pub(super) reason: Option<String>,
    pub(super) conditions: Vec<ConditionVerdict>,
}

impl RuleVerdict {
    /// The rule's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What becomes of the subject if it does not pass.
    pub fn mode(&self) -> Mode {
        self.mode
    }

    /// What came of it.
    pub fn outcome(&self) -> Outcome {
        self.outcome
    }

    /// Why the rule says not to look.
    pub fn reason(&self) -> Option<&str> {
        self.reason.as_deref()
    }

    /// Its conditions, in the order of the file.
    pub fn conditions(&self) -> &[ConditionVerdict] {
        &self.conditions
    }

    /// Those that do not hold.
    pub fn unmet(&self) -> impl Iterator<Item = &ConditionVerdict> {
        self.conditions
            .iter()
            .filter(|it| matches!(it.outcome, Outcome::Failed | Outcome::NoAnswer))
    }
}

/// A signature or attestation that was looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CandidateVerdict {
    pub(super) label: String,
    pub(super) platform: Option<String>,
    pub(super) verified: bool,
    pub(super) signer: Option<String>,
    pub(super) issuer: Option<String>,
    pub(super) predicate_type: Option<String>,
    pub(super) time: Option<String>,
    pub(super) instance: Option<String>,
    pub(super) code: Option<&'static str>,
    pub(super) problem: Vec<String>,
}

impl CandidateVerdict {
    /// What it is called.
    pub fn label(&self) -> &str {
        &self.label
    }

    /// Whether its signature, signer and log entries verified for some instance of the rules.
    pub fn is_verified(&self) -> bool {
        self.verified
    }

    /// Who signed, if it verified.
    pub fn signer(&self) -> Option<&str> {
        self.signer.as_deref()
    }

    /// Who vouches for the signer, if it verified and was not signed with a key.
    pub fn issuer(&self) -> Option<&str> {
        self.issuer.as_deref()
    }

    /// What kind of statement it is, if it verified and is one.
    pub fn predicate_type(&self) -> Option<&str> {
        self.predicate_type.as_deref()
    }

    /// When it was signed, if it verified and somebody vouches for that.
    pub fn time(&self) -> Option<&str> {
        self.time.as_deref()
    }

    /// The code of the reason why it did not verify.
    pub fn code(&self) -> Option<&'static str> {
        self.code
    }

    /// The reason and its causes.
    pub fn problem(&self) -> &[String] {
        &self.problem
    }
}

/// What a policy says about a subject. It proves nothing: a copy for people and programs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    pub(super) decision: Decision,
    pub(super) name: String,
    pub(super) digest: Option<Digest>,
    pub(super) policy: Digest,
    pub(super) rules: Vec<RuleVerdict>,
    pub(super) candidates: Vec<CandidateVerdict>,
    pub(super) gaps: Vec<String>,
}

impl Verdict {
    /// What is to be done.
    pub fn decision(&self) -> Decision {
        self.decision
    }

    /// The name of the subject.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The digest that the verdict is about.
    pub fn digest(&self) -> Option<Digest> {
        self.digest
    }

    /// The SHA-256 of the policy file.
    pub fn policy(&self) -> Digest {
        self.policy
    }

    /// Every rule that matches, in the order of the file; the default if there is none.
    pub fn rules(&self) -> &[RuleVerdict] {
        &self.rules
    }

    /// What was looked at.
    pub fn candidates(&self) -> &[CandidateVerdict] {
        &self.candidates
    }

    /// What could not be looked at.
    pub fn gaps(&self) -> &[String] {
        &self.gaps
    }

    /// The verdict as one line of JSON.
    pub fn to_json(&self) -> String {
        wire::verdict(self)
    }
}

impl fmt::Display for Verdict {
    /// The decision, and what does not hold, in a few lines.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", Escaped(&self.name))?;
        if let Some(digest) = self.digest {
            write!(f, "@{digest}")?;
        }
        write!(f, ": {}", self.decision.name())?;
        for rule in &self.rules {
            if let Some(reason) = &rule.reason {
                write!(
                    f,
                    "\n  rule {}: skipped: {}",
                    Escaped(&rule.name),
                    Escaped(reason)
                )?;
            }
            for condition in rule.unmet() {
                write!(f, "\n  rule {}: {condition}", Escaped(&rule.name))?;
            }
        }
        for gap in &self.gaps {
            write!(f, "\n  not looked at: {}", Escaped(gap))?;
        }
        Ok(())
    }
}
