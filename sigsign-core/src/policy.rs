//! What a caller asks of a bundle.
//!
//! In: the user's choices. Out: a [`Policy`] with no choice missing: who must have signed, and
//! how many independent parties must vouch for it. Not here: any check; [`crate::verify`] makes
//! them. Nothing in a policy comes from a bundle.

mod glob;

use std::fmt;
use std::num::NonZeroU8;

use regex_lite::Regex;

use crate::crypto::PublicKey;
use crate::encoding::Escaped;
use crate::note::WitnessKey;
use crate::time::Validity;
use crate::x509::FulcioExtension;

/// Why a policy cannot be made.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PolicyError {
    /// An empty string where a subject, issuer, value or type is needed, by the name of the field.
    Empty(&'static str),
    /// A glob with something else in it than text, `*`, `?`, and `**` as a whole segment.
    Glob {
        /// The glob as it was given.
        glob: String,
    },
    /// A list of identities with nothing in it.
    NoIdentity,
    /// A pattern that is not a regular expression.
    Pattern {
        /// The pattern as it was given.
        pattern: String,
    },
    /// A GitHub repository that is not `OWNER/REPO`.
    Repository {
        /// What was given.
        found: String,
    },
    /// More witnesses asked for than there are distinct names and keys in the list.
    Quorum {
        /// The number asked for.
        need: u8,
        /// Distinct witnesses in the list.
        have: usize,
    },
}

impl PolicyError {
    /// The stable code of this error.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Empty(_) => "policy.empty",
            Self::Glob { .. } => "policy.glob",
            Self::NoIdentity => "policy.no-identity",
            Self::Pattern { .. } => "policy.pattern",
            Self::Repository { .. } => "policy.repository",
            Self::Quorum { .. } => "policy.quorum",
        }
    }
}

impl fmt::Display for PolicyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty(what) => write!(f, "{what} is empty"),
            Self::Glob { glob } => write!(
                f,
                "not a glob: {}: ** stands for whole segments between slashes, * and ? for parts \
                 of one, and there is nothing else",
                Escaped(glob)
            ),
            Self::NoIdentity => f.write_str("the list of identities is empty"),
            Self::Pattern { pattern } => write!(f, "not a regular expression: {pattern}"),
            Self::Repository { found } => {
                write!(f, "wanted a repository as OWNER/REPO, found {found}")
            }
            Self::Quorum { need, have } => {
                write!(f, "wanted {need} witnesses, but only {have} are named")
            }
        }
    }
}

impl std::error::Error for PolicyError {}

/// What a string must be: one string exactly, or any that a pattern or a glob covers from end to
/// end.
#[derive(Clone, Debug)]
pub struct Matcher(Kind);

#[derive(Clone, Debug)]
enum Kind {
    Exact(String),
    Glob { source: String, regex: Regex },
    Pattern { source: String, regex: Regex },
}

impl Matcher {
    /// Matches `text` and nothing else: no case folding, no trimming (O25).
    ///
    /// # Errors
    ///
    /// [`PolicyError::Empty`] if there is no text to match.
    pub fn exact(text: impl Into<String>) -> Result<Self, PolicyError> {
        Ok(Self(Kind::Exact(not_empty(
            text.into(),
            "the text to match",
        )?)))
    }

    /// Matches what the regular expression covers from its first to its last character (V59).
    ///
    /// The anchors are added here; there is no way to match a part of a string.
    ///
    /// # Errors
    ///
    /// - [`PolicyError::Empty`] if the pattern is empty.
    /// - [`PolicyError::Pattern`] if it is not a regular expression.
    pub fn pattern(pattern: impl Into<String>) -> Result<Self, PolicyError> {
        let source = not_empty(pattern.into(), "the pattern")?;
        // By itself first, so that unbalanced parentheses cannot escape from the group below.
        let regex = Regex::new(&source)
            .and_then(|_| Regex::new(&format!(r"\A(?:{source})\z")))
            .map_err(|_| PolicyError::Pattern {
                pattern: source.clone(),
            })?;
        Ok(Self(Kind::Pattern { source, regex }))
    }

    /// Matches what the glob covers from its first to its last character.
    ///
    /// `*` stands for any number of characters and `?` for one, neither of them a slash; `**`
    /// stands for one or more whole segments between slashes, and `**/` for none, too. Every other
    /// character stands for itself.
    ///
    /// # Errors
    ///
    /// - [`PolicyError::Empty`] if the glob is empty.
    /// - [`PolicyError::Glob`] if `**` is only a part of a segment, or if there is a bracket, brace
    ///   or backslash, which other globs give a meaning.
    pub fn glob(glob: impl Into<String>) -> Result<Self, PolicyError> {
        let source = not_empty(glob.into(), "the glob")?;
        let regex = glob::regex(&source).ok_or_else(|| PolicyError::Glob {
            glob: source.clone(),
        })?;
        Ok(Self(Kind::Glob { source, regex }))
    }

    /// Whether `text` is what is asked for.
    pub fn matches(&self, text: &str) -> bool {
        match &self.0 {
            Kind::Exact(exact) => exact == text,
            Kind::Glob { regex, .. } | Kind::Pattern { regex, .. } => regex.is_match(text),
        }
    }
}

impl fmt::Display for Matcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Kind::Exact(exact) => f.write_str(exact),
            Kind::Glob { source, .. } => write!(f, "glob {source}"),
            Kind::Pattern { source, .. } => write!(f, "pattern {source}"),
        }
    }
}

impl PartialEq for Matcher {
    fn eq(&self, other: &Self) -> bool {
        match (&self.0, &other.0) {
            (Kind::Exact(a), Kind::Exact(b)) => a == b,
            (Kind::Glob { source: a, .. }, Kind::Glob { source: b, .. }) => a == b,
            (Kind::Pattern { source: a, .. }, Kind::Pattern { source: b, .. }) => a == b,
            _ => false,
        }
    }
}

impl Eq for Matcher {}

/// Who must have signed: a subject and the issuer that vouched for it, always together.
///
/// ```
/// # use sigsign_core::policy::{Identity, Matcher, PolicyError};
/// # fn main() -> Result<(), PolicyError> {
/// let who = Identity::new(Matcher::exact("me@example.org")?, "https://issuer.example")?;
/// # Ok(())
/// # }
/// ```
///
/// A subject alone is none:
///
/// ```compile_fail,E0061
/// # use sigsign_core::policy::{Identity, Matcher, PolicyError};
/// # fn main() -> Result<(), PolicyError> {
/// let who = Identity::new(Matcher::exact("me@example.org")?)?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    subject: Matcher,
    issuer: String,
    extensions: Vec<(FulcioExtension, Matcher)>,
}

impl Identity {
    /// The identity `subject`, as `issuer` knows it.
    ///
    /// `issuer` is the URL of the token issuer, compared exactly.
    ///
    /// # Errors
    ///
    /// [`PolicyError::Empty`] if the issuer is empty.
    ///
    /// Spec: client-spec 4.3; oid-info 1.3.6.1.4.1.57264.1.8
    pub fn new(subject: Matcher, issuer: impl Into<String>) -> Result<Self, PolicyError> {
        let issuer = not_empty(issuer.into(), "the issuer")?;
        Ok(Self {
            subject,
            issuer,
            extensions: Vec::new(),
        })
    }

    /// A workflow of a GitHub repository, by its certificate extensions.
    ///
    /// # Errors
    ///
    /// [`PolicyError::Repository`] if the repository is not `OWNER/REPO`, and
    /// [`PolicyError::Empty`] if an optional part is given and empty.
    pub fn github(workflow: &GitHubWorkflow) -> Result<Self, PolicyError> {
        workflow.identity()
    }

    /// Asks for a certificate extension, too.
    #[must_use]
    pub fn with_extension(mut self, extension: FulcioExtension, value: Matcher) -> Self {
        self.extensions.push((extension, value));
        self
    }

    /// What the subject must be.
    pub fn subject(&self) -> &Matcher {
        &self.subject
    }

    /// What the issuer must be.
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// What certificate extensions must be.
    pub fn extensions(&self) -> &[(FulcioExtension, Matcher)] {
        &self.extensions
    }
}

/// The parts of a GitHub workflow identity that a caller may ask for.
///
/// It compiles to checks of certificate extensions with GitHub's issuer; the subject, which names
/// the workflow file that ran and so may belong to a reusable workflow of somebody else, is only
/// asked to be GitHub's.
#[derive(Clone, Debug)]
pub struct GitHubWorkflow {
    repository: String,
    workflow: Option<String>,
    reference: Option<String>,
    environment: Option<String>,
    runner: Option<String>,
}

impl GitHubWorkflow {
    /// Any workflow of `repository`, as `OWNER/REPO`.
    pub fn of(repository: impl Into<String>) -> Self {
        Self {
            repository: repository.into(),
            workflow: None,
            reference: None,
            environment: None,
            runner: None,
        }
    }

    /// Only the workflow with this file: `release.yml`, or its path in the repository.
    #[must_use]
    pub fn workflow(mut self, file: impl Into<String>) -> Self {
        self.workflow = Some(file.into());
        self
    }

    /// Only on this ref: `refs/heads/main`.
    #[must_use]
    pub fn reference(mut self, reference: impl Into<String>) -> Self {
        self.reference = Some(reference.into());
        self
    }

    /// Only with this deployment environment.
    #[must_use]
    pub fn environment(mut self, environment: impl Into<String>) -> Self {
        self.environment = Some(environment.into());
        self
    }

    /// Only on such runners: `github-hosted` or `self-hosted`.
    #[must_use]
    pub fn runner(mut self, runner: impl Into<String>) -> Self {
        self.runner = Some(runner.into());
        self
    }

    fn identity(&self) -> Result<Identity, PolicyError> {
        let uri = format!("https://github.com/{}", self.checked_repository()?);
        let mut identity = Identity::new(
            Matcher::pattern(r"https://github\.com/[^\s]+")?,
            "https://token.actions.githubusercontent.com",
        )?
        .with_extension(
            FulcioExtension::SourceRepositoryUri,
            Matcher::exact(uri.clone())?,
        );
        if let Some(file) = &self.workflow {
            let path = workflow_path(not_empty(file.clone(), "the workflow")?);
            let uri = format!(r"{}@.+", regex_lite::escape(&format!("{uri}/{path}")));
            identity =
                identity.with_extension(FulcioExtension::BuildConfigUri, Matcher::pattern(uri)?);
        }
        for (extension, value) in [
            (FulcioExtension::SourceRepositoryRef, &self.reference),
            (FulcioExtension::DeploymentEnvironment, &self.environment),
            (FulcioExtension::RunnerEnvironment, &self.runner),
        ] {
            if let Some(value) = value {
                identity = identity.with_extension(extension, Matcher::exact(value.clone())?);
            }
        }
        Ok(identity)
    }

    fn checked_repository(&self) -> Result<&str, PolicyError> {
        let is_name = |name: &str| {
            !name.is_empty()
                && name
                    .bytes()
                    .all(|c| c.is_ascii_alphanumeric() || matches!(c, b'-' | b'_' | b'.'))
        };
        match self.repository.split_once('/') {
            Some((owner, name)) if is_name(owner) && is_name(name) => Ok(&self.repository),
            _ => Err(PolicyError::Repository {
                found: self.repository.clone(),
            }),
        }
    }
}

/// A bare file name means one in the folder where workflows are.
fn workflow_path(file: String) -> String {
    if file.contains('/') {
        file
    } else {
        format!(".github/workflows/{file}")
    }
}

/// Several identities, and how many of them must match.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Identities {
    /// One is enough.
    AnyOf(Vec<Identity>),
    /// The same certificate must match every one.
    AllOf(Vec<Identity>),
}

/// The instance whose services a bundle must come from: what they vouch for, and how.
///
/// Chosen by the caller, never by the bundle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Instance {
    /// A Sigstore with a transparency log and a CT log: the public instance, staging, or one's
    /// own. One log entry, one SCT and one time.
    WithLogs,
    /// GitHub's instance for private repositories, or one built like it: signed time only, no
    /// transparency log and no CT log.
    SignedTimeOnly,
}

/// A key that a caller trusts to sign, and what is known of it.
#[derive(Clone, Debug)]
pub struct ManagedKey {
    key: PublicKey,
    hint: Option<String>,
    validity: Option<Validity>,
}

impl ManagedKey {
    /// The key alone.
    pub fn new(key: PublicKey) -> Self {
        Self {
            key,
            hint: None,
            validity: None,
        }
    }

    /// The name by which signers refer to the key, which a bundle's hint must be.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// When the key may have signed, both ends included.
    #[must_use]
    pub fn valid_for(mut self, validity: Validity) -> Self {
        self.validity = Some(validity);
        self
    }

    pub(crate) fn key(&self) -> &PublicKey {
        &self.key
    }

    pub(crate) fn expected_hint(&self) -> Option<&str> {
        self.hint.as_deref()
    }

    pub(crate) fn validity(&self) -> Option<Validity> {
        self.validity
    }
}

/// Who a policy accepts.
#[derive(Clone, Debug)]
pub(crate) enum Signer {
    Keyless(Identities),
    /// Reached through [`Danger::any_identity`] only.
    AnyIdentity,
    Key(ManagedKey),
}

/// Witnesses of a log, and how many of them must have cosigned a checkpoint.
#[derive(Clone, Debug)]
pub(crate) struct Witnesses {
    pub(crate) keys: Vec<WitnessKey>,
    pub(crate) quorum: NonZeroU8,
}

/// Everything a caller asks of a bundle.
///
/// Thresholds count distinct operators, not documents: two entries in one log are one.
///
/// There is no policy that leaves open who must have signed, short of [`Policy::danger`]:
///
/// ```
/// # use sigsign_core::policy::{Identity, Policy};
/// # fn given(who: Identity) {
/// let policy = Policy::keyless(who).danger().no_log_entry();
/// # }
/// ```
///
/// None of these compiles:
///
/// ```compile_fail,E0599
/// # use sigsign_core::policy::{Identity, Policy};
/// let policy = Policy::default();
/// ```
///
/// ```compile_fail,E0061
/// # use sigsign_core::policy::{Identity, Policy};
/// let policy = Policy::keyless();
/// ```
///
/// ```compile_fail,E0599
/// # use sigsign_core::policy::{Identity, Policy};
/// # fn given(who: Identity) {
/// let policy = Policy::keyless(who).no_log_entry();
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Policy {
    pub(crate) signer: Signer,
    pub(crate) instance: Instance,
    pub(crate) log_entries: Threshold,
    /// If asked for; otherwise one, unless the signer is a key that never runs out.
    pub(crate) times: Option<NonZeroU8>,
    pub(crate) scts: Threshold,
    pub(crate) witnesses: Option<Witnesses>,
    pub(crate) predicate_type: Option<String>,
    pub(crate) inclusion: Inclusion,
}

/// Whether a promise alone will do for an entry of a bundle 0.1 (V7).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Inclusion {
    Proof,
    /// Reached through [`Danger::no_inclusion_proof`] only.
    PromiseWillDo,
}

/// How many are needed; `Waived` only by [`Danger`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Threshold {
    AtLeast(NonZeroU8),
    /// The instance has no such service.
    None,
    Waived,
}

impl Policy {
    /// Accepts what this identity signed without a key of its own.
    pub fn keyless(identity: Identity) -> Self {
        Self::with_signer(Signer::Keyless(Identities::AnyOf(vec![identity])))
    }

    /// Accepts what a combination of identities signed.
    ///
    /// # Errors
    ///
    /// [`PolicyError::NoIdentity`] if there is none in it (A37).
    pub fn identities(identities: Identities) -> Result<Self, PolicyError> {
        let (Identities::AnyOf(list) | Identities::AllOf(list)) = &identities;
        if list.is_empty() {
            return Err(PolicyError::NoIdentity);
        }
        Ok(Self::with_signer(Signer::Keyless(identities)))
    }

    /// Accepts what was signed with this key, and nothing with a certificate (A5).
    pub fn key(key: ManagedKey) -> Self {
        Self::with_signer(Signer::Key(key))
    }

    fn with_signer(signer: Signer) -> Self {
        Self {
            signer,
            instance: Instance::WithLogs,
            log_entries: Threshold::AtLeast(NonZeroU8::MIN),
            times: None,
            scts: Threshold::AtLeast(NonZeroU8::MIN),
            witnesses: None,
            predicate_type: None,
            inclusion: Inclusion::Proof,
        }
    }

    /// Sets the instance that bundles must come from, and with it what it can vouch for.
    #[must_use]
    pub fn instance(mut self, instance: Instance) -> Self {
        let services = match instance {
            Instance::WithLogs => Threshold::AtLeast(NonZeroU8::MIN),
            Instance::SignedTimeOnly => Threshold::None,
        };
        self.instance = instance;
        self.log_entries = services;
        self.scts = services;
        self
    }

    /// Asks for entries in the logs of that many operators.
    #[must_use]
    pub fn log_entries(mut self, need: NonZeroU8) -> Self {
        self.log_entries = Threshold::AtLeast(need);
        self
    }

    /// Asks for times from that many operators of time stamp authorities or logs.
    #[must_use]
    pub fn times(mut self, need: NonZeroU8) -> Self {
        self.times = Some(need);
        self
    }

    /// Asks for SCTs from the CT logs of that many operators; of a key, which has no certificate,
    /// nobody can (V34).
    #[must_use]
    pub fn scts(mut self, need: NonZeroU8) -> Self {
        self.scts = Threshold::AtLeast(need);
        self
    }

    /// Asks that at least `quorum` of these witnesses have cosigned each entry's checkpoint (V53).
    ///
    /// # Errors
    ///
    /// [`PolicyError::Quorum`] if so many distinct witnesses are not named.
    ///
    /// Spec: rekor-v2 5.3; C2SP tlog-cosignature
    pub fn witnesses(
        mut self,
        keys: Vec<WitnessKey>,
        quorum: NonZeroU8,
    ) -> Result<Self, PolicyError> {
        let mut distinct: Vec<&WitnessKey> = Vec::new();
        for key in &keys {
            if !distinct.iter().any(|known| known.is_same(key)) {
                distinct.push(key);
            }
        }
        let (need, have) = (quorum.get(), distinct.len());
        if have < usize::from(need) {
            return Err(PolicyError::Quorum { need, have });
        }
        self.witnesses = Some(Witnesses { keys, quorum });
        Ok(self)
    }

    /// Asks for a statement with this predicate type (V58).
    ///
    /// # Errors
    ///
    /// [`PolicyError::Empty`] if the type is empty.
    pub fn predicate_type(
        mut self,
        predicate_type: impl Into<String>,
    ) -> Result<Self, PolicyError> {
        self.predicate_type = Some(not_empty(predicate_type.into(), "the predicate type")?);
        Ok(self)
    }

    /// What [`Danger`] took out, by the name of the flag that does it on the command line.
    pub(crate) fn waived(&self) -> Vec<&'static str> {
        let waivers = [
            (matches!(self.signer, Signer::AnyIdentity), "any-identity"),
            (self.log_entries == Threshold::Waived, "no-log-entry"),
            (self.scts == Threshold::Waived, "no-sct"),
            (
                self.inclusion == Inclusion::PromiseWillDo,
                "no-inclusion-proof",
            ),
        ];
        waivers
            .into_iter()
            .filter_map(|(waived, name)| waived.then_some(name))
            .collect()
    }

    /// Ways to check less. Each is listed in the report as waived.
    pub fn danger(self) -> Danger {
        Danger { policy: self }
    }

    /// Accepts any identity with a certificate of the instance; for [`Danger`].
    fn any_identity(mut self) -> Self {
        if !matches!(self.signer, Signer::Key(_)) {
            self.signer = Signer::AnyIdentity;
        }
        self
    }
}

/// A policy about to be weakened. A review of callers searches for `danger`.
#[derive(Clone, Debug)]
pub struct Danger {
    policy: Policy,
}

impl Danger {
    /// Does not look at who signed. A policy for a key stays one for that key.
    #[must_use]
    pub fn any_identity(self) -> Policy {
        self.policy.any_identity()
    }

    /// Does not ask for a log entry. Entries that are there are still checked.
    #[must_use]
    pub fn no_log_entry(mut self) -> Policy {
        self.policy.log_entries = Threshold::Waived;
        self.policy
    }

    /// Takes a log's promise for its proof in bundles 0.1, which may come without one (V7).
    #[must_use]
    pub fn no_inclusion_proof(mut self) -> Policy {
        self.policy.inclusion = Inclusion::PromiseWillDo;
        self.policy
    }

    /// Does not ask for an SCT: for a certificate authority without a CT log.
    #[must_use]
    pub fn no_sct(mut self) -> Policy {
        self.policy.scts = Threshold::Waived;
        self.policy
    }
}

fn not_empty(text: String, what: &'static str) -> Result<String, PolicyError> {
    if text.is_empty() {
        Err(PolicyError::Empty(what))
    } else {
        Ok(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn witness(name: &str, key: &str) -> WitnessKey {
        let spki = format!("MCowBQYDK2VwAyEA{key}");
        let key = PublicKey::from_spki(&crate::encoding::base64_decode(&spki).unwrap());
        WitnessKey::new(name, key.unwrap()).unwrap()
    }

    // V53 O22
    #[test]
    fn rejects_a_quorum_of_one_witness_under_several_names_or_keys() {
        let (one, other) = (
            "Pn+AREHoBaZ7wgS1zBqpxmLSGnyhxXj4lFxSdWVB8o8=",
            "GlzZBxQ8OExB6DDFvOEqqIF+xWSaqr8sMTiLNbLXRNY=",
        );
        let two = NonZeroU8::new(2).unwrap();
        let policy = |names_and_keys: [(&str, &str); 2]| {
            let keys = names_and_keys.map(|(name, key)| witness(name, key));
            let who = Identity::new(Matcher::exact("a").unwrap(), "b").unwrap();
            Policy::keyless(who).witnesses(keys.to_vec(), two).err()
        };

        assert_eq!(None, policy([("w1.example", one), ("w2.example", other)]));
        let error = Some(PolicyError::Quorum { need: 2, have: 1 });
        assert_eq!(error, policy([("w1.example", one), ("w2.example", one)]));
        assert_eq!(error, policy([("w1.example", one), ("w1.example", other)]));
    }

    #[test]
    fn accepts_exactly_the_text() {
        let matcher = Matcher::exact("a@example.org").unwrap();

        assert!(matcher.matches("a@example.org"));
        for other in [
            "A@example.org",
            " a@example.org",
            "a@example.org\0",
            "a@example.org.evil",
            "а@example.org",
        ] {
            assert!(!matcher.matches(other), "{other:?}");
        }
    }

    #[test]
    fn rejects_what_a_pattern_covers_only_in_part() {
        let matcher = Matcher::pattern("a|ab").unwrap();

        assert!(matcher.matches("a") && matcher.matches("ab"));
        for other in ["xa", "abc", "a\n", "\na", ""] {
            assert!(!matcher.matches(other), "{other:?}");
        }
        assert!(!Matcher::pattern("(?m)^a$").unwrap().matches("b\na"));
    }

    #[test]
    fn rejects_patterns_that_leave_their_group() {
        for pattern in ["a)|(b", "(", "(?x)a #", "a)|(?:b"] {
            assert_eq!(
                Some(PolicyError::Pattern {
                    pattern: pattern.into()
                }),
                Matcher::pattern(pattern).err(),
            );
        }
    }

    #[test]
    fn rejects_empty_parts() {
        assert_eq!(
            Some(PolicyError::Empty("the text to match")),
            Matcher::exact("").err()
        );
        assert_eq!(
            Some(PolicyError::Empty("the pattern")),
            Matcher::pattern("").err()
        );
        let subject = Matcher::exact("a").unwrap();
        assert_eq!(
            Some(PolicyError::Empty("the issuer")),
            Identity::new(subject, "").err()
        );
        assert_eq!(
            Some(PolicyError::NoIdentity),
            Policy::identities(Identities::AllOf(Vec::new())).err()
        );
    }

    #[test]
    fn accepts_a_github_workflow_as_extensions() {
        let workflow = GitHubWorkflow::of("o/r")
            .workflow("release.yml")
            .reference("refs/tags/v1");

        let identity = Identity::github(&workflow).unwrap();

        assert_eq!(
            "https://token.actions.githubusercontent.com",
            identity.issuer()
        );
        let [(repository, uri), (config, file), (reference, tag)] = identity.extensions() else {
            panic!("{identity:?}");
        };
        assert_eq!(
            [
                FulcioExtension::SourceRepositoryUri,
                FulcioExtension::BuildConfigUri,
                FulcioExtension::SourceRepositoryRef
            ],
            [*repository, *config, *reference]
        );
        assert!(uri.matches("https://github.com/o/r"));
        assert!(file.matches("https://github.com/o/r/.github/workflows/release.yml@refs/tags/v1"));
        assert!(!file.matches("https://github.com/o/r/.github/workflows/releaseXyml@refs/tags/v1"));
        assert!(tag.matches("refs/tags/v1"));
    }

    #[test]
    fn rejects_other_forms_of_a_repository() {
        for found in [
            "",
            "o",
            "o/",
            "/r",
            "o/r/x",
            "https://github.com/o/r",
            "o/r\n",
        ] {
            let error = Identity::github(&GitHubWorkflow::of(found)).err();

            assert_eq!(
                Some(PolicyError::Repository {
                    found: found.into()
                }),
                error
            );
        }
    }
}
