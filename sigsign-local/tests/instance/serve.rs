//! An instance behind a socket.

use std::io::{self, ErrorKind, Read as _, Write as _};
use std::net::TcpStream;
use std::sync::mpsc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use sigsign_local::instance::{
    Fault, FolderError, Instance, Options, Running, Service, about, serve_until,
};
use tokio::sync::oneshot;

use crate::asked::{options, run};
use crate::temporary::Temporary;

#[test]
fn accepts_requests_for_this_host() {
    let served = Served::new(|_| {});

    let answer = served.get("localhost", "/healthz");

    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    assert!(answer.contains(r#""status":"ok""#), "{answer}");
    served.stop().unwrap();
}

#[test]
fn rejects_requests_for_another_host() {
    let served = Served::new(|_| {});

    let answer = served.get("evil.example", "/.well-known/openid-configuration");

    assert!(answer.starts_with("HTTP/1.1 421 "), "{answer}");
    assert!(answer.contains("this instance answers for localhost only"));
    served.stop().unwrap();
}

#[test]
fn accepts_the_port_it_has_as_issuer() {
    let served = Served::new(|_| {});

    let answer = served.get("localhost", "/.well-known/openid-configuration");

    let issuer = format!(r#""issuer":"{}""#, served.url);
    assert!(answer.contains(&issuer), "{answer}");
    served.stop().unwrap();
}

#[test]
fn accepts_to_say_where_it_is_served_while_it_is() {
    let served = Served::new(|_| {});
    let folder = served.place.path().to_owned();

    let while_served = about(&folder).unwrap();
    let (url, place) = (served.url.clone(), served.stop().unwrap());
    let afterwards = about(&folder).unwrap();

    let pid = std::process::id();
    assert_eq!(Some(Running { url, pid }), while_served.running);
    assert_eq!((true, false), (while_served.is_open, afterwards.is_open));
    assert_eq!(None, afterwards.running);
    drop(place);
}

#[test]
fn rejects_to_serve_an_instance_twice_and_says_where_it_is() {
    let served = Served::new(|_| {});
    let port = served.port();

    for port in [0, port] {
        let mut options = Options::new(served.place.path());
        options.opening.patience = Duration::from_secs(60);
        let error = run(serve_until(options, port, |_| {}, async {})).unwrap_err();

        let (url, pid) = (served.url.clone(), std::process::id());
        let by = Some(Running { url, pid });
        assert_eq!(Some(&FolderError::InUse { by }), FolderError::of(&error));
    }
    served.stop().unwrap();
}

#[test]
fn rejects_a_port_that_another_program_has() {
    let served = Served::new(|_| {});
    let place = Temporary::new();
    let options = Options::new(place.path());

    let error = run(serve_until(options, served.port(), |_| {}, async {})).unwrap_err();

    assert_eq!(ErrorKind::AddrInUse, error.kind());
    assert!(!place.path().exists(), "nothing is made");
    served.stop().unwrap();
}

#[test]
fn accepts_to_end_requests_before_it_stops() {
    let served = Served::new(|instance| {
        let slow = Fault::Slow(Duration::from_millis(300));
        instance.context().faults.set(Service::LogV2, slow);
    });
    let mut stream = served.send("localhost", "/api/v2/checkpoint");
    thread::sleep(Duration::from_millis(100));

    let place = served.stop().unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();

    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    drop(place);
}

#[test]
fn rejects_an_answer_that_breaks_off_on_the_wire() {
    let served = Served::new(|instance| {
        let faults = &instance.context().faults;
        faults.set(Service::LogV2, Fault::Truncated);
    });

    let answer = served.get("localhost", "/api/v2/checkpoint");

    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let length = head
        .lines()
        .find_map(|it| it.strip_prefix("content-length: "));
    let length: usize = length.unwrap().parse().unwrap();
    assert_eq!(length / 2, body.len());
    served.stop().unwrap();
}

/// A server in a thread.
struct Served {
    url: String,
    place: Temporary,
    stop: oneshot::Sender<()>,
    thread: JoinHandle<io::Result<()>>,
}

impl Served {
    fn new(prepare: impl FnOnce(&Instance) + Send + 'static) -> Self {
        let place = Temporary::new();
        let options = options(&place);
        let (stop, stopped) = oneshot::channel();
        let (ready, is_ready) = mpsc::channel();
        let thread = thread::spawn(move || {
            let ready = |instance: &Instance| {
                prepare(instance);
                ready.send(instance.base_url().to_owned()).unwrap();
            };
            run(serve_until(options, 0, ready, async {
                let _ = stopped.await;
            }))
        });
        Self {
            url: is_ready.recv().unwrap(),
            place,
            stop,
            thread,
        }
    }

    fn port(&self) -> u16 {
        self.url.rsplit_once(':').unwrap().1.parse().unwrap()
    }

    fn send(&self, host: &str, path: &str) -> TcpStream {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port())).unwrap();
        let request = format!("GET {path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).unwrap();
        stream
    }

    fn get(&self, host: &str, path: &str) -> String {
        let mut answer = Vec::new();
        // A connection that breaks off may be reset.
        let _ = self.send(host, path).read_to_end(&mut answer);
        String::from_utf8(answer).unwrap()
    }

    fn stop(self) -> io::Result<Temporary> {
        let _ = self.stop.send(());
        self.thread.join().unwrap()?;
        Ok(self.place)
    }
}
