use std::sync::Arc;

use axum::body::{Body, to_bytes};
use axum::http::{Request, StatusCode};
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;
use tower::ServiceExt as _;

use super::*;
use crate::instance::{Clock, Data, Faults, Keys};
use crate::key::sha256;

/// 2026-01-15T12:00:00Z
const NOW: i64 = 1_768_478_400;

const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";

struct Fixture {
    oidc: Arc<Oidc>,
    folder: std::path::PathBuf,
}

impl Drop for Fixture {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.folder).unwrap();
    }
}

fn fixture(name: &str) -> Fixture {
    let folder = std::env::temp_dir().join(format!("sigsign-oidc-{name}-{}", std::process::id()));
    let context = Context {
        clock: Clock::at(NOW),
        keys: Keys::new([7; 32]),
        data: Data::open(&folder).unwrap(),
        base_url: "http://localhost:7480".to_owned(),
        faults: Faults::default(),
    };
    let oidc = Oidc::open(Arc::new(context), Scheme::P256).unwrap();
    Fixture {
        oidc: Arc::new(oidc),
        folder,
    }
}

impl Fixture {
    async fn call(&self, request: Request<Body>) -> Response {
        let router = Arc::clone(&self.oidc).router();
        router.oneshot(request).await.unwrap()
    }

    async fn get(&self, path: &str) -> Response {
        let request = Request::get(path).body(Body::empty()).unwrap();
        self.call(request).await
    }

    async fn post(&self, path: &str, form: &str) -> Response {
        let request = Request::post(path)
            .header("content-type", "application/x-www-form-urlencoded")
            .body(Body::from(form.to_owned()))
            .unwrap();
        self.call(request).await
    }

    async fn token_error(&self, form: &str) -> String {
        let answer = self.post("/token", form).await;
        assert_eq!(StatusCode::BAD_REQUEST, answer.status());
        let json: Value = serde_json::from_str(&text(answer).await).unwrap();
        json["error"].as_str().unwrap().to_owned()
    }
}

async fn text(answer: Response) -> String {
    let bytes = to_bytes(answer.into_body(), 1 << 20).await.unwrap();
    String::from_utf8(bytes.to_vec()).unwrap()
}

fn authorize(changes: &[(&str, &str)]) -> String {
    let challenge = URL_SAFE_NO_PAD.encode(sha256(VERIFIER.as_bytes()));
    let mut fields = vec![
        ("response_type", "code"),
        ("client_id", "sigstore"),
        ("redirect_uri", "http://127.0.0.1:5000/back"),
        ("state", "s%26x"),
        ("nonce", "n"),
        ("code_challenge", challenge.as_str()),
        ("code_challenge_method", "S256"),
    ];
    for (name, value) in changes {
        fields.retain(|(it, _)| it != name);
        fields.push((name, value));
    }
    let fields: Vec<String> = fields.iter().map(|(k, v)| format!("{k}={v}")).collect();
    fields.join("&")
}

fn redeem(code: &str, verifier: &str) -> String {
    format!(
        "grant_type=authorization_code&code={code}&client_id=sigstore&code_verifier={verifier}\
         &redirect_uri=http://127.0.0.1:5000/back"
    )
}

async fn code(it: &Fixture) -> String {
    let form = format!("{}&answer=allow&email=jane%40example.com", authorize(&[]));
    let answer = it.post("/authorize", &form).await;
    assert_eq!(StatusCode::SEE_OTHER, answer.status());
    let place = answer.headers()["location"].to_str().unwrap();
    let rest = place
        .strip_prefix("http://127.0.0.1:5000/back?code=")
        .unwrap();
    rest.strip_suffix("&state=s%26x").unwrap().to_owned()
}

// RFC 7636 4
#[tokio::test]
async fn accepts_a_login_in_a_browser_once() {
    let it = fixture("browser");
    let page = it.get(&format!("/authorize?{}", authorize(&[]))).await;
    assert_eq!(StatusCode::OK, page.status());
    assert!(text(page).await.contains("<b>sigstore</b> wants to sign"));

    let code = code(&it).await;
    let answer = it.post("/token", &redeem(&code, VERIFIER)).await;

    assert_eq!(StatusCode::OK, answer.status());
    assert_eq!("no-store", answer.headers()["cache-control"]);
    let json: Value = serde_json::from_str(&text(answer).await).unwrap();
    let claims = it.oidc.keys().check(json["id_token"].as_str().unwrap());
    let claims = claims.unwrap();
    assert_eq!("jane@example.com", claims["email"]);
    assert_eq!(
        ("sigstore", "n"),
        (
            claims["aud"].as_str().unwrap(),
            claims["nonce"].as_str().unwrap()
        )
    );
    let again = it.token_error(&redeem(&code, VERIFIER)).await;
    assert_eq!("invalid_grant", again);
}

#[tokio::test]
async fn rejects_codes_with_another_verifier_place_or_time() {
    let it = fixture("grant");
    let other_place = |code: &str| redeem(code, VERIFIER).replace(":5000", ":5001");
    let other_client = |code: &str| redeem(code, VERIFIER).replace("sigstore", "other");
    for spoil in [
        &(|code: &str| redeem(code, "another")) as &dyn Fn(&str) -> String,
        &other_place,
        &other_client,
        &|_| redeem("guessed", VERIFIER),
    ] {
        let code = code(&it).await;

        assert_eq!("invalid_grant", it.token_error(&spoil(&code)).await);
    }
    let code = code(&it).await;
    it.oidc.context.clock.advance(300_000);
    let late = it.token_error(&redeem(&code, VERIFIER)).await;
    assert_eq!("invalid_grant", late);
    let grant = it.token_error("grant_type=password").await;
    assert_eq!("unsupported_grant_type", grant);
    assert_eq!("invalid_request", it.token_error("x=y").await);
}

#[tokio::test]
async fn rejects_logins_that_would_go_elsewhere() {
    let it = fixture("elsewhere");
    for change in [
        ("redirect_uri", "https://example.com/"),
        ("redirect_uri", "javascript:alert(1)"),
        ("response_type", "token"),
        ("code_challenge_method", "plain"),
        ("code_challenge", "short"),
    ] {
        let query = authorize(&[change]);
        let shown = it.get(&format!("/authorize?{query}")).await;
        let decided = it
            .post("/authorize", &format!("{query}&answer=allow&email=a%40b"))
            .await;

        for answer in [shown, decided] {
            assert_eq!(StatusCode::BAD_REQUEST, answer.status(), "{change:?}");
            assert!(!answer.headers().contains_key("location"));
        }
    }
    let denied = it
        .post("/authorize", &format!("{}&answer=deny", authorize(&[])))
        .await;
    assert_eq!(
        "http://127.0.0.1:5000/back?error=access_denied&state=s%26x",
        denied.headers()["location"]
    );
}

#[tokio::test]
async fn shows_names_of_programs_as_text() {
    let it = fixture("html");
    let query = authorize(&[("client_id", "%3Cscript%3E"), ("state", "%22%3E%3Cb%3E")]);

    let page = text(it.get(&format!("/authorize?{query}")).await).await;

    assert!(page.contains("<b>&lt;script&gt;</b>"));
    assert!(page.contains(r#"value="&quot;&gt;&lt;b&gt;""#));
    assert!(!page.contains("<script>"));
}

// RFC 8628 3
#[tokio::test]
async fn accepts_a_login_on_another_device() {
    let it = fixture("device");
    let answer = it.post("/device/code", "client_id=sigstore").await;
    let start: Value = serde_json::from_str(&text(answer).await).unwrap();
    let (code, user_code) = (
        start["device_code"].as_str().unwrap(),
        start["user_code"].as_str().unwrap(),
    );
    let ask = format!("grant_type={DEVICE}&client_id=sigstore&device_code={code}");
    assert_eq!("authorization_pending", it.token_error(&ask).await);
    assert_eq!("slow_down", it.token_error(&ask).await);

    let typed = user_code.to_lowercase().replace('-', " ");
    let form = format!("answer=allow&email=jane%40example.com&user_code={typed}");
    assert_eq!(StatusCode::OK, it.post("/device", &form).await.status());
    it.oidc.context.clock.advance(1000);
    let answer = it.post("/token", &ask).await;

    let json: Value = serde_json::from_str(&text(answer).await).unwrap();
    let claims = it.oidc.keys().check(json["id_token"].as_str().unwrap());
    assert_eq!("jane@example.com", claims.unwrap()["email"]);
    assert_eq!("invalid_grant", it.token_error(&ask).await);
}

#[tokio::test]
async fn rejects_devices_that_are_denied_late_or_unknown() {
    let it = fixture("denied");
    let start = async || {
        let answer = it.post("/device/code", "client_id=sigstore").await;
        let start: Value = serde_json::from_str(&text(answer).await).unwrap();
        let code = start["device_code"].as_str().unwrap().to_owned();
        (
            format!("grant_type={DEVICE}&client_id=sigstore&device_code={code}"),
            start["user_code"].as_str().unwrap().to_owned(),
        )
    };
    let (ask, user_code) = start().await;
    let form = format!("answer=deny&user_code={user_code}");
    assert_eq!(StatusCode::OK, it.post("/device", &form).await.status());
    assert_eq!("access_denied", it.token_error(&ask).await);

    let (ask, _) = start().await;
    it.oidc.context.clock.advance(300_000);
    assert_eq!("expired_token", it.token_error(&ask).await);

    let unknown = it.post("/device", "answer=deny&user_code=XXXX-XXXX").await;
    assert_eq!(StatusCode::BAD_REQUEST, unknown.status());
}

const DEVICE: &str = "urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Adevice_code";

// identity-and-ci 1
#[tokio::test]
async fn accepts_the_request_of_a_job() {
    let it = fixture("job");
    let job = shape::github("o/r", "release.yml", "refs/heads/main");
    let secret = it.oidc.job_token(job);
    let request = |secret: &str| {
        Request::get("/actions/token?api-version=2.0&audience=a%20b")
            .header("authorization", format!("bearer {secret}"))
            .body(Body::empty())
            .unwrap()
    };

    let answer = it.call(request(&secret)).await;
    let json: Value = serde_json::from_str(&text(answer).await).unwrap();
    let token = json["value"].as_str().unwrap();
    let claims = it.oidc.keys().check(token).unwrap();
    assert_eq!("a b", claims["aud"]);
    assert_eq!("repo:o/r:ref:refs/heads/main", claims["sub"]);

    for (bad, want) in [
        (token, "the request token is for something else, or over"),
        ("x", "not a signed JSON Web Token"),
    ] {
        let refused = it.call(request(bad)).await;
        assert_eq!(StatusCode::UNAUTHORIZED, refused.status());
        assert!(text(refused).await.contains(want));
    }
    it.oidc.context.clock.advance(6 * 3_600_000);
    let late = it.call(request(&secret)).await;
    assert_eq!(StatusCode::UNAUTHORIZED, late.status());
}

#[tokio::test]
async fn publishes_where_everything_is() {
    let it = fixture("discovery");
    let answer = it.get("/.well-known/openid-configuration").await;

    let json: Value = serde_json::from_str(&text(answer).await).unwrap();

    assert_eq!("http://localhost:7480", json["issuer"]);
    assert_eq!("http://localhost:7480/keys", json["jwks_uri"]);
    let keys = text(it.get("/keys").await).await;
    let token = it.oidc.mint(shape::subject("x"));
    let set = KeySet::from_json(keys.as_bytes()).unwrap();
    assert_eq!("x", set.check(&token).unwrap()["sub"]);
}
