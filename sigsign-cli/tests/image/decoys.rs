//! What anybody who may write to a registry can put beside an image, and into a folder.
#![expect(
    clippy::disallowed_methods,
    reason = "folders are changed behind the command's back"
)]

use std::fs;
use std::sync::Mutex;

use serde_json::{Value, json};

use crate::server::{Server, response};
use crate::{Folder, INDEX, MANIFEST, descriptor, digest, manifest, text};

const BUNDLE: &str = "application/vnd.dev.sigstore.bundle.v0.3+json";

/// Two images, of which Jane signed the first one: their digests.
fn images(server: &Server, folder: &Folder) -> [String; 2] {
    let digests = ["signed", "other"].map(|tag| server.put(tag, MANIFEST, &manifest(tag)));
    folder.make(&["sign", &server.name(":signed")]);
    digests
}

/// The manifest that carries the signature.
fn signature(server: &Server, image: &str) -> Value {
    let mut referrers = server.referrers(image);
    assert_eq!(1, referrers.len());
    referrers.remove(0)
}

// A41
#[test]
fn rejects_a_signature_of_another_image() {
    for server in [Server::with_list(), Server::without_list()] {
        let folder = Folder::new();
        let [signed, other] = images(&server, &folder);
        let mut decoy = signature(&server, &signed);
        decoy["subject"] = descriptor(MANIFEST, &manifest("other"));
        list(&server, &other, &decoy);

        let said = folder.refused(&[&server.name(":other")], 1, "artifact.not-a-subject");

        assert!(
            said.contains(&other) && said.contains("referrer sha256:"),
            "{said}"
        );
        folder.verified(&[&server.name(":signed")]);
    }
}

/// Puts a manifest there, and where nobody else keeps the list of referrers, into that.
fn list(server: &Server, image: &str, referrer: &Value) -> String {
    let bytes = referrer.to_string().into_bytes();
    let name = server.put("x", MANIFEST, &bytes);
    let index = json!({"schemaVersion": 2, "mediaType": INDEX, "manifests": [descriptor(MANIFEST, &bytes)]});
    server.put(
        &image.replace(':', "-"),
        INDEX,
        index.to_string().as_bytes(),
    );
    name
}

// A41
#[test]
fn rejects_a_referrer_of_another_image() {
    let (server, folder) = (Server::without_list(), Folder::new());
    let [signed, other] = images(&server, &folder);
    let decoy = signature(&server, &signed);
    list(&server, &other, &decoy);

    let said = folder.refused(&[&server.name(":other")], 1, "attachment.subject");
    let want = format!("wanted a manifest about {other}, found one about {signed}");
    assert!(said.contains(&want), "{said}");

    // And one about nothing.
    let mut decoy = decoy;
    decoy.as_object_mut().unwrap().remove("subject");
    list(&server, &other, &decoy);
    let said = folder.refused(&[&server.name(":other")], 1, "attachment.subject");
    assert!(said.contains("found one about nothing"), "{said}");
}

#[test]
fn rejects_what_only_looks_like_a_signature() {
    let (server, folder) = (Server::without_list(), Folder::new());
    let [signed, other] = images(&server, &folder);
    let good = signature(&server, &signed);
    let about = |manifest: &mut Value| {
        manifest["subject"] = descriptor(MANIFEST, &crate::manifest("other"));
    };
    let blob = |bytes: &[u8]| {
        server.put_blob(bytes);
        descriptor(BUNDLE, bytes)
    };
    let old = include_bytes!("../../../testdata/crafted/promise-only-01/bundle.sigstore.json");
    let cases: [(&str, Value); 7] = [
        ("attachment.version", json!([blob(old)])),
        (
            "attachment.layers",
            json!([good["layers"][0], good["layers"][0]]),
        ),
        ("attachment.layers", json!([])),
        ("bundle.json", json!([blob(b"{")])),
        ("bundle.shape", json!([blob(b"[]")])),
        ("bundle.json", json!([blob(br#"{"a":1,"a":2}"#)])),
        (
            "registry.not-found",
            json!([descriptor(BUNDLE, b"nowhere")]),
        ),
    ];
    for (code, layers) in cases {
        let mut decoy = good.clone();
        about(&mut decoy);
        decoy["layers"] = layers;
        list(&server, &other, &decoy);

        // What cannot be had may be what decides; what nobody can read is not.
        let status = if code == "registry.not-found" { 3 } else { 1 };
        folder.refused(&[&server.name(":other")], status, code);
    }
    let mut large = good.clone();
    about(&mut large);
    large["layers"][0]["size"] = json!(1_u64 << 40);
    list(&server, &other, &large);
    folder.refused(&[&server.name(":other")], 3, "registry.too-large");
    // An artifact that is something else altogether.
    let mut artifact = good;
    about(&mut artifact);
    artifact["artifactType"] = json!("a/b");
    artifact["layers"][0]["mediaType"] = json!("a/b");
    list(&server, &other, &artifact);
    folder.refused(&[&server.name(":other")], 1, "image.nothing");
}

// A8: behind so much junk nobody looks, and what was not looked at is no no
#[test]
fn has_no_answer_behind_too_many_referrers() {
    let (server, folder) = (Server::with_list(), Folder::new());
    let [signed, other] = images(&server, &folder);
    let mut junk = signature(&server, &signed);
    junk["subject"] = descriptor(MANIFEST, &manifest("other"));
    for number in 0..300 {
        junk["annotations"] = json!({"number": number.to_string()});
        server.put("x", MANIFEST, junk.to_string().as_bytes());
    }
    assert_eq!(300, server.referrers(&other).len());

    let said = folder.refused(&[&server.name(":other")], 3, "registry.pages");

    assert!(said.contains("wanted a list of at most 256"), "{said}");
    let asked = server.asked().len();
    assert!(asked < 1000, "{asked}");
}

#[test]
fn rejects_manifests_that_two_readers_read_differently() {
    let config = descriptor("a/b", b"{}").to_string();
    let whole =
        |inside: &str| format!(r#"{{"schemaVersion":2,"config":{config},"layers":[]{inside}}}"#);
    let member = |digest: &str| {
        format!(
            r#"{{"schemaVersion":2,"manifests":[{{"mediaType":"a/b","digest":"{digest}","size":1}}]}}"#
        )
    };
    let good = digest(b"x");
    let cases = [
        (MANIFEST, format!("\u{feff}{}", whole("")), "manifest.json"),
        (MANIFEST, whole(r#","layers":[]"#), "manifest.json"),
        (MANIFEST, whole(r#","\u006cayers":[]"#), "manifest.json"),
        (MANIFEST, format!("{} {{}}", whole("")), "manifest.json"),
        (
            MANIFEST,
            whole(&format!(r#","x":{}{}"#, "[".repeat(500), "]".repeat(500))),
            "manifest.json",
        ),
        (MANIFEST, whole(r#","manifests":[]"#), "manifest.ambiguous"),
        (INDEX, whole(""), "manifest.ambiguous"),
        (
            MANIFEST,
            whole(&format!(r#","mediaType":"{INDEX}""#)),
            "manifest.media-type",
        ),
        (
            MANIFEST,
            whole("").replace(":2,", ":1,"),
            "manifest.version",
        ),
        (MANIFEST, "{}".to_owned(), "manifest.version"),
        (
            MANIFEST,
            r#"{"schemaVersion":2,"layers":[]}"#.to_owned(),
            "manifest.incomplete",
        ),
        (
            INDEX,
            r#"{"schemaVersion":2}"#.to_owned(),
            "manifest.incomplete",
        ),
        (
            INDEX,
            member("sha256:../../../etc/passwd"),
            "manifest.digest",
        ),
        (INDEX, member("../x"), "manifest.digest"),
        (
            INDEX,
            member("md5:d41d8cd98f00b204e9800998ecf8427e"),
            "manifest.digest",
        ),
        (INDEX, member(&good.to_uppercase()), "manifest.digest"),
        (
            INDEX,
            member(&good.replace("sha256", "SHA256")),
            "manifest.digest",
        ),
        (
            INDEX,
            member(&good).replace("\"size\":1", "\"size\":-1"),
            "manifest.shape",
        ),
        (
            INDEX,
            member(&good).replace("\"size\":1", "\"size\":1e99"),
            "manifest.shape",
        ),
    ];
    let folder = Folder::with_instance();
    for (media_type, body, code) in cases {
        let server = Server::with_list();
        server.put("1", media_type, body.as_bytes());

        folder.refused(&[&server.name(":1")], 3, code);
        let copied = folder.run(&["image", "copy", &server.name(":1"), "oci:copy:1"]);
        assert_eq!(Some(3), copied.status.code(), "{body}");
    }
}

// A36
#[test]
fn asks_once_what_a_tag_leads_to() {
    let seen = Mutex::new(0);
    let server = Server::with_fault(move |asked| {
        if asked.method != "GET" || !asked.path.ends_with("/manifests/1") {
            return None;
        }
        let mut seen = seen.lock().unwrap();
        *seen += 1;
        // The first to ask each time sees what is signed, everybody after that something else.
        let tag = if *seen <= 2 { "signed" } else { "other" };
        Some(response(200, MANIFEST, manifest(tag)))
    });
    let folder = Folder::new();
    let [signed, _] = images(&server, &folder);
    let name = server.name(":1");

    let made = folder.make(&["sign", &name]);
    let answer = folder.verified(&[&name, "--pin-out", "pins"]);

    assert!(
        made.contains(&signed) && answer.contains(&signed),
        "{made}{answer}"
    );
    let pins = fs::read_to_string(folder.0.join("pins")).unwrap();
    assert_eq!(server.name(&format!("@{signed}")), pins.trim_end());
    let by_tag = server.asked();
    let by_tag = by_tag.iter().filter(|it| it.path.ends_with("/manifests/1"));
    assert_eq!(2, by_tag.count());
}

/// An index in an index, so many times.
fn nested(server: &Server, levels: usize) {
    let mut inner = manifest("inner");
    server.put("x", MANIFEST, &inner);
    let mut media_type = MANIFEST;
    for _ in 0..levels {
        let member = descriptor(media_type, &inner);
        let index = json!({"schemaVersion": 2, "mediaType": INDEX, "manifests": [member]});
        inner = index.to_string().into_bytes();
        media_type = INDEX;
        server.put("1", INDEX, &inner);
    }
    server.put_blob(b"{}");
}

#[test]
fn copies_all_of_an_image_or_nothing() {
    let folder = Folder::with_instance();
    for (levels, status) in [(3, 0), (8, 0), (9, 3), (40, 3)] {
        let server = Server::with_list();
        nested(&server, levels);
        let to = format!("oci:copy{levels}:1");

        let copied = folder.run(&["image", "copy", &server.name(":1"), &to]);

        let said = text(&copied.stderr);
        assert_eq!(Some(status), copied.status.code(), "{levels}: {said}");
        if status != 0 {
            assert!(said.contains("code: registry.depth\n"), "{said}");
            folder.refused(&[&to], 3, "registry.not-found");
        }
    }
}

/// Somebody signs an SBOM that is beside the image.
#[test]
fn copies_what_refers_to_what_refers_to_an_image() {
    let (server, folder) = (Server::with_list(), Folder::new());
    let image = server.put("1", MANIFEST, &manifest("a"));
    server.put_blob(b"{}");
    let mut artifact: Value = serde_json::from_slice(&manifest("sbom")).unwrap();
    artifact["subject"] = descriptor(MANIFEST, &manifest("a"));
    artifact["artifactType"] = json!("text/spdx");
    let sbom = server.put("sbom", MANIFEST, artifact.to_string().as_bytes());
    folder.make(&["sign", &server.name(":sbom")]);
    // And what the list has that is about something else stays where it is.
    let stray = server.put("stray", MANIFEST, &manifest("stray"));

    let copied = folder.run(&["image", "copy", &server.name(":1"), "oci:copy:1"]);

    assert_eq!(Some(0), copied.status.code(), "{}", text(&copied.stderr));
    folder.verified(&[&format!("oci:copy@{sbom}"), "--offline"]);
    assert!(text(&copied.stdout).contains("2 of them signatures, attestations and the like"));
    folder.refused(
        &[&format!("oci:copy@{stray}"), "--offline"],
        3,
        "registry.not-found",
    );
    folder.refused(
        &[&format!("oci:copy@{image}"), "--offline"],
        1,
        "image.nothing",
    );
}

#[test]
fn copies_no_decoy_along() {
    let (server, folder) = (Server::without_list(), Folder::new());
    let [signed, other] = images(&server, &folder);
    server.put_blob(b"{}");
    let decoy = list(&server, &other, &signature(&server, &signed));

    let copied = folder.run(&["image", "copy", &server.name(":other"), "oci:copy:1"]);

    assert_eq!(Some(0), copied.status.code(), "{}", text(&copied.stderr));
    folder.refused(
        &[&format!("oci:copy@{decoy}"), "--offline"],
        3,
        "registry.not-found",
    );
}

#[test]
fn rejects_names_that_lead_elsewhere() {
    let folder = Folder::with_instance();
    for name in [
        "e.org/../../v2/_catalog:1",
        "e.org/a/../b:1",
        "e.org/./a:1",
        "e.org//a:1",
        "e.org/a%2f..%2fb:1",
        "e.org/a?b:1",
        "e.org/a#b:1",
        "e.org/a:1/../../x",
        "e.org/A:1",
        "e.org@evil.test/a:1",
        "e.org:80:90/a:1",
        "user:secret@e.org/a:1",
        "https://e.org/a:1",
        "e.org/a\n:1",
        "e.org/a@sha256:../../x",
        "e.org/a@sha256:ABCDEF",
    ] {
        let (status, answer, said) = folder.verify(&[name]);

        assert_eq!((Some(2), ""), (status, &*answer), "{name}: {said}");
        assert!(said.starts_with("sigsign: error: "), "{name}: {said}");
    }
}

/// A folder with a signed image, of which something is changed then.
fn layout() -> (Folder, String) {
    let (server, folder) = (Server::with_list(), Folder::new());
    let digest = server.put("1", MANIFEST, &manifest("a"));
    server.put_blob(b"{}");
    folder.make(&["sign", &server.name(":1")]);
    let copied = folder.run(&["image", "copy", &server.name(":1"), "oci:dir:1"]);
    assert_eq!(Some(0), copied.status.code(), "{}", text(&copied.stderr));
    folder.verified(&["oci:dir:1", "--offline"]);
    (folder, digest)
}

fn blob(folder: &Folder, digest: &str) -> std::path::PathBuf {
    folder.0.join("dir/blobs").join(digest.replace(':', "/"))
}

#[cfg(unix)]
#[test]
fn rejects_a_folder_that_is_not_what_it_says() {
    use std::os::unix::fs::symlink;
    let (folder, digest) = layout();
    let index = folder.0.join("dir/index.json");
    let whole = fs::read_to_string(&index).unwrap();
    for (changed, code) in [
        (
            whole.replace(&digest, "sha256:../../../../../etc/passwd"),
            "registry.store",
        ),
        (whole.replace(&digest, "../x"), "registry.store"),
        (format!("\u{feff}{whole}"), "registry.store"),
        (
            whole.replacen('{', r#"{"manifests":[],"#, 1),
            "registry.store",
        ),
        ("{".to_owned(), "registry.store"),
        (" ".repeat(5 << 20), "registry.too-large"),
    ] {
        fs::write(&index, changed).unwrap();
        folder.refused(&["oci:dir:1", "--offline"], 3, code);
    }
    fs::write(&index, &whole).unwrap();
    let image = blob(&folder, &digest);
    let bytes = fs::read(&image).unwrap();
    // Somebody else's file, by the name of the image: what is read of it is hashed, and not shown.
    folder.write("secret", "a secret of more than nothing");
    fs::remove_file(&image).unwrap();
    symlink(folder.0.join("secret"), &image).unwrap();
    let said = folder.refused(&["oci:dir:1", "--offline"], 3, "registry.digest-mismatch");
    assert!(!said.contains("a secret"), "{said}");
    fs::remove_file(&image).unwrap();
    fs::create_dir(&image).unwrap();
    folder.refused(&["oci:dir:1", "--offline"], 3, "registry.store");
    fs::remove_dir(&image).unwrap();
    folder.refused(&["oci:dir:1", "--offline"], 3, "registry.not-found");
    fs::write(&image, bytes).unwrap();
    folder.verified(&["oci:dir:1", "--offline"]);
}

/// Blobs of the right length that are something else are not taken for what is copied.
#[test]
fn copies_over_what_only_has_the_right_length() {
    let (server, folder) = (Server::with_list(), Folder::with_instance());
    server.put("1", MANIFEST, &manifest("a"));
    server.put_blob(b"{}");
    let config = blob(&folder, &digest(b"{}"));
    for _ in 0..2 {
        let copied = folder.run(&["image", "copy", &server.name(":1"), "oci:dir:1"]);
        assert_eq!(Some(0), copied.status.code(), "{}", text(&copied.stderr));
        assert_eq!("{}", fs::read_to_string(&config).unwrap());
        fs::write(&config, "xx").unwrap();
    }
}

/// Nothing outside of the folder is written to, wherever links in it lead.
#[cfg(unix)]
#[test]
fn replaces_links_and_not_what_they_lead_to() {
    use std::os::unix::fs::symlink;
    let (folder, _) = layout();
    folder.write("precious", "precious");
    let index = folder.0.join("dir/index.json");
    fs::copy(&index, folder.0.join("kept.json")).unwrap();
    fs::remove_file(&index).unwrap();
    symlink(folder.0.join("kept.json"), &index).unwrap();
    let before = fs::read(folder.0.join("kept.json")).unwrap();

    folder.make(&["sign", "oci:dir:1", "-a", "n=2"]);

    assert_eq!(before, fs::read(folder.0.join("kept.json")).unwrap());
    folder.verified(&["oci:dir:1", "-a", "n=2", "--offline"]);
}

#[cfg(unix)]
#[test]
fn writes_nothing_where_a_link_leads() {
    use std::os::unix::fs::symlink;
    let (folder, _) = layout();
    let (blobs, elsewhere) = (folder.0.join("dir/blobs"), folder.0.join("elsewhere"));
    fs::rename(&blobs, &elsewhere).unwrap();
    symlink(&elsewhere, &blobs).unwrap();
    let count = || fs::read_dir(elsewhere.join("sha256")).unwrap().count();
    let before = count();

    let arguments = [
        "image",
        "sign",
        "oci:dir:1",
        "--identity",
        "jane@example.org",
    ];
    let signed = folder.run(&[&arguments[..], &["--local", "--data", "instance"]].concat());

    let said = text(&signed.stderr);
    assert_eq!(Some(3), signed.status.code(), "{said}");
    assert!(said.contains("code: registry.store\n"), "{said}");
    assert!(said.contains("is a symbolic link"), "{said}");
    assert_eq!(before, count());
    // What is read is hashed, wherever it comes from.
    folder.verified(&["oci:dir:1", "--offline"]);
}
