use std::ffi::{OsStr, OsString};
use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Subcommand};

/// Let a cluster run only the images that a policy allows
#[derive(Debug, Subcommand)]
pub(crate) enum Gate {
    Serve(GateServe),
    Containerd(GateContainerd),
}

/// How the gate reaches registries.
#[derive(Args, Debug)]
pub(crate) struct GateReach {
    /// A certificate authority, in PEM, that vouches for the TLS of registries too
    #[arg(long, value_name = "PATH")]
    pub(crate) registry_ca: Option<PathBuf>,
    /// Who the gate is to registries, in place of the files of Docker and Podman
    #[arg(long, value_name = "PATH")]
    pub(crate) auth_file: Option<PathBuf>,
}

/// Answer the reviews of a Kubernetes API server, as an admission webhook
///
/// `/mutate` puts digests in the place of tags, where the policy says so, and `/validate` asks the
/// policy about every image. The policy file, the certificate and its key are read again when they
/// change; one that cannot be used changes nothing. It keeps no state.
#[derive(Args, Debug)]
pub(crate) struct GateServe {
    /// The policy
    #[arg(long, value_name = "PATH")]
    pub(crate) policy: PathBuf,
    /// The certificate that the API server is answered with, with its chain, in PEM
    #[arg(long, value_name = "PATH")]
    pub(crate) tls_cert: PathBuf,
    /// The private key of that certificate, in PEM
    #[arg(long, value_name = "PATH")]
    pub(crate) tls_key: PathBuf,
    /// Where reviews are answered
    #[arg(long, value_name = "ADDRESS", default_value = "[::]:8443")]
    pub(crate) listen: SocketAddr,
    /// Where Prometheus is answered, without TLS
    #[arg(long, value_name = "ADDRESS", default_value = "[::]:9090")]
    pub(crate) metrics: SocketAddr,
    /// For how many seconds an image that is allowed is not looked at again
    #[arg(long, value_name = "SECONDS", default_value_t = 3600,
        value_parser = clap::value_parser!(u64).range(..=86400))]
    pub(crate) remember: u64,
    #[command(flatten)]
    pub(crate) reach: GateReach,
}

/// Say to containerd whether an image may be pulled, as a program in its folder of image verifiers
///
/// containerd gives options with one dash, and a descriptor on standard input. The reason is printed
/// on standard output, and the exit status is 0 if the image may be pulled. `sigsign -name ...` is
/// this command too, so that a link to the program is enough in that folder.
#[derive(Args, Debug)]
pub(crate) struct GateContainerd {
    /// The policy
    #[arg(long, value_name = "PATH", default_value = "/etc/sigsign/policy.yaml")]
    pub(crate) policy: PathBuf,
    /// How many seconds containerd waits; there is an answer a second before that
    #[arg(long, value_name = "SECONDS", default_value_t = 10,
        value_parser = clap::value_parser!(u64).range(2..=600))]
    pub(crate) timeout: u64,
    #[command(flatten)]
    pub(crate) reach: GateReach,
    /// The image, as `-name`
    #[arg(long, value_name = "IMAGE", allow_hyphen_values = true)]
    pub(crate) name: String,
    /// Its digest, as `-digest`
    #[arg(long, value_name = "DIGEST", allow_hyphen_values = true)]
    pub(crate) digest: String,
    /// What is on standard input, as `-stdin-media-type`
    #[arg(long, value_name = "TYPE", allow_hyphen_values = true)]
    pub(crate) stdin_media_type: String,
}

/// Whether these are the words of containerd, or of who does the same by hand.
pub(super) fn is_containerd(words: impl Iterator<Item = OsString>) -> bool {
    let words: Vec<OsString> = words.skip(1).take(2).collect();
    words.first().is_some_and(|it| it == "-name") || *words == ["gate", "containerd"]
}

/// The words of containerd in the grammar of the rest. What follows one of its options is the value
/// of that, whatever it looks like.
pub(super) fn as_containerd_writes(words: impl Iterator<Item = OsString>) -> Vec<OsString> {
    let mut words = words.peekable();
    let mut out: Vec<OsString> = words.next().into_iter().collect();
    if words.peek().is_some_and(|it| it == "-name") {
        out.extend(["gate".into(), "containerd".into()]);
    }
    while let Some(word) = words.next() {
        let Some(option) = OPTIONS.iter().find(|it| OsStr::new(it) == word) else {
            out.push(word);
            continue;
        };
        let mut option = OsString::from(format!("-{option}"));
        if let Some(value) = words.next() {
            option.push("=");
            option.push(value);
        }
        out.push(option);
    }
    out
}

const OPTIONS: [&str; 3] = ["-digest", "-name", "-stdin-media-type"];
