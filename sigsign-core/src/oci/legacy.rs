//! Signatures from before bundles: a payload that names an image, and annotations around it.
//!
//! Spec: cosign SIGNATURE_SPEC.md

use std::collections::BTreeMap;
use std::fmt;

use super::manifest::Descriptor;
use super::wire;
use crate::bundle::{Bundle, BundleVersion, Content, KeyMaterial};
use crate::digest::Digest;
use crate::encoding::{Escaped, base64_decode, pem_decode};
use crate::tlog::{EntryBody, EntryKind, LogEntry};
use crate::x509::Certificate;

/// What such a signature is over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SimpleSigning {
    pub(super) kind: String,
    pub(super) digest: String,
    pub(super) reference: String,
    pub(super) annotations: BTreeMap<String, String>,
}

/// Why a payload is not about an image.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SimpleSigningError {
    /// Not the JSON of such a payload.
    Shape(String),
    /// A payload of another kind, which somebody may have signed for another purpose.
    Kind {
        /// What it says that it is.
        found: String,
    },
    /// A payload about another image.
    Digest {
        /// The image.
        want: Digest,
        /// What it is about.
        found: String,
    },
    /// A payload about an image in another repository, where it matters.
    Repository {
        /// The repository.
        want: String,
        /// What it says.
        found: String,
    },
}

impl SimpleSigningError {
    /// The stable code of this error.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Shape(_) => "simple-signing.shape",
            Self::Kind { .. } => "simple-signing.type",
            Self::Digest { .. } => "simple-signing.digest",
            Self::Repository { .. } => "simple-signing.repository",
        }
    }
}

impl fmt::Display for SimpleSigningError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Shape(problem) => {
                write!(
                    f,
                    "not the payload of an image signature: {}",
                    Escaped(problem)
                )
            }
            Self::Kind { found } => {
                write!(
                    f,
                    "wanted a payload of type {KIND:?}, found {}",
                    Escaped(found)
                )
            }
            Self::Digest { want, found } => {
                write!(f, "wanted a payload about {want}, found {}", Escaped(found))
            }
            Self::Repository { want, found } => write!(
                f,
                "wanted a payload about repository {}, found {}",
                Escaped(want),
                Escaped(found)
            ),
        }
    }
}

impl std::error::Error for SimpleSigningError {}

impl SimpleSigning {
    /// Reads a payload; what is signed are the bytes.
    ///
    /// # Errors
    ///
    /// [`SimpleSigningError::Shape`]
    pub fn from_json(json: &[u8]) -> Result<Self, SimpleSigningError> {
        wire::simple_signing(json).map_err(SimpleSigningError::Shape)
    }

    /// Checks that it is about this image, and in this repository if that matters.
    ///
    /// # Errors
    ///
    /// [`SimpleSigningError`], by what is wrong.
    pub fn check(
        &self,
        digest: Digest,
        repository: Option<&str>,
    ) -> Result<(), SimpleSigningError> {
        if self.kind != KIND {
            let found = self.kind.clone();
            return Err(SimpleSigningError::Kind { found });
        }
        if self.digest != digest.to_string() {
            let found = self.digest.clone();
            return Err(SimpleSigningError::Digest {
                want: digest,
                found,
            });
        }
        match repository {
            Some(want) if !self.is_in(want) => Err(SimpleSigningError::Repository {
                want: want.to_owned(),
                found: self.reference.clone(),
            }),
            _ => Ok(()),
        }
    }

    /// Signers write the repository, or the reference that they signed by.
    fn is_in(&self, repository: &str) -> bool {
        let rest = self.reference.strip_prefix(repository);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with([':', '@']))
    }
}

/// What a log promised, as it stands in an annotation.
#[derive(Debug)]
pub(super) struct Promise {
    pub(super) promise: Vec<u8>,
    /// In base64.
    pub(super) body: String,
    pub(super) integrated_time: i64,
    pub(super) log_index: u64,
    pub(super) log_id: Vec<u8>,
    pub(super) kind: (String, String),
}

/// The signature of a layer's payload, in its annotations.
pub(super) fn signature(layer: &Descriptor) -> Option<Vec<u8>> {
    base64_decode(layer.annotation(SIGNATURE)?).ok()
}

/// What a layer and its annotations say, as a bundle would: of version 0.1, in which a log's
/// promise stands without a proof. The chain is not looked at (V26). `Err` says what is wrong.
pub(super) fn bundle(layer: &Descriptor, content: Content) -> Result<Bundle, &'static str> {
    let key_material = match layer.annotation(CERTIFICATE).filter(|it| !it.is_empty()) {
        Some(pem) => KeyMaterial::Certificate(certificate(pem).ok_or("a certificate in PEM")?),
        None => KeyMaterial::PublicKeyHint(String::new()),
    };
    let entries = match layer.annotation(BUNDLE).filter(|it| !it.is_empty()) {
        Some(json) => vec![entry(json).ok_or("the promise of a log")?],
        None => Vec::new(),
    };
    let timestamps = match layer.annotation(TIMESTAMP).filter(|it| !it.is_empty()) {
        Some(json) => vec![wire::timestamp(json).ok_or("a time stamp")?],
        None => Vec::new(),
    };
    Ok(Bundle {
        version: BundleVersion::V0_1,
        key_material,
        entries,
        timestamps,
        content,
    })
}

fn certificate(pem: &str) -> Option<Certificate> {
    let (label, der) = pem_decode(pem)?;
    Certificate::from_der(&der)
        .ok()
        .filter(|_| label == "CERTIFICATE")
}

fn entry(json: &str) -> Option<LogEntry> {
    let promise = wire::promise(json)?;
    let (kind, version) = &promise.kind;
    let kind = EntryKind::from_names(kind, version)?;
    Some(LogEntry {
        log_index: promise.log_index,
        log_id: promise.log_id,
        kind,
        integrated_time: promise.integrated_time,
        promise: Some(promise.promise),
        proof: None,
        body: Some(EntryBody::from_base64(&promise.body, kind).ok()?),
    })
}

/// What a payload says that it is.
const KIND: &str = "cosign container image signature";

const BUNDLE: &str = "dev.sigstore.cosign/bundle";
const CERTIFICATE: &str = "dev.sigstore.cosign/certificate";
const SIGNATURE: &str = "dev.cosignproject.cosign/signature";
const TIMESTAMP: &str = "dev.sigstore.cosign/rfc3161timestamp";

pub(super) const PAYLOAD_TYPE: &str = "application/vnd.dev.cosign.simplesigning.v1+json";
pub(super) const ENVELOPE_TYPE: &str = "application/vnd.dsse.envelope.v1+json";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::hash;
    use crate::digest::HashAlgorithm;

    fn image() -> Digest {
        hash(HashAlgorithm::Sha256, b"image")
    }

    fn payload(reference: &str, kind: &str) -> SimpleSigning {
        let json = format!(
            r#"{{"critical":{{"identity":{{"docker-reference":"{reference}"}},"image":{{"docker-manifest-digest":"{}"}},"type":"{kind}"}},"optional":{{"a":"b","n":1}}}}"#,
            image()
        );
        SimpleSigning::from_json(json.as_bytes()).unwrap()
    }

    #[test]
    fn accepts_a_payload_about_the_image() {
        for (reference, bind) in [
            ("e.org/app", None),
            ("e.org/app", Some("e.org/app")),
            ("e.org/app:1", Some("e.org/app")),
            ("e.org/app@sha256:x", Some("e.org/app")),
            ("", None),
        ] {
            let payload = payload(reference, KIND);

            assert_eq!(Ok(()), payload.check(image(), bind), "{reference}");
            assert_eq!(Some("b"), payload.annotations.get("a").map(String::as_str));
            assert_eq!(1, payload.annotations.len());
        }
    }

    #[test]
    fn rejects_a_payload_of_another_kind() {
        let found = "atomic container signature".to_owned();

        assert_eq!(
            Err(SimpleSigningError::Kind {
                found: found.clone()
            }),
            payload("e.org/app", &found).check(image(), None)
        );
    }

    #[test]
    fn rejects_a_payload_about_another_image() {
        let want = hash(HashAlgorithm::Sha256, b"other");
        let found = image().to_string();

        assert_eq!(
            Err(SimpleSigningError::Digest { want, found }),
            payload("e.org/app", KIND).check(want, None)
        );
    }

    #[test]
    fn rejects_a_payload_about_another_repository() {
        for found in [
            "e.org/app2",
            "e.org/ap",
            "e.org/app/sub",
            "",
            "evil/e.org/app",
        ] {
            let want = "e.org/app".to_owned();

            assert_eq!(
                Err(SimpleSigningError::Repository {
                    want,
                    found: found.to_owned()
                }),
                payload(found, KIND).check(image(), Some("e.org/app"))
            );
        }
    }

    #[test]
    fn rejects_what_is_no_payload() {
        for json in [
            "",
            "{}",
            "[]",
            r#"{"critical":{}}"#,
            r#"{"critical":1,"critical":2}"#,
        ] {
            let error = SimpleSigning::from_json(json.as_bytes()).unwrap_err();

            assert_eq!("simple-signing.shape", error.code(), "{json}");
        }
    }
}
