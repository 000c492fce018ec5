//! What an instance says about itself: its trusted root, and where its services are.
//!
//! Spec: trustroot.proto

use crate::document;
use crate::json::Json;
use crate::key::Key;

/// The media type of a signing config.
pub const SIGNING_CONFIG: &str = "application/vnd.dev.sigstore.signingconfig.v0.2+json";

/// Who runs the services, as both documents say.
pub const OPERATOR: &str = "sigsign.localhost";

/// A log of a trusted root.
#[derive(Clone, Debug)]
pub(crate) struct LogPart<'a> {
    pub(crate) host: &'a str,
    pub(crate) key: Key,
    pub(crate) id: [u8; 32],
}

/// An authority of a trusted root: DER, its own certificate first.
#[derive(Clone, Debug)]
pub(crate) struct AuthorityPart<'a> {
    pub(crate) host: &'a str,
    pub(crate) chain: &'a [Vec<u8>],
}

/// Everything in a trusted root.
#[derive(Clone, Debug, Default)]
pub(crate) struct Parts<'a> {
    /// From when on all of it is trusted.
    pub(crate) since: i64,
    pub(crate) logs: Vec<LogPart<'a>>,
    pub(crate) ct_logs: Vec<LogPart<'a>>,
    pub(crate) authorities: Vec<AuthorityPart<'a>>,
    pub(crate) stampers: Vec<AuthorityPart<'a>>,
}

/// TrustedRoot
pub(crate) fn trusted_root(parts: &Parts<'_>) -> String {
    let window = (parts.since, None);
    let operator = Some(OPERATOR.to_owned());
    let logs = |logs: &[LogPart<'_>]| {
        let each = logs.iter();
        let each = each.map(|it| document::log(it.host, &operator, &it.key, &it.id, window));
        Json::List(each.collect())
    };
    let authorities = |authorities: &[AuthorityPart<'_>]| {
        let each = authorities.iter();
        let each = each.map(|it| document::authority(it.host, &operator, it.chain, window));
        Json::List(each.collect())
    };
    let media_type = "application/vnd.dev.sigstore.trustedroot+json;version=0.1";
    let root = Json::object([
        ("mediaType", Json::text(media_type)),
        ("tlogs", logs(&parts.logs)),
        ("certificateAuthorities", authorities(&parts.authorities)),
        ("ctlogs", logs(&parts.ct_logs)),
        ("timestampAuthorities", authorities(&parts.stampers)),
    ]);
    root.pretty()
}

/// Where the services of a signing config are.
#[derive(Clone, Debug, Default)]
pub(crate) struct Places {
    pub(crate) since: i64,
    pub(crate) authority: Option<String>,
    pub(crate) issuer: Option<String>,
    /// With the version of its API.
    pub(crate) logs: Vec<(String, u32)>,
    pub(crate) stamper: Option<String>,
}

/// SigningConfig
pub(crate) fn signing_config(places: &Places) -> String {
    let service = |url: &str, version: u32| {
        Json::object([
            ("url", Json::text(url)),
            ("majorApiVersion", Json::number(version)),
            ("validFor", document::window((places.since, None))),
            ("operator", Json::text(OPERATOR)),
        ])
    };
    let first = |url: &Option<String>| Json::List(url.iter().map(|it| service(it, 1)).collect());
    let logs = places.logs.iter();
    let logs: Vec<Json> = logs.map(|(url, version)| service(url, *version)).collect();
    let mut config = Json::object([
        ("mediaType", Json::text(SIGNING_CONFIG)),
        ("caUrls", first(&places.authority)),
        ("oidcUrls", first(&places.issuer)),
    ]);
    // A selector for nothing is refused by some clients.
    let any = || Json::object([("selector", Json::text("ANY"))]);
    if !logs.is_empty() {
        config.set("rekorTlogUrls", Json::List(logs));
        config.set("rekorTlogConfig", any());
    }
    if places.stamper.is_some() {
        config.set("tsaUrls", first(&places.stamper));
        config.set("tsaConfig", any());
    }
    config.pretty()
}

#[cfg(test)]
mod tests {
    use sigsign_core::time::Timestamp;
    use sigsign_core::trust::{ServiceKind, SigningConfig, TrustedRoot};

    use super::*;
    use crate::certificate;
    use crate::key::{Scheme, sha256};
    use crate::recipe::NOW;

    #[test]
    fn accepts_its_trusted_root() {
        let key = Key::new(Scheme::Ed25519, "log");
        let ct = Key::new(Scheme::P256, "ct");
        let ca = Key::new(Scheme::P384, "ca");
        let name = certificate::name("sigsign local", "ca");
        let names = (name.as_slice(), name.as_slice());
        let window = (NOW, NOW + 1000);
        let ca = certificate::authority(names, ca.spki(), window, &ca, None, None).sign();
        let log = |host, key| LogPart {
            host,
            key,
            id: sha256(host.as_bytes()),
        };
        let authority = |host| AuthorityPart {
            host,
            chain: std::slice::from_ref(&ca),
        };

        let json = trusted_root(&Parts {
            since: NOW,
            logs: vec![log("rekor.sigsign.localhost", key)],
            ct_logs: vec![log("ct.sigsign.localhost", ct)],
            authorities: vec![authority("ca.sigsign.localhost")],
            stampers: vec![authority("tsa.sigsign.localhost")],
        });
        let root = TrustedRoot::from_json(json.as_bytes()).unwrap();

        assert_eq!("https://rekor.sigsign.localhost", root.logs()[0].base_url());
        assert_eq!("https://ct.sigsign.localhost", root.ct_logs()[0].base_url());
        assert_eq!(
            "https://ca.sigsign.localhost",
            root.certificate_authorities()[0].uri()
        );
        assert_eq!(
            "https://tsa.sigsign.localhost",
            root.timestamp_authorities()[0].uri()
        );
    }

    #[test]
    fn accepts_its_signing_config_and_takes_the_newest_log() {
        let url = "http://localhost:7480".to_owned();
        let json = signing_config(&Places {
            since: NOW,
            authority: Some(url.clone()),
            issuer: Some(url.clone()),
            logs: vec![(url.clone(), 2), (url.clone(), 1)],
            stamper: Some(format!("{url}/api/v1/timestamp")),
        });
        let config = SigningConfig::from_json(json.as_bytes()).unwrap();
        let now = Timestamp::from_unix_seconds(NOW);
        let select = |kind| config.select(kind, &[1, 2], now).unwrap();

        let logs = select(ServiceKind::Log);
        assert_eq!((1, 2), (logs.len(), logs[0].major_api_version()));
        let stampers = select(ServiceKind::TimestampAuthority);
        assert_eq!("http://localhost:7480/api/v1/timestamp", stampers[0].url());
        for kind in [ServiceKind::CertificateAuthority, ServiceKind::Issuer] {
            assert_eq!(url, select(kind)[0].url());
        }
    }

    #[test]
    fn accepts_a_signing_config_without_logs_and_stampers() {
        let json = signing_config(&Places::default());

        let config = SigningConfig::from_json(json.as_bytes()).unwrap();
        let now = Timestamp::from_unix_seconds(NOW);

        assert_eq!(Ok(vec![]), config.select(ServiceKind::Log, &[2], now));
        assert!(!json.contains("selector"), "{json}");
    }
}
