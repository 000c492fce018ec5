use std::fmt;

use crate::digest::{Digest, HashAlgorithm};
use crate::encoding::Escaped;

/// An image by its fully written name: registry, repository, and a tag or digest or both.
///
/// With both, the digest alone is asked for: what the tag leads to is nobody's business then.
///
/// Spec: distribution-spec, Pulling manifests
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reference {
    registry: String,
    repository: String,
    tag: Option<String>,
    digest: Option<Digest>,
}

/// A manifest of a repository: by its digest, or by what a tag leads to today.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Target {
    /// By its digest.
    Digest(Digest),
    /// By a tag.
    Tag(String),
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Digest(digest) => write!(f, "@{digest}"),
            Self::Tag(tag) => write!(f, ":{tag}"),
        }
    }
}

/// Why text does not name an image.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ReferenceError {
    /// A name that leaves something out, as `nginx` does.
    Short {
        /// What Docker takes it for.
        full: String,
    },
    /// No tag and no digest.
    NoTarget {
        /// The name.
        name: String,
    },
    /// A part that cannot be one.
    Part {
        /// Which part.
        what: &'static str,
        /// What is there.
        found: String,
    },
}

impl ReferenceError {
    /// The stable code of this error.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Short { .. } => "reference.short",
            Self::NoTarget { .. } => "reference.no-target",
            Self::Part { .. } => "reference.part",
        }
    }
}

impl fmt::Display for ReferenceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Short { full } => write!(
                f,
                "wanted the whole name of an image, with its registry: {} is what Docker would take it for",
                Escaped(full)
            ),
            Self::NoTarget { name } => {
                write!(f, "wanted a tag or digest of {}, found none", Escaped(name))
            }
            Self::Part { what, found } => write!(f, "not {what}: {}", Escaped(found)),
        }
    }
}

impl std::error::Error for ReferenceError {}

impl Reference {
    /// Parses `REGISTRY/REPOSITORY:TAG`, `REGISTRY/REPOSITORY@sha256:HEX`, or both together.
    ///
    /// Nothing is added to what is written: not `docker.io`, not `library/`, not `:latest`.
    ///
    /// # Errors
    ///
    /// - [`ReferenceError::Short`] if the registry, or `library/` of Docker Hub, is left out.
    /// - [`ReferenceError::NoTarget`] if there is neither tag nor digest.
    /// - [`ReferenceError::Part`] if a part cannot be one.
    pub fn parse(text: &str) -> Result<Self, ReferenceError> {
        let reference = Self::expand(text)?;
        let name = reference.name();
        if !text.starts_with(&name) {
            let full = reference.to_string();
            return Err(ReferenceError::Short { full });
        }
        let (named, _) = split_target(text);
        if named.len() == text.len() {
            return Err(ReferenceError::NoTarget { name });
        }
        Ok(reference)
    }

    /// Reads a name as Docker and Kubernetes do, for names that were written for them: without a
    /// registry it is one of Docker Hub, there without a folder it is in `library/`, and without tag
    /// and digest it is `latest`.
    ///
    /// # Errors
    ///
    /// [`ReferenceError::Part`] if a part cannot be one.
    pub fn expand(text: &str) -> Result<Self, ReferenceError> {
        let (name, target) = split_target(text);
        let (registry, repository) = match name.split_once('/') {
            Some((first, rest)) if is_registry(first) => (first, rest.to_owned()),
            _ => (HUB, name.to_owned()),
        };
        let (registry, repository) = match registry {
            "docker.io" | "index.docker.io" if !repository.contains('/') => {
                (HUB, format!("library/{repository}"))
            }
            "index.docker.io" => (HUB, repository),
            other => (other, repository),
        };
        let (tag, digest) = match target.split_once('@') {
            Some((tag, digest)) => (tag, Some(digest)),
            None => (target, None),
        };
        let tag = tag.strip_prefix(':');
        let tag = match (tag, digest) {
            (None, None) => Some("latest"),
            (tag, _) => tag,
        };
        Ok(Self {
            registry: part("a registry", registry, is_host)?,
            repository: part("a repository", &repository, is_repository)?,
            tag: tag.map(|tag| part("a tag", tag, is_tag)).transpose()?,
            digest: digest.map(parse_digest).transpose()?,
        })
    }

    /// An image by its digest, in the same repository.
    #[must_use]
    pub fn with_digest(&self, digest: Digest) -> Self {
        Self {
            tag: None,
            digest: Some(digest),
            ..self.clone()
        }
    }

    /// The host that keeps it, with the port if there is one.
    pub fn registry(&self) -> &str {
        &self.registry
    }

    /// The repository there.
    pub fn repository(&self) -> &str {
        &self.repository
    }

    /// Registry and repository.
    pub fn name(&self) -> String {
        format!("{}/{}", self.registry, self.repository)
    }

    /// The tag, if it was written.
    pub fn tag(&self) -> Option<&str> {
        self.tag.as_deref()
    }

    /// The digest, if it was written.
    pub fn digest(&self) -> Option<Digest> {
        self.digest
    }

    /// What is asked for.
    pub fn target(&self) -> Target {
        match (self.digest, &self.tag) {
            (Some(digest), _) => Target::Digest(digest),
            (None, tag) => Target::Tag(tag.clone().unwrap_or_default()),
        }
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.registry, self.repository)?;
        if let Some(tag) = &self.tag {
            write!(f, ":{tag}")?;
        }
        if let Some(digest) = &self.digest {
            write!(f, "@{digest}")?;
        }
        Ok(())
    }
}

/// What Docker calls the registry of names that have none.
pub(super) const HUB: &str = "docker.io";

/// The name, and the tag and digest with what is before them.
fn split_target(text: &str) -> (&str, &str) {
    let before_digest = text.find('@').unwrap_or(text.len());
    let (name, _) = text.split_at_checked(before_digest).unwrap_or((text, ""));
    let last = name.rfind('/').map_or(0, |at| at.saturating_add(1));
    let tag = name.get(last..).and_then(|last| last.find(':'));
    let end = tag.map_or(name.len(), |at| last.saturating_add(at));
    text.split_at_checked(end).unwrap_or((text, ""))
}

/// Whether the first part of a name is a registry, as Docker decides it.
fn is_registry(first: &str) -> bool {
    first.contains(['.', ':']) || first == "localhost"
}

fn part(
    what: &'static str,
    text: &str,
    is_one: impl Fn(&str) -> bool,
) -> Result<String, ReferenceError> {
    if is_one(text) {
        Ok(text.to_owned())
    } else {
        let found = text.to_owned();
        Err(ReferenceError::Part { what, found })
    }
}

/// A host in lower case, with a port in its one form if there is one.
pub(super) fn is_host(text: &str) -> bool {
    let (host, port) = match text.strip_prefix('[').and_then(|it| it.split_once(']')) {
        Some((address, port)) => {
            if address.parse::<std::net::Ipv6Addr>().is_err() {
                return false;
            }
            ("v6", port)
        }
        None => text
            .split_at_checked(text.find(':').unwrap_or(text.len()))
            .unwrap_or((text, "")),
    };
    let label = |label: &str| {
        let inner = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        !label.is_empty()
            && label.chars().all(inner)
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let is_port = port.is_empty()
        || port.strip_prefix(':').is_some_and(|port| {
            port.parse::<u16>()
                .is_ok_and(|number| number.to_string() == port)
        });
    host.len() <= 253 && host.split('.').all(label) && is_port
}

/// Spec: distribution-spec, Pulling manifests, `<name>`
fn is_repository(text: &str) -> bool {
    let component = |text: &str| {
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
        let separators = text.split(plain).filter(|it| !it.is_empty());
        let ends = |c: Option<char>| c.is_some_and(plain);
        let mut separators = separators;
        ends(text.chars().next())
            && ends(text.chars().next_back())
            && separators
                .all(|it| matches!(it, "." | "_" | "__") || it.bytes().all(|byte| byte == b'-'))
    };
    text.len() <= 255 && text.split('/').all(component)
}

/// Spec: distribution-spec, Pulling manifests, `<reference>`
pub(super) fn is_tag(text: &str) -> bool {
    let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let mut chars = text.chars();
    text.len() <= 128
        && chars.next().is_some_and(word)
        && chars.all(|c| word(c) || c == '.' || c == '-')
}

fn parse_digest(text: &str) -> Result<Digest, ReferenceError> {
    digest(text).ok_or_else(|| ReferenceError::Part {
        what: "a digest as sha256:HEX",
        found: text.to_owned(),
    })
}

/// The digests that images have.
///
/// Spec: image-spec, descriptor.md, Registered algorithms
pub(super) fn digest(text: &str) -> Option<Digest> {
    Digest::parse(text).filter(|it| it.algorithm() != HashAlgorithm::Sha384)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEX: &str = "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d";

    #[test]
    fn accepts_names_that_are_written_whole() {
        let digest = format!("sha256:{HEX}");
        for (text, registry, repository, tag, has_digest) in [
            ("example.org/app:1", "example.org", "app", Some("1"), false),
            (
                "localhost:5000/a/b_c/d--e:v1.2-x_Y",
                "localhost:5000",
                "a/b_c/d--e",
                Some("v1.2-x_Y"),
                false,
            ),
            ("localhost/a:b", "localhost", "a", Some("b"), false),
            (
                "docker.io/library/nginx:1",
                "docker.io",
                "library/nginx",
                Some("1"),
                false,
            ),
            (&format!("[::1]:5/a@{digest}"), "[::1]:5", "a", None, true),
            (
                &format!("e.org/a:t@{digest}"),
                "e.org",
                "a",
                Some("t"),
                true,
            ),
        ] {
            let found = Reference::parse(text).unwrap();

            assert_eq!(
                (registry, repository),
                (found.registry(), found.repository())
            );
            assert_eq!((tag, has_digest), (found.tag(), found.digest().is_some()));
            assert_eq!(text, found.to_string());
        }
        let both = Reference::parse(&format!("e.org/a:t@{digest}")).unwrap();
        assert_eq!(format!("@{digest}"), both.target().to_string());
    }

    #[test]
    fn rejects_names_that_leave_something_out() {
        for (text, full) in [
            ("nginx", "docker.io/library/nginx:latest"),
            ("nginx:1", "docker.io/library/nginx:1"),
            ("team/app:1", "docker.io/team/app:1"),
            ("docker.io/nginx:1", "docker.io/library/nginx:1"),
            ("index.docker.io/team/app:1", "docker.io/team/app:1"),
        ] {
            let full = full.to_owned();
            assert_eq!(
                ReferenceError::Short { full: full.clone() },
                Reference::parse(text).unwrap_err()
            );
            assert_eq!(full, Reference::expand(text).unwrap().to_string());
        }
        let name = "example.org/app".to_owned();
        assert_eq!(
            ReferenceError::NoTarget { name },
            Reference::parse("example.org/app").unwrap_err()
        );
    }

    #[test]
    fn rejects_parts_that_are_none() {
        for (text, want) in [
            ("Example.org/app:1", "a registry"),
            ("example.org:99999/app:1", "a registry"),
            ("example.org:05/app:1", "a registry"),
            ("user@example.org/app:1", "a digest as sha256:HEX"),
            ("ex_ample.org/app:1", "a registry"),
            ("example..org/app:1", "a registry"),
            ("example.org/App:1", "a repository"),
            ("example.org//app:1", "a repository"),
            ("example.org/../app:1", "a repository"),
            ("example.org/a___b:1", "a repository"),
            ("example.org/app/:1", "a repository"),
            ("example.org/app:", "a tag"),
            ("example.org/app:-x", "a tag"),
            ("example.org/app:a:b", "a tag"),
            ("example.org/app@sha256:00", "a digest as sha256:HEX"),
            ("example.org/app:1@", "a digest as sha256:HEX"),
            ("", "a repository"),
            ("https://example.org/app:1", "a registry"),
        ] {
            let error = Reference::parse(text).unwrap_err();

            let wanted = matches!(&error, ReferenceError::Part { what, .. } if *what == want);
            assert!(wanted, "{text}: {error:?}");
        }
    }
}
