//! Requests in JSON, as sigstore/timestamp-authority takes them besides those of RFC 3161.
//!
//! In: such a request. Out: the same in DER, which is then read as any other. Not here: policies,
//! of which the authority has one, and extensions.

use serde::Deserialize;

use crate::der;
use crate::instance::Refusal;
use crate::instance::base64_json::Base64;
use crate::key::Hash;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct QueryJson {
    artifact_hash: Base64,
    #[serde(default)]
    certificates: bool,
    hash_algorithm: String,
    nonce: Option<u64>,
}

/// The TimeStampReq that asks for the same.
pub(super) fn query(json: &[u8]) -> Result<Vec<u8>, Refusal> {
    let asked: QueryJson = serde_json::from_slice(json)
        .map_err(|error| Refusal::bad_request(format!("not a time stamp request: {error}")))?;
    let hash = hash(&asked.hash_algorithm)
        .ok_or_else(|| Refusal::bad_request("the hashes here are SHA-256, SHA-384 and SHA-512"))?;
    let imprint = [hash.identifier(), der::octets(&asked.artifact_hash.0)];
    let mut parts = vec![der::integer(1), der::sequence(&imprint)];
    parts.extend(asked.nonce.map(der::integer));
    if asked.certificates {
        parts.push(der::yes());
    }
    Ok(der::sequence(&parts))
}

fn hash(name: &str) -> Option<Hash> {
    match name.to_ascii_lowercase().as_str() {
        "sha256" => Some(Hash::Sha256),
        "sha384" => Some(Hash::Sha384),
        "sha512" => Some(Hash::Sha512),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accepts_a_request_with_and_without_what_may_be_left_out() {
        let digest = der::octets(&[7; 3]);
        let imprint = der::sequence(&[Hash::Sha384.identifier(), digest]);
        let least = der::sequence(&[der::integer(1), imprint.clone()]);
        let all = der::sequence(&[der::integer(1), imprint, der::integer(5), der::yes()]);

        let json = br#"{"artifactHash": "BwcH", "hashAlgorithm": "SHA384"}"#;
        assert_eq!(Ok(least), query(json));
        let json = br#"{"artifactHash": "BwcH", "hashAlgorithm": "sha384", "nonce": 5,
            "certificates": true}"#;
        assert_eq!(Ok(all), query(json));
    }

    #[test]
    fn rejects_what_is_not_a_request() {
        let hashes = "the hashes here are SHA-256, SHA-384 and SHA-512";
        for (json, want) in [
            (
                "{}",
                "not a time stamp request: missing field `artifactHash` at line 1 column 2",
            ),
            (
                r#"{"artifactHash": "!", "hashAlgorithm": "sha256"}"#,
                "not a time stamp request: Invalid symbol 33, offset 0. at line 1 column 20",
            ),
            (r#"{"artifactHash": "", "hashAlgorithm": "sha1"}"#, hashes),
        ] {
            assert_eq!(Err(Refusal::bad_request(want)), query(json.as_bytes()));
        }
    }
}
