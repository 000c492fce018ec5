//! The trusted roots and signing configs that come with this library, taken from published packages.
//!
//! They were trusted by whoever published those packages, and they age: each says when the TUF
//! root that it was published under expires. `testdata/SOURCES.toml` has packages and digests.

use super::{SigningConfig, SigningConfigError, Source, TrustedRoot, TrustedRootError};
use crate::time::Timestamp;

/// The public instance.
///
/// # Errors
///
/// None in practice: a test parses it.
pub fn public_good() -> Result<TrustedRoot, TrustedRootError> {
    let source = source(
        "the public instance",
        "TUF root 15, sigstore 4.5.1",
        1_795_183_098,
    );
    TrustedRoot::from_source(include_bytes!("embedded/public.json"), source)
}

/// The staging instance, which anybody may use for tests.
///
/// # Errors
///
/// None in practice: a test parses it.
pub fn staging() -> Result<TrustedRoot, TrustedRootError> {
    let source = source(
        "the staging instance",
        "TUF root 14, sigstore 4.5.1",
        1_792_179_583,
    );
    TrustedRoot::from_source(include_bytes!("embedded/staging.json"), source)
}

/// GitHub's instance for private repositories: signed time only, no log and no CT log.
///
/// # Errors
///
/// None in practice: a test parses it.
pub fn github() -> Result<TrustedRoot, TrustedRootError> {
    let version = "TUF root 9, sigstore-trust-root 0.15.1";
    let source = source(
        "GitHub's instance for private repositories",
        version,
        1_801_167_533,
    );
    TrustedRoot::from_source(include_bytes!("embedded/github.json"), source)
}

/// Where the public instance's services are.
///
/// # Errors
///
/// None in practice: a test parses it.
pub fn public_good_services() -> Result<SigningConfig, SigningConfigError> {
    SigningConfig::from_json(include_bytes!("embedded/public_signing.json"))
}

/// Where the staging instance's services are.
///
/// # Errors
///
/// None in practice: a test parses it.
pub fn staging_services() -> Result<SigningConfig, SigningConfigError> {
    SigningConfig::from_json(include_bytes!("embedded/staging_signing.json"))
}

fn source(name: &str, version: &str, expires: i64) -> Source {
    Source {
        name: name.to_owned(),
        version: Some(version.to_owned()),
        expires: Some(Timestamp::from_unix_seconds(expires)),
        is_unfinished: false,
    }
}

#[cfg(test)]
mod tests {
    use super::super::ServiceKind;
    use super::*;
    use crate::x509::known;

    // V24
    #[test]
    fn accepts_exactly_the_signatures_of_authorities_that_are_known() {
        let roots = [public_good(), staging(), github()].map(Result::unwrap);
        let authorities = roots.iter().flat_map(|root| {
            let others = root.timestamp_authorities().iter();
            root.certificate_authorities().iter().chain(others)
        });
        let links = authorities.flat_map(|authority| authority.chain().windows(2));
        let links: std::collections::BTreeSet<String> = links
            .map(|pair| {
                assert_eq!(Ok(()), known::check_signature(&pair[0], &pair[1]));
                known::link(&pair[0], &pair[1])
            })
            .collect();

        assert_eq!(
            known::SIGNED.map(String::from).to_vec(),
            Vec::from_iter(links)
        );
    }

    // V63
    #[test]
    fn accepts_signing_configs() {
        let at = Timestamp::from_unix_seconds(1_795_183_098);
        for (config, authority) in [
            (public_good_services(), "https://fulcio.sigstore.dev"),
            (staging_services(), "https://fulcio.sigstage.dev"),
        ] {
            let config = config.unwrap();
            let select = |kind| config.select(kind, &[1, 2], at).unwrap();
            let authorities = select(ServiceKind::CertificateAuthority);

            assert_eq!(authority, authorities[0].url());
            assert_eq!(1, select(ServiceKind::Log).len());
            assert_eq!(1, select(ServiceKind::TimestampAuthority).len());
        }
    }

    #[test]
    fn accepts_each_of_them() {
        let root = public_good().unwrap();
        assert_eq!(
            (2, 2),
            (root.logs().len(), root.certificate_authorities().len())
        );
        assert_eq!(
            "2026-11-20T13:58:18Z",
            root.source().expires().unwrap().to_string()
        );
        assert_eq!("log2025-1.rekor.sigstore.dev", root.logs()[1].origin());

        let root = staging().unwrap();
        assert!(!root.timestamp_authorities().is_empty());
        assert_eq!(
            "2026-10-16T19:39:43Z",
            root.source().expires().unwrap().to_string()
        );

        let root = github().unwrap();
        assert!(root.logs().is_empty() && root.ct_logs().is_empty());
        assert_eq!(
            "2027-01-28T20:18:53Z",
            root.source().expires().unwrap().to_string()
        );
    }
}
