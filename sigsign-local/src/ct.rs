//! Timestamps of a certificate transparency log.
//!
//! Spec: RFC 6962 3.2, 3.3

use crate::key::{Key, Scheme};

/// What a certificate transparency log signs, before it does.
#[derive(Clone, Debug)]
#[expect(clippy::exhaustive_structs, reason = "callers set every field")]
pub struct SctSpec {
    /// 0 for version 1.
    pub version: u8,
    /// SHA-256 of the log's key.
    pub log_id: Vec<u8>,
    /// Milliseconds since 1970.
    pub timestamp_ms: u64,
    /// CtExtensions.
    pub extensions: Vec<u8>,
    /// 1 for a certificate that is not yet signed.
    pub entry_type: u16,
    /// SHA-256 of the issuer's key.
    pub issuer_key_hash: Vec<u8>,
    /// TBSCertificate without timestamps.
    pub tbs: Vec<u8>,
    /// The two bytes that name the algorithm.
    pub algorithm: [u8; 2],
    /// Bytes that follow where there should be none.
    pub trailing: Vec<u8>,
    /// Who signs.
    pub key: Key,
}

impl SctSpec {
    /// SignedCertificateTimestamp
    pub fn sign(&self) -> Vec<u8> {
        let mut signed = vec![self.version, 0];
        signed.extend(self.timestamp_ms.to_be_bytes());
        signed.extend(self.entry_type.to_be_bytes());
        signed.extend_from_slice(&self.issuer_key_hash);
        signed.extend(&len(&self.tbs, 3));
        signed.extend_from_slice(&self.tbs);
        signed.extend(&len(&self.extensions, 2));
        signed.extend_from_slice(&self.extensions);
        let mut sct = vec![self.version];
        sct.extend_from_slice(&self.log_id);
        sct.extend(self.timestamp_ms.to_be_bytes());
        sct.extend(&len(&self.extensions, 2));
        sct.extend_from_slice(&self.extensions);
        sct.extend(signature_of(&self.key, self.algorithm, &signed));
        sct.extend_from_slice(&self.trailing);
        sct
    }
}

/// What TLS calls digitally-signed: the algorithm, and the signature after its length.
pub fn digitally_signed(key: &Key, message: &[u8]) -> Vec<u8> {
    signature_of(key, algorithm(key.scheme), message)
}

fn signature_of(key: &Key, algorithm: [u8; 2], message: &[u8]) -> Vec<u8> {
    let signature = key.sign(message);
    [&algorithm[..], &len(&signature, 2), &signature].concat()
}

/// SignedCertificateTimestampList
pub fn list(scts: &[Vec<u8>]) -> Vec<u8> {
    let items: Vec<u8> = scts
        .iter()
        .flat_map(|sct| [len(sct, 2), sct.clone()].concat())
        .collect();
    [len(&items, 2), items].concat()
}

/// Hash and signature algorithm of TLS 1.2 for a scheme; 8.7 and 8.4 as in TLS 1.3.
pub fn algorithm(scheme: Scheme) -> [u8; 2] {
    match scheme {
        Scheme::P256 | Scheme::P384Sha256 | Scheme::P521Sha256 => [4, 3],
        Scheme::P384 => [5, 3],
        Scheme::P521 => [6, 3],
        Scheme::Ed25519 | Scheme::Ed25519Ph => [8, 7],
        Scheme::Rsa2048 | Scheme::Rsa3072 | Scheme::Rsa4096 => [4, 1],
        Scheme::Pss2048 | Scheme::Pss3072 | Scheme::Pss4096 => [8, 4],
    }
}

fn len(bytes: &[u8], width: usize) -> Vec<u8> {
    bytes.len().to_be_bytes()[size_of::<usize>() - width..].to_vec()
}
