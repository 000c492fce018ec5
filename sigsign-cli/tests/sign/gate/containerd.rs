//! What containerd asks before it pulls an image, as it asks it.

use std::io::Write as _;
use std::process::{Output, Stdio};
use std::time::Instant;

use sigsign_core::digest::Digest;

use super::registry::Trouble;
use super::{Cluster, text};

const DESCRIPTOR: &str = "application/vnd.oci.descriptor.v1+json";

/// A descriptor as containerd writes it.
fn descriptor(digest: &str) -> String {
    let media_type = "application/vnd.oci.image.manifest.v1+json";
    format!("{{\"mediaType\":\"{media_type}\",\"digest\":\"{digest}\",\"size\":424}}\n")
}

impl Cluster {
    /// Runs the verifier; `None` keeps its standard input open.
    fn pull(&self, arguments: &[&str], stdin: Option<&[u8]>) -> Output {
        let mut command = self.folder.command(arguments);
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut pipe = child.stdin.take().unwrap();
        // It may have refused before it read anything.
        let _ = pipe.write_all(stdin.unwrap_or(b"{"));
        if stdin.is_some() {
            drop(pipe);
            return child.wait_with_output().unwrap();
        }
        let output = child.wait_with_output().unwrap();
        drop(pipe);
        output
    }

    fn verify(&self, name: &str, digest: &str, stdin: &[u8]) -> Output {
        let arguments = [
            "gate",
            "containerd",
            "--policy",
            "policy.yaml",
            "-name",
            name,
            "-digest",
            digest,
            "-stdin-media-type",
            DESCRIPTOR,
        ];
        self.pull(&arguments, Some(stdin))
    }

    fn says(&self, name: &str, digest: Digest, status: i32, words: &[&str]) {
        let digest = digest.to_string();
        let output = self.verify(name, &digest, descriptor(&digest).as_bytes());
        check(&output, status, words);
    }
}

fn check(output: &Output, status: i32, words: &[&str]) {
    let (stdout, stderr) = (text(&output.stdout), text(&output.stderr));
    assert_eq!(Some(status), output.status.code(), "{stdout}\n{stderr}");
    assert!(stdout.starts_with("sigsign: "), "{stdout}");
    for word in words {
        assert!(stdout.contains(word), "{word}: {stdout}");
    }
}

#[test]
fn pulls_what_the_policy_allows_and_nothing_else() {
    let it = Cluster::without_gate("require");
    let good = it.registry.image("team/app", "1");
    let other = it.registry.image("team/other", "1");
    let bare = it.registry.image("team/bare", "1");
    let new = it.registry.image("new/app", "1");
    it.sign("team/app", good, "jane@example.com");
    it.sign("team/other", other, "eve@example.com");

    // The digest that is pulled counts, whatever the name has.
    let signed = ["allowed by ours", "signed by jane@example.com"];
    it.says(&it.image("team/app:1"), good, 0, &signed);
    it.says(
        &format!("{}@{good}", it.image("team/app")),
        good,
        0,
        &signed,
    );
    it.says(
        &format!("{}@{good}", it.image("team/app:1")),
        good,
        0,
        &signed,
    );
    it.says(&it.image("base/os:1"), bare, 0, &["allowed by base"]);
    it.says(
        &it.image("new/app:1"),
        new,
        0,
        &["let through with a warning", "soon: wanted"],
    );
    it.says(&it.image("team/bare:1"), bare, 1, &["(rule.no-signature)"]);
    it.says(
        &it.image("team/other:1"),
        other,
        1,
        &["jane@example.com", "eve@example.com"],
    );
    it.says("docker.io/library/nginx:1", bare, 1, &["(rule.default)"]);
    // A tag may have moved since it was signed: what is pulled was not.
    it.says(&it.image("team/app:1"), bare, 1, &["cannot be looked at"]);
}

#[test]
fn pulls_nothing_without_an_answer() {
    let it = Cluster::without_gate("require");
    let good = it.registry.image("team/app", "1");
    it.sign("team/app", good, "jane@example.com");
    let name = it.image("team/app:1");

    it.registry.trouble(Trouble::Status(503));
    it.says(&name, good, 4, &["cannot be looked at"]);
    it.registry.trouble(Trouble::Lies);
    it.says(&name, good, 4, &["cannot be looked at"]);
    it.registry.trouble(Trouble::Silence);
    let digest = good.to_string();
    let begun = Instant::now();
    let output = it.pull(
        &[
            "gate",
            "containerd",
            "--policy",
            "policy.yaml",
            "--timeout",
            "3",
            "-name",
            &name,
            "-digest",
            &digest,
            "-stdin-media-type",
            DESCRIPTOR,
        ],
        Some(descriptor(&digest).as_bytes()),
    );
    check(&output, 4, &["(gate.deadline)"]);
    assert!(begun.elapsed().as_secs() < 20);
    it.registry.trouble(Trouble::None);
    it.says(&name, good, 0, &["allowed"]);
    it.folder.write("policy.yaml", "version: 1\n");
    it.says(&name, good, 3, &["policy policy.yaml cannot be used"]);
}

#[test]
fn rejects_what_containerd_does_not_say() {
    let it = Cluster::without_gate("require");
    let good = it.registry.image("team/app", "1");
    it.sign("team/app", good, "jane@example.com");
    let (name, digest) = (it.image("team/app:1"), good.to_string());
    let described = descriptor(&digest);
    let zeros = format!("sha256:{}", "0".repeat(64));
    let at_zeros = format!("{}@{zeros}", it.image("team/app"));
    let upper = digest.to_uppercase();
    for (name, digest, stdin, words) in [
        (
            &*name,
            &*digest,
            descriptor(&zeros),
            "digest of the descriptor: wanted sha256:",
        ),
        (
            &name,
            &zeros,
            described.clone(),
            "digest of the descriptor: wanted sha256:000",
        ),
        (
            &at_zeros,
            &digest,
            described.clone(),
            "digest in -name: wanted sha256:",
        ),
        (&name, &upper, described.clone(), "-digest: wanted sha256:"),
        (&name, "", described.clone(), "-digest: wanted sha256:"),
        (
            &name,
            "--help",
            described.clone(),
            "-digest: wanted sha256:",
        ),
        ("", &digest, described.clone(), "-name is no image"),
        (
            "--policy=/dev/null",
            &digest,
            described.clone(),
            "-name is no image",
        ),
        ("-digest", &digest, described.clone(), "-name is no image"),
        (
            "a\u{7}\nb",
            &digest,
            described.clone(),
            "-name is no image: not a repository: library/a\\u{7}\\u{a}b",
        ),
        (
            &name,
            &digest,
            String::new(),
            "no descriptor on standard input",
        ),
        (
            &name,
            &digest,
            "[]".to_owned(),
            "no descriptor on standard input",
        ),
        (
            &name,
            &digest,
            "{".repeat(100_000),
            "no descriptor on standard input",
        ),
        (
            &name,
            &digest,
            described.replace("424", "-1"),
            "no descriptor on standard input",
        ),
        (
            &name,
            &digest,
            described.replace("\"digest\"", "\"digest\":\"a\",\"digest\""),
            "no descriptor",
        ),
        (
            &name,
            &digest,
            format!("{described}{described}"),
            "no descriptor on standard input",
        ),
        (
            &name,
            &digest,
            " ".repeat((1 << 20) + 1),
            "longer than 1048576 bytes",
        ),
    ] {
        check(&it.verify(name, digest, stdin.as_bytes()), 3, &[words]);
    }
    check(
        &it.verify(&name, &digest, b"\xff\xfe"),
        3,
        &["no descriptor on standard input"],
    );
}

#[test]
fn rejects_other_words() {
    let it = Cluster::without_gate("require");
    let digest = it.registry.image("team/app", "1").to_string();
    let name = it.image("team/app:1");
    let asked = ["-name", &name, "-digest", &digest];
    let typed = |media_type| [&asked[..], &["-stdin-media-type", media_type]].concat();
    let described = descriptor(&digest);
    let ask = |arguments: &[&str], status, word: &str| {
        let output = it.pull(arguments, Some(described.as_bytes()));
        check(&output, status, &[word]);
    };

    ask(&asked, 2, "--stdin-media-type");
    ask(&asked[..3], 2, "--digest");
    ask(
        &[&typed(DESCRIPTOR)[..], &["-operation", "run"]].concat(),
        2,
        "-o",
    );
    ask(&[&typed(DESCRIPTOR)[..], &asked[..2]].concat(), 2, "--name");
    let other = "application/vnd.containerd.image-verifier.input.v1+json";
    ask(
        &typed(other),
        3,
        "type of standard input: wanted application/vnd.oci.descriptor.v1+json",
    );
    // A link to the program is all there is in containerd's folder: the policy is where it always is.
    ask(&typed(DESCRIPTOR), 3, "/etc/sigsign/policy.yaml");
    let waiting = [
        &["gate", "containerd", "--timeout", "2"],
        &typed(DESCRIPTOR)[..],
    ]
    .concat();
    check(&it.pull(&waiting, None), 3, &["it does not end"]);
}
