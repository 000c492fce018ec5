//! What the signature checks alone cost, with the backend that our side is built with.

use std::hint::black_box;

use crate::cases::Checks;
use crate::meter::measure;

/// Distinct signatures over distinct messages, with decoded keys: nothing beside them is left to do.
pub struct Signatures {
    p256: Vec<Check>,
    p384: Vec<Check>,
    ed25519: Vec<Check>,
}

impl Signatures {
    pub fn new() -> Self {
        Self {
            p256: backend::p256(),
            p384: backend::p384(),
            ed25519: backend::ed25519(),
        }
    }

    /// What one check of each kind costs now.
    pub fn floor(&self) -> Floor {
        Floor {
            p256: time(&self.p256),
            p384: time(&self.p384),
            ed25519: time(&self.ed25519),
        }
    }
}

/// Nanoseconds of one check of each kind.
#[derive(Clone, Copy, Debug)]
pub struct Floor {
    pub p256: f64,
    pub p384: f64,
    pub ed25519: f64,
}

impl Floor {
    /// The sum over the checks of one bundle.
    pub fn of(self, checks: Checks) -> f64 {
        checks.p256 * self.p256 + checks.p384 * self.p384 + checks.ed25519 * self.ed25519
    }
}

type Check = Box<dyn Fn() -> bool>;

fn time(checks: &[Check]) -> f64 {
    let cost = measure(|| {
        for check in checks {
            assert!(black_box(check()));
        }
    });
    cost.cpu.as_nanos() as f64 / checks.len() as f64
}

/// The size of what most of these signatures cover: a hash tree head, a certificate, a hash.
fn message(index: usize) -> Vec<u8> {
    vec![u8::try_from(index).expect("few"); 180]
}

const DISTINCT: usize = 16;

#[cfg(feature = "aws-lc")]
mod backend {
    use aws_lc_rs::rand::SystemRandom;
    use aws_lc_rs::signature::{
        ECDSA_P256_SHA256_ASN1, ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P384_SHA384_ASN1,
        ECDSA_P384_SHA384_ASN1_SIGNING, ED25519, EcdsaKeyPair, EcdsaSigningAlgorithm,
        EcdsaVerificationAlgorithm, Ed25519KeyPair, KeyPair, ParsedPublicKey,
    };

    use super::{Check, DISTINCT, message};

    pub fn p256() -> Vec<Check> {
        checks(&ECDSA_P256_SHA256_ASN1_SIGNING, &ECDSA_P256_SHA256_ASN1)
    }

    pub fn p384() -> Vec<Check> {
        checks(&ECDSA_P384_SHA384_ASN1_SIGNING, &ECDSA_P384_SHA384_ASN1)
    }

    pub fn ed25519() -> Vec<Check> {
        let check = |index: usize| -> Check {
            let seed = [u8::try_from(index).expect("few"); 32];
            let key = Ed25519KeyPair::from_seed_unchecked(&seed).expect("a key");
            let message = message(index);
            let signature = key.sign(&message);
            let public = ParsedPublicKey::new(&ED25519, key.public_key().as_ref()).expect("a key");
            Box::new(move || public.verify_sig(&message, signature.as_ref()).is_ok())
        };
        (0..DISTINCT).map(check).collect()
    }

    fn checks(
        signing: &'static EcdsaSigningAlgorithm,
        verifying: &'static EcdsaVerificationAlgorithm,
    ) -> Vec<Check> {
        let check = |index| -> Check {
            let key = EcdsaKeyPair::generate(signing).expect("a key");
            let message = message(index);
            let signature = key
                .sign(&SystemRandom::new(), &message)
                .expect("a signature");
            let public = ParsedPublicKey::new(verifying, key.public_key().as_ref()).expect("a key");
            Box::new(move || public.verify_sig(&message, signature.as_ref()).is_ok())
        };
        (0..DISTINCT).map(check).collect()
    }
}

#[cfg(not(feature = "aws-lc"))]
mod backend {
    use super::{Check, DISTINCT, message};

    macro_rules! checks {
        ($curve:ident, $size:literal) => {
            pub fn $curve() -> Vec<Check> {
                use $curve::ecdsa::signature::{Signer, Verifier};
                use $curve::ecdsa::{Signature, SigningKey, VerifyingKey};
                let check = |index: usize| -> Check {
                    let mut scalar = [0x5a; $size];
                    scalar[$size - 1] = u8::try_from(index).expect("few");
                    let key = SigningKey::from_slice(&scalar).expect("below the order");
                    let (public, message) = (VerifyingKey::from(&key), message(index));
                    let signature: Signature = key.sign(&message);
                    Box::new(move || public.verify(&message, &signature).is_ok())
                };
                (0..DISTINCT).map(check).collect()
            }
        };
    }

    pub fn ed25519() -> Vec<Check> {
        use ed25519_dalek::{Signer, SigningKey};
        let check = |index: usize| -> Check {
            let key = SigningKey::from_bytes(&[u8::try_from(index).expect("few"); 32]);
            let (public, message) = (key.verifying_key(), message(index));
            let signature = key.sign(&message);
            Box::new(move || public.verify_strict(&message, &signature).is_ok())
        };
        (0..DISTINCT).map(check).collect()
    }

    checks!(p256, 32);
    checks!(p384, 48);
}
