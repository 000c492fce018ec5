//! Wycheproof signature vectors against whichever backend the features choose.
//!
//! The vectors are read from the folder `wycheproof` in `SIGSIGN_VECTORS`; without that variable
//! the test says so and the standard examples in `crypto` stand alone.
#![expect(clippy::disallowed_methods, reason = "vectors are read from files")]

use std::path::{Path, PathBuf};

use serde_json::Value;
use sigsign_core::crypto::{Algorithm, PublicKey};

/// Vectors whose verdict differs from the file's, each with the reason. Surprises in either
/// direction fail the test.
const DIVERGENCES: &[(&str, u64, &str)] = &[];

const FILES: &[(&str, Algorithm)] = &[
    ("ecdsa_secp256r1_sha256_test.json", Algorithm::EcdsaSha256),
    ("ecdsa_secp384r1_sha384_test.json", Algorithm::EcdsaSha384),
    ("ecdsa_secp521r1_sha512_test.json", Algorithm::EcdsaSha512),
    ("ed25519_test.json", Algorithm::Ed25519),
    (
        "rsa_pss_2048_sha256_mgf1_32_test.json",
        Algorithm::RsaPssSha256,
    ),
    (
        "rsa_pss_3072_sha256_mgf1_32_test.json",
        Algorithm::RsaPssSha256,
    ),
    (
        "rsa_pss_4096_sha256_mgf1_32_test.json",
        Algorithm::RsaPssSha256,
    ),
    (
        "rsa_signature_2048_sha256_test.json",
        Algorithm::RsaPkcs1Sha256,
    ),
    (
        "rsa_signature_3072_sha256_test.json",
        Algorithm::RsaPkcs1Sha256,
    ),
    (
        "rsa_signature_4096_sha256_test.json",
        Algorithm::RsaPkcs1Sha256,
    ),
];

#[test]
fn agrees_with_wycheproof() {
    let Some(folder) = std::env::var_os("SIGSIGN_VECTORS") else {
        println!("SIGSIGN_VECTORS is not set: no vectors to run");
        return;
    };
    let folder = PathBuf::from(folder).join("wycheproof");

    let mut total = 0;
    let mut surprises = Vec::new();
    for (file, algorithm) in FILES {
        let (count, wrong) = run_file(&folder, file, *algorithm);
        println!("{file}: {count} vectors");
        total += count;
        surprises.extend(wrong);
    }

    println!("{total} vectors");
    assert_eq!(2781, total);
    assert_eq!(Vec::<String>::new(), surprises);
}

fn run_file(folder: &Path, file: &str, algorithm: Algorithm) -> (usize, Vec<String>) {
    let text = std::fs::read(folder.join(file)).unwrap();
    let document: Value = serde_json::from_slice(&text).unwrap();
    let mut count = 0;
    let mut wrong = Vec::new();
    for group in document["testGroups"].as_array().unwrap() {
        let spki = ["publicKeyDer", "publicKeyAsn"]
            .iter()
            .find_map(|name| group[*name].as_str());
        let spki = bytes(spki.unwrap());
        // A key of its own for each vector stays with the backend; one for all of them does not.
        let frequent = PublicKey::from_spki(&spki).ok();
        frequent.iter().for_each(|key| use_often(key, algorithm));
        for test in group["tests"].as_array().unwrap() {
            count += 1;
            let key = PublicKey::from_spki(&spki);
            let id = test["tcId"].as_u64().unwrap();
            let want = match test["result"].as_str().unwrap() {
                "valid" => true,
                "invalid" => false,
                // Both answers are allowed; ours is the stricter one.
                "acceptable" => false,
                other => panic!("unknown result {other}"),
            };
            let (message, signature) = (hex(&test["msg"]), hex(&test["sig"]));
            let verify = |key: &PublicKey| key.verify(algorithm, &message, &signature).is_ok();
            let found = key.as_ref().is_ok_and(verify);
            if let Some(key) = frequent.as_ref()
                && verify(key) != found
            {
                wrong.push(format!(
                    "{file} {id}: not the same of a key that is used often"
                ));
            }
            let known = DIVERGENCES
                .iter()
                .any(|(name, number, _)| *name == file && *number == id);
            if (found != want) != known {
                wrong.push(format!(
                    "{file} {id}: {} wanted {want}, found {found}",
                    test["comment"]
                ));
            }
        }
    }
    (count, wrong)
}

/// Verifies often enough for the key to be one of those that verify faster.
fn use_often(key: &PublicKey, algorithm: Algorithm) {
    let (r_and_s, message) = (b"\x30\x06\x02\x01\x01\x02\x01\x01", b"a message");
    for _ in 0..16 {
        assert!(key.verify(algorithm, message, r_and_s).is_err());
    }
}

fn hex(value: &Value) -> Vec<u8> {
    bytes(value.as_str().unwrap())
}

fn bytes(hex: &str) -> Vec<u8> {
    sigsign_core::encoding::hex_decode(hex).unwrap()
}
