//! Private keys: made for one use, or a user's own. Never shown, never copied, wiped when dropped.
//!
//! Both backends verify; only this file signs, with the pure Rust crates, which wipe their keys.
//! ECDSA takes fresh randomness on top of RFC 6979, so two signatures of one thing differ.

use std::fmt;

use ed25519_dalek::pkcs8::DecodePrivateKey as _;
use getrandom::SysRng;
use getrandom::rand_core::UnwrapErr;
use p256::ecdsa::signature::hazmat::RandomizedPrehashSigner as _;
use p256::pkcs8::EncodePublicKey as _;
use zeroize::Zeroizing;

use super::{Algorithm, KeyKind, PublicKey, Scheme, ed25519, hash};
use crate::digest::{Digest, HashAlgorithm};
use crate::encoding::{Escaped, pem_decode};

/// A private key and the one way in which it signs.
///
/// Spec: algorithm-registry (S1, S12)
pub struct SigningKey {
    secret: Secret,
    scheme: Scheme,
    public: PublicKey,
}

enum Secret {
    P256(p256::ecdsa::SigningKey),
    P384(p384::ecdsa::SigningKey),
    P521(p521::ecdsa::SigningKey),
    Ed25519(ed25519_dalek::SigningKey),
    Rsa(Box<rsa::PrivateKey>),
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKey").finish_non_exhaustive()
    }
}

impl SigningKey {
    /// Makes a key from the randomness of the system.
    ///
    /// # Errors
    ///
    /// - [`SigningKeyError::Scheme`] if keys of this scheme are not made for one use: RSA.
    /// - [`SigningKeyError::Randomness`] if the system has none.
    pub fn generate(scheme: Scheme) -> Result<Self, SigningKeyError> {
        let secret = match scheme {
            Scheme::EcdsaP256Sha256 => Secret::P256(draw::<32, _>(|seed| {
                p256::ecdsa::SigningKey::from_slice(seed).ok()
            })?),
            Scheme::EcdsaP384Sha384 => Secret::P384(draw::<48, _>(|seed| {
                p384::ecdsa::SigningKey::from_slice(seed).ok()
            })?),
            Scheme::Ed25519 | Scheme::Ed25519Ph => Secret::Ed25519(draw::<32, _>(|seed| {
                Some(ed25519_dalek::SigningKey::from_bytes(seed))
            })?),
            other => return Err(SigningKeyError::Scheme(other)),
        };
        Self::new(secret, scheme)
    }

    /// Reads a key from PEM: PKCS#8, or PKCS#8 encrypted with `password`.
    ///
    /// # Errors
    ///
    /// - [`SigningKeyError::Label`] if the PEM block is another thing.
    /// - [`SigningKeyError::NoPassword`] or [`SigningKeyError::Password`] if it is encrypted, and the
    ///   password is missing or another.
    /// - [`SigningKeyError::Key`] if it is not a key of a scheme that the registry has.
    /// - [`SigningKeyError::Weak`] if the registry has it for old signatures only: RSA 2048.
    ///
    /// Spec: RFC 7468 10, 11; RFC 5958
    pub fn from_pem(pem: &str, password: Option<&[u8]>) -> Result<Self, SigningKeyError> {
        let (label, der) = pem_decode(pem).ok_or(SigningKeyError::Key)?;
        let der = Zeroizing::new(der);
        match label {
            "PRIVATE KEY" => Self::from_pkcs8(&der),
            "ENCRYPTED PRIVATE KEY" => {
                let password = password.ok_or(SigningKeyError::NoPassword)?;
                let encrypted = pkcs8::EncryptedPrivateKeyInfoRef::try_from(der.as_slice())
                    .map_err(|_| SigningKeyError::Key)?;
                let decrypted = encrypted
                    .decrypt(password)
                    .map_err(|_| SigningKeyError::Password)?;
                Self::from_pkcs8(decrypted.as_bytes())
            }
            other => Err(SigningKeyError::Label(other.to_owned())),
        }
    }

    /// Reads a key from PKCS#8.
    ///
    /// # Errors
    ///
    /// - [`SigningKeyError::Key`] if it is not a key of a scheme that the registry has.
    /// - [`SigningKeyError::Weak`] if the registry has it for old signatures only: RSA 2048.
    ///
    /// Spec: RFC 5958; algorithm-registry
    pub fn from_pkcs8(der: &[u8]) -> Result<Self, SigningKeyError> {
        if let Ok(key) = p256::ecdsa::SigningKey::from_pkcs8_der(der) {
            return Self::new(Secret::P256(key), Scheme::EcdsaP256Sha256);
        }
        if let Ok(key) = p384::ecdsa::SigningKey::from_pkcs8_der(der) {
            return Self::new(Secret::P384(key), Scheme::EcdsaP384Sha384);
        }
        if let Ok(key) = p521::ecdsa::SigningKey::from_pkcs8_der(der) {
            return Self::new(Secret::P521(key), Scheme::EcdsaP521Sha512);
        }
        if let Ok(key) = ed25519_dalek::SigningKey::from_pkcs8_der(der) {
            return Self::new(Secret::Ed25519(key), Scheme::Ed25519Ph);
        }
        let key = rsa::PrivateKey::from_pkcs8_der(der).map_err(|_| SigningKeyError::Key)?;
        let secret = Secret::Rsa(Box::new(key));
        let public = secret.public_key()?;
        let scheme = match public.kind() {
            KeyKind::Rsa { bits: 2048 } => {
                return Err(SigningKeyError::Weak(Scheme::RsaPkcs1With2048Sha256));
            }
            KeyKind::Rsa { bits: 3072 } => Scheme::RsaPkcs1With3072Sha256,
            KeyKind::Rsa { bits: 4096 } => Scheme::RsaPkcs1With4096Sha256,
            _ => return Err(SigningKeyError::Key),
        };
        Ok(Self {
            secret,
            scheme,
            public,
        })
    }

    fn new(secret: Secret, scheme: Scheme) -> Result<Self, SigningKeyError> {
        let public = secret.public_key()?;
        Ok(Self {
            secret,
            scheme,
            public,
        })
    }

    /// The public half.
    pub fn public_key(&self) -> &PublicKey {
        &self.public
    }

    /// How it signs.
    pub fn scheme(&self) -> Scheme {
        self.scheme
    }

    /// The hash that a message is signed by; SHA-512 for Ed25519ph.
    pub fn hash(&self) -> HashAlgorithm {
        self.scheme
            .algorithm()
            .hash()
            .unwrap_or(HashAlgorithm::Sha512)
    }

    /// Signs a message whose digest was computed with [`Self::hash`].
    ///
    /// ECDSA signatures are DER, as every log and bundle has them.
    ///
    /// # Errors
    ///
    /// [`SigningKeyError::Digest`] if the digest is another hash's, or the scheme is Ed25519, which
    /// signs messages only.
    pub fn sign_digest(&self, digest: &Digest) -> Result<Vec<u8>, SigningKeyError> {
        if self.scheme == Scheme::Ed25519 || digest.algorithm() != self.hash() {
            return Err(SigningKeyError::Digest);
        }
        let prehash = digest.as_bytes();
        let mut rng = UnwrapErr(SysRng);
        let refused = |_| SigningKeyError::Randomness;
        Ok(match &self.secret {
            Secret::P256(key) => {
                let signature: p256::ecdsa::DerSignature = key
                    .sign_prehash_with_rng(&mut rng, prehash)
                    .map_err(refused)?;
                signature.as_bytes().to_vec()
            }
            Secret::P384(key) => {
                let signature: p384::ecdsa::DerSignature = key
                    .sign_prehash_with_rng(&mut rng, prehash)
                    .map_err(refused)?;
                signature.as_bytes().to_vec()
            }
            Secret::P521(key) => {
                let signature: p521::ecdsa::DerSignature = key
                    .sign_prehash_with_rng(&mut rng, prehash)
                    .map_err(refused)?;
                signature.as_bytes().to_vec()
            }
            Secret::Ed25519(key) => ed25519::sign_prehashed(key, prehash)
                .ok_or(SigningKeyError::Digest)?
                .to_vec(),
            Secret::Rsa(key) => key
                .sign_with_rng(&mut rng, rsa::Pkcs1v15Sign::new::<sha2::Sha256>(), prehash)
                .map_err(|_| SigningKeyError::Randomness)?,
        })
    }

    /// Signs a message that is in memory.
    ///
    /// # Errors
    ///
    /// [`SigningKeyError::Randomness`] if the system has none.
    pub fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SigningKeyError> {
        match (&self.secret, self.scheme.algorithm()) {
            (Secret::Ed25519(key), Algorithm::Ed25519) => Ok(ed25519::sign(key, message).to_vec()),
            _ => self.sign_digest(&hash(self.hash(), message)),
        }
    }

    /// The same key, signing messages as Ed25519 does where it signed digests as Ed25519ph does.
    ///
    /// For what is not a log entry, such as a certificate request.
    pub(crate) fn sign_plain(&self, message: &[u8]) -> Result<Vec<u8>, SigningKeyError> {
        match &self.secret {
            Secret::Ed25519(key) => Ok(ed25519::sign(key, message).to_vec()),
            _ => self.sign(message),
        }
    }
}

impl Secret {
    fn public_key(&self) -> Result<PublicKey, SigningKeyError> {
        let spki = match self {
            Self::P256(key) => key.verifying_key().to_public_key_der(),
            Self::P384(key) => key.verifying_key().to_public_key_der(),
            Self::P521(key) => key.verifying_key().to_public_key_der(),
            Self::Ed25519(key) => key.verifying_key().to_public_key_der(),
            Self::Rsa(key) => key.to_public_key().to_public_key_der(),
        };
        let spki = spki.map_err(|_| SigningKeyError::Key)?;
        PublicKey::from_spki(spki.as_bytes()).map_err(|_| SigningKeyError::Key)
    }
}

/// Draws seeds until one is a key, which the first nearly always is.
fn draw<const N: usize, T>(key: impl Fn(&[u8; N]) -> Option<T>) -> Result<T, SigningKeyError> {
    for _ in 0..DRAWS {
        let mut seed = Zeroizing::new([0; N]);
        getrandom::fill(seed.as_mut_slice()).map_err(|_| SigningKeyError::Randomness)?;
        if let Some(key) = key(&seed) {
            return Ok(key);
        }
    }
    Err(SigningKeyError::Randomness)
}

/// Why there is no key, or no signature.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SigningKeyError {
    /// The digest is of another hash than the scheme's.
    Digest,
    /// Not a private key that signs in a way that the registry has.
    Key,
    /// PEM of another kind than a private key's in PKCS#8.
    Label(String),
    /// The key is encrypted, and there is no password.
    NoPassword,
    /// The password is another than the one that the key is encrypted with.
    Password,
    /// The system gave no randomness.
    Randomness,
    /// Keys of this scheme are not made for one use.
    Scheme(Scheme),
    /// Signatures of this scheme are verified, and no new ones are made.
    Weak(Scheme),
}

impl SigningKeyError {
    /// Every code of this kind, for the list of errors.
    pub const CODES: &'static [&'static str] = &[
        "signing-key.digest",
        "signing-key.key",
        "signing-key.label",
        "signing-key.no-password",
        "signing-key.password",
        "signing-key.randomness",
        "signing-key.scheme",
        "signing-key.weak",
    ];

    /// The stable code of this error.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Digest => "signing-key.digest",
            Self::Key => "signing-key.key",
            Self::Label(_) => "signing-key.label",
            Self::NoPassword => "signing-key.no-password",
            Self::Password => "signing-key.password",
            Self::Randomness => "signing-key.randomness",
            Self::Scheme(_) => "signing-key.scheme",
            Self::Weak(_) => "signing-key.weak",
        }
    }
}

impl fmt::Display for SigningKeyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Digest => f.write_str("digest is of another hash than the key signs"),
            Self::Key => f.write_str(
                "wanted a private key in PKCS#8: P-256, P-384, P-521, Ed25519 or RSA of 3072 or \
                 4096 bits",
            ),
            Self::Label(found) => write!(
                f,
                "wanted PEM of a PRIVATE KEY or ENCRYPTED PRIVATE KEY, found {}",
                Escaped(found)
            ),
            Self::NoPassword => f.write_str("private key is encrypted, and there is no password"),
            Self::Password => f.write_str("private key is encrypted with another password"),
            Self::Randomness => f.write_str("the system gave no randomness"),
            Self::Scheme(scheme) => write!(f, "keys of {scheme} are not made for one use"),
            Self::Weak(scheme) => write!(f, "{scheme} is too weak for new signatures"),
        }
    }
}

impl std::error::Error for SigningKeyError {}

/// Seeds that may miss: one in 2^32 does for P-256.
const DRAWS: usize = 8;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::BadSignature;

    // S1
    #[test]
    fn accepts_what_new_keys_sign() {
        for scheme in [
            Scheme::EcdsaP256Sha256,
            Scheme::EcdsaP384Sha384,
            Scheme::Ed25519,
            Scheme::Ed25519Ph,
        ] {
            let key = SigningKey::generate(scheme).unwrap();

            let signature = key.sign(b"message").unwrap();

            let public = key.public_key();
            assert_eq!(
                Ok(()),
                public.verify(scheme.algorithm(), b"message", &signature)
            );
            assert_eq!(
                Err(BadSignature),
                public.verify(scheme.algorithm(), b"another", &signature)
            );
        }
    }

    #[test]
    fn rejects_schemes_that_are_not_for_one_use() {
        let error = SigningKey::generate(Scheme::RsaPkcs1With2048Sha256).unwrap_err();

        assert_eq!(
            SigningKeyError::Scheme(Scheme::RsaPkcs1With2048Sha256),
            error
        );
    }

    // S12
    #[test]
    fn shows_nothing_of_a_key() {
        let key = SigningKey::generate(Scheme::EcdsaP256Sha256).unwrap();

        assert_eq!("SigningKey { .. }", format!("{key:?}"));
    }

    #[test]
    fn rejects_digests_of_another_hash() {
        let key = SigningKey::generate(Scheme::EcdsaP256Sha256).unwrap();
        let digest = hash(HashAlgorithm::Sha384, b"message");

        assert_eq!(Err(SigningKeyError::Digest), key.sign_digest(&digest));
    }

    #[test]
    fn accepts_a_key_from_a_file() {
        let pem = include_str!("../../../testdata/keys/rsa3072.pem");

        let key = SigningKey::from_pem(pem, None).unwrap();
        let signature = key.sign(b"message").unwrap();

        assert_eq!(Scheme::RsaPkcs1With3072Sha256, key.scheme());
        let verified = key
            .public_key()
            .verify(Algorithm::RsaPkcs1Sha256, b"message", &signature);
        assert_eq!(Ok(()), verified);
    }

    /// One throwaway key, as OpenSSL encrypts it with PBKDF2 and with scrypt.
    const ENCRYPTED: [&str; 2] = [
        "-----BEGIN ENCRYPTED PRIVATE KEY-----\n\
         MIHsMFcGCSqGSIb3DQEFDTBKMCkGCSqGSIb3DQEFDDAcBAgsmVNnP/BSDQICCAAw\n\
         DAYIKoZIhvcNAgkFADAdBglghkgBZQMEASoEEORIPM64VV0MQS0p+b1zFL4EgZAe\n\
         6ONXR8wB5FjHLTLTWW5UuptR5NEapi14q5xEzYeKuF/QsZI6CQfcu7a+oA6WNkJm\n\
         G7v0S+h4bp6LsbnbetPadeI3+fdvzBKRCfiFJM9BoE+IY8ydXmnfIiCB+kJsD93P\n\
         AEw6hgUcL+rtlTGV568I3sHfya0G42ytgtMWkqgWyzbejJQ//K1MZUMFfpUXQVo=\n\
         -----END ENCRYPTED PRIVATE KEY-----\n",
        "-----BEGIN ENCRYPTED PRIVATE KEY-----\n\
         MIHkME8GCSqGSIb3DQEFDTBCMCEGCSsGAQQB2kcECzAUBAgDE9huOn8lRQICBAAC\n\
         AQgCAQEwHQYJYIZIAWUDBAEqBBB0XZNbHhBG2p7/AT3WVW2ABIGQpiPSET+msgGK\n\
         IKgliqFKygwdQ8T1FfeARx0bV3Q1c54+KchMl8tI7X3ZNrEAp+XI6XaQhy65UYa3\n\
         mt8wNUuhXlWFSiPhZp2XK5heHxUx1c22K9gIxCJS3Ebjs3FaRFY+r8SXp5ILHuhb\n\
         tvfPjImIDFgrKDQb+zwXPMEZ6iBlRjHbzSI1+wRo8/4ERYveKUbW\n\
         -----END ENCRYPTED PRIVATE KEY-----\n",
    ];

    // S1
    #[test]
    fn accepts_encrypted_keys_with_their_password_only() {
        for pem in ENCRYPTED {
            let key = SigningKey::from_pem(pem, Some(b"swordfish")).unwrap();

            assert_eq!(Scheme::EcdsaP256Sha256, key.scheme());
            assert_eq!(
                SigningKeyError::Password,
                SigningKey::from_pem(pem, Some(b"haddock")).unwrap_err()
            );
            assert_eq!(
                SigningKeyError::NoPassword,
                SigningKey::from_pem(pem, None).unwrap_err()
            );
        }
    }

    #[test]
    fn rejects_keys_that_only_old_signatures_have() {
        let pem = include_str!("../../../testdata/keys/rsa2048.pem");

        let error = SigningKey::from_pem(pem, None).unwrap_err();

        assert_eq!(SigningKeyError::Weak(Scheme::RsaPkcs1With2048Sha256), error);
    }

    #[test]
    fn rejects_what_is_not_a_private_key() {
        let public = "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n";
        let broken = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n";

        let label = SigningKeyError::Label("PUBLIC KEY".to_owned());
        assert_eq!(label, SigningKey::from_pem(public, None).unwrap_err());
        assert_eq!(
            SigningKeyError::Key,
            SigningKey::from_pem(broken, None).unwrap_err()
        );
        assert_eq!(
            SigningKeyError::Key,
            SigningKey::from_pem("", None).unwrap_err()
        );
    }
}
