//! Trying again, where that can help.

use std::time::Duration;

use super::{Request, Response, Transport, TransportError};

/// Sends a request, and again if nobody was reached or the service asks for patience: 429 and 5xx.
///
/// A request that took too long is not sent again: the next would take as long. `Retry-After` is
/// obeyed up to half a minute; without it the waits double from a quarter second, with jitter.
///
/// # Errors
///
/// [`TransportError`], of the last try.
pub async fn send(
    transport: &dyn Transport,
    request: &Request,
) -> Result<Response, TransportError> {
    let mut tries = 0;
    loop {
        let answer = transport.send(request).await;
        let Some(wait) = wait_before_next(&answer, tries) else {
            return answer;
        };
        transport.wait(wait).await;
        tries = tries.saturating_add(1);
    }
}

/// The same for an answer whose body comes in pieces.
///
/// # Errors
///
/// [`TransportError`], of the last try.
#[cfg(feature = "oci")]
pub async fn open(
    transport: &dyn Transport,
    request: &Request,
) -> Result<super::Opened, TransportError> {
    let mut tries = 0;
    loop {
        let (answer, body) = match transport.open(request).await {
            Ok((answer, body)) => (Ok(answer), Some(body)),
            Err(error) => (Err(error), None),
        };
        match (wait_before_next(&answer, tries), body) {
            (Some(wait), _) => transport.wait(wait).await,
            (None, Some(body)) => return answer.map(|answer| (answer, body)),
            (None, None) => return answer.map(|answer| (answer, super::Whole::nothing())),
        }
        tries = tries.saturating_add(1);
    }
}

/// How long to wait before the next try; `None` if this answer is the last word.
fn wait_before_next(answer: &Result<Response, TransportError>, tries: u32) -> Option<Duration> {
    if tries >= RETRIES {
        return None;
    }
    match answer {
        Err(TransportError::Connection { .. }) => Some(backoff(tries)),
        Ok(response) if matches!(response.status, 429 | 500 | 502..=504) => {
            match response.retry_after {
                Some(wait) if wait > LONGEST_WAIT => None,
                Some(wait) => Some(wait),
                None => Some(backoff(tries)),
            }
        }
        _ => None,
    }
}

/// A quarter second, doubled with each try, of which a random half is left out.
pub(crate) fn backoff(tries: u32) -> Duration {
    let whole = FIRST_WAIT.saturating_mul(1_u32.checked_shl(tries).unwrap_or(u32::MAX));
    let mut random = [0];
    // Without randomness all clients wait equally long, which is the worst that comes of it.
    let _ = getrandom::fill(&mut random);
    let [random] = random;
    let part = f32::from(random) / 512.0;
    whole.mul_f32(part + 0.5)
}

const RETRIES: u32 = 3;
const FIRST_WAIT: Duration = Duration::from_millis(250);
/// What a person at a terminal still waits for.
const LONGEST_WAIT: Duration = Duration::from_secs(30);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transport::Pending;
    use std::pin::pin;
    use std::sync::Mutex;
    use std::task::{Context, Poll, Waker};

    /// Answers from a list, and remembers the waits.
    struct Script {
        answers: Mutex<Vec<Result<Response, TransportError>>>,
        waits: Mutex<Vec<Duration>>,
    }

    impl Script {
        fn new(mut answers: Vec<Result<Response, TransportError>>) -> Self {
            answers.reverse();
            Self {
                answers: Mutex::new(answers),
                waits: Mutex::default(),
            }
        }

        fn run(&self) -> Result<Response, TransportError> {
            let request = Request::get("https://x.example");
            let mut context = Context::from_waker(Waker::noop());
            match pin!(send(self, &request)).poll(&mut context) {
                Poll::Ready(answer) => answer,
                Poll::Pending => panic!("waits for something else than the script"),
            }
        }

        fn waits(&self) -> usize {
            self.waits.lock().unwrap().len()
        }
    }

    impl Transport for Script {
        fn send<'a>(&'a self, _: &'a Request) -> Pending<'a, Result<Response, TransportError>> {
            let answer = self.answers.lock().unwrap().pop().unwrap();
            Box::pin(std::future::ready(answer))
        }

        fn wait(&self, time: Duration) -> Pending<'_, ()> {
            self.waits.lock().unwrap().push(time);
            Box::pin(std::future::ready(()))
        }
    }

    fn status(status: u16) -> Result<Response, TransportError> {
        Ok(Response::new(status, Vec::new()))
    }

    fn no_connection() -> Result<Response, TransportError> {
        Err(TransportError::Connection {
            problem: "refused".to_owned(),
        })
    }

    #[test]
    fn accepts_an_answer_after_trouble() {
        let script = Script::new(vec![no_connection(), status(503), status(429), status(201)]);

        assert_eq!(201, script.run().unwrap().status());
        assert_eq!(3, script.waits());
    }

    #[test]
    fn rejects_after_the_last_try() {
        let script = Script::new((0..=RETRIES).map(|_| status(500)).collect());

        assert_eq!(500, script.run().unwrap().status());
        assert_eq!(3, script.waits());
    }

    #[test]
    fn does_not_ask_again_what_is_refused_or_slow() {
        let limit = Duration::from_secs(30);
        for answer in [
            status(400),
            status(409),
            Err(TransportError::Timeout { limit }),
        ] {
            let script = Script::new(vec![answer.clone()]);

            assert_eq!(answer, script.run());
        }
    }

    #[test]
    fn waits_as_long_as_it_is_told_to() {
        let told = |seconds| {
            let wait = Some(Duration::from_secs(seconds));
            Ok(Response::new(429, Vec::new()).retry_after(wait))
        };
        let patient = Script::new(vec![told(7), status(200)]);
        let too_long = Script::new(vec![told(31)]);

        assert_eq!(200, patient.run().unwrap().status());
        assert_eq!(vec![Duration::from_secs(7)], *patient.waits.lock().unwrap());
        assert_eq!(429, too_long.run().unwrap().status());
    }

    #[test]
    fn waits_longer_each_time() {
        for (tries, least) in [(0, 125), (1, 250), (2, 500)] {
            let wait = backoff(tries).as_millis();

            assert!((least..=2 * least).contains(&wait), "{tries}: {wait}");
        }
    }
}
