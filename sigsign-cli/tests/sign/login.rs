//! People who log in: in a browser, on another device, and all the ways in which that ends badly.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, ChildStderr, Stdio};

use crate::{Folder, Served, text};

/// A command that waits for a person.
struct Waiting {
    child: Child,
    stderr: BufReader<ChildStderr>,
    said: String,
}

/// What a server answers.
#[derive(Debug)]
pub(crate) struct Page {
    status: u16,
    location: String,
    pub(crate) body: String,
}

impl Waiting {
    fn start(folder: &Folder, arguments: &[&str]) -> Self {
        let mut child = folder
            .command(arguments)
            // No browser opens: the person types what they read.
            .env("PATH", "")
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let stderr = BufReader::new(child.stderr.take().unwrap());
        Self {
            child,
            stderr,
            said: String::new(),
        }
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.stderr.read_line(&mut line).unwrap();
        self.said.push_str(&line);
        line
    }

    /// The page to open.
    fn url(&mut self) -> String {
        assert!(
            self.line().contains("open this page to log in"),
            "{}",
            self.said
        );
        self.line().trim().to_owned()
    }

    /// The exit status, the answer, and everything that was said.
    fn end(mut self) -> (Option<i32>, String, String) {
        self.stderr.read_to_string(&mut self.said).unwrap();
        let mut stdout = String::new();
        self.child
            .stdout
            .take()
            .unwrap()
            .read_to_string(&mut stdout)
            .unwrap();
        (self.child.wait().unwrap().code(), stdout, self.said)
    }

    fn refused(self, status: i32, code: &str) -> String {
        let (exit, stdout, said) = self.end();
        assert_eq!((Some(status), ""), (exit, &*stdout), "{said}");
        assert!(said.contains(&format!("code: {code}\n")), "{said}");
        assert!(said.contains("hint: "), "{said}");
        said
    }
}

pub(crate) fn http(method: &str, url: &str, body: &str) -> Page {
    let rest = url.strip_prefix("http://").unwrap();
    let host = rest.split('/').next().unwrap();
    http_with(method, url, host, "accept: */*", body)
}

/// The same with this host, and one header more.
fn http_with(method: &str, url: &str, host_header: &str, header: &str, body: &str) -> Page {
    let rest = url.strip_prefix("http://").unwrap();
    let (host, path) = rest.split_at(rest.find('/').unwrap());
    let port: u16 = host.rsplit_once(':').unwrap().1.parse().unwrap();
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    write!(
        stream,
        "{method} {path} HTTP/1.1\r\nhost: {host_header}\r\nconnection: close\r\n\
         content-length: {}\r\n{header}\r\ncontent-type: application/x-www-form-urlencoded\r\n\r\n{body}",
        body.len()
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let mut lines = head.lines();
    let status = lines.next().unwrap().split(' ').nth(1).unwrap();
    let location = lines.find_map(|it| it.strip_prefix("location: "));
    Page {
        status: status.parse().unwrap(),
        location: location.unwrap_or_default().to_owned(),
        body: body.to_owned(),
    }
}

/// Answers the issuer's question as somebody does; where the browser is sent then.
fn answer(url: &str, answer: &str) -> String {
    let page = http("GET", url, "");
    assert_eq!(200, page.status, "{page:?}");
    let (place, query) = url.split_once('?').unwrap();
    let form = format!("{query}&answer={answer}&email=jane%40example.com");
    let sent = http("POST", place, &form);
    assert_eq!(303, sent.status, "{sent:?}");
    sent.location
}

const BROWSER: [&str; 2] = ["--oidc-flow", "browser"];
const DEVICE: [&str; 2] = ["--oidc-flow", "device"];

#[test]
fn signs_as_whoever_logs_in_in_a_browser() {
    let it = Folder::new();
    let served = Served::new(&it);
    it.write("app", "hello");
    let sign = ["sign", "app", "--instance", &served.url];
    let mut waiting = Waiting::start(&it, &[&sign[..], &BROWSER].concat());

    let back = answer(&waiting.url(), "allow");
    let place = back.split('?').next().unwrap();
    for (method, path, status) in [
        ("GET", "/favicon.ico", 404),
        ("GET", "/", 404),
        ("POST", "/auth/callback", 405),
    ] {
        let url = place.replace("/auth/callback", path);
        assert_eq!(status, http(method, &url, "").status, "{method} {path}");
    }
    // Pages of others, which fetch this one or pass for it, end nothing, with whatever they bring.
    let host = place
        .strip_prefix("http://")
        .unwrap()
        .split('/')
        .next()
        .unwrap();
    let junk = format!("{place}?state=x&code=y");
    for (url, host, header) in [
        (&back, "evil.example", "accept: */*"),
        (
            &back,
            &*host.replace("localhost", "evil.localhost"),
            "accept: */*",
        ),
        (&junk, host, "sec-fetch-dest: image"),
        (&junk, host, "sec-fetch-dest: iframe"),
    ] {
        assert_eq!(
            404,
            http_with("GET", url, host, header, "").status,
            "{host} {header}"
        );
    }
    let long = format!("{place}?state={}", "x".repeat(200_000));
    assert_eq!(414, http("GET", &long, "").status);
    let page = http("GET", &back, "");
    let (exit, stdout, said) = waiting.end();

    assert_eq!(Some(0), exit, "{said}");
    assert!(
        stdout.starts_with("app: signed by jane@example.com"),
        "{stdout}"
    );
    assert_eq!(200, page.status);
    assert!(page.body.contains("<h1>Signed in</h1>"), "{}", page.body);
    assert!(
        page.body.contains(r#"<p class="who">jane@example.com</p>"#),
        "{}",
        page.body
    );
    assert!(!said.contains("eyJ"), "a token is shown");
    let verify = ["verify", "app", "--local", "--data", "instance"];
    let who = ["--identity", "jane@example.com", "--issuer", &served.url];
    assert_eq!(Some(0), it.run(verify.iter().chain(&who)).status.code());
    assert!(
        TcpStream::connect(
            place
                .strip_prefix("http://")
                .unwrap()
                .split('/')
                .next()
                .unwrap()
        )
        .is_err()
    );
}

#[test]
fn rejects_logins_in_a_browser_by_their_kind() {
    let it = Folder::new();
    let served = Served::new(&it);
    let whoami = [&["whoami", "--instance", &served.url], &BROWSER[..]].concat();
    let other = |url: &str, name: &str| {
        let (before, rest) = url.split_once(&format!("{name}=")).unwrap();
        let rest = rest.split_once('&').map_or("", |it| it.1);
        format!("{before}{name}=other&{rest}")
    };
    type Visit<'a> = &'a dyn Fn(&str) -> String;
    let denied: Visit<'_> = &|url| answer(url, "deny");
    let state: Visit<'_> = &|url| other(&answer(url, "allow"), "state");
    let nonce: Visit<'_> = &|url| answer(&other(url, "nonce"), "allow");
    let challenge: Visit<'_> = &|url| {
        let challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
        let (before, rest) = url.split_once("code_challenge=").unwrap();
        answer(
            &format!("{before}code_challenge={challenge}{}", &rest[43..]),
            "allow",
        )
    };
    let other_issuer: Visit<'_> = &|url| format!("{}&iss=https%3A%2F%2Fevil", answer(url, "allow"));
    let twice: Visit<'_> = &|url| format!("{}&code=x", answer(url, "allow"));
    let no_text: Visit<'_> = &|url| answer(url, "allow").replace("code=", "code=%ff");
    let nothing: Visit<'_> = &|url| answer(url, "allow").split('?').next().unwrap().to_owned();
    let markup: Visit<'_> = &|url| {
        let state = url
            .split("state=")
            .nth(1)
            .unwrap()
            .split('&')
            .next()
            .unwrap();
        let place = answer(url, "allow");
        let place = place.split('?').next().unwrap();
        format!("{place}?state={state}&error=a&error_description=%3Cscript%3E%0A%1b[2J::error::b")
    };
    for (visit, code, shown) in [
        (other_issuer, "login.issuer", "found one of https://evil"),
        (twice, "login.answer", "Wanted each value once"),
        (no_text, "login.answer", "Wanted each value once"),
        (nothing, "login.state", "its state is not ours"),
        (
            markup,
            "login.refused",
            r"&lt;script&gt;\u{a}\u{1b}[2J::error::b",
        ),
        (denied, "login.denied", "The login was denied"),
        (state, "login.state", "its state is not ours"),
        (nonce, "login.nonce", "its nonce is not ours"),
        (challenge, "login.refused", "invalid_grant"),
    ] {
        let mut waiting = Waiting::start(&it, &whoami);

        let page = http("GET", &visit(&waiting.url()), "");

        assert_eq!(400, page.status, "{code}");
        assert!(
            page.body.contains("<h1>Not signed in</h1>"),
            "{}",
            page.body
        );
        assert!(page.body.contains(shown), "{}", page.body);
        waiting.refused(5, code);
    }
}

#[test]
fn rejects_a_window_that_was_closed() {
    let it = Folder::new();
    let served = Served::new(&it);
    let whoami = ["whoami", "--instance", &served.url, "--oidc-timeout", "1"];

    let waiting = Waiting::start(&it, &[&whoami[..], &BROWSER].concat());

    let said = waiting.refused(5, "login.timeout");
    assert!(said.contains("nobody logged in within 1 s"), "{said}");
}

/// Answers for the device that shows this code.
fn on_device(served: &Served, waiting: &mut Waiting, answer: &str) {
    let invitation = waiting.line();
    let code = invitation.split("with the code ").nth(1).unwrap();
    let code = code.split(';').next().unwrap();
    let complete = waiting.line();
    assert!(
        complete.contains(&format!("user_code={code}, and compare")),
        "{complete}"
    );
    let form = format!("user_code={code}&answer={answer}&email=jane%40example.com");
    let page = http("POST", &format!("{}/device", served.url), &form);
    assert_eq!(200, page.status, "{page:?}");
}

#[test]
fn signs_as_whoever_logs_in_on_a_device() {
    let it = Folder::new();
    let served = Served::new(&it);
    it.write("app", "hello");
    let sign = ["sign", "app", "--instance", &served.url];
    let mut waiting = Waiting::start(&it, &[&sign[..], &DEVICE].concat());

    on_device(&served, &mut waiting, "allow");
    let (exit, stdout, said) = waiting.end();

    assert_eq!(Some(0), exit, "{said}");
    assert!(
        stdout.starts_with("app: signed by jane@example.com"),
        "{stdout}"
    );
}

#[test]
fn rejects_logins_on_a_device_by_their_kind() {
    let it = Folder::new();
    let served = Served::new(&it);
    let whoami = ["whoami", "--instance", &served.url, "--oidc-timeout", "2"];
    let whoami = [&whoami[..], &DEVICE].concat();

    let mut denied = Waiting::start(&it, &whoami);
    on_device(&served, &mut denied, "deny");
    denied.refused(5, "login.denied");
    Waiting::start(&it, &whoami).refused(5, "login.expired");
}

#[test]
fn rejects_issuers_that_are_out_of_reach_or_called_otherwise() {
    let it = Folder::new();
    let served = Served::new(&it);
    let other = format!("{}/", served.url);
    for (issuer, exit, code) in [
        ("http://localhost:1", 4, "transport.connection"),
        (&other, 5, "login.discovery"),
        ("http://192.0.2.1", 5, "transport.url"),
    ] {
        let whoami = ["whoami", "--instance", &served.url, "--oidc-issuer", issuer];
        let output = it.run(whoami);

        let stderr = text(&output.stderr);
        assert_eq!(Some(exit), output.status.code(), "{stderr}");
        assert!(stderr.contains(&format!("code: {code}\n")), "{stderr}");
    }
}

#[test]
fn never_waits_where_nobody_is() {
    let it = Folder::new();
    let served = Served::new(&it);
    it.write("app", "hello");
    let sign = ["sign", "app", "--instance", &served.url];
    for (flow, job, code, hint) in [
        (&[][..], "", "token.none", "--oidc-flow browser or device"),
        (&BROWSER, "true", "login.in-job", "SIGSTORE_ID_TOKEN"),
        (&DEVICE, "true", "login.in-job", "SIGSTORE_ID_TOKEN"),
    ] {
        let mut command = it.command([&sign[..], flow].concat());
        let output = command.env("CI", job).output().unwrap();

        let stderr = text(&output.stderr);
        assert_eq!(Some(5), output.status.code(), "{stderr}");
        assert!(
            stderr.contains(&format!("code: {code}\n")) && stderr.contains(hint),
            "{stderr}"
        );
    }
    let offline = it.run(["whoami", "--offline", "--oidc-flow", "device"]);
    assert_eq!(Some(2), offline.status.code());
}
