use super::error::RegistryError;
use super::manifest::{self, Descriptor, Document, Platform};
use super::reference::{self, Target};
use super::repository::{Pulled, Repository};
use crate::crypto::hash;
use crate::digest::{Digest, HashAlgorithm};
use crate::limits;
use crate::transport;

/// A manifest or index, named by the digest of the bytes that came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Image {
    media_type: String,
    bytes: Vec<u8>,
    digest: Digest,
    document: Document,
}

/// What an index lists.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Member<'a> {
    /// What BuildKit says of an image: unsigned, and so never verified.
    BuildRecord(&'a Descriptor),
    /// Something for no platform.
    Other(&'a Descriptor),
    /// The image for a platform.
    Platform(&'a Platform, &'a Descriptor),
}

impl Image {
    /// Asks for an image once. What a tag leads to is hashed here, whatever the repository says of
    /// it; from then on it is known by its digest.
    ///
    /// # Errors
    ///
    /// - [`RegistryError::NotFound`] if there is none.
    /// - [`RegistryError::DigestMismatch`] if it is not what was asked for, or is said to be.
    /// - [`RegistryError::ContentType`] and [`RegistryError::Manifest`] if it is no image.
    /// - Any other, as the repository has it.
    ///
    /// Spec: distribution-spec, Pulling manifests (A36)
    pub async fn resolve(
        repository: &dyn Repository,
        target: &Target,
    ) -> Result<Self, RegistryError> {
        let found = Self::look_up(repository, target).await?;
        found.ok_or_else(|| {
            let what = format!("image {}{target}", repository.name());
            RegistryError::NotFound { what }
        })
    }

    /// The same; `None` if there is none.
    ///
    /// # Errors
    ///
    /// As [`Self::resolve`].
    pub async fn look_up(
        repository: &dyn Repository,
        target: &Target,
    ) -> Result<Option<Self>, RegistryError> {
        let found = repository.pull(target).await?;
        let what = format!("{}{target}", repository.name());
        found
            .map(|found| Self::check(what, target, found))
            .transpose()
    }

    fn check(what: String, target: &Target, found: Pulled) -> Result<Self, RegistryError> {
        let cap = limits::MANIFEST_BYTES;
        if found.bytes.len() > cap {
            let cap = u64::try_from(cap).unwrap_or(u64::MAX);
            return Err(RegistryError::TooLarge { what, cap });
        }
        let claimed = found.claimed.as_deref().and_then(reference::digest);
        let asked = match target {
            Target::Digest(digest) => Some(*digest),
            Target::Tag(_) => None,
        };
        for want in [asked, claimed].into_iter().flatten() {
            let found = hash(want.algorithm(), &found.bytes);
            if found != want {
                let (want, found) = (Box::new(want), Box::new(found));
                return Err(RegistryError::DigestMismatch { what, want, found });
            }
        }
        if manifest::is_index(&found.media_type).is_none() {
            let found = found.media_type;
            return Err(RegistryError::ContentType { what, found });
        }
        let document = Document::parse(&found.media_type, &found.bytes);
        let document = document.map_err(|problem| RegistryError::Manifest { what, problem })?;
        Ok(Self {
            digest: asked.unwrap_or_else(|| hash(HashAlgorithm::Sha256, &found.bytes)),
            media_type: found.media_type,
            bytes: found.bytes,
            document,
        })
    }

    /// The type that the repository says it has, which it does not deny itself.
    pub fn media_type(&self) -> &str {
        &self.media_type
    }

    /// The bytes that the digest is of.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The digest, computed here.
    pub fn digest(&self) -> Digest {
        self.digest
    }

    /// What it says.
    pub fn document(&self) -> &Document {
        &self.document
    }

    /// Type, digest and size.
    pub fn descriptor(&self) -> Descriptor {
        let size = u64::try_from(self.bytes.len()).unwrap_or(u64::MAX);
        Descriptor::new(self.media_type.clone(), self.digest, size)
    }

    /// What it lists, if it is an index.
    pub fn members(&self) -> Vec<Member<'_>> {
        match &self.document {
            Document::Index(index) => index.members().iter().map(Member::of).collect(),
            Document::Manifest(_) => Vec::new(),
        }
    }
}

impl<'a> Member<'a> {
    fn of(member: &'a Descriptor) -> Self {
        if member.annotation(BUILDKIT_TYPE) == Some("attestation-manifest") {
            return Self::BuildRecord(member);
        }
        match member.platform() {
            Some(platform) if platform.os != "unknown" => Self::Platform(platform, member),
            _ => Self::Other(member),
        }
    }
}

/// A blob that fits into memory, which is what its descriptor says.
///
/// Spec: distribution-spec, Pulling blobs; image-spec, descriptor.md, Verification
pub(super) async fn blob(
    repository: &dyn Repository,
    blob: &Descriptor,
    cap: usize,
) -> Result<Vec<u8>, RegistryError> {
    let what = format!("blob {}@{}", repository.name(), blob.digest());
    let cap = u64::try_from(cap).unwrap_or(u64::MAX);
    if blob.size() > cap {
        return Err(RegistryError::TooLarge { what, cap });
    }
    let Some(body) = repository.open_blob(blob).await? else {
        return Err(RegistryError::NotFound { what });
    };
    let want = blob.size();
    let bytes = transport::together(body, usize::try_from(want).unwrap_or(0)).await;
    let bytes = bytes.map_err(|problem| match problem {
        transport::TransportError::TooLarge { .. } => RegistryError::SizeMismatch {
            what: what.clone(),
            want,
            found: want.saturating_add(1),
        },
        problem => RegistryError::of_transport(&repository.name(), &what, problem),
    })?;
    let found = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
    if found != want {
        return Err(RegistryError::SizeMismatch { what, want, found });
    }
    let found = hash(blob.digest().algorithm(), &bytes);
    if found != blob.digest() {
        let (want, found) = (Box::new(blob.digest()), Box::new(found));
        return Err(RegistryError::DigestMismatch { what, want, found });
    }
    Ok(bytes)
}

const BUILDKIT_TYPE: &str = "vnd.docker.reference.type";
