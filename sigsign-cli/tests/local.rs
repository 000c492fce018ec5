//! The local instance as a user meets it: served, asked for tokens, shown, removed.
#![cfg(unix)]

use std::fs::{self, File};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio, id};

use serde_json::Value;

#[test]
fn accepts_to_serve_sign_and_verify() {
    let place = Place::new("whole");
    let served = place.serve(&[]);
    let url = served.ready["url"].as_str().unwrap().to_owned();
    fs::copy("tests/local.rs", place.path("file")).unwrap();

    let token = place.token(&["--identity", "jane@example.com"]);
    let signed = place.run_with_token(&["sign", "file", "--instance", &url], &token);
    let who = ["--identity", "jane@example.com", "--issuer", &url];
    let root = served.ready["trustedRoot"].as_str().unwrap();
    let verified = place.run(&[&["verify", "file", "--trusted-root", root], &who[..]].concat());
    let status = place.json(&["local", "status", "--data", "data"]);
    let log = served.stop();

    assert_eq!(Some(0), signed.status.code(), "{}", text(&signed.stderr));
    assert_eq!(
        Some(0),
        verified.status.code(),
        "{}",
        text(&verified.stderr)
    );
    assert_eq!(
        ("served", url.as_str(), 1),
        (
            status["state"].as_str().unwrap(),
            status["url"].as_str().unwrap(),
            status["logs"]["rekor-v2"].as_u64().unwrap()
        )
    );
    let request = r#""service":"ca","method":"POST","route":"/api/v2/signingCert","status":200"#;
    assert!(log.contains(request), "{log}");
}

// S12
#[test]
fn accepts_no_secret_in_any_log() {
    let place = Place::new("secrets");
    let served = place.serve(&["--verbose"]);
    let url = served.ready["url"].as_str().unwrap().to_owned();
    fs::copy("tests/local.rs", place.path("file")).unwrap();
    let token = place.token(&[]);
    let over = place.token(&["--claim", "exp=1"]);
    let stranger = place.token(&["--audience", "somebody"]);
    // Good and bad, with the token where it belongs and where it does not.
    let mut outputs: Vec<Output> = Vec::new();
    for token in [&token, &over, &stranger] {
        outputs.push(place.run_with_token(&["sign", "file", "--instance", &url], token));
    }
    for path in ["/actions/token", "/api/v2/tile", "/tuf", "/nowhere"] {
        served.get(&format!("{path}/{token}?token={token}"), &token);
    }

    let log = served.stop();

    assert_eq!(Some(0), outputs[0].status.code());
    assert_eq!(Some(5), outputs[1].status.code());
    let mut texts = vec![log];
    for output in &outputs {
        texts.extend([text(&output.stdout), text(&output.stderr)]);
    }
    let signature = |token: &str| token.rsplit('.').next().unwrap().to_owned();
    let claims = |token: &str| token.split('.').nth(1).unwrap().to_owned();
    let mut secrets: Vec<String> = [&token, &over, &stranger]
        .iter()
        .flat_map(|it| [signature(it), claims(it)])
        .collect();
    for name in ["secret", "offline/root"] {
        let bytes = fs::read(place.path("data").join(name)).unwrap();
        assert_eq!(32, bytes.len(), "{name}");
        secrets.push(bytes.iter().map(|byte| format!("{byte:02x}")).collect());
        secrets.push(format!("{bytes:?}"));
    }
    for text in &texts {
        for secret in &secrets {
            assert!(!text.contains(secret), "{secret} is in\n{text}");
        }
    }
    assert!(texts[0].lines().count() > 6, "{}", texts[0]);
}

#[test]
fn accepts_only_what_was_asked_for() {
    let place = Place::new("only");
    let served = place.serve(&["--only", "tsa,tuf,tsa"]);

    let services = served.ready["services"].clone();
    let ca = served.get("/api/v2/trustBundle", "");
    let tuf = served.get("/tuf/1.root.json", "");
    served.stop();

    assert_eq!(serde_json::json!(["tsa", "tuf"]), services);
    assert!(ca.starts_with("HTTP/1.1 404 "), "{ca}");
    assert!(tuf.starts_with("HTTP/1.1 200 "), "{tuf}");
}

// What an authority that is not the instance's needs of its log of certificates.
#[test]
fn accepts_the_root_of_another_authority() {
    let other = Place::new("ct-root-other");
    other.serve(&[]).stop();
    let root = fs::read(other.path("data/trusted_root.json")).unwrap();
    let root: Value = serde_json::from_slice(&root).unwrap();
    let chain = &root["certificateAuthorities"][0]["certChain"]["certificates"];
    let der = chain[1]["rawBytes"].as_str().unwrap();
    let place = Place::new("ct-root");
    let pem = format!("-----BEGIN CERTIFICATE-----\n{der}\n-----END CERTIFICATE-----\n");
    File::create(place.path("root.pem"))
        .and_then(|mut file| file.write_all(pem.as_bytes()))
        .unwrap();

    let served = place.serve(&["--ct-root", "root.pem"]);
    let roots = served.get("/ct/v1/get-roots", "");
    served.stop();

    let body = roots.split_once("\r\n\r\n").unwrap().1;
    let roots: Value = serde_json::from_str(body).unwrap();
    let roots = roots["certificates"].as_array().unwrap();
    assert_eq!((2, der), (roots.len(), roots[1].as_str().unwrap()));
}

#[test]
fn accepts_new_keys_for_the_trust_root_repository() {
    let place = Place::new("rotate");
    place.serve(&[]).stop();

    let rotated = place.run(&["local", "rotate", "--data", "data"]);
    let served = place.serve(&[]);
    let root = served.get("/tuf/2.root.json", "");
    served.stop();

    let answer = "trust root repository: root 2, with new keys\n";
    assert_eq!(answer, text(&rotated.stdout));
    assert!(root.starts_with("HTTP/1.1 200 "), "{root}");
}

#[test]
fn accepts_to_show_an_instance_that_nobody_serves() {
    let place = Place::new("status");
    place
        .serve(&[
            "--log-key",
            "p256",
            "--timestamp-key",
            "rsa2048",
            "--witness",
        ])
        .stop();

    let config = || fs::read(place.path("data/signing_config.v0.2.json")).unwrap();
    let before = config();
    let status = place.run(&["local", "status", "--data", "data"]);

    assert_eq!(before, config(), "nothing is changed");
    let stdout = text(&status.stdout);
    for line in [
        "local instance: data",
        "served: no",
        "trusted root: data/trusted_root.json",
        "key of the log: PKIX_ECDSA_P256_SHA_256",
        "key of time stamps: PKIX_RSA_PKCS1V15_2048_SHA256",
        "key of tokens: PKIX_ECDSA_P256_SHA_256",
        "witness: yes",
        "entries in ct: 0",
        "entries in rekor-v1: 0",
        "entries in rekor-v2: 0",
    ] {
        assert!(stdout.lines().any(|it| it == line), "{line}\nin\n{stdout}");
    }
}

#[test]
fn rejects_other_keys_than_it_was_made_with() {
    let place = Place::new("choices");
    place.serve(&["--log-key", "p256"]).stop();

    let again = place.serve(&["--log-key", "p256"]);
    again.stop();
    let other = place.run(&[
        "local",
        "serve",
        "--data",
        "data",
        "--port",
        "0",
        "--witness",
    ]);

    assert_eq!(Some(3), other.status.code());
    assert!(text(&other.stderr).contains("code: local.choices\n"));
}

#[test]
fn rejects_whatever_needs_an_instance_to_itself_while_it_is_served() {
    let place = Place::new("in-use");
    fs::copy("tests/local.rs", place.path("file")).unwrap();
    let served = place.serve(&[]);
    let url = served.ready["url"].as_str().unwrap().to_owned();

    let mut outputs = Vec::new();
    for args in [
        &["local", "serve", "--data", "data", "--port", "0"][..],
        &["local", "rotate", "--data", "data"],
        &["local", "reset", "--data", "data", "--yes"],
        // Its server would answer, but over the network.
        &["sign", "file", "--local", "--data", "data", "--offline"],
        // Before it says that nobody can be asked.
        &["local", "reset", "--data", "data"],
    ] {
        outputs.push(place.run(args));
    }
    served.stop();

    for output in outputs {
        let stderr = text(&output.stderr);
        assert_eq!(Some(3), output.status.code());
        assert!(
            stderr.contains(&format!(" serves the instance at {url}\n")),
            "{stderr}"
        );
        assert!(stderr.contains("code: local.in-use\n"), "{stderr}");
    }
    assert!(place.path("data/secret").exists());
}

#[test]
fn rejects_a_port_that_somebody_has() {
    let place = Place::new("port");
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port().to_string();

    let output = place.run(&["local", "serve", "--data", "data", "--port", &port]);

    assert_eq!(Some(3), output.status.code());
    assert_eq!(
        format!(
            "sigsign: error: port {port} cannot be used\n  address already in use\n  \
             code: local.port\nhint: name another with --port; 0 is any that is free\n"
        ),
        text(&output.stderr)
    );
    assert!(!place.path("data").exists());
}

#[test]
fn accepts_to_remove_an_instance() {
    let place = Place::new("reset");
    place.serve(&[]).stop();

    let asked = place.run(&["local", "reset", "--data", "data"]);
    assert!(place.path("data/secret").exists());
    let removed = place.run(&["local", "reset", "--data", "data", "--yes"]);

    assert_eq!(Some(2), asked.status.code());
    assert_eq!(Some(0), removed.status.code(), "{}", text(&removed.stderr));
    assert_eq!("data: local instance removed\n", text(&removed.stdout));
    assert!(!place.path("data").exists());
}

#[test]
fn rejects_to_remove_what_is_not_an_instance() {
    let place = Place::new("reset-other");
    fs::create_dir(place.path("data")).unwrap();
    fs::copy("tests/local.rs", place.path("data/thesis.tex")).unwrap();

    let output = place.run(&["local", "reset", "--data", "data", "--yes"]);

    assert_eq!(Some(3), output.status.code());
    assert!(text(&output.stderr).contains("code: local.not-an-instance\n"));
    assert!(place.path("data/thesis.tex").exists());
}

/// A folder of its own, gone when the test ends.
struct Place(PathBuf);

impl Place {
    fn new(name: &str) -> Self {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("local-{name}-{}", id()));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_sigsign"));
        command
            .args(args)
            .current_dir(&self.0)
            .env_clear()
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    fn run(&self, args: &[&str]) -> Output {
        self.command(args).output().unwrap()
    }

    fn run_with_token(&self, args: &[&str], token: &str) -> Output {
        let mut command = self.command(args);
        command.env("SIGSTORE_ID_TOKEN", token).output().unwrap()
    }

    fn json(&self, args: &[&str]) -> Value {
        let output = self.run(&[args, &["--format", "json"]].concat());
        serde_json::from_slice(&output.stdout).unwrap()
    }

    fn token(&self, args: &[&str]) -> String {
        let output = self.run(&[&["local", "token", "--data", "data"], args].concat());
        assert_eq!(Some(0), output.status.code(), "{}", text(&output.stderr));
        text(&output.stdout).trim_end().to_owned()
    }

    fn serve(&self, args: &[&str]) -> Served {
        let fixed = [
            "local", "serve", "--data", "data", "--port", "0", "--format", "json",
        ];
        let mut child = self.command(&[&fixed, args].concat()).spawn().unwrap();
        let mut line = String::new();
        let stdout = child.stdout.take().unwrap();
        BufReader::new(stdout).read_line(&mut line).unwrap();
        match serde_json::from_str(&line) {
            Ok(ready) => Served { child, ready },
            Err(_) => panic!("{}", text(&child.wait_with_output().unwrap().stderr)),
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).unwrap();
    }
}

/// A server in a process of its own.
struct Served {
    child: Child,
    ready: Value,
}

impl Served {
    fn get(&self, path: &str, bearer: &str) -> String {
        let url = self.ready["url"].as_str().unwrap();
        let host = url.strip_prefix("http://").unwrap();
        let port: u16 = host.rsplit_once(':').unwrap().1.parse().unwrap();
        let mut stream = std::net::TcpStream::connect(("127.0.0.1", port)).unwrap();
        let request = format!(
            "GET {path} HTTP/1.1\r\nhost: {host}\r\nauthorization: Bearer {bearer}\r\n\
             connection: close\r\n\r\n"
        );
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        String::from_utf8_lossy(&answer).into_owned()
    }

    /// As Ctrl-C does; returns what it logged.
    fn stop(self) -> String {
        let pid = self.child.id().to_string();
        let kill = Command::new("kill").args(["-INT", &pid]).status().unwrap();
        assert!(kill.success());
        let output = self.child.wait_with_output().unwrap();
        assert_eq!(Some(0), output.status.code(), "{}", text(&output.stderr));
        text(&output.stderr)
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}
