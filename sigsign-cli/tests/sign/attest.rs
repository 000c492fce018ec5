//! Statements about files: made, signed, added to those that there are, and asked for by type.

use std::process::Stdio;

use serde_json::Value;
use sigsign_core::bundle::{Bundle, Content};
use sigsign_core::dsse::Statement;
use sigsign_local::instance::oidc::shape;

use crate::{Folder, Served, text};

const JANE: &str = "jane@sigsign.localhost";
const ISSUER: &str = "http://localhost:7480";
const SPDX: &str = r#"{"spdxVersion":"SPDX-2.3","packages":[]}"#;

fn attest(folder: &Folder, arguments: &[&str]) -> std::process::Output {
    let attest = ["attest", "--local", "--offline", "--data", "instance"];
    folder.run(attest.iter().chain(arguments))
}

fn verify(folder: &Folder, arguments: &[&str]) -> std::process::Output {
    let verify = [
        "verify",
        "--local",
        "--data",
        "instance",
        "--identity",
        JANE,
        "--issuer",
        ISSUER,
    ];
    folder.run(verify.iter().chain(arguments))
}

fn with_files() -> Folder {
    let it = Folder::new();
    it.write("app", "hello");
    it.write("lib", "world");
    it.write("sbom.json", SPDX);
    it
}

/// The statement of the only bundle in a file.
fn statement(folder: &Folder, name: &str) -> Statement {
    let bundle = std::fs::read(folder.path(name)).unwrap();
    let bundle = Bundle::from_json(&bundle).unwrap();
    let Content::Dsse(envelope) = bundle.content() else {
        panic!("no statement");
    };
    envelope.statement().unwrap()
}

#[test]
fn accepts_a_statement_about_several_files_beside_each() {
    let it = with_files();

    let output = attest(
        &it,
        &["app", "lib", "--type", "spdx", "--predicate", "sbom.json"],
    );

    assert_eq!(Some(0), output.status.code(), "{}", text(&output.stderr));
    let shown = text(&output.stdout);
    assert!(
        shown.starts_with(&format!("app and 1 more: attested by {JANE}, issuer ")),
        "{shown}"
    );
    assert!(
        shown.contains("  predicate: https://spdx.dev/Document\n"),
        "{shown}"
    );
    for file in ["app", "lib"] {
        let verified = verify(&it, &[file, "--type", "spdx"]);
        assert_eq!(
            Some(0),
            verified.status.code(),
            "{}",
            text(&verified.stderr)
        );
    }
    let other = verify(&it, &["sbom.json", "--bundle", "app.sigstore.jsonl"]);
    assert_eq!(Some(1), other.status.code());
    assert!(text(&other.stderr).contains("code: artifact.not-a-subject\n"));
}

#[test]
fn adds_to_the_statements_that_there_are() {
    let it = with_files();
    it.write("p.json", r#"{"a":1}"#);
    let custom = ["app", "--type", "custom", "--predicate", "p.json"];

    let signed = it.sign_local(&["app"]);
    assert_eq!(Some(0), signed.status.code());
    assert_eq!(Some(0), attest(&it, &custom).status.code());
    let spdx = ["app", "--type", "spdx", "--predicate", "sbom.json"];
    assert_eq!(Some(0), attest(&it, &spdx).status.code());

    let lines = std::fs::read_to_string(it.path("app.sigstore.jsonl")).unwrap();
    assert_eq!(2, lines.lines().count());
    for arguments in [
        &["app"][..],
        &["app", "--type", "custom"],
        &["app", "--type", "spdx"],
    ] {
        let verified = verify(&it, arguments);
        assert_eq!(
            Some(0),
            verified.status.code(),
            "{}",
            text(&verified.stderr)
        );
    }
    let absent = verify(&it, &["app", "--type", "openvex"]);
    let stderr = text(&absent.stderr);
    assert_eq!(Some(1), absent.status.code(), "{stderr}");
    for found in [
        "https://cosign.sigstore.dev/attestation/v1",
        "https://spdx.dev/Document",
    ] {
        let want = format!("wanted predicate type https://openvex.dev/ns, found {found}\n");
        assert!(stderr.contains(&want), "{stderr}");
    }
}

// Two jobs may say something of one file.
#[test]
fn loses_no_statement_of_many_at_once() {
    let it = with_files();
    assert_eq!(Some(0), it.sign_local(&["lib"]).status.code());

    let arguments = [
        "attest",
        "app",
        "--local",
        "--data",
        "instance",
        "--type",
        "spdx",
        "--predicate",
        "sbom.json",
    ];
    let running: Vec<_> = (0..8)
        .map(|_| it.command(arguments).stdout(Stdio::null()).spawn().unwrap())
        .collect();
    for mut one in running {
        assert!(one.wait().unwrap().success());
    }

    let lines = std::fs::read_to_string(it.path("app.sigstore.jsonl")).unwrap();
    let entries = lines
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap());
    assert_eq!(8, entries.count());
}

#[test]
fn accepts_lists_of_checksums_and_digests() {
    let it = with_files();
    let (app, lib) = (
        "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824",
        "486ea46224d1bb4fb680f34f7c9ad96a8f24ec88be73ea8e5a6c65260e9cb8a7",
    );
    it.write(
        "SHA256SUMS",
        &format!("{app}  dist/app\nSHA256 (lib) = {lib}\n"),
    );

    let list = [
        "--checksums",
        "SHA256SUMS",
        "--type",
        "spdx",
        "--predicate",
        "sbom.json",
    ];
    let output = attest(
        &it,
        &[&list[..], &["--bundle", "all.sigstore.json"]].concat(),
    );

    assert_eq!(Some(0), output.status.code(), "{}", text(&output.stderr));
    for subject in ["app", "lib", &format!("sha256:{lib}")] {
        let bundle = [
            "--type",
            "https://spdx.dev/Document",
            "--bundle",
            "all.sigstore.json",
        ];
        let verified = verify(&it, &[&[subject][..], &bundle].concat());
        assert_eq!(
            Some(0),
            verified.status.code(),
            "{}",
            text(&verified.stderr)
        );
    }
    let statement = statement(&it, "all.sigstore.json");
    let names: Vec<_> = statement.subjects().iter().map(|it| it.name()).collect();
    assert_eq!([Some("dist/app"), Some("lib")].as_slice(), names);
}

#[test]
fn accepts_the_provenance_that_a_token_tells() {
    let it = with_files();
    let served = Served::new(&it);
    let job = shape::github("o/r", "release.yml", "refs/tags/v1");
    let token = served.instance.oidc().mint(job);

    let mut command = it.command(["attest", "app", "--slsa", "--instance", &served.url]);
    // What a step of the job may have set does not count.
    command
        .env("SIGSTORE_ID_TOKEN", token)
        .env("GITHUB_REPOSITORY", "somebody/else")
        .env("GITHUB_SHA", "ffffffffffffffffffffffffffffffffffffffff");
    let output = command.output().unwrap();

    assert_eq!(Some(0), output.status.code(), "{}", text(&output.stderr));
    let identity = "https://github.com/o/r/.github/workflows/release.yml@refs/tags/v1";
    let verify = [
        "verify", "app", "--type", "slsa", "--local", "--data", "instance",
    ];
    let who = ["--identity", identity, "--issuer", &served.url];
    let verified = it.run(verify.iter().chain(&who));
    assert_eq!(
        Some(0),
        verified.status.code(),
        "{}",
        text(&verified.stderr)
    );
    let predicate: Value =
        serde_json::from_str(statement(&it, "app.sigstore.jsonl").predicate()).unwrap();
    let source = &predicate["buildDefinition"]["resolvedDependencies"][0];
    assert_eq!("git+https://github.com/o/r@refs/tags/v1", source["uri"]);
    let commit = "0123456789abcdef0123456789abcdef01234567";
    assert_eq!(commit, source["digest"]["gitCommit"]);
}

#[test]
fn rejects_what_cannot_be_said_and_leaves_nothing() {
    let it = with_files();
    it.write("text", "SPDXVersion: SPDX-2.3");
    it.write("twice.json", r#"{"spdxVersion":"SPDX-2.3","a":1,"a":2}"#);
    it.write(
        "long.json",
        &format!(r#"{{"a":"{}"}}"#, "x".repeat(10 << 20)),
    );
    it.write("sums", "not a checksum\n");
    let digest = "0".repeat(64);
    let many = (0..1025).map(|at| format!("{digest}  file-{at}\n"));
    it.write("many", &many.collect::<String>());
    let names = it.names();
    let said = |predicate: &'static str| ["app", "--type", "spdx", "--predicate", predicate];
    let list = [
        "--checksums",
        "sums",
        "--type",
        "spdx",
        "--predicate",
        "sbom.json",
        "--bundle",
        "x",
    ];
    let mut too_many = list;
    too_many[1] = "many";

    for (arguments, status, code) in [
        (&said("missing")[..], 3, "predicate.read"),
        (&said("text"), 3, "predicate.json"),
        (&said("twice.json"), 3, "json.duplicate"),
        (&said("long.json"), 3, "predicate.read"),
        (
            &["app", "--type", "vuln", "--predicate", "sbom.json"],
            3,
            "predicate.shape",
        ),
        (
            &["missing", "--type", "spdx", "--predicate", "sbom.json"],
            3,
            "artifact.read",
        ),
        (&["app", "--slsa"], 5, "provenance.claim"),
        (&list, 3, "checksums.line"),
        (&too_many, 3, "statement.too-many-subjects"),
    ] {
        let output = attest(&it, arguments);

        let stderr = text(&output.stderr);
        assert_eq!(Some(status), output.status.code(), "{stderr}");
        assert!(stderr.contains(&format!("code: {code}\n")), "{stderr}");
        assert_eq!(names, it.names());
    }
}
