//! Images: what a policy has to see of one, and what it says then.

use futures_util::future;
use futures_util::stream::{self, StreamExt as _};
use sigsign_core::digest::Digest;
use sigsign_core::oci::{
    AttachmentError, Document, Found, Image, Member, RegistryError, Repository, Target, find,
};
use sigsign_core::policy_file::{
    Evaluator, Evidence, NameError, Part, Platforms, Subject, Verdict,
};
use sigsign_core::time::Timestamp;

/// An image, and everything beside it that a policy asks for.
#[derive(Debug)]
pub(crate) struct Fetched {
    subject: Subject,
    found: Found,
    /// The manifests of an index, by their platforms, if a rule is about them.
    parts: Option<Vec<(String, Digest, Found)>>,
}

/// Why an image cannot be looked at.
#[derive(Debug)]
pub(crate) enum FetchError {
    Name(NameError),
    Registry(RegistryError),
}

impl From<RegistryError> for FetchError {
    fn from(error: RegistryError) -> Self {
        Self::Registry(error)
    }
}

/// Fetches what the policy asks for, and nothing if it asks for nothing.
///
/// `name` is what rules are matched with. A tag is resolved once.
pub(crate) async fn fetch(
    evaluator: &Evaluator,
    repository: &dyn Repository,
    (name, target): (&str, &Target),
) -> Result<Fetched, FetchError> {
    let unresolved = match target {
        Target::Digest(digest) => Subject::image(name, *digest),
        _ => Subject::tagged_image(name, None),
    };
    let unresolved = unresolved.map_err(FetchError::Name)?;
    let asked = evaluator.policy_file().asks(&unresolved);
    if !asked.needs_evidence() {
        return Ok(Fetched {
            subject: unresolved,
            found: Found::default(),
            parts: None,
        });
    }
    let (image, found) = match target {
        // The digest is known already, so nobody has to wait for the other.
        Target::Digest(digest) => {
            let found = find(repository, *digest);
            let (image, found) = future::join(Image::resolve(repository, target), found).await;
            (image?, found)
        }
        _ => {
            let image = Image::resolve(repository, target).await?;
            let found = find(repository, image.digest()).await;
            (image, found)
        }
    };
    let parts = if asked.platforms().iter().all(|it| *it == Platforms::Index) {
        None
    } else {
        Some(parts(repository, &image, asked.platforms()).await)
    };
    let subject = match target {
        Target::Digest(_) => Subject::image(name, image.digest()),
        _ => Subject::tagged_image(name, Some(image.digest())),
    };
    Ok(Fetched {
        subject: subject.map_err(FetchError::Name)?,
        found,
        parts,
    })
}

/// Everything that an index lists, but what BuildKit says of it, which nobody signs. What is listed
/// for no platform may run all the same. An image that is no index runs on whatever platform it is
/// run on, so that is it for each that a rule names.
async fn parts(
    repository: &dyn Repository,
    image: &Image,
    wanted: &[Platforms],
) -> Vec<(String, Digest, Found)> {
    let mut parts = Vec::new();
    match image.document() {
        Document::Manifest(_) => {
            let names = wanted.iter().flat_map(|it| match it {
                Platforms::Named(names) => names.as_slice(),
                _ => &[],
            });
            parts.extend(names.map(|name| (name.clone(), image.digest())));
        }
        _ => parts.extend(image.members().iter().filter_map(|member| match member {
            Member::Platform(platform, descriptor) => {
                Some((platform.to_string(), descriptor.digest()))
            }
            Member::Other(descriptor) => Some(("no platform".to_owned(), descriptor.digest())),
            _ => None,
        })),
    }
    let finding = parts.into_iter().map(|(name, digest)| async move {
        let found = find(repository, digest).await;
        (name, digest, found)
    });
    stream::iter(finding).buffered(AT_ONCE).collect().await
}

/// Manifests of an image that are looked at side by side.
const AT_ONCE: usize = 8;

impl Fetched {
    /// The digest, if it was asked for.
    pub(crate) fn digest(&self) -> Option<Digest> {
        self.subject.digest()
    }

    /// What the policy says.
    pub(crate) fn judge(&self, evaluator: &Evaluator, now: Timestamp) -> Verdict {
        let Some(digest) = self.digest() else {
            return evaluator.evaluate(&self.subject, &Evidence::new(Vec::new()), now);
        };
        let top = self.found.candidates(digest);
        let candidates: Vec<_> = self
            .parts
            .iter()
            .flatten()
            .map(|(platform, digest, found)| (platform, found.candidates(*digest)))
            .collect();
        let mut evidence = Evidence::new(top.all());
        let gaps = candidates.iter().flat_map(|(_, it)| it.gaps());
        for gap in top.gaps().iter().chain(gaps) {
            evidence = evidence.with_gap(gap);
        }
        if self.parts.is_some() {
            let parts = candidates.iter();
            let parts = parts.map(|(platform, it)| Part::new(platform.as_str(), it.all()));
            evidence = evidence.with_parts(parts.collect());
        }
        evaluator.evaluate(&self.subject, &evidence, now)
    }

    /// What a registry did not give.
    pub(crate) fn trouble(&self) -> impl Iterator<Item = &RegistryError> {
        let parts = self.parts.iter().flatten().map(|(_, _, found)| found);
        std::iter::once(&self.found)
            .chain(parts)
            .flat_map(Found::unusable)
            .filter_map(|(_, problem)| match problem {
                AttachmentError::Registry(error) => Some(error),
                _ => None,
            })
    }
}
