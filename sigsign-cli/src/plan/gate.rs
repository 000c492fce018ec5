//! What a gate is served with.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use super::image::Reach;
use crate::cli::{GateContainerd, GateReach, GateServe, Network};
use crate::problem::Problem;

/// Of one answer; a review is answered long before.
const PATIENCE: Duration = Duration::from_secs(30);

#[derive(Debug)]
pub(crate) struct Serve {
    pub(crate) policy: PathBuf,
    pub(crate) tls_cert: PathBuf,
    pub(crate) tls_key: PathBuf,
    pub(crate) listen: SocketAddr,
    pub(crate) metrics: SocketAddr,
    pub(crate) remember: Duration,
    pub(crate) reach: Reach,
}

impl Serve {
    pub(crate) fn new(args: GateServe, network: Network) -> Result<Self, Problem> {
        Ok(Self {
            policy: args.policy,
            tls_cert: args.tls_cert,
            tls_key: args.tls_key,
            listen: args.listen,
            metrics: args.metrics,
            remember: Duration::from_secs(args.remember),
            reach: reach(args.reach, network)?,
        })
    }
}

/// What containerd asks.
#[derive(Debug)]
pub(crate) struct Containerd {
    pub(crate) policy: PathBuf,
    /// How long an answer may take.
    pub(crate) patience: Duration,
    pub(crate) reach: Reach,
    pub(crate) name: String,
    pub(crate) digest: String,
    pub(crate) media_type: String,
}

impl Containerd {
    pub(crate) fn new(args: GateContainerd, network: Network) -> Result<Self, Problem> {
        Ok(Self {
            policy: args.policy,
            patience: Duration::from_secs(args.timeout.saturating_sub(1)),
            reach: reach(args.reach, network)?,
            name: args.name,
            digest: args.digest,
            media_type: args.stdin_media_type,
        })
    }
}

fn reach(args: GateReach, network: Network) -> Result<Reach, Problem> {
    if network == Network::Off {
        return Err(Problem::usage(
            "a gate asks registries for what was signed about images",
            "leave out --offline",
        ));
    }
    Ok(Reach {
        plain: None,
        ca: args.registry_ca,
        patience: PATIENCE,
        auth_file: args.auth_file,
    })
}
