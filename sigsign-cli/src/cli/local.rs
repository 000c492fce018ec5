use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

/// Run the local instance: every service that signing needs, on this machine only
///
/// Certificate authority, logs, time stamp authority, token issuer and trust root repository, in
/// one process and one folder. For tests, for trying things out, and for places without a network.
/// `sigsign sign --local` needs no server; other programs do: `sigsign local serve`.
#[derive(Debug, Subcommand)]
#[command(disable_help_subcommand = true)]
pub(crate) enum Local {
    Serve(Serve),
    Token(Token),
    /// Show where the local instance is, whether it is served, and what is in its logs
    Status(Data),
    Rotate(Rotate),
    Reset(Reset),
}

/// Where an instance is.
#[derive(Args, Debug, Default)]
pub(crate) struct Data {
    /// The folder with its state, in place of the user's own
    #[arg(long, value_name = "FOLDER")]
    pub(crate) data: Option<PathBuf>,
}

/// Serve the local instance on http://localhost until Ctrl-C
///
/// Makes the instance first if the folder is not there or empty. When the services answer, one
/// line on standard output says where; requests are logged to standard error.
#[derive(Args, Debug)]
pub(crate) struct Serve {
    #[command(flatten)]
    pub(crate) data: Data,
    /// The port, or 0 for any that is free; tokens name it as part of their issuer
    #[arg(long, value_name = "PORT", default_value = "7480")]
    pub(crate) port: u16,
    /// Serve only these: ca, ct, rekor-v1, rekor-v2, oidc, tsa, tuf
    #[arg(long, value_name = "SERVICES", value_delimiter = ',')]
    pub(crate) only: Vec<Service>,
    /// Certificates, in PEM, of other authorities that may write to the log of certificates
    #[arg(long, value_name = "PATH")]
    pub(crate) ct_root: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) choices: Choices,
}

/// What is chosen once, when an instance is made.
#[derive(Args, Debug, Default)]
#[command(next_help_heading = "Of a new instance")]
pub(crate) struct Choices {
    /// The key of the transparency log, version 2 [default: ed25519]
    #[arg(long, value_name = "KIND")]
    pub(crate) log_key: Option<LogKey>,
    /// The key of the time stamp authority [default: p256]
    #[arg(long, value_name = "KIND")]
    pub(crate) timestamp_key: Option<OtherKey>,
    /// The key of the token issuer [default: p256]
    #[arg(long, value_name = "KIND")]
    pub(crate) token_key: Option<OtherKey>,
    /// Have a witness cosign the checkpoints of the log
    #[arg(long)]
    pub(crate) witness: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogKey {
    Ed25519,
    P256,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum OtherKey {
    P256,
    Rsa2048,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Service {
    Ca,
    Ct,
    #[value(name = "rekor-v1")]
    RekorV1,
    #[value(name = "rekor-v2")]
    RekorV2,
    Oidc,
    Tsa,
    Tuf,
}

/// Print an identity token of the local instance
///
/// Whoever can read the folder may be anybody: the token is good for the local instance only, for
/// five minutes. SIGSTORE_ID_TOKEN=$(sigsign local token) is where signing programs look for it.
#[derive(Args, Debug)]
pub(crate) struct Token {
    #[command(flatten)]
    pub(crate) data: Data,
    /// Who the token names: an email address, a URI or a name; you, if not given
    #[arg(long, value_name = "SUBJECT")]
    pub(crate) identity: Option<String>,
    /// For whom the token is
    #[arg(long, value_name = "AUDIENCE", default_value = "sigstore")]
    pub(crate) audience: String,
    /// One more claim; a value that is JSON is taken as such, any other as text
    #[arg(long, value_name = "NAME=VALUE")]
    pub(crate) claim: Vec<String>,
}

/// Give the trust root repository new keys
///
/// Clients that have any earlier root find the new one by themselves. The instance must not be
/// served meanwhile.
#[derive(Args, Debug)]
pub(crate) struct Rotate {
    #[command(flatten)]
    pub(crate) data: Data,
}

/// Remove the local instance, with its keys and logs
///
/// Whatever was signed with it verifies no longer, unless you keep a copy of its
/// trusted_root.json.
#[derive(Args, Debug)]
pub(crate) struct Reset {
    #[command(flatten)]
    pub(crate) data: Data,
    /// Do not ask
    #[arg(long)]
    pub(crate) yes: bool,
}
