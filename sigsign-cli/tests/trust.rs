//! Trusted roots as a user keeps them: added, updated, shown, verified with; and what is refused.
#![cfg(unix)]

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio, id};

use serde_json::Value;

#[test]
fn accepts_a_repository_before_and_after_its_keys_change() {
    let place = Place::new("rotated");
    let served = place.serve();
    let root = served.root();
    fs::copy("tests/trust.rs", place.path("file")).unwrap();
    place.put(&place.path("root.json"), &root);

    let added = place.run(&[
        "trust",
        "add",
        &served.tuf(),
        "--root",
        "root.json",
        "--name",
        "mine",
    ]);
    served.stop();
    let signed = place.run(&[
        "sign",
        "file",
        "--local",
        "--data",
        "data",
        "--identity",
        "a@b.c",
    ]);
    let verified = place.verify();
    let rotated = place.run(&["local", "rotate", "--data", "data"]);
    let served = place.serve();
    let again = place.run(&[
        "trust",
        "add",
        &served.tuf(),
        "--root",
        "root.json",
        "--name",
        "mine",
    ]);
    let updated = place.run(&["trust", "update", "mine", "--format", "json"]);
    served.stop();
    let after = place.verify();

    for output in [
        &added, &signed, &verified, &rotated, &again, &updated, &after,
    ] {
        assert_eq!(Some(0), output.status.code(), "{}", text(&output.stderr));
    }
    let updated: Value = serde_json::from_slice(&updated.stdout).unwrap();
    assert_eq!(("root", 2), (role(&updated, 0), version(&updated, 0)));
    assert_eq!(
        root,
        fs::read_to_string(place.cache("1.root.json")).unwrap()
    );
}

// T14
#[test]
fn rejects_what_somebody_changed_where_it_is_kept() {
    let place = Place::new("changed");
    place.add();
    let name = place.kept("trusted_root");
    for (path, from, to, code) in [
        (name, "tlogs", "tlogz", "tuf.hash"),
        (
            place.cache("targets.json"),
            "\"version\"",
            "\"versiom\"",
            "tuf.threshold",
        ),
        (place.cache("timestamp.json"), "{", "[", "tuf.json"),
    ] {
        let before = fs::read_to_string(&path).unwrap();
        let after = before.replacen(from, to, 1);
        assert_ne!(before, after);
        place.put(&path, &after);

        let verified = place.verify();
        place.put(&path, &before);

        let error = text(&verified.stderr);
        assert_eq!(Some(3), verified.status.code(), "{error}");
        assert!(error.contains(&format!("code: {code}")), "{error}");
        assert!(
            error.contains("hint: `sigsign trust update mine`"),
            "{error}"
        );
    }
}

#[test]
fn accepts_what_an_update_left_halfway_and_says_so() {
    let place = Place::new("halfway");
    let served = place.add_served();
    fs::remove_file(place.cache("snapshot.json")).unwrap();

    let halfway = place.verify();
    let updated = place.run(&["trust", "update", "mine"]);
    served.stop();
    let whole = place.verify();

    for output in [&halfway, &updated, &whole] {
        assert_eq!(Some(0), output.status.code(), "{}", text(&output.stderr));
    }
    let warning = "the last update of the trusted root of mine did not come to its end; \
                   `sigsign trust update mine` gets the newest";
    let error = text(&halfway.stderr);
    assert!(error.contains(warning), "{error}");
    assert!(!text(&whole.stderr).contains("did not come to its end"));
}

#[test]
fn accepts_an_update_that_cannot_be_kept() {
    let place = Place::new("readonly");
    let served = place.add_served();
    // As on a home that nobody may write to, for the superuser too: a file in place of a folder.
    fs::remove_dir_all(place.path("cache")).unwrap();
    place.put(&place.path("cache"), "");

    let updated = place.run(&["trust", "update", "mine"]);
    served.stop();

    assert_eq!(Some(0), updated.status.code(), "{}", text(&updated.stderr));
    assert_eq!(1, text(&updated.stderr).matches("is not kept").count());
}

#[test]
fn accepts_updates_side_by_side() {
    let place = Place::new("concurrent");
    let served = place.add_served();
    fs::remove_dir_all(place.path("cache")).unwrap();

    let running: Vec<Child> = (0..6)
        .map(|_| place.command(&["trust", "update", "mine"]).spawn().unwrap())
        .collect();
    let done: Vec<Output> = running
        .into_iter()
        .map(|it| it.wait_with_output().unwrap())
        .collect();
    served.stop();

    for output in done {
        assert_eq!(Some(0), output.status.code(), "{}", text(&output.stderr));
    }
    assert_eq!(Some(0), place.verify().status.code());
}

#[test]
fn rejects_roots_and_names_that_are_none() {
    let place = Place::new("refused");
    place.put(&place.path("root.json"), "{}");
    let url = "http://127.0.0.1:9/tuf";
    for (args, status, code) in [
        (
            &["trust", "add", url, "--root", "root.json"][..],
            3,
            "tuf.shape",
        ),
        (
            &["trust", "add", url, "--root", "absent.json"],
            3,
            "trust.read",
        ),
        (
            &[
                "trust",
                "add",
                url,
                "--root",
                "root.json",
                "--name",
                "public",
            ],
            2,
            "comes with",
        ),
        (
            &["trust", "add", url, "--root", "root.json", "--name", "../x"],
            2,
            "cannot be called",
        ),
        (&["trust", "update", "nobody"], 2, "unknown instance nobody"),
        (&["--offline", "trust", "update"], 2, "over the network"),
    ] {
        let output = place.run(args);

        let error = text(&output.stderr);
        assert_eq!(Some(status), output.status.code(), "{error}");
        assert!(error.contains(code), "{error}");
    }
    assert!(!place.path("config").exists() && !place.path("cache").exists());
}

#[test]
fn rejects_a_repository_that_is_not_there_with_status_4() {
    let place = Place::new("gone");
    place.add();

    let updated = place.run(&["trust", "update", "mine"]);

    assert_eq!(Some(4), updated.status.code());
    assert!(text(&updated.stderr).contains("code: tuf.fetch"));
    assert_eq!(Some(0), place.verify().status.code());
}

#[test]
fn shows_who_is_trusted() {
    let place = Place::new("shown");
    place.add();

    let shown = place.run(&["trust", "show", "mine", "--format", "json"]);
    let embedded = place.run(&["trust", "show", "github"]);

    let shown: Value = serde_json::from_slice(&shown.stdout).unwrap();
    assert_eq!("updated", shown["origin"]);
    assert_eq!("certificate authority", shown["services"][0]["kind"]);
    assert_eq!(
        "O=sigsign-local, CN=ca.sigsign.localhost",
        shown["services"][0]["subject"]
    );
    assert_eq!(("root", 1), (role(&shown, 0), version(&shown, 0)));
    let days = shown["metadata"][0]["expiresInDays"].as_i64().unwrap();
    assert!((363..=365).contains(&days), "{days}");
    let embedded = text(&embedded.stdout);
    assert!(
        embedded.contains("that comes with this program: TUF root 9"),
        "{embedded}"
    );
}

fn role(shown: &Value, at: usize) -> &str {
    shown["metadata"][at]["role"].as_str().unwrap()
}

fn version(shown: &Value, at: usize) -> u64 {
    shown["metadata"][at]["version"].as_u64().unwrap()
}

/// A folder for one test, which is the home of its user.
struct Place(PathBuf);

impl Place {
    fn new(name: &str) -> Self {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("trust-{name}-{}", id()));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    fn cache(&self, name: &str) -> PathBuf {
        self.path("cache/sigsign/trust/mine").join(name)
    }

    /// The kept file whose name has this in it.
    fn kept(&self, part: &str) -> PathBuf {
        let files = fs::read_dir(self.cache("")).unwrap();
        let mut paths = files.map(|it| it.unwrap().path());
        paths
            .find(|it| it.to_str().unwrap().contains(part))
            .unwrap()
    }

    fn put(&self, path: &Path, text: &str) {
        let beside = self.path("beside");
        let mut file = fs::File::create(&beside).unwrap();
        file.write_all(text.as_bytes()).unwrap();
        fs::rename(beside, path).unwrap();
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_sigsign"));
        command
            .args(args)
            .current_dir(&self.0)
            .env_clear()
            .env("XDG_CACHE_HOME", self.path("cache"))
            .env("XDG_CONFIG_HOME", self.path("config"))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    fn run(&self, args: &[&str]) -> Output {
        self.command(args).output().unwrap()
    }

    /// Verifies a file that the instance signed, with what is kept of the instance.
    fn verify(&self) -> Output {
        self.run(&[
            "verify",
            "file",
            "--instance",
            "mine",
            "--danger-any-identity",
        ])
    }

    /// Signs a file, and adds the instance; it is not served any more.
    fn add(&self) {
        self.add_served().stop();
    }

    fn add_served(&self) -> Served {
        fs::copy("tests/trust.rs", self.path("file")).unwrap();
        let signed = self.run(&[
            "sign",
            "file",
            "--local",
            "--data",
            "data",
            "--identity",
            "a@b.c",
        ]);
        assert_eq!(Some(0), signed.status.code(), "{}", text(&signed.stderr));
        let served = self.serve();
        self.put(&self.path("root.json"), &served.root());
        let url = served.tuf();
        let added = self.run(&[
            "trust",
            "add",
            &url,
            "--root",
            "root.json",
            "--name",
            "mine",
        ]);
        assert_eq!(Some(0), added.status.code(), "{}", text(&added.stderr));
        served
    }

    fn serve(&self) -> Served {
        let args = [
            "local", "serve", "--data", "data", "--port", "0", "--format", "json",
        ];
        let mut child = self.command(&args).spawn().unwrap();
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
    fn tuf(&self) -> String {
        format!("{}/tuf", self.ready["url"].as_str().unwrap())
    }

    /// The first root, which there is once somebody asks for it.
    fn root(&self) -> String {
        let url = self.ready["url"].as_str().unwrap();
        let host = url.strip_prefix("http://").unwrap();
        let port: u16 = host.rsplit_once(':').unwrap().1.parse().unwrap();
        let mut stream = std::net::TcpStream::connect(("127.0.0.1", port)).unwrap();
        let request =
            format!("GET /tuf/1.root.json HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer.split_once("\r\n\r\n").unwrap().1.to_owned()
    }

    /// As Ctrl-C does.
    fn stop(self) {
        let pid = self.child.id().to_string();
        let kill = Command::new("kill").args(["-INT", &pid]).status().unwrap();
        assert!(kill.success());
        let output = self.child.wait_with_output().unwrap();
        assert_eq!(Some(0), output.status.code(), "{}", text(&output.stderr));
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}
