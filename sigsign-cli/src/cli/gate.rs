use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Subcommand};

/// Let a cluster run only the images that a policy allows
#[derive(Debug, Subcommand)]
pub(crate) enum Gate {
    Serve(GateServe),
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
    /// A certificate authority, in PEM, that vouches for the TLS of registries too
    #[arg(long, value_name = "PATH")]
    pub(crate) registry_ca: Option<PathBuf>,
    /// Who the gate is to registries, in place of the files of Docker and Podman
    #[arg(long, value_name = "PATH")]
    pub(crate) auth_file: Option<PathBuf>,
}
