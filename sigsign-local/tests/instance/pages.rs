//! What an instance says about itself.

use std::fs;

use serde_json::Value;
use sigsign_core::trust::{SigningConfig, TrustedRoot};
use sigsign_local::instance::{
    Call, CallError, FolderError, Instance, SIGNING_CONFIG, SIGNING_CONFIG_FILE, Service,
    TRUSTED_ROOT_FILE,
};

use crate::asked::{Asked, CAP, options, run};

#[test]
fn accepts_the_same_documents_from_every_place() {
    let asked = Asked::new();

    for (name, kind, text) in [
        (
            TRUSTED_ROOT_FILE,
            "application/json",
            asked.instance.trusted_root(),
        ),
        (
            SIGNING_CONFIG_FILE,
            SIGNING_CONFIG,
            asked.instance.signing_config(),
        ),
    ] {
        let answer = asked.get(&format!("/{name}")).unwrap();
        assert_eq!(200, answer.status);
        assert_eq!(Some(kind), answer.header("content-type"));
        assert_eq!(text.as_bytes(), answer.body);
        assert_eq!(
            text,
            fs::read_to_string(asked.place.path().join(name)).unwrap()
        );
    }
}

#[test]
fn accepts_the_same_documents_after_a_restart() {
    let asked = Asked::new();
    let documents = |it: &Instance| (it.trusted_root().to_owned(), it.signing_config().to_owned());
    let first = documents(&asked.instance);
    let Asked { instance, place } = asked;
    instance.context().clock.advance(86_400_000);
    drop(instance);

    let mut options = options(&place);
    options.opening.seed = None;
    let second = Instance::open(options).unwrap();

    assert_eq!(first, documents(&second));
}

#[test]
fn accepts_its_documents_in_the_verifier() {
    let asked = Asked::new();

    let root = TrustedRoot::from_json(asked.instance.trusted_root().as_bytes()).unwrap();
    let config = SigningConfig::from_json(asked.instance.signing_config().as_bytes());

    assert!(config.is_ok());
    let logs: Vec<&str> = root.logs().iter().map(|it| it.base_url()).collect();
    assert!(
        logs.contains(&"https://rekor.sigsign.localhost"),
        "{logs:?}"
    );
    assert_eq!("sigsign.localhost", root.logs()[0].operator());
}

#[test]
fn accepts_only_the_services_that_were_asked_for() {
    let asked = Asked::with(|options| options.services = vec![Service::CtLog]);

    let status = |path| asked.get(path).unwrap().status;
    let config: Value = serde_json::from_str(asked.instance.signing_config()).unwrap();

    assert_eq!(200, status("/ct/checkpoint"));
    assert_eq!(404, status("/api/v2/checkpoint"));
    assert_eq!(None, config.get("rekorTlogUrls"));
    assert_eq!(Some(0), config["caUrls"].as_array().map(Vec::len));
    assert!(
        asked
            .instance
            .trusted_root()
            .contains("rekor.sigsign.localhost")
    );
}

#[test]
fn accepts_to_be_asked_how_it_is() {
    let asked = Asked::new();

    let health: Value = serde_json::from_slice(&asked.get("/healthz").unwrap().body).unwrap();

    assert_eq!("ok", health["status"]);
    assert_eq!(7, health["services"].as_array().unwrap().len());
    assert_eq!(0, health["logs"]["rekor-v2"]);
}

#[test]
fn accepts_requests_as_numbers() {
    let asked = Asked::new();
    asked.get("/api/v2/checkpoint").unwrap();
    asked.get("/api/v2/tile/0/secret").unwrap();
    asked.post("/api/v2/log/entries", b"secret").unwrap();

    let page = String::from_utf8(asked.get("/metrics").unwrap().body).unwrap();

    for line in [
        r#"sigsign_requests_total{service="rekor-v2",method="GET",route="/api/v2/checkpoint",status="200"} 1"#,
        r#"sigsign_requests_total{service="rekor-v2",method="GET",route="/api/v2/tile/{*path}",status="404"} 1"#,
        r#"sigsign_requests_total{service="rekor-v2",method="POST",route="/api/v2/log/entries",status="400"} 1"#,
        r#"sigsign_request_seconds_count{service="rekor-v2"} 3"#,
        r#"sigsign_log_entries{log="rekor-v2"} 0"#,
    ] {
        assert!(page.lines().any(|it| it == line), "{line}\nin\n{page}");
    }
    assert!(!page.contains("secret"), "{page}");
}

#[test]
fn rejects_urls_of_others() {
    let asked = Asked::new();

    for url in [
        "http://elsewhere.invalid/healthz",
        "http://localhost:74800/healthz",
        "http://localhost:7480.invalid/",
        "/healthz",
        "",
    ] {
        let answer = run(asked.instance.call(Call {
            method: "GET",
            url,
            cap: CAP,
            ..Call::default()
        }));
        assert_eq!(Err(CallError::Elsewhere), answer, "{url}");
    }
}

#[test]
fn rejects_what_is_no_request() {
    let asked = Asked::new();
    let call = |method, path: &str, value: &str| {
        run(asked.instance.call(Call {
            method,
            url: &format!("http://localhost:7480{path}"),
            headers: vec![("x-test", value.to_owned())],
            body: Vec::new(),
            cap: CAP,
        }))
    };

    assert_eq!(200, call("GET", "/healthz", "x").unwrap().status);
    assert_eq!(Err(CallError::Malformed), call("G T", "/healthz", "x"));
    assert_eq!(Err(CallError::Malformed), call("GET", "/health z", "x"));
    assert_eq!(
        Err(CallError::Malformed),
        call("GET", "/healthz", "x\ny: z")
    );
}

#[test]
fn rejects_a_second_instance_while_any_part_of_the_first_can_answer() {
    let Asked { instance, place } = Asked::new();
    let router = instance.router();
    drop(instance);

    let error = Instance::open(options(&place)).unwrap_err();
    drop(router);

    let found = FolderError::of(&error);
    assert_eq!(Some(&FolderError::InUse { by: None }), found);
    assert!(Instance::open(options(&place)).is_ok());
}
