//! Every kind of trouble with a registry, for every command that asks one: each has its code and the
//! status 3 or 4, and is listed in `docs/registries.md`.

use std::process::Stdio;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use serde_json::json;

use crate::server::{Asked, Server, redirect, response};
use crate::{Folder, INDEX, MANIFEST, descriptor, manifest, text};

/// What goes wrong, where, and what comes of it.
struct Trouble {
    /// As `docs/registries.md` has it.
    what: &'static str,
    code: &'static str,
    status: i32,
    /// Whether it is at what is beside the image, rather than at the image itself.
    beside: bool,
    answer: fn(&Asked) -> Response,
}

fn at_image(
    what: &'static str,
    (code, status): (&'static str, i32),
    answer: fn(&Asked) -> Response,
) -> Trouble {
    let beside = false;
    Trouble {
        what,
        code,
        status,
        beside,
        answer,
    }
}

fn beside(
    what: &'static str,
    (code, status): (&'static str, i32),
    answer: fn(&Asked) -> Response,
) -> Trouble {
    let beside = true;
    Trouble {
        what,
        code,
        status,
        beside,
        answer,
    }
}

fn status(status: u16) -> Response {
    response(status, "text/plain", "")
}

fn challenge(header: &'static str) -> Response {
    (StatusCode::UNAUTHORIZED, [("www-authenticate", header)]).into_response()
}

/// A body that goes on and on.
fn endless(content_type: &'static str) -> Response {
    let piece = Bytes::from_static(&[b' '; 64 << 10]);
    let pieces = futures_util::stream::repeat_with(move || Ok::<_, std::io::Error>(piece.clone()));
    ([("content-type", content_type)], Body::from_stream(pieces)).into_response()
}

/// A body that ends before its end.
fn torn(content_type: &'static str) -> Response {
    let pieces = [
        Ok(Bytes::from_static(b"{")),
        Err(std::io::Error::other("torn")),
    ];
    let body = Body::from_stream(futures_util::stream::iter(pieces));
    (
        [("content-type", content_type), ("content-length", "100")],
        body,
    )
        .into_response()
}

fn slow() -> Response {
    let pieces = futures_util::stream::pending::<Result<Bytes, std::io::Error>>();
    ([("content-type", MANIFEST)], Body::from_stream(pieces)).into_response()
}

/// A page of a list of referrers, all of which there are not.
fn list(members: usize, next: Option<&str>) -> Response {
    let member = descriptor(MANIFEST, b"x");
    let index = json!({"schemaVersion": 2, "manifests": vec![member; members]}).to_string();
    let page = response(200, INDEX, index);
    match next {
        Some(next) => ([("link", format!("<{next}>; rel=\"next\""))], page).into_response(),
        None => page,
    }
}

fn troubles() -> Vec<Trouble> {
    let lie = |_: &Asked| {
        let headers = [("content-type", MANIFEST), ("docker-content-digest", LIE)];
        (headers, manifest("a")).into_response()
    };
    vec![
        at_image("takes too long", ("registry.slow", 4), |_| slow()),
        at_image(
            "ends a connection too early",
            ("registry.unreachable", 4),
            |_| torn(MANIFEST),
        ),
        at_image(
            "has too many requests, and says for how long",
            ("registry.rate-limited", 4),
            |_| (StatusCode::TOO_MANY_REQUESTS, [("retry-after", "60")]).into_response(),
        ),
        at_image(
            "wants to know who asks",
            ("registry.unauthorized", 4),
            |_| challenge("Basic realm=x"),
        ),
        at_image(
            "asks for credentials in a way that we do not know",
            ("registry.challenge", 4),
            |_| challenge("Negotiate"),
        ),
        at_image(
            "names a token service without TLS",
            ("registry.challenge", 4),
            |_| challenge("Bearer realm=\"http://192.0.2.1/token\""),
        ),
        at_image("does not allow it", ("registry.forbidden", 4), |_| {
            status(403)
        }),
        at_image(
            "answers with any other status",
            ("registry.status", 4),
            |_| status(418),
        ),
        at_image("sends one in circles", ("registry.redirect", 4), |asked| {
            redirect(asked.path.clone())
        }),
        at_image(
            "sends one to something that is no URL of a registry",
            ("registry.redirect", 4),
            |_| redirect("file:///etc/passwd".to_owned()),
        ),
        at_image("does not have the image", ("registry.not-found", 3), |_| {
            status(404)
        }),
        at_image(
            "lies about the digest of what a tag leads to",
            ("registry.digest-mismatch", 3),
            lie,
        ),
        at_image(
            "has a manifest of more than 4 MiB",
            ("registry.too-large", 3),
            |_| response(200, MANIFEST, vec![b' '; 5 << 20]),
        ),
        at_image(
            "has a manifest without end",
            ("registry.too-large", 3),
            |_| endless(MANIFEST),
        ),
        at_image(
            "answers with a page for people",
            ("registry.content-type", 3),
            |_| response(200, "text/html", "<html>"),
        ),
        at_image(
            "has a manifest that is no JSON",
            ("manifest.json", 3),
            |_| response(200, MANIFEST, "{"),
        ),
        at_image(
            "has a manifest that is something else than it says",
            ("manifest.media-type", 3),
            |_| response(200, INDEX, manifest("a")),
        ),
        beside(
            "fails for the list of referrers",
            ("registry.status", 4),
            |_| status(418),
        ),
        beside(
            "does not allow to see the list of referrers",
            ("registry.forbidden", 4),
            |_| status(403),
        ),
        beside(
            "has a list of referrers that begins again and again",
            ("registry.pages", 3),
            |asked| list(1, Some(&asked.path)),
        ),
        beside(
            "has a list of referrers with 10,000 entries in pages",
            ("registry.pages", 3),
            |asked| list(1000, Some(&asked.path)),
        ),
        beside(
            "has a list of referrers with 10,000 entries at once",
            ("manifest.cap", 3),
            |_| list(10_000, None),
        ),
        beside(
            "has a list of referrers that goes on elsewhere",
            ("registry.link", 3),
            |_| list(1, Some("http://192.0.2.1/")),
        ),
        beside(
            "has a list of referrers with what is not there",
            ("registry.not-found", 3),
            |_| list(1, None),
        ),
    ]
}

const LIE: &str = "sha256:0000000000000000000000000000000000000000000000000000000000000000";

fn server(trouble: Trouble) -> Server {
    let place = if trouble.beside {
        "/referrers/"
    } else {
        "/manifests/1"
    };
    let server = Server::with_fault(move |asked| {
        let is_there = asked.path.contains(place);
        is_there.then(|| (trouble.answer)(asked))
    });
    server.put("1", MANIFEST, &manifest("a"));
    server.put_blob(b"{}");
    server
}

/// Every command that looks at the image, or beside it.
fn commands(name: &str, is_beside: bool) -> Vec<Vec<&str>> {
    let local = ["--local", "--data", "instance"];
    let verify = ["image", "verify", name, "--danger-any-identity"];
    let mut commands = vec![
        [&verify[..], &local].concat(),
        [&verify[..], &["--type", "spdx"], &local].concat(),
        vec!["image", "verify", "--policy", "policy.yaml", name],
        vec!["image", "copy", name, "oci:copy:1"],
        [&["policy", "from", "--image", name][..], &local].concat(),
        vec![
            "policy",
            "explain",
            "--policy",
            "policy.yaml",
            "--image",
            name,
        ],
    ];
    if !is_beside {
        let who = ["--identity", "jane@example.org"];
        let attest = [
            "image",
            "attest",
            name,
            "--type",
            "spdx",
            "--predicate",
            "sbom",
        ];
        commands.push([&["image", "sign", name][..], &who, &local].concat());
        commands.push([&attest[..], &who, &local].concat());
    }
    commands
}

#[test]
fn has_a_code_and_a_status_for_every_trouble_and_command() {
    let folder = Folder::with_instance();
    folder.write("sbom", r#"{"spdxVersion":"SPDX-2.3"}"#);
    folder.write(
        "policy.yaml",
        "version: 1\ninstances: {ours: {file: instance/trusted_root.json}}\ntrust: ours\nrules:\n- name: ours\n  \
         match: ['**']\n  signed_by: [{identity: {issuer: 'http://localhost:7480', subject: jane@example.org}}]\n",
    );
    let mut asked = 0;
    for trouble in troubles() {
        let (what, code, status) = (trouble.what, trouble.code, trouble.status);
        let is_beside = trouble.beside;
        let server = server(trouble);
        let name = server.name(":1");
        let started: Vec<_> = commands(&name, is_beside)
            .into_iter()
            .map(|command| {
                let mut process = folder.command(&command);
                // Only who takes too long is not to be waited for.
                if code == "registry.slow" {
                    process.args(["--registry-timeout", "1"]);
                }
                process.stdout(Stdio::piped()).stderr(Stdio::piped());
                (format!("{what}: {command:?}"), process.spawn().unwrap())
            })
            .collect();
        for (label, process) in started {
            let output = process.wait_with_output().unwrap();
            let (out, said) = (text(&output.stdout), text(&output.stderr));
            assert_eq!(Some(status), output.status.code(), "{label}: {out}{said}");
            assert!(said.contains(&format!("code: {code}\n")), "{label}: {said}");
            asked += 1;
        }
    }
    assert!(asked > 150, "only {asked}");
}

#[test]
fn rejects_a_blob_that_is_not_what_its_manifest_says() {
    for (what, code, status, answer) in blobs() {
        let (server, folder) = (Server::with_list(), Folder::new());
        server.put("1", MANIFEST, &manifest("a"));
        server.put_blob(b"{}");
        let name = server.name(":1");
        folder.make(&["sign", &name]);
        server.break_blobs(answer);

        let said = folder.refused(&[&name], status, code);
        assert!(said.contains("blob "), "{what}: {said}");
        let copied = folder.run(&["image", "copy", &name, "oci:copy:1"]);
        let said = text(&copied.stderr);
        assert_eq!(Some(status), copied.status.code(), "{what}: {said}");
        assert!(said.contains(&format!("code: {code}\n")), "{what}: {said}");
    }
}

type BlobTrouble = (&'static str, &'static str, i32, fn(&Asked) -> Response);

fn blobs() -> Vec<BlobTrouble> {
    vec![
        (
            "has a blob without end",
            "registry.size-mismatch",
            3,
            |_| endless("a/b"),
        ),
        (
            "has other bytes than the digest of a blob says",
            "registry.digest-mismatch",
            3,
            |asked| {
                let mut bytes = asked.kept.to_vec();
                bytes[0] = b'x';
                response(200, "a/b", bytes)
            },
        ),
        (
            "has a blob that is shorter than its manifest says",
            "registry.size-mismatch",
            3,
            |asked| response(200, "a/b", asked.kept[1..].to_vec()),
        ),
        (
            "does not have a blob that its manifest names",
            "registry.not-found",
            3,
            |_| status(404),
        ),
    ]
}

#[test]
fn rejects_who_is_no_registry() {
    let folder = Folder::with_instance();
    // Nobody is at that port any more.
    let gone = Server::with_list().name(":1");
    folder.refused(&[&gone], 4, "registry.unreachable");
    // Somebody who speaks, and not HTTP.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let name = format!("{}/app:1", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming().take(64).flatten() {
            use std::io::Write as _;
            let mut stream = stream;
            let _ = stream.write_all(b"SSH-2.0-OpenSSH\r\n");
            std::thread::sleep(Duration::from_millis(20));
        }
    });
    folder.refused(&[&name], 4, "registry.unreachable");
    // A name that nobody has.
    folder.refused(&["registry.invalid/app:1"], 4, "registry.unreachable");
}

/// Each trouble of the tests is a line of the page, and the other way around.
#[test]
fn the_page_has_a_line_for_each_trouble() {
    let page = include_str!("../../../docs/registries.md");
    let line = |what: &str, code: &str, status: i32| format!("| {what} | `{code}` | {status} |");
    let mut wanted: Vec<String> = troubles()
        .iter()
        .map(|it| line(it.what, it.code, it.status))
        .chain(
            blobs()
                .iter()
                .map(|(what, code, status, _)| line(what, code, *status)),
        )
        .chain([line(
            "is not reached, or is no registry",
            "registry.unreachable",
            4,
        )])
        .collect();
    let is_row = |line: &&str| line.starts_with("| ") && line.contains("| `");
    let mut found: Vec<String> = page.lines().filter(is_row).map(str::to_owned).collect();
    wanted.sort();
    found.sort();
    assert_eq!(wanted, found);
}
