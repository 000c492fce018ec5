//! A repository in memory, with and without a list of referrers, and with others who write to it.

use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use crate::crypto::hash;
use crate::digest::{Digest, HashAlgorithm};
use crate::oci::{Descriptor, Document, Pulled, Pushed, RegistryError, Repository, Target};
use crate::transport::{Pending, Pieces, Whole, together};

type Manifests = HashMap<String, (String, Vec<u8>)>;

/// What somebody else does just before a manifest is written below a tag.
pub(super) type Meddling = Box<dyn FnMut(&mut Manifests) + Send>;

pub(super) struct Memory {
    pub(super) manifests: Mutex<Manifests>,
    pub(super) blobs: Mutex<HashMap<String, Vec<u8>>>,
    pub(super) lists: Lists,
    pub(super) meddling: Mutex<Vec<Meddling>>,
    /// How many blobs are refused before one is taken.
    pub(super) refusals: AtomicUsize,
    /// How often time was let pass.
    pub(super) waits: AtomicUsize,
}

/// What the repository does about referrers.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Lists {
    No,
    Yes,
    /// It answers, with an empty list.
    Lies,
}

impl Memory {
    pub(super) fn new(lists: Lists) -> Self {
        Self {
            manifests: Mutex::default(),
            blobs: Mutex::default(),
            lists,
            meddling: Mutex::default(),
            refusals: AtomicUsize::new(0),
            waits: AtomicUsize::new(0),
        }
    }

    pub(super) fn blob(&self, bytes: &[u8]) -> Descriptor {
        let digest = hash(HashAlgorithm::Sha256, bytes);
        self.blobs
            .lock()
            .unwrap()
            .insert(digest.to_string(), bytes.to_vec());
        Descriptor::new("a/b", digest, bytes.len() as u64)
    }

    pub(super) fn manifest(&self, name: &str, media_type: &str, json: &str) -> Digest {
        let digest = hash(HashAlgorithm::Sha256, json.as_bytes());
        let value = (media_type.to_owned(), json.as_bytes().to_vec());
        let mut manifests = self.manifests.lock().unwrap();
        manifests.insert(format!("@{digest}"), value.clone());
        manifests.insert(name.to_owned(), value);
        digest
    }

    /// The members of the index with this name.
    pub(super) fn listed(&self, name: &str) -> Vec<String> {
        let manifests = self.manifests.lock().unwrap();
        let Some((media_type, bytes)) = manifests.get(name) else {
            return Vec::new();
        };
        match Document::parse(media_type, bytes).unwrap() {
            Document::Index(index) => index
                .members()
                .iter()
                .map(|it| it.digest().to_string())
                .collect(),
            Document::Manifest(_) => panic!("not an index"),
        }
    }
}

fn ready<'a, T: Send + 'a>(value: T) -> Pending<'a, T> {
    Box::pin(std::future::ready(value))
}

impl Repository for Memory {
    fn name(&self) -> String {
        "memory/app".to_owned()
    }

    fn pull<'a>(
        &'a self,
        target: &'a Target,
    ) -> Pending<'a, Result<Option<Pulled>, RegistryError>> {
        let manifests = self.manifests.lock().unwrap();
        ready(Ok(manifests.get(&target.to_string()).map(
            |(media_type, bytes)| Pulled {
                media_type: media_type.clone(),
                bytes: bytes.clone(),
                claimed: None,
                state: None,
            },
        )))
    }

    fn push<'a>(
        &'a self,
        target: &'a Target,
        media_type: &'a str,
        bytes: &'a [u8],
        _: Option<&'a str>,
    ) -> Pending<'a, Result<Pushed, RegistryError>> {
        let mut manifests = self.manifests.lock().unwrap();
        manifests.insert(target.to_string(), (media_type.to_owned(), bytes.to_vec()));
        if matches!(target, Target::Tag(_))
            && let Some(mut meddling) = self.meddling.lock().unwrap().pop()
        {
            meddling(&mut manifests);
        }
        ready(Ok(Pushed::Stored))
    }

    fn referrers<'a>(
        &'a self,
        subject: &'a Digest,
    ) -> Pending<'a, Result<Option<Vec<Descriptor>>, RegistryError>> {
        let found = match self.lists {
            Lists::No => None,
            Lists::Lies => Some(Vec::new()),
            Lists::Yes => {
                let manifests = self.manifests.lock().unwrap();
                let by_digest = manifests.iter().filter(|(name, _)| name.starts_with('@'));
                let about = by_digest.filter_map(|(name, (media_type, bytes))| {
                    let document = Document::parse(media_type, bytes).unwrap();
                    let digest = Digest::parse(name.trim_start_matches('@')).unwrap();
                    (document.subject()?.digest() == *subject)
                        .then(|| Descriptor::new(media_type.clone(), digest, bytes.len() as u64))
                });
                Some(about.collect())
            }
        };
        ready(Ok(found))
    }

    fn open_blob<'a>(
        &'a self,
        blob: &'a Descriptor,
    ) -> Pending<'a, Result<Option<Box<dyn Pieces>>, RegistryError>> {
        let blobs = self.blobs.lock().unwrap();
        let found = blobs.get(&blob.digest().to_string());
        let found: Option<Box<dyn Pieces>> = match found {
            Some(bytes) => Some(Box::new(Whole::new(bytes.clone()))),
            None => None,
        };
        ready(Ok(found))
    }

    fn has_blob<'a>(&'a self, blob: &'a Descriptor) -> Pending<'a, Result<bool, RegistryError>> {
        let blobs = self.blobs.lock().unwrap();
        ready(Ok(blobs.contains_key(&blob.digest().to_string())))
    }

    fn push_blob<'a>(
        &'a self,
        blob: &'a Descriptor,
        body: Box<dyn Pieces>,
    ) -> Pending<'a, Result<(), RegistryError>> {
        Box::pin(async move {
            let left = self.refusals.load(Ordering::Relaxed);
            if left > 0 {
                self.refusals.store(left - 1, Ordering::Relaxed);
                return Err(RegistryError::Status {
                    registry: self.name(),
                    status: 400,
                    message: String::new(),
                });
            }
            let bytes = together(body, 1 << 20).await.map_err(|problem| {
                let registry = self.name();
                RegistryError::Unreachable { registry, problem }
            })?;
            self.blobs
                .lock()
                .unwrap()
                .insert(blob.digest().to_string(), bytes);
            Ok(())
        })
    }

    fn wait(&self, _: Duration) -> Pending<'_, ()> {
        self.waits.fetch_add(1, Ordering::Relaxed);
        ready(())
    }
}
