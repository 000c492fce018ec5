//! Registries that lie, redirect, ask for more than they should, and go on for ever.

use std::sync::Arc;
use std::time::Duration;

use super::done;
use super::script::{Script, repository};
use crate::crypto::hash;
use crate::digest::HashAlgorithm;
use crate::limits;
use crate::oci::manifest::{OCI_INDEX, OCI_MANIFEST};
use crate::oci::{Image, Pushed, RegistryError, Repository as _, Target};
use crate::transport::{Response, TransportError, Whole};

const INDEX: &str = r#"{"schemaVersion":2,"manifests":[]}"#;
const TAG: &str = "Get https://example.org/v2/app/manifests/1";

fn index() -> Response {
    Response::new(200, INDEX.as_bytes().to_vec()).header("content-type", OCI_INDEX)
}

fn status(status: u16) -> Response {
    Response::new(status, Vec::new())
}

fn redirect(to: &str) -> Response {
    status(307).location(Some(to.to_owned()))
}

fn challenge(header: &str) -> Response {
    status(401).header("www-authenticate", header)
}

fn token(token: &str) -> Response {
    Response::new(200, format!(r#"{{"token":"{token}"}}"#).into_bytes())
}

fn tag() -> Target {
    Target::Tag("1".to_owned())
}

fn resolve(script: &Arc<Script>) -> Result<Image, RegistryError> {
    done(Image::resolve(
        &repository(script, "example.org/app:1"),
        &tag(),
    ))
}

fn error(script: Script) -> RegistryError {
    resolve(&Arc::new(script)).unwrap_err()
}

fn name() -> String {
    "example.org".to_owned()
}

const BEARER: &str =
    r#"Bearer realm="https://auth.example.org/token",service="s",scope="repository:app:pull""#;
const TOKEN_URL: &str = "https://auth.example.org/token?service=s&scope=repository%3Aapp%3Apull";

// A36
#[test]
fn accepts_an_image_by_the_digest_of_its_bytes() {
    let script = Arc::new(Script::default().on(TAG, index()));

    let image = resolve(&script).unwrap();

    assert_eq!(
        hash(HashAlgorithm::Sha256, INDEX.as_bytes()),
        image.digest()
    );
    assert_eq!(vec![TAG.to_owned()], script.asked());
}

#[test]
fn rejects_lies_about_digests() {
    let other = hash(HashAlgorithm::Sha256, b"other");
    let found = Box::new(hash(HashAlgorithm::Sha256, INDEX.as_bytes()));
    let lie = index().header("docker-content-digest", other.to_string());
    let want = Box::new(other);
    let mismatch = |what: String| RegistryError::DigestMismatch {
        what,
        want: want.clone(),
        found: found.clone(),
    };

    assert_eq!(
        mismatch("example.org/app:1".to_owned()),
        error(Script::default().on(TAG, lie))
    );
    let script = Script::default().on(
        &format!("Get https://example.org/v2/app/manifests/{other}"),
        index(),
    );
    let repository = repository(&Arc::new(script), "example.org/app:1");
    assert_eq!(
        Err(mismatch(format!("example.org/app@{other}"))),
        done(Image::resolve(&repository, &Target::Digest(other)))
    );
}

#[test]
fn rejects_what_is_no_image() {
    let html =
        Response::new(200, b"<html>".to_vec()).header("content-type", "text/html; charset=x");
    let huge = Response::new(200, vec![b' '; limits::MANIFEST_BYTES + 1])
        .header("content-type", OCI_INDEX);
    let broken = Response::new(200, b"{".to_vec()).header("content-type", OCI_MANIFEST);
    for (answer, want) in [
        (html, "registry.content-type"),
        (Response::new(200, INDEX.into()), "registry.content-type"),
        (huge, "registry.too-large"),
        (broken, "manifest.json"),
        (status(404), "registry.not-found"),
    ] {
        let error = error(Script::default().on(TAG, answer));

        assert_eq!((want, false), (error.code(), error.is_passing()));
    }
}

#[test]
fn rejects_trouble_by_its_kind() {
    let patience = status(429).retry_after(Some(Duration::from_secs(60)));
    let limit = Duration::from_secs(30);
    let down = TransportError::Connection {
        problem: "refused".to_owned(),
    };
    for (answer, want) in [
        (Ok(status(401)), "registry.challenge"),
        (Ok(challenge("Basic realm=x")), "registry.unauthorized"),
        (Ok(challenge("Negotiate")), "registry.challenge"),
        (Ok(status(403)), "registry.forbidden"),
        (Ok(patience), "registry.rate-limited"),
        (Ok(status(500)), "registry.status"),
        (Ok(status(418)), "registry.status"),
        (Err(TransportError::Timeout { limit }), "registry.slow"),
        (Err(down), "registry.unreachable"),
    ] {
        let error = error(Script::default().on_result(TAG, answer));

        assert_eq!((want, true), (error.code(), error.is_passing()));
    }
}

#[test]
fn shows_what_a_registry_says() {
    let body = br#"{"errors":[{"code":"DENIED","message":"no\u001b"}]}"#.to_vec();
    let error = error(Script::default().on(TAG, Response::new(403, body)));

    assert_eq!(
        "example.org does not allow it: DENIED: no\\u{1b}",
        error.to_string()
    );
}

#[test]
fn accepts_a_token_of_the_service_that_the_registry_names() {
    let script = Script::default()
        .on(TAG, challenge(BEARER))
        .on(TAG, index())
        .on(&format!("Get {TOKEN_URL}"), token("t"));
    let script = Arc::new(script);

    resolve(&script).unwrap();

    let want = [
        TAG.to_owned(),
        format!("Get {TOKEN_URL} [Basic dXNlcjpzZWNyZXQ=]"),
        format!("{TAG} [Bearer t]"),
    ];
    assert_eq!(want.to_vec(), script.asked());
}

#[test]
fn accepts_a_password_where_the_registry_wants_one() {
    let script = Script::default()
        .on(TAG, challenge("Basic realm=x"))
        .on(TAG, index());
    let script = Arc::new(script);

    resolve(&script).unwrap();

    assert_eq!(format!("{TAG} [Basic dXNlcjpzZWNyZXQ=]"), script.asked()[1]);
}

// A27
#[test]
fn sends_no_credentials_to_token_services_of_others() {
    let elsewhere = BEARER.replace("auth.example.org", "auth.evil.test");
    let url = TOKEN_URL.replace("auth.example.org", "auth.evil.test");
    let script = Script::default()
        .on(TAG, challenge(&elsewhere))
        .on(&format!("Get {url}"), status(401));
    let script = Arc::new(script);

    let error = resolve(&script).unwrap_err();

    let message = String::new();
    let registry = name();
    assert_eq!(
        RegistryError::Unauthorized {
            registry,
            sent: false,
            message
        },
        error
    );
    assert_eq!(vec![TAG.to_owned(), format!("Get {url}")], script.asked());
}

// A27 O21
#[test]
fn rejects_token_services_without_tls() {
    for realm in [
        "http://auth.example.org/token",
        "http://127.0.0.1/token",
        "http://169.254.169.254/latest",
        "https://example.org@evil.test/",
        "file:///etc/passwd",
        "",
    ] {
        let script = Script::default().on(TAG, challenge(&format!("Bearer realm=\"{realm}\"")));
        let script = Arc::new(script);

        let error = resolve(&script).unwrap_err();

        assert_eq!("registry.challenge", error.code(), "{realm}");
        assert_eq!(1, script.asked().len(), "{realm}");
    }
}

#[test]
fn rejects_tokens_that_are_none() {
    for body in ["", "{}", r#"{"token":""}"#, r#"{"token":"a\nb"}"#, "[]"] {
        let script = Script::default()
            .on(TAG, challenge(BEARER))
            .on(&format!("Get {TOKEN_URL}"), Response::new(200, body.into()));

        assert_eq!("registry.challenge", error(script).code(), "{body}");
    }
}

// A27 O21
#[test]
fn sends_no_credentials_along_with_a_redirect() {
    let script = Script::default()
        .on(TAG, challenge("Basic realm=x"))
        .on(TAG, redirect("https://cdn.evil.test/x?sig"))
        .on("Get https://cdn.evil.test/x?sig", index());
    let script = Arc::new(script);

    resolve(&script).unwrap();

    assert_eq!("Get https://cdn.evil.test/x?sig", script.asked()[2]);
}

// A27 O21
#[test]
fn tells_nobody_who_we_are_after_a_redirect() {
    let script = Script::default()
        .on(TAG, redirect("https://example.org.evil.test/x"))
        .on(
            "Get https://example.org.evil.test/x",
            challenge("Basic realm=x"),
        );
    let script = Arc::new(script);

    let error = resolve(&script).unwrap_err();

    assert_eq!("registry.unauthorized", error.code());
    assert!(
        script.asked().iter().all(|it| !it.contains('[')),
        "{:?}",
        script.asked()
    );
}

#[test]
fn rejects_redirects_where_we_do_not_go() {
    for to in [
        "http://example.org/x",
        "http://127.0.0.1/x",
        "//evil.test",
        "x",
        "",
        "file:///x",
    ] {
        let error = error(Script::default().on(TAG, redirect(to)));

        assert_eq!("registry.redirect", error.code(), "{to}");
    }
    let circle = redirect("/v2/app/manifests/1");
    assert_eq!(
        "registry.redirect",
        error(Script::default().on(TAG, circle)).code()
    );
}

fn page(members: usize, link: Option<&str>) -> Response {
    let digest = hash(HashAlgorithm::Sha256, b"x");
    let member = format!(r#"{{"mediaType":"a/b","digest":"{digest}","size":1}}"#);
    let members = vec![member.as_str(); members].join(",");
    let json = format!(r#"{{"schemaVersion":2,"manifests":[{members}]}}"#);
    let page = Response::new(200, json.into_bytes()).header("content-type", OCI_INDEX);
    match link {
        Some(link) => page.header("link", link),
        None => page,
    }
}

type Listed = Result<Option<Vec<crate::oci::Descriptor>>, RegistryError>;

fn list(answers: impl Fn(Script, &str) -> Script) -> (Listed, Vec<String>) {
    let subject = hash(HashAlgorithm::Sha256, b"image");
    let url = format!("Get https://example.org/v2/app/referrers/{subject}");
    let script = Arc::new(answers(Script::default(), &url));
    let repository = repository(&script, "example.org/app:1");
    let listed = done(repository.referrers(&subject));
    (listed, script.asked())
}

#[test]
fn accepts_every_page_of_a_list() {
    let (listed, asked) = list(|script, url| {
        script
            .on(url, page(2, Some("</v2/next?n=2>; rel=\"next\"")))
            .on("Get https://example.org/v2/next?n=2", page(1, None))
    });

    assert_eq!(3, listed.unwrap().unwrap().len());
    assert_eq!(2, asked.len());
}

#[test]
fn accepts_that_there_is_no_list() {
    for answer in [
        status(404),
        status(400),
        status(405),
        status(406),
        Response::new(200, b"<html>".to_vec()).header("content-type", "text/html"),
    ] {
        let (listed, _) = list(|script, url| script.on(url, answer.clone()));

        assert_eq!(Ok(None), listed);
    }
}

// A27
#[test]
fn rejects_a_list_that_goes_on_elsewhere() {
    for to in [
        "https://evil.test/v2/next",
        "http://example.org/v2/next",
        "next",
    ] {
        let link = format!("<{to}>; rel=\"next\"");
        let (listed, asked) = list(|script, url| script.on(url, page(1, Some(&link))));

        let (registry, found) = (name(), to.to_owned());
        assert_eq!(Err(RegistryError::Link { registry, found }), listed);
        assert_eq!(1, asked.len());
    }
}

#[test]
fn rejects_a_list_without_end() {
    let again = "</v2/next>; rel=\"next\"";
    let next = "Get https://example.org/v2/next";
    let (small, asked) = list(|script, url| {
        script
            .on(url, page(1, Some(again)))
            .on(next, page(1, Some(again)))
    });
    let (large, _) = list(|script, url| {
        script
            .on(url, page(1000, Some(again)))
            .on(next, page(1000, Some(again)))
    });

    let pages = |cap| {
        Err(RegistryError::Pages {
            registry: name(),
            cap,
        })
    };
    assert_eq!(pages(limits::REFERRER_PAGES), small);
    assert_eq!(limits::REFERRER_PAGES, asked.len());
    assert_eq!(pages(limits::INDEX_MEMBERS), large);
}

#[test]
fn rejects_lists_that_cannot_be_had() {
    for (answer, want) in [
        (status(403), "registry.forbidden"),
        (status(500), "registry.status"),
        (
            Response::new(200, b"{}".to_vec()).header("content-type", OCI_INDEX),
            "manifest.version",
        ),
    ] {
        let (listed, _) = list(|script, url| script.on(url, answer.clone()));

        assert_eq!(want, listed.unwrap_err().code());
    }
}

// A27
#[test]
fn sends_no_credentials_where_an_upload_leads() {
    let upload = "Post https://example.org/v2/app/blobs/uploads/";
    let elsewhere = status(202).location(Some("https://storage.evil.test/up?a=b".to_owned()));
    let digest = hash(HashAlgorithm::Sha256, b"x");
    let put = format!("Put https://storage.evil.test/up?a=b&digest={digest}");
    let script = Script::default()
        .on(upload, challenge("Basic realm=x"))
        .on(upload, elsewhere)
        .on(&put, status(201));
    let script = Arc::new(script);
    let repository = repository(&script, "example.org/app:1");
    let blob = crate::oci::Descriptor::new("a/b", digest, 1);

    done(repository.push_blob(&blob, Box::new(Whole::new(b"x".to_vec())))).unwrap();

    assert_eq!(put, script.asked()[2]);
}

#[test]
fn accepts_what_becomes_of_a_manifest() {
    let put = "Put https://example.org/v2/app/manifests/1";
    for (answer, want) in [
        (status(201), Ok(Pushed::Stored)),
        (status(412), Ok(Pushed::Changed)),
        (status(403), Err("registry.forbidden")),
    ] {
        let script = Arc::new(Script::default().on(put, answer));
        let repository = repository(&script, "example.org/app:1");

        let pushed = done(repository.push(&tag(), OCI_INDEX, INDEX.as_bytes(), Some("\"s\"")));

        assert_eq!(want, pushed.map_err(|error| error.code()));
    }
}

#[test]
fn sends_again_what_a_registry_finds_fault_with() {
    let put = "Put https://example.org/v2/app/manifests/1";
    for (faults, want) in [(4, Ok(Pushed::Stored)), (5, Err("registry.status"))] {
        let script = (0..faults).fold(Script::default(), |it, _| it.on(put, status(400)));
        let script = Arc::new(script.on(put, status(201)));
        let repository = repository(&script, "example.org/app:1");

        let pushed = done(repository.push(&tag(), OCI_INDEX, INDEX.as_bytes(), None));

        assert_eq!(want, pushed.map_err(|error| error.code()));
        assert_eq!(5, script.asked().len());
    }
}

#[test]
fn asks_docker_hub_under_its_other_name() {
    let url = "Get https://registry-1.docker.io/v2/library/nginx/manifests/1";
    let script = Arc::new(Script::default().on(url, index()));
    let repository = repository(&script, "docker.io/library/nginx:1");

    done(Image::resolve(&repository, &tag())).unwrap();

    assert_eq!("docker.io/library/nginx", repository.name());
}

#[test]
fn asks_this_machine_without_tls() {
    let url = "Get http://127.0.0.1:5/v2/app/manifests/1";
    let script = Arc::new(Script::default().on(url, index()));
    let repository = repository(&script, "127.0.0.1:5/app:1");

    assert!(done(Image::resolve(&repository, &tag())).is_ok());
}
