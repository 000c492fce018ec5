//! From a signature to a time stamp.
//!
//! Spec: client-spec 2.1.5; RFC 3161 2.4.1, 3.4 (S5, V21)

use super::service::Place;
use super::{AnswerError, SignError};
use crate::crypto::{SigningKeyError, sha256};
use crate::der::{self, write::tlv};
use crate::transport::{Request, Transport};
use crate::tsp::TimestampToken;

/// Asks for a time stamp over `signature`; returns the answer, DER, once its nonce is ours.
pub(super) async fn request(
    authority: &Place,
    transport: &dyn Transport,
    signature: &[u8],
) -> Result<Vec<u8>, SignError> {
    let nonce = nonce()?;
    let types = ("application/timestamp-query", "application/timestamp-reply");
    let request = Request::post(&authority.url, types, query(signature, nonce));
    let answer = authority.ask(transport, &request).await?;
    check_nonce(answer.body(), nonce).map_err(|problem| authority.wrong(problem))?;
    Ok(answer.body().to_vec())
}

/// 63 random bits, so that the number is not negative and has one form.
fn nonce() -> Result<u64, SignError> {
    let mut random = [0; 8];
    getrandom::fill(&mut random).map_err(|_| SignError::Key(SigningKeyError::Randomness))?;
    Ok(u64::from_be_bytes(random) >> 1)
}

/// TimeStampReq: a SHA-256 of the signature, a nonce, and no certificates in the answer: the
/// verifier's are the trusted root's (V16).
fn query(signature: &[u8], nonce: u64) -> Vec<u8> {
    let version = [der::INTEGER, 1, 1];
    let sha_256 = tlv(der::SEQUENCE, &[SHA_256, &[der::NULL, 0]]);
    let digest = tlv(der::OCTET_STRING, &[&sha256(signature)]);
    let imprint = tlv(der::SEQUENCE, &[&sha_256, &digest]);
    let nonce = tlv(der::INTEGER, &[unsigned(&nonce.to_be_bytes())]);
    tlv(der::SEQUENCE, &[&version, &imprint, &nonce])
}

/// Without the leading zeros; the number is below 2^63, so what is left is not negative, or
/// needs one of them.
fn unsigned(bytes: &[u8; 8]) -> &[u8] {
    let significant = bytes.iter().position(|byte| *byte != 0).unwrap_or(7);
    let needs_zero = bytes.get(significant).is_some_and(|byte| *byte >= 0x80);
    let start = significant.saturating_sub(usize::from(needs_zero));
    bytes.get(start..).unwrap_or_default()
}

/// V21
fn check_nonce(response: &[u8], nonce: u64) -> Result<(), AnswerError> {
    let token = TimestampToken::from_response(response).map_err(AnswerError::Token)?;
    let found = token.nonce().map(strip);
    if found == Some(strip(&nonce.to_be_bytes())) {
        Ok(())
    } else {
        Err(AnswerError::Nonce)
    }
}

fn strip(mut number: &[u8]) -> &[u8] {
    while let [0, rest @ ..] = number {
        number = rest;
    }
    number
}

/// id-sha256, as a whole value.
const SHA_256: &[u8] = b"\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_nonces_in_their_one_form() {
        for (nonce, want) in [
            (0_u64, &[0][..]),
            (0x7f, &[0x7f]),
            (0x80, &[0, 0x80]),
            (0x1234, &[0x12, 0x34]),
            (u64::MAX >> 1, &[0x7f, 255, 255, 255, 255, 255, 255, 255]),
        ] {
            assert_eq!(want, unsigned(&nonce.to_be_bytes()));
        }
    }

    #[test]
    fn asks_as_the_rfc_says() {
        let query = query(b"signature", 5);

        let want = [
            &[0x30, 0x39, 2, 1, 1, 0x30, 0x31, 0x30, 0x0d][..],
            SHA_256,
            &[5, 0, 4, 0x20],
            &sha256(b"signature"),
            &[2, 1, 5],
        ]
        .concat();
        assert_eq!(want, query);
    }
}
