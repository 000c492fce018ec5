//! What every service can be told to do wrong, whatever it answers.

use std::time::{Duration, Instant};

use sigsign_local::instance::{CallError, Fault, Service};

use crate::asked::{Asked, CAP};

const PATH: &str = "/api/v2/checkpoint";

#[test]
fn accepts_a_status() {
    let asked = Asked::new();
    asked.fault(Fault::Status(500));

    let answer = asked.get(PATH).unwrap();

    assert_eq!(500, answer.status);
    assert_eq!(
        r#"{"code":13,"message":"the service was asked to answer so"}"#,
        String::from_utf8(answer.body).unwrap()
    );
}

#[test]
fn accepts_a_time_to_come_again() {
    let asked = Asked::new();
    asked.fault(Fault::RetryAfter(429, 7));

    let answer = asked.get(PATH).unwrap();

    assert_eq!(
        (429, Some("7")),
        (answer.status, answer.header("retry-after"))
    );
}

#[test]
fn accepts_a_redirect() {
    let asked = Asked::new();
    asked.fault(Fault::Redirect("http://elsewhere.invalid/".to_owned()));

    let answer = asked.get(PATH).unwrap();

    let place = answer.header("location");
    assert_eq!(
        (307, Some("http://elsewhere.invalid/")),
        (answer.status, place)
    );
}

#[test]
fn accepts_garbage_with_the_status_of_the_answer() {
    let asked = Asked::new();
    asked.fault(Fault::Garbage);

    let answer = asked.get(PATH).unwrap();

    assert_eq!(200, answer.status);
    assert!(std::str::from_utf8(&answer.body).is_err());
}

#[test]
fn accepts_a_delay() {
    let asked = Asked::new();
    asked.fault(Fault::Slow(Duration::from_millis(80)));
    let begun = Instant::now();

    let answer = asked.get(PATH).unwrap();

    assert_eq!(200, answer.status);
    assert!(begun.elapsed() >= Duration::from_millis(80));
}

#[test]
fn rejects_an_answer_that_breaks_off() {
    let asked = Asked::new();
    asked.fault(Fault::Truncated);

    assert_eq!(Err(CallError::Cut), asked.get(PATH));
}

#[test]
fn rejects_an_answer_without_end() {
    let asked = Asked::new();
    asked.fault(Fault::HugeBody);

    assert_eq!(Err(CallError::TooLarge { cap: CAP }), asked.get(PATH));
}

#[test]
fn accepts_other_services_and_later_requests_as_ever() {
    let asked = Asked::new();
    let faults = &asked.instance.context().faults;
    faults.times(Service::LogV2, Fault::Status(503), 1);

    let status = |path| asked.get(path).unwrap().status;

    assert_eq!(200, status("/ct/checkpoint"));
    assert_eq!(200, status("/healthz"));
    assert_eq!(503, status(PATH));
    assert_eq!(200, status(PATH));
}

impl Asked {
    fn fault(&self, fault: Fault) {
        self.instance.context().faults.set(Service::LogV2, fault);
    }
}
