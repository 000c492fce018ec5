//! Telling a local instance from one that anybody can rely on.

use sigsign_core::trust::TrustedRoot;

/// What is said about whatever comes from a local instance.
pub(crate) const LOCAL: &str = "local instance, not the public one";

/// Whether any service in the trusted root is on a host that only a local instance has.
pub(crate) fn is_local(root: &TrustedRoot) -> bool {
    let logs = root.logs().iter().chain(root.ct_logs());
    let authorities = root
        .certificate_authorities()
        .iter()
        .chain(root.timestamp_authorities());
    logs.map(|log| log.base_url())
        .chain(authorities.map(|authority| authority.uri()))
        .any(is_local_url)
}

/// Whether a URL is of a host that only a local instance has.
pub(crate) fn is_local_url(url: &str) -> bool {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let host = rest.split(['/', '?', '#']).next().unwrap_or(rest);
    let host = match host.strip_prefix('[') {
        Some(address) => address.split(']').next().unwrap_or(address),
        None => host.split(':').next().unwrap_or(host),
    };
    ["localhost", "127.0.0.1", "::1"].contains(&host)
        || host.ends_with(".localhost")
        || host.ends_with(".invalid")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accepts_hosts_that_lead_nowhere_else() {
        for url in [
            "http://localhost:8080/auth",
            "https://rekor.localhost",
            "https://issuer.example.invalid/path",
            "http://127.0.0.1:1234",
            "http://[::1]:80/",
            "ca.localhost",
        ] {
            assert!(is_local_url(url), "{url}");
        }
    }

    #[test]
    fn rejects_hosts_of_others() {
        for url in [
            "https://rekor.sigstore.dev",
            "https://localhost.example.com",
            "https://example.com/localhost",
            "https://notlocalhost",
            "",
        ] {
            assert!(!is_local_url(url), "{url}");
        }
    }
}
