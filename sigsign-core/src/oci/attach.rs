//! Adding to what there is beside an image, so that nobody's entry is lost.

use std::time::Duration;

use super::error::{ManifestError, RegistryError};
use super::found::fallback_tag;
use super::manifest::{Descriptor, OCI_EMPTY, OCI_INDEX, OCI_MANIFEST};
use super::reference::Target;
use super::repository::{Pulled, Pushed, Repository};
use super::wire;
use crate::crypto::hash;
use crate::digest::{Digest, HashAlgorithm};
use crate::encoding::hex_encode;
use crate::json::write::{Members, list};
use crate::limits;
use crate::time::Timestamp;
use crate::transport::{Whole, backoff};

/// What was added.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attached {
    digest: Digest,
    place: Place,
}

impl Attached {
    /// The digest of the manifest with the bundle.
    pub fn digest(&self) -> Digest {
        self.digest
    }

    /// How it is found.
    pub fn place(&self) -> &Place {
        &self.place
    }
}

/// How a referrer is found.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Place {
    /// By the registry's own list.
    Listed,
    /// By the list below this tag.
    Tag(String),
}

/// The statement that an image is signed, with annotations.
///
/// Spec: cosign, bundles in registries; in-toto v1
pub fn signature_statement(image: Digest, annotations: &[(String, String)]) -> Vec<u8> {
    let digest = Members::default().text(image.algorithm().name(), &hex_encode(image.as_bytes()));
    let mut subject = Members::default().raw("digest", &digest.object());
    if !annotations.is_empty() {
        let all = annotations.iter();
        let all = all.fold(Members::default(), |all, (name, value)| {
            all.text(name, value)
        });
        subject = subject.raw("annotations", &all.object());
    }
    Members::default()
        .text("_type", "https://in-toto.io/Statement/v1")
        .raw("subject", &list([subject.object()]))
        .text("predicateType", super::SIGNATURE_TYPE)
        .raw("predicate", "{}")
        .object()
        .into_bytes()
}

/// Adds a bundle to what refers to `image`; it is found by its list afterwards.
///
/// # Errors
///
/// [`RegistryError::Lost`] if others keep writing to the same list; else as the repository has it.
///
/// Spec: distribution-spec, Pushing Manifests with Subject, Referrers Tag Schema
pub async fn attach(
    repository: &dyn Repository,
    image: &Descriptor,
    bundle: &[u8],
    predicate_type: &str,
    created: Timestamp,
) -> Result<Attached, RegistryError> {
    let layer = described(BUNDLE_TYPE, bundle);
    let empty = described(OCI_EMPTY, EMPTY);
    push_bytes(repository, &layer, bundle).await?;
    push_bytes(repository, &empty, EMPTY).await?;
    let annotations = Members::default()
        .text("org.opencontainers.image.created", &created.to_string())
        .text("dev.sigstore.bundle.content", "dsse-envelope")
        .text("dev.sigstore.bundle.predicateType", predicate_type)
        .object();
    let manifest = Members::default()
        .raw("schemaVersion", "2")
        .text("mediaType", OCI_MANIFEST)
        .text("artifactType", BUNDLE_TYPE)
        .raw("config", &plain(&empty).object())
        .raw("layers", &list([plain(&layer).object()]))
        .raw("subject", &plain(image).object())
        .raw("annotations", &annotations)
        .object();
    let described = described(OCI_MANIFEST, manifest.as_bytes());
    let entry = plain(&described)
        .text("artifactType", BUNDLE_TYPE)
        .raw("annotations", &annotations)
        .object();
    let target = Target::Digest(described.digest());
    repository
        .push(&target, OCI_MANIFEST, manifest.as_bytes(), None)
        .await?;
    let ours = vec![(described.digest().to_string(), entry)];
    let place = list_entries(repository, image.digest(), ours).await?;
    Ok(Attached {
        digest: described.digest(),
        place,
    })
}

/// Sees to it that manifests that were pushed are found from their subject.
///
/// Whether the registry's own list has them is seen there: some say `OCI-Subject` and keep no list,
/// and some keep one without saying so.
pub(super) async fn list_entries(
    repository: &dyn Repository,
    image: Digest,
    mut ours: Vec<Entry>,
) -> Result<Place, RegistryError> {
    let listed = repository.referrers(&image).await?.unwrap_or_default();
    ours.retain(|(digest, _)| !listed.iter().any(|it| it.digest().to_string() == *digest));
    if ours.is_empty() {
        return Ok(Place::Listed);
    }
    add_below_tag(repository, image, ours).await
}

/// A digest, and the descriptor with it as it is written.
pub(super) type Entry = (String, String);

/// Reads the list below the tag, and writes it again with what is missing from it, until it has all
/// that was ever seen there, and ours, some time after it was written last.
///
/// Whoever read the list before us may write theirs after us, and not know of ours. They are
/// waited for; what has gone by then is added once more. Where others are seen to write, they are
/// waited for longer: until nobody has for some time.
async fn add_below_tag(
    repository: &dyn Repository,
    image: Digest,
    mut seen: Vec<Entry>,
) -> Result<Place, RegistryError> {
    let tag = fallback_tag(image);
    let target = Target::Tag(tag.clone());
    let mut waits_left = QUIET_ALONE;
    let (mut tries, mut looks) = (0, 0_u32);
    let mut before: Option<Vec<Entry>> = None;
    loop {
        looks = looks.saturating_add(1);
        let found = repository.pull(&target).await?;
        let present = found.as_ref().map(|it| members(repository, &target, it));
        let present = present.transpose()?.unwrap_or_default();
        for member in &present {
            if !seen.iter().any(|(digest, _)| *digest == member.0) {
                seen.push(member.clone());
            }
        }
        if before.as_ref().is_some_and(|it| *it != present) {
            waits_left = QUIET_AMONG_OTHERS;
        }
        let is_there = |digest: &str| present.iter().any(|(it, _)| it == digest);
        let missing: Vec<&Entry> = seen
            .iter()
            .filter(|(digest, _)| !is_there(digest))
            .collect();
        if missing.is_empty() && (waits_left == 0 || looks > LOOKS) {
            return Ok(Place::Tag(tag));
        }
        let mut expected = present.clone();
        if !missing.is_empty() {
            if tries >= TRIES {
                return Err(RegistryError::Lost { tag, tries });
            }
            tries = tries.saturating_add(1);
            expected.extend(missing.iter().map(|it| (*it).clone()));
            let state = found.as_ref().and_then(|it| it.state.as_deref());
            let index = with_members(found.as_ref(), &present, &missing);
            let pushed = repository.push(&target, OCI_INDEX, index.as_bytes(), state);
            if pushed.await? == Pushed::Changed {
                repository.wait(backoff(tries)).await;
                continue;
            }
        }
        before = Some(expected);
        waits_left = waits_left.saturating_sub(1);
        let wait = SETTLE.saturating_add(backoff(tries.min(3)));
        repository.wait(wait).await;
    }
}

/// The members of the list as they are written, by their digests.
fn members(
    repository: &dyn Repository,
    target: &Target,
    found: &Pulled,
) -> Result<Vec<Entry>, RegistryError> {
    let wrong = |problem: ManifestError| RegistryError::Manifest {
        what: format!("{}{target}", repository.name()),
        problem,
    };
    // As strict as for whoever reads it next.
    super::Document::parse(OCI_INDEX, &found.bytes).map_err(wrong)?;
    let members = wire::raw_members(&found.bytes).map_err(wrong)?;
    if members.len() >= limits::INDEX_MEMBERS {
        let (what, cap) = ("members of an index", limits::INDEX_MEMBERS);
        return Err(wrong(ManifestError::Cap { what, cap }));
    }
    Ok(members)
}

/// The list with what was missing from it; everything else in it stays.
fn with_members(found: Option<&Pulled>, present: &[Entry], missing: &[&Entry]) -> String {
    let all = present.iter().chain(missing.iter().copied());
    let all = list(all.map(|(_, json)| json.clone()));
    let others = found
        .map(|it| wire::raw_others(&it.bytes))
        .unwrap_or_default();
    let index = Members::default()
        .raw("schemaVersion", "2")
        .text("mediaType", OCI_INDEX)
        .raw("manifests", &all);
    let index = others
        .iter()
        .fold(index, |index, (name, json)| index.raw(name, json));
    index.object()
}

/// As an entry of a list has it.
pub(super) fn plain(descriptor: &Descriptor) -> Members {
    Members::default()
        .text("mediaType", descriptor.media_type())
        .text("digest", &descriptor.digest().to_string())
        .raw("size", &descriptor.size().to_string())
}

fn described(media_type: &str, bytes: &[u8]) -> Descriptor {
    let size = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
    Descriptor::new(media_type, hash(HashAlgorithm::Sha256, bytes), size)
}

/// Some registries refuse one of those who hand in the same blob at the same time, and have it then.
async fn push_bytes(
    repository: &dyn Repository,
    blob: &Descriptor,
    bytes: &[u8],
) -> Result<(), RegistryError> {
    let mut tries = 0;
    while !repository.has_blob(blob).await? {
        let body = Box::new(Whole::new(bytes.to_vec()));
        match repository.push_blob(blob, body).await {
            Ok(()) => return Ok(()),
            Err(RegistryError::Status { .. }) if tries < BLOB_TRIES => {
                repository.wait(backoff(tries)).await;
                tries = tries.saturating_add(1);
            }
            Err(problem) => return Err(problem),
        }
    }
    Ok(())
}

const BUNDLE_TYPE: &str = "application/vnd.dev.sigstore.bundle.v0.3+json";
const EMPTY: &[u8] = b"{}";

/// How often a blob is handed in again.
const BLOB_TRIES: u32 = 4;

/// How often the list is written at most.
const TRIES: u32 = 12;

/// How often the list is looked at while others keep writing to it, and leave in it what is there.
const LOOKS: u32 = 40;

/// How often nothing may happen before the list counts as settled: if nobody else was seen to write
/// to it, and if somebody was.
const QUIET_ALONE: u32 = 1;
const QUIET_AMONG_OTHERS: u32 = 2;

/// How long somebody who read the list before us may take to write theirs.
const SETTLE: Duration = Duration::from_millis(700);
