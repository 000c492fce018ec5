//! What a policy file says, once it is read.

use super::condition::Condition;
use super::error::PolicyFileError;
use super::signers::Signers;
use super::subject::Subject;
use super::{parse, yaml};
use crate::crypto::hash;
use crate::digest::{Digest, HashAlgorithm};
use crate::policy::{Instance, Matcher};

/// A policy file: well-formed, and every name in it is known.
///
/// Nothing of it is trusted to be wise; [`Self::lints`] says what looks like a mistake.
#[derive(Clone, Debug)]
pub struct PolicyFile {
    pub(super) digest: Digest,
    pub(super) default: DefaultDecision,
    pub(super) digest_mode: DigestMode,
    pub(super) instances: Vec<TrustInstance>,
    pub(super) keys: Vec<String>,
    pub(super) rules: Vec<Rule>,
}

/// What is decided where no rule matches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DefaultDecision {
    /// It is let through.
    Allow,
    /// It is refused.
    Deny,
    /// It is let through with a warning.
    Warn,
}

/// How images have to be named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DigestMode {
    /// By their digest.
    Require,
    /// By tag or digest; a tag is resolved once, and the digest is what is deployed.
    Resolve,
}

/// What becomes of a rule that does not pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Mode {
    /// The subject is refused.
    Enforce,
    /// The subject is let through with a warning.
    Warn,
}

/// Which manifests of an image with several a rule is about.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Platforms {
    /// That which the reference names, and every manifest in it.
    All,
    /// That which the reference names.
    Index,
    /// The manifests of these platforms, as `linux/amd64`.
    Named(Vec<String>),
}

/// An instance whose services a rule trusts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrustInstance {
    pub(super) name: String,
    pub(super) source: TrustSource,
    pub(super) services: Instance,
}

impl TrustInstance {
    /// Its name in the policy file.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Where its trusted root is to be had.
    pub fn source(&self) -> &TrustSource {
        &self.source
    }

    /// What it can vouch for.
    pub fn services(&self) -> Instance {
        self.services
    }
}

/// Where a trusted root is to be had.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TrustSource {
    /// An instance that the user added, by its name.
    Added(String),
    /// A file, relative to the policy file.
    File(String),
    /// GitHub's instance for private repositories.
    Github,
    /// The local instance of this user.
    Local,
    /// The public instance.
    PublicGood,
    /// The staging instance.
    Staging,
}

#[derive(Clone, Debug)]
pub(super) struct Rule {
    pub(super) name: String,
    pub(super) line: usize,
    pub(super) matching: Vec<Matcher>,
    pub(super) except: Vec<Matcher>,
    pub(super) body: Body,
}

#[derive(Clone, Debug)]
pub(super) enum Body {
    Check(Check),
    Skip { reason: String },
}

/// What a rule asks for.
#[derive(Clone, Debug)]
pub(super) struct Check {
    pub(super) mode: Mode,
    pub(super) platforms: Platforms,
    /// Places in [`PolicyFile::instances`].
    pub(super) trust: Vec<usize>,
    pub(super) signed_by: Option<Signers>,
    pub(super) attestations: Vec<Attestation>,
}

#[derive(Clone, Debug)]
pub(super) struct Attestation {
    pub(super) predicate: super::predicate::PredicateType,
    pub(super) signed_by: Signers,
    pub(super) conditions: Vec<Condition>,
    /// Seconds.
    pub(super) max_age: Option<i64>,
    pub(super) optional: bool,
    pub(super) which: Which,
}

/// Which of several attestations by one signer count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Which {
    /// One that passes is enough.
    Any,
    /// Only the newest one.
    Newest,
}

/// What has to be found out about a subject before its policy can be evaluated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    pub(super) rules: usize,
    pub(super) evidence: bool,
    pub(super) platforms: Vec<Platforms>,
}

impl Asked {
    /// How many rules match.
    pub fn rules(&self) -> usize {
        self.rules
    }

    /// Whether any of them asks for signatures or attestations. If not, nothing needs to be
    /// fetched, and the digest need not be known.
    pub fn needs_evidence(&self) -> bool {
        self.evidence
    }

    /// The manifests that the rules are about; without repetitions.
    pub fn platforms(&self) -> &[Platforms] {
        &self.platforms
    }
}

impl PolicyFile {
    /// Reads a policy file.
    ///
    /// # Errors
    ///
    /// [`PolicyFileError`], with the line and the path of the field.
    ///
    /// Spec: docs/policy.md; YAML 1.2.2
    pub fn from_yaml(bytes: &[u8]) -> Result<Self, PolicyFileError> {
        let document = yaml::read(bytes)?;
        parse::policy_file(&document, hash(HashAlgorithm::Sha256, bytes))
    }

    /// The SHA-256 of the file: the name of this version of the policy.
    pub fn digest(&self) -> Digest {
        self.digest
    }

    /// What is decided where no rule matches.
    pub fn default_decision(&self) -> DefaultDecision {
        self.default
    }

    /// How images have to be named.
    pub fn digest_mode(&self) -> DigestMode {
        self.digest_mode
    }

    /// The instances whose trusted roots an evaluation needs.
    pub fn instances(&self) -> &[TrustInstance] {
        &self.instances
    }

    /// The files of keys that an evaluation needs, relative to the policy file.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.keys.iter().map(String::as_str)
    }

    /// The names of the rules.
    pub fn rules(&self) -> impl Iterator<Item = &str> {
        self.rules.iter().map(|rule| rule.name.as_str())
    }

    /// What has to be found out about a subject with this name.
    pub fn asks(&self, subject: &Subject) -> Asked {
        let mut asked = Asked {
            rules: 0,
            evidence: false,
            platforms: Vec::new(),
        };
        for rule in self.matching(subject) {
            asked.rules = asked.rules.saturating_add(1);
            if let Body::Check(check) = &rule.body {
                asked.evidence = true;
                if !asked.platforms.contains(&check.platforms) {
                    asked.platforms.push(check.platforms.clone());
                }
            }
        }
        asked
    }

    pub(super) fn matching(&self, subject: &Subject) -> impl Iterator<Item = &Rule> {
        self.rules
            .iter()
            .filter(|rule| rule.matches(subject.name()))
    }
}

impl Rule {
    pub(super) fn matches(&self, name: &str) -> bool {
        let any = |list: &[Matcher]| list.iter().any(|it| it.matches(name));
        any(&self.matching) && !any(&self.except)
    }
}

impl Check {
    /// Everybody whom the rule names.
    pub(super) fn signers(&self) -> impl Iterator<Item = &Signers> {
        let of_attestations = self.attestations.iter().map(|it| &it.signed_by);
        self.signed_by.iter().chain(of_attestations)
    }
}
