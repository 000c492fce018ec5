//! Signing with the identity that a job has, as each platform hands it out.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Output};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::Router;
use axum::body::Bytes;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::{get, post};
use sigsign_local::instance::oidc::shape;

use crate::{Folder, Served, json, text};

pub(crate) const WORKFLOW: &str =
    "https://github.com/o/r/.github/workflows/release.yml@refs/heads/main";

/// What a job of GitHub Actions with `id-token: write` has in its environment.
pub(crate) fn as_github(command: &mut Command, served: &Served) {
    let job = shape::github("o/r", "release.yml", "refs/heads/main");
    let oidc = served.instance.oidc();
    command
        .env("CI", "true")
        .env("GITHUB_ACTIONS", "true")
        .env("ACTIONS_ID_TOKEN_REQUEST_URL", oidc.job_url())
        .env("ACTIONS_ID_TOKEN_REQUEST_TOKEN", oidc.job_token(job));
}

fn whoami(folder: &Folder) -> Command {
    folder.command(["whoami", "--format", "json"])
}

fn refused(output: &Output, status: i32, code: &str, hint: &str) {
    let stderr = text(&output.stderr);
    assert_eq!(Some(status), output.status.code(), "{stderr}");
    assert!(stderr.contains(&format!("code: {code}\n")), "{stderr}");
    assert!(stderr.contains(hint), "{stderr}");
    assert_eq!("", text(&output.stdout));
}

#[test]
fn accepts_the_identity_of_a_job_of_github_actions() {
    let it = Folder::new();
    let served = Served::new(&it);
    it.write("app", "hello");

    let mut sign = it.command(["sign", "app", "--format", "json", "--instance", &served.url]);
    as_github(&mut sign, &served);
    let signed = json(&sign.output().unwrap());

    assert_eq!(WORKFLOW, signed["subject"]);
    let local = ["--local", "--data", "instance"];
    let verify = [
        "verify",
        "app",
        "--identity",
        WORKFLOW,
        "--issuer",
        &served.url,
    ];
    let verified = it.run(verify.iter().chain(&local));
    assert_eq!(
        Some(0),
        verified.status.code(),
        "{}",
        text(&verified.stderr)
    );
}

#[test]
fn says_who_would_sign_without_showing_the_token() {
    let it = Folder::new();
    let served = Served::new(&it);

    let mut command = whoami(&it);
    as_github(&mut command, &served);
    let output = command.output().unwrap();

    let shown = json(&output);
    assert_eq!(WORKFLOW, shown["subject"]);
    assert_eq!("github", shown["provider"]);
    assert_eq!("o/r", shown["claims"]["repository"]);
    let command: Vec<&str> = shown["verify"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it.as_str().unwrap())
        .collect();
    let want = [
        "sigsign",
        "verify",
        "FILE",
        "--identity",
        WORKFLOW,
        "--issuer",
        &served.url,
    ];
    assert_eq!(want.as_slice(), command);
    // The third part of a token is its signature, and its header is always this.
    assert!(!text(&output.stdout).contains("eyJ"));
}

#[test]
fn rejects_jobs_without_a_token_and_names_what_is_missing() {
    let it = Folder::new();
    let served = Served::new(&it);
    for (variables, code, hint) in [
        (&[][..], "token.none", "sign with --local"),
        (&[("CI", "true")], "token.none", "SIGSTORE_ID_TOKEN"),
        (
            &[("GITHUB_ACTIONS", "true")],
            "token.missing",
            "`id-token: write`",
        ),
        (&[("GITLAB_CI", "true")], "token.missing", "aud: sigstore"),
        (
            &[("CIRCLECI", "true"), ("PATH", "")],
            "token.missing",
            "use an image that has it",
        ),
        (
            &[("BUILDKITE", "true"), ("PATH", "")],
            "token.missing",
            "BUILDKITE_JOB_ID",
        ),
        (
            &[("CF_BUILD_ID", "1")],
            "token.missing",
            "AUDIENCE: sigstore",
        ),
        (
            &[("TF_BUILD", "True")],
            "token.missing",
            "$(System.AccessToken)",
        ),
    ] {
        let output = it
            .command(["whoami"])
            .envs(variables.iter().copied())
            .output()
            .unwrap();
        refused(&output, 5, code, hint);
    }

    let mut command = it.command(["whoami", "--offline"]);
    as_github(&mut command, &served);
    let offline = command.output().unwrap();
    assert_eq!(Some(2), offline.status.code());
    assert!(text(&offline.stderr).contains("leave out --offline"));

    let mut command = it.command(["whoami"]);
    as_github(&mut command, &served);
    command.env("ACTIONS_ID_TOKEN_REQUEST_TOKEN", served.token());
    refused(&command.output().unwrap(), 5, "token.refused", "status 401");

    let mut command = it.command(["whoami"]);
    as_github(&mut command, &served);
    command.env(
        "ACTIONS_ID_TOKEN_REQUEST_URL",
        "http://localhost:1/token?a=b",
    );
    refused(
        &command.output().unwrap(),
        4,
        "transport.connection",
        "try again later",
    );
}

#[test]
fn asks_again_where_a_platform_is_in_trouble() {
    let it = Folder::new();
    let served = Served::new(&it);
    let job = shape::github("o/r", "release.yml", "refs/heads/main");
    let token = served.instance.oidc().mint(job);
    let asked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    let answer = move || async move {
        match count.fetch_add(1, Ordering::SeqCst) {
            0 => (StatusCode::SERVICE_UNAVAILABLE, String::new()),
            1 => (StatusCode::TOO_MANY_REQUESTS, String::new()),
            _ => (StatusCode::OK, format!(r#"{{"value":"{token}"}}"#)),
        }
    };
    let router = Router::new().route("/token", get(answer));
    let _inside = served.runtime.enter();
    let listener = served
        .runtime
        .block_on(tokio::net::TcpListener::bind("127.0.0.1:0"))
        .unwrap();
    let host = listener.local_addr().unwrap();
    served
        .runtime
        .spawn(async move { axum::serve(listener, router).await });

    let mut command = whoami(&it);
    as_github(&mut command, &served);
    let url = format!("http://{host}/token?a=b");
    let output = command
        .env("ACTIONS_ID_TOKEN_REQUEST_URL", url)
        .output()
        .unwrap();

    assert_eq!(WORKFLOW, json(&output)["subject"]);
    assert_eq!(3, asked.load(Ordering::SeqCst));
}

// S2
#[test]
fn rejects_tokens_for_others_and_of_the_past() {
    let it = Folder::new();
    let served = Served::new(&it);
    let token = |name: &str, value: serde_json::Value| {
        let mut claims = shape::email("jane@example.com");
        claims.insert(name.to_owned(), value);
        served.instance.oidc().mint(claims)
    };

    for (token, code, hint) in [
        (
            token("aud", "other".into()),
            "token.audience",
            "SIGSTORE_ID_TOKEN: { aud: sigstore }",
        ),
        (
            token("exp", 1_000_000_000.into()),
            "token.expired",
            "get a new one",
        ),
    ] {
        let mut command = it.command(["whoami"]);
        refused(
            &command.env("SIGSTORE_ID_TOKEN", &token).output().unwrap(),
            5,
            code,
            hint,
        );
        it.write("token", &token);
        let output = it.run(["whoami", "--identity-token", "token"]);
        assert_eq!(Some(5), output.status.code());
    }
}

#[test]
fn says_which_of_two_platforms_was_asked() {
    let it = Folder::new();
    let served = Served::new(&it);
    let mut command = whoami(&it);
    as_github(&mut command, &served);

    let output = command
        .env("GCE_METADATA_HOST", "localhost:1")
        .output()
        .unwrap();

    assert_eq!("github", json(&output)["provider"]);
    let want = "sigsign: warning: asking GitHub Actions for the identity token; Google Cloud could \
                give one too: --oidc-provider google-cloud\n";
    assert_eq!(want, text(&output.stderr));
}

/// A program as a platform puts it into its jobs: it checks how it is called.
fn install(folder: &Folder, name: &str, arguments: &str, token: &str) {
    let script = format!(
        "#!/bin/sh\n[ \"$*\" = '{arguments}' ] || {{ echo \"called with $*\" >&2; exit 1; }}\n\
         echo '{token}'\n"
    );
    folder.write(name, &script);
    let mode = std::fs::Permissions::from_mode(0o755);
    std::fs::set_permissions(folder.path(name), mode).unwrap();
}

#[test]
fn accepts_the_programs_of_circleci_and_buildkite() {
    let it = Folder::new();
    let served = Served::new(&it);
    let token = served.token();
    let oidc = r#"run oidc get --claims {"aud":"sigstore"} --root-issuer"#;
    install(&it, "circleci", oidc, &token);
    let request = "oidc request-token --audience sigstore";
    install(&it, "buildkite-agent", request, &token);

    for (variable, name) in [("CIRCLECI", "circleci"), ("BUILDKITE", "buildkite")] {
        let mut command = whoami(&it);
        command.env(variable, "true").env("PATH", it.path(""));
        assert_eq!(name, json(&command.output().unwrap())["provider"]);
    }

    let mut command = it.command(["whoami", "--audience", "other"]);
    command.env("CIRCLECI", "true").env("PATH", it.path(""));
    let output = command.output().unwrap();
    refused(
        &output,
        5,
        "token.program",
        r#"called with run oidc get --claims {"aud":"other"}"#,
    );
}

/// The Workload API of SPIFFE on a socket: gRPC, with `token` for whoever asks in its terms.
fn serve_workload_api(served: &Served, socket: &Path, token: String) {
    let answer = move |headers: HeaderMap, body: Bytes| async move {
        assert_eq!("true", headers["workload.spiffe.io"]);
        assert_eq!(&b"\0\0\0\0\x0a\x0a\x08sigstore"[..], &body[..]);
        let mut message = field(2, token.as_bytes());
        message = field(1, &message);
        let length = u32::try_from(message.len()).unwrap().to_be_bytes();
        let frame = [&[0], &length[..], &message].concat();
        ([("content-type", "application/grpc")], frame)
    };
    let router = Router::new().route("/SpiffeWorkloadAPI/FetchJWTSVID", post(answer));
    let _inside = served.runtime.enter();
    let listener = tokio::net::UnixListener::bind(socket).unwrap();
    served
        .runtime
        .spawn(async move { axum::serve(listener, router).await });
}

/// A field of bytes in Protocol Buffers, of less than 2^14 bytes.
pub(crate) fn field(number: u8, value: &[u8]) -> Vec<u8> {
    let length = u16::try_from(value.len()).unwrap();
    let [low, high] = [length & 0x7f | 0x80, length >> 7].map(|it| u8::try_from(it).unwrap());
    [&[number << 3 | 2, low, high], value].concat()
}

#[test]
fn accepts_the_identity_of_a_workload() {
    let it = Folder::new();
    let served = Served::new(&it);
    let workload = shape::subject("spiffe://example.org/build");
    let token = served.instance.oidc().mint(workload);
    serve_workload_api(&served, &it.path("api.sock"), token);

    let socket = format!("unix://{}", it.path("api.sock").display());
    let output = whoami(&it)
        .env("SPIFFE_ENDPOINT_SOCKET", socket)
        .output()
        .unwrap();

    let shown = json(&output);
    assert_eq!("spiffe://example.org/build", shown["subject"]);
    assert_eq!("spiffe", shown["provider"]);
}

#[test]
fn accepts_the_service_account_of_a_machine() {
    let it = Folder::new();
    let served = Served::new(&it);
    let account = shape::email("builder@example.iam.gserviceaccount.com");
    let token = served.instance.oidc().mint(account);
    let identity = move |headers: HeaderMap, query: axum::extract::RawQuery| async move {
        assert_eq!("Google", headers["metadata-flavor"]);
        assert_eq!(Some("audience=sigstore&format=full"), query.0.as_deref());
        token
    };
    let path = "/computeMetadata/v1/instance/service-accounts/default/identity";
    let router = Router::new().route(path, get(identity));
    let _inside = served.runtime.enter();
    let listener = served
        .runtime
        .block_on(tokio::net::TcpListener::bind("127.0.0.1:0"))
        .unwrap();
    let host = listener.local_addr().unwrap().to_string();
    served
        .runtime
        .spawn(async move { axum::serve(listener, router).await });

    let output = whoami(&it).env("GCE_METADATA_HOST", host).output().unwrap();

    assert_eq!("google-cloud", json(&output)["provider"]);
}
