//! Precertificates, and what the log keeps of them.
//!
//! Spec: RFC 6962 3.1, 3.2; C2SP static-ct-api

use crate::der;
use crate::instance::asn1::{Asn1, ReadCertificate};
use crate::instance::tlog::Leaf;
use crate::instance::{PublicKey, Refusal};
use crate::key::{Hash, sha256};

/// The extension that makes a certificate one that is not valid.
const POISON: &str = "1.3.6.1.4.1.11129.2.4.3";

/// Certificates in a chain.
const CHAIN: usize = 8;

/// A precertificate with a good chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Precertificate {
    /// SHA-256 of the issuer's SubjectPublicKeyInfo.
    pub(super) issuer_key_hash: [u8; 32],
    /// TBSCertificate without the poison.
    pub(super) tbs: Vec<u8>,
    certificate: Vec<u8>,
    fingerprints: Vec<[u8; 32]>,
}

impl Precertificate {
    /// Reads a chain, DER: the precertificate first, each signed by the next, up to a root.
    ///
    /// Spec: RFC 6962 3.1
    pub(super) fn read(chain: &[Vec<u8>], roots: &[Vec<u8>]) -> Result<Self, Refusal> {
        let [certificate, issuer, ..] = chain else {
            return Err(bad("the chain is a precertificate and its issuer at least"));
        };
        if chain.len() > CHAIN {
            return Err(bad("the chain is longer than 8 certificates"));
        }
        let mut read = Vec::new();
        for certificate in chain {
            let parsed = ReadCertificate::from_der(certificate);
            read.push(parsed.ok_or_else(|| bad("not a certificate"))?);
        }
        for (below, above) in chain.iter().zip(&read[1..]) {
            check_signature(below, above)?;
        }
        check_root(chain, roots)?;
        let leaf = &read[0];
        let issuer = ReadCertificate::from_der(issuer).ok_or_else(|| bad("not a certificate"))?;
        Ok(Self {
            issuer_key_hash: sha256(issuer.spki),
            tbs: without_poison(leaf)?,
            certificate: certificate.clone(),
            fingerprints: chain[1..].iter().map(|it| sha256(it)).collect(),
        })
    }

    /// The leaf at an index: a MerkleTreeLeaf, kept as a TileLeaf.
    ///
    /// Spec: RFC 6962 3.4; C2SP static-ct-api, Log Entries
    pub(super) fn leaf(&self, index: u64, time_ms: i64) -> Leaf {
        let extensions = leaf_index(index);
        let mut entry = time_ms.unsigned_abs().to_be_bytes().to_vec();
        entry.extend([0, 1]);
        entry.extend(self.issuer_key_hash);
        entry.extend(long(&self.tbs));
        entry.extend(short(&extensions));
        let mut stored = entry.clone();
        stored.extend(long(&self.certificate));
        stored.extend(short(&self.fingerprints.concat()));
        let data = [&[0, 0], &entry[..]].concat();
        Leaf { data, stored }
    }
}

/// The extension of a timestamp that says where the leaf is: 40 bits.
///
/// Spec: C2SP static-ct-api, SCT Extension
pub(super) fn leaf_index(index: u64) -> Vec<u8> {
    [&[0, 0, 5], &index.to_be_bytes()[3..]].concat()
}

/// Spec: RFC 6962 3.2
fn without_poison(leaf: &ReadCertificate<'_>) -> Result<Vec<u8>, Refusal> {
    let oid = der::oid(POISON);
    let is_poison = |of_type: &[u8]| of_type == der::content(&oid);
    let want = der::sequence(&[oid.clone(), der::yes(), der::octets(&der::null())]);
    let poison: Vec<&[u8]> = leaf
        .extensions
        .iter()
        .filter_map(|(of_type, whole)| is_poison(of_type).then_some(*whole))
        .collect();
    if poison != [&want[..]] {
        return Err(bad(
            "not a precertificate: wanted one critical poison extension",
        ));
    }
    let kept: Vec<&[u8]> = leaf
        .extensions
        .iter()
        .filter_map(|(of_type, whole)| (!is_poison(of_type)).then_some(*whole))
        .collect();
    let extensions = der::explicit(3, &der::sequence(&kept));
    let mut parts = leaf.fields.clone();
    if !kept.is_empty() {
        parts.push(&extensions);
    }
    Ok(der::sequence(&parts))
}

fn check_signature(below: &[u8], above: &ReadCertificate<'_>) -> Result<(), Refusal> {
    let good = || {
        let mut certificate = Asn1::only(below, 0x30)?;
        let tbs = certificate.value(0x30)?.whole;
        let algorithm = certificate.value(0x30)?.content;
        let (0, signature) = certificate
            .value(0x03)?
            .content
            .split_first()
            .map(|(unused, rest)| (*unused, rest))?
        else {
            return None;
        };
        let oid = Asn1::new(algorithm).value(0x06)?.whole;
        let key = PublicKey::from_spki(above.spki)?;
        key.signed(hash_of(oid)?, tbs, signature).then_some(())
    };
    good().ok_or_else(|| bad("a certificate is not signed by the next"))
}

/// The hash in a signature algorithm; pure Ed25519 needs none.
fn hash_of(oid: &[u8]) -> Option<Hash> {
    let known = [
        ("1.2.840.10045.4.3.2", Hash::Sha256),
        ("1.2.840.10045.4.3.3", Hash::Sha384),
        ("1.2.840.10045.4.3.4", Hash::Sha512),
        ("1.2.840.113549.1.1.11", Hash::Sha256),
        ("1.2.840.113549.1.1.12", Hash::Sha384),
        ("1.2.840.113549.1.1.13", Hash::Sha512),
        ("1.3.101.112", Hash::Sha512),
    ];
    let found = known.into_iter().find(|(it, _)| der::oid(it) == oid);
    found.map(|(_, hash)| hash)
}

/// The last certificate is a root, or signed by one.
fn check_root(chain: &[Vec<u8>], roots: &[Vec<u8>]) -> Result<(), Refusal> {
    let Some(last) = chain.last() else {
        return Err(bad("the chain is empty"));
    };
    let by_root = |root: &Vec<u8>| {
        let root = ReadCertificate::from_der(root);
        root.is_some_and(|root| check_signature(last, &root).is_ok())
    };
    if roots.is_empty() || roots.contains(last) || roots.iter().any(by_root) {
        Ok(())
    } else {
        Err(bad("the chain does not end with a root that the log knows"))
    }
}

/// After its length in three bytes.
fn long(bytes: &[u8]) -> Vec<u8> {
    [&bytes.len().to_be_bytes()[size_of::<usize>() - 3..], bytes].concat()
}

/// After its length in two bytes.
fn short(bytes: &[u8]) -> Vec<u8> {
    [&bytes.len().to_be_bytes()[size_of::<usize>() - 2..], bytes].concat()
}

fn bad(what: &str) -> Refusal {
    Refusal::bad_request(what)
}
