use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, ValueEnum};

/// Sign files as whoever runs this, without a key to keep
///
/// The identity token says who that is: it is swapped for a certificate that lives ten minutes,
/// for a key made for this one use. The signature is time stamped and logged, and everything is
/// verified before it is written to FILE.sigstore.json.
#[derive(Args, Debug)]
pub(crate) struct Sign {
    /// What to sign: files, or - for standard input; with --bundle also a digest as sha256:HEX
    #[arg(value_name = "FILE", required = true)]
    pub(crate) files: Vec<OsString>,
    /// Where the bundle goes, or - for standard output
    #[arg(long, value_name = "PATH")]
    pub(crate) bundle: Option<PathBuf>,
    /// The files are in-toto statements: sign each as it is, in an envelope
    #[arg(long)]
    pub(crate) statement: bool,
    #[command(flatten)]
    pub(crate) signer: Credential,
    #[command(flatten)]
    pub(crate) services: Services,
}

/// Show who would sign here, and how that is verified
///
/// Gets the identity token as `sign` does, and asks nobody for a certificate. The token itself is
/// not shown: whoever has it can sign as you.
#[derive(Args, Debug)]
pub(crate) struct Whoami {
    #[command(flatten)]
    pub(crate) token: TokenFrom,
    #[command(flatten)]
    pub(crate) services: Services,
}

/// Who signs.
#[derive(Args, Debug)]
#[command(next_help_heading = "Who signs")]
pub(crate) struct Credential {
    #[command(flatten)]
    pub(crate) token: TokenFrom,
    /// The holder of this private key in PEM (PKCS#8), whom no certificate names
    #[arg(long, value_name = "PATH", conflicts_with_all = ["identity_token", "oidc_provider", "oidc_flow", "oidc_issuer", "identity"])]
    pub(crate) key: Option<PathBuf>,
    /// The password of the private key; SIGSIGN_KEY_PASSWORD if not given
    #[arg(long, value_name = "PATH", requires = "key")]
    pub(crate) key_password: Option<PathBuf>,
    /// The kind of key that is made for this one use
    #[arg(
        long,
        value_name = "KIND",
        default_value = "p256",
        conflicts_with = "key"
    )]
    pub(crate) scheme: Scheme,
}

/// Where the identity token comes from.
#[derive(Args, Debug)]
#[command(next_help_heading = "Who signs")]
pub(crate) struct TokenFrom {
    /// The identity token, or - for standard input; if not given, that of the platform which runs
    /// this
    #[arg(long, value_name = "PATH")]
    pub(crate) identity_token: Option<PathBuf>,
    /// The platform that gives the token, where it is not found or there are several
    #[arg(
        long,
        value_name = "NAME",
        conflicts_with_all = ["identity_token", "local"]
    )]
    pub(crate) oidc_provider: Option<Provider>,
    /// Log in as a person, in a browser or on another device; if not given, that happens at a
    /// terminal, where no platform gives a token
    #[arg(
        long,
        value_name = "FLOW",
        conflicts_with_all = ["identity_token", "oidc_provider", "local"]
    )]
    pub(crate) oidc_flow: Option<Flow>,
    /// Where people log in, in place of what the instance says
    #[arg(long, value_name = "URL", conflicts_with_all = ["identity_token", "oidc_provider", "local"])]
    pub(crate) oidc_issuer: Option<String>,
    /// How long a login may take
    #[arg(
        long,
        value_name = "SECONDS",
        default_value = "300",
        value_parser = clap::value_parser!(u64).range(1..=900)
    )]
    pub(crate) oidc_timeout: u64,
    /// For whom the token is; what an issuer calls this program, where people log in
    #[arg(long, value_name = "AUDIENCE", default_value = "sigstore")]
    pub(crate) audience: String,
    /// The subject that a token of the local instance is made for; you, if not given
    #[arg(long, value_name = "SUBJECT", requires = "local")]
    pub(crate) identity: Option<String>,
}

/// A platform that tells its jobs who they are, in the order in which they are looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Provider {
    /// The variable SIGSTORE_ID_TOKEN
    Environment,
    /// GitHub Actions
    #[value(name = "github")]
    GitHub,
    /// GitLab
    #[value(name = "gitlab")]
    GitLab,
    /// CircleCI
    #[value(name = "circleci")]
    CircleCi,
    /// Buildkite
    Buildkite,
    /// Codefresh
    Codefresh,
    /// Azure Pipelines
    AzurePipelines,
    /// The file of a Kubernetes service account
    Kubernetes,
    /// The Workload API of SPIFFE
    Spiffe,
    /// The service account of a machine of Google Cloud
    GoogleCloud,
}

/// How a person logs in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Flow {
    /// In a browser of this machine
    Browser,
    /// On any device, with a code
    Device,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Scheme {
    /// Ed25519, where the log takes it
    Ed25519,
    /// ECDSA with P-256 and SHA-256
    #[default]
    P256,
    /// ECDSA with P-384 and SHA-384
    P384,
}

/// Whose services sign.
#[derive(Args, Debug, Default)]
#[command(next_help_heading = "Whose services to use")]
pub(crate) struct Services {
    /// The local instance, inside this program: no server, no network
    #[arg(long, conflicts_with_all = ["instance", "signing_config", "trusted_root"])]
    pub(crate) local: bool,
    /// The folder of the local instance
    #[arg(long, value_name = "FOLDER", requires = "local")]
    pub(crate) data: Option<PathBuf>,
    /// The instance: public, staging, one that was added, or the URL of a local one that runs [default: public]
    #[arg(long, value_name = "NAME|URL")]
    pub(crate) instance: Option<String>,
    /// Where the services are, in place of what --instance says
    #[arg(
        long,
        value_name = "PATH",
        requires = "trusted_root",
        conflicts_with = "instance"
    )]
    pub(crate) signing_config: Option<PathBuf>,
    /// What the services are verified with
    #[arg(long, value_name = "PATH", requires = "signing_config")]
    pub(crate) trusted_root: Option<PathBuf>,
    /// A certificate authority, in PEM, that vouches for the TLS of the services too
    #[arg(long, value_name = "PATH", conflicts_with = "local")]
    pub(crate) tls_ca: Option<PathBuf>,
}
