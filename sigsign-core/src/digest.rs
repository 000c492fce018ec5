//! Digests: computed by us, or claimed by somebody.
//!
//! In: bytes and names of algorithms. Out: values that compare by algorithm and bytes together.
//! Not here: hashing itself, which is in [`crate::crypto`].

use std::fmt;

use crate::encoding;

/// The hash algorithms that signatures, imprints and subjects may use.
///
/// Spec: algorithm-registry, Hash Algorithms; common.proto, HashAlgorithm
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum HashAlgorithm {
    /// SHA-256
    Sha256,
    /// SHA-384
    Sha384,
    /// SHA-512
    Sha512,
}

impl HashAlgorithm {
    /// Every algorithm, weakest first.
    pub const ALL: [Self; 3] = [Self::Sha256, Self::Sha384, Self::Sha512];

    /// Bytes in a digest of this algorithm.
    #[expect(clippy::len_without_is_empty, reason = "a digest is never empty")]
    pub const fn len(self) -> usize {
        match self {
            Self::Sha256 => 32,
            Self::Sha384 => 48,
            Self::Sha512 => 64,
        }
    }

    /// The name in statements, log entries and on the command line: `sha256`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sha256 => "sha256",
            Self::Sha384 => "sha384",
            Self::Sha512 => "sha512",
        }
    }

    /// The name in bundles and trusted roots: `SHA2_256`.
    ///
    /// Spec: common.proto, HashAlgorithm
    pub const fn proto_name(self) -> &'static str {
        match self {
            Self::Sha256 => "SHA2_256",
            Self::Sha384 => "SHA2_384",
            Self::Sha512 => "SHA2_512",
        }
    }

    /// The algorithm called `name` in statements and log entries.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|algorithm| algorithm.name() == name)
    }

    /// The algorithm called `name` in bundles and trusted roots.
    pub fn from_proto_name(name: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|algorithm| algorithm.proto_name() == name)
    }
}

impl fmt::Display for HashAlgorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A digest and the algorithm that made it.
#[derive(Clone, Copy)]
pub struct Digest {
    algorithm: HashAlgorithm,
    bytes: [u8; 64],
}

impl Digest {
    /// The digest `bytes` of `algorithm`; `None` unless the length is right.
    pub fn from_bytes(algorithm: HashAlgorithm, bytes: &[u8]) -> Option<Self> {
        if bytes.len() != algorithm.len() {
            return None;
        }
        let mut padded = [0; 64];
        padded.get_mut(..bytes.len())?.copy_from_slice(bytes);
        Some(Self {
            algorithm,
            bytes: padded,
        })
    }

    /// Parses `sha256:HEX`, in lower case.
    pub fn parse(text: &str) -> Option<Self> {
        let (name, hex) = text.split_once(':')?;
        Self::from_bytes(HashAlgorithm::from_name(name)?, &encoding::hex_decode(hex)?)
    }

    /// The algorithm that made it.
    pub const fn algorithm(&self) -> HashAlgorithm {
        self.algorithm
    }

    /// The digest itself, as long as its algorithm says.
    pub fn as_bytes(&self) -> &[u8] {
        self.bytes
            .get(..self.algorithm.len())
            .unwrap_or(&self.bytes)
    }
}

impl PartialEq for Digest {
    fn eq(&self, other: &Self) -> bool {
        self.algorithm == other.algorithm && self.as_bytes() == other.as_bytes()
    }
}

impl Eq for Digest {}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}:{}",
            self.algorithm,
            encoding::hex_encode(self.as_bytes())
        )
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A digest that a bundle or log entry claims; compare it with one computed here.
///
/// The bytes may be of any length: a lie about the algorithm shows in the comparison.
///
/// ```
/// # use sigsign_core::Artifact;
/// # use sigsign_core::digest::{Digest, DigestHint};
/// fn given(computed: Digest) -> Artifact<'static> {
///     Artifact::Digest(computed)
/// }
/// ```
///
/// A claim does not become a digest:
///
/// ```compile_fail,E0308
/// # use sigsign_core::Artifact;
/// # use sigsign_core::digest::{Digest, DigestHint};
/// fn given(claimed: DigestHint) -> Artifact<'static> {
///     Artifact::Digest(claimed)
/// }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DigestHint {
    algorithm: HashAlgorithm,
    bytes: Vec<u8>,
}

impl DigestHint {
    /// The claim that a digest of `algorithm` is `bytes`.
    pub fn new(algorithm: HashAlgorithm, bytes: Vec<u8>) -> Self {
        Self { algorithm, bytes }
    }

    /// The claimed algorithm.
    pub fn algorithm(&self) -> HashAlgorithm {
        self.algorithm
    }

    /// The claimed bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Whether the claim is that of `digest`: same algorithm, same bytes.
    pub fn claims(&self, digest: &Digest) -> bool {
        self.algorithm == digest.algorithm() && self.bytes == digest.as_bytes()
    }
}

impl fmt::Display for DigestHint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}:{}",
            self.algorithm,
            encoding::hex_encode(&self.bytes)
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accepts_a_digest_in_hex() {
        let text = format!("sha384:{}", "ab".repeat(48));

        let digest = Digest::parse(&text).unwrap();

        assert_eq!(HashAlgorithm::Sha384, digest.algorithm());
        assert_eq!([0xab; 48], digest.as_bytes());
        assert_eq!(text, digest.to_string());
    }

    #[test]
    fn rejects_other_forms_of_a_digest() {
        for text in ["", "sha256:", "sha256:00", "SHA256:00", "sha1:00", "sha256"] {
            assert_eq!(None, Digest::parse(text), "{text}");
        }
        assert_eq!(None, Digest::parse(&format!("sha256:{}", "AB".repeat(32))));
        assert_eq!(None, Digest::from_bytes(HashAlgorithm::Sha256, &[0; 48]));
    }

    #[test]
    fn rejects_a_hint_with_another_algorithm() {
        let digest = Digest::from_bytes(HashAlgorithm::Sha512, &[7; 64]).unwrap();

        assert!(DigestHint::new(HashAlgorithm::Sha512, vec![7; 64]).claims(&digest));
        assert!(!DigestHint::new(HashAlgorithm::Sha256, vec![7; 64]).claims(&digest));
        assert!(!DigestHint::new(HashAlgorithm::Sha512, vec![7; 63]).claims(&digest));
    }
}
