//! Time stamps, as the verifier and as OpenSSL read them.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::json;
use sigsign_core::digest::HashAlgorithm;
use sigsign_core::time::Timestamp;
use sigsign_core::tsp::TimestampToken;
use sigsign_core::x509::Certificate;
use sigsign_local::der;
use sigsign_local::instance::tsa::Tsa;
use sigsign_local::instance::{Choices, FolderError};
use sigsign_local::key::{Hash, Scheme};
use sigsign_local::recipe::NOW;
use sigsign_local::text::{base64, pem};

use crate::asked::Asked;

const POLICY: &str = "1.3.6.1.4.1.57264.2";

fn asked(scheme: Scheme) -> Asked {
    Asked::with(|options| {
        options.opening.choices = Some(Choices {
            stamper_key: scheme,
            ..Choices::default()
        });
    })
}

fn query(hash: Hash, rest: &[Vec<u8>]) -> Vec<u8> {
    let imprint = der::octets(&hash.of(b"signature"));
    let imprint = der::sequence(&[hash.identifier(), imprint]);
    der::sequence(&[&[der::integer(1), imprint], rest].concat())
}

#[test]
fn accepts_stamps_of_each_key_and_hash_in_the_verifier() {
    for scheme in [Scheme::P256, Scheme::Rsa2048] {
        let asked = asked(scheme);
        let leaf = Certificate::from_der(&asked.instance.tsa().chain()[0]).unwrap();
        for (hash, want) in [
            (Hash::Sha256, HashAlgorithm::Sha256),
            (Hash::Sha384, HashAlgorithm::Sha384),
            (Hash::Sha512, HashAlgorithm::Sha512),
        ] {
            let nonce = der::unsigned(&[0x80, 1, 2, 3, 4, 5, 6, 7]);
            let request = query(hash, &[der::oid(POLICY), nonce, der::yes()]);

            let answer = asked.instance.tsa().stamp(&request).unwrap();

            let token = TimestampToken::from_response(&answer).unwrap();
            let now = Timestamp::from_unix_seconds(NOW);
            assert_eq!(Ok(now), token.verify(b"signature", &leaf));
            assert_eq!((want, &hash.of(b"signature")[..]), token.imprint());
            assert_eq!(Some(&[0, 0x80, 1, 2, 3, 4, 5, 6, 7][..]), token.nonce());
            assert_eq!(POLICY, token.policy());
        }
    }
}

#[test]
fn accepts_certificates_only_where_they_are_wanted() {
    let asked = Asked::new();
    let leaf = asked.instance.tsa().chain()[0].clone();
    let has_leaf = |rest: &[Vec<u8>]| {
        let request = query(Hash::Sha256, rest);
        let answer = asked.instance.tsa().stamp(&request).unwrap();
        answer.windows(leaf.len()).any(|it| it == leaf)
    };

    assert!(has_leaf(&[der::yes()]));
    assert!(!has_leaf(&[]));
}

#[test]
fn rejects_other_policies_and_other_kinds_of_content() {
    let asked = Asked::new();
    let request = query(Hash::Sha256, &[der::oid("1.2.3")]);
    let kind = ("content-type", "application/timestamp-query");

    let policy = asked.send_bytes("/api/v1/timestamp", &request, &[kind]);
    let text = asked.send_bytes(
        "/api/v1/timestamp",
        &request,
        &[("content-type", "text/plain")],
    );

    let refused = asked.instance.tsa().stamp(&request).unwrap_err();
    assert_eq!(
        "the only policy here is 1.3.6.1.4.1.57264.2",
        refused.message()
    );
    assert_eq!((400, 415), (policy.status, text.status));
}

// As the library of JavaScript asks.
#[test]
fn accepts_requests_in_json() {
    let asked = Asked::new();
    let leaf = Certificate::from_der(&asked.instance.tsa().chain()[0]).unwrap();
    let hash = base64(&Hash::Sha256.of(b"signature"));
    let request = json!({"artifactHash": hash, "hashAlgorithm": "sha256"});

    let answer = asked.send("/api/v1/timestamp", &request, &[]);

    let kind = answer.header("content-type");
    assert_eq!(
        (201, Some("application/timestamp-reply")),
        (answer.status, kind)
    );
    let token = TimestampToken::from_response(&answer.body).unwrap();
    let now = Timestamp::from_unix_seconds(NOW);
    assert_eq!(Ok(now), token.verify(b"signature", &leaf));
}

#[test]
fn rejects_a_certificate_of_another_key() {
    let asked = asked(Scheme::P256);

    let error = Tsa::open(asked.instance.context().clone(), Scheme::Rsa2048).unwrap_err();

    let file = "tsa/leaf.der";
    assert_eq!(
        Some(&FolderError::Damaged { file }),
        FolderError::of(&error)
    );
}

// A verifier that is not ours; a machine without it has the test above.
#[test]
fn accepts_stamps_in_openssl() {
    if Command::new("openssl").arg("version").output().is_err() {
        return;
    }
    for scheme in [Scheme::P256, Scheme::Rsa2048] {
        let asked = asked(scheme);
        let chain = asked.get("/api/v1/timestamp/certchain").unwrap();
        let pems = asked.instance.tsa().chain();
        let pems: Vec<String> = pems.iter().map(|it| pem("CERTIFICATE", it)).collect();
        assert_eq!(pems.concat().as_bytes(), chain.body);
        let folder = asked.place.path();
        fs::write(folder.join("data"), "data").unwrap();
        fs::write(folder.join("leaf.pem"), &pems[0]).unwrap();
        fs::write(folder.join("root.pem"), &pems[1]).unwrap();
        for extra in [&["-sha256"][..], &["-sha512", "-cert"]] {
            let query = ["-query", "-data", "data", "-out", "query"];
            openssl(folder, &[&query, extra].concat());
            let query = fs::read(folder.join("query")).unwrap();
            let kind = ("content-type", "application/timestamp-query");

            let answer = asked.send_bytes("/api/v1/timestamp", &query, &[kind]);

            assert_eq!(201, answer.status);
            let kind = answer.header("content-type");
            assert_eq!(Some("application/timestamp-reply"), kind);
            fs::write(folder.join("reply"), &answer.body).unwrap();
            let (at, certificates) = (NOW.to_string(), ["-CAfile", "root.pem"]);
            let verify = ["-verify", "-in", "reply", "-queryfile", "query"];
            let others = ["-untrusted", "leaf.pem", "-attime", &at];
            openssl(folder, &[&verify[..], &certificates, &others].concat());
        }
    }
}

fn openssl(folder: &Path, arguments: &[&str]) {
    let mut command = Command::new("openssl");
    let output = command.arg("ts").args(arguments).current_dir(folder);
    let output = output.output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?}: {said}");
}
