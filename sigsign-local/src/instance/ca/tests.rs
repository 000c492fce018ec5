use std::sync::Arc;

use super::*;
use crate::der;
use crate::instance::oidc::{Oidc, shape};
use crate::instance::{Clock, Data, Faults, FolderError, Keys, Submitted};
use crate::key::{Key, Scheme};

/// 2026-01-15T12:00:00Z
const NOW: i64 = 1_768_478_400;

/// A log that promises anything; what it promises is tested with the real one.
#[derive(Debug)]
struct Promises;

impl CtSubmit for Promises {
    fn submit<'a>(&'a self, _: &'a [Vec<u8>]) -> Submitted<'a> {
        Box::pin(async { Ok(vec![0; 50]) })
    }
}

struct Fixture {
    ca: Ca,
    oidc: Oidc,
    folder: std::path::PathBuf,
}

impl Drop for Fixture {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.folder).unwrap();
    }
}

fn fixture(name: &str, kind: IssuerKind) -> Fixture {
    let folder = std::env::temp_dir().join(format!("sigsign-ca-{name}-{}", std::process::id()));
    let context = Arc::new(Context {
        clock: Clock::at(NOW),
        keys: Keys::new([7; 32]),
        data: Data::open(&folder).unwrap(),
        base_url: "http://localhost:7480".to_owned(),
        faults: Faults::default(),
    });
    let oidc = Oidc::open(Arc::clone(&context), Scheme::P256).unwrap();
    let issuer = IssuerConfig {
        url: oidc.issuer().to_owned(),
        audience: "sigstore".to_owned(),
        kind,
        keys: oidc.keys().clone(),
    };
    let ca = Ca::open(context, vec![issuer], Arc::new(Promises)).unwrap();
    Fixture { ca, oidc, folder }
}

fn key() -> Key {
    Key::new(Scheme::P256, "client")
}

fn challenge(text: &str) -> SigningRequest {
    SigningRequest::Challenge {
        key: text::pem("PUBLIC KEY", &key().spki()).into_bytes(),
        proof: key().sign(text.as_bytes()),
    }
}

fn csr(signer: &Key) -> Vec<u8> {
    let info = der::sequence(&[
        der::integer(0),
        der::sequence::<Vec<u8>>(&[]),
        key().spki(),
        der::tlv(0xa0, &[]),
    ]);
    let signature = der::bits(&signer.sign(&info));
    der::sequence(&[info, signer.algorithm(), signature])
}

fn refusal(status: u16, message: &str) -> Refusal {
    Refusal::new(StatusCode::from_u16(status).unwrap(), message)
}

#[tokio::test]
async fn accepts_either_proof_of_possession() {
    let it = fixture("proof", IssuerKind::Email);
    let token = it.oidc.mint(shape::email("jane@example.com"));
    let pem = text::pem("CERTIFICATE REQUEST", &csr(&key())).into_bytes();
    for request in [
        challenge("jane@example.com"),
        SigningRequest::Csr(pem),
        SigningRequest::Csr(csr(&key())),
    ] {
        let chain = it.ca.certify(&token, &request).await.unwrap();

        assert_eq!(3, chain.len());
        assert_eq!(it.ca.chain(), &chain[1..]);
        let certified = PublicKey::from_certificate(&chain[0]).unwrap();
        assert_eq!(key().spki(), certified.spki());
    }
}

// A39
#[tokio::test]
async fn rejects_keys_that_nobody_proved() {
    let it = fixture("unproven", IssuerKind::Email);
    let token = it.oidc.mint(shape::email("jane@example.com"));
    let other = Key::new(Scheme::P256, "other");
    let no_signature =
        "the proof of possession is no signature of the key over the token's subject";
    let not_signed = "wanted a certificate request that its own key has signed";
    for (request, want) in [
        (challenge("john@example.com"), no_signature),
        (challenge(""), no_signature),
        (SigningRequest::Csr(csr(&other)), not_signed),
        (SigningRequest::Csr(csr(&key())[1..].to_vec()), not_signed),
        (
            SigningRequest::Csr([csr(&key()), vec![0]].concat()),
            not_signed,
        ),
        (SigningRequest::Csr(Vec::new()), not_signed),
        (
            SigningRequest::Challenge {
                key: b"-----BEGIN PUBLIC KEY-----".to_vec(),
                proof: Vec::new(),
            },
            "wanted a public key: ECDSA, Ed25519 or RSA",
        ),
    ] {
        let refused = it.ca.certify(&token, &request).await;

        assert_eq!(Err(refusal(400, want)), refused);
    }
}

#[tokio::test]
async fn rejects_tokens_of_others_or_another_time_or_audience() {
    let it = fixture("tokens", IssuerKind::Email);
    let with = |name: &str, value: serde_json::Value| {
        let mut claims = shape::email("jane@example.com");
        claims.insert(name.to_owned(), value);
        it.oidc.mint(claims)
    };
    let stranger = fixture("stranger", IssuerKind::Email);
    let forged = stranger.oidc.mint(shape::email("jane@example.com"));
    let (signed, _) = forged.rsplit_once('.').unwrap();
    let unsigned = format!("{signed}.");
    for (token, status, want) in [
        (String::new(), 401, "not a signed JSON Web Token"),
        (unsigned, 401, "the token's signature is not good"),
        (
            with("iss", "http://localhost:1".into()),
            401,
            "the token's issuer is not known here",
        ),
        (
            with("aud", "other".into()),
            401,
            "the token is not for the audience sigstore",
        ),
        (
            with("aud", serde_json::json!(["a", "b"])),
            401,
            "the token is not for the audience sigstore",
        ),
        (
            with("exp", NOW.into()),
            401,
            "the token is over, or never is",
        ),
        (
            with("exp", "tomorrow".into()),
            401,
            "the token is over, or never is",
        ),
        (
            with("nbf", (NOW + 61).into()),
            401,
            "the token is not valid yet",
        ),
        (
            with("email_verified", false.into()),
            400,
            "the token's email address is not verified",
        ),
        (
            with("email", "".into()),
            400,
            "the token has no claim email",
        ),
        (with("sub", "".into()), 400, "the token has no claim sub"),
    ] {
        let refused = it.ca.certify(&token, &challenge("jane@example.com")).await;

        assert_eq!(Err(refusal(status, want)), refused);
    }
}

#[test]
fn accepts_every_kind_of_subject() {
    let email = shape::email("jane@example.com");
    for (claims, kind, want) in [
        (&email, IssuerKind::Email, "jane@example.com"),
        (
            &shape::subject("https://example.com/users/1"),
            IssuerKind::Uri("https://example.com/".to_owned()),
            "https://example.com/users/1",
        ),
        (
            &shape::subject("https://example.com/users/1"),
            IssuerKind::Uri("https://example.com".to_owned()),
            "https://example.com/users/1",
        ),
        (
            &shape::subject("jane"),
            IssuerKind::Username("example.com".to_owned()),
            "jane!example.com",
        ),
        (
            &shape::subject("spiffe://example.com/build"),
            IssuerKind::Spiffe("example.com".to_owned()),
            "spiffe://example.com/build",
        ),
        (
            &shape::github("o/r", "release.yml", "refs/heads/main"),
            IssuerKind::GitHub,
            "https://github.com/o/r/.github/workflows/release.yml@refs/heads/main",
        ),
        (
            &shape::gitlab("g/p", "main"),
            IssuerKind::GitLab,
            "https://gitlab.com/g/p//.gitlab-ci.yml@refs/heads/main",
        ),
        (
            &shape::buildkite("o", "p"),
            IssuerKind::Buildkite,
            "https://buildkite.com/o/p",
        ),
        (
            &shape::circleci("1-2", "3-4"),
            IssuerKind::CircleCi,
            "https://circleci.com/api/v2/projects/1-2/pipeline-definitions/3-4",
        ),
        (
            &shape::kubernetes("n", "a"),
            IssuerKind::Kubernetes,
            "https://kubernetes.io/namespaces/n/serviceaccounts/a",
        ),
    ] {
        let mut claims = claims.clone();
        claims.insert("iss".to_owned(), "https://issuer.example.com".into());

        let principal = Principal::of(&claims, &kind).unwrap();
        assert_eq!(want, principal.san.text());
        if !matches!(kind, IssuerKind::Uri(_) | IssuerKind::Username(_)) {
            let any = Principal::of(&claims, &IssuerKind::Any).unwrap();
            assert_eq!(principal, any);
        }
    }
}

// A client knows the host of the issuer, and no other domain.
#[test]
fn accepts_a_user_of_the_issuer_itself() {
    let mut claims = shape::subject("jane");
    for issuer in [
        "http://localhost:7480",
        "https://localhost/a:b",
        "localhost",
    ] {
        claims.insert("iss".to_owned(), issuer.into());

        let principal = Principal::of(&claims, &IssuerKind::Any).unwrap();

        assert_eq!("jane!localhost", principal.san.text());
    }
}

#[test]
fn rejects_subjects_of_other_domains() {
    let of = |subject: &str, kind: IssuerKind| {
        let mut claims = shape::subject(subject);
        claims.insert("iss".to_owned(), "https://issuer.example.com".into());
        Principal::of(&claims, &kind)
            .unwrap_err()
            .message()
            .to_owned()
    };
    assert_eq!(
        "wanted a subject that is a URI and starts with https://example.com/",
        of(
            "https://example.com.evil/",
            IssuerKind::Uri("https://example.com/".to_owned())
        )
    );
    assert_eq!(
        "wanted a subject that is a URI and starts with https://example.com",
        of(
            "https://example.com.evil/",
            IssuerKind::Uri("https://example.com".to_owned())
        )
    );
    assert_eq!(
        "wanted a subject that is a URI and starts with spiffe://example.com/",
        of(
            "spiffe://example.com.evil/x",
            IssuerKind::Spiffe("example.com".to_owned())
        )
    );
    assert_eq!(
        "wanted a user name without ! and @",
        of(
            "jane!other.com",
            IssuerKind::Username("example.com".to_owned())
        )
    );
    assert_eq!(
        "the subject has control characters",
        of("https://example.com/\0", IssuerKind::Uri(String::new()))
    );
}

// Only who is trusted to speak for other issuers names one of them.
#[test]
fn rejects_issuers_that_borrow_a_name() {
    let mut claims = shape::email("jane@example.com");
    claims.insert("iss".to_owned(), "https://issuer.example.com".into());
    let plain = claims.clone();
    let connector = serde_json::json!({ "connector_id": "https://accounts.example.com" });
    claims.insert("federated_claims".to_owned(), connector);
    let issuer = |claims, kind| Principal::of(claims, &kind).map(|it| it.issuer);

    let own = Ok("https://issuer.example.com".to_owned());
    let other = Ok("https://accounts.example.com".to_owned());
    let nobody = refusal(400, "the token has no claim connector_id");

    assert_eq!(own, issuer(&claims, IssuerKind::Email));
    assert_eq!(other, issuer(&claims, IssuerKind::Federated));
    assert_eq!(other, issuer(&claims, IssuerKind::Any));
    assert_eq!(Err(nobody), issuer(&plain, IssuerKind::Federated));
}

// Claims of this size fit in a token, and what they make of a certificate does not fit in one.
#[tokio::test]
async fn rejects_claims_that_no_certificate_can_hold() {
    let it = fixture("long", IssuerKind::Any);
    let of = |name: &str, value: String| {
        let mut claims = shape::github("o/r", "release.yml", "refs/heads/main");
        claims.insert(name.to_owned(), value.into());
        it.oidc.mint(claims)
    };
    let subject = "repo:o/r:ref:refs/heads/main";

    let long = of("repository", "r".repeat(22_000));
    let refused = it.ca.certify(&long, &challenge(subject)).await.unwrap_err();
    assert_eq!(400, refused.status().as_u16());
    let want = "wanted claims that take up to 16384 bytes in a certificate, found 6";
    assert!(refused.message().starts_with(want), "{refused:?}");

    for (name, value, want) in [
        ("sha", "a\0b", "a claim has control characters"),
        ("job_workflow_ref", "o/r/\u{e9}", "the subject is not ASCII"),
    ] {
        let token = of(name, value.to_owned());
        let refused = it.ca.certify(&token, &challenge(subject)).await;

        assert_eq!(Err(refusal(400, want)), refused);
    }
}

// A folder that is put together from two.
#[test]
fn rejects_certificates_of_another_key() {
    let it = fixture("another", IssuerKind::Email);
    let context = Context {
        clock: it.ca.context.clock.clone(),
        keys: Keys::new([8; 32]),
        data: it.ca.context.data.clone(),
        base_url: String::new(),
        faults: Faults::default(),
    };

    let error = Ca::open(Arc::new(context), Vec::new(), Arc::new(Promises)).unwrap_err();

    let file = "ca/intermediate.der";
    assert_eq!(
        Some(&FolderError::Damaged { file }),
        FolderError::of(&error)
    );
}

// The intermediate works without the key of the root.
#[tokio::test]
async fn accepts_that_the_root_is_taken_away() {
    let it = fixture("offline", IssuerKind::Email);
    std::fs::remove_dir_all(it.folder.join("offline")).unwrap();

    let again = Ca::open(
        Arc::clone(&it.ca.context),
        it.ca.issuers.clone(),
        Arc::new(Promises),
    );

    assert_eq!(it.ca.chain(), again.unwrap().chain());
    assert!(!it.folder.join("offline").exists());
}

#[test]
fn rejects_requests_that_are_not_one_thing() {
    let key = r#""publicKeyRequest":{"publicKey":{"algorithm":"ECDSA","content":"x"},"proofOfPossession":"AAAA"}"#;
    let csr = r#""certificateSigningRequest":"AAAA""#;
    for json in [format!("{{{key}}}"), format!("{{{csr}}}")] {
        assert!(Asked::v2(json.as_bytes()).is_ok(), "{json}");
    }
    for (json, want) in [
        (
            format!("{{{key},{csr}}}"),
            "wanted a public key with a proof of possession, or a certificate request",
        ),
        (
            "{}".to_owned(),
            "wanted a public key with a proof of possession, or a certificate request",
        ),
        (
            r#"{"certificateSigningRequest":"A"}"#.to_owned(),
            "not a request: Invalid input length",
        ),
        (r#"{"x":1}"#.to_owned(), "not a request: unknown field `x`"),
        (String::new(), "not a request: EOF"),
    ] {
        let refused = Asked::v2(json.as_bytes()).unwrap_err();

        assert_eq!(400, refused.status().as_u16());
        let message = refused.message();
        assert!(message.starts_with(want), "{message}");
    }
}
