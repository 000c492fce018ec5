use std::collections::HashMap;
use std::sync::Mutex;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use futures_util::FutureExt as _;

use super::*;
use crate::oidc::TokenError;
use crate::transport::{Pending, Request, Response};

/// A platform as its documentation describes it, without the platform.
#[derive(Default)]
struct Platform {
    variables: HashMap<&'static str, String>,
    files: HashMap<&'static str, Vec<u8>>,
    /// What each program leaves; one that is not here is not installed.
    programs: HashMap<&'static str, Option<Finished>>,
    answers: Mutex<Vec<Result<Response, TransportError>>>,
    asked: Mutex<Vec<String>>,
}

impl Platform {
    fn with(variables: &[(&'static str, &str)]) -> Self {
        let variables = variables
            .iter()
            .map(|&(name, value)| (name, value.to_owned()));
        Self {
            variables: variables.collect(),
            ..Self::default()
        }
    }

    fn answer(self, status: u16, body: impl Into<Vec<u8>>) -> Self {
        let answer = Response::new(status, body.into());
        self.answers.lock().unwrap().push(Ok(answer));
        self
    }

    fn fail(self, problem: TransportError) -> Self {
        self.answers.lock().unwrap().push(Err(problem));
        self
    }

    fn file(mut self, path: &'static str, text: &str) -> Self {
        self.files.insert(path, text.as_bytes().to_vec());
        self
    }

    fn program(mut self, name: &'static str, success: bool, output: &str) -> Self {
        let finished = Finished {
            success,
            output: Zeroizing::new(output.to_owned()),
            complaint: format!("first\n{output}\n\n"),
        };
        self.programs.insert(name, Some(finished));
        self
    }

    fn token(&self) -> Result<IdentityToken, AmbientError> {
        let ambient = Ambient::detect(self, self)?;
        ambient.token("sigstore", NOW).now_or_never().unwrap()
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

impl Surroundings for Platform {
    fn variable(&self, name: &str) -> Option<String> {
        self.variables.get(name).cloned()
    }

    fn file(&self, path: &str) -> Option<Vec<u8>> {
        self.files.get(path).cloned()
    }

    fn start(&self, program: &str, arguments: &[&str]) -> io::Result<Box<dyn Process>> {
        let line = format!("{program} {}", arguments.join(" "));
        self.asked.lock().unwrap().push(line);
        let finished = self.programs.get(program).cloned();
        let finished = finished.ok_or(io::ErrorKind::NotFound)?;
        Ok(Box::new(Left(finished)))
    }

    fn socket(&self, address: &str) -> Result<Box<dyn Transport>, TransportError> {
        self.asked.lock().unwrap().push(address.to_owned());
        let answers = std::mem::take(&mut *self.answers.lock().unwrap());
        Ok(Box::new(Self {
            answers: Mutex::new(answers),
            ..Self::default()
        }))
    }
}

struct Left(Option<Finished>);

impl Process for Left {
    fn poll(&mut self) -> Option<Finished> {
        self.0.clone()
    }
}

impl Transport for Platform {
    fn send<'a>(&'a self, request: &'a Request) -> Pending<'a, Result<Response, TransportError>> {
        let headers = request.headers();
        let headers = headers.filter(|(name, _)| *name != "accept" && *name != "content-type");
        let headers: Vec<String> = headers
            .map(|(name, value)| format!("{name}: {value}"))
            .collect();
        let body = String::from_utf8_lossy(request.body());
        let line = [request.url(), &headers.join(", "), &body].join(" | ");
        self.asked.lock().unwrap().push(line);
        let mut answers = self.answers.lock().unwrap();
        // The last answer stays: a service that fails goes on failing.
        let answer = match answers.len() {
            0 => panic!("nobody should be asked"),
            1 => answers[0].clone(),
            _ => answers.remove(0),
        };
        Box::pin(std::future::ready(answer))
    }

    fn wait(&self, _: Duration) -> Pending<'_, ()> {
        Box::pin(std::future::ready(()))
    }
}

const NOW: Timestamp = Timestamp::from_unix_seconds(1000);

fn jwt(audience: &str, expires: i64) -> String {
    let claims =
        format!(r#"{{"iss":"https://i.example","sub":"s","aud":"{audience}","exp":{expires}}}"#);
    format!("e30.{}.c2ln", URL_SAFE_NO_PAD.encode(claims))
}

fn good() -> String {
    jwt("sigstore", 1300)
}

fn github() -> Platform {
    Platform::with(&[
        ("GITHUB_ACTIONS", "true"),
        (
            "ACTIONS_ID_TOKEN_REQUEST_URL",
            "https://run.example/t?api-version=2.0",
        ),
        ("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "secret"),
    ])
}

fn value(token: &str) -> String {
    format!(r#"{{"count":1,"value":"{token}"}}"#)
}

fn buildkite() -> Platform {
    Platform::with(&[
        ("BUILDKITE", "true"),
        ("BUILDKITE_JOB_ID", "job/1"),
        ("BUILDKITE_AGENT_ACCESS_TOKEN", "secret"),
    ])
}

fn azure() -> Platform {
    Platform::with(&[
        ("TF_BUILD", "True"),
        ("SYSTEM_OIDCREQUESTURI", "https://dev.example/oidctoken"),
        ("SYSTEM_ACCESSTOKEN", "secret"),
    ])
}

fn spiffe_answer(token: &str) -> Vec<u8> {
    let length = |it: usize| u8::try_from(it).unwrap();
    let (low, high) = (token.len() & 0x7f | 0x80, token.len() >> 7);
    let identity = [&[0x12, length(low), length(high)], token.as_bytes()].concat();
    let (low, high) = (identity.len() & 0x7f | 0x80, identity.len() >> 7);
    let message = [&[0x0a, length(low), length(high)], &identity[..]].concat();
    let frame = u32::try_from(message.len()).unwrap().to_be_bytes();
    [&[0], &frame[..], &message].concat()
}

const KUBERNETES: &str = "/var/run/sigstore/cosign/oidc-token";

/// Each platform with a token to give, and what it is asked.
fn platforms() -> Vec<(Provider, Platform, &'static str)> {
    let token = &*good();
    vec![
        (
            Provider::Environment,
            Platform::with(&[("SIGSTORE_ID_TOKEN", token)]),
            "",
        ),
        (
            Provider::GitHub,
            github().answer(200, value(token)),
            "https://run.example/t?api-version=2.0&audience=sigstore | authorization: Bearer secret | ",
        ),
        (
            Provider::CircleCi,
            Platform::with(&[("CIRCLECI", "true")]).program("circleci", true, token),
            r#"circleci run oidc get --claims {"aud":"sigstore"} --root-issuer"#,
        ),
        (
            Provider::Buildkite,
            Platform::with(&[("BUILDKITE", "true")]).program("buildkite-agent", true, token),
            "buildkite-agent oidc request-token --audience sigstore",
        ),
        (
            Provider::Codefresh,
            Platform::with(&[("CF_BUILD_ID", "1"), ("ID_TOKEN", token)]),
            "",
        ),
        (
            Provider::AzurePipelines,
            azure().answer(200, format!(r#"{{"oidcToken":"{token}"}}"#)),
            "https://dev.example/oidctoken?api-version=7.1 | authorization: Bearer secret | ",
        ),
        (
            Provider::Kubernetes,
            Platform::default().file(KUBERNETES, token),
            "",
        ),
        (
            Provider::Spiffe,
            Platform::with(&[("SPIFFE_ENDPOINT_SOCKET", "unix:///run/s.sock")])
                .answer(200, spiffe_answer(token)),
            "unix:///run/s.sock",
        ),
        (
            Provider::GoogleCloud,
            Platform::default()
                .file("/sys/class/dmi/id/product_name", "Google Compute Engine\n")
                .answer(200, token),
            "http://metadata.google.internal/computeMetadata/v1/instance/service-accounts/default/\
             identity?audience=sigstore&format=full | metadata-flavor: Google | ",
        ),
    ]
}

#[test]
fn accepts_the_token_of_each_platform() {
    for (provider, platform, asked) in platforms() {
        let ambient = Ambient::detect(&platform, &platform).unwrap();
        assert_eq!((provider, 0), (ambient.provider(), ambient.others().len()));

        let token = ambient.token("sigstore", NOW).now_or_never().unwrap();

        assert_eq!("https://i.example", token.unwrap().issuer(), "{provider}");
        assert_eq!(asked, platform.asked().join("\n"), "{provider}");
    }
}

// GitLab hands its token over in the same variable as anybody.
#[test]
fn accepts_the_variable_of_gitlab_before_gitlab() {
    let platform = Platform::with(&[("GITLAB_CI", "true"), ("SIGSTORE_ID_TOKEN", &good())]);

    let ambient = Ambient::detect(&platform, &platform).unwrap();

    assert_eq!(Provider::Environment, ambient.provider());
    assert_eq!([Provider::GitLab], ambient.others());
}

#[test]
fn rejects_a_job_without_permission_and_says_which() {
    for (platform, want) in [
        (
            Platform::with(&[("GITHUB_ACTIONS", "true")]),
            "`id-token: write`",
        ),
        (
            Platform::with(&[("GITLAB_CI", "true")]),
            "`SIGSTORE_ID_TOKEN:`",
        ),
        (Platform::with(&[("CIRCLECI", "true")]), "program circleci"),
        (Platform::with(&[("BUILDKITE", "true")]), "buildkite-agent"),
        (
            Platform::with(&[("CF_BUILD_ID", "1")]),
            "`obtain-oidc-id-token`",
        ),
        (
            Platform::with(&[("TF_BUILD", "True")]),
            "SYSTEM_ACCESSTOKEN",
        ),
        (
            Platform::with(&[("SPIFFE_ENDPOINT_SOCKET", "unix:///x")]).answer(200, ""),
            "a registration of this workload",
        ),
        (
            Platform::with(&[("GCE_METADATA_HOST", "127.0.0.1:1")]).answer(404, "no"),
            "a service account",
        ),
    ] {
        let error = platform.token().unwrap_err();

        assert_eq!("token.missing", error.code(), "{error}");
        assert!(error.to_string().contains(want), "{error}");
    }
}

// A runner in a cloud must not sign as the machine because its job may not sign.
#[test]
fn rejects_rather_than_ask_the_next_platform() {
    let mut platform = Platform::with(&[("GITHUB_ACTIONS", "true")]).file(KUBERNETES, &good());
    platform
        .variables
        .insert("GCE_METADATA_HOST", "127.0.0.1:1".to_owned());

    let ambient = Ambient::detect(&platform, &platform).unwrap();
    assert_eq!(
        [Provider::Kubernetes, Provider::GoogleCloud],
        ambient.others()
    );
    let error = ambient.token("sigstore", NOW).now_or_never().unwrap();

    assert_eq!("token.missing", error.unwrap_err().code());
    let forced = Ambient::of(Provider::Kubernetes, &platform, &platform);
    assert!(
        forced
            .token("sigstore", NOW)
            .now_or_never()
            .unwrap()
            .is_ok()
    );
}

#[test]
fn rejects_where_nothing_is() {
    for (variables, in_job) in [
        (&[][..], false),
        (&[("CI", "true")], true),
        (&[("CI", "false")], false),
        (&[("JENKINS_URL", "https://j.example")], true),
    ] {
        let platform = Platform::with(variables);

        let error = platform.token().unwrap_err();

        assert_eq!(AmbientError::None { in_job }, error);
    }
}

// S2
#[test]
fn rejects_tokens_for_others_or_of_the_past_on_each_platform() {
    for (token, code) in [
        (jwt("other", 1300), "token.audience"),
        (jwt("sigstore", 1000), "token.expired"),
        ("not a token".to_owned(), "token.form"),
    ] {
        let grpc = spiffe_answer(&format!("{token:<140}"));
        for platform in [
            Platform::with(&[("SIGSTORE_ID_TOKEN", &token)]),
            github().answer(200, value(&token)),
            Platform::with(&[("CIRCLECI", "true")]).program("circleci", true, &token),
            buildkite().answer(200, format!(r#"{{"token":"{token}"}}"#)),
            Platform::with(&[("CF_BUILD_ID", "1"), ("ID_TOKEN", &token)]),
            azure().answer(200, format!(r#"{{"oidcToken":"{token}"}}"#)),
            Platform::default().file(KUBERNETES, &token),
            Platform::with(&[("SPIFFE_ENDPOINT_SOCKET", "unix:///x")]).answer(200, grpc),
            Platform::with(&[("GCE_METADATA_HOST", "127.0.0.1:1")]).answer(200, &*token),
        ] {
            let error = platform.token().unwrap_err();

            assert_eq!(code, error.code(), "{error}");
        }
    }
}

#[test]
fn asks_again_for_a_token_that_is_nearly_over() {
    let platform = github()
        .answer(200, value(&jwt("sigstore", 1059)))
        .answer(200, value(&jwt("sigstore", 1060)));

    let token = platform.token().unwrap();

    assert_eq!(1060, token.expires().unix_seconds());
    assert_eq!(2, platform.asked().len());
    let stubborn = github().answer(200, value(&jwt("sigstore", 1059)));
    assert!(stubborn.token().is_ok());
    assert_eq!(2, stubborn.asked().len());
}

#[test]
fn escapes_the_audience() {
    let platform = github().answer(200, value(&jwt("a&b=c d", 1300)));

    let ambient = Ambient::detect(&platform, &platform).unwrap();
    let token = ambient.token("a&b=c d", NOW).now_or_never().unwrap();

    assert!(token.is_ok());
    assert!(platform.asked()[0].contains("&audience=a%26b%3Dc%20d |"));
}

#[test]
fn asks_the_agent_of_buildkite_where_it_has_no_program() {
    let platform = buildkite().answer(200, format!(r#"{{"token":"{}"}}"#, good()));

    assert!(platform.token().is_ok());

    let want = "https://agent.buildkite.com/v3/jobs/job%2F1/oidc/tokens | authorization: Token \
                secret | {\"audience\":\"sigstore\"}";
    assert_eq!(want, platform.asked()[1]);
}

#[test]
fn rejects_what_services_say_no_to_or_answer_badly() {
    let refused = github()
        .answer(403, r#"{"message":"not today"}"#)
        .token()
        .unwrap_err();
    assert_eq!(
        "GitHub Actions refuses an identity token with status 403: not today",
        refused.to_string()
    );
    assert!(!refused.is_passing());
    assert!(github().answer(503, "").token().unwrap_err().is_passing());

    for body in [
        "",
        "{}",
        "[]",
        r#"{"value":7}"#,
        r#"{"value":"a","value":"b"}"#,
    ] {
        let error = github().answer(200, body).token().unwrap_err();
        assert_eq!("token.answer", error.code(), "{body}");
    }

    let limit = Duration::from_secs(10);
    let slow = github().fail(TransportError::Timeout { limit });
    let error = slow.token().unwrap_err();
    assert_eq!(
        ("transport.timeout", true),
        (error.code(), error.is_passing())
    );
    assert_eq!(1, slow.asked().len());
}

#[test]
fn rejects_programs_that_fail_or_never_end() {
    let failing = Platform::with(&[("CIRCLECI", "true")]).program("circleci", false, "no such job");
    let error = failing.token().unwrap_err();
    let want = "circleci of CircleCI gives no identity token: no such job";
    assert_eq!(("token.program", want), (error.code(), &*error.to_string()));

    let mut endless = Platform::with(&[("BUILDKITE", "true")]);
    endless.programs.insert("buildkite-agent", None);
    assert_eq!("token.slow", endless.token().unwrap_err().code());
}

// S12
#[test]
fn shows_nothing_of_a_token() {
    let finished = Finished {
        success: true,
        output: Zeroizing::new("secret".to_owned()),
        complaint: String::new(),
    };
    assert!(!format!("{finished:?}").contains("secret"));

    let error = TokenError::Form;
    let provider = Provider::GitHub;
    let shown = AmbientError::Token {
        provider,
        problem: error,
    };
    assert_eq!(
        "identity token of GitHub Actions cannot be used",
        shown.to_string()
    );
}
