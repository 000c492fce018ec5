use std::time::Duration;

use sigsign_core::trust::ServiceKind;
use sigsign_local::instance::Fault;
use sigsign_local::instance::Service::{self, Ca, CtLog, LogV1, LogV2, Oidc, Tsa};

use crate::services::{Fixture, LIMIT};

const EVERY: &[Service] = &[Ca, CtLog, Oidc, LogV2, Tsa];
const WITH_V1: &[Service] = &[Ca, CtLog, Oidc, LogV1, Tsa];

fn kind(service: Service) -> ServiceKind {
    match service {
        LogV1 | LogV2 => ServiceKind::Log,
        Tsa => ServiceKind::TimestampAuthority,
        _ => ServiceKind::CertificateAuthority,
    }
}

/// Each fault, the code of the error, and whether it names the service as the one to blame.
async fn check(services: &[Service], cases: &[(Service, Fault, &str)]) {
    let it = Fixture::new(services);
    let faults = &it.instance.context().faults;
    it.sign().await.unwrap();
    let mut wrong = Vec::new();
    for (service, fault, want) in cases {
        faults.set(*service, fault.clone());
        let error = it.sign().await.unwrap_err();
        faults.clear();
        let blamed = error.service().map(|(kind, _)| kind);
        if (*want, Some(kind(*service))) != (error.code(), blamed) {
            wrong.push(format!("{service:?} {fault:?}: {} {error:?}", error.code()));
        }
    }
    assert_eq!(Vec::<String>::new(), wrong);
    it.sign().await.unwrap();
}

// S3, S4, S5, S6, A42, O21
#[tokio::test]
async fn rejects_answers_that_are_none() {
    for services in [EVERY, WITH_V1] {
        let asked = services
            .iter()
            .filter(|it| matches!(it, Ca | LogV1 | LogV2 | Tsa));
        let cases: Vec<_> = asked
            .flat_map(|service| {
                let garbage = match service {
                    Tsa => "tsp.der",
                    LogV2 => "bundle.json",
                    _ => "answer.malformed",
                };
                [
                    (*service, Fault::Status(500), "sign.refused"),
                    (*service, Fault::Status(404), "sign.refused"),
                    (*service, Fault::RetryAfter(429, 3600), "sign.refused"),
                    (
                        *service,
                        Fault::Redirect("http://localhost:7480/".to_owned()),
                        "sign.refused",
                    ),
                    (*service, Fault::Truncated, "transport.connection"),
                    (*service, Fault::HugeBody, "transport.too-large"),
                    (*service, Fault::Garbage, garbage),
                    (*service, Fault::Slow(2 * LIMIT), "transport.timeout"),
                ]
            })
            .collect();
        check(services, &cases).await;
    }
}

// S3, S4
#[tokio::test]
async fn rejects_certificates_that_are_not_ours() {
    check(
        EVERY,
        &[
            (Ca, Fault::WrongSubjectKey, "answer.other-key"),
            (Ca, Fault::WrongIdentity, "answer.subject"),
            (Ca, Fault::WrongIssuer, "answer.issuer"),
            (Ca, Fault::NoSct, "ct.missing"),
            (Ca, Fault::WrongKey, "path.signature"),
            (Ca, Fault::WrongTime, "path.expired"),
            (CtLog, Fault::WrongKey, "sct.signature"),
            (CtLog, Fault::WrongEntry, "sct.signature"),
        ],
    )
    .await;
}

// S5
#[tokio::test]
async fn rejects_time_stamps_that_do_not_fit() {
    check(
        EVERY,
        &[
            (Tsa, Fault::BadNonce, "answer.nonce"),
            (Tsa, Fault::NoNonce, "answer.nonce"),
            (Tsa, Fault::WrongImprint, "tsp.imprint"),
            (Tsa, Fault::WrongKey, "tsp.signature"),
            (Tsa, Fault::WrongTime, "time.window"),
        ],
    )
    .await;
}

// S6
#[tokio::test]
async fn rejects_entries_that_do_not_fit() {
    for (services, log) in [(EVERY, LogV2), (WITH_V1, LogV1)] {
        check(
            services,
            &[
                (log, Fault::WrongKey, "note.no-signature"),
                (log, Fault::WrongEntry, "tie.signature"),
                (log, Fault::StaleCheckpoint, "merkle.index-out-of-range"),
                (log, Fault::WrongProof, "log.root-mismatch"),
            ],
        )
        .await;
    }
    check(WITH_V1, &[(LogV1, Fault::WrongPromise, "log.promise")]).await;
}

// What an authority sends along is not looked at: the trusted root says what is above (V26).
#[tokio::test]
async fn accepts_a_chain_in_disorder() {
    let it = Fixture::new(EVERY);
    it.instance.context().faults.set(Ca, Fault::WrongChain);

    it.sign().await.unwrap();
}

#[tokio::test]
async fn accepts_services_that_are_slow_but_not_too_slow() {
    let it = Fixture::new(EVERY);
    let faults = &it.instance.context().faults;
    for service in [Ca, LogV2, Tsa] {
        faults.set(service, Fault::Slow(Duration::from_millis(50)));
    }

    it.sign().await.unwrap();
}
