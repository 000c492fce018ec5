//! Images that the manifests of a cluster name, and answers as documents.

use serde_json::{Value, json};

use crate::server::Server;
use crate::{Folder, MANIFEST, manifest, text};

const POLICY: &str = "version: 1\ninstances: {ours: {file: instance/trusted_root.json}}\ntrust: ours\nrules:\n\
                      - name: ours\n  match: ['**']\n  signed_by: [{identity: {issuer: 'http://localhost:7480', subject: jane@example.org}}]\n";

/// One image that is signed, one that is not, and the files that name them.
fn cluster() -> (Server, Folder, [String; 2]) {
    let (server, folder) = (Server::with_list(), Folder::new());
    let digests = ["signed", "unsigned"].map(|tag| server.put(tag, MANIFEST, &manifest(tag)));
    folder.make(&["sign", &server.name(":signed")]);
    folder.write("policy.yaml", POLICY);
    let pod =
        |image: &str| format!("kind: Pod\nspec:\n  containers:\n  - name: a\n    image: {image}\n");
    let signed = server.name(":signed");
    folder.write(
        "k8s/a.yaml",
        &format!("# a\n---\n{}---\n{}", pod(&signed), pod(&signed)),
    );
    folder.write("k8s/b.yaml", &pod(&server.name(":unsigned")));
    (server, folder, digests)
}

fn run(folder: &Folder, arguments: &[&str]) -> (Option<i32>, String, String) {
    let output = folder.run(&[&["image", "verify"], arguments].concat());
    let (out, said) = (text(&output.stdout), text(&output.stderr));
    (output.status.code(), out, said)
}

#[test]
fn verifies_what_manifests_name() {
    let (server, folder, [signed, _]) = cluster();
    let by = |files: &[&str], more: &[&str]| {
        let policy = run(
            &folder,
            &[
                &["--policy", "policy.yaml", "--from-manifests"],
                files,
                more,
            ]
            .concat(),
        );
        let (status, answer, said) = folder.verify(&[&["--from-manifests"], files, more].concat());
        assert_eq!(status, policy.0, "{answer}{said}{}{}", policy.1, policy.2);
        (policy, answer, said)
    };

    let ((status, answer, said), ..) = by(&["k8s/a.yaml"], &["--pin-out", "pins"]);
    assert_eq!((Some(0), ""), (status, &*said), "{answer}");
    assert_eq!(1, answer.lines().count(), "{answer}");
    let pins = std::fs::read_to_string(folder.0.join("pins")).unwrap();
    assert_eq!(server.name(&format!("@{signed}")), pins.trim_end());

    let ((status, answer, said), plain, plain_said) = by(&["k8s/a.yaml", "k8s/b.yaml"], &[]);
    assert_eq!((Some(1), 2), (status, answer.lines().count()), "{answer}");
    for (said, code) in [(said, "rule.no-signature"), (plain_said, "image.nothing")] {
        assert!(said.contains(&format!("code: {code}\n")), "{said}");
        assert!(said.contains("k8s/b.yaml:5"), "{said}");
    }
    assert!(plain.contains(": verified"), "{plain}");

    let (status, _, said) = run(
        &folder,
        &[
            "--policy",
            "policy.yaml",
            "--require-digest",
            "--from-manifests",
            "k8s/a.yaml",
        ],
    );
    assert_eq!(Some(2), status, "{said}");
}

#[test]
fn has_no_answer_where_manifests_name_nothing() {
    let (_server, folder, _) = cluster();
    folder.write("k8s/config.yaml", "kind: ConfigMap\ndata: {image: x}\n");
    folder.write("k8s/bad.yaml", "a: [\n");
    for (file, status, code) in [
        ("k8s/config.yaml", 3, "manifests.no-image"),
        ("k8s/bad.yaml", 3, "manifests.yaml"),
        ("k8s/missing.yaml", 3, "manifests.read"),
    ] {
        let (found, answer, said) = run(
            &folder,
            &["--policy", "policy.yaml", "--from-manifests", file],
        );

        assert_eq!((Some(status), ""), (found, &*answer), "{said}");
        assert!(said.contains(&format!("code: {code}\n")), "{said}");
    }
}

#[test]
fn reads_manifests_from_standard_input() {
    use std::io::Write as _;
    use std::process::Stdio;
    let (server, folder, _) = cluster();
    let arguments = [
        "image",
        "verify",
        "--policy",
        "policy.yaml",
        "--from-manifests",
        "-",
    ];
    let mut command = folder.command(&arguments);
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let pod = format!(
        "kind: Pod\nspec: {{containers: [{{image: '{}'}}]}}\n",
        server.name(":signed")
    );
    child
        .stdin
        .take()
        .unwrap()
        .write_all(pod.as_bytes())
        .unwrap();

    let output = child.wait_with_output().unwrap();

    assert_eq!(Some(0), output.status.code(), "{}", text(&output.stdout));
}

#[test]
fn shows_in_sarif_where_it_is_named() {
    let (server, folder, [_, unsigned]) = cluster();
    let files = ["--from-manifests", "k8s/a.yaml", "k8s/b.yaml"];
    let asked = [
        &["--policy", "policy.yaml"],
        &files[..],
        &["--format", "sarif"],
    ]
    .concat();

    let (status, answer, said) = run(&folder, &asked);

    assert_eq!((Some(1), ""), (status, &*said));
    let run_: Value = serde_json::from_str(&answer).unwrap();
    let run_ = &run_["runs"][0];
    assert_eq!(json!(true), run_["invocations"][0]["executionSuccessful"]);
    let [result] = run_["results"].as_array().unwrap().as_slice() else {
        panic!("{answer}");
    };
    assert_eq!(
        ("rule.no-signature", "error"),
        (
            result["ruleId"].as_str().unwrap(),
            result["level"].as_str().unwrap()
        )
    );
    let location = &result["locations"][0];
    assert_eq!(
        "k8s/b.yaml",
        location["physicalLocation"]["artifactLocation"]["uri"]
    );
    assert_eq!(5, location["physicalLocation"]["region"]["startLine"]);
    let name = server.name(&format!(":unsigned@{unsigned}"));
    assert_eq!(name, location["logicalLocations"][0]["fullyQualifiedName"]);
}

#[test]
fn shows_in_junit_a_case_for_each_image() {
    let (server, folder, _) = cluster();
    let gone = Server::with_list().name(":1");
    let names = [server.name(":signed"), server.name(":unsigned"), gone];
    let names: Vec<&str> = names.iter().map(String::as_str).collect();

    let (status, answer, said) = folder.verify(&[&names[..], &["--format", "junit"]].concat());

    assert_eq!((Some(1), ""), (status, &*said));
    for want in [
        "tests=\"3\" failures=\"1\" errors=\"1\"",
        "<failure type=\"image.nothing\"",
        "<error type=\"registry.unreachable\"",
        "<system-out>verified: signed by jane@example.org",
    ] {
        assert!(answer.contains(want), "{want}: {answer}");
    }
}

#[test]
fn has_documents_for_verifications_only() {
    let folder = Folder::new();
    for command in [
        &["whoami"][..],
        &["image", "copy", "a.b/c:1", "oci:x"],
        &["policy", "check", "x"],
        // The names would be in the midst of it.
        &["image", "verify", "a.b/c:1", "--key", "k", "--pin-out", "-"],
    ] {
        let output = folder.run(&[command, &["--format", "sarif"]].concat());

        assert_eq!(Some(2), output.status.code());
        assert_eq!("", text(&output.stdout));
    }
}
