//! Registries that cannot be trusted or reached. None of them makes a "no", and none a "yes".

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use serde_json::json;

use crate::server::{Asked, Server, redirect, response};
use crate::{Folder, INDEX, MANIFEST, descriptor, digest, manifest};

/// A fault at the image itself.
fn at_image(fault: impl Fn() -> Response + Send + Sync + 'static) -> Server {
    Server::with_fault(move |asked| asked.path.ends_with("/manifests/1").then(&fault))
}

/// A fault at the list of referrers of an image that is there.
fn at_list(fault: impl Fn(&Asked) -> Response + Send + Sync + 'static) -> Server {
    let server = Server::with_fault(move |asked| {
        let listed = asked.path.contains("/referrers/");
        listed.then(|| fault(asked))
    });
    server.put("1", MANIFEST, &manifest("a"));
    server
}

fn refused(server: &Server, status: i32, code: &str) -> String {
    let folder = Folder::with_instance();
    let said = folder.refused(&[&server.name(":1")], status, code);
    let answer = folder.verify(&[&server.name(":1")]).1;
    assert!(answer.contains(": no answer"), "{answer}");
    said
}

#[test]
fn rejects_a_registry_that_is_down() {
    let gone = Server::with_list().name(":1");

    let said = Folder::with_instance().refused(&[&gone], 4, "registry.unreachable");

    assert!(said.contains("--plain-http"), "{said}");
}

#[test]
fn rejects_a_registry_that_wants_patience() {
    let server =
        at_image(|| (StatusCode::TOO_MANY_REQUESTS, [("retry-after", "60")]).into_response());

    let said = refused(&server, 4, "registry.rate-limited");

    assert!(said.contains("wants 60 s of patience"), "{said}");
}

#[test]
fn rejects_a_registry_that_wants_to_know_who_asks() {
    let server = at_image(|| {
        let challenge = [("www-authenticate", "Basic realm=x")];
        (StatusCode::UNAUTHORIZED, challenge).into_response()
    });

    let said = refused(&server, 4, "registry.unauthorized");

    assert!(said.contains("docker login"), "{said}");
}

#[test]
fn rejects_a_registry_that_says_no() {
    let body = r#"{"errors":[{"code":"DENIED","message":"not\u001byou"}]}"#;
    let server = at_image(move || response(403, "application/json", body));

    let said = refused(&server, 4, "registry.forbidden");

    assert!(said.contains("DENIED: not\\u{1b}you"), "{said}");
}

#[test]
fn rejects_a_registry_in_trouble() {
    refused(
        &at_image(|| response(500, "text/plain", "")),
        4,
        "registry.status",
    );
    refused(
        &at_list(|_| response(503, "text/plain", "")),
        4,
        "registry.status",
    );
    refused(
        &at_list(|_| response(403, "text/plain", "")),
        4,
        "registry.forbidden",
    );
}

#[test]
fn rejects_other_bytes_than_the_digest_names() {
    let wanted = digest(&manifest("a"));
    let name = format!("@{wanted}");
    let server = Server::with_fault(|asked| {
        asked
            .path
            .contains("/manifests/")
            .then(|| response(200, MANIFEST, manifest("b")))
    });

    let folder = Folder::with_instance();
    let said = folder.refused(&[&server.name(&name)], 3, "registry.digest-mismatch");

    assert!(said.contains(&digest(&manifest("b"))), "{said}");
}

#[test]
fn rejects_a_lie_about_what_a_tag_leads_to() {
    let lie = digest(b"other");
    let server = at_image(move || {
        let headers = [("content-type", MANIFEST), ("docker-content-digest", &*lie)];
        (headers, manifest("a")).into_response()
    });

    refused(&server, 3, "registry.digest-mismatch");
}

#[test]
fn rejects_a_bundle_that_was_exchanged() {
    let (server, folder) = (Server::with_list(), Folder::new());
    server.put("1", MANIFEST, &manifest("a"));
    folder.make(&["sign", &server.name(":1")]);
    for (change, code) in [
        (b'x', "registry.digest-mismatch"),
        (b'\n', "registry.size-mismatch"),
    ] {
        server.change_blobs(|blob| {
            let mut bytes = blob.to_vec();
            if change == b'x' {
                bytes[0] = change;
            } else {
                bytes.push(change);
            }
            bytes
        });

        folder.refused(&[&server.name(":1")], 3, code);
    }
}

#[test]
fn rejects_a_huge_manifest() {
    let server = at_image(|| response(200, MANIFEST, vec![b' '; 5 << 20]));

    refused(&server, 3, "registry.too-large");
}

#[test]
fn rejects_what_is_no_manifest() {
    refused(
        &at_image(|| response(200, "text/html", "<html>")),
        3,
        "registry.content-type",
    );
    refused(
        &at_image(|| response(200, MANIFEST, "{")),
        3,
        "manifest.json",
    );
    refused(
        &at_image(|| response(404, "text/html", "")),
        3,
        "registry.not-found",
    );
    let index = json!({"schemaVersion": 2, "manifests": [{"mediaType": "x", "digest": "sha256:0", "size": 1}]});
    let index = index.to_string();
    refused(
        &at_list(move |_| response(200, INDEX, index.clone())),
        3,
        "manifest.digest",
    );
}

// A27 O21
#[test]
fn sends_no_credentials_along_with_a_redirect() {
    let other = Server::with_list();
    other.put("1", MANIFEST, &manifest("a"));
    let to = format!("http://{}/v2/app/manifests/1", other.host());
    let server = Server::with_fault(move |asked| {
        if asked.authorization.is_none() {
            let challenge = [("www-authenticate", "Basic realm=x")];
            return Some((StatusCode::UNAUTHORIZED, challenge).into_response());
        }
        asked
            .path
            .ends_with("/manifests/1")
            .then(|| redirect(to.clone()))
    });
    let folder = Folder::with_instance();
    // "user:secret"
    let auth = json!({"auths": {server.host(): {"auth": "dXNlcjpzZWNyZXQ="}}});
    folder.write(".docker/config.json", &auth.to_string());

    folder.refused(&[&server.name(":1")], 1, "image.nothing");

    assert!(server.asked().iter().any(|it| it.authorization.is_some()));
    assert_eq!(1, other.asked().len());
    assert_eq!(None, other.asked()[0].authorization);
}

#[test]
fn rejects_a_circle_of_redirects() {
    refused(
        &at_image(|| redirect("/v2/app/manifests/1".to_owned())),
        4,
        "registry.redirect",
    );
    refused(
        &at_image(|| redirect("ftp://127.0.0.1/".to_owned())),
        4,
        "registry.redirect",
    );
}

fn page(next: &str) -> Response {
    let member = descriptor(MANIFEST, b"x");
    let index = json!({"schemaVersion": 2, "manifests": [member]}).to_string();
    let link = format!("<{next}>; rel=\"next\"");
    ([("content-type", INDEX), ("link", &*link)], index).into_response()
}

#[test]
fn rejects_a_list_without_end() {
    let server = at_list(|asked| page(&asked.path));

    refused(&server, 3, "registry.pages");
    let pages = server
        .asked()
        .iter()
        .filter(|it| it.path.contains("/referrers/"))
        .count();
    assert_eq!(2 * 32, pages);
}

// A27
#[test]
fn rejects_a_list_that_goes_on_at_another_host() {
    let other = Server::with_list();
    let next = format!("http://{}/v2/app/referrers/x", other.host());
    let server = at_list(move |_| page(&next));

    refused(&server, 3, "registry.link");
    assert!(other.asked().is_empty());
}

#[test]
fn accepts_a_signature_that_is_elsewhere_than_the_trouble() {
    let broken = Arc::new(AtomicBool::new(false));
    let is_broken = Arc::clone(&broken);
    let server = Server::with_fault(move |asked| {
        let status = if is_broken.load(Ordering::Relaxed) {
            500
        } else {
            404
        };
        let listed = asked.path.contains("/referrers/");
        listed.then(|| response(status, "text/plain", ""))
    });
    server.put("1", MANIFEST, &manifest("a"));
    let folder = Folder::new();
    folder.make(&["sign", &server.name(":1")]);
    broken.store(true, Ordering::Relaxed);

    folder.verified(&[&server.name(":1")]);
    // Of another type there may be one in the list that cannot be had.
    folder.refused(
        &[&server.name(":1"), "--type", "spdx"],
        4,
        "registry.status",
    );
}

#[test]
fn copies_nothing_of_an_image_that_is_not_whole() {
    let (server, folder) = (Server::with_list(), Folder::with_instance());
    server.put("1", MANIFEST, &manifest("a"));

    let copied = folder.run(&["image", "copy", &server.name(":1"), "oci:x:1"]);

    assert_eq!(Some(3), copied.status.code());
    let said = crate::text(&copied.stderr);
    assert!(said.contains("code: registry.not-found"), "{said}");
    folder.refused(&["oci:x:1"], 3, "registry.not-found");
}

#[test]
fn rejects_a_folder_that_is_no_layout() {
    let folder = Folder::with_instance();
    folder.write("dir/file", "");

    let said = folder.refused(&["oci:dir:1"], 3, "registry.store");

    assert!(
        said.contains("is not a folder with images in the OCI layout"),
        "{said}"
    );
}
