use std::ffi::OsString;
use std::path::PathBuf;

use clap::Args;

use super::{Credential, Services};

/// Say something of files, and sign that: provenance, a bill of materials, anything in JSON
///
/// One in-toto statement is made about all of the files, and signed as `sign` does. Its bundle is
/// added to FILE.sigstore.jsonl of each, where `verify --type` looks for it.
#[derive(Args, Debug)]
pub(crate) struct Attest {
    /// What it is about: files, or digests as sha256:HEX
    #[arg(value_name = "FILE", required_unless_present = "checksums")]
    pub(crate) files: Vec<OsString>,
    /// Also about each file in this list, as sha256sum and sha512sum write it
    #[arg(long, value_name = "PATH")]
    pub(crate) checksums: Option<PathBuf>,
    /// What kind of predicate it is: slsa, spdx, cyclonedx, openvex, vuln, link, custom, or a URI
    #[arg(long = "type", value_name = "TYPE", required_unless_present = "slsa")]
    pub(crate) predicate_type: Option<String>,
    /// What is said: a file with a JSON object, or - for standard input
    #[arg(long, value_name = "PATH", required_unless_present = "slsa")]
    pub(crate) predicate: Option<PathBuf>,
    /// Say how it was built, as the identity token of a job of GitHub Actions tells it
    #[arg(long, conflicts_with_all = ["predicate_type", "predicate", "key"])]
    pub(crate) slsa: bool,
    /// Where the bundle goes, or - for standard output; one that ends in .jsonl is added to
    #[arg(long, value_name = "PATH")]
    pub(crate) bundle: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) signer: Credential,
    #[command(flatten)]
    pub(crate) services: Services,
}
