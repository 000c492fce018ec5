//! What a policy is asked about: a file or an image, by name and digest.

use std::fmt;

use crate::digest::Digest;
use crate::encoding::Escaped;

/// A file or an image, by name and digest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subject {
    name: String,
    digest: Option<Digest>,
    pinned: bool,
}

/// A name of an image that is not written in full, or that could be written otherwise.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum NameError {
    /// Another way to write the name of a registry, by which a rule could be missed.
    Alias {
        /// The name that was given.
        found: String,
        /// How the registry is called here.
        want: String,
    },
    /// Something that is no name of an image with a registry, or has a tag or digest in it.
    Form {
        /// What was given.
        found: String,
    },
}

impl NameError {
    /// The stable code of this error.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Alias { .. } => "subject.alias",
            Self::Form { .. } => "subject.form",
        }
    }
}

impl fmt::Display for NameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Alias { found, want } => write!(
                f,
                "wanted the registry written as {}, found {}",
                Escaped(want),
                Escaped(found)
            ),
            Self::Form { found } => write!(
                f,
                "wanted the full name of an image, REGISTRY/PATH without tag and digest, found {}",
                Escaped(found)
            ),
        }
    }
}

impl std::error::Error for NameError {}

impl Subject {
    /// A file. Rules match the last component of its path, which has no slash.
    pub fn file(path: &str, digest: Digest) -> Self {
        let name = path.rsplit(['/', '\\']).next().unwrap_or(path);
        Self {
            name: name.to_owned(),
            digest: Some(digest),
            pinned: true,
        }
    }

    /// An image that is referred to by its digest. `name` is written in full, `REGISTRY/PATH`.
    ///
    /// # Errors
    ///
    /// [`NameError`] if `name` is not what rules are compared with.
    pub fn image(name: &str, digest: Digest) -> Result<Self, NameError> {
        Self::of_image(name, Some(digest), true)
    }

    /// An image that is referred to by a tag, which led to this digest; `None` if nobody asked.
    ///
    /// # Errors
    ///
    /// [`NameError`] if `name` is not what rules are compared with.
    pub fn tagged_image(name: &str, digest: Option<Digest>) -> Result<Self, NameError> {
        Self::of_image(name, digest, false)
    }

    fn of_image(name: &str, digest: Option<Digest>, pinned: bool) -> Result<Self, NameError> {
        check_name(name)?;
        Ok(Self {
            name: name.to_owned(),
            digest,
            pinned,
        })
    }

    /// The name that rules are matched with.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The digest, if it is known.
    pub fn digest(&self) -> Option<Digest> {
        self.digest
    }

    /// Whether the reference has the digest itself, and nobody had to be asked for it.
    pub fn is_pinned(&self) -> bool {
        self.pinned
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", Escaped(&self.name))?;
        match self.digest {
            Some(digest) => write!(f, "@{digest}"),
            None => Ok(()),
        }
    }
}

/// Names that mean the same image are written in one way, or rules could be missed.
fn check_name(name: &str) -> Result<(), NameError> {
    let form = || NameError::Form {
        found: name.to_owned(),
    };
    let (registry, path) = name.split_once('/').ok_or_else(form)?;
    let is_registry = (registry.contains(['.', ':']) || registry == "localhost")
        && !registry.starts_with(['.', ':', '-'])
        && registry
            .bytes()
            .all(|it| it.is_ascii_alphanumeric() || b".-:[]_".contains(&it));
    let is_segment = |segment: &str| {
        !segment.is_empty()
            && !segment.starts_with(['.', '-', '_'])
            && segment
                .bytes()
                .all(|it| it.is_ascii_lowercase() || it.is_ascii_digit() || b"._-".contains(&it))
    };
    if !is_registry || !path.split('/').all(is_segment) {
        return Err(form());
    }
    let mut want = registry.to_ascii_lowercase();
    for port in [":443", ":80"] {
        want = want.strip_suffix(port).unwrap_or(&want).to_owned();
    }
    want = want.strip_suffix('.').unwrap_or(&want).to_owned();
    if [
        "index.docker.io",
        "registry-1.docker.io",
        "registry.hub.docker.com",
    ]
    .contains(&&*want)
    {
        "docker.io".clone_into(&mut want);
    }
    if want == registry {
        Ok(())
    } else {
        Err(NameError::Alias {
            found: registry.to_owned(),
            want,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accepts_full_names() {
        for name in [
            "docker.io/library/nginx",
            "example.org/team/app",
            "localhost/app",
            "localhost:5000/app",
            "127.0.0.1:5000/a/b__c-d.e",
            "[::1]:5000/app",
        ] {
            assert_eq!(Ok(()), check_name(name), "{name}");
        }
    }

    #[test]
    fn rejects_names_that_could_be_written_otherwise() {
        for (name, want) in [
            ("Example.org/app", "example.org"),
            ("example.org./app", "example.org"),
            ("example.org:443/app", "example.org"),
            ("index.docker.io/library/nginx", "docker.io"),
            ("registry-1.docker.io/library/nginx", "docker.io"),
        ] {
            let error = NameError::Alias {
                found: name.split('/').next().unwrap().into(),
                want: want.into(),
            };
            assert_eq!(Err(error), check_name(name), "{name}");
        }
    }

    #[test]
    fn rejects_what_is_no_full_name() {
        for name in [
            "",
            "nginx",
            "library/nginx",
            "example.org",
            "example.org/",
            "example.org//app",
            "example.org/App",
            "example.org/app:1",
            "example.org/app@sha256:00",
            "example.org/../app",
            "ex\u{e4}mple.org/app",
            "example.org/\u{430}pp",
            "https://example.org/app",
            "user@example.org/app",
        ] {
            let error = NameError::Form { found: name.into() };
            assert_eq!(Err(error), check_name(name), "{name}");
        }
    }

    #[test]
    fn accepts_files_by_their_last_component() {
        let digest = Digest::from_bytes(crate::digest::HashAlgorithm::Sha256, &[0; 32]).unwrap();

        assert_eq!("app.whl", Subject::file("dist/app.whl", digest).name());
        assert_eq!("app.whl", Subject::file(r"C:\dist\app.whl", digest).name());
        assert!(Subject::file("app.whl", digest).is_pinned());
    }
}
