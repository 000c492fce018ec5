//! Policies about images.

use serde_json::{Value, json};

use crate::server::{Asked, Server, response};
use crate::{Folder, INDEX, MANIFEST, descriptor, manifest, text};

/// Signed by Jane.
fn policy(folder: &Folder, server: &Server, more: &str) {
    let top = if more.starts_with(' ') { "" } else { more };
    let rule = if more.starts_with(' ') { more } else { "" };
    let host = server.host();
    let yaml = format!(
        "version: 1\n{top}instances: {{ours: {{file: instance/trusted_root.json}}}}\ntrust: ours\n\
         rules:\n- name: ours\n  match: ['{host}/**', 'example.org/**']\n  signed_by:\n  \
         - identity: {{issuer: 'http://localhost:7480', subject: jane@example.org}}\n{rule}"
    );
    folder.write("policy.yaml", &yaml);
}

fn run(folder: &Folder, arguments: &[&str]) -> (Option<i32>, String, String) {
    let output = folder.run(arguments);
    (
        output.status.code(),
        text(&output.stdout),
        text(&output.stderr),
    )
}

fn verify(folder: &Folder, arguments: &[&str]) -> (Option<i32>, String, String) {
    let first = ["image", "verify", "--policy", "policy.yaml"];
    run(folder, &[&first[..], arguments].concat())
}

#[test]
fn allows_what_is_signed_and_writes_its_digest() {
    for server in [Server::with_list(), Server::without_list()] {
        let folder = Folder::with_instance();
        policy(&folder, &server, "");
        let digest = server.put("1", MANIFEST, &manifest("a"));
        let name = server.name(":1");
        let (status, answer, said) = verify(&folder, &[&name]);
        assert_eq!(Some(1), status, "{answer}{said}");
        assert!(said.contains("code: rule.no-signature\n"), "{said}");
        assert!(said.contains("found nothing that is signed\n"), "{said}");

        folder.make(&["sign", &name]);

        let (status, answer, said) = verify(&folder, &[&name, "--pin-out", "pins"]);
        assert_eq!((Some(0), ""), (status, &*said), "{answer}");
        let want = format!("{name}@{digest}: allow: rule ours");
        assert!(answer.starts_with(&want), "{answer}");
        let pins = std::fs::read_to_string(folder.0.join("pins")).unwrap();
        assert_eq!(server.name(&format!("@{digest}")), pins.trim_end());
        let (status, answer, _) = verify(&folder, &[&name, "--format", "json"]);
        let answer: Value = serde_json::from_str(&answer).unwrap();
        let decision = &answer["verdict"]["decision"];
        assert_eq!((Some(0), &json!("allow")), (status, decision));
        assert_eq!(json!(digest), answer["verdict"]["digest"]);
    }
}

#[test]
fn denies_what_somebody_else_signed_and_tags_where_digests_are_wanted() {
    let (server, folder) = (Server::with_list(), Folder::with_instance());
    policy(&folder, &server, "digest: require\n");
    server.put("1", MANIFEST, &manifest("a"));
    let name = server.name(":1");
    let joe = [
        "--local",
        "--data",
        "instance",
        "--identity",
        "joe@example.org",
    ];
    let signed = folder.run(&[&["image", "sign", &name][..], &joe].concat());
    assert_eq!(Some(0), signed.status.code());

    let (status, answer, said) = verify(&folder, &[&name]);

    assert_eq!(Some(1), status, "{answer}{said}");
    for want in [
        "code: rule.digest\n",
        "code: rule.signer\n",
        "found one by joe@example.org",
    ] {
        assert!(said.contains(want), "{want}: {said}");
    }
}

#[test]
fn asks_for_every_platform_that_a_rule_is_about() {
    let (server, folder) = (Server::with_list(), Folder::with_instance());
    policy(&folder, &server, "  platforms: all\n");
    server.put_blob(b"{}");
    let (amd64, other) = (manifest("amd64"), manifest("other"));
    server.put("amd64", MANIFEST, &amd64);
    server.put("other", MANIFEST, &other);
    let mut member = descriptor(MANIFEST, &amd64);
    member["platform"] = json!({"os": "linux", "architecture": "amd64"});
    let members = [member, descriptor(MANIFEST, &other)];
    let index = json!({"schemaVersion": 2, "mediaType": INDEX, "manifests": members});
    server.put("1", INDEX, index.to_string().as_bytes());
    let name = server.name(":1");
    folder.make(&["sign", &name]);
    folder.make(&["sign", &name, "--platform", "linux/amd64"]);

    // What is listed for no platform may run all the same.
    let (status, answer, said) = verify(&folder, &[&name]);
    assert_eq!(Some(1), status, "{answer}{said}");
    let count = said.matches("signed_by of no platform\n").count();
    assert_eq!(1, count, "{said}");

    folder.make(&["sign", &name, "-r"]);
    let (status, answer, said) = verify(&folder, &[&name]);
    assert_eq!(Some(0), status, "{answer}{said}");

    // An image that is no index is the same for every platform.
    policy(
        &folder,
        &server,
        "  platforms: [linux/amd64, linux/s390x]\n",
    );
    let (status, answer, said) = verify(&folder, &[&server.name(":other")]);
    assert_eq!(Some(0), status, "{answer}{said}");
    let (status, _, said) = verify(&folder, &[&name]);
    assert_eq!(Some(1), status);
    assert!(said.contains("wanted a manifest for linux/s390x"), "{said}");
}

/// Trouble of a registry is no yes and no no.
#[test]
fn has_no_answer_from_a_registry_in_trouble() {
    let fault = |asked: &Asked| {
        let refuse = asked.path.contains("/referrers/");
        refuse.then(|| response(503, "text/plain", "later"))
    };
    let server = Server::with_fault(fault);
    let folder = Folder::with_instance();
    server.put("1", MANIFEST, &manifest("a"));
    for default in ["", "default: allow\n", "default: warn\n"] {
        policy(&folder, &server, default);

        let (status, answer, said) = verify(&folder, &[&server.name(":1")]);

        assert_eq!(Some(4), status, "{answer}{said}");
        assert!(answer.contains(": no-answer"), "{answer}");
        assert!(said.contains("code: rule.incomplete\n"), "{said}");
        assert!(said.contains("code: registry."), "{said}");
    }
}

/// A rule that does not look needs no registry.
#[test]
fn asks_nobody_for_what_is_skipped() {
    let server = Server::with_list();
    let folder = Folder::new();
    let policy = "version: 1\nrules: [{name: all, match: ['**'], skip: TICKET-1}]\n";
    folder.write("policy.yaml", policy);

    let (status, answer, said) = verify(&folder, &[&server.name(":1")]);

    assert_eq!(
        (Some(0), 0),
        (status, server.asked().len()),
        "{answer}{said}"
    );
    assert!(answer.contains("all skipped: TICKET-1"), "{answer}");
}

#[test]
fn explains_images_and_proposes_a_policy_for_one() {
    let (server, folder) = (Server::with_list(), Folder::with_instance());
    policy(&folder, &server, "");
    server.put("1", MANIFEST, &manifest("a"));
    let name = server.name(":1");
    folder.make(&["sign", &name]);
    folder.write("predicate", "{}");
    let custom = ["--type", "custom", "--predicate", "predicate"];
    folder.make(&[&["attest", &name][..], &custom].concat());

    let explain = ["policy", "explain", "--policy", "policy.yaml", "--image"];
    let (status, answer, said) = run(&folder, &[&explain[..], &[&name]].concat());
    assert_eq!((Some(0), ""), (status, &*said), "{answer}");
    for want in [
        "    passed: signed_by: wanted a signature by identity jane@example.org",
        ": signature by jane@example.org",
    ] {
        assert!(answer.contains(want), "{want}: {answer}");
    }

    let root = ["--trusted-root", "instance/trusted_root.json"];
    let from = ["policy", "from", "--image"];
    let (status, proposed, said) = run(&folder, &[&from[..], &[&name], &root].concat());
    assert_eq!((Some(0), ""), (status, &*said), "{proposed}");
    folder.write("policy.yaml", &proposed);
    let (status, answer, said) = verify(&folder, &[&name]);
    assert_eq!((Some(0), ""), (status, &*said), "{proposed}{answer}");
    server.put("2", MANIFEST, &manifest("b"));
    let other = server.name(":2");
    let (status, _, said) = run(&folder, &[&from[..], &[&other], &root].concat());
    assert_eq!(Some(1), status);
    assert!(said.contains("code: image.nothing\n"), "{said}");
}

/// A folder has no name that rules match; the user says which image it is.
#[test]
fn knows_images_in_folders_by_the_name_that_is_given() {
    let (server, folder) = (Server::with_list(), Folder::with_instance());
    policy(&folder, &server, "");
    server.put_blob(b"{}");
    server.put("1", MANIFEST, &manifest("a"));
    folder.make(&["sign", &server.name(":1")]);
    let copied = folder.run(&["image", "copy", &server.name(":1"), "oci:layout:1"]);
    assert_eq!(Some(0), copied.status.code(), "{}", text(&copied.stderr));

    let (status, _, said) = verify(&folder, &["oci:layout:1"]);
    assert_eq!(Some(2), status, "{said}");
    assert!(said.contains("say with --as REGISTRY/REPOSITORY"), "{said}");
    let known_as = |name| verify(&folder, &["oci:layout:1", "--as", name]);
    let (status, answer, said) = known_as("example.org/app");
    assert_eq!(Some(0), status, "{answer}{said}");
    let (status, _, said) = known_as("example.net/app");
    assert_eq!(Some(1), status);
    assert!(said.contains("code: rule.default\n"), "{said}");
    let (status, _, said) = known_as("Example.org/app");
    assert_eq!(Some(2), status, "{said}");
}
