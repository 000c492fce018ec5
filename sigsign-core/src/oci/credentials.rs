//! Who we are to a registry, and the files in which that is kept.
//!
//! Credentials are for one registry, by its whole name: no prefix, no part of a name (A27).

use std::collections::BTreeMap;
use std::fmt;

use zeroize::Zeroizing;

use super::reference::HUB;
use super::wire;
use crate::encoding::Escaped;
use crate::limits;
use crate::transport::Pending;

/// What a registry knows us by. Nothing of it is ever shown.
#[derive(Clone)]
#[non_exhaustive]
pub enum Credential {
    /// A user and a password.
    Basic(Zeroizing<String>, Zeroizing<String>),
    /// A token that the registry's token service swaps for others.
    Token(Zeroizing<String>),
}

impl Credential {
    /// A user and a password. Docker's word for having a token is the user `<token>`.
    pub fn new(user: impl Into<String>, secret: impl Into<String>) -> Self {
        let (user, secret) = (user.into(), Zeroizing::new(secret.into()));
        if user == "<token>" {
            Self::Token(secret)
        } else {
            Self::Basic(Zeroizing::new(user), secret)
        }
    }

    /// As a credential helper prints it; `None` if that is not what helpers print.
    ///
    /// Spec: docker-credential-helpers, `get`
    pub fn from_helper(json: &[u8]) -> Option<Self> {
        let (user, secret) = wire::helper(json)?;
        Some(Self::new(user, secret))
    }
}

/// S12
impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credential")
    }
}

/// Where credentials come from.
pub trait Credentials: Send + Sync {
    /// Those for a repository of a registry, if there are any. `registry` is a whole host name,
    /// with the port if there is one, and is to be compared as a whole (A27).
    fn find<'a>(
        &'a self,
        registry: &'a str,
        repository: &'a str,
    ) -> Pending<'a, Result<Option<Credential>, CredentialError>>;
}

/// No credentials for anybody.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::exhaustive_structs, reason = "there is nothing to it")]
pub struct Nobody;

impl Credentials for Nobody {
    fn find<'a>(
        &'a self,
        _: &'a str,
        _: &'a str,
    ) -> Pending<'a, Result<Option<Credential>, CredentialError>> {
        Box::pin(std::future::ready(Ok(None)))
    }
}

/// Why credentials that should be there cannot be had.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CredentialError {
    /// A file with credentials that cannot be read.
    File {
        /// The file.
        path: String,
        /// What is wrong with it.
        problem: String,
    },
    /// A program that should know them, and does not answer as it should.
    Helper {
        /// The program.
        program: String,
        /// What is wrong.
        problem: String,
    },
    /// An entry of a file that is none.
    Entry {
        /// The name of the entry.
        name: String,
    },
}

impl CredentialError {
    /// The stable code of this error.
    pub fn code(&self) -> &'static str {
        match self {
            Self::File { .. } => "credentials.file",
            Self::Helper { .. } => "credentials.helper",
            Self::Entry { .. } => "credentials.entry",
        }
    }
}

impl fmt::Display for CredentialError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File { path, problem } => {
                write!(f, "{} cannot be read: {}", Escaped(path), Escaped(problem))
            }
            Self::Helper { program, problem } => {
                write!(f, "{}: {}", Escaped(program), Escaped(problem))
            }
            Self::Entry { name } => {
                write!(f, "wanted user and password of {} in base64", Escaped(name))
            }
        }
    }
}

impl std::error::Error for CredentialError {}

/// The file in which Docker and Podman keep credentials: `config.json`, `auth.json`.
#[derive(Clone)]
pub struct AuthFile {
    pub(super) entries: BTreeMap<String, Entry>,
    pub(super) helpers: BTreeMap<String, String>,
    pub(super) store: Option<String>,
}

/// What a file has for one name.
#[derive(Clone)]
pub(super) enum Entry {
    Basic(String, String),
    Token(String),
    /// It is kept by a helper.
    Elsewhere,
    Malformed,
}

/// S12
impl fmt::Debug for AuthFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AuthFile")
    }
}

/// What a file says of the credentials for a repository.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Stored {
    /// Ask this program.
    Helper {
        /// Its name, after `docker-credential-`.
        name: String,
        /// What to ask it for.
        server: String,
        /// What the file itself has, if the program knows of none.
        otherwise: Option<Credential>,
    },
    /// These.
    Here(Credential),
    /// There are none.
    Nothing,
}

impl AuthFile {
    /// Reads one; `None` if it is none, or too long.
    pub fn from_json(json: &[u8]) -> Option<Self> {
        if json.len() > limits::CREDENTIAL_BYTES {
            return None;
        }
        wire::auth_file(json)
    }

    /// What it says of a repository.
    ///
    /// The most specific entry counts: those of Podman may name a repository or a folder of them.
    ///
    /// # Errors
    ///
    /// [`CredentialError::Entry`] if the entry that counts is none.
    pub fn lookup(&self, registry: &str, repository: &str) -> Result<Stored, CredentialError> {
        let server = if is_hub(registry) {
            HUB_SERVER
        } else {
            registry
        };
        let entry = self.entry(registry, repository);
        let here = match entry {
            Some((name, Entry::Malformed)) => {
                let name = name.to_owned();
                return Err(CredentialError::Entry { name });
            }
            Some((_, Entry::Basic(user, secret))) => Some(Credential::new(user, secret)),
            Some((_, Entry::Token(token))) => Some(Credential::new("<token>", token)),
            Some((_, Entry::Elsewhere)) | None => None,
        };
        let names = aliases(registry).into_iter();
        let helper = names.filter_map(|name| self.helpers.get(&name)).next();
        let is_kept = matches!(entry, Some((_, Entry::Elsewhere)) | None);
        let store = self.store.as_ref().filter(|_| is_kept);
        Ok(match (helper.or(store), here) {
            (Some(name), otherwise) => Stored::Helper {
                name: name.clone(),
                server: server.to_owned(),
                otherwise,
            },
            (None, Some(credential)) => Stored::Here(credential),
            (None, None) => Stored::Nothing,
        })
    }

    fn entry(&self, registry: &str, repository: &str) -> Option<(&str, &Entry)> {
        let mut path = repository;
        loop {
            let name = format!("{registry}/{path}");
            if let Some((name, entry)) = self.entries.get_key_value(&name) {
                return Some((name, entry));
            }
            match path.rsplit_once('/') {
                Some((folder, _)) => path = folder,
                None => break,
            }
        }
        let names = aliases(registry).into_iter();
        let mut found = names.filter_map(|name| self.entries.get_key_value(&name));
        found.next().map(|(name, entry)| (name.as_str(), entry))
    }
}

/// The names under which programs keep the credentials of a registry as a whole. Every one of them
/// names it wholly (A27).
fn aliases(registry: &str) -> Vec<String> {
    let hosts: &[&str] = if is_hub(registry) {
        &[HUB, "index.docker.io", "registry-1.docker.io"]
    } else {
        &[registry]
    };
    let forms = |host: &&str| {
        let paths = ["", "/", "/v1", "/v1/", "/v2", "/v2/"];
        let schemes = ["", "https://", "http://"];
        let host = (*host).to_owned();
        let form = move |scheme| paths.map(|path| format!("{scheme}{host}{path}"));
        schemes.into_iter().flat_map(form).collect::<Vec<_>>()
    };
    hosts.iter().flat_map(forms).collect()
}

fn is_hub(registry: &str) -> bool {
    matches!(registry, HUB | "index.docker.io" | "registry-1.docker.io")
}

/// What Docker calls its registry when it asks for credentials.
const HUB_SERVER: &str = "https://index.docker.io/v1/";

#[cfg(test)]
mod tests {
    use super::*;

    // "user:secret"
    const AUTH: &str = "dXNlcjpzZWNyZXQ=";

    fn file(json: &str) -> AuthFile {
        AuthFile::from_json(json.as_bytes()).unwrap()
    }

    fn found(file: &AuthFile, registry: &str, repository: &str) -> String {
        match file.lookup(registry, repository).unwrap() {
            Stored::Here(Credential::Basic(user, secret)) => format!("{}:{}", *user, *secret),
            Stored::Here(Credential::Token(token)) => format!("token {}", *token),
            Stored::Helper {
                name,
                server,
                otherwise,
            } => {
                format!("{name} for {server}, {}", otherwise.is_some())
            }
            Stored::Nothing => "nothing".to_owned(),
        }
    }

    #[test]
    fn accepts_entries_as_docker_and_podman_write_them() {
        let file = file(&format!(
            r#"{{"auths":{{
                "https://index.docker.io/v1/":{{"auth":"{AUTH}"}},
                "https://one.example":{{"auth":"{AUTH}"}},
                "two.example:5000":{{"username":"me","password":"it"}},
                "three.example/team":{{"auth":"{AUTH}"}},
                "three.example/team/app":{{"identitytoken":"t"}}
            }}}}"#
        ));

        for (registry, repository, want) in [
            ("docker.io", "library/nginx", "user:secret"),
            ("one.example", "a", "user:secret"),
            ("two.example:5000", "a", "me:it"),
            ("three.example", "team/other", "user:secret"),
            ("three.example", "team/app", "token t"),
            ("three.example", "team/app/x", "token t"),
        ] {
            assert_eq!(
                want,
                found(&file, registry, repository),
                "{registry}/{repository}"
            );
        }
    }

    // A27
    #[test]
    fn rejects_entries_of_other_registries() {
        let file = file(&format!(
            r#"{{"auths":{{"example.org":{{"auth":"{AUTH}"}},"reg.example/team":{{"auth":"{AUTH}"}}}}}}"#
        ));

        for (registry, repository) in [
            ("example.org.evil.test", "a"),
            ("evil-example.org", "a"),
            ("sub.example.org", "a"),
            ("example.org:5000", "a"),
            ("example.or", "a"),
            ("Example.org", "a"),
            ("evil.test", "example.org/a"),
            ("reg.example", "teams/a"),
            ("reg.example", "other"),
        ] {
            assert_eq!(
                "nothing",
                found(&file, registry, repository),
                "{registry}/{repository}"
            );
        }
    }

    #[test]
    fn accepts_helpers() {
        let file = file(&format!(
            r#"{{"auths":{{"a.example":{{}},"b.example":{{"auth":"{AUTH}"}}}},
                "credHelpers":{{"c.example":"ecr"}},"credsStore":"desktop"}}"#
        ));

        assert_eq!(
            "desktop for a.example, false",
            found(&file, "a.example", "x")
        );
        assert_eq!("user:secret", found(&file, "b.example", "x"));
        assert_eq!("ecr for c.example, false", found(&file, "c.example", "x"));
        assert_eq!(
            "desktop for https://index.docker.io/v1/, false",
            found(&file, "docker.io", "x")
        );
    }

    #[test]
    fn rejects_entries_that_are_none() {
        for auth in ["!", "dXNlcg==", "/w=="] {
            let file = file(&format!(
                r#"{{"auths":{{"a.example":{{"auth":"{auth}"}}}}}}"#
            ));

            let name = "a.example".to_owned();
            assert_eq!(
                CredentialError::Entry { name },
                file.lookup("a.example", "x").unwrap_err()
            );
        }
        assert!(AuthFile::from_json(b"[]").is_none());
        assert!(AuthFile::from_json(br#"{"auths":{},"auths":{}}"#).is_none());
        assert!(AuthFile::from_json(&vec![b' '; limits::CREDENTIAL_BYTES + 1]).is_none());
    }

    #[test]
    fn accepts_what_helpers_print() {
        let basic = br#"{"ServerURL":"a","Username":"u","Secret":"s"}"#;
        let token = br#"{"Username":"<token>","Secret":"s"}"#;

        assert!(matches!(
            Credential::from_helper(basic),
            Some(Credential::Basic(..))
        ));
        assert!(matches!(
            Credential::from_helper(token),
            Some(Credential::Token(_))
        ));
        assert!(Credential::from_helper(b"credentials not found").is_none());
        assert_eq!("Credential", format!("{:?}", Credential::new("u", "s")));
    }
}
