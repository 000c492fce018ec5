//! The services of an instance, opened together.

use std::io;
use std::sync::Arc;

use axum::Router;

use crate::instance::ca::{self, Ca, IssuerConfig, IssuerKind};
use crate::instance::ct_log::{self, CtLog};
use crate::instance::documents::{self, AuthorityPart, LogPart, Parts, Places};
use crate::instance::faulty::FaultyCtLog;
use crate::instance::oidc::{self, Oidc};
use crate::instance::rekor_v1::{self, RekorV1};
use crate::instance::rekor_v2::{self, RekorV2};
use crate::instance::tlog::TileLog;
use crate::instance::tsa::{self, Tsa};
use crate::instance::tuf::Tuf;
use crate::instance::{Choices, Context, SIGNING_CONFIG_FILE, Service, TRUSTED_ROOT_FILE};
use crate::key::Scheme;
use crate::note::Witness;

/// Every service, and what is said about them.
#[derive(Debug)]
pub(crate) struct Services {
    pub(crate) ca: Arc<Ca>,
    pub(crate) ct_log: Arc<CtLog>,
    pub(crate) oidc: Arc<Oidc>,
    pub(crate) rekor_v1: Arc<RekorV1>,
    pub(crate) rekor_v2: Arc<RekorV2>,
    pub(crate) tsa: Arc<Tsa>,
    pub(crate) tuf: Arc<Tuf>,
    pub(crate) trusted_root: String,
    pub(crate) signing_config: String,
}

impl Services {
    /// Opens all of them. `others` are token issuers and roots that are known besides the
    /// instance's own, `since` is when the instance was made, `served` are the ones that the
    /// signing config names.
    pub(crate) fn open(
        context: &Arc<Context>,
        choices: &Choices,
        others: (Vec<IssuerConfig>, Vec<Vec<u8>>),
        since: i64,
        served: &[Service],
    ) -> io::Result<Self> {
        let its = || Arc::clone(context);
        let (mut issuers, mut roots) = others;
        let oidc = Oidc::open(its(), choices.token_key)?;
        issuers.push(own_issuer(&oidc));
        let [_, root] = Ca::chain_of(context)?;
        roots.insert(0, root);
        let ct_log = Arc::new(CtLog::open(its(), roots)?);
        let ct = Arc::new(FaultyCtLog {
            log: Arc::clone(&ct_log),
            context: its(),
        });
        let ca = Ca::open(its(), issuers, ct)?;
        let rekor_v1 = RekorV1::open(its())?;
        let witness = choices.witness.then(|| witness(context));
        let rekor_v2 = RekorV2::open(its(), choices.log_key, witness)?;
        let tsa = Tsa::open(its(), choices.stamper_key)?;
        let trusted_root = documents::trusted_root(&Parts {
            since,
            logs: vec![
                log(rekor_v2::HOST, rekor_v2.log()),
                log(rekor_v1::HOST, rekor_v1.log()),
            ],
            ct_logs: vec![log(ct_log::HOST, ct_log.log())],
            authorities: vec![authority(ca::HOST, ca.chain())],
            stampers: vec![authority(tsa::HOST, tsa.chain())],
        });
        let signing_config = signing_config(&context.base_url, since, served);
        let documents = vec![
            (TRUSTED_ROOT_FILE, trusted_root.clone().into_bytes()),
            (SIGNING_CONFIG_FILE, signing_config.clone().into_bytes()),
        ];
        Ok(Self {
            ca: Arc::new(ca),
            ct_log,
            oidc: Arc::new(oidc),
            rekor_v1: Arc::new(rekor_v1),
            rekor_v2: Arc::new(rekor_v2),
            tsa: Arc::new(tsa),
            tuf: Arc::new(Tuf::open(its(), documents)?),
            trusted_root,
            signing_config,
        })
    }

    pub(crate) fn router(&self, service: Service) -> Router {
        match service {
            Service::Ca => Arc::clone(&self.ca).router(),
            Service::CtLog => Arc::clone(&self.ct_log).router(),
            Service::LogV1 => Arc::clone(&self.rekor_v1).router(),
            Service::LogV2 => Arc::clone(&self.rekor_v2).router(),
            Service::Oidc => Arc::clone(&self.oidc).router(),
            Service::Tsa => Arc::clone(&self.tsa).router(),
            Service::Tuf => Arc::clone(&self.tuf).router(),
        }
    }

    /// The number of entries of each log.
    pub(crate) fn log_sizes(&self) -> Vec<(&'static str, u64)> {
        let logs = [
            (Service::CtLog, self.ct_log.log()),
            (Service::LogV1, self.rekor_v1.log()),
            (Service::LogV2, self.rekor_v2.log()),
        ];
        logs.map(|(service, log)| (service.name(), log.head().0))
            .to_vec()
    }
}

fn log<'a>(host: &'a str, log: &TileLog) -> LogPart<'a> {
    LogPart {
        host,
        key: log.keys().key.clone(),
        id: log.keys().id(),
    }
}

fn authority<'a>(host: &'a str, chain: &'a [Vec<u8>]) -> AuthorityPart<'a> {
    AuthorityPart { host, chain }
}

fn signing_config(url: &str, since: i64, served: &[Service]) -> String {
    let has = |service| served.contains(&service);
    let logs = [(Service::LogV2, 2), (Service::LogV1, 1)].into_iter();
    let logs = logs.filter(|(service, _)| has(*service));
    documents::signing_config(&Places {
        since,
        authority: has(Service::Ca).then(|| url.to_owned()),
        issuer: has(Service::Oidc).then(|| url.to_owned()),
        logs: logs.map(|(_, version)| (url.to_owned(), version)).collect(),
        stamper: has(Service::Tsa).then(|| format!("{url}/api/v1/timestamp")),
    })
}

fn own_issuer(oidc: &Oidc) -> IssuerConfig {
    IssuerConfig {
        url: oidc.issuer().to_owned(),
        audience: oidc::AUDIENCE.to_owned(),
        kind: IssuerKind::Any,
        keys: oidc.keys().clone(),
    }
}

fn witness(context: &Context) -> Witness {
    let name = "witness.sigsign.localhost";
    Witness {
        name: name.to_owned(),
        key: context.keys.key(Scheme::Ed25519, name),
    }
}
