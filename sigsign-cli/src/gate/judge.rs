//! What the policy says of one image: from the registry to the verdict, with everything remembered
//! that may be.

use std::sync::Arc;
use std::time::{Duration, Instant};

use moka::Expiry;
use moka::future::Cache;
use sigsign_core::bundle::KeyMaterial;
use sigsign_core::digest::Digest;
use sigsign_core::encoding::Escaped;
use sigsign_core::oci::{
    self, Attachment, Content, Demand, Image, Member, Reference, RegistryError, Remote,
    RemoteRepository,
};
use sigsign_core::policy::Policy as Asked;
use sigsign_core::policy_file::{
    Candidate, Decision, DigestMode, Evidence, Part, Platforms, Refused, SignerKind, Subject,
    Verdict,
};
use sigsign_core::time::Timestamp;
use sigsign_core::verify::{Verified, Verifier};
use tokio::sync::Semaphore;

use super::metrics::{Count, Metrics};
use super::policy::Loaded;
use crate::commands::now;

/// Verdicts that are remembered; each is some hundred bytes.
const VERDICTS: u64 = 100_000;
const TAGS: u64 = 10_000;

/// How long a verdict is good: long for what is signed, which stays so; short for what is not,
/// which may be signed at any moment.
const ALLOWED_FOR: Duration = Duration::from_secs(3600);
const DENIED_FOR: Duration = Duration::from_secs(30);
const TAG_FOR: Duration = Duration::from_secs(30);

/// Images that are looked at side by side.
const AT_ONCE: usize = 32;

/// What is to become of an image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Judgement {
    pub(super) outcome: Outcome,
    /// Sentences for whoever wants to run it.
    pub(super) text: String,
    /// The image by its digest, if the policy was asked about one.
    pub(super) pinned: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    Allowed,
    Warned,
    Denied,
    /// There is no answer: the registry or storage is in trouble, not the image.
    Unknown,
}

impl Outcome {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Allowed => "allowed",
            Self::Warned => "warned",
            Self::Denied => "denied",
            Self::Unknown => "unknown",
        }
    }
}

/// Judges images, each digest once however many ask for it.
pub(super) struct Judge {
    remote: Remote,
    verdicts: Cache<Key, Arc<Judgement>>,
    tags: Cache<String, Digest>,
    room: Semaphore,
    metrics: Arc<Metrics>,
}

/// What a verdict is about: a version of the policy, and an image by name and digest.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Key {
    generation: u64,
    name: String,
    digest: String,
}

struct ByOutcome;

impl Expiry<Key, Arc<Judgement>> for ByOutcome {
    fn expire_after_create(&self, _: &Key, it: &Arc<Judgement>, _: Instant) -> Option<Duration> {
        Some(match it.outcome {
            Outcome::Allowed | Outcome::Warned => ALLOWED_FOR,
            Outcome::Denied => DENIED_FOR,
            Outcome::Unknown => Duration::ZERO,
        })
    }
}

impl Judge {
    pub(super) fn new(remote: Remote, metrics: Arc<Metrics>) -> Self {
        Self {
            remote,
            verdicts: Cache::builder()
                .max_capacity(VERDICTS)
                .expire_after(ByOutcome)
                .build(),
            tags: Cache::builder()
                .max_capacity(TAGS)
                .time_to_live(TAG_FOR)
                .build(),
            room: Semaphore::new(AT_ONCE),
            metrics,
        }
    }

    /// The image by its digest, if the policy wants its tag exchanged for one.
    pub(super) async fn pin(
        &self,
        loaded: &Loaded,
        image: &str,
    ) -> Result<Option<String>, Judgement> {
        let reference = parse(image)?;
        let subject = named(&reference)?;
        let file = loaded.policy.evaluator.policy_file();
        let wants =
            file.digest_mode() == DigestMode::Resolve && file.asks(&subject).needs_evidence();
        if !wants || reference.digest().is_some() {
            return Ok(None);
        }
        let digest = self.resolve(&reference).await?;
        Ok(Some(reference.with_digest(digest).to_string()))
    }

    /// What the policy says of an image.
    pub(super) async fn judge(&self, loaded: &Loaded, image: &str) -> Judgement {
        let judged = self.try_judge(loaded, image).await;
        judged.unwrap_or_else(|failed| failed)
    }

    async fn try_judge(&self, loaded: &Loaded, image: &str) -> Result<Judgement, Judgement> {
        let reference = parse(image)?;
        let subject = named(&reference)?;
        let evaluator = &loaded.policy.evaluator;
        let file = evaluator.policy_file();
        let asked = file.asks(&subject);
        if !asked.needs_evidence() {
            let subject = match reference.digest() {
                Some(digest) => pinned(&reference, digest)?,
                None => subject,
            };
            let verdict = evaluator.evaluate(&subject, &Evidence::new(Vec::new()), now());
            return Ok(judgement(image, &verdict, None));
        }
        let digest = match reference.digest() {
            Some(digest) => digest,
            // What was resolved and looked at may be another image when it is run.
            None if file.digest_mode() == DigestMode::Resolve => return Err(untagged(image)),
            None => self.resolve(&reference).await?,
        };
        let is_pinned = reference.digest().is_some();
        let subject = if is_pinned {
            pinned(&reference, digest)?
        } else {
            Subject::tagged_image(&reference.name(), Some(digest))
                .map_err(|it| malformed(image, &it))?
        };
        // A tag may not be allowed where a digest is, so what is remembered is about digests only.
        if !is_pinned {
            return Ok(self.look(loaded, image, &reference, &subject, digest).await);
        }
        let key = Key {
            generation: loaded.generation,
            name: reference.name(),
            digest: digest.to_string(),
        };
        self.metrics
            .count(Count::Cache("verdict", self.verdicts.contains_key(&key)));
        let looking =
            async { Arc::new(self.look(loaded, image, &reference, &subject, digest).await) };
        Ok((*self.verdicts.get_with(key, looking).await).clone())
    }

    /// The digest that a tag has now. It is asked for once by everybody who asks at the same time.
    async fn resolve(&self, reference: &Reference) -> Result<Digest, Judgement> {
        let key = reference.to_string();
        self.metrics
            .count(Count::Cache("tag", self.tags.contains_key(&key)));
        let asking = async {
            let repository = self.remote.repository(reference);
            let image = Image::resolve(&repository, &reference.target()).await;
            image.map(|it| it.digest())
        };
        let found = self.tags.try_get_with(key, asking).await;
        found.map_err(|error| self.unanswered(&reference.to_string(), &error))
    }

    fn unanswered(&self, image: &str, error: &RegistryError) -> Judgement {
        self.metrics.count(Count::Upstream(error.code()));
        let outcome = if error.is_passing() {
            Outcome::Unknown
        } else {
            Outcome::Denied
        };
        Judgement {
            outcome,
            text: format!(
                "{}: cannot be looked at: {error} ({})",
                Escaped(image),
                error.code()
            ),
            pinned: None,
        }
    }

    /// Asks the registry for everything that was signed about the image, and the policy about that.
    async fn look(
        &self,
        loaded: &Loaded,
        image: &str,
        reference: &Reference,
        subject: &Subject,
        digest: Digest,
    ) -> Judgement {
        let Ok(_place) = self.room.acquire().await else {
            return Judgement {
                outcome: Outcome::Unknown,
                text: format!("{}: the gate is closing", Escaped(image)),
                pinned: None,
            };
        };
        let begun = Instant::now();
        let repository = self.remote.repository(reference);
        let evaluator = &loaded.policy.evaluator;
        let asked = evaluator.policy_file().asks(subject);
        let wants_parts = asked.platforms().iter().any(|it| *it != Platforms::Index);
        let whole = Seen::of(&repository, digest).await;
        let parts = if wants_parts {
            parts(&repository, digest, asked.platforms()).await
        } else {
            Ok(Vec::new())
        };
        self.metrics.took("registry", begun.elapsed());
        let begun = Instant::now();
        let mut evidence = Evidence::new(whole.candidates());
        for gap in whole.gaps.iter().cloned() {
            evidence = evidence.with_gap(gap);
        }
        match &parts {
            Ok(parts) if wants_parts => {
                for gap in parts.iter().flat_map(|(_, seen)| seen.gaps.iter().cloned()) {
                    evidence = evidence.with_gap(gap);
                }
                let parts = parts
                    .iter()
                    .map(|(name, seen)| Part::new(name, seen.candidates()));
                evidence = evidence.with_parts(parts.collect());
            }
            Ok(_) => {}
            Err(error) => evidence = evidence.with_gap(error.to_string()),
        }
        let verdict = evaluator.evaluate(subject, &evidence, now());
        self.metrics.took("verification", begun.elapsed());
        self.metrics
            .count(Count::Verification(verdict.decision().name()));
        judgement(
            image,
            &verdict,
            Some(reference.with_digest(digest).to_string()),
        )
    }
}

/// Each manifest of an index that is an image of some platform. An image that is no index runs on
/// whatever platform it is run on, so that is it for each that a rule names.
async fn parts(
    repository: &RemoteRepository,
    digest: Digest,
    wanted: &[Platforms],
) -> Result<Vec<(String, Seen)>, RegistryError> {
    let image = Image::resolve(repository, &oci::Target::Digest(digest)).await?;
    let mut parts = Vec::new();
    if matches!(image.document(), oci::Document::Manifest(_)) {
        for platforms in wanted {
            let Platforms::Named(names) = platforms else {
                continue;
            };
            for name in names {
                parts.push((name.clone(), Seen::of(repository, digest).await));
            }
        }
        return Ok(parts);
    }
    for member in image.members() {
        // What is listed for no platform may run all the same.
        let (platform, descriptor) = match member {
            Member::Platform(platform, descriptor) => (platform.to_string(), descriptor),
            Member::Other(descriptor) => ("no platform".to_owned(), descriptor),
            _ => continue,
        };
        parts.push((platform, Seen::of(repository, descriptor.digest()).await));
    }
    Ok(parts)
}

/// What there is about one digest, and what could not be seen.
struct Seen {
    found: Vec<About>,
    gaps: Vec<String>,
}

impl Seen {
    async fn of(repository: &RemoteRepository, digest: Digest) -> Self {
        let found = oci::find(repository, digest).await;
        let gaps = found
            .unusable()
            .iter()
            .filter_map(|(place, error)| match error {
                oci::AttachmentError::Registry(error) => Some(format!("{place}: {error}")),
                _ => None,
            });
        Self {
            gaps: gaps.collect(),
            found: found
                .attachments()
                .iter()
                .map(|it| About {
                    attachment: it.clone(),
                    digest,
                })
                .collect(),
        }
    }

    fn candidates(&self) -> Vec<&dyn Candidate> {
        self.found.iter().map(|it| it as &dyn Candidate).collect()
    }
}

/// An attachment, and the digest that it has to be about.
struct About {
    attachment: Attachment,
    digest: Digest,
}

impl Candidate for About {
    fn label(&self) -> String {
        self.attachment.place().to_owned()
    }

    fn signer_kind(&self) -> SignerKind {
        let (Content::Bundle(bundle) | Content::Envelope(bundle) | Content::Payload(_, bundle)) =
            self.attachment.content()
        else {
            return SignerKind::Certificate;
        };
        match bundle.key_material() {
            KeyMaterial::PublicKeyHint(_) => SignerKind::Key,
            _ => SignerKind::Certificate,
        }
    }

    fn verify(
        &self,
        verifier: &Verifier,
        policy: &Asked,
        now: Timestamp,
    ) -> Result<Verified, Refused> {
        let demand = Demand::new(self.attachment.claim());
        let verified = self
            .attachment
            .verify(verifier, policy, (self.digest, &demand), now);
        verified.map_err(|error| Refused::new(error.code(), &error))
    }
}

fn judgement(image: &str, verdict: &Verdict, pinned: Option<String>) -> Judgement {
    let outcome = match verdict.decision() {
        Decision::Allow => Outcome::Allowed,
        Decision::Warn => Outcome::Warned,
        Decision::Deny => Outcome::Denied,
        _ => Outcome::Unknown,
    };
    let text = if outcome == Outcome::Allowed {
        String::new()
    } else {
        explained(image, verdict)
    };
    Judgement {
        outcome,
        text,
        pinned,
    }
}

/// The rules that do not hold, with what was wanted and what was found; at most a screen of it.
fn explained(image: &str, verdict: &Verdict) -> String {
    let mut first = Escaped(image).to_string();
    if !image.starts_with(verdict.name()) {
        first.push_str(&format!(", which is {}", Escaped(verdict.name())));
    }
    if let Some(digest) = verdict.digest().filter(|_| !image.contains('@')) {
        first.push_str(&format!(", {digest}"));
    }
    let mut lines = vec![first];
    for rule in verdict.rules() {
        for condition in rule.unmet().take(5) {
            let code = condition.code().map_or("", |it| it.code());
            lines.push(format!(
                "  {}: wanted {}, found {} ({code})",
                Escaped(rule.name()),
                condition.wanted(),
                condition.found()
            ));
        }
    }
    for candidate in verdict
        .candidates()
        .iter()
        .filter(|it| !it.is_verified())
        .take(5)
    {
        let problem = candidate.problem().join(": ");
        lines.push(format!(
            "  not counted: {}: {problem}",
            Escaped(candidate.label())
        ));
    }
    if verdict.decision() == Decision::NoAnswer {
        let gaps = verdict.gaps().iter().take(5);
        lines.extend(gaps.map(|it| format!("  no answer: {}", Escaped(it))));
    }
    lines.join("\n")
}

fn parse(image: &str) -> Result<Reference, Judgement> {
    Reference::expand(image).map_err(|error| malformed(image, &error))
}

fn named(reference: &Reference) -> Result<Subject, Judgement> {
    let name = reference.name();
    Subject::tagged_image(&name, None).map_err(|error| malformed(&name, &error))
}

fn pinned(reference: &Reference, digest: Digest) -> Result<Subject, Judgement> {
    let name = reference.name();
    Subject::image(&name, digest).map_err(|error| malformed(&name, &error))
}

fn malformed(image: &str, error: &dyn std::error::Error) -> Judgement {
    Judgement {
        outcome: Outcome::Denied,
        text: format!("{}: {error}", Escaped(image)),
        pinned: None,
    }
}

fn untagged(image: &str) -> Judgement {
    Judgement {
        outcome: Outcome::Denied,
        text: format!(
            "{}: wanted a digest in place of the tag: the webhook that changes objects puts it \
             there, and did not see this one (rule.digest)",
            Escaped(image)
        ),
        pinned: None,
    }
}
