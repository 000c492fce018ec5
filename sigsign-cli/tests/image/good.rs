//! What goes well, and refusals that say why.

use serde_json::{Value, json};

use crate::server::Server;
use crate::{Folder, INDEX, MANIFEST, descriptor, digest, exists, manifest};

fn servers() -> [Server; 2] {
    [Server::with_list(), Server::without_list()]
}

#[test]
fn accepts_what_was_signed_with_a_list_and_without() {
    for server in servers() {
        let folder = Folder::new();
        let digest = server.put("1", MANIFEST, &manifest("a"));
        let by_tag = server.name(":1");

        let made = folder.make(&["sign", &by_tag, "-a", "commit=8f3c"]);

        let pinned = server.name(&format!("@{digest}"));
        assert!(
            made.contains(&format!("{by_tag}@{digest}: signed by jane@example.org")),
            "{made}"
        );
        assert!(
            made.contains(&format!("sigsign image verify {pinned} --local")),
            "{made}"
        );
        for name in [&by_tag, &pinned] {
            let answer = folder.verified(&[name, "-a", "commit=8f3c"]);
            assert!(
                answer.contains(&format!("@{digest}: verified: signed by jane")),
                "{answer}"
            );
        }
        folder.refused(&[&pinned, "-a", "commit=0"], 1, "attachment.annotation");
        folder.refused(&[&pinned, "--type", "slsa"], 1, "image.nothing");
        let tag = digest.replace(':', "-");
        assert_eq!(
            server.tags().contains(&tag),
            !made.contains("listed by the registry")
        );
    }
}

#[test]
fn accepts_an_attestation_and_says_what_else_there_is() {
    let (server, folder) = (Server::with_list(), Folder::new());
    server.put("1", MANIFEST, &manifest("a"));
    folder.write("sbom", r#"{"spdxVersion":"SPDX-2.3"}"#);
    let name = server.name(":1");

    folder.make(&["attest", &name, "--type", "spdx", "--predicate", "sbom"]);

    folder.verified(&[&name, "--type", "spdx"]);
    let said = folder.refused(&[&name, "--type", "cyclonedx"], 1, "image.nothing");
    assert!(
        said.contains("there is no attestation of type cyclonedx; found, not verified: 1 attestation of type spdx"),
        "{said}"
    );
    let said = folder.refused(&[&name], 1, "image.nothing");
    assert!(said.contains("there is no signature; found"), "{said}");
}

/// An index of two platforms, and a record of the build.
fn index(server: &Server) -> String {
    let mut members = Vec::new();
    for (tag, os, architecture) in [("amd64", "linux", "amd64"), ("arm64", "linux", "arm64")] {
        let bytes = manifest(tag);
        server.put(tag, MANIFEST, &bytes);
        let mut member = descriptor(MANIFEST, &bytes);
        member["platform"] = json!({"os": os, "architecture": architecture});
        members.push(member);
    }
    let bytes = manifest("record");
    server.put("record", MANIFEST, &bytes);
    let mut record = descriptor(MANIFEST, &bytes);
    record["platform"] = json!({"os": "unknown", "architecture": "unknown"});
    record["annotations"] = json!({"vnd.docker.reference.type": "attestation-manifest"});
    members.push(record);
    let index = json!({"schemaVersion": 2, "mediaType": INDEX, "manifests": members});
    server.put("1", INDEX, index.to_string().as_bytes())
}

#[test]
fn accepts_platforms_that_were_signed() {
    let (server, folder) = (Server::with_list(), Folder::new());
    index(&server);
    server.put_blob(b"{}");
    let name = server.name(":1");

    folder.make(&["sign", &name]);
    folder.verified(&[&name]);
    folder.refused(&[&name, "--platform", "linux/arm64"], 1, "image.nothing");
    let (status, answer, _) = folder.verify(&[&name, "--platform", "all"]);
    assert_eq!(
        (Some(1), 2),
        (status, answer.matches(": not verified").count())
    );
    folder.make(&["sign", "-r", &name]);

    folder.verified(&[&name, "--platform", "linux/arm64"]);
    let answer = folder.verified(&[&name, "--platform", "all", "--pin-out", "pins"]);
    assert_eq!(3, answer.matches(": verified").count(), "{answer}");
    let record = digest(&manifest("record"));
    let named =
        format!("{name}@{record}: not looked at: a record of the build, which nobody signs");
    assert!(answer.contains(&named), "{answer}");
    let pins = std::fs::read_to_string(folder.0.join("pins")).unwrap();
    assert_eq!(
        3,
        pins.lines()
            .filter(|it| it.contains("/app@sha256:"))
            .count(),
        "{pins}"
    );
    assert!(!pins.contains(&record), "{pins}");
    let said = folder.refused(&[&name, "--platform", "linux/s390x"], 3, "image.platform");
    assert!(said.contains("found linux/amd64, linux/arm64"), "{said}");
}

#[test]
fn accepts_copies_with_their_signatures() {
    let (from, to, folder) = (Server::with_list(), Server::without_list(), Folder::new());
    let digest = index(&from);
    from.put_blob(b"{}");
    folder.make(&["sign", "-r", &from.name(":1")]);
    // Another layout for signatures that comes along.
    let legacy = format!("{}.sig", digest.replace(':', "-"));
    from.put(&legacy, MANIFEST, &manifest("legacy"));

    let steps = [
        (from.name(":1"), "oci:here:x".to_owned()),
        ("oci:here:x".to_owned(), to.name(":2")),
        (to.name(":2"), "oci:there".to_owned()),
    ];
    for (source, target) in &steps {
        let copied = folder.run(&["image", "copy", source, target]);
        assert_eq!(
            Some(0),
            copied.status.code(),
            "{}",
            crate::text(&copied.stderr)
        );
        let again = folder.run(&["image", "copy", source, target, "--format", "json"]);
        let again: Value = serde_json::from_slice(&again.stdout).unwrap();
        assert_eq!(
            (json!(0), json!(digest)),
            (again["blobs"].clone(), again["digest"].clone())
        );
    }

    for name in ["oci:here:x", &to.name(":2"), &format!("oci:there@{digest}")] {
        let answer = folder.verified(&[name, "--platform", "all"]);
        assert_eq!(3, answer.matches(": verified").count(), "{answer}");
    }
    assert!(to.tags().contains(&legacy));
    let offline = folder.verified(&["oci:here:x", "--offline"]);
    assert!(offline.contains(&digest), "{offline}");
    folder.make(&["sign", "oci:here:x", "-a", "n=2"]);
    folder.verified(&["oci:here:x", "-a", "n=2", "--offline"]);
}

#[test]
fn rejects_signers_who_are_somebody_else() {
    let (server, folder) = (Server::with_list(), Folder::new());
    server.put("1", MANIFEST, &manifest("a"));
    let name = server.name(":1");
    let other = [
        "--local",
        "--data",
        "instance",
        "--identity",
        "joe@example.org",
    ];
    for _ in 0..2 {
        let output = folder.run(&[&["image", "sign", &name], &other[..]].concat());
        assert_eq!(Some(0), output.status.code());
    }

    let said = folder.refused(&[&name], 1, "image.none-verified");

    assert_eq!(
        2,
        said.matches("code: identity.subject\n").count(),
        "{said}"
    );
    folder.make(&["sign", &name]);
    folder.verified(&[&name]);
}

#[test]
fn rejects_an_image_that_nobody_signed() {
    let (server, folder) = (Server::with_list(), Folder::with_instance());
    server.put("1", MANIFEST, &manifest("a"));
    let name = server.name(":1");

    let said = folder.refused(&[&name, "--pin-out", "pins"], 1, "image.nothing");

    assert!(
        said.contains("there is no signature, nor anything else that is signed"),
        "{said}"
    );
    assert!(!exists(folder.0.join("pins")));
}

#[test]
fn answers_in_json() {
    let (server, folder) = (Server::with_list(), Folder::new());
    let digest = server.put("1", MANIFEST, &manifest("a"));
    let name = server.name(":1");

    let made = folder.make(&["sign", &name, "--format", "json"]);
    let answer = folder.verified(&[&name, "--format", "json"]);

    let made: Value = serde_json::from_str(&made).unwrap();
    let answer: Value = serde_json::from_str(&answer).unwrap();
    for json in [&made, &answer] {
        assert_eq!((&json!(1), &json!(name)), (&json["schema"], &json["image"]));
        assert_eq!(json!(digest), json["digest"]);
        assert_eq!(json!("jane@example.org"), json["subject"]);
    }
    let place = format!("referrer {}", made["referrer"].as_str().unwrap());
    assert_eq!(json!(place), answer["attachment"]);
    assert_eq!(
        json!("https://sigstore.dev/cosign/sign/v1"),
        answer["predicateType"]
    );
    assert_eq!(json!(true), answer["verified"]);
    assert!(answer["report"].is_object());
    let refused = folder
        .verify(&[&name, "--type", "spdx", "--format", "json"])
        .1;
    let refused: Value = serde_json::from_str(&refused).unwrap();
    assert_eq!(
        (&json!("image.nothing"), &json!(true)),
        (&refused["code"], &refused["answered"])
    );
}
