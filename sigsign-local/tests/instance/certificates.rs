//! What the certificate authority answers, and what its certificates say.

use serde_json::{Value, json};
use sigsign_core::x509::{Certificate, FulcioClaims};
use sigsign_local::instance::ca::SigningRequest;
use sigsign_local::instance::jwt::Claims;
use sigsign_local::instance::oidc::shape;
use sigsign_local::key::{Key, Scheme};
use sigsign_local::text::{base64, pem};

use crate::asked::{Asked, run};

const ISSUER: &str = "http://localhost:7480";
const SHA: &str = "0123456789abcdef0123456789abcdef01234567";

/// The extensions of a certificate for these claims, by name.
fn extensions(claims: Claims) -> Vec<(String, String)> {
    let asked = Asked::new();
    let subject = claims["sub"].as_str().unwrap().to_owned();
    let key = Key::new(Scheme::P256, "client");
    let request = SigningRequest::Challenge {
        key: key.spki(),
        proof: key.sign(subject.as_bytes()),
    };
    let token = asked.instance.token(claims);

    let chain = run(asked.instance.ca().certify(&token, &request)).unwrap();

    let leaf = Certificate::from_der(&chain[0]).unwrap();
    let claims = FulcioClaims::from_certificate(&leaf).unwrap();
    claims
        .iter()
        .map(|(extension, value)| (extension.name().to_owned(), value.to_owned()))
        .collect()
}

fn expected(values: &[(&str, &str)]) -> Vec<(String, String)> {
    let issuer = [("issuer-deprecated", ISSUER), ("issuer", ISSUER)];
    let mut all: Vec<(&str, &str)> = [values, &issuer].concat();
    all.sort_unstable();
    let owned = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
    all.into_iter().map(owned).collect()
}

fn sorted(mut found: Vec<(String, String)>) -> Vec<(String, String)> {
    found.sort_unstable();
    found
}

// oid-info
#[test]
fn accepts_every_extension_of_a_github_job() {
    let mut claims = shape::github("o/r", "release.yml", "refs/tags/v1");
    let config = "o/r/.github/workflows/caller.yml@refs/tags/v1";
    for (name, value) in [
        ("environment", "production"),
        ("job_workflow_sha", "a1"),
        ("workflow_sha", "b2"),
        ("workflow_ref", config),
    ] {
        claims.insert(name.to_owned(), value.into());
    }
    let want = expected(&[
        ("github-workflow-trigger", "push"),
        ("github-workflow-sha", SHA),
        ("github-workflow-name", "Release"),
        ("github-workflow-repository", "o/r"),
        ("github-workflow-ref", "refs/tags/v1"),
        (
            "build-signer-uri",
            "https://github.com/o/r/.github/workflows/release.yml@refs/tags/v1",
        ),
        ("build-signer-digest", "a1"),
        ("runner-environment", "github-hosted"),
        ("source-repository-uri", "https://github.com/o/r"),
        ("source-repository-digest", SHA),
        ("source-repository-ref", "refs/tags/v1"),
        ("source-repository-identifier", "1296269"),
        ("source-repository-owner-uri", "https://github.com/o"),
        ("source-repository-owner-identifier", "583231"),
        (
            "build-config-uri",
            "https://github.com/o/r/.github/workflows/caller.yml@refs/tags/v1",
        ),
        ("build-config-digest", "b2"),
        ("build-trigger", "push"),
        (
            "run-invocation-uri",
            "https://github.com/o/r/actions/runs/1000000001/attempts/1",
        ),
        ("source-repository-visibility", "public"),
        ("deployment-environment", "production"),
        ("token-subject", "repo:o/r:ref:refs/tags/v1"),
    ]);

    assert_eq!(want, sorted(extensions(claims)));
}

#[test]
fn accepts_every_extension_of_a_gitlab_job() {
    let config = "https://gitlab.com/g/s/p//.gitlab-ci.yml@refs/heads/main";
    let want = expected(&[
        ("build-signer-uri", config),
        ("build-signer-digest", SHA),
        ("runner-environment", "gitlab-hosted"),
        ("source-repository-uri", "https://gitlab.com/g/s/p"),
        ("source-repository-digest", SHA),
        ("source-repository-ref", "refs/heads/main"),
        ("source-repository-identifier", "20"),
        ("source-repository-owner-uri", "https://gitlab.com/g/s"),
        ("source-repository-owner-identifier", "72"),
        ("build-config-uri", config),
        ("build-config-digest", SHA),
        ("build-trigger", "push"),
        ("run-invocation-uri", "https://gitlab.com/g/s/p/-/jobs/302"),
        ("source-repository-visibility", "public"),
        (
            "token-subject",
            "project_path:g/s/p:ref_type:branch:ref:main",
        ),
    ]);

    assert_eq!(want, sorted(extensions(shape::gitlab("g/s/p", "main"))));
}

// The number of a build is a number in JSON, and is not quoted if it is text.
#[test]
fn accepts_every_extension_of_a_buildkite_job() {
    for number in [json!(7), json!("7")] {
        let mut claims = shape::buildkite("o", "p");
        claims.insert("build_number".to_owned(), number);
        claims.insert("build_source".to_owned(), "webhook".into());
        let subject = claims["sub"].as_str().unwrap().to_owned();
        let want = expected(&[
            ("runner-environment", "self-hosted"),
            ("source-repository-digest", SHA),
            ("build-trigger", "webhook"),
            (
                "run-invocation-uri",
                "https://buildkite.com/o/p/builds/7#0184990a-477b-4fa8-9968-496074483cee",
            ),
            ("token-subject", &subject),
        ]);

        assert_eq!(want, sorted(extensions(claims)));
    }
}

#[test]
fn accepts_every_extension_of_a_circleci_job() {
    let signer = "https://circleci.com/api/v2/projects/1-2/pipeline-definitions/3-4";
    let run = "https://app.circleci.com//workflow/fd9cb1a6-17c9-4a90-b8ea-9d4a2a2ef0e5\
        /job/b1a3a8cf-e6b1-4a4e-a8b0-2f37b5e6a0ad";
    let config = "https://circleci.com/api/v2/pipeline/5034460f-c7c4-4c43-9457-de07e2029e7b/config";
    for (rerun, runner) in [
        (true, &[("runner-environment", "ssh-rerun")][..]),
        (false, &[("runner-environment", "\"\"")]),
    ] {
        let mut claims = shape::circleci("1-2", "3-4");
        claims.insert("oidc.circleci.com/ssh-rerun".to_owned(), rerun.into());
        let values = [
            ("build-signer-uri", signer),
            ("source-repository-uri", "github.com/octocat/hello-world"),
            ("source-repository-ref", "refs/heads/main"),
            ("build-config-uri", config),
            ("run-invocation-uri", run),
            ("token-subject", "org/a/project/1-2/user/b"),
        ];
        let want = expected(&[runner, &values].concat());

        assert_eq!(want, sorted(extensions(claims)));
    }
}

/// Key and proof for a token of jane@example.com.
fn signed() -> (Key, String) {
    let key = Key::new(Scheme::P256, "client");
    let proof = base64(&key.sign(b"jane@example.com"));
    (key, proof)
}

fn certificates(asked: &Asked) -> [String; 2] {
    let pem = |der: &Vec<u8>| pem("CERTIFICATE", der);
    let chain: Vec<String> = asked.instance.ca().chain().iter().map(pem).collect();
    chain.try_into().unwrap()
}

#[test]
fn accepts_a_request_with_the_answer_of_the_public_authority() {
    let asked = Asked::new();
    let (key, proof) = signed();
    let token = asked.instance.token(shape::email("jane@example.com"));
    let request = json!({
        "credentials": { "oidcIdentityToken": token },
        "publicKeyRequest": {
            "publicKey": { "algorithm": "ECDSA", "content": pem("PUBLIC KEY", &key.spki()) },
            "proofOfPossession": proof,
        },
    });

    let answer = asked.post("/api/v2/signingCert", request.to_string().as_bytes());

    let answer = answer.unwrap();
    assert_eq!(200, answer.status);
    assert_eq!(Some("application/json"), answer.header("content-type"));
    let found: Value = serde_json::from_slice(&answer.body).unwrap();
    let chain = &found["signedCertificateEmbeddedSct"]["chain"]["certificates"];
    let [intermediate, root] = certificates(&asked);
    let want = json!({ "signedCertificateEmbeddedSct": { "chain": { "certificates": [
        chain[0], intermediate, root,
    ] } } });
    assert_eq!(want, found);
    assert!(chain[0].as_str().unwrap().starts_with("-----BEGIN"));
}

#[test]
fn accepts_a_request_of_version_1() {
    let asked = Asked::new();
    let (key, proof) = signed();
    let token = asked.instance.token(shape::email("jane@example.com"));
    let request = json!({
        "publicKey": { "algorithm": "ecdsa", "content": base64(&key.spki()) },
        "signedEmailAddress": proof,
    });
    let with = format!("Bearer {token}");

    let answer = asked.send("/api/v1/signingCert", &request, &[("authorization", &with)]);
    let nobody = asked.send("/api/v1/signingCert", &request, &[]);

    assert_eq!(201, answer.status);
    let kind = answer.header("content-type");
    assert_eq!(Some("application/pem-certificate-chain"), kind);
    let chain = String::from_utf8(answer.body.clone()).unwrap();
    assert!(chain.ends_with(&certificates(&asked).concat()), "{chain}");
    assert_eq!(3, chain.matches("-----BEGIN CERTIFICATE-----").count());
    assert_eq!(401, nobody.status);
}

#[test]
fn accepts_questions_about_the_authority() {
    let asked = Asked::new();
    let [intermediate, root] = certificates(&asked);
    let read = |path| -> Value { serde_json::from_slice(&asked.get(path).unwrap().body).unwrap() };

    let chain = json!({ "certificates": [intermediate, root] });
    assert_eq!(json!({ "chains": [chain] }), read("/api/v2/trustBundle"));
    assert_eq!(
        json!({ "issuers": [
            { "issuerUrl": ISSUER, "audience": "sigstore", "challengeClaim": "email" },
        ] }),
        read("/api/v2/configuration")
    );
    let pems = asked.get("/api/v1/rootCert").unwrap().body;
    assert_eq!([intermediate, root].concat().as_bytes(), pems);
}
