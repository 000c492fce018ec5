//! The grammar of the command line, and nothing else.

mod attest;
mod ci;
mod gate;
mod image;
mod local;
mod policy;
mod sign;
mod trust;

use std::ffi::OsString;
use std::num::NonZeroU8;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

pub(crate) use attest::Attest;
pub(crate) use ci::Ci;
pub(crate) use gate::{Gate, GateContainerd, GateReach, GateServe};
pub(crate) use image::{
    AttestImage, CopyImage, Image, Reach, SignImage, VerifyImage, WhichManifests,
};
pub(crate) use local::{
    Choices, Data, Local, LogKey, OtherKey, Reset, Rotate, Serve, Service, Token,
};
pub(crate) use policy::{
    Check as PolicyCheck, Explain as PolicyExplain, From as PolicyFrom, ImportCip, Policy,
};
pub(crate) use trust::{Add, Instance, Trust, Update};

pub(crate) use sign::{Credential, Flow, Provider, Scheme, Services, Sign, TokenFrom, Whoami};

/// Keyless signing and verification.
#[derive(Debug, Parser)]
#[command(name = "sigsign", version, disable_help_subcommand = true)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
    #[command(flatten)]
    pub(crate) global: Global,
}

/// The grammar of `verify` alone, for [`parse`].
#[derive(Debug, Parser)]
struct OnlyVerify {
    #[command(flatten)]
    verify: Verify,
    #[command(flatten)]
    global: Global,
}

/// Reads the command line.
///
/// A verification takes little longer than it takes to put the grammar of every command together,
/// so one that needs no other is read without them. Whatever does not fit is for the whole grammar
/// to explain.
pub(crate) fn parse() -> Result<Cli, clap::Error> {
    if is_containerd() {
        return Cli::try_parse_from(gate::as_containerd_writes(std::env::args_os()));
    }
    let mut words = std::env::args_os().skip(1);
    if words.next().is_some_and(|it| it == "verify")
        && let Ok(OnlyVerify { verify, global }) =
            OnlyVerify::try_parse_from(std::iter::once("verify".into()).chain(words))
    {
        let command = Command::Verify(Box::new(verify));
        return Ok(Cli { command, global });
    }
    Cli::try_parse()
}

/// Whether it is containerd that asks, or somebody as it would. It reads standard output only.
pub(crate) fn is_containerd() -> bool {
    gate::is_containerd(std::env::args_os())
}

/// What every command takes.
#[derive(Args, Clone, Debug)]
pub(crate) struct Global {
    /// Print answers as text, as one JSON object for each line, or, of a verification, as one
    /// document in JUnit XML or SARIF
    #[arg(long, global = true, value_name = "FORMAT", default_value = "text")]
    pub(crate) format: Output,
    /// Color the answers
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    pub(crate) color: When,
    /// Print nothing but errors; the exit status is the answer
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub(crate) quiet: bool,
    /// Print every check with its evidence
    #[arg(short, long, global = true)]
    pub(crate) verbose: bool,
    /// Open no connection; verifying never does
    #[arg(long, global = true)]
    pub(crate) offline: bool,
}

/// Whether connections may be opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Network {
    Allowed,
    Off,
}

impl Global {
    pub(crate) fn network(&self) -> Network {
        if self.offline {
            Network::Off
        } else {
            Network::Allowed
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Output {
    Json,
    Junit,
    Sarif,
    Text,
}

/// What answers look like that have a line each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    Json,
    Text,
}

/// What answers look like that make one document together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OneDocument {
    Junit,
    Sarif,
}

impl Output {
    pub(crate) fn format(self) -> Format {
        match self {
            Self::Json => Format::Json,
            _ => Format::Text,
        }
    }

    pub(crate) fn document(self) -> Option<OneDocument> {
        match self {
            Self::Junit => Some(OneDocument::Junit),
            Self::Sarif => Some(OneDocument::Sarif),
            Self::Json | Self::Text => None,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum When {
    Always,
    Auto,
    Never,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Sign(Box<Sign>),
    Attest(Box<Attest>),
    Verify(Box<Verify>),
    /// Show what a bundle claims, without checking it
    Inspect(Inspect),
    Whoami(Box<Whoami>),
    #[command(subcommand)]
    Image(Image),
    #[command(subcommand)]
    Policy(Policy),
    #[command(subcommand)]
    Trust(Trust),
    #[command(subcommand)]
    Local(Local),
    #[command(subcommand)]
    Ci(Ci),
    #[command(subcommand)]
    Gate(Gate),
    /// Print the completions for a shell
    Completions {
        /// The shell
        shell: Shell,
    },
    /// Print the manual page
    Man,
    /// The public conformance protocol
    #[command(hide = true, subcommand)]
    Conformance(Conformance),
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Shell {
    Bash,
    Elvish,
    Fish,
    #[value(name = "powershell")]
    Power,
    Zsh,
}

/// Verify that files were signed by whom you expect
///
/// Say who must have signed: `--identity` and `--issuer`, `--repository`, `--key`, or a file with
/// `--policy`. The bundle of
/// FILE is looked for in FILE.sigstore.json, FILE.sigstore and FILE.sigstore.jsonl.
#[derive(Args, Debug)]
pub(crate) struct Verify {
    /// What was signed: files, their digests as sha256:HEX, or - for standard input
    #[arg(value_name = "FILE")]
    pub(crate) files: Vec<OsString>,
    /// The bundle of the files, or - for standard input
    #[arg(long, value_name = "PATH")]
    pub(crate) bundle: Option<PathBuf>,
    /// Verify what this list of JSON lines names: bundle, artifact, identity, issuer
    #[arg(long, value_name = "LIST", conflicts_with_all = ["files", "bundle"])]
    pub(crate) batch: Option<PathBuf>,
    /// Let this policy file decide, in place of every other option below
    #[arg(long, value_name = "POLICY", conflicts_with_all = ["batch", "Signer", "Demands", "Root"])]
    pub(crate) policy: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) signer: Signer,
    #[command(flatten)]
    pub(crate) demands: Demands,
    #[command(flatten)]
    pub(crate) root: Root,
}

/// Who must have signed.
#[derive(Args, Debug, Default)]
#[command(next_help_heading = "Who must have signed")]
pub(crate) struct Signer {
    /// The signer: an email address or URI, compared exactly
    #[arg(long, value_name = "SUBJECT", alias = "certificate-identity")]
    pub(crate) identity: Option<String>,
    /// The signer, as a regular expression for all of it
    #[arg(long, value_name = "PATTERN", alias = "certificate-identity-regexp")]
    pub(crate) identity_regexp: Option<String>,
    /// Who vouches for the signer: the URL of the token issuer, compared exactly
    #[arg(long, value_name = "URL", alias = "certificate-oidc-issuer")]
    pub(crate) issuer: Option<String>,
    /// Any workflow of this GitHub repository
    #[arg(long, value_name = "OWNER/REPO")]
    pub(crate) repository: Option<String>,
    /// Only this workflow of the repository: its file name or path
    #[arg(long, value_name = "FILE")]
    pub(crate) workflow: Option<String>,
    /// Only on this ref of the repository: refs/heads/main
    #[arg(long = "ref", value_name = "REF")]
    pub(crate) reference: Option<String>,
    /// Only with this deployment environment
    #[arg(long, value_name = "NAME")]
    pub(crate) environment: Option<String>,
    /// Only on such runners: github-hosted, self-hosted
    #[arg(long, value_name = "KIND")]
    pub(crate) runner: Option<String>,
    /// Only with this certificate extension, by name or object identifier
    #[arg(long, value_name = "NAME=VALUE")]
    pub(crate) extension: Vec<String>,
    /// The holder of this public key, in PEM
    #[arg(long, value_name = "PATH")]
    pub(crate) key: Option<PathBuf>,
    /// Anybody at all: proves that somebody signed, not who
    #[arg(long)]
    pub(crate) danger_any_identity: bool,
}

/// What else is asked for.
#[derive(Args, Debug, Default)]
#[command(next_help_heading = "What else to ask for")]
pub(crate) struct Demands {
    /// A statement with this predicate type: slsa, spdx, cyclonedx, openvex, vuln, link, custom, or
    /// a URI
    #[arg(long = "type", value_name = "TYPE")]
    pub(crate) predicate_type: Option<String>,
    /// Times from so many operators
    #[arg(long, value_name = "N")]
    pub(crate) min_times: Option<NonZeroU8>,
    /// Entries in the logs of so many operators
    #[arg(long, value_name = "N")]
    pub(crate) min_log_entries: Option<NonZeroU8>,
    /// Signed certificate timestamps of so many operators
    #[arg(long, value_name = "N", conflicts_with = "key")]
    pub(crate) min_scts: Option<NonZeroU8>,
    /// A witness of the log, as NAME+HASH+KEY
    #[arg(long, value_name = "VKEY")]
    pub(crate) witness: Vec<String>,
    /// So many of the witnesses must have cosigned; all of them if not given
    #[arg(long, value_name = "N", requires = "witness")]
    pub(crate) witness_quorum: Option<NonZeroU8>,
    /// Ask for no log entry
    #[arg(long, conflicts_with_all = ["min_log_entries", "witness"])]
    pub(crate) danger_no_log_entry: bool,
    /// Ask for no signed certificate timestamp
    #[arg(long, conflicts_with = "min_scts")]
    pub(crate) danger_no_sct: bool,
    /// Take a log's promise for its proof in bundles of version 0.1
    #[arg(long, conflicts_with = "witness")]
    pub(crate) danger_no_inclusion_proof: bool,
}

/// Whose services are trusted.
#[derive(Args, Debug, Default)]
#[command(next_help_heading = "Whose services to trust")]
pub(crate) struct Root {
    /// The instance that the bundle comes from: public, staging, github, or one that was added
    #[arg(long, value_name = "NAME", default_value = "public")]
    pub(crate) instance: Instance,
    /// A trusted root in place of the one that comes with this program or its last update
    #[arg(long, value_name = "PATH")]
    pub(crate) trusted_root: Option<PathBuf>,
    /// The local instance of this user
    #[arg(long, conflicts_with_all = ["instance", "trusted_root"])]
    pub(crate) local: bool,
    /// The folder of the local instance
    #[arg(long, value_name = "FOLDER", requires = "local")]
    pub(crate) data: Option<PathBuf>,
}

#[derive(Args, Debug)]
pub(crate) struct Inspect {
    /// The bundle, or - for standard input
    pub(crate) bundle: PathBuf,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Conformance {
    SignBundle(SignBundle),
    VerifyBundle(VerifyBundle),
}

#[derive(Args, Debug)]
pub(crate) struct SignBundle {
    #[arg(long)]
    pub(crate) staging: bool,
    #[arg(long)]
    pub(crate) in_toto: bool,
    /// The token itself
    #[arg(long)]
    pub(crate) identity_token: String,
    #[arg(long)]
    pub(crate) bundle: PathBuf,
    #[arg(long)]
    pub(crate) signing_config: Option<PathBuf>,
    #[arg(long)]
    pub(crate) trusted_root: Option<PathBuf>,
    pub(crate) file: OsString,
}

#[derive(Args, Debug)]
pub(crate) struct VerifyBundle {
    #[arg(long)]
    pub(crate) staging: bool,
    #[arg(long)]
    pub(crate) bundle: PathBuf,
    #[arg(long)]
    pub(crate) certificate_identity: Option<String>,
    #[arg(long)]
    pub(crate) certificate_oidc_issuer: Option<String>,
    #[arg(long)]
    pub(crate) key: Option<PathBuf>,
    #[arg(long)]
    pub(crate) trusted_root: Option<PathBuf>,
    pub(crate) file_or_digest: OsString,
}
