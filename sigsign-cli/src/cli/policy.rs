use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::Root;

/// Policy files: who must have signed and attested what
///
/// One file for continuous integration, the command line and the cluster. docs/policy.md has every
/// field with examples.
#[derive(Debug, Subcommand)]
pub(crate) enum Policy {
    Check(Check),
    Explain(Explain),
    From(From),
}

/// Check that policy files are well-formed, and name what looks like a mistake
///
/// Nothing is verified, and nothing that a policy names is opened.
#[derive(Args, Debug)]
pub(crate) struct Check {
    /// The policy files, or - for standard input
    #[arg(value_name = "POLICY", required = true)]
    pub(crate) policies: Vec<PathBuf>,
    /// Answer no to remarks, too
    #[arg(long)]
    pub(crate) strict: bool,
}

/// Show what a policy says about files: every rule, every condition, what was wanted and found
#[derive(Args, Debug)]
pub(crate) struct Explain {
    /// What was signed: files, their digests as sha256:HEX, or - for standard input
    #[arg(value_name = "FILE", required = true)]
    pub(crate) files: Vec<OsString>,
    /// The policy file
    #[arg(long, value_name = "POLICY")]
    pub(crate) policy: PathBuf,
    /// The bundle of the files, or - for standard input
    #[arg(long, value_name = "PATH")]
    pub(crate) bundle: Option<PathBuf>,
}

/// Verify a signature by whomever it is, and propose a policy that asks for the same signer
///
/// Look at who signed before you use it: the policy is as good as the signature it was made from.
#[derive(Args, Debug)]
pub(crate) struct From {
    /// What was signed: a file, its digest as sha256:HEX, or - for standard input
    #[arg(value_name = "FILE")]
    pub(crate) file: OsString,
    /// The bundle of the file, or - for standard input
    #[arg(long, value_name = "PATH")]
    pub(crate) bundle: Option<PathBuf>,
    /// The public key, in PEM, if it was signed with one
    #[arg(long, value_name = "PATH")]
    pub(crate) key: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) root: Root,
}
