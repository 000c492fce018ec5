use std::collections::BTreeMap;
use std::fmt;

use super::error::ManifestError;
use super::wire;
use crate::digest::Digest;

/// What something is, by its digest.
///
/// Spec: image-spec, descriptor.md
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Descriptor {
    pub(super) media_type: String,
    pub(super) digest: Digest,
    pub(super) size: u64,
    pub(super) artifact_type: Option<String>,
    pub(super) annotations: BTreeMap<String, String>,
    pub(super) platform: Option<Platform>,
}

impl Descriptor {
    /// Something of this type.
    pub fn new(media_type: impl Into<String>, digest: Digest, size: u64) -> Self {
        Self {
            media_type: media_type.into(),
            digest,
            size,
            artifact_type: None,
            annotations: BTreeMap::new(),
            platform: None,
        }
    }

    /// What it is.
    pub fn media_type(&self) -> &str {
        &self.media_type
    }

    /// Its digest.
    pub fn digest(&self) -> Digest {
        self.digest
    }

    /// Its length in bytes.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// What kind of artifact it is, if it says so.
    pub fn artifact_type(&self) -> Option<&str> {
        self.artifact_type.as_deref()
    }

    /// An annotation.
    pub fn annotation(&self, name: &str) -> Option<&str> {
        self.annotations.get(name).map(String::as_str)
    }

    /// What it runs on, for a member of an index.
    pub fn platform(&self) -> Option<&Platform> {
        self.platform.as_ref()
    }
}

/// What an image runs on: `linux/amd64`, or with a variant `linux/arm64/v8`.
///
/// Spec: image-spec, image-index.md, platform
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Platform {
    pub(super) os: String,
    pub(super) architecture: String,
    pub(super) variant: Option<String>,
}

impl Platform {
    /// Parses `OS/ARCHITECTURE` or `OS/ARCHITECTURE/VARIANT`; `None` for anything else.
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('/').map(str::to_owned);
        let platform = Self {
            os: parts.next()?,
            architecture: parts.next()?,
            variant: parts.next(),
        };
        let all = [
            Some(&platform.os),
            Some(&platform.architecture),
            platform.variant.as_ref(),
        ];
        let is_word = |it: &&String| !it.is_empty();
        (parts.next().is_none() && all.iter().flatten().all(is_word)).then_some(platform)
    }

    /// Whether this is what `wanted` asks for; a variant that is not asked for does not matter.
    pub fn is(&self, wanted: &Self) -> bool {
        (&self.os, &self.architecture) == (&wanted.os, &wanted.architecture)
            && (wanted.variant.is_none() || self.variant == wanted.variant)
    }
}

impl fmt::Display for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.os, self.architecture)?;
        match &self.variant {
            Some(variant) => write!(f, "/{variant}"),
            None => Ok(()),
        }
    }
}

/// A manifest or an index.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(
    clippy::exhaustive_enums,
    reason = "the two kinds that the specification has"
)]
pub enum Document {
    /// For one platform, or an artifact.
    Manifest(Box<Manifest>),
    /// Several of them.
    Index(Index),
}

/// Spec: image-spec, manifest.md
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Manifest {
    pub(super) artifact_type: Option<String>,
    pub(super) config: Descriptor,
    pub(super) layers: Vec<Descriptor>,
    pub(super) subject: Option<Descriptor>,
    pub(super) annotations: BTreeMap<String, String>,
}

impl Manifest {
    /// What kind of artifact it is: what it says, else the type of its config.
    pub fn artifact_type(&self) -> &str {
        self.artifact_type
            .as_deref()
            .unwrap_or(&self.config.media_type)
    }

    /// Its configuration.
    pub fn config(&self) -> &Descriptor {
        &self.config
    }

    /// What it consists of.
    pub fn layers(&self) -> &[Descriptor] {
        &self.layers
    }

    /// What it is about.
    pub fn subject(&self) -> Option<&Descriptor> {
        self.subject.as_ref()
    }
}

/// Spec: image-spec, image-index.md
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Index {
    pub(super) members: Vec<Descriptor>,
    pub(super) subject: Option<Box<Descriptor>>,
}

impl Index {
    /// What it lists.
    pub fn members(&self) -> &[Descriptor] {
        &self.members
    }
}

impl Document {
    /// Reads what is said to be of `media_type`.
    ///
    /// # Errors
    ///
    /// [`ManifestError`], by what is wrong.
    ///
    /// Spec: image-spec, manifest.md, image-index.md
    pub fn parse(media_type: &str, json: &[u8]) -> Result<Self, ManifestError> {
        wire::document(media_type, json)
    }

    /// What it is about, if it is about something else.
    pub fn subject(&self) -> Option<&Descriptor> {
        match self {
            Self::Manifest(manifest) => manifest.subject.as_ref(),
            Self::Index(index) => index.subject.as_deref(),
        }
    }
}

/// Whether a type is one that an index has, or a manifest; `None` for neither.
pub(super) fn is_index(media_type: &str) -> Option<bool> {
    match media_type {
        OCI_INDEX | DOCKER_LIST => Some(true),
        OCI_MANIFEST | DOCKER_MANIFEST => Some(false),
        _ => None,
    }
}

pub(super) const OCI_INDEX: &str = "application/vnd.oci.image.index.v1+json";
pub(super) const OCI_MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
pub(super) const OCI_EMPTY: &str = "application/vnd.oci.empty.v1+json";
const DOCKER_LIST: &str = "application/vnd.docker.distribution.manifest.list.v2+json";
const DOCKER_MANIFEST: &str = "application/vnd.docker.distribution.manifest.v2+json";

/// The types of manifests, as requests name them.
pub(super) const MANIFEST_TYPES: &str = "application/vnd.oci.image.index.v1+json, \
     application/vnd.oci.image.manifest.v1+json, \
     application/vnd.docker.distribution.manifest.list.v2+json, \
     application/vnd.docker.distribution.manifest.v2+json";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::JsonError;
    use crate::limits;

    const HEX: &str = "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d";

    fn descriptor(more: &str) -> String {
        format!(r#"{{"mediaType":"a/b","digest":"sha256:{HEX}","size":3{more}}}"#)
    }

    fn manifest() -> String {
        let (config, subject) = (descriptor(""), descriptor(""));
        let layer = descriptor(r#","annotations":{"k":"v"}"#);
        format!(
            r#"{{"schemaVersion":2,"mediaType":"{OCI_MANIFEST}","artifactType":"t/u","config":{config},"layers":[{layer}],"subject":{subject},"else":1}}"#
        )
    }

    fn index(members: &str) -> String {
        format!(r#"{{"schemaVersion":2,"manifests":[{members}]}}"#)
    }

    #[test]
    fn accepts_a_manifest() {
        let Document::Manifest(manifest) =
            Document::parse(OCI_MANIFEST, manifest().as_bytes()).unwrap()
        else {
            panic!("not a manifest");
        };

        assert_eq!("t/u", manifest.artifact_type());
        assert_eq!(Some("v"), manifest.layers()[0].annotation("k"));
        assert_eq!(3, manifest.subject().unwrap().size());
    }

    #[test]
    fn accepts_an_index_with_platforms() {
        let member =
            descriptor(r#","platform":{"os":"linux","architecture":"arm64","variant":"v8"}"#);
        let Document::Index(index) = Document::parse(OCI_INDEX, index(&member).as_bytes()).unwrap()
        else {
            panic!("not an index");
        };

        let platform = index.members()[0].platform().unwrap();
        assert_eq!("linux/arm64/v8", platform.to_string());
        for (wanted, is) in [
            ("linux/arm64", true),
            ("linux/arm64/v8", true),
            ("linux/arm64/v7", false),
            ("linux/amd64", false),
        ] {
            assert_eq!(
                is,
                platform.is(&Platform::parse(wanted).unwrap()),
                "{wanted}"
            );
        }
    }

    #[test]
    fn rejects_platforms_that_are_none() {
        for text in [
            "",
            "linux",
            "linux/",
            "/amd64",
            "linux/arm64/v8/x",
            "linux//v8",
        ] {
            assert_eq!(None, Platform::parse(text), "{text}");
        }
    }

    #[test]
    fn rejects_what_two_readers_may_read_differently() {
        let both = manifest().replacen('{', r#"{"manifests":[],"#, 1);
        let index_with_layers = index("").replacen('{', r#"{"layers":[],"#, 1);
        for (media_type, json) in [(OCI_MANIFEST, both), (OCI_INDEX, index_with_layers)] {
            assert_eq!(
                ManifestError::Ambiguous,
                Document::parse(media_type, json.as_bytes()).unwrap_err()
            );
        }
        let (want, found) = (OCI_INDEX.to_owned(), OCI_MANIFEST.to_owned());
        assert_eq!(
            ManifestError::MediaType { want, found },
            Document::parse(OCI_INDEX, manifest().as_bytes()).unwrap_err()
        );
        let twice = index("").replacen('{', r#"{"schemaVersion":1,"#, 1);
        let name = "schemaVersion".to_owned();
        assert_eq!(
            ManifestError::Json(JsonError::Duplicate { name }),
            Document::parse(OCI_INDEX, twice.as_bytes()).unwrap_err()
        );
    }

    #[test]
    fn rejects_what_is_not_whole() {
        for (json, want) in [
            (manifest().replace(":2,", ":1,"), "manifest.version"),
            (
                manifest().replace("\"config\"", "\"other\""),
                "manifest.incomplete",
            ),
            (
                manifest().replace("\"layers\"", "\"other\""),
                "manifest.incomplete",
            ),
            (
                manifest().replace("sha256:6e", "sha256:6E"),
                "manifest.digest",
            ),
            (manifest().replace("sha256", "sha384"), "manifest.digest"),
            (manifest().replace(":3", ":-3"), "manifest.shape"),
            ("[]".to_owned(), "manifest.shape"),
            (String::new(), "manifest.json"),
        ] {
            let error = Document::parse(OCI_MANIFEST, json.as_bytes()).unwrap_err();

            assert_eq!(want, error.code(), "{json}");
        }
    }

    #[test]
    fn rejects_lists_over_the_cap() {
        let member = descriptor("");
        let many = vec![member.as_str(); limits::INDEX_MEMBERS + 1].join(",");

        let (what, cap) = ("members of an index", limits::INDEX_MEMBERS);
        assert_eq!(
            ManifestError::Cap { what, cap },
            Document::parse(OCI_INDEX, index(&many).as_bytes()).unwrap_err()
        );
    }
}
