//! What registries keep by digest, which never changes: asked for once, and remembered while there
//! is room. Lists and tags are asked for each time.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use moka::sync::Cache;
use sigsign_core::crypto::Hasher;
use sigsign_core::digest::Digest;
use sigsign_core::oci::{
    Descriptor, Pulled, Pushed, RegistryError, RemoteRepository, Repository, Target,
};
use sigsign_core::transport::{Pending, Pieces, TransportError, Whole};

use super::metrics::{Count, Metrics};

/// Bytes that are remembered.
const BYTES: u64 = 32 << 20;

/// Longer contents are not remembered: a few of them would push out everything else.
const LONGEST: u64 = 1 << 20;

/// Bytes of blobs that are read for one image. Ours: an SBOM of the largest size, and what else may
/// be signed. Whoever can write to a repository decides how much there is beside an image.
const IMAGE_BYTES: u64 = 32 << 20;

/// What is remembered, of all repositories.
#[derive(Clone, Debug)]
pub(super) struct Contents {
    cache: Cache<Key, Pulled>,
    metrics: Arc<Metrics>,
}

/// The repository is part of it: what one hands out, another may keep from us.
type Key = (String, String);

impl Contents {
    pub(super) fn new(metrics: Arc<Metrics>) -> Self {
        let cache = Cache::builder()
            .max_capacity(BYTES)
            .weigher(|_: &Key, it: &Pulled| u32::try_from(it.bytes.len()).unwrap_or(u32::MAX))
            .build();
        Self { cache, metrics }
    }

    /// A repository, for what is asked about one image.
    pub(super) fn of(&self, repository: RemoteRepository) -> Remembered {
        Remembered {
            repository,
            contents: self.clone(),
            left: AtomicU64::new(IMAGE_BYTES),
        }
    }

    fn get(&self, key: &Key) -> Option<Pulled> {
        let found = self.cache.get(key);
        self.metrics.count(Count::Cache("content", found.is_some()));
        found
    }

    /// Nothing is remembered that is not what its digest says: whoever asks refuses it.
    fn keep(&self, key: Key, digest: &Digest, pulled: Pulled) {
        let mut hasher = Hasher::new(digest.algorithm());
        hasher.update(&pulled.bytes);
        let short = u64::try_from(pulled.bytes.len()).is_ok_and(|it| it <= LONGEST);
        if short && hasher.finish() == *digest {
            self.cache.insert(key, pulled);
        }
    }
}

/// A repository of which contents are remembered. It is only read from.
pub(super) struct Remembered {
    repository: RemoteRepository,
    contents: Contents,
    left: AtomicU64,
}

impl Remembered {
    fn key(&self, digest: &Digest) -> Key {
        (self.repository.name(), digest.to_string())
    }

    /// Takes from what may be read for this image.
    fn take(&self, blob: &Descriptor) -> Result<(), RegistryError> {
        let take = |left: u64| left.checked_sub(blob.size());
        let taken = self
            .left
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, take);
        taken.map(|_| ()).map_err(|_| RegistryError::TooLarge {
            what: format!("everything beside an image of {}", self.repository.name()),
            cap: IMAGE_BYTES,
        })
    }
}

impl Repository for Remembered {
    fn name(&self) -> String {
        self.repository.name()
    }

    fn pull<'a>(
        &'a self,
        target: &'a Target,
    ) -> Pending<'a, Result<Option<Pulled>, RegistryError>> {
        let Target::Digest(digest) = target else {
            return self.repository.pull(target);
        };
        Box::pin(async move {
            let key = self.key(digest);
            if let Some(kept) = self.contents.get(&key) {
                return Ok(Some(kept));
            }
            let pulled = self.repository.pull(target).await?;
            if let Some(pulled) = &pulled {
                self.contents.keep(key, digest, pulled.clone());
            }
            Ok(pulled)
        })
    }

    fn open_blob<'a>(
        &'a self,
        blob: &'a Descriptor,
    ) -> Pending<'a, Result<Option<Box<dyn Pieces>>, RegistryError>> {
        Box::pin(async move {
            let key = self.key(&blob.digest());
            if let Some(kept) = self.contents.get(&key) {
                let whole: Box<dyn Pieces> = Box::new(Whole::new(kept.bytes));
                return Ok(Some(whole));
            }
            self.take(blob)?;
            let Some(body) = self.repository.open_blob(blob).await? else {
                return Ok(None);
            };
            if blob.size() > LONGEST {
                return Ok(Some(body));
            }
            let read: Box<dyn Pieces> = Box::new(Kept {
                body,
                read: Vec::new(),
                longest: blob.size(),
                digest: blob.digest(),
                key: Some(key),
                contents: self.contents.clone(),
            });
            Ok(Some(read))
        })
    }

    fn referrers<'a>(
        &'a self,
        subject: &'a Digest,
    ) -> Pending<'a, Result<Option<Vec<Descriptor>>, RegistryError>> {
        self.repository.referrers(subject)
    }

    fn push<'a>(
        &'a self,
        target: &'a Target,
        media_type: &'a str,
        bytes: &'a [u8],
        only_if: Option<&'a str>,
    ) -> Pending<'a, Result<Pushed, RegistryError>> {
        self.repository.push(target, media_type, bytes, only_if)
    }

    fn has_blob<'a>(&'a self, blob: &'a Descriptor) -> Pending<'a, Result<bool, RegistryError>> {
        self.repository.has_blob(blob)
    }

    fn push_blob<'a>(
        &'a self,
        blob: &'a Descriptor,
        body: Box<dyn Pieces>,
    ) -> Pending<'a, Result<(), RegistryError>> {
        self.repository.push_blob(blob, body)
    }

    fn wait(&self, time: Duration) -> Pending<'_, ()> {
        self.repository.wait(time)
    }
}

/// A blob on its way to whoever asked, of which a copy is kept at its end.
struct Kept {
    body: Box<dyn Pieces>,
    read: Vec<u8>,
    longest: u64,
    digest: Digest,
    /// Gone once it is kept, or cannot be.
    key: Option<Key>,
    contents: Contents,
}

impl Kept {
    fn note(&mut self, piece: &[u8]) {
        self.read.extend_from_slice(piece);
        if u64::try_from(self.read.len()).unwrap_or(u64::MAX) > self.longest {
            (self.key, self.read) = (None, Vec::new());
        }
    }

    fn end(&mut self) {
        if let Some(key) = self.key.take() {
            let pulled = Pulled {
                media_type: String::new(),
                bytes: std::mem::take(&mut self.read),
                claimed: None,
                state: None,
            };
            self.contents.keep(key, &self.digest, pulled);
        }
    }
}

impl Pieces for Kept {
    fn poll_next(
        &mut self,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Vec<u8>, TransportError>>> {
        let piece = self.body.poll_next(context);
        match &piece {
            Poll::Ready(Some(Ok(piece))) if self.key.is_some() => self.note(piece),
            Poll::Ready(Some(Err(_))) => self.key = None,
            Poll::Ready(None) => self.end(),
            _ => {}
        }
        piece
    }
}
