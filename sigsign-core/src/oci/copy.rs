//! Bringing an image elsewhere, with everything that was signed and said about it.

use std::collections::HashSet;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, ready};

use super::attach::{list_entries, plain};
use super::error::RegistryError;
use super::found::{fallback_tag, referrers};
use super::image::Image;
use super::manifest::{Descriptor, Document};
use super::reference::Target;
use super::repository::Repository;
use crate::crypto::Hasher;
use crate::digest::Digest;
use crate::json::write::Members;
use crate::transport::{Pending, Pieces, TransportError, backoff};

/// What was brought.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Copied {
    manifests: usize,
    blobs: usize,
    bytes: u64,
    referrers: usize,
}

impl Copied {
    /// Manifests and indexes, referrers included.
    pub fn manifests(&self) -> usize {
        self.manifests
    }

    /// Blobs that were not there already.
    pub fn blobs(&self) -> usize {
        self.blobs
    }

    /// Their bytes.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Signatures, attestations and whatever else refers to the image, and tags from before.
    pub fn referrers(&self) -> usize {
        self.referrers
    }
}

/// Copies an image, its members and blobs, and what refers to any of them; last of all the tags.
///
/// Blobs are not kept in memory, and hashed on the way.
///
/// # Errors
///
/// [`RegistryError`], of either repository.
pub async fn copy(
    from: &dyn Repository,
    to: &dyn Repository,
    image: &Image,
    tag: Option<&str>,
) -> Result<Copied, RegistryError> {
    let mut copying = Copying {
        from,
        to,
        done: HashSet::new(),
        copied: Copied::default(),
    };
    copying.image(image, DEPTH).await?;
    if let Some(tag) = tag {
        let target = Target::Tag(tag.to_owned());
        to.push(&target, image.media_type(), image.bytes(), None)
            .await?;
    }
    Ok(copying.copied)
}

struct Copying<'a> {
    from: &'a dyn Repository,
    to: &'a dyn Repository,
    done: HashSet<String>,
    copied: Copied,
}

impl Copying<'_> {
    /// What it consists of first, then itself, then what refers to it.
    fn image<'a>(
        &'a mut self,
        image: &'a Image,
        depth: u8,
    ) -> Pending<'a, Result<(), RegistryError>> {
        Box::pin(async move {
            if !self.done.insert(image.digest().to_string()) {
                return Ok(());
            }
            self.parts(image, depth).await?;
            let target = Target::Digest(image.digest());
            let pushed = self
                .to
                .push(&target, image.media_type(), image.bytes(), None);
            pushed.await?;
            self.copied.manifests = self.copied.manifests.saturating_add(1);
            self.referrers(image, depth).await?;
            for suffix in [".sig", ".att", ".sbom"] {
                self.legacy(image.digest(), suffix, depth).await?;
            }
            Ok(())
        })
    }

    /// Anything less than the whole would be a copy that nobody can run, or of which signatures
    /// are missing.
    async fn parts(&mut self, image: &Image, depth: u8) -> Result<(), RegistryError> {
        match image.document() {
            Document::Manifest(manifest) => {
                for blob in std::iter::once(manifest.config()).chain(manifest.layers()) {
                    self.blob(blob).await?;
                }
            }
            Document::Index(index) => {
                for member in index.members() {
                    let depth = self.below(image, depth)?;
                    let target = Target::Digest(member.digest());
                    let member = Image::resolve(self.from, &target).await?;
                    self.image(&member, depth).await?;
                }
            }
        }
        Ok(())
    }

    /// What refers to an image, and in turn to that.
    async fn referrers(&mut self, image: &Image, depth: u8) -> Result<(), RegistryError> {
        let mut entries = Vec::new();
        for entry in referrers(self.from, image.digest()).await {
            let entry = entry.map_err(|(_, problem)| problem)?;
            let target = Target::Digest(entry.digest());
            let referrer = Image::resolve(self.from, &target).await?;
            // A41: lists are not signed; what is about something else is none of this one's
            if referrer.document().subject().map(Descriptor::digest) != Some(image.digest()) {
                continue;
            }
            let depth = self.below(image, depth)?;
            if !self.done.contains(&entry.digest().to_string()) {
                self.copied.referrers = self.copied.referrers.saturating_add(1);
            }
            self.image(&referrer, depth).await?;
            entries.push((entry.digest().to_string(), entry_of(&referrer)));
        }
        if !entries.is_empty() {
            list_entries(self.to, image.digest(), entries).await?;
        }
        Ok(())
    }

    fn below(&self, image: &Image, depth: u8) -> Result<u8, RegistryError> {
        depth.checked_sub(1).ok_or_else(|| RegistryError::Depth {
            what: format!("{}@{}", self.from.name(), image.digest()),
            cap: DEPTH,
        })
    }

    /// What stands below a tag from before there were referrers. What is there already and more
    /// stays; what is there and has other layers is not replaced.
    async fn legacy(
        &mut self,
        image: Digest,
        suffix: &str,
        depth: u8,
    ) -> Result<(), RegistryError> {
        let target = Target::Tag(format!("{}{suffix}", fallback_tag(image)));
        let Some(ours) = Image::look_up(self.from, &target).await? else {
            return Ok(());
        };
        if let Some(theirs) = Image::look_up(self.to, &target).await? {
            if covers(&theirs, &ours) {
                return Ok(());
            }
            if !covers(&ours, &theirs) {
                return Err(RegistryError::Store {
                    place: format!("{}{target}", self.to.name()),
                    problem: "has other signatures, which would be lost".to_owned(),
                });
            }
        }
        self.parts(&ours, depth).await?;
        let pushed = self.to.push(&target, ours.media_type(), ours.bytes(), None);
        pushed.await?;
        self.copied.manifests = self.copied.manifests.saturating_add(1);
        self.copied.referrers = self.copied.referrers.saturating_add(1);
        Ok(())
    }

    async fn blob(&mut self, blob: &Descriptor) -> Result<(), RegistryError> {
        if !self.done.insert(blob.digest().to_string()) || self.to.has_blob(blob).await? {
            return Ok(());
        }
        let mut tries = 0;
        loop {
            match self.stream(blob).await {
                Ok(()) => break,
                Err(problem) if problem.is_passing() && tries < TRIES => {
                    self.to.wait(backoff(tries)).await;
                    tries = tries.saturating_add(1);
                }
                Err(problem) => return Err(problem),
            }
        }
        self.copied.blobs = self.copied.blobs.saturating_add(1);
        self.copied.bytes = self.copied.bytes.saturating_add(blob.size());
        Ok(())
    }

    async fn stream(&self, blob: &Descriptor) -> Result<(), RegistryError> {
        let what = format!("blob {}@{}", self.from.name(), blob.digest());
        let Some(body) = self.from.open_blob(blob).await? else {
            return Err(RegistryError::NotFound { what });
        };
        let problem = Arc::new(Mutex::new(None));
        let checked = Checked {
            registry: self.from.name(),
            what,
            body,
            hasher: Some(Hasher::new(blob.digest().algorithm())),
            length: 0,
            blob: blob.clone(),
            problem: Arc::clone(&problem),
        };
        let pushed = self.to.push_blob(blob, Box::new(checked)).await;
        // What is wrong with the source comes first: the other side only saw it end.
        match problem.lock().ok().and_then(|mut it| it.take()) {
            Some(problem) => Err(problem),
            None => pushed,
        }
    }
}

/// Whether every layer of `other` is in `image`.
fn covers(image: &Image, other: &Image) -> bool {
    match (image.document(), other.document()) {
        (Document::Manifest(image), Document::Manifest(other)) => {
            let has = |layer| image.layers().contains(layer);
            other.layers().iter().all(has)
        }
        _ => image.digest() == other.digest(),
    }
}

/// As a list of referrers has it.
///
/// Spec: distribution-spec, Pushing Manifests with Subject
fn entry_of(referrer: &Image) -> String {
    let entry = plain(&referrer.descriptor());
    let Document::Manifest(manifest) = referrer.document() else {
        return entry.object();
    };
    let entry = entry.text("artifactType", manifest.artifact_type());
    if manifest.annotations.is_empty() {
        return entry.object();
    }
    let all = manifest.annotations.iter();
    let all = all.fold(Members::default(), |all, (name, value)| {
        all.text(name, value)
    });
    entry.raw("annotations", &all.object()).object()
}

/// A blob on its way, which must turn out to be what its descriptor says.
struct Checked {
    registry: String,
    what: String,
    body: Box<dyn Pieces>,
    /// `None` after the end.
    hasher: Option<Hasher>,
    length: u64,
    blob: Descriptor,
    problem: Arc<Mutex<Option<RegistryError>>>,
}

impl Pieces for Checked {
    fn poll_next(
        &mut self,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Vec<u8>, TransportError>>> {
        Poll::Ready(match ready!(self.body.poll_next(context)) {
            Some(Ok(piece)) => {
                let more = u64::try_from(piece.len()).unwrap_or(u64::MAX);
                self.length = self.length.saturating_add(more);
                if self.length > self.blob.size() {
                    return Poll::Ready(Some(Err(self.wrong_size())));
                }
                if let Some(hasher) = &mut self.hasher {
                    hasher.update(&piece);
                }
                Some(Ok(piece))
            }
            Some(Err(problem)) => {
                let failed =
                    RegistryError::of_transport(&self.registry, &self.what, problem.clone());
                self.note(failed);
                Some(Err(problem))
            }
            None => self.end(),
        })
    }
}

impl Checked {
    fn end(&mut self) -> Option<Result<Vec<u8>, TransportError>> {
        let found = self.hasher.take()?.finish();
        if self.length != self.blob.size() {
            return Some(Err(self.wrong_size()));
        }
        let want = self.blob.digest();
        if found == want {
            return None;
        }
        let what = self.what.clone();
        let (want, found) = (Box::new(want), Box::new(found));
        self.note(RegistryError::DigestMismatch { what, want, found });
        Some(Err(stopped()))
    }

    fn wrong_size(&self) -> TransportError {
        let (what, want) = (self.what.clone(), self.blob.size());
        let found = self.length;
        self.note(RegistryError::SizeMismatch { what, want, found });
        stopped()
    }

    fn note(&self, problem: RegistryError) {
        if let Ok(mut noted) = self.problem.lock() {
            *noted = Some(problem);
        }
    }
}

/// What the receiving side gets to see.
fn stopped() -> TransportError {
    TransportError::Connection {
        problem: "what was on its way is not what it should be".to_owned(),
    }
}

/// Indexes in indexes, referrers of referrers.
const DEPTH: u8 = 8;
const TRIES: u32 = 3;
