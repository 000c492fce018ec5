//! What was signed and said about an image, wherever registries keep it.

use std::collections::BTreeMap;
use std::fmt;

use futures_util::{StreamExt as _, future, stream};

use super::error::RegistryError;
use super::image::{self, Image};
use super::legacy::{self, SimpleSigning, SimpleSigningError};
use super::manifest::{Descriptor, Document, Manifest, OCI_EMPTY};
use super::reference::Target;
use super::repository::Repository;
use super::wire;
use crate::bundle::{self, Bundle, BundleError, BundleVersion};
use crate::digest::Digest;
use crate::encoding::{Escaped, hex_encode};
use crate::limits;
use crate::policy::Policy;
use crate::time::Timestamp;
use crate::transport::Pending;
use crate::verify::{Artifact, Verified, Verifier, VerifyError};

/// The predicate type of a statement that says no more than that an image is signed.
pub const SIGNATURE_TYPE: &str = "https://sigstore.dev/cosign/sign/v1";

/// What there is beside an image. None of it is verified.
#[derive(Debug, Default)]
pub struct Found {
    attachments: Vec<Attachment>,
    unusable: Vec<(String, AttachmentError)>,
    others: Vec<(String, String)>,
}

impl Found {
    /// Signatures and attestations.
    pub fn attachments(&self) -> &[Attachment] {
        &self.attachments
    }

    /// What could not be had or read, by its place, and why.
    pub fn unusable(&self) -> &[(String, AttachmentError)] {
        &self.unusable
    }

    /// What is something else, by its place, with its type.
    pub fn others(&self) -> &[(String, String)] {
        &self.others
    }
}

/// A signature or attestation beside an image, not verified.
#[derive(Clone, Debug)]
pub struct Attachment {
    place: String,
    content: Content,
}

/// In which form it is there.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Content {
    /// A bundle.
    Bundle(Box<Bundle>),
    /// An envelope from before bundles, made into one.
    Envelope(Box<Bundle>),
    /// A payload that names an image, from before bundles, and its signature as a bundle.
    Payload(Vec<u8>, Box<Bundle>),
}

/// What an attachment claims to be.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Claim {
    /// A statement of this predicate type.
    Attestation(String),
    /// A signature.
    Signature,
}

/// Why something beside an image is no attachment that can be verified.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AttachmentError {
    /// The registry gave no usable answer.
    Registry(RegistryError),
    /// Not a bundle.
    Bundle(BundleError),
    /// A bundle of a version that is not kept in registries.
    Version {
        /// The version.
        found: BundleVersion,
    },
    /// A manifest with another number of layers than one bundle needs.
    Layers {
        /// How many there are.
        found: usize,
    },
    /// A manifest about something else.
    Subject {
        /// The image.
        want: Box<Digest>,
        /// What it is about, if it says so.
        found: Option<Box<Digest>>,
    },
    /// A layer from before bundles whose annotations lack something.
    Layer {
        /// What was wanted.
        want: &'static str,
    },
}

impl AttachmentError {
    /// The stable code of this error.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Registry(problem) => problem.code(),
            Self::Bundle(problem) => problem.code(),
            Self::Version { .. } => "attachment.version",
            Self::Layers { .. } => "attachment.layers",
            Self::Subject { .. } => "attachment.subject",
            Self::Layer { .. } => "attachment.layer",
        }
    }
}

impl fmt::Display for AttachmentError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Registry(problem) => problem.fmt(f),
            Self::Bundle(problem) => problem.fmt(f),
            Self::Version { found } => write!(f, "wanted a bundle of version 0.3, found {found}"),
            Self::Layers { found } => write!(f, "wanted one layer with a bundle, found {found}"),
            Self::Subject {
                want,
                found: Some(found),
            } => {
                write!(f, "wanted a manifest about {want}, found one about {found}")
            }
            Self::Subject { want, found: None } => {
                write!(f, "wanted a manifest about {want}, found one about nothing")
            }
            Self::Layer { want } => write!(f, "wanted a layer with {want}"),
        }
    }
}

impl std::error::Error for AttachmentError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Registry(problem) => problem.source(),
            Self::Bundle(problem) => problem.source(),
            _ => None,
        }
    }
}

impl From<RegistryError> for AttachmentError {
    fn from(problem: RegistryError) -> Self {
        Self::Registry(problem)
    }
}

/// What is asked of an attachment, beside who made it.
#[derive(Clone, Debug)]
pub struct Demand {
    claim: Claim,
    annotations: BTreeMap<String, String>,
    repository: Option<String>,
}

impl Demand {
    /// A signature, or a statement of a predicate type.
    pub fn new(claim: Claim) -> Self {
        Self {
            claim,
            annotations: BTreeMap::new(),
            repository: None,
        }
    }

    /// And that it has this annotation.
    #[must_use]
    pub fn annotation(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.annotations.insert(name.into(), value.into());
        self
    }

    /// And that what names a repository names this one. Only signatures from before bundles do.
    #[must_use]
    pub fn repository(mut self, name: impl Into<String>) -> Self {
        self.repository = Some(name.into());
        self
    }

    /// What kind of attachment is asked for.
    pub fn claim(&self) -> &Claim {
        &self.claim
    }
}

/// Why an attachment is refused.
#[derive(Debug)]
#[non_exhaustive]
pub enum Refused {
    /// The verifier refuses it.
    Verify(VerifyError),
    /// What is signed is not about this image.
    Payload(SimpleSigningError),
    /// An annotation that was asked for is not there, or has another value.
    Annotation {
        /// Its name.
        name: String,
        /// The value that was asked for.
        want: String,
        /// The value that is there.
        found: Option<String>,
    },
}

impl Refused {
    /// The stable code of this error.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Verify(problem) => problem.code(),
            Self::Payload(problem) => problem.code(),
            Self::Annotation { .. } => "attachment.annotation",
        }
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Verify(problem) => problem.fmt(f),
            Self::Payload(problem) => problem.fmt(f),
            Self::Annotation { name, want, found } => {
                let (name, want) = (Escaped(name), Escaped(want));
                match found {
                    Some(found) => {
                        write!(
                            f,
                            "wanted annotation {name}={want}, found {}",
                            Escaped(found)
                        )
                    }
                    None => write!(f, "wanted annotation {name}={want}, found none"),
                }
            }
        }
    }
}

impl std::error::Error for Refused {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Verify(problem) => problem.source(),
            _ => None,
        }
    }
}

impl Attachment {
    /// Where it is: a manifest by its digest, or a tag and the number of a layer.
    pub fn place(&self) -> &str {
        &self.place
    }

    /// What there is.
    pub fn content(&self) -> &Content {
        &self.content
    }

    /// What it claims to be.
    pub fn claim(&self) -> Claim {
        let bundle = match &self.content {
            Content::Payload(..) => return Claim::Signature,
            Content::Bundle(bundle) | Content::Envelope(bundle) => bundle,
        };
        match bundle.content() {
            bundle::Content::Message { .. } => Claim::Signature,
            bundle::Content::Dsse(envelope) => match envelope.statement() {
                Ok(statement) if statement.predicate_type() == SIGNATURE_TYPE => Claim::Signature,
                Ok(statement) => Claim::Attestation(statement.predicate_type().to_owned()),
                Err(_) => Claim::Attestation(envelope.payload_type().to_owned()),
            },
        }
    }

    /// Checks that it is what `demand` asks for about the image with this digest, made as `policy`
    /// asks for, seen from `now`.
    ///
    /// # Errors
    ///
    /// [`Refused`], for the first check that refuses.
    pub fn verify(
        &self,
        verifier: &Verifier,
        policy: &Policy,
        (image, demand): (Digest, &Demand),
        now: Timestamp,
    ) -> Result<Verified, Refused> {
        let (bundle, verified) = match &self.content {
            Content::Payload(payload, bundle) => {
                let says = SimpleSigning::from_json(payload).map_err(Refused::Payload)?;
                let repository = demand.repository.as_deref();
                says.check(image, repository).map_err(Refused::Payload)?;
                let policy = for_message(policy, demand).map_err(Refused::Verify)?;
                (
                    bundle,
                    verifier.verify(bundle, Artifact::Bytes(payload), &policy, now),
                )
            }
            Content::Bundle(bundle) | Content::Envelope(bundle) => {
                let policy = match bundle.content() {
                    bundle::Content::Message { .. } => for_message(policy, demand),
                    bundle::Content::Dsse(_) => Ok(for_statement(policy, demand)),
                };
                let policy = policy.map_err(Refused::Verify)?;
                (
                    bundle,
                    verifier.verify(bundle, Artifact::Digest(image), &policy, now),
                )
            }
        };
        let verified = verified.map_err(Refused::Verify)?;
        self.check_annotations(bundle, demand)?;
        Ok(verified)
    }

    fn check_annotations(&self, bundle: &Bundle, demand: &Demand) -> Result<(), Refused> {
        if demand.annotations.is_empty() {
            return Ok(());
        }
        let found = match (&self.content, bundle.content()) {
            (Content::Payload(payload, _), _) => {
                SimpleSigning::from_json(payload)
                    .map_err(Refused::Payload)?
                    .annotations
            }
            (_, bundle::Content::Dsse(envelope)) => wire::subject_annotations(envelope.payload()),
            _ => BTreeMap::new(),
        };
        for (name, want) in &demand.annotations {
            if found.get(name) != Some(want) {
                return Err(Refused::Annotation {
                    name: name.clone(),
                    want: want.clone(),
                    found: found.get(name).cloned(),
                });
            }
        }
        Ok(())
    }
}

/// A signature that is no statement says nothing of a predicate type.
fn for_message(policy: &Policy, demand: &Demand) -> Result<Policy, VerifyError> {
    match &demand.claim {
        Claim::Signature => Ok(policy.clone()),
        Claim::Attestation(want) => Err(VerifyError::Artifact(
            crate::verify::ArtifactError::PredicateType {
                want: want.clone(),
                found: None,
            },
        )),
    }
}

fn for_statement(policy: &Policy, demand: &Demand) -> Policy {
    let predicate_type = match &demand.claim {
        Claim::Signature => SIGNATURE_TYPE,
        Claim::Attestation(predicate_type) => predicate_type,
    };
    let with_type = policy.clone().predicate_type(predicate_type);
    // Nothing has an empty type, so this is refused later.
    with_type.unwrap_or_else(|_| policy.clone())
}

/// Looks for everything that was signed and said about an image: referrers, in the registry's own
/// list and below the tag that stands in for one, and the tags from before there were any.
///
/// Trouble with one place is part of what is found; a good signature elsewhere counts all the same.
///
/// Spec: distribution-spec, Listing Referrers, Unavailable Referrers API
pub async fn find(repository: &dyn Repository, image: Digest) -> Found {
    let (listed, signatures, envelopes) = future::join3(
        referrers(repository, image),
        legacy_layers(repository, image, "sig"),
        legacy_layers(repository, image, "att"),
    )
    .await;
    let mut found = Found::default();
    let mut wanted = Vec::new();
    for entry in listed {
        match entry {
            Err((place, problem)) => found.unusable.push((place, problem.into())),
            Ok(descriptor) => match descriptor.artifact_type() {
                Some(other) if !is_promising(other) => {
                    found.others.push((place_of(&descriptor), other.to_owned()));
                }
                _ => wanted.push(descriptor),
            },
        }
    }
    if wanted.len() > limits::REFERRERS {
        let (registry, cap) = (repository.name(), limits::REFERRERS);
        let problem = RegistryError::Pages { registry, cap };
        found
            .unusable
            .push(("referrers".to_owned(), problem.into()));
        wanted.truncate(cap);
    }
    // Each in a box: so the whole can go from thread to thread, wherever it is called.
    let mut opening: Vec<Pending<'_, (String, Result<Opened, AttachmentError>)>> = Vec::new();
    for descriptor in &wanted {
        opening.push(Box::pin(open(repository, image, descriptor)));
    }
    let mut opened = stream::iter(opening).buffered(AT_ONCE);
    while let Some((place, opened)) = opened.next().await {
        found.add(place, opened);
    }
    for (place, layer) in [signatures, envelopes].into_iter().flatten() {
        found.add(place, layer.map(Opened::Content));
    }
    found
}

/// What a manifest turned out to be.
enum Opened {
    Content(Content),
    /// Of this type.
    Else(String),
}

impl Found {
    fn add(&mut self, place: String, opened: Result<Opened, AttachmentError>) {
        match opened {
            Ok(Opened::Content(content)) => self.attachments.push(Attachment { place, content }),
            Ok(Opened::Else(kind)) => self.others.push((place, kind)),
            Err(problem) => self.unusable.push((place, problem)),
        }
    }
}

fn place_of(descriptor: &Descriptor) -> String {
    format!("referrer {}", descriptor.digest())
}

/// Whether a bundle may be behind an entry of this type: some registries have the config's type.
fn is_promising(artifact_type: &str) -> bool {
    artifact_type.starts_with(BUNDLE_TYPES) || artifact_type == OCI_EMPTY
}

/// Every entry of both lists, each digest once.
pub(super) async fn referrers(
    repository: &dyn Repository,
    image: Digest,
) -> Vec<Result<Descriptor, (String, RegistryError)>> {
    let tag = Target::Tag(fallback_tag(image));
    let (listed, tagged) = future::join(
        repository.referrers(&image),
        Image::look_up(repository, &tag),
    )
    .await;
    let mut found: Vec<Result<Descriptor, (String, RegistryError)>> = Vec::new();
    match listed {
        Ok(listed) => found.extend(listed.into_iter().flatten().map(Ok)),
        Err(problem) => found.push(Err(("referrers".to_owned(), problem))),
    }
    match tagged.map(|it| it.map(|it| it.document().clone())) {
        Ok(Some(Document::Index(index))) => {
            for member in index.members() {
                let known = |it: &Result<Descriptor, _>| {
                    it.as_ref().is_ok_and(|it| it.digest() == member.digest())
                };
                if !found.iter().any(known) {
                    found.push(Ok(member.clone()));
                }
            }
        }
        Ok(Some(Document::Manifest(_)) | None) => {}
        Err(problem) => found.push(Err((format!("tag {}", fallback_tag(image)), problem))),
    }
    found
}

/// Spec: distribution-spec, Referrers Tag Schema
pub(super) fn fallback_tag(image: Digest) -> String {
    format!("{}-{}", image.algorithm(), hex_encode(image.as_bytes()))
        .chars()
        .take(128)
        .collect()
}

async fn open(
    repository: &dyn Repository,
    image: Digest,
    entry: &Descriptor,
) -> (String, Result<Opened, AttachmentError>) {
    (place_of(entry), read(repository, image, entry).await)
}

async fn read(
    repository: &dyn Repository,
    image: Digest,
    entry: &Descriptor,
) -> Result<Opened, AttachmentError> {
    let referrer = Image::resolve(repository, &Target::Digest(entry.digest())).await?;
    let manifest = match referrer.document() {
        Document::Manifest(manifest) => manifest,
        Document::Index(_) => return Ok(Opened::Else(referrer.media_type().to_owned())),
    };
    let first = manifest.layers().first();
    let is_bundle = manifest.artifact_type().starts_with(BUNDLE_TYPES)
        || first.is_some_and(|it| it.media_type().starts_with(BUNDLE_TYPES));
    if !is_bundle {
        return Ok(Opened::Else(manifest.artifact_type().to_owned()));
    }
    check_subject(manifest, image)?;
    let [layer] = manifest.layers() else {
        let found = manifest.layers().len();
        return Err(AttachmentError::Layers { found });
    };
    let json = image::blob(repository, layer, limits::BUNDLE_BYTES).await?;
    let bundle = Bundle::from_json(&json).map_err(AttachmentError::Bundle)?;
    if bundle.version() < BundleVersion::V0_3 {
        let found = bundle.version();
        return Err(AttachmentError::Version { found });
    }
    Ok(Opened::Content(Content::Bundle(Box::new(bundle))))
}

fn check_subject(manifest: &Manifest, image: Digest) -> Result<(), AttachmentError> {
    let found = manifest.subject().map(Descriptor::digest);
    if found == Some(image) {
        Ok(())
    } else {
        Err(AttachmentError::Subject {
            want: Box::new(image),
            found: found.map(Box::new),
        })
    }
}

type Layers = Vec<(String, Result<Content, AttachmentError>)>;

/// The layers below a tag from before there were referrers.
///
/// Spec: cosign SIGNATURE_SPEC.md
async fn legacy_layers(repository: &dyn Repository, image: Digest, suffix: &str) -> Layers {
    let tag = format!("{}.{suffix}", fallback_tag(image));
    let place = format!("tag {tag}");
    let manifest = match Image::look_up(repository, &Target::Tag(tag)).await {
        Ok(found) => match found.map(|it| it.document().clone()) {
            Some(Document::Manifest(manifest)) => manifest,
            Some(Document::Index(_)) | None => return Vec::new(),
        },
        Err(problem) => return vec![(place, Err(problem.into()))],
    };
    let layers = manifest.layers().iter().take(limits::REFERRERS);
    let is_more = manifest.layers().len() > limits::REFERRERS;
    let mut reading: Vec<Pending<'_, (String, Result<Content, AttachmentError>)>> = Vec::new();
    for (number, layer) in (1_usize..).zip(layers) {
        let place = format!("{place}, layer {number}");
        reading.push(Box::pin(async move {
            (place, legacy_content(repository, layer).await)
        }));
    }
    let mut found: Layers = stream::iter(reading).buffered(AT_ONCE).collect().await;
    if is_more {
        // A8: what was not looked at may be what was asked for
        let (registry, cap) = (repository.name(), limits::REFERRERS);
        found.push((place, Err(RegistryError::Pages { registry, cap }.into())));
    }
    found
}

async fn legacy_content(
    repository: &dyn Repository,
    layer: &Descriptor,
) -> Result<Content, AttachmentError> {
    let lacks = |want| AttachmentError::Layer { want };
    match layer.media_type() {
        legacy::PAYLOAD_TYPE => {
            let payload = image::blob(repository, layer, limits::SIMPLE_SIGNING_BYTES).await?;
            let signature = legacy::signature(layer).ok_or_else(|| lacks("a signature"))?;
            let content = bundle::Content::Message {
                digest: None,
                signature,
            };
            let bundle = legacy::bundle(layer, content).map_err(lacks)?;
            Ok(Content::Payload(payload, Box::new(bundle)))
        }
        legacy::ENVELOPE_TYPE => {
            let json = image::blob(repository, layer, limits::BUNDLE_BYTES).await?;
            let envelope = wire::envelope(&json);
            let envelope = envelope.ok_or_else(|| lacks("an envelope with one signature"))?;
            let content = bundle::Content::Dsse(envelope);
            let bundle = legacy::bundle(layer, content).map_err(lacks)?;
            Ok(Content::Envelope(Box::new(bundle)))
        }
        _ => Err(lacks("a payload or an envelope")),
    }
}

/// What the types of bundles begin with, in every version.
const BUNDLE_TYPES: &str = "application/vnd.dev.sigstore.bundle";

/// Requests under way at the same time.
const AT_ONCE: usize = 8;
