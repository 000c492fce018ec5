use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use clap::{Args, Subcommand};

/// Trusted roots: whose services are trusted, and how that is kept up to date
#[derive(Debug, Subcommand)]
pub(crate) enum Trust {
    Update(Update),
    Show(Show),
    Add(Add),
}

/// Get the trusted root of an instance as it is today
///
/// What comes from the instance's TUF repository is verified from the root that comes with this
/// program, or that was added, and kept for `verify` and `sign`.
#[derive(Args, Debug)]
pub(crate) struct Update {
    /// The instance: public, staging, github, or one that was added
    #[arg(value_name = "NAME", default_value = "public")]
    pub(crate) instance: Instance,
    /// A certificate authority, in PEM, that vouches for the TLS of the repository too
    #[arg(long, value_name = "PATH")]
    pub(crate) tls_ca: Option<PathBuf>,
}

/// Show whom an instance trusts: who, with which key, from when to when
#[derive(Args, Debug)]
pub(crate) struct Show {
    /// The instance: public, staging, github, or one that was added
    #[arg(value_name = "NAME", default_value = "public")]
    pub(crate) instance: Instance,
}

/// Add an instance that publishes its trusted root in a TUF repository
///
/// From then on `--instance NAME` of other commands is this one.
#[derive(Args, Debug)]
pub(crate) struct Add {
    /// Where the repository is
    pub(crate) url: String,
    /// The root to begin with, which decides what is trusted: get it from somebody you trust
    #[arg(long, value_name = "PATH")]
    pub(crate) root: PathBuf,
    /// What to call the instance; the host of the URL if not given
    #[arg(long, value_name = "NAME")]
    pub(crate) name: Option<String>,
    /// A certificate authority, in PEM, that vouches for the TLS of the repository too
    #[arg(long, value_name = "PATH")]
    pub(crate) tls_ca: Option<PathBuf>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Instance {
    /// GitHub's, for private repositories: signed time, no logs
    Github,
    /// The public one
    #[default]
    Public,
    /// The public one for tests
    Staging,
    /// One that the user added.
    Added(String),
}

impl Instance {
    pub(crate) fn name(&self) -> &str {
        match self {
            Self::Github => "github",
            Self::Public => "public",
            Self::Staging => "staging",
            Self::Added(name) => name,
        }
    }
}

impl fmt::Display for Instance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Names are parts of paths, so they are those that lead nowhere.
impl FromStr for Instance {
    type Err = &'static str;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        let is_good = |byte: u8| {
            byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'_' | b'.')
        };
        let starts_well = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
        match name {
            "github" => Ok(Self::Github),
            "public" => Ok(Self::Public),
            "staging" => Ok(Self::Staging),
            _ if name.len() <= 64
                && name.bytes().all(is_good)
                && name.bytes().next().is_some_and(starts_well) =>
            {
                Ok(Self::Added(name.to_owned()))
            }
            _ => Err(
                "a name is up to 64 lower-case letters, digits and -_. and begins with one \
                      of the first two",
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // T6
    #[test]
    fn rejects_names_that_lead_elsewhere() {
        for name in [
            "", ".", "..", "../x", "a/b", "a\\b", "A", "-a", "a b", "a:b",
        ] {
            assert!(name.parse::<Instance>().is_err(), "{name}");
        }
        let added = Instance::Added("tuf.example-1".to_owned());
        assert_eq!(Ok(added), "tuf.example-1".parse());
    }
}
