//! What a gate is served with.

use std::net::SocketAddr;
use std::path::PathBuf;

use super::image::Reach;
use crate::cli::{GateServe, Network};
use crate::problem::Problem;

#[derive(Debug)]
pub(crate) struct Serve {
    pub(crate) policy: PathBuf,
    pub(crate) tls_cert: PathBuf,
    pub(crate) tls_key: PathBuf,
    pub(crate) listen: SocketAddr,
    pub(crate) metrics: SocketAddr,
    pub(crate) reach: Reach,
}

impl Serve {
    pub(crate) fn new(args: GateServe, network: Network) -> Result<Self, Problem> {
        if network == Network::Off {
            return Err(Problem::usage(
                "a gate asks registries for what was signed about images",
                "leave out --offline",
            ));
        }
        Ok(Self {
            policy: args.policy,
            tls_cert: args.tls_cert,
            tls_key: args.tls_key,
            listen: args.listen,
            metrics: args.metrics,
            reach: Reach {
                plain: None,
                ca: args.registry_ca,
                auth_file: args.auth_file,
            },
        })
    }
}
