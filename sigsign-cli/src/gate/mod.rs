//! The gate of a cluster: images run only if the policy allows them.

pub(crate) mod containerd;
mod contents;
mod judge;
mod metrics;
mod policy;
mod review;
mod server;
mod tls;
mod words;

use std::sync::Arc;

use sigsign_core::oci::Remote;

use crate::problem::Problem;

pub(crate) use server::Sockets;

use judge::Judge;
use metrics::Metrics;
use policy::Current;
use tls::Identity;

/// A gate that is ready to be served: its policy and its certificate can be used.
pub(crate) struct Gate {
    current: Arc<Current>,
    identity: Arc<Identity>,
    metrics: Arc<Metrics>,
    judge: Judge,
}

impl Gate {
    pub(crate) fn open(plan: &crate::plan::gate::Serve, remote: Remote) -> Result<Self, Problem> {
        let metrics = Arc::new(Metrics::default());
        Ok(Self {
            current: Arc::new(Current::open(&plan.policy, Arc::clone(&metrics))?),
            identity: Arc::new(Identity::open(&plan.tls_cert, &plan.tls_key)?),
            judge: Judge::new(remote, plan.remember, Arc::clone(&metrics)),
            metrics,
        })
    }

    /// Answers reviews until `end`.
    pub(crate) async fn serve(
        self,
        sockets: Sockets,
        end: impl Future<Output = ()>,
    ) -> Result<(), Problem> {
        let parts = (self.judge, self.current, self.metrics);
        server::serve(sockets, self.identity, parts, end).await
    }
}
