//! What to sign, as whom and with whose services.

use std::collections::HashSet;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

use sigsign_core::crypto::Scheme;
use sigsign_core::oidc::ambient::Provider;
use zeroize::Zeroizing;

use super::{Subject, check_stdin};
use crate::cli::{self, Flow, Instance, Network};
use crate::files;
use crate::problem::Problem;

/// Files to sign, and where their bundles go.
#[derive(Debug)]
pub(crate) struct Sign {
    pub(crate) jobs: Vec<Job>,
    pub(crate) content: Kind,
    pub(crate) who: Credential,
    pub(crate) services: Services,
    /// What a command that verifies says about the services.
    pub(crate) verify_with: Vec<OsString>,
}

/// Who would sign.
#[derive(Debug)]
pub(crate) struct Whoami {
    pub(crate) source: TokenSource,
    pub(crate) audience: String,
    pub(crate) services: Services,
    pub(crate) network: Network,
    pub(crate) verify_with: Vec<OsString>,
}

impl Whoami {
    pub(crate) fn new(args: cli::Whoami, network: Network) -> Result<Self, Problem> {
        let verify_with = verify_with(&args.services);
        let audience = args.token.audience.clone();
        let source = TokenSource::new(args.token, args.services.local);
        let services = Services::new(args.services, network)?;
        Ok(Self {
            source,
            audience,
            services,
            network,
            verify_with,
        })
    }
}

/// One thing to sign.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Job {
    pub(crate) subject: Subject,
    pub(crate) bundle: PathBuf,
}

/// What the files are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Artifact,
    Statement,
}

/// Who signs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Credential {
    /// A token, and a key of this scheme made for one use.
    Token {
        source: TokenSource,
        /// For whom the token is.
        audience: String,
        scheme: Scheme,
    },
    /// A private key, and the file with its password.
    Key {
        path: PathBuf,
        password: Option<PathBuf>,
    },
}

/// Where the identity token comes from.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum TokenSource {
    /// The platform that runs this, or whoever logs in where there is none.
    Found(Login),
    /// This platform.
    Ambient(Provider),
    /// Whoever logs in.
    Login(Login),
    File(PathBuf),
    /// The token itself, of which nothing is shown.
    Given(Zeroizing<String>),
    /// The local instance makes one, for this subject.
    Local(Option<String>),
}

/// How a person logs in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Login {
    /// `None` for the one that fits the machine.
    pub(crate) flow: Option<Flow>,
    /// `None` for that of the instance.
    pub(crate) issuer: Option<String>,
    pub(crate) patience: Duration,
}

impl From<cli::Provider> for Provider {
    fn from(name: cli::Provider) -> Self {
        match name {
            cli::Provider::Environment => Self::Environment,
            cli::Provider::GitHub => Self::GitHub,
            cli::Provider::GitLab => Self::GitLab,
            cli::Provider::CircleCi => Self::CircleCi,
            cli::Provider::Buildkite => Self::Buildkite,
            cli::Provider::Codefresh => Self::Codefresh,
            cli::Provider::AzurePipelines => Self::AzurePipelines,
            cli::Provider::Kubernetes => Self::Kubernetes,
            cli::Provider::Spiffe => Self::Spiffe,
            cli::Provider::GoogleCloud => Self::GoogleCloud,
        }
    }
}

/// Whose services sign.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Services {
    /// The instance in this process, in this folder.
    Local {
        data: Option<PathBuf>,
        /// Without it an instance that another process serves is out of reach.
        network: Network,
    },
    Remote {
        place: Place,
        tls_ca: Option<PathBuf>,
    },
}

/// How the services are found, and what they are verified with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    Instance(Instance),
    Files { config: PathBuf, root: PathBuf },
    Url(String),
}

impl Sign {
    pub(crate) fn new(args: cli::Sign, network: Network) -> Result<Self, Problem> {
        let kind = if args.statement {
            Kind::Statement
        } else {
            Kind::Artifact
        };
        let jobs = jobs(args.files, args.bundle)?;
        let has_digest = |job: &Job| matches!(job.subject, Subject::Digest(_));
        if kind == Kind::Statement && jobs.iter().any(has_digest) {
            return Err(Problem::usage(
                "a digest is no statement",
                "name the file with the statement; without --bundle its bundle is FILE.sigstore.json",
            ));
        }
        let verify_with = verify_with(&args.services);
        let who = Credential::new(args.signer, args.services.local);
        let subjects: Vec<Subject> = jobs.iter().map(|job| job.subject.clone()).collect();
        check_stdin(&subjects, &who.paths())?;
        let services = Services::new(args.services, network)?;
        if network == Network::Off {
            services.refuse_remote()?;
        }
        Ok(Self {
            jobs,
            content: kind,
            who,
            services,
            verify_with,
        })
    }
}

/// Each file with a bundle of its own.
fn jobs(files: Vec<OsString>, bundle: Option<PathBuf>) -> Result<Vec<Job>, Problem> {
    if bundle.is_some() && files.len() > 1 {
        return Err(Problem::usage(
            "--bundle names one bundle, and there are several files",
            "without it each bundle goes to FILE.sigstore.json",
        ));
    }
    let jobs = files
        .into_iter()
        .map(|file| Job::new(file, bundle.clone()))
        .collect::<Result<Vec<_>, _>>()?;
    let mut seen = HashSet::new();
    if let Some(twice) = jobs.iter().find(|job| !seen.insert(&job.bundle)) {
        return Err(Problem::usage(
            format!("{} is named twice", twice.subject.name()),
            "name each file once",
        ));
    }
    Ok(jobs)
}

impl Job {
    fn new(file: OsString, bundle: Option<PathBuf>) -> Result<Self, Problem> {
        let subject = Subject::parse(file)?;
        let bundle = match (bundle, &subject) {
            (Some(bundle), _) => bundle,
            (None, Subject::File(path)) => files::bundle_beside(path),
            (None, Subject::Digest(_) | Subject::Stdin) => {
                return Err(Problem::usage(
                    "a digest or standard input has no place for a bundle beside it",
                    "say where the bundle goes with --bundle PATH, or - for standard output",
                ));
            }
        };
        Ok(Self { subject, bundle })
    }
}

impl Credential {
    pub(super) fn new(args: cli::Credential, local: bool) -> Self {
        if let Some(path) = args.key {
            let password = args.key_password;
            return Self::Key { path, password };
        }
        let scheme = match args.scheme {
            cli::Scheme::Ed25519 => Scheme::Ed25519,
            cli::Scheme::P256 => Scheme::EcdsaP256Sha256,
            cli::Scheme::P384 => Scheme::EcdsaP384Sha384,
        };
        let audience = args.token.audience.clone();
        let source = TokenSource::new(args.token, local);
        Self::Token {
            source,
            audience,
            scheme,
        }
    }

    pub(super) fn paths(&self) -> [Option<&Path>; 2] {
        match self {
            Self::Token {
                source: TokenSource::File(path),
                ..
            } => [Some(path), None],
            Self::Token { .. } => [None, None],
            Self::Key { path, password } => [Some(path), password.as_deref()],
        }
    }
}

impl TokenSource {
    fn new(args: cli::TokenFrom, local: bool) -> Self {
        match args.identity_token {
            Some(path) => Self::File(path),
            None if local => Self::Local(args.identity),
            None => Self::online(args),
        }
    }
}

impl TokenSource {
    fn online(args: cli::TokenFrom) -> Self {
        if let Some(provider) = args.oidc_provider {
            return Self::Ambient(provider.into());
        }
        let is_login = args.oidc_flow.is_some() || args.oidc_issuer.is_some();
        let login = Login {
            flow: args.oidc_flow,
            issuer: args.oidc_issuer,
            patience: Duration::from_secs(args.oidc_timeout),
        };
        if is_login {
            Self::Login(login)
        } else {
            Self::Found(login)
        }
    }
}

/// S12: not what the token is.
impl std::fmt::Debug for TokenSource {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Found(login) => f.debug_tuple("Found").field(login).finish(),
            Self::Ambient(provider) => f.debug_tuple("Ambient").field(provider).finish(),
            Self::Login(login) => f.debug_tuple("Login").field(login).finish(),
            Self::File(path) => f.debug_tuple("File").field(path).finish(),
            Self::Given(_) => f.write_str("Given"),
            Self::Local(subject) => f.debug_tuple("Local").field(subject).finish(),
        }
    }
}

impl Services {
    pub(super) fn new(args: cli::Services, network: Network) -> Result<Self, Problem> {
        if args.local {
            let data = args.data;
            return Ok(Self::Local { data, network });
        }
        let place = match (args.signing_config, args.trusted_root) {
            (Some(config), Some(root)) => Place::Files { config, root },
            _ => Place::new(args.instance.as_deref().unwrap_or("public"))?,
        };
        let tls_ca = args.tls_ca;
        Ok(Self::Remote { place, tls_ca })
    }

    /// What `--offline` says to services that are somewhere else.
    pub(crate) fn refuse_remote(&self) -> Result<(), Problem> {
        match self {
            Self::Local { .. } => Ok(()),
            Self::Remote { .. } => Err(Problem::usage(
                "signing asks services for a certificate, a time stamp and a log entry",
                "leave out --offline, or sign with the local instance: --local",
            )),
        }
    }
}

impl Place {
    fn new(instance: &str) -> Result<Self, Problem> {
        match instance {
            "public" => Ok(Self::Instance(Instance::Public)),
            "staging" => Ok(Self::Instance(Instance::Staging)),
            url if url.starts_with("http://") || url.starts_with("https://") => {
                Ok(Self::Url(url.trim_end_matches('/').to_owned()))
            }
            "github" => Err(Problem::usage(
                "GitHub's instance says to nobody where its services are",
                "its bundles are made by `gh` and GitHub's own actions; `sigsign verify` reads them",
            )),
            // Whether there is one of this name is seen when it is read.
            other => other.parse().map(Self::Instance).map_err(|_| {
                Problem::usage(
                    format!("unknown instance {other}"),
                    "an instance is public, staging, a URL, or one that was added; of any other \
                     give --signing-config and --trusted-root",
                )
            }),
        }
    }
}

/// The file in which a user keeps the trusted root of an instance that is reached by its URL.
pub(crate) const KEPT_ROOT: &str = "trusted_root.json";

/// The arguments by which `verify` trusts the same services.
pub(super) fn verify_with(services: &cli::Services) -> Vec<OsString> {
    let mut arguments = Vec::new();
    if services.local {
        arguments.push("--local".into());
    }
    for (name, path) in [
        ("--data", &services.data),
        ("--trusted-root", &services.trusted_root),
    ] {
        if let Some(path) = path {
            arguments.push(name.into());
            arguments.push(path.into());
        }
    }
    match services.instance.as_deref() {
        None | Some("public") => {}
        Some(name) if name.parse::<Instance>().is_ok() => {
            arguments.extend(["--instance".into(), name.into()]);
        }
        // Verifying asks nobody, so what the instance publishes has to be kept.
        Some(_) => arguments.extend(["--trusted-root".into(), KEPT_ROOT.into()]),
    }
    arguments
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;
    use crate::cli::{Cli, Command};

    fn plan(line: &str) -> Result<Sign, Problem> {
        let words = ["sigsign", "sign"].into_iter().chain(line.split(' '));
        let cli = Cli::try_parse_from(words).unwrap();
        let Command::Sign(args) = cli.command else {
            panic!("not a sign command");
        };
        Sign::new(*args, cli.global.network())
    }

    #[test]
    fn accepts_files_with_bundles_beside_them() {
        let staging = plan("a b --instance staging").unwrap();

        let bundles: Vec<_> = staging
            .jobs
            .iter()
            .map(|job| job.bundle.as_path())
            .collect();
        assert_eq!(
            ["a.sigstore.json", "b.sigstore.json"].map(Path::new),
            bundles.as_slice()
        );
        assert_eq!(["--instance", "staging"].as_slice(), staging.verify_with);
        let kept = plan("a --instance http://localhost:1").unwrap();
        assert_eq!(["--trusted-root", KEPT_ROOT].as_slice(), kept.verify_with);
        let place = Place::Instance(Instance::Staging);
        let tls_ca = None;
        assert_eq!(Services::Remote { place, tls_ca }, staging.services);
    }

    #[test]
    fn accepts_the_local_instance_offline() {
        let plan = plan("a --local --offline --data d").unwrap();

        let network = Network::Off;
        let data = Some("d".into());
        assert_eq!(Services::Local { data, network }, plan.services);
        assert_eq!(["--local", "--data", "d"].as_slice(), plan.verify_with);
    }

    #[test]
    fn rejects_what_does_not_go_together() {
        let digest = format!("sha256:{}", "0".repeat(64));
        for (line, want) in [
            (
                "a b --bundle x",
                "--bundle names one bundle, and there are several files",
            ),
            ("a a", "a is named twice"),
            (
                "-",
                "a digest or standard input has no place for a bundle beside it",
            ),
            (
                &digest,
                "a digest or standard input has no place for a bundle beside it",
            ),
            (
                &format!("{digest} --bundle x --statement"),
                "a digest is no statement",
            ),
            (
                "- --bundle x --identity-token -",
                "standard input is named twice",
            ),
            ("a --instance Else/where", "unknown instance Else/where"),
            (
                "a --instance github",
                "GitHub's instance says to nobody where its services are",
            ),
            (
                "a --offline",
                "signing asks services for a certificate, a time stamp and a log entry",
            ),
        ] {
            let problem = plan(line).unwrap_err();

            assert_eq!(("cli.usage", want), (problem.code, &*problem.sentences[0]));
        }
    }
}
