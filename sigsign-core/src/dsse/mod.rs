//! DSSE envelopes and the in-toto statements inside them.
//!
//! In: what a bundle carries as an envelope. Out: the bytes that are signed, and the statement with its
//! subjects. Not here: verifying the signature, and comparing subjects with an artifact.

mod statement;
mod wire;

use crate::crypto::Hasher;
use crate::digest::{Digest, HashAlgorithm};

pub use statement::{Statement, StatementError, StatementVersion, Subject};

/// The payload type of in-toto statements.
///
/// Spec: client-spec 4.5; in-toto v1, Envelope
pub const STATEMENT_TYPE: &str = "application/vnd.in-toto+json";

/// A payload, its type and the one signature over both.
///
/// Nothing is verified. The payload is what [`Self::pae`] is over, byte for byte.
///
/// Spec: dsse, envelope.md
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Envelope {
    payload_type: String,
    payload: Vec<u8>,
    signature: Vec<u8>,
    key_id: String,
}

impl Envelope {
    /// An envelope of these parts; `key_id` is empty if there is none.
    pub fn new(payload_type: String, payload: Vec<u8>, signature: Vec<u8>, key_id: String) -> Self {
        Self {
            payload_type,
            payload,
            signature,
            key_id,
        }
    }

    /// What the payload is said to be.
    pub fn payload_type(&self) -> &str {
        &self.payload_type
    }

    /// The payload, decoded.
    pub fn payload(&self) -> &[u8] {
        &self.payload
    }

    /// The signature, decoded.
    pub fn signature(&self) -> &[u8] {
        &self.signature
    }

    /// A hint at the key, empty if there is none.
    pub fn key_id(&self) -> &str {
        &self.key_id
    }

    /// The bytes that are signed.
    ///
    /// Spec: dsse, protocol.md, Signature Definition
    pub fn pae(&self) -> Vec<u8> {
        [self.pae_header().as_bytes(), &self.payload].concat()
    }

    /// The digest of the bytes that are signed, computed without making them.
    ///
    /// Spec: dsse, protocol.md, Signature Definition
    pub fn pae_digest(&self, algorithm: HashAlgorithm) -> Digest {
        let mut hasher = Hasher::new(algorithm);
        hasher.update(self.pae_header().as_bytes());
        hasher.update(&self.payload);
        hasher.finish()
    }

    /// Reads the payload as a statement (V56, V57).
    ///
    /// # Errors
    ///
    /// - [`StatementError::PayloadType`] if it is said to be something else.
    /// - As [`Statement::from_json`].
    ///
    /// # Security
    ///
    /// The statement is as trustworthy as the signature, which this does not verify.
    pub fn statement(&self) -> Result<Statement, StatementError> {
        if self.payload_type == STATEMENT_TYPE {
            Statement::from_json(&self.payload)
        } else {
            Err(StatementError::PayloadType {
                found: self.payload_type.clone(),
            })
        }
    }

    /// Everything before the payload; lengths are in bytes (V56, A25).
    fn pae_header(&self) -> String {
        format!(
            "DSSEv1 {} {} {} ",
            self.payload_type.len(),
            self.payload_type,
            self.payload.len()
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::hash;

    fn envelope(payload_type: &str, payload: &str) -> Envelope {
        Envelope::new(payload_type.into(), payload.into(), vec![1], String::new())
    }

    // V56
    #[test]
    fn accepts_the_example_of_the_specification() {
        let envelope = envelope("http://example.com/HelloWorld", "hello world");

        let pae = b"DSSEv1 29 http://example.com/HelloWorld 11 hello world";
        assert_eq!(pae, &envelope.pae()[..]);
    }

    // V56 A25
    #[test]
    fn accepts_lengths_in_bytes() {
        let envelope = envelope("é\u{1d11e}", "ü");

        assert_eq!("DSSEv1 6 é\u{1d11e} 2 ü".as_bytes(), envelope.pae());
    }

    #[test]
    fn accepts_the_same_digest_in_one_piece_and_in_parts() {
        let envelope = envelope("a/b", &"payload ".repeat(100));

        for algorithm in HashAlgorithm::ALL {
            assert_eq!(
                hash(algorithm, &envelope.pae()),
                envelope.pae_digest(algorithm)
            );
        }
    }

    // V56
    #[test]
    fn rejects_payloads_of_another_type() {
        let statement = r#"{"_type":"https://in-toto.io/Statement/v1","predicateType":"p",
            "subject":[{"digest":{"x":"y"}}]}"#;

        assert!(envelope(STATEMENT_TYPE, statement).statement().is_ok());
        for found in [
            "",
            "application/json",
            "application/vnd.in-toto+json; charset=utf-8",
        ] {
            let error = StatementError::PayloadType {
                found: found.into(),
            };
            assert_eq!(Err(error), envelope(found, statement).statement());
        }
    }
}
