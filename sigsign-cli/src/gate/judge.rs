//! What the policy says of one image: from the registry to the verdict, with everything remembered
//! that may be.

use std::sync::Arc;
use std::time::{Duration, Instant};

use moka::Expiry;
use moka::future::Cache;
use sigsign_core::digest::Digest;
use sigsign_core::oci::{Image, Reference, RegistryError, Remote, Target};
use sigsign_core::policy_file::{Decision, DigestMode, Evidence, Mode, Outcome, Subject, Verdict};
use tokio::sync::Semaphore;
use tokio::time::timeout;

use super::contents::Contents;
use super::metrics::{Count, Metrics};
use super::policy::Loaded;
use super::words;
use crate::commands::now;
use crate::policy::image::{FetchError, fetch};

/// Verdicts that are remembered; each is some hundred bytes.
const VERDICTS: u64 = 100_000;
const TAGS: u64 = 10_000;

/// How long a refusal is good, and where a tag leads: not long, since both may change at any
/// moment.
const DENIED_FOR: Duration = Duration::from_secs(30);
const TAG_FOR: Duration = Duration::from_secs(30);

/// Images that are looked at side by side: all of them, and those of one registry, so that one that
/// does not answer leaves room for the others.
const AT_ONCE: usize = 32;
const AT_ONCE_OF_ONE: usize = 8;

/// Registries whose room is remembered. One that is forgotten has room again.
const REGISTRIES: u64 = 1_000;

/// What is to become of an image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Judgement {
    pub(super) outcome: Ruling,
    /// Sentences for whoever wants to run it; for logs, if it is allowed.
    pub(super) text: String,
    /// The image by its digest, if the policy was asked about one.
    pub(super) pinned: Option<String>,
    /// The rules that are about it, with what becomes of what they do not allow.
    pub(super) rules: Vec<(String, &'static str)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ruling {
    Allowed,
    Warned,
    Denied,
    /// There is no answer: the registry or storage is in trouble, not the image.
    Unknown,
}

impl Ruling {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Allowed => "allowed",
            Self::Warned => "warned",
            Self::Denied => "denied",
            Self::Unknown => "unknown",
        }
    }
}

impl From<Decision> for Ruling {
    fn from(decision: Decision) -> Self {
        match decision {
            Decision::Allow => Self::Allowed,
            Decision::Warn => Self::Warned,
            Decision::Deny => Self::Denied,
            _ => Self::Unknown,
        }
    }
}

impl Judgement {
    /// Without a policy: what is no image.
    fn malformed(image: &str, error: &dyn std::error::Error) -> Self {
        Self {
            outcome: Ruling::Denied,
            text: words::malformed(image, error),
            pinned: None,
            rules: Vec::new(),
        }
    }

    fn new(outcome: Ruling, text: String, verdict: &Verdict) -> Self {
        let mode = |outcome, mode| match (outcome, mode) {
            (Outcome::Skipped, _) => "skip",
            (_, Mode::Warn) => "warn",
            _ => "enforce",
        };
        let rules = verdict.rules().iter();
        let rules = rules.map(|it| (it.name().to_owned(), mode(it.outcome(), it.mode())));
        Self {
            outcome,
            text,
            pinned: None,
            rules: rules.collect(),
        }
    }

    /// As the verdict has it.
    fn of(image: &str, verdict: &Verdict) -> Self {
        let outcome = Ruling::from(verdict.decision());
        let text = match outcome {
            Ruling::Allowed => words::praised(image, verdict),
            _ => words::explained(image, verdict),
        };
        Self::new(outcome, text, verdict)
    }
}

/// Judges images, each digest once however many ask for it.
pub(super) struct Judge {
    remote: Remote,
    contents: Contents,
    verdicts: Cache<Key, Arc<Judgement>>,
    tags: Cache<String, Digest>,
    room: Semaphore,
    rooms: Cache<String, Arc<Semaphore>>,
    metrics: Arc<Metrics>,
}

/// What a verdict is about: a version of the policy, and an image by name and digest.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Key {
    policy: Arc<str>,
    name: String,
    digest: String,
}

/// How long a verdict is good: long for what is signed, which stays so; short for what is not.
struct ByOutcome {
    allowed: Duration,
}

impl Expiry<Key, Arc<Judgement>> for ByOutcome {
    fn expire_after_create(&self, _: &Key, it: &Arc<Judgement>, _: Instant) -> Option<Duration> {
        Some(match it.outcome {
            Ruling::Allowed => self.allowed,
            Ruling::Warned | Ruling::Denied => DENIED_FOR,
            Ruling::Unknown => Duration::ZERO,
        })
    }
}

/// An image as an object names it.
struct Named<'a> {
    image: &'a str,
    reference: Reference,
    subject: Subject,
}

impl<'a> Named<'a> {
    fn parse(image: &'a str) -> Result<Self, Judgement> {
        let reference =
            Reference::expand(image).map_err(|error| Judgement::malformed(image, &error))?;
        let name = reference.name();
        let subject = match reference.digest() {
            Some(digest) => Subject::image(&name, digest),
            None => Subject::tagged_image(&name, None),
        };
        Ok(Self {
            subject: subject.map_err(|error| Judgement::malformed(image, &error))?,
            image,
            reference,
        })
    }

    /// What the policy says where nothing could be seen.
    fn unseen(&self, loaded: &Loaded, why: &str) -> Verdict {
        let evidence = Evidence::new(Vec::new()).with_gap(why);
        let evaluator = &loaded.policy.evaluator;
        evaluator.evaluate(&self.subject, &evidence, now())
    }

    /// A refusal for another reason than a rule, if the rules do not let it pass with a warning.
    fn refused(&self, loaded: &Loaded, outcome: Ruling, text: String) -> Judgement {
        let verdict = self.unseen(loaded, &text);
        match verdict.decision() {
            Decision::Allow => Judgement::of(self.image, &verdict),
            Decision::Warn => Judgement::new(Ruling::Warned, text, &verdict),
            _ => Judgement::new(outcome, text, &verdict),
        }
    }
}

impl Judge {
    /// `allowed` is how long a permission is remembered.
    pub(super) fn new(remote: Remote, allowed: Duration, metrics: Arc<Metrics>) -> Self {
        Self {
            remote,
            contents: Contents::new(Arc::clone(&metrics)),
            verdicts: Cache::builder()
                .max_capacity(VERDICTS)
                .expire_after(ByOutcome { allowed })
                .build(),
            tags: Cache::builder()
                .max_capacity(TAGS)
                .time_to_live(TAG_FOR)
                .build(),
            room: Semaphore::new(AT_ONCE),
            rooms: Cache::builder().max_capacity(REGISTRIES).build(),
            metrics,
        }
    }

    /// The image by its digest, if the policy wants its tag exchanged for one.
    pub(super) async fn pin(
        &self,
        loaded: &Loaded,
        image: &str,
        patience: Duration,
    ) -> Result<Option<String>, Judgement> {
        let named = Named::parse(image)?;
        let file = loaded.policy.evaluator.policy_file();
        let wants =
            file.digest_mode() == DigestMode::Resolve && file.asks(&named.subject).needs_evidence();
        if !wants || named.reference.digest().is_some() {
            return Ok(None);
        }
        match timeout(patience, self.resolve(&named.reference)).await {
            Ok(Ok(digest)) => Ok(Some(named.reference.with_digest(digest).to_string())),
            Ok(Err(error)) => Err(self.unanswered(loaded, &named, &error)),
            Err(_) => Err(self.late(loaded, &named, patience)),
        }
    }

    /// What the policy says of an image, within the time that there is.
    pub(super) async fn judge(
        &self,
        loaded: &Loaded,
        image: &str,
        patience: Duration,
    ) -> Judgement {
        let named = match Named::parse(image) {
            Ok(named) => named,
            Err(malformed) => return malformed,
        };
        match timeout(patience, self.decide(loaded, &named)).await {
            Ok(judgement) => judgement,
            Err(_) => self.late(loaded, &named, patience),
        }
    }

    async fn decide(&self, loaded: &Loaded, named: &Named<'_>) -> Judgement {
        let evaluator = &loaded.policy.evaluator;
        if !evaluator
            .policy_file()
            .asks(&named.subject)
            .needs_evidence()
        {
            let verdict = evaluator.evaluate(&named.subject, &Evidence::new(Vec::new()), now());
            return Judgement::of(named.image, &verdict);
        }
        match named.reference.digest() {
            Some(digest) => self.known(loaded, named, digest).await,
            // What was resolved and looked at may be another image when it is run.
            None => {
                let text = match evaluator.policy_file().digest_mode() {
                    DigestMode::Resolve => words::unresolved(named.image),
                    _ => words::untagged(named.image),
                };
                named.refused(loaded, Ruling::Denied, text)
            }
        }
    }

    /// The verdict that is remembered, or a new one, for which many may be waiting.
    async fn known(&self, loaded: &Loaded, named: &Named<'_>, digest: Digest) -> Judgement {
        let key = Key {
            policy: Arc::clone(&loaded.version),
            name: named.reference.name(),
            digest: digest.to_string(),
        };
        let is_there = self.verdicts.contains_key(&key);
        self.metrics.count(Count::Cache("verdict", is_there));
        let looking = async { Arc::new(self.look(loaded, named, digest).await) };
        (*self.verdicts.get_with(key, looking).await).clone()
    }

    /// The digest that a tag has now. It is asked for once by everybody who asks at the same time.
    async fn resolve(&self, reference: &Reference) -> Result<Digest, Arc<RegistryError>> {
        let key = reference.to_string();
        let is_there = self.tags.contains_key(&key);
        self.metrics.count(Count::Cache("tag", is_there));
        let asking = async {
            let _room = self.enter(reference).await;
            let begun = Instant::now();
            let repository = self.contents.of(self.remote.repository(reference));
            let image = Image::resolve(&repository, &reference.target()).await;
            self.metrics.took("resolution", begun.elapsed());
            image.map(|it| it.digest())
        };
        self.tags.try_get_with(key, asking).await
    }

    /// Asks the registry for everything that was signed about the image, and the policy about that.
    async fn look(&self, loaded: &Loaded, named: &Named<'_>, digest: Digest) -> Judgement {
        let evaluator = &loaded.policy.evaluator;
        let fetched = {
            let _room = self.enter(&named.reference).await;
            let begun = Instant::now();
            let repository = self.contents.of(self.remote.repository(&named.reference));
            let name = named.reference.name();
            let fetched = fetch(evaluator, &repository, (&name, &Target::Digest(digest))).await;
            self.metrics.took("registry", begun.elapsed());
            fetched
        };
        let fetched = match fetched {
            Ok(fetched) => fetched,
            Err(FetchError::Name(error)) => return Judgement::malformed(named.image, &error),
            Err(FetchError::Registry(error)) => return self.unanswered(loaded, named, &error),
        };
        for error in fetched.trouble() {
            self.metrics.count(Count::Upstream(error.code()));
        }
        let begun = Instant::now();
        let verdict = fetched.judge(evaluator, now());
        self.metrics.took("verification", begun.elapsed());
        self.metrics.count(Count::Verification(
            verdict.decision().name(),
            reason(&verdict),
        ));
        Judgement {
            pinned: Some(named.reference.with_digest(digest).to_string()),
            ..Judgement::of(named.image, &verdict)
        }
    }

    /// Waits for room: of the registry first, so that whoever waits for it takes none of the others'.
    async fn enter(&self, reference: &Reference) -> Room<'_> {
        let new = async { Arc::new(Semaphore::new(AT_ONCE_OF_ONE)) };
        let registry = reference.registry().to_owned();
        let of_registry = self.rooms.get_with(registry, new).await;
        Room {
            _registry: of_registry.acquire_owned().await.ok(),
            _all: self.room.acquire().await.ok(),
        }
    }

    fn unanswered(&self, loaded: &Loaded, named: &Named<'_>, error: &RegistryError) -> Judgement {
        self.metrics.count(Count::Upstream(error.code()));
        let outcome = match error {
            // Not what was signed, but what hands it out.
            RegistryError::DigestMismatch { .. } | RegistryError::SizeMismatch { .. } => {
                Ruling::Unknown
            }
            error if error.is_passing() => Ruling::Unknown,
            _ => Ruling::Denied,
        };
        named.refused(loaded, outcome, words::unanswered(named.image, error))
    }

    fn late(&self, loaded: &Loaded, named: &Named<'_>, patience: Duration) -> Judgement {
        self.metrics.count(Count::Late);
        let text = words::late(named.image, patience.as_secs_f32());
        named.refused(loaded, Ruling::Unknown, text)
    }
}

/// A place among those who look at images, until it is left.
struct Room<'a> {
    _registry: Option<tokio::sync::OwnedSemaphorePermit>,
    _all: Option<tokio::sync::SemaphorePermit<'a>>,
}

/// The first thing that does not hold.
fn reason(verdict: &Verdict) -> &'static str {
    let mut unmet = verdict.rules().iter().flat_map(|it| it.unmet());
    unmet.find_map(|it| it.code()).map_or("", |it| it.code())
}
