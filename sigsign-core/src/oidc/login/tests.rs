use std::sync::Mutex;
use std::time::Duration;

use serde_json::{Value, json};

use super::*;
use crate::oidc::TokenError;
use crate::transport::{Method, Pending, TransportError, blocking};

const ISSUER: &str = "https://issuer.example";
const REDIRECT: &str = "http://localhost:1234/auth/callback";

type Answers = Vec<Result<(u16, Value), TransportError>>;

/// An issuer that answers from a list, and remembers what it was asked.
struct Script {
    answers: Mutex<Answers>,
    asked: Mutex<Vec<(String, String)>>,
    waits: Mutex<Vec<Duration>>,
}

impl Script {
    fn new(mut answers: Answers) -> Self {
        answers.reverse();
        Self {
            answers: Mutex::new(answers),
            asked: Mutex::default(),
            waits: Mutex::default(),
        }
    }

    fn client(&self) -> Client {
        blocking::run(Client::discover(ISSUER, "sigstore", self))
            .unwrap()
            .unwrap()
    }
}

impl Transport for Script {
    fn send<'a>(&'a self, request: &'a Request) -> Pending<'a, Result<Response, TransportError>> {
        let body = String::from_utf8(request.body().to_vec()).unwrap();
        let url = request.url().to_owned();
        assert_eq!(request.method() == Method::Get, body.is_empty());
        self.asked.lock().unwrap().push((url, body));
        let answer = self
            .answers
            .lock()
            .unwrap()
            .pop()
            .expect("a question too many");
        Box::pin(async move {
            answer.map(|(status, body)| Response::new(status, body.to_string().into_bytes()))
        })
    }

    fn wait(&self, time: Duration) -> Pending<'_, ()> {
        self.waits.lock().unwrap().push(time);
        Box::pin(async {})
    }
}

fn discovery() -> Value {
    json!({
        "issuer": ISSUER,
        "authorization_endpoint": format!("{ISSUER}/auth?x=y"),
        "token_endpoint": format!("{ISSUER}/token"),
        "device_authorization_endpoint": format!("{ISSUER}/device"),
        "jwks_uri": format!("{ISSUER}/keys"),
    })
}

fn ok(body: Value) -> Result<(u16, Value), TransportError> {
    Ok((200, body))
}

fn no(error: &str) -> Result<(u16, Value), TransportError> {
    Ok((
        400,
        json!({ "error": error, "error_description": "because" }),
    ))
}

fn now() -> Timestamp {
    Timestamp::from_unix_seconds(1_800_000_000)
}

fn claims(nonce: &str) -> Value {
    json!({
        "iss": ISSUER, "aud": "sigstore", "exp": 1_800_000_060, "sub": "1",
        "email": "jane@example.com", "email_verified": true, "nonce": nonce,
    })
}

fn jwt(claims: &Value) -> Value {
    let part = |text: &str| URL_SAFE_NO_PAD.encode(text);
    let text = format!(
        "{}.{}.c2ln",
        part(r#"{"alg":"ES256"}"#),
        part(&claims.to_string())
    );
    json!({ "access_token": "a", "id_token": text, "token_type": "Bearer" })
}

/// A login whose issuer answers with what `answer` makes of its nonce.
fn finish(
    query: impl FnOnce(&BrowserLogin) -> String,
    answer: impl FnOnce(&str) -> Result<(u16, Value), TransportError>,
) -> Result<IdentityToken, LoginError> {
    let login = Script::new(vec![ok(discovery())])
        .client()
        .in_browser(REDIRECT)
        .unwrap();
    let script = Script::new(vec![answer(&login.nonce)]);
    blocking::run(login.finish(&query(&login), &script, now())).unwrap()
}

fn good(login: &BrowserLogin) -> String {
    format!(
        "code=a%2Bb&state={}&iss=https%3A%2F%2Fissuer.example",
        login.state
    )
}

fn refused(answer: impl FnOnce(&str) -> Value) -> LoginError {
    finish(good, |nonce| ok(answer(nonce))).unwrap_err()
}

#[test]
fn accepts_a_login_in_a_browser() {
    let token = finish(good, |nonce| ok(jwt(&claims(nonce)))).unwrap();

    assert_eq!("jane@example.com", token.subjects()[0]);
}

// RFC 7636 4.1 to 4.3; RFC 6749 4.1.1, 4.1.3
#[test]
fn asks_with_a_challenge_and_answers_with_what_it_was_made_from() {
    let script = Script::new(vec![ok(discovery())]);
    let login = script.client().in_browser(REDIRECT).unwrap();
    let other = script.asked.lock().unwrap()[0].0.clone();
    assert_eq!(format!("{ISSUER}/.well-known/openid-configuration"), other);
    let url = login.url();
    let exchange = Script::new(vec![ok(jwt(&claims(&login.nonce)))]);
    blocking::run(login.finish(&good(&login), &exchange, now()))
        .unwrap()
        .unwrap();

    let (place, query) = url.split_once("?x=y&").unwrap();
    assert_eq!(format!("{ISSUER}/auth"), place);
    let challenge = login.verifier.challenge();
    let want = [
        "response_type=code".to_owned(),
        "client_id=sigstore".to_owned(),
        "redirect_uri=http%3A%2F%2Flocalhost%3A1234%2Fauth%2Fcallback".to_owned(),
        "scope=openid%20email".to_owned(),
        format!("state={}", login.state),
        format!("nonce={}", login.nonce),
        format!("code_challenge={challenge}"),
        "code_challenge_method=S256".to_owned(),
    ];
    assert_eq!(want.join("&"), query);
    let (place, body) = exchange.asked.lock().unwrap()[0].clone();
    assert_eq!(format!("{ISSUER}/token"), place);
    let verifier = &*login.verifier.0;
    let want = format!(
        "grant_type=authorization_code&code=a%2Bb&redirect_uri=http%3A%2F%2Flocalhost%3A1234%2F\
         auth%2Fcallback&client_id=sigstore&code_verifier={verifier}"
    );
    assert_eq!(want, body);
    assert_eq!(43, verifier.len());
    assert!(!url.contains(verifier));
}

// RFC 7636, appendix B
#[test]
fn makes_the_challenge_of_the_example() {
    let verifier = Verifier(
        "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
            .to_owned()
            .into(),
    );

    assert_eq!(
        "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
        verifier.challenge()
    );
}

#[test]
fn asks_no_two_logins_alike() {
    let client = Script::new(vec![ok(discovery())]).client();
    let (one, two) = (
        client.in_browser(REDIRECT).unwrap(),
        client.in_browser(REDIRECT).unwrap(),
    );

    assert_ne!(one.state, two.state);
    assert_ne!(one.nonce, two.nonce);
    assert_ne!(*one.verifier.0, *two.verifier.0);
    assert_ne!(one.state, one.nonce);
}

#[test]
fn rejects_what_comes_back_from_another_login() {
    for query in [
        "code=a&state=other".to_owned(),
        "code=a".to_owned(),
        "error=access_denied&state=other".to_owned(),
        String::new(),
    ] {
        let login = Script::new(vec![ok(discovery())])
            .client()
            .in_browser(REDIRECT)
            .unwrap();
        let script = Script::new(vec![]);
        let error = blocking::run(login.finish(&query, &script, now()))
            .unwrap()
            .unwrap_err();
        assert_eq!(LoginError::State, error, "{query}");
    }
}

#[test]
fn rejects_answers_in_the_query_by_their_kind() {
    let find = |rest: &str| {
        let login = Script::new(vec![ok(discovery())])
            .client()
            .in_browser(REDIRECT)
            .unwrap();
        let query = format!("state={}&{rest}", login.state);
        blocking::run(login.finish(&query, &Script::new(vec![]), now()))
            .unwrap()
            .unwrap_err()
    };

    let message = "no way".to_owned();
    assert_eq!(
        LoginError::Denied {
            message: message.clone()
        },
        find("error=access_denied&error_description=no+way")
    );
    let error = "server_error".to_owned();
    assert_eq!(
        LoginError::Refused { error, message },
        find("error=server_error&error_description=no%20way&code=a")
    );
    let (want, found) = (ISSUER.to_owned(), "https://evil.example".to_owned());
    assert_eq!(
        LoginError::Issuer { want, found },
        find("code=a&iss=https://evil.example")
    );
    for rest in ["", "code=a&code=b", "state=x&code=a", "code=%ff"] {
        assert_eq!("login.answer", find(rest).code(), "{rest}");
    }
}

#[test]
fn rejects_tokens_of_other_logins_issuers_programs_and_times() {
    assert_eq!(LoginError::Nonce, refused(|_| jwt(&claims("other"))));
    let change = |name: &'static str, value: Value| {
        refused(move |nonce| {
            let mut claims = claims(nonce);
            claims[name] = value;
            jwt(&claims)
        })
    };
    assert_eq!(LoginError::Nonce, change("nonce", Value::Null));
    assert_eq!(
        "login.issuer",
        change("iss", json!("https://issuer.example/")).code()
    );
    let error = change("aud", json!("other"));
    assert!(matches!(
        error,
        LoginError::Token(TokenError::Audience { .. })
    ));
    let error = change("exp", json!(1_799_999_000));
    assert!(matches!(
        error,
        LoginError::Token(TokenError::Expired { .. })
    ));
}

#[test]
fn rejects_answers_without_a_token() {
    for answer in [
        json!({}),
        json!([]),
        json!({ "id_token": 1 }),
        json!({ "access_token": "a" }),
    ] {
        assert_eq!("login.answer", refused(|_| answer).code());
    }
    assert_eq!(
        "token.form",
        refused(|_| json!({ "id_token": "a.b" })).code()
    );
    let error = finish(good, |_| no("invalid_grant")).unwrap_err();
    let message = "because".to_owned();
    let error_name = "invalid_grant".to_owned();
    assert_eq!(
        LoginError::Refused {
            error: error_name,
            message
        },
        error
    );
    let error = finish(good, |_| Ok((400, json!("teapot")))).unwrap_err();
    assert!(error.to_string().contains("status 400"));
}

#[test]
fn rejects_issuers_that_describe_somebody_else() {
    let change = |name: &str, value: Value| {
        let mut description = discovery();
        description[name] = value;
        let script = Script::new(vec![ok(description)]);
        blocking::run(Client::discover(ISSUER, "sigstore", &script))
            .unwrap()
            .unwrap_err()
    };
    for (name, value, found) in [
        (
            "issuer",
            json!("https://issuer.example/"),
            "one of https://issuer.example/",
        ),
        ("issuer", Value::Null, "something else"),
        ("token_endpoint", Value::Null, "something else"),
        (
            "token_endpoint",
            json!("http://issuer.example/token"),
            "http://issuer.example/token",
        ),
        (
            "authorization_endpoint",
            json!("file:///etc/passwd"),
            "file:///etc/passwd",
        ),
        (
            "authorization_endpoint",
            json!("javascript:alert(1)"),
            "javascript:alert(1)",
        ),
        (
            "authorization_endpoint",
            json!("https://a.example/ --new-window"),
            "https://a.example/ --new-window",
        ),
        (
            "authorization_endpoint",
            json!("https://a.example/\"&calc"),
            "https://a.example/\"&calc",
        ),
        (
            "device_authorization_endpoint",
            json!("https://"),
            "https://",
        ),
    ] {
        let error = change(name, value.clone());

        assert_eq!("login.discovery", error.code(), "{name} {value}");
        assert!(error.to_string().ends_with(&format!("found {found}")));
    }
    for status in [302, 404] {
        let script = Script::new(vec![Ok((status, json!({})))]);
        let error = blocking::run(Client::discover(ISSUER, "sigstore", &script)).unwrap();
        let error = error.unwrap_err();
        assert_eq!("login.discovery", error.code());
        assert!(
            error
                .to_string()
                .ends_with(&format!("found status {status}"))
        );
    }
}

fn device() -> Value {
    json!({
        "device_code": "secret", "user_code": "BCDF-GHJK", "expires_in": 60, "interval": 2,
        "verification_uri": format!("{ISSUER}/go"),
        "verification_uri_complete": format!("{ISSUER}/go?user_code=BCDF-GHJK"),
    })
}

/// A login on a device whose issuer answers so; with the waits.
fn on_device(answers: Answers) -> (Result<IdentityToken, LoginError>, Vec<Duration>) {
    let mut all = vec![ok(discovery()), ok(device())];
    all.extend(answers);
    let script = Script::new(all);
    let client = script.client();
    let done = blocking::run(async {
        let login = client.on_device(&script).await?;
        assert_eq!("BCDF-GHJK", login.user_code());
        login.finish(&script, now).await
    });
    let waits = script.waits.lock().unwrap().clone();
    (done.unwrap(), waits)
}

// RFC 8628 3.5
#[test]
fn accepts_a_login_on_a_device_with_patience() {
    let answers = vec![
        no("authorization_pending"),
        no("slow_down"),
        no("authorization_pending"),
        ok(jwt(&claims("none"))),
    ];

    let (token, waits) = on_device(answers);

    assert_eq!("jane@example.com", token.unwrap().subjects()[0]);
    assert_eq!([2, 2, 7, 7].map(Duration::from_secs), *waits);
}

#[test]
fn rejects_logins_on_devices_by_their_kind() {
    let message = "because".to_owned();
    assert_eq!(
        LoginError::Denied { message },
        on_device(vec![no("access_denied")]).0.unwrap_err()
    );
    assert_eq!(
        LoginError::Expired,
        on_device(vec![no("expired_token")]).0.unwrap_err()
    );
    // Nobody comes: as many questions as fit into the time, and no more.
    let pending = (0..30).map(|_| no("authorization_pending")).collect();
    let (error, waits) = on_device(pending);
    assert_eq!((LoginError::Expired, 30), (error.unwrap_err(), waits.len()));
    assert_eq!(
        "login.refused",
        on_device(vec![no("invalid_client")]).0.unwrap_err().code()
    );
    let mut claims = claims("none");
    claims["aud"] = json!("other");
    let error = on_device(vec![ok(jwt(&claims))]).0.unwrap_err();
    assert_eq!("token.audience", error.code());
}

#[test]
fn rejects_devices_that_an_issuer_does_not_offer_or_describes_badly() {
    let mut description = discovery();
    description["device_authorization_endpoint"] = Value::Null;
    let script = Script::new(vec![ok(description)]);
    let client = script.client();
    assert!(!client.has_devices());
    let error = blocking::run(client.on_device(&script))
        .unwrap()
        .unwrap_err();
    assert_eq!(LoginError::NoDevices, error);

    for (name, value) in [
        ("user_code", json!("")),
        ("user_code", json!("x".repeat(65))),
        ("verification_uri", json!("ftp://a.example")),
        ("verification_uri_complete", json!("javascript:x")),
        ("device_code", Value::Null),
        ("expires_in", json!(-1)),
    ] {
        let mut answer = device();
        answer[name] = value;
        let script = Script::new(vec![ok(discovery()), ok(answer)]);
        let client = script.client();
        let error = blocking::run(client.on_device(&script))
            .unwrap()
            .unwrap_err();
        assert_eq!("login.answer", error.code(), "{name}");
    }
}

// S12
#[test]
fn shows_no_secrets() {
    let client = Script::new(vec![ok(discovery())]).client();
    let login = client.in_browser(REDIRECT).unwrap();

    let shown = format!("{login:?}");

    assert!(!shown.contains(&login.state) && !shown.contains(&*login.verifier.0));
}
