//! Keys from a seed, and signatures that are the same every time.

use chacha20::ChaCha20Rng;
use chacha20::rand_core::SeedableRng as _;
use ed25519_dalek::Signer as _;
use p256::ecdsa::signature::hazmat::PrehashSigner as _;
use rsa::pkcs8::DecodePrivateKey as _;
use rsa::signature::{RandomizedSigner as _, SignatureEncoding as _};
use rsa::traits::PublicKeyParts as _;
use sha2::{Digest as _, Sha256, Sha384, Sha512};

use crate::der;
use crate::text::from_pem;

/// Kind of key, curve or size, and hash: one line of the algorithm registry.
///
/// Spec: algorithm-registry
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
#[expect(missing_docs, reason = "each is the name of its line")]
pub enum Scheme {
    P256,
    P384,
    P384Sha256,
    P521,
    P521Sha256,
    Ed25519,
    Ed25519Ph,
    Rsa2048,
    Rsa3072,
    Rsa4096,
    Pss2048,
    Pss3072,
    Pss4096,
}

impl Scheme {
    /// All of them.
    pub const ALL: [Self; 13] = [
        Self::P256,
        Self::P384,
        Self::P384Sha256,
        Self::P521,
        Self::P521Sha256,
        Self::Ed25519,
        Self::Ed25519Ph,
        Self::Rsa2048,
        Self::Rsa3072,
        Self::Rsa4096,
        Self::Pss2048,
        Self::Pss3072,
        Self::Pss4096,
    ];

    /// The name in `PublicKeyDetails`.
    pub fn details(self) -> &'static str {
        match self {
            Self::P256 => "PKIX_ECDSA_P256_SHA_256",
            Self::P384 => "PKIX_ECDSA_P384_SHA_384",
            Self::P384Sha256 => "PKIX_ECDSA_P384_SHA_256",
            Self::P521 => "PKIX_ECDSA_P521_SHA_512",
            Self::P521Sha256 => "PKIX_ECDSA_P521_SHA_256",
            Self::Ed25519 => "PKIX_ED25519",
            Self::Ed25519Ph => "PKIX_ED25519_PH",
            Self::Rsa2048 => "PKIX_RSA_PKCS1V15_2048_SHA256",
            Self::Rsa3072 => "PKIX_RSA_PKCS1V15_3072_SHA256",
            Self::Rsa4096 => "PKIX_RSA_PKCS1V15_4096_SHA256",
            Self::Pss2048 => "PKIX_RSA_PSS_2048_SHA256",
            Self::Pss3072 => "PKIX_RSA_PSS_3072_SHA256",
            Self::Pss4096 => "PKIX_RSA_PSS_4096_SHA256",
        }
    }

    /// The hash that is signed; Ed25519 signs the message and is given SHA-512 here.
    pub fn hash(self) -> Hash {
        match self {
            Self::P384 => Hash::Sha384,
            Self::P521 | Self::Ed25519 | Self::Ed25519Ph => Hash::Sha512,
            _ => Hash::Sha256,
        }
    }
}

/// A hash of SHA-2.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
#[expect(missing_docs, reason = "each is its name")]
pub enum Hash {
    Sha256,
    Sha384,
    Sha512,
}

impl Hash {
    /// The digest of `bytes`.
    pub fn of(self, bytes: &[u8]) -> Vec<u8> {
        match self {
            Self::Sha256 => Sha256::digest(bytes).to_vec(),
            Self::Sha384 => Sha384::digest(bytes).to_vec(),
            Self::Sha512 => Sha512::digest(bytes).to_vec(),
        }
    }

    /// Bytes in a digest.
    #[expect(clippy::len_without_is_empty, reason = "no digest is empty")]
    pub fn len(self) -> usize {
        match self {
            Self::Sha256 => 32,
            Self::Sha384 => 48,
            Self::Sha512 => 64,
        }
    }

    /// `sha256`
    pub fn name(self) -> &'static str {
        match self {
            Self::Sha256 => "sha256",
            Self::Sha384 => "sha384",
            Self::Sha512 => "sha512",
        }
    }

    /// `SHA2_256`
    pub fn proto_name(self) -> &'static str {
        match self {
            Self::Sha256 => "SHA2_256",
            Self::Sha384 => "SHA2_384",
            Self::Sha512 => "SHA2_512",
        }
    }

    /// AlgorithmIdentifier without parameters.
    pub fn identifier(self) -> Vec<u8> {
        let oid = match self {
            Self::Sha256 => "2.16.840.1.101.3.4.2.1",
            Self::Sha384 => "2.16.840.1.101.3.4.2.2",
            Self::Sha512 => "2.16.840.1.101.3.4.2.3",
        };
        der::sequence(&[der::oid(oid)])
    }
}

/// SHA-256 of `bytes`.
pub fn sha256(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

#[derive(Clone)]
enum Secret {
    P256(p256::ecdsa::SigningKey),
    P384(p384::ecdsa::SigningKey),
    P521(p521::ecdsa::SigningKey),
    Ed25519(ed25519_dalek::SigningKey),
    Rsa(Box<rsa::PrivateKey>),
}

impl Secret {
    fn from_seed(scheme: Scheme, seed: &[u8; 64]) -> Self {
        match scheme {
            Scheme::P256 => {
                Self::P256(p256::ecdsa::SigningKey::from_slice(&seed[..32]).expect("in range"))
            }
            Scheme::P384 | Scheme::P384Sha256 => {
                Self::P384(p384::ecdsa::SigningKey::from_slice(&seed[..48]).expect("in range"))
            }
            Scheme::P521 | Scheme::P521Sha256 => {
                let wide = [&[0, 0][..], seed].concat();
                Self::P521(p521::ecdsa::SigningKey::from_slice(&wide).expect("in range"))
            }
            Scheme::Ed25519 | Scheme::Ed25519Ph => {
                let seed = seed[..32].try_into().expect("32 bytes");
                Self::Ed25519(ed25519_dalek::SigningKey::from_bytes(&seed))
            }
            Scheme::Rsa2048 | Scheme::Pss2048 => Self::search_rsa(seed, 2048),
            Scheme::Rsa3072 | Scheme::Pss3072 => Self::search_rsa(seed, 3072),
            Scheme::Rsa4096 | Scheme::Pss4096 => Self::search_rsa(seed, 4096),
        }
    }

    fn search_rsa(seed: &[u8; 64], bits: usize) -> Self {
        let mut rng = ChaCha20Rng::from_seed(seed[..32].try_into().expect("32 bytes"));
        Self::Rsa(Box::new(
            rsa::PrivateKey::new(&mut rng, bits).expect("primes are found"),
        ))
    }
}

/// A private key that signs in one way.
#[derive(Clone)]
pub struct Key {
    /// How it signs. May be changed to another scheme of the same kind of key.
    pub scheme: Scheme,
    secret: Secret,
}

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Key")
            .field("scheme", &self.scheme)
            .finish_non_exhaustive()
    }
}

impl Key {
    /// The key of a name; RSA keys are one per size, whatever the name.
    ///
    /// # Panics
    ///
    /// Never: the keys in testdata are keys.
    pub fn new(scheme: Scheme, name: &str) -> Self {
        let seed = Sha512::digest(format!("sigsign-local {name}"));
        let secret = match scheme {
            Scheme::Rsa2048 | Scheme::Pss2048 => {
                rsa_key(include_str!("../../testdata/keys/rsa2048.pem"))
            }
            Scheme::Rsa3072 | Scheme::Pss3072 => {
                rsa_key(include_str!("../../testdata/keys/rsa3072.pem"))
            }
            Scheme::Rsa4096 | Scheme::Pss4096 => {
                rsa_key(include_str!("../../testdata/keys/rsa4096.pem"))
            }
            _ => Secret::from_seed(scheme, &seed.into()),
        };
        Self { scheme, secret }
    }

    /// The key of a name under a secret. Searching for an RSA key takes a second.
    ///
    /// # Panics
    ///
    /// Never: every seed is a key of every curve, and primes are found.
    pub fn derive(scheme: Scheme, secret: &[u8; 32], name: &str) -> Self {
        let seed = Sha512::new()
            .chain_update(b"sigsign-local key\0")
            .chain_update(secret)
            .chain_update(name)
            .finalize();
        Self {
            scheme,
            secret: Secret::from_seed(scheme, &seed.into()),
        }
    }

    /// SubjectPublicKeyInfo
    pub fn spki(&self) -> Vec<u8> {
        let (algorithm, key) = match &self.secret {
            Secret::P256(key) => {
                let point = key.verifying_key().to_sec1_point(false);
                (ec("1.2.840.10045.3.1.7"), point.as_bytes().to_vec())
            }
            Secret::P384(key) => {
                let point = key.verifying_key().to_sec1_point(false);
                (ec("1.3.132.0.34"), point.as_bytes().to_vec())
            }
            Secret::P521(key) => {
                let point = key.verifying_key().to_sec1_point(false);
                (ec("1.3.132.0.35"), point.as_bytes().to_vec())
            }
            Secret::Ed25519(key) => (
                der::sequence(&[der::oid("1.3.101.112")]),
                key.verifying_key().to_bytes().to_vec(),
            ),
            Secret::Rsa(key) => {
                let n = der::unsigned(&key.n_bytes());
                let e = der::unsigned(&key.e_bytes());
                let algorithm = der::sequence(&[der::oid("1.2.840.113549.1.1.1"), der::null()]);
                (algorithm, der::sequence(&[n, e]))
            }
        };
        der::sequence(&[algorithm, der::bits(&key)])
    }

    /// The raw point of an Ed25519 key.
    pub fn raw_public(&self) -> Vec<u8> {
        match &self.secret {
            Secret::Ed25519(key) => key.verifying_key().to_bytes().to_vec(),
            _ => self.spki(),
        }
    }

    /// The AlgorithmIdentifier of its signatures.
    pub fn algorithm(&self) -> Vec<u8> {
        let sha256 = "2.16.840.1.101.3.4.2.1";
        match self.scheme {
            Scheme::P256 | Scheme::P384Sha256 | Scheme::P521Sha256 => {
                der::sequence(&[der::oid("1.2.840.10045.4.3.2")])
            }
            Scheme::P384 => der::sequence(&[der::oid("1.2.840.10045.4.3.3")]),
            Scheme::P521 => der::sequence(&[der::oid("1.2.840.10045.4.3.4")]),
            Scheme::Ed25519 | Scheme::Ed25519Ph => der::sequence(&[der::oid("1.3.101.112")]),
            Scheme::Rsa2048 | Scheme::Rsa3072 | Scheme::Rsa4096 => {
                der::sequence(&[der::oid("1.2.840.113549.1.1.11"), der::null()])
            }
            Scheme::Pss2048 | Scheme::Pss3072 | Scheme::Pss4096 => {
                let hash = der::sequence(&[der::oid(sha256), der::null()]);
                let mgf = der::sequence(&[der::oid("1.2.840.113549.1.1.8"), hash.clone()]);
                let params = der::sequence(&[
                    der::explicit(0, &hash),
                    der::explicit(1, &mgf),
                    der::explicit(2, &der::integer(32)),
                ]);
                der::sequence(&[der::oid("1.2.840.113549.1.1.10"), params])
            }
        }
    }

    /// Signs `message` in the way of the scheme.
    ///
    /// # Panics
    ///
    /// If the scheme was changed to one that is not for this key.
    pub fn sign(&self, message: &[u8]) -> Vec<u8> {
        let digest = self.scheme.hash().of(message);
        match &self.secret {
            Secret::P256(key) => {
                let signature: p256::ecdsa::Signature = key.sign_prehash(&digest).expect("signs");
                signature.to_der().as_bytes().to_vec()
            }
            Secret::P384(key) => {
                let signature: p384::ecdsa::Signature = key.sign_prehash(&digest).expect("signs");
                signature.to_der().as_bytes().to_vec()
            }
            Secret::P521(key) => {
                // The same number, long enough for the library.
                let wide = [&vec![0; 66 - digest.len()][..], &digest].concat();
                let signature: p521::ecdsa::Signature = key.sign_prehash(&wide).expect("signs");
                signature.to_der().as_bytes().to_vec()
            }
            Secret::Ed25519(key) if self.scheme == Scheme::Ed25519 => {
                key.sign(message).to_bytes().to_vec()
            }
            Secret::Ed25519(key) => {
                let hasher = Sha512::new_with_prefix(message);
                key.sign_prehashed(hasher, None)
                    .expect("signs")
                    .to_bytes()
                    .to_vec()
            }
            Secret::Rsa(key) => self.sign_rsa(key, message),
        }
    }

    fn sign_rsa(&self, key: &rsa::PrivateKey, message: &[u8]) -> Vec<u8> {
        if matches!(
            self.scheme,
            Scheme::Pss2048 | Scheme::Pss3072 | Scheme::Pss4096
        ) {
            let mut rng = ChaCha20Rng::from_seed(sha256(message));
            let signer = rsa::pss::SigningKey::<Sha256>::new(key.clone());
            signer.sign_with_rng(&mut rng, message).to_vec()
        } else {
            use rsa::signature::Signer as _;
            rsa::pkcs1v15::SigningKey::<Sha256>::new(key.clone())
                .sign(message)
                .to_vec()
        }
    }
}

fn ec(curve: &str) -> Vec<u8> {
    der::sequence(&[der::oid("1.2.840.10045.2.1"), der::oid(curve)])
}

fn rsa_key(pem: &str) -> Secret {
    let key = rsa::PrivateKey::from_pkcs8_der(&from_pem(pem)).expect("a test key");
    Secret::Rsa(Box::new(key))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accepts_the_same_signature_twice() {
        for scheme in Scheme::ALL {
            let sign = || Key::new(scheme, "x").sign(b"message");

            assert_eq!(sign(), sign(), "{scheme:?}");
        }
    }
}
