//! Signed notes: checkpoints of logs, and cosignatures of witnesses.
//!
//! Spec: C2SP signed-note, tlog-checkpoint, tlog-cosignature

use crate::key::{Key, Scheme, sha256};
use crate::text::base64;

/// A signature line.
pub fn line(name: &str, id: &[u8], signature: &[u8]) -> String {
    format!("\u{2014} {name} {}\n", base64(&[id, signature].concat()))
}

/// The identifier of a key under a name, whole; notes carry the first four bytes.
pub fn key_id(name: &str, key: &Key) -> [u8; 32] {
    match key.scheme {
        Scheme::Ed25519 | Scheme::Ed25519Ph => {
            sha256(&[name.as_bytes(), b"\n\x01", &key.raw_public()].concat())
        }
        Scheme::Rsa2048
        | Scheme::Rsa3072
        | Scheme::Rsa4096
        | Scheme::Pss2048
        | Scheme::Pss3072
        | Scheme::Pss4096 => {
            let format = b"\n\xffPKIX-RSA-PKCS#1v1.5";
            sha256(&[name.as_bytes(), format, &key.spki()].concat())
        }
        _ => sha256(&key.spki()),
    }
}

/// What a log signs, before it does.
#[derive(Clone, Debug)]
#[expect(clippy::exhaustive_structs, reason = "callers set every field")]
pub struct CheckpointSpec {
    /// The lines that are signed, each with its end.
    pub text: String,
    /// Under which name the log signs.
    pub name: String,
    /// Which four bytes stand before the signature.
    pub id: Vec<u8>,
    /// Who signs.
    pub key: Key,
    /// Signature lines after the log's.
    pub more: String,
}

impl CheckpointSpec {
    /// The whole note.
    pub fn sign(&self) -> String {
        let signature = self.key.sign(self.text.as_bytes());
        let signature = line(&self.name, &self.id, &signature);
        format!("{}\n{signature}{}", self.text, self.more)
    }
}

/// A witness, which signs with Ed25519.
#[derive(Clone, Debug)]
#[expect(clippy::exhaustive_structs, reason = "callers set every field")]
pub struct Witness {
    /// Its name.
    pub name: String,
    /// Its key.
    pub key: Key,
}

impl Witness {
    /// The witness of a name.
    pub fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            key: Key::new(Scheme::Ed25519, &format!("witness {name}")),
        }
    }

    fn id(&self) -> [u8; 4] {
        let raw = self.key.raw_public();
        let hash = sha256(&[self.name.as_bytes(), b"\n\x04", &raw].concat());
        [hash[0], hash[1], hash[2], hash[3]]
    }

    /// `name+hash+key`, as policies write it.
    pub fn vkey(&self) -> String {
        let key = base64(&[&[4][..], &self.key.raw_public()].concat());
        format!("{}+{}+{key}", self.name, crate::text::hex(&self.id()))
    }

    /// The line that cosigns `text` at a time in seconds.
    pub fn cosign(&self, text: &str, at: u64) -> String {
        let signature = self
            .key
            .sign(format!("cosignature/v1\ntime {at}\n{text}").as_bytes());
        line(
            &self.name,
            &self.id(),
            &[&at.to_be_bytes()[..], &signature].concat(),
        )
    }
}
