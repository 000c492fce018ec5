//! Who must have signed.

use std::path::{Path, PathBuf};

use sigsign_core::policy::{GitHubWorkflow, Identity, ManagedKey, Matcher, Policy, PolicyError};
use sigsign_core::x509::FulcioExtension;

use super::{Demands, wrong_policy};
use crate::cli;
use crate::problem::Problem;

/// Who must have signed.
#[derive(Clone, Debug)]
pub(crate) enum Who {
    Anybody,
    Identity(Identity),
    Key(PathBuf),
}

impl Who {
    pub(super) fn new(args: cli::Signer) -> Result<Option<Self>, Problem> {
        args.check()?;
        if args.danger_any_identity {
            return Ok(Some(Self::Anybody));
        }
        if let Some(key) = args.key {
            return Ok(Some(Self::Key(key)));
        }
        let matcher = match (args.identity, args.identity_regexp) {
            (Some(subject), _) => Some(Matcher::exact(subject).map_err(wrong_policy)?),
            (None, Some(pattern)) => Some(Matcher::pattern(pattern).map_err(wrong_policy)?),
            (None, None) => None,
        };
        let mut identity = match (matcher, args.issuer, args.repository) {
            (Some(subject), Some(issuer), _) => {
                Identity::new(subject, issuer).map_err(wrong_policy)?
            }
            (None, _, Some(repository)) => {
                let parts = [args.workflow, args.reference, args.environment, args.runner];
                github(repository, parts)?
            }
            _ => return Ok(None),
        };
        for extension in &args.extension {
            let (name, value) = parse_extension(extension)?;
            identity = identity.with_extension(name, value);
        }
        Ok(Some(Self::Identity(identity)))
    }

    pub(crate) fn exactly(subject: String, issuer: String) -> Result<Self, PolicyError> {
        Ok(Self::Identity(Identity::new(
            Matcher::exact(subject)?,
            issuer,
        )?))
    }

    /// The file that has to be read for it.
    pub(crate) fn path(&self) -> Option<&Path> {
        match self {
            Self::Key(path) => Some(path),
            _ => None,
        }
    }

    /// The policy; reads the key if it is for one.
    pub(crate) fn policy(&self, demands: &Demands) -> Result<Policy, Problem> {
        let policy = match self {
            Self::Anybody => {
                // A place for a name that is then taken out.
                let anybody = Matcher::exact("any").and_then(|any| Identity::new(any, "any"));
                Policy::keyless(anybody.map_err(wrong_policy)?)
                    .danger()
                    .any_identity()
            }
            Self::Identity(identity) => Policy::keyless(identity.clone()),
            Self::Key(path) => Policy::key(ManagedKey::new(crate::commands::read_key(path)?)),
        };
        demands.apply(policy).map_err(wrong_policy)
    }
}

impl cli::Signer {
    /// One way to say who, and all of it.
    fn check(&self) -> Result<(), Problem> {
        let way = self.only_way()?;
        let by_subject = matches!(way, Some("--identity" | "--identity-regexp"));
        if by_subject != self.issuer.is_some() {
            let (given, missing) = if by_subject {
                (way.unwrap_or_default(), "--issuer")
            } else {
                ("--issuer", "--identity")
            };
            return Err(Problem::usage(
                format!("{given} needs {missing}"),
                "a name counts only with who vouches for it: --identity SUBJECT --issuer URL",
            ));
        }
        self.check_parts()?;
        if !self.extension.is_empty() && !by_subject && self.repository.is_none() {
            return Err(Problem::usage(
                "--extension needs an identity",
                "give --identity SUBJECT --issuer URL, or --repository OWNER/REPO",
            ));
        }
        Ok(())
    }

    fn only_way(&self) -> Result<Option<&'static str>, Problem> {
        let ways = [
            ("--identity", self.identity.is_some()),
            ("--identity-regexp", self.identity_regexp.is_some()),
            ("--repository", self.repository.is_some()),
            ("--key", self.key.is_some()),
            ("--danger-any-identity", self.danger_any_identity),
        ];
        let mut given = ways
            .iter()
            .filter_map(|(name, given)| given.then_some(*name));
        let way = given.next();
        if let (Some(first), Some(second)) = (way, given.next()) {
            return Err(Problem::usage(
                format!("{first} and {second} cannot be used together"),
                "say in one way who must have signed; a bundle is signed with a key or with a \
                 certificate",
            ));
        }
        Ok(way)
    }

    /// Parts of a workflow are of a repository.
    fn check_parts(&self) -> Result<(), Problem> {
        let parts = [
            ("--workflow", self.workflow.is_some()),
            ("--ref", self.reference.is_some()),
            ("--environment", self.environment.is_some()),
            ("--runner", self.runner.is_some()),
        ];
        match (&self.repository, parts.iter().find(|(_, given)| *given)) {
            (None, Some((part, _))) => Err(Problem::usage(
                format!("{part} needs --repository"),
                "name the repository with --repository OWNER/REPO",
            )),
            _ => Ok(()),
        }
    }
}

fn github(repository: String, parts: [Option<String>; 4]) -> Result<Identity, Problem> {
    let [file, reference, environment, runner] = parts;
    let mut workflow = GitHubWorkflow::of(repository);
    if let Some(file) = file {
        workflow = workflow.workflow(file);
    }
    if let Some(reference) = reference {
        workflow = workflow.reference(reference);
    }
    if let Some(environment) = environment {
        workflow = workflow.environment(environment);
    }
    if let Some(runner) = runner {
        workflow = workflow.runner(runner);
    }
    Identity::github(&workflow).map_err(wrong_policy)
}

fn parse_extension(text: &str) -> Result<(FulcioExtension, Matcher), Problem> {
    let (name, value) = text.split_once('=').ok_or_else(|| {
        let example = "as in --extension runner-environment=github-hosted";
        Problem::usage(format!("not NAME=VALUE: {text}"), example)
    })?;
    let extension = FulcioExtension::from_name(name).ok_or_else(|| {
        let names: Vec<&str> = FulcioExtension::ALL
            .iter()
            .map(|known| known.name())
            .collect();
        let hint = format!("the names are {}", names.join(", "));
        Problem::usage(format!("unknown certificate extension {name}"), hint)
    })?;
    Ok((extension, Matcher::exact(value).map_err(wrong_policy)?))
}
