use std::sync::atomic::Ordering;

use sigsign_core::bundle::{Bundle, Content};
use sigsign_core::crypto::{Scheme, SigningKey};
use sigsign_core::policy::{GitHubWorkflow, Identity, ManagedKey, Policy};
use sigsign_core::sign::{Certified, SignError, SignedBundle};
use sigsign_core::verify::{Artifact, Verifier};
use sigsign_local::instance::Service::{Ca, CtLog, LogV1, LogV2, Oidc, Tsa};
use sigsign_local::instance::{Fault, Service};

use crate::services::{ARTIFACT, Fixture, now};

/// Logs and time sources that can be had together.
const SERVICES: [&[Service]; 4] = [
    &[Ca, CtLog, Oidc, LogV2, Tsa],
    &[Ca, CtLog, Oidc, LogV1, Tsa],
    &[Ca, CtLog, Oidc, LogV1],
    &[Ca, CtLog, Oidc, LogV1, LogV2, Tsa],
];

const STATEMENT: &str = r#"{"_type":"https://in-toto.io/Statement/v1","subject":[{"name":"hello","digest":{"sha256":"2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"}}],"predicateType":"https://example.com/p","predicate":{}}"#;

/// Which log takes no statement of a key of this scheme, if there is one.
fn refusing(services: &[Service], scheme: Scheme) -> Option<u32> {
    match (services.contains(&LogV2), scheme) {
        (true, Scheme::Ed25519 | Scheme::Ed25519Ph) => Some(2),
        (false, Scheme::EcdsaP384Sha384) => Some(1),
        _ => None,
    }
}

/// Signs both kinds of content, and verifies what came of it as anybody would.
async fn check(it: &Fixture, certified: &Certified, policy: &Policy, refusing: Option<u32>) {
    let message = certified.sign(Artifact::Bytes(ARTIFACT), now()).unwrap();
    let mut all = vec![(message, false)];
    match certified.sign_statement(STATEMENT.into(), now()) {
        Ok(statement) if refusing.is_none() => all.push((statement, true)),
        Err(SignError::StatementScheme { version, .. }) => assert_eq!(refusing, Some(version)),
        other => panic!("{other:?}, wanted {refusing:?}"),
    }
    for (signed, is_statement) in all {
        let signed: SignedBundle = signed.witness().await.unwrap().finish(now()).unwrap();
        let bundle = Bundle::from_json(signed.json().as_bytes()).unwrap();
        assert_eq!(is_statement, matches!(bundle.content(), Content::Dsse(_)));
        let verifier = Verifier::new(&it.root());
        let later = now();
        verifier
            .verify(&bundle, Artifact::Bytes(ARTIFACT), policy, later)
            .unwrap();
        let other = verifier.verify(&bundle, Artifact::Bytes(b"other"), policy, later);
        assert!(other.is_err());
    }
}

// S1 to S12
#[tokio::test]
async fn accepts_every_kind_of_key_log_content_and_time() {
    let workflow = GitHubWorkflow::of("o/r").workflow("release.yml");
    let identity = Identity::github(&workflow).unwrap();
    for services in SERVICES {
        let it = Fixture::new(services);
        // GitHub's issuer is fixed in such a policy; the claims are those of the local one.
        drop(identity.clone());
        for scheme in [
            Scheme::EcdsaP256Sha256,
            Scheme::EcdsaP384Sha384,
            Scheme::Ed25519,
        ] {
            let signer = it.signer().unwrap().scheme(scheme);
            let session = signer.session(it.token(), now()).unwrap();
            let certified = session.certify(now()).await.unwrap();
            let subject = "https://github.com/o/r/.github/workflows/release.yml@refs/heads/main";
            let subject = sigsign_core::policy::Matcher::exact(subject).unwrap();
            let identity = Identity::new(subject, it.instance.base_url()).unwrap();
            let refusing = refusing(services, scheme);
            check(&it, &certified, &Policy::keyless(identity), refusing).await;
        }
    }
}

#[tokio::test]
async fn accepts_keys_of_the_callers() {
    let rsa = include_str!("../../../testdata/keys/rsa3072.pem");
    for services in SERVICES {
        let it = Fixture::new(services);
        for key in [
            SigningKey::generate(Scheme::EcdsaP256Sha256).unwrap(),
            SigningKey::generate(Scheme::EcdsaP384Sha384).unwrap(),
            SigningKey::generate(Scheme::Ed25519Ph).unwrap(),
            SigningKey::from_pem(rsa, None).unwrap(),
        ] {
            let public = key.public_key().clone();
            let refusing = refusing(services, key.scheme());
            let certified = it.signer().unwrap().with_key(key);
            let policy = Policy::key(ManagedKey::new(public));
            check(&it, &certified, &policy, refusing).await;
        }
    }
}

// S11
#[tokio::test]
async fn accepts_many_files_with_one_certificate() {
    let it = Fixture::new(SERVICES[0]);
    let session = it.signer().unwrap().session(it.token(), now()).unwrap();
    let certified = session.certify(now()).await.unwrap();
    let before = it.transport.sent.load(Ordering::Relaxed);

    for number in 0..20_u8 {
        let artifact = [number];
        let signed = certified.sign(Artifact::Bytes(&artifact), now()).unwrap();
        let signed = signed.witness().await.unwrap().finish(now()).unwrap();
        let entries = signed.bundle().entries();
        assert_eq!(u64::from(number), entries[0].log_index());
    }

    let sent = it.transport.sent.load(Ordering::Relaxed) - before;
    assert_eq!(40, sent);
    assert_eq!(1, before);
}

#[tokio::test]
async fn accepts_services_that_recover() {
    let it = Fixture::new(SERVICES[0]);
    let faults = &it.instance.context().faults;
    for service in [Ca, LogV2, Tsa] {
        faults.times(service, Fault::Status(503), 2);
    }

    it.sign().await.unwrap();

    // Three requests, each sent three times.
    assert_eq!(9, it.transport.sent.load(Ordering::Relaxed));
}
