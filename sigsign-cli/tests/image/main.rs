//! Images with the built command: in registries that keep what they get, and in such that lie, are
//! slow of wit, or send one elsewhere.

mod credentials;
mod decoys;
mod good;
mod hostile;
mod manifests;
mod policy;
mod server;
mod trouble;

use std::ffi::OsStr;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};
use sigsign_core::crypto::hash;
use sigsign_core::digest::HashAlgorithm;

const INDEX: &str = "application/vnd.oci.image.index.v1+json";
const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const WHO: [&str; 4] = [
    "--identity",
    "jane@example.org",
    "--issuer",
    "http://localhost:7480",
];

/// A folder of its own, gone when the test ends.
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
        let name = format!("sigsign-image-{}-{count}", std::process::id());
        let path = std::env::temp_dir().join(name);
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.0.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::File::create(&path)
            .unwrap()
            .write_all(text.as_bytes())
            .unwrap();
        path
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_sigsign"));
        command
            .args(arguments)
            .current_dir(&self.0)
            .env_clear()
            .env("HOME", &self.0)
            .env("NO_PROXY", "*");
        command
    }

    fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    /// Signs with the local instance inside the command.
    fn make(&self, arguments: &[&str]) -> String {
        let local = [
            "--local",
            "--data",
            "instance",
            "--identity",
            "jane@example.org",
        ];
        let output = self.run(&[&["image"], arguments, &local].concat());
        assert_eq!(Some(0), output.status.code(), "{}", text(&output.stderr));
        text(&output.stdout)
    }

    /// Verifies with what the local instance publishes: exit status, answer, and what was said.
    fn verify(&self, arguments: &[&str]) -> (Option<i32>, String, String) {
        let local = ["--local", "--data", "instance"];
        let output = self.run(&[&["image", "verify"], arguments, &WHO, &local].concat());
        (
            output.status.code(),
            text(&output.stdout),
            text(&output.stderr),
        )
    }

    fn verified(&self, arguments: &[&str]) -> String {
        let (status, stdout, stderr) = self.verify(arguments);
        assert_eq!(Some(0), status, "{stdout}{stderr}");
        stdout
    }

    /// Not verified, with this status and code.
    fn refused(&self, arguments: &[&str], status: i32, code: &str) -> String {
        let (found, stdout, stderr) = self.verify(arguments);
        assert_eq!(Some(status), found, "{stdout}{stderr}");
        assert!(stderr.contains(&format!("code: {code}\n")), "{stderr}");
        assert!(!stdout.contains(": verified"), "{stdout}");
        stderr
    }

    /// An instance that has signed something, so that it can be verified with.
    fn with_instance() -> Self {
        let folder = Self::new();
        folder.write("app", "app");
        let output = folder.run(&["sign", "app", "--local", "--data", "instance"]);
        assert_eq!(Some(0), output.status.code(), "{}", text(&output.stderr));
        folder
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

fn digest(bytes: &[u8]) -> String {
    hash(HashAlgorithm::Sha256, bytes).to_string()
}

fn descriptor(media_type: &str, bytes: &[u8]) -> Value {
    json!({"mediaType": media_type, "digest": digest(bytes), "size": bytes.len()})
}

/// A manifest without blobs that anybody would look for.
fn manifest(marker: &str) -> Vec<u8> {
    let config = descriptor("application/vnd.oci.image.config.v1+json", b"{}");
    let annotations = json!({"marker": marker});
    let json = json!({
        "schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": [],
        "annotations": annotations,
    });
    json.to_string().into_bytes()
}

fn exists(path: impl AsRef<OsStr>) -> bool {
    Path::new(path.as_ref()).exists()
}
