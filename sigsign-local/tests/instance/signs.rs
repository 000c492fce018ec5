//! The signing client against the whole instance, without a socket.

use std::sync::Arc;
use std::time::Duration;

use sigsign_core::oidc::IdentityToken;
use sigsign_core::sign::{SignError, Signer};
use sigsign_core::time::Timestamp;
use sigsign_core::transport::{Method, Pending, Request, Response, Transport, TransportError};
use sigsign_core::trust::{SigningConfig, TrustedRoot};
use sigsign_core::verify::Artifact;
use sigsign_local::instance::oidc::shape;
use sigsign_local::instance::{Call, CallError, Choices, Clock, Fault, Instance, Options, Service};
use sigsign_local::key::Scheme;

use crate::asked::{options, run};
use crate::temporary::Temporary;

#[test]
fn accepts_what_it_signs_with_the_log_of_version_2() {
    let instance = instance(|_| {});

    let bundle = sign(&instance).unwrap();

    assert!(bundle.contains("rekor.sigsign.localhost"), "{bundle}");
    assert_eq!(1, instance.rekor_v2().log().head().0);
    assert_eq!(1, instance.ct_log().log().head().0);
}

#[test]
fn accepts_what_it_signs_with_the_log_of_version_1() {
    let instance = instance(|options| options.services.retain(|it| *it != Service::LogV2));

    let bundle = sign(&instance).unwrap();

    assert!(bundle.contains("rekor1.sigsign.localhost - "), "{bundle}");
    assert!(bundle.contains("signedEntryTimestamp"), "{bundle}");
}

#[test]
fn accepts_what_it_signs_with_every_choice() {
    let instance = instance(|options| {
        options.opening.choices = Some(Choices {
            log_key: Scheme::P256,
            stamper_key: Scheme::Rsa2048,
            token_key: Scheme::Rsa2048,
            witness: true,
        });
    });

    let bundle = sign(&instance).unwrap();

    assert!(bundle.contains("witness.sigsign.localhost"), "{bundle}");
}

#[test]
fn rejects_a_certificate_without_the_log_of_certificates() {
    let instance = instance(|_| {});
    let faults = &instance.context().faults;
    faults.set(Service::CtLog, Fault::Status(503));

    let error = sign(&instance).unwrap_err();

    assert_eq!("sign.refused", error.code(), "{error}");
    assert_eq!(0, instance.rekor_v2().log().head().0);
}

#[test]
fn rejects_answers_of_every_service_that_break_off() {
    for service in [Service::Ca, Service::LogV2, Service::Tsa] {
        let instance = instance(|_| {});
        instance.context().faults.set(service, Fault::Truncated);

        let error = sign(&instance).unwrap_err();

        assert_eq!("transport.connection", error.code(), "{service:?}: {error}");
    }
}

/// Gone with its folder.
struct Held(
    Arc<Instance>,
    #[expect(dead_code, reason = "kept")] Temporary,
);

impl std::ops::Deref for Held {
    type Target = Arc<Instance>;

    fn deref(&self) -> &Arc<Instance> {
        &self.0
    }
}

fn instance(change: impl FnOnce(&mut Options)) -> Held {
    let place = Temporary::new();
    let mut options = options(&place);
    // The client asks the machine for the time of its answers.
    options.clock = Clock::System;
    change(&mut options);
    Held(Arc::new(Instance::open(options).unwrap()), place)
}

fn sign(instance: &Arc<Instance>) -> Result<String, SignError> {
    let now = Timestamp::from_unix_seconds(instance.context().clock.now());
    let root = TrustedRoot::from_json(instance.trusted_root().as_bytes()).unwrap();
    let config = SigningConfig::from_json(instance.signing_config().as_bytes()).unwrap();
    let token = instance.token(shape::email("jane@example.com"));
    let token = IdentityToken::from_jwt(&token).unwrap();
    let transport = Arc::new(InProcess(Arc::clone(instance)));
    run(async {
        let signer = Signer::new(&root, &config, transport, now)?;
        let certified = signer.session(token, now)?.certify(now).await?;
        let signed = certified.sign(Artifact::Bytes(b"artifact"), now)?;
        let done = signed.witness().await?.finish(now)?;
        Ok(done.json().to_owned())
    })
}

struct InProcess(Arc<Instance>);

impl Transport for InProcess {
    fn send<'a>(&'a self, request: &'a Request) -> Pending<'a, Result<Response, TransportError>> {
        Box::pin(async move {
            let answer = self.0.call(Call {
                method: match request.method() {
                    Method::Post => "POST",
                    _ => "GET",
                },
                url: request.url(),
                headers: request.headers().collect(),
                body: request.body().to_vec(),
                cap: request.cap(),
            });
            let answer = answer.await.map_err(|error| match error {
                CallError::TooLarge { cap } => TransportError::TooLarge { cap },
                other => TransportError::Connection {
                    problem: other.to_string(),
                },
            })?;
            Ok(Response::new(answer.status, answer.body))
        })
    }

    fn wait(&self, _: Duration) -> Pending<'_, ()> {
        Box::pin(async {})
    }
}
