use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::{Reach, Root};

/// Policy files: who must have signed and attested what
///
/// One file for continuous integration, the command line and the cluster. docs/policy.md has every
/// field with examples.
#[derive(Debug, Subcommand)]
pub(crate) enum Policy {
    Check(Check),
    Explain(Explain),
    From(Box<From>),
    ImportCip(ImportCip),
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

/// Show what a policy says about files and images: every rule, every condition, what was wanted and found
#[derive(Args, Debug)]
pub(crate) struct Explain {
    /// What was signed: files, their digests as sha256:HEX, or - for standard input
    #[arg(value_name = "FILE", required_unless_present = "images")]
    pub(crate) files: Vec<OsString>,
    /// An image; may be given several times
    #[arg(long = "image", value_name = "REF")]
    pub(crate) images: Vec<String>,
    /// The name by which rules know an image in a folder: REGISTRY/REPOSITORY
    #[arg(long = "as", value_name = "NAME", requires = "images")]
    pub(crate) known_as: Option<String>,
    /// The policy file
    #[arg(long, value_name = "POLICY")]
    pub(crate) policy: PathBuf,
    /// The bundle of the files, or - for standard input
    #[arg(long, value_name = "PATH")]
    pub(crate) bundle: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) reach: Reach,
}

/// Verify a signature by whomever it is, and propose a policy that asks for the same signer
///
/// Look at who signed before you use it: the policy is as good as the signature it was made from.
#[derive(Args, Debug)]
pub(crate) struct From {
    /// What was signed: a file, its digest as sha256:HEX, or - for standard input
    #[arg(value_name = "FILE", required_unless_present = "image")]
    pub(crate) file: Option<OsString>,
    /// An image, whose signature or else first attestation is taken
    #[arg(long, value_name = "REF", conflicts_with_all = ["file", "bundle"])]
    pub(crate) image: Option<String>,
    /// The bundle of the file, or - for standard input
    #[arg(long, value_name = "PATH")]
    pub(crate) bundle: Option<PathBuf>,
    /// The public key, in PEM, if it was signed with one
    #[arg(long, value_name = "PATH")]
    pub(crate) key: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) root: Root,
    #[command(flatten)]
    pub(crate) reach: Reach,
}

/// Make a policy out of those of Sigstore's policy controller
///
/// Objects of kind ClusterImagePolicy are read, and a policy is printed. What it cannot say makes a
/// rule that refuses, is named, and makes the exit status 1: nothing is let through that was not
/// before.
#[derive(Args, Debug)]
pub(crate) struct ImportCip {
    /// The objects, in YAML or JSON, or - for standard input
    #[arg(value_name = "PATH", required = true)]
    pub(crate) objects: Vec<PathBuf>,
    /// Write the public keys that stand in them to this folder, by the names that the policy has
    #[arg(long, value_name = "FOLDER")]
    pub(crate) keys: Option<PathBuf>,
}
