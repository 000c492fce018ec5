//! The gate of a cluster: reviews go in over TLS, as an API server sends them.

mod containerd;
mod deploy;
pub(crate) mod registry;

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use sigsign_core::digest::Digest;
use sigsign_core::oci::{self, Image, Nobody, PlainHosts, Reference, Remote, Target};
use sigsign_core::time::Timestamp;
use sigsign_core::transport::http::{HttpTransport, PlainHttp};
use sigsign_core::transport::{Request, Transport as _};

use sigsign_local::instance::oidc::shape;

use crate::network::{KEY, certificates};
use crate::{Folder, Served, json as answer_of, text};
use registry::{Registry, Trouble};

const JSON: (&str, &str) = ("application/json", "application/json");

/// A gate that runs, with everything around it.
struct Cluster {
    folder: Folder,
    served: Served,
    registry: Registry,
    gate: Option<Child>,
    url: String,
    metrics: String,
    client: HttpTransport,
}

impl Drop for Cluster {
    fn drop(&mut self) {
        if let Some(mut gate) = self.gate.take() {
            gate.kill().unwrap();
            gate.wait().unwrap();
        }
    }
}

impl Cluster {
    fn without_gate(digest: &str) -> Self {
        let folder = Folder::new();
        let served = Served::new(&folder);
        let registry = Registry::new(&served);
        let [leaf, root] = certificates();
        let pem = |name: &str, der: &[u8]| {
            folder.write(name, &sigsign_local::text::pem("CERTIFICATE", der))
        };
        pem("tls.pem", &leaf);
        pem("ca.pem", &root);
        folder.write("tls.key", text(KEY));
        folder.write("trusted_root.json", served.instance.trusted_root());
        let ca = fs::read(folder.path("ca.pem")).unwrap();
        let client = {
            let _inside = served.runtime.enter();
            HttpTransport::new(&[&ca], PlainHttp::Loopback).unwrap()
        };
        let it = Self {
            folder,
            served,
            registry,
            gate: None,
            url: String::new(),
            metrics: String::new(),
            client,
        };
        it.write_policy(digest, "jane@example.com");
        it
    }

    fn new(digest: &str) -> Self {
        let mut it = Self::without_gate(digest);
        it.start();
        it
    }

    fn write_policy(&self, digest: &str, who: &str) {
        let policy = format!(
            "version: 1\ninstances: {{ours: {{file: trusted_root.json}}}}\ntrust: ours\ndefault: deny\ndigest: {digest}\nrules:\n\
             - name: ours\n  match: [\"{host}/team/**\"]\n  signed_by:\n  - identity: {{issuer: \"{issuer}\", subject: \"{who}\"}}\n\
             - name: base\n  match: [\"{host}/base/**\"]\n  skip: \"tracked elsewhere\"\n\
             - name: soon\n  match: [\"{host}/new/**\"]\n  mode: warn\n  signed_by:\n  - identity: {{issuer: \"{issuer}\", subject: \"{who}\"}}\n",
            host = self.registry.host,
            issuer = self.served.url,
        );
        self.folder.write("policy.next", &policy);
        fs::rename(
            self.folder.path("policy.next"),
            self.folder.path("policy.yaml"),
        )
        .unwrap();
    }

    fn start(&mut self) {
        self.start_with(&[
            "--policy=policy.yaml",
            "--tls-cert=tls.pem",
            "--tls-key=tls.key",
            "--listen=127.0.0.1:0",
            "--metrics=127.0.0.1:0",
            "--format=json",
        ]);
    }

    fn start_with<S: AsRef<str>>(&mut self, options: &[S]) {
        let options = options.iter().map(AsRef::as_ref);
        let mut command = self
            .folder
            .command(["gate", "serve"].into_iter().chain(options));
        let mut gate = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(gate.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        let Ok(ready) = serde_json::from_str::<Value>(&line) else {
            let mut stderr = String::new();
            gate.stderr
                .take()
                .unwrap()
                .read_to_string(&mut stderr)
                .unwrap();
            panic!("{stderr}");
        };
        // Nobody reads it: a pipe that is full would stop the gate.
        let mut stderr = gate.stderr.take().unwrap();
        std::thread::spawn(move || std::io::copy(&mut stderr, &mut std::io::sink()));
        self.gate = Some(gate);
        self.url = ready["reviews"]
            .as_str()
            .unwrap()
            .replace("127.0.0.1", "localhost");
        self.metrics = ready["metrics"].as_str().unwrap().to_owned();
    }

    /// Signs an image, as somebody.
    fn sign(&self, name: &str, digest: Digest, who: &str) {
        self.put_beside(name, digest, who, digest);
    }

    /// Puts beside an image a signature of perhaps another one.
    fn put_beside(&self, name: &str, digest: Digest, who: &str, signed: Digest) {
        let statement = oci::signature_statement(signed, &[]);
        self.folder.write("statement.json", text(&statement));
        let claims = shape::email(who);
        self.folder
            .write("token", &self.served.instance.oidc().mint(claims));
        let signed = self.folder.run([
            "sign",
            "statement.json",
            "--statement",
            "--bundle",
            "bundle.json",
            "--instance",
            &self.served.url,
            "--identity-token",
            "token",
            "--format",
            "json",
        ]);
        answer_of(&signed);
        let bundle = fs::read(self.folder.path("bundle.json")).unwrap();
        let reference =
            Reference::parse(&format!("{}/{name}@{digest}", self.registry.host)).unwrap();
        let repository = self.remote().repository(&reference);
        self.served.runtime.block_on(async {
            let image = Image::resolve(&repository, &Target::Digest(digest))
                .await
                .unwrap();
            let now = Timestamp::from_unix_seconds(1_800_000_000);
            let kind = oci::SIGNATURE_TYPE;
            oci::attach(&repository, &image.descriptor(), &bundle, kind, now)
                .await
                .unwrap();
        });
    }

    fn remote(&self) -> Remote {
        let _inside = self.served.runtime.enter();
        let plain = Arc::new(HttpTransport::new(&[], PlainHttp::Loopback).unwrap());
        Remote::new(plain, Arc::new(Nobody), PlainHosts::Loopback)
    }

    fn image(&self, name: &str) -> String {
        format!("{}/{name}", self.registry.host)
    }

    fn ask(&self, path: &str, object: &Value) -> Value {
        let request = json!({
            "uid": "u-1", "operation": "CREATE", "kind": { "kind": "Pod" }, "object": object,
            "namespace": "demo", "dryRun": false,
        });
        let review = json!({ "apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": request });
        let url = format!("{}{path}", self.url);
        let request = Request::post(url, JSON, review.to_string().into_bytes());
        let answer = self
            .served
            .runtime
            .block_on(self.client.send(&request))
            .unwrap();
        assert_eq!(200, answer.status());
        let answer: Value = serde_json::from_slice(answer.body()).unwrap();
        assert_eq!("u-1", answer["response"]["uid"]);
        answer["response"].clone()
    }

    fn validate(&self, images: &[String]) -> Value {
        self.ask("/validate?timeout=10s", &pod(images))
    }

    fn refused(&self, image: &str, code: u64, words: &[&str]) {
        let answer = self.validate(&[image.to_owned()]);
        let message = answer["status"]["message"].as_str().unwrap_or_default();
        assert_eq!(Some(false), answer["allowed"].as_bool(), "{image}");
        assert_eq!(Some(code), answer["status"]["code"].as_u64(), "{message}");
        for word in words {
            assert!(message.contains(word), "{word}: {message}");
        }
    }

    fn numbers(&self) -> String {
        let request = Request::get(&self.metrics);
        let answer = self
            .served
            .runtime
            .block_on(self.client.send(&request))
            .unwrap();
        text(answer.body()).to_owned()
    }
}

fn pod(images: &[String]) -> Value {
    let containers = images.iter().map(|it| json!({ "name": "c", "image": it }));
    json!({ "kind": "Pod", "spec": { "containers": containers.collect::<Vec<_>>() } })
}

fn patch(answer: &Value) -> Value {
    let patch = STANDARD.decode(answer["patch"].as_str().unwrap()).unwrap();
    serde_json::from_slice(&patch).unwrap()
}

#[test]
fn lets_in_what_is_signed_and_nothing_else() {
    let it = Cluster::new("require");
    let (good, other, bare) = (
        it.registry.image("team/app", "1"),
        it.registry.image("team/other", "1"),
        it.registry.image("team/bare", "1"),
    );
    it.sign("team/app", good, "jane@example.com");
    it.sign("team/other", other, "eve@example.com");
    let at = |name: &str, digest: Digest| format!("{}@{digest}", it.image(name));

    let allowed = it.validate(&[
        at("team/app", good),
        it.image("base/os:1"),
        at("team/app", good),
    ]);

    assert_eq!(Some(true), allowed["allowed"].as_bool(), "{allowed}");
    let annotations = &allowed["auditAnnotations"];
    assert!(
        annotations["policy"]
            .as_str()
            .unwrap()
            .starts_with("sha256:")
    );
    assert!(
        annotations["verified"]
            .as_str()
            .unwrap()
            .contains(&good.to_string())
    );
    it.refused(
        &at("team/bare", bare),
        403,
        &["ours: wanted", "(rule.no-signature)"],
    );
    it.refused(
        &at("team/other", other),
        403,
        &["jane@example.com", "eve@example.com"],
    );
    it.refused(&it.image("team/app:1"), 403, &["(rule.digest)"]);
    it.refused(&it.image("else/app:1"), 403, &["(rule.default)"]);
    it.refused("nginx", 403, &["docker.io/library/nginx"]);
    it.refused("UPPER", 403, &["UPPER"]);
    // The signature of another image, put beside this one.
    it.put_beside("team/bare", bare, "jane@example.com", good);
    it.refused(&at("team/bare", bare), 403, &["(rule."]);
}

#[test]
fn warns_where_the_rule_only_warns() {
    let it = Cluster::new("require");
    let bare = it.registry.image("new/app", "1");

    let answer = it.validate(&[format!("{}@{bare}", it.image("new/app"))]);

    assert_eq!(Some(true), answer["allowed"].as_bool());
    let warnings = answer["warnings"].as_array().unwrap();
    let [image, why] = warnings.as_slice() else {
        panic!("{answer}");
    };
    assert!(image.as_str().unwrap().starts_with("sigsign: "), "{answer}");
    assert!(why.as_str().unwrap().contains("soon: wanted"), "{answer}");
}

#[test]
fn puts_digests_in_the_place_of_tags() {
    let it = Cluster::new("resolve");
    let digest = it.registry.image("team/app", "1");
    it.sign("team/app", digest, "jane@example.com");
    let images = [
        it.image("team/app:1"),
        it.image("base/os:1"),
        it.image("team/app:1"),
    ];

    let mutated = it.ask("/mutate?timeout=10s", &pod(&images));
    it.refused(&images[0], 403, &["(rule.digest)"]);

    assert_eq!(Some(true), mutated["allowed"].as_bool(), "{mutated}");
    let pinned = format!("{}@{digest}", it.image("team/app"));
    let replace = |at: usize| json!({ "op": "replace", "path": format!("/spec/containers/{at}/image"), "value": pinned });
    assert_eq!(json!([replace(0), replace(2)]), patch(&mutated));
    assert_eq!(Some(true), it.validate(&[pinned])["allowed"].as_bool());
}

#[test]
fn tells_trouble_with_a_registry_from_a_bad_signature() {
    let it = Cluster::new("require");
    let digest = it.registry.image("team/app", "1");
    it.sign("team/app", digest, "jane@example.com");
    let image = format!("{}@{digest}", it.image("team/app"));
    for (trouble, words) in [
        (Trouble::Status(503), &["cannot be looked at"][..]),
        (Trouble::Status(401), &["cannot be looked at"]),
        (
            Trouble::Silence,
            &["no answer within 9.5 s", "(gate.deadline)"],
        ),
    ] {
        it.registry.trouble(trouble);
        it.refused(&image, 503, words);
    }
    // None of it is remembered.
    it.registry.trouble(Trouble::None);
    assert_eq!(Some(true), it.validate(&[image])["allowed"].as_bool());
    let lied = it.registry.image("team/lied", "1");
    it.sign("team/lied", lied, "jane@example.com");
    it.registry.trouble(Trouble::Lies);
    let image = format!("{}@{lied}", it.image("team/lied"));
    it.refused(&image, 503, &["cannot be looked at"]);
    it.registry.trouble(Trouble::None);
    assert_eq!(Some(true), it.validate(&[image])["allowed"].as_bool());
    let gone = format!("{}@sha256:{}", it.image("team/gone"), "0".repeat(64));
    it.refused(&gone, 403, &["cannot be looked at"]);
}

#[test]
fn lets_in_with_a_warning_what_cannot_be_looked_at_where_the_rule_only_warns() {
    let it = Cluster::new("resolve");
    let bare = it.registry.image("new/app", "1");
    it.registry.trouble(Trouble::Status(503));

    for (path, image) in [
        ("/mutate", it.image("new/app:1")),
        ("/validate", it.image("new/app:1")),
        ("/validate", format!("{}@{bare}", it.image("new/app"))),
    ] {
        let answer = it.ask(path, &pod(std::slice::from_ref(&image)));

        assert_eq!(Some(true), answer["allowed"].as_bool(), "{answer}");
        assert_eq!(None, answer.get("patch"), "{answer}");
        let warning = answer["warnings"][0].as_str().unwrap();
        assert!(
            warning.starts_with(&format!("sigsign: {image}")),
            "{warning}"
        );
    }
}

#[test]
fn reads_no_more_beside_an_image_than_there_is_room_for() {
    let it = Cluster::new("require");
    let bare = it.registry.image("team/bare", "1");
    let remote = it.remote();
    let image = format!("{}@{bare}", it.image("team/bare"));
    let repository = remote.repository(&Reference::parse(&image).unwrap());
    it.served.runtime.block_on(async {
        let target = Target::Digest(bare);
        let signed = Image::resolve(&repository, &target).await.unwrap();
        for junk in 0..3_u8 {
            let (bytes, now) = (vec![junk; 12 << 20], Timestamp::from_unix_seconds(1));
            let kind = oci::SIGNATURE_TYPE;
            oci::attach(&repository, &signed.descriptor(), &bytes, kind, now)
                .await
                .unwrap();
        }
    });

    it.refused(
        &image,
        503,
        &["everything beside an image", "(rule.incomplete)"],
    );
}

#[test]
fn asks_once_about_each_image_however_many_ask() {
    let it = Cluster::new("require");
    let digest = it.registry.image("team/app", "1");
    it.sign("team/app", digest, "jane@example.com");
    let image = format!("{}@{digest}", it.image("team/app"));
    it.registry.kept.lock().unwrap().pulls = 0;

    std::thread::scope(|scope| {
        for _ in 0..20 {
            scope.spawn(|| {
                assert_eq!(
                    Some(true),
                    it.validate(std::slice::from_ref(&image))["allowed"].as_bool()
                )
            });
        }
    });

    let numbers = it.numbers();
    assert!(
        numbers.contains("sigsign_verification_total{result=\"allow\",reason=\"\"} 1\n"),
        "{numbers}"
    );
    assert!(
        numbers.contains(
            "sigsign_admission_total{decision=\"allowed\",rule=\"ours\",mode=\"enforce\"} 20\n"
        ),
        "{numbers}"
    );
    assert!(it.registry.kept.lock().unwrap().pulls < 10);
}

#[test]
fn reads_its_policy_again_and_keeps_the_last_good_one() {
    let it = Cluster::new("require");
    let digest = it.registry.image("team/app", "1");
    it.sign("team/app", digest, "jane@example.com");
    let image = [format!("{}@{digest}", it.image("team/app"))];
    let is_allowed = || it.validate(&image)["allowed"].as_bool().unwrap();
    let until = |done: &dyn Fn() -> bool| {
        let begun = Instant::now();
        while !done() {
            assert!(begun.elapsed() < Duration::from_secs(60));
            std::thread::sleep(Duration::from_millis(100));
        }
    };
    assert!(is_allowed());

    it.folder
        .write("policy.yaml", "version: 1\nrules: nonsense\n");
    until(&|| {
        it.numbers()
            .contains("sigsign_policy_reloads_total{good=\"false\"}")
    });
    assert!(is_allowed());
    it.write_policy("require", "somebody@example.com");
    until(&|| {
        it.numbers()
            .contains("sigsign_policy_reloads_total{good=\"true\"} 1\n")
    });
    assert!(!is_allowed());
    // What never changes was not asked for again.
    let numbers = it.numbers();
    let hits = "sigsign_cache_total{cache=\"content\",hit=\"true\"}";
    assert!(numbers.contains(hits), "{numbers}");
    // What the policy names is part of it.
    it.folder.write("trusted_root.json", "{}");
    until(&|| {
        it.numbers()
            .contains("sigsign_policy_reloads_total{good=\"false\"} 2\n")
    });
    assert!(!is_allowed());
}

#[test]
fn ends_when_it_is_told_to() {
    let mut it = Cluster::new("require");
    let mut gate = it.gate.take().unwrap();

    let told = Command::new("kill")
        .args(["-TERM", &gate.id().to_string()])
        .status()
        .unwrap();

    assert!(told.success());
    assert_eq!(Some(0), gate.wait().unwrap().code());
}

#[test]
fn rejects_files_that_it_cannot_serve_with() {
    let it = Cluster::new("require");
    it.folder.write("bad.yaml", "version: 2\n");
    it.folder.write("bad.pem", "nothing");
    for (policy, certificate, key, code) in [
        ("bad.yaml", "tls.pem", "tls.key", "policy-file."),
        ("policy.yaml", "bad.pem", "tls.key", "gate.tls"),
        ("policy.yaml", "tls.pem", "bad.pem", "gate.tls"),
        ("policy.yaml", "ca.pem", "tls.key", "gate.tls"),
    ] {
        let output = it.folder.run([
            "gate",
            "serve",
            "--policy",
            policy,
            "--tls-cert",
            certificate,
            "--tls-key",
            key,
            "--listen",
            "127.0.0.1:0",
            "--metrics",
            "127.0.0.1:0",
        ]);
        let stderr = text(&output.stderr);
        assert_eq!(Some(3), output.status.code(), "{stderr}");
        assert!(stderr.contains(&format!("code: {code}")), "{stderr}");
    }
}
