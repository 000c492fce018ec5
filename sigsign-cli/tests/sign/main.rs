//! Signing with the built command: on the local instance inside it, and against one that
//! misbehaves.

#[cfg(unix)]
mod ambient;
mod attest;
#[cfg(unix)]
mod ci;
#[cfg(unix)]
mod gate;
#[cfg(unix)]
mod login;
mod network;
#[cfg(unix)]
mod pages;
#[cfg(unix)]
mod platforms;

use std::ffi::OsStr;
use std::fs;
use std::io::Write as _;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use sigsign_local::instance::Service::{self, Ca, CtLog, LogV2, Tsa};
use sigsign_local::instance::oidc::shape;
use sigsign_local::instance::{Fault, Instance, Options};

const STATEMENT: &str = r#"{"_type":"https://in-toto.io/Statement/v1","subject":[{"name":"app","digest":{"sha256":"2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"}}],"predicateType":"https://example.com/p","predicate":{}}"#;

/// A folder with files to sign, gone when the test ends.
struct Folder(PathBuf);

impl Drop for Folder {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).unwrap();
    }
}

impl Folder {
    fn new() -> Self {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("sigsign-cli-{}-{count}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn write(&self, name: &str, text: &str) {
        let mut file = fs::File::create(self.0.join(name)).unwrap();
        file.write_all(text.as_bytes()).unwrap();
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// The names of what is there, sorted; without the instance, and what the user keeps.
    fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(&self.0).unwrap();
        let names = entries.map(|it| it.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<String> = names
            .filter(|it| it != "instance" && it != "home")
            .collect();
        names.sort();
        names
    }

    fn run<S: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = S>) -> Output {
        self.command(arguments).output().unwrap()
    }

    fn command<S: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = S>) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_sigsign"));
        command
            .args(arguments)
            .current_dir(&self.0)
            .env_remove("SIGSTORE_ID_TOKEN")
            .env_remove("CI")
            .env_remove("GITHUB_ACTIONS")
            .env_remove("HTTP_PROXY")
            .env_remove("HTTPS_PROXY")
            .env_remove("ALL_PROXY")
            .env("USER", "jane")
            .env("XDG_CACHE_HOME", self.path("home/cache"))
            .env("XDG_CONFIG_HOME", self.path("home/config"))
            .stdin(Stdio::null());
        command
    }

    /// Signs with the local instance of the folder.
    fn sign_local(&self, arguments: &[&str]) -> Output {
        let local = ["sign", "--local", "--offline", "--data", "instance"];
        self.run(local.iter().chain(arguments))
    }
}

fn text(bytes: &[u8]) -> &str {
    str::from_utf8(bytes).unwrap()
}

fn json(output: &Output) -> serde_json::Value {
    assert_eq!(Some(0), output.status.code(), "{}", text(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// The command that the program printed, word by word.
fn printed_command(output: &Output) -> Vec<String> {
    let shown = json(output);
    let words = shown["verify"].as_array().unwrap();
    let words = words.iter().map(|it| it.as_str().unwrap().to_owned());
    words.skip(1).collect()
}

#[test]
fn accepts_with_the_printed_command_what_was_signed() {
    let it = Folder::new();
    it.write("app", "hello");
    it.write("statement.json", STATEMENT);

    for arguments in [
        &["app"][..],
        &["statement.json", "--statement"],
        &["app", "--bundle", "elsewhere.json", "--scheme", "p384"],
        &[
            "app",
            "--scheme",
            "ed25519",
            "--identity",
            "https://example.com/jane",
        ],
    ] {
        let signed = it.sign_local(&[&["--format", "json"], arguments].concat());
        let verified = it.run(printed_command(&signed));

        assert_eq!(
            Some(0),
            verified.status.code(),
            "{}",
            text(&verified.stderr)
        );
        it.write("app", "changed");
        let changed = it.run([
            "verify",
            "app",
            "--local",
            "--data",
            "instance",
            "--identity",
            "x",
            "--issuer",
            "y",
        ]);
        it.write("app", "hello");
        assert_ne!(Some(0), changed.status.code());
    }
}

#[test]
fn accepts_every_kind_of_subject() {
    let it = Folder::new();
    it.write("app", "hello");
    for (identity, subject) in [
        ("jane@example.com", "jane@example.com"),
        ("https://example.com/jane", "https://example.com/jane"),
        ("spiffe://example.com/jane", "spiffe://example.com/jane"),
        ("jane", "jane!localhost"),
    ] {
        let signed = it.sign_local(&["app", "--identity", identity, "--format", "json"]);

        assert_eq!(subject, json(&signed)["subject"].as_str().unwrap());
        let verified = it.run(printed_command(&signed));
        assert_eq!(Some(0), verified.status.code(), "{identity}");
    }
}

#[test]
fn says_who_signed_and_how_to_verify() {
    let it = Folder::new();
    it.write("my app", "hello");

    let output = it.sign_local(&["my app"]);

    let shown = text(&output.stdout);
    let lines: Vec<&str> = shown.lines().collect();
    let who = "my app: signed by jane@sigsign.localhost, issuer http://localhost:7480, at ";
    assert!(lines[0].starts_with(who), "{shown}");
    assert!(lines[0].ends_with(", log index 0"), "{shown}");
    assert_eq!("  bundle: my app.sigstore.json", lines[1]);
    assert_eq!(
        "  verify: sigsign verify 'my app' --local --data instance --identity \
         jane@sigsign.localhost --issuer http://localhost:7480",
        lines[2]
    );
    assert_eq!("", text(&output.stderr));
}

// S11
#[test]
fn accepts_many_files_with_one_certificate() {
    let it = Folder::new();
    let names: Vec<String> = (0..20).map(|number| format!("file-{number:02}")).collect();
    for name in &names {
        it.write(name, name);
    }
    let arguments: Vec<&str> = names.iter().map(String::as_str).collect();

    let output = it.sign_local(&arguments);

    assert_eq!(Some(0), output.status.code(), "{}", text(&output.stderr));
    let certificates = names.iter().map(|name| {
        let bundle = fs::read(it.path(&format!("{name}.sigstore.json"))).unwrap();
        let bundle: serde_json::Value = serde_json::from_slice(&bundle).unwrap();
        bundle["verificationMaterial"]["certificate"]["rawBytes"].clone()
    });
    let certificates: std::collections::HashSet<String> = certificates
        .map(|it| it.as_str().unwrap().to_owned())
        .collect();
    assert_eq!(1, certificates.len());
}

#[test]
fn accepts_keys_of_the_user_encrypted_or_not() {
    let it = Folder::new();
    it.write("app", "hello");
    it.write("key.pem", KEY);
    it.write("locked.pem", LOCKED);
    it.write("password", "swordfish\n");
    it.write("public.pem", PUBLIC);
    let verify = [
        "verify",
        "app",
        "--local",
        "--data",
        "instance",
        "--key",
        "public.pem",
    ];

    for arguments in [
        &["app", "--key", "key.pem"][..],
        &["app", "--key", "locked.pem", "--key-password", "password"],
    ] {
        let output = it.sign_local(arguments);
        assert_eq!(Some(0), output.status.code(), "{}", text(&output.stderr));
        assert_eq!(Some(0), it.run(verify).status.code());
        let bundle = fs::read_to_string(it.path("app.sigstore.json")).unwrap();
        assert_no_secrets(&bundle);
        assert_no_secrets(text(&output.stdout));
        fs::remove_file(it.path("app.sigstore.json")).unwrap();
    }
    it.write("password", "haddock");
    for (arguments, code) in [
        (
            &["app", "--key", "locked.pem"][..],
            "signing-key.no-password",
        ),
        (
            &["app", "--key", "locked.pem", "--key-password", "password"],
            "signing-key.password",
        ),
        (&["app", "--key", "public.pem"], "signing-key.label"),
        (&["app", "--key", "app"], "signing-key.key"),
        (&["app", "--key", "missing.pem"], "signing-key.read"),
    ] {
        let output = it.sign_local(arguments);
        assert_eq!(Some(3), output.status.code());
        assert_no_secrets(text(&output.stderr));
        let found = format!("code: {code}\n");
        assert!(
            text(&output.stderr).contains(&found),
            "{}",
            text(&output.stderr)
        );
    }
    let names = ["app", "key.pem", "locked.pem", "password", "public.pem"];
    assert_eq!(names.as_slice(), it.names());
}

/// S12: no line of a private key, and no password.
fn assert_no_secrets(shown: &str) {
    let lines = KEY.lines().chain(LOCKED.lines());
    let secrets = lines.filter(|line| !line.starts_with("-----"));
    for secret in secrets.chain(["swordfish", "haddock"]) {
        assert!(!shown.contains(secret), "{shown}");
    }
}

#[test]
fn rejects_what_cannot_be_signed_and_writes_nothing() {
    let it = Folder::new();
    it.write("app", "hello");
    it.write("token", "not.a.token");
    fs::create_dir(it.path("folder")).unwrap();
    let before = it.names();
    for (arguments, status, code) in [
        (&["app", "missing"][..], 3, "artifact.read"),
        (&["app", "folder"], 3, "artifact.read"),
        (&["app", "--statement"], 3, "json.syntax"),
        (&["app", "--bundle", "folder"], 3, "bundle.write"),
        (&["app", "--bundle", "missing/bundle"], 3, "bundle.write"),
        (&["app", "--identity-token", "missing"], 3, "token.read"),
        (&["app", "--identity-token", "token"], 5, "token.form"),
    ] {
        let output = it.sign_local(arguments);

        let shown = text(&output.stderr);
        assert_eq!(Some(status), output.status.code(), "{shown}");
        assert!(shown.contains(&format!("code: {code}\n")), "{shown}");
        assert_eq!("", text(&output.stdout));
    }
    let nobody = it.run(["sign", "app", "--instance", "staging"]);
    assert_eq!(Some(5), nobody.status.code());
    assert!(text(&nobody.stderr).contains("code: token.none\n"));
    assert_eq!(before, it.names());
}

/// An instance that is served on loopback while this is there.
struct Served {
    instance: Arc<Instance>,
    url: String,
    port: u16,
    runtime: tokio::runtime::Runtime,
}

impl Served {
    fn new(folder: &Folder) -> Self {
        Self::named(folder, None)
    }

    /// With this URL in its documents in place of its own.
    fn named(folder: &Folder, url: Option<String>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let port = listener.local_addr().unwrap().port();
        let url = url.unwrap_or_else(|| format!("http://localhost:{port}"));
        let mut options = Options::new(folder.path("instance"));
        options.base_url = url.clone();
        let instance = Arc::new(Instance::open(options).unwrap());
        let router = instance.router();
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.spawn(async move {
            let listener = tokio::net::TcpListener::from_std(listener).unwrap();
            axum::serve(listener, router).await.unwrap();
        });
        Self {
            instance,
            url,
            port,
            runtime,
        }
    }

    fn token(&self) -> String {
        let claims = shape::github("o/r", "release.yml", "refs/heads/main");
        self.instance.oidc().mint(claims)
    }
}

// S3 to S6, S12
#[test]
fn rejects_what_misbehaving_services_make_and_leaves_nothing() {
    let it = Folder::new();
    let served = Served::new(&it);
    let token = served.token();
    it.write("app", "hello");
    it.write("token", &token);
    let sign = || {
        let arguments = [
            "sign",
            "app",
            "--verbose",
            "--identity-token",
            "token",
            "--instance",
        ];
        it.run(arguments.iter().copied().chain([served.url.as_str()]))
    };
    let cases: [(Service, Fault, &str); 12] = [
        (Ca, Fault::Status(400), "sign.refused"),
        (Ca, Fault::Garbage, "answer.malformed"),
        (Ca, Fault::WrongIdentity, "answer.subject"),
        (Ca, Fault::WrongSubjectKey, "answer.other-key"),
        (Ca, Fault::NoSct, "ct.missing"),
        (CtLog, Fault::WrongKey, "sct.signature"),
        (LogV2, Fault::HugeBody, "transport.too-large"),
        (
            LogV2,
            Fault::Redirect("http://localhost:1/".to_owned()),
            "sign.refused",
        ),
        (LogV2, Fault::WrongProof, "log.root-mismatch"),
        (LogV2, Fault::WrongEntry, "tie.signature"),
        (Tsa, Fault::BadNonce, "answer.nonce"),
        (Tsa, Fault::RetryAfter(503, 600), "sign.refused"),
    ];
    for (service, fault, code) in cases {
        served.instance.context().faults.set(service, fault.clone());
        let output = sign();
        served.instance.context().faults.clear();

        let shown = text(&output.stderr);
        assert_eq!(Some(4), output.status.code(), "{fault:?}: {shown}");
        assert!(
            shown.contains(&format!("code: {code}\n")),
            "{fault:?}: {shown}"
        );
        assert!(shown.contains("nothing was written"), "{shown}");
        assert_eq!(["app", "token"].as_slice(), it.names(), "{fault:?}");
        for secret in token.split('.') {
            assert!(!shown.contains(secret), "{shown}");
        }
    }
    let output = sign();
    let shown = text(&output.stdout).to_owned() + text(&output.stderr);
    let bundle = fs::read_to_string(it.path("app.sigstore.json")).unwrap();
    assert_eq!(Some(0), output.status.code(), "{shown}");
    for secret in token.split('.').skip(1) {
        assert!(!shown.contains(secret) && !bundle.contains(secret));
    }
}

// sigstore-conformance, docs/cli_protocol.md
#[test]
fn accepts_the_protocol_of_the_conformance_suite() {
    let it = Folder::new();
    let served = Served::new(&it);
    it.write("app", "hello");
    it.write("statement.json", STATEMENT);
    let (config, root) = (
        it.path("instance/signing_config.v0.2.json"),
        it.path("instance/trusted_root.json"),
    );
    for (file, in_toto) in [("app", None), ("statement.json", Some("--in-toto"))] {
        let token = served.token();
        let start = ["conformance", "sign-bundle", "--identity-token", &token];
        let mut arguments: Vec<&OsStr> = start.into_iter().map(OsStr::new).collect();
        arguments.extend(in_toto.map(OsStr::new));
        arguments.extend(["--bundle", "out.json", "--signing-config"].map(OsStr::new));
        arguments.extend([config.as_os_str(), OsStr::new("--trusted-root")]);
        arguments.extend([root.as_os_str(), OsStr::new(file)]);
        let output = it.run(&arguments);
        assert_eq!(Some(0), output.status.code(), "{}", text(&output.stderr));

        let identity = "https://github.com/o/r/.github/workflows/release.yml@refs/heads/main";
        let verified = it.run([
            "conformance",
            "verify-bundle",
            "--bundle",
            "out.json",
            "--certificate-identity",
            identity,
            "--certificate-oidc-issuer",
            &served.url,
            "--trusted-root",
            "instance/trusted_root.json",
            "sha256:2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824",
        ]);
        assert_eq!(
            Some(0),
            verified.status.code(),
            "{}",
            text(&verified.stderr)
        );
        fs::remove_file(it.path("out.json")).unwrap();
    }
    let bad = it.run([
        "conformance",
        "sign-bundle",
        "--identity-token",
        "x",
        "--bundle",
        "o",
        "app",
    ]);
    assert_eq!(Some(1), bad.status.code());
    assert!(!Path::new(&it.path("o")).exists());
}

#[test]
fn accepts_a_bundle_on_standard_output_and_input_from_a_pipe() {
    let it = Folder::new();
    it.write("app", "hello");
    let script = "sigsign sign - --local --data instance --bundle - <app >bundle && \
                  sigsign verify app --local --data instance --bundle - \
                  --identity jane@sigsign.localhost --issuer http://localhost:7480 <bundle";
    let program = Path::new(env!("CARGO_BIN_EXE_sigsign")).parent().unwrap();
    let path = std::env::var("PATH").unwrap();
    let output = Command::new("sh")
        .args(["-c", script])
        .current_dir(&it.0)
        .env("PATH", format!("{}:{path}", program.display()))
        .env("USER", "jane")
        .output()
        .unwrap();

    assert_eq!(Some(0), output.status.code(), "{}", text(&output.stderr));
    assert!(text(&output.stdout).starts_with("app: verified: signed by jane@"));
}

/// A throwaway key, as OpenSSL writes it.
const KEY: &str = "\
-----BEGIN PRIVATE KEY-----\n\
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgxAOinc0YMa3DgIJJ\n\
5CFMHeB/VPdTzd5CLwQ5642o4l+hRANCAARbvCFjl2+IRP/90r7ikdlJkFRIbSqQ\n\
o1HFaLyd4+gNYayop0D9uhfAv0oPR0IBZx9GXUfAg++cWZdzpcvUvb2D\n\
-----END PRIVATE KEY-----\n";

const LOCKED: &str = "\
-----BEGIN ENCRYPTED PRIVATE KEY-----\n\
MIHsMFcGCSqGSIb3DQEFDTBKMCkGCSqGSIb3DQEFDDAcBAgsmVNnP/BSDQICCAAw\n\
DAYIKoZIhvcNAgkFADAdBglghkgBZQMEASoEEORIPM64VV0MQS0p+b1zFL4EgZAe\n\
6ONXR8wB5FjHLTLTWW5UuptR5NEapi14q5xEzYeKuF/QsZI6CQfcu7a+oA6WNkJm\n\
G7v0S+h4bp6LsbnbetPadeI3+fdvzBKRCfiFJM9BoE+IY8ydXmnfIiCB+kJsD93P\n\
AEw6hgUcL+rtlTGV568I3sHfya0G42ytgtMWkqgWyzbejJQ//K1MZUMFfpUXQVo=\n\
-----END ENCRYPTED PRIVATE KEY-----\n";

const PUBLIC: &str = "\
-----BEGIN PUBLIC KEY-----\n\
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEW7whY5dviET//dK+4pHZSZBUSG0q\n\
kKNRxWi8nePoDWGsqKdA/boXwL9KD0dCAWcfRl1HwIPvnFmXc6XL1L29gw==\n\
-----END PUBLIC KEY-----\n";
