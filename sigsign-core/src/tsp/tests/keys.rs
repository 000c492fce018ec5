//! Keys and signature algorithms of authorities.

use ed25519_dalek::Signer as _;

use super::*;

const RSA: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01";
const RSA_SHA256: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0b";
const ECDSA_SHA384: &[u8] = b"\x2a\x86\x48\xce\x3d\x04\x03\x03";
const ECDSA_SHA512: &[u8] = b"\x2a\x86\x48\xce\x3d\x04\x03\x04";
const EC_PUBLIC_KEY: &[u8] = b"\x2a\x86\x48\xce\x3d\x02\x01";
const P384: &[u8] = b"\x2b\x81\x04\x00\x22";
const P521: &[u8] = b"\x2b\x81\x04\x00\x23";
const ED25519: &[u8] = b"\x2b\x65\x70";
const NULL: &[u8] = &[der::NULL, 0];

fn spki(identifier: &[u8], key: &[u8]) -> Vec<u8> {
    sequence(&[identifier, &tlv(der::BIT_STRING, &[&[0], key])])
}

/// A token with these algorithms, signed by `sign` for the key in `spki`.
fn signed(
    spki: &[u8],
    (hash_id, hash): (&[u8], HashAlgorithm),
    signature_algorithm: Vec<u8>,
    sign: impl Fn(&[u8]) -> Vec<u8>,
) -> Result<Timestamp, TspError> {
    let mut recipe = Recipe::new(certificate(spki, "root", 5));
    recipe.hash = hash;
    recipe.digest_algorithm = algorithm(hash_id);
    recipe.digest_algorithms = vec![algorithm(hash_id)];
    recipe.signature_algorithm = signature_algorithm;
    let response = recipe.build_signed(&recipe.attributes(), sign);
    TimestampToken::from_response(&response)?.verify(STAMPED, &recipe.leaf)
}

// V23 O4
#[test]
fn accepts_p384_and_p521() {
    let p384_key = p384::ecdsa::SigningKey::from_slice(&[3; 48]).unwrap();
    let p521_key = p521::ecdsa::SigningKey::from_slice(&[&[0, 1][..], &[3; 64]].concat()).unwrap();
    let identifier = |curve| sequence(&[&oid(EC_PUBLIC_KEY), &oid(curve)]);
    let p384_point = p384_key.verifying_key().to_sec1_point(false);
    let p521_point = p521_key.verifying_key().to_sec1_point(false);

    let by_p384 = signed(
        &spki(&identifier(P384), p384_point.as_bytes()),
        (SHA384, HashAlgorithm::Sha384),
        algorithm(ECDSA_SHA384),
        |m| {
            let signature: p384::ecdsa::Signature = p384_key.sign(m);
            signature.to_der().as_bytes().to_vec()
        },
    );
    let by_p521 = signed(
        &spki(&identifier(P521), p521_point.as_bytes()),
        (SHA512, HashAlgorithm::Sha512),
        algorithm(ECDSA_SHA512),
        |m| {
            let signature: p521::ecdsa::Signature = p521_key.sign(m);
            signature.to_der().as_bytes().to_vec()
        },
    );

    assert_eq!(Ok(at()), by_p384);
    assert_eq!(Ok(at()), by_p521);
}

// V23 O4
#[test]
fn accepts_rsa_by_both_identifiers() {
    let prime = |hex| rsa::BoxedUint::from_be_hex(hex, 1024).unwrap();
    let key = rsa::PrivateKey::from_p_q(prime(PRIME_P), prime(PRIME_Q), 65_537u32.into()).unwrap();
    let public = rsa::pkcs1::EncodeRsaPublicKey::to_pkcs1_der(key.as_ref()).unwrap();
    let spki = spki(&sequence(&[&oid(RSA), NULL]), public.as_bytes());
    let key = rsa::pkcs1v15::SigningKey::<sha2::Sha256>::new(key);
    let verify = |identifier| {
        signed(&spki, (SHA256, HashAlgorithm::Sha256), identifier, |m| {
            rsa::signature::SignatureEncoding::to_vec(&key.sign(m))
        })
    };

    assert_eq!(Ok(at()), verify(sequence(&[&oid(RSA), NULL])));
    assert_eq!(Ok(at()), verify(algorithm(RSA)));
    assert_eq!(Ok(at()), verify(sequence(&[&oid(RSA_SHA256), NULL])));
    assert_eq!(Err(TspError::Signature), verify(algorithm(ECDSA_SHA256)));
    assert_eq!(
        Err(TspError::SignatureAlgorithm {
            found: "1.2.840.113549.1.1.1".into()
        }),
        verify(sequence(&[&oid(RSA), &int(1)]))
    );
}

// V14 V23
#[test]
fn accepts_ed25519_with_sha512_only() {
    let key = ed25519_dalek::SigningKey::from_bytes(&[4; 32]);
    let spki = spki(&algorithm(ED25519), key.verifying_key().as_bytes());
    let verify = |hash| {
        signed(&spki, hash, algorithm(ED25519), |m| {
            key.sign(m).to_bytes().to_vec()
        })
    };

    assert_eq!(Ok(at()), verify((SHA512, HashAlgorithm::Sha512)));
    assert_eq!(
        Err(TspError::AlgorithmMismatch {
            want: HashAlgorithm::Sha512,
            found: HashAlgorithm::Sha256
        }),
        verify((SHA256, HashAlgorithm::Sha256))
    );
}

// V14 V23
#[test]
fn rejects_signature_algorithms_that_do_not_fit() {
    assert_eq!(
        Err(TspError::AlgorithmMismatch {
            want: HashAlgorithm::Sha384,
            found: HashAlgorithm::Sha256
        }),
        changed(|r| r.signature_algorithm = algorithm(ECDSA_SHA384))
    );
    assert_eq!(
        Err(TspError::SignatureAlgorithm {
            found: "1.2.840.10045.2.1".into()
        }),
        changed(|r| r.signature_algorithm = algorithm(EC_PUBLIC_KEY))
    );
    assert_eq!(
        Err(TspError::Signature),
        changed(|r| r.signature_algorithm = algorithm(RSA))
    );
}

// V23
#[test]
fn rejects_a_key_that_cannot_be_used() {
    let leaf = certificate(&spki(&algorithm(ED25519), &[0; 31]), "root", 5);

    let error = verify(&Recipe::new(leaf.clone())).unwrap_err();

    assert_eq!(TspError::Key(leaf.public_key().unwrap_err()), error);
}

// Two primes of 1024 bits, as `openssl prime -generate -bits 1024 -hex` prints them.
const PRIME_P: &str = "CCF1876B4E096510F9AB3EA71D9AFBB27A8E0B2BCE89276AA1100AFE35A5F89F\
    EC60FB2856D50FC0DF8F954C7DB18940F4E4CA5FEA76CE9BD53030B85166B8E9\
    7EB8AB0276A63B8C84A57C0A5B007E215E50BFF8CF3F091AE53EFCC2CF3C4F63\
    BE99A3A3743FEE5D77AF69237B867EC5382096FB3440F0CF6299F1FD5527D9AB";
const PRIME_Q: &str = "FB9DF76D7CEEB62CA0EA890B994F094C2ED738C0D81C8266C9D74D22F5059CDA\
    11D1F5C708606B39C72918B0F4F951EA40427D943D120D645E5528214165F183\
    058725AC52BCF73034A8F96CD3CAAD328C54A7D3CB1D75BCE215A369CAD0C1ED\
    886046C53E6510452A248B77097AD874AF695DC1A5814E3F1D65FFB518EA409B";
