mod form;
mod keys;
mod recipe;

use recipe::{
    CONTENT_TYPE, DATA, ECDSA_SHA256, KEY_ID, MESSAGE_DIGEST, Recipe, SHA1, SHA256, SHA384, SHA512,
    SIGNING_CERTIFICATE, SIGNING_CERTIFICATE_V2, STAMPED, algorithm, attribute, certificate,
    certificate_id, imprint, int, leaf, name, oid, p256_key, p256_sign, p256_spki, sequence,
    signing_certificate,
};

use super::*;
use crate::der::write::tlv;

fn verify(recipe: &Recipe) -> Result<Timestamp, TspError> {
    TimestampToken::from_response(&recipe.build())?.verify(STAMPED, &recipe.leaf)
}

/// What comes of a good recipe with one change.
fn changed(change: impl FnOnce(&mut Recipe)) -> Result<Timestamp, TspError> {
    let mut recipe = Recipe::new(leaf());
    change(&mut recipe);
    verify(&recipe)
}

fn at() -> Timestamp {
    Timestamp::from_unix_seconds(1_735_689_600)
}

fn general_names(issuer: &[u8]) -> Vec<u8> {
    sequence(&[&tlv(0xa4, &[issuer])])
}

// V13 V14 V15 V17 V20
#[test]
fn accepts_a_token_for_its_signature() {
    let recipe = Recipe::new(leaf());

    let token = TimestampToken::from_response(&recipe.build()).unwrap();

    assert_eq!(Ok(at()), token.verify(STAMPED, &recipe.leaf));
    let digest = crypto::sha256(STAMPED);
    assert_eq!((HashAlgorithm::Sha256, &digest[..]), token.imprint());
    assert_eq!(at(), token.gen_time());
    assert_eq!("1.2.3.4", token.policy());
    assert_eq!([77], token.serial());
    assert_eq!(None, token.nonce());
}

// V17
#[test]
fn accepts_a_signer_by_key_id() {
    let by_key_id = |key_id: &[u8]| {
        changed(|r| {
            r.signer_version = 3;
            r.signer_id = tlv(der::context(0), &[key_id]);
        })
    };

    assert_eq!(Ok(at()), by_key_id(KEY_ID));
    assert_eq!(Err(TspError::SignerId), by_key_id(&[8; 20]));
    assert_eq!(Err(TspError::SignerId), by_key_id(&[]));
}

// V16 V17 A23
#[test]
fn rejects_another_signer_than_the_authority() {
    let recipe = Recipe::new(leaf());
    let token = TimestampToken::from_response(&recipe.build()).unwrap();
    let spki = recipe.leaf.spki();

    let other_serial = certificate(spki, "root", 6);
    let other_issuer = certificate(spki, "toor", 5);
    let same_names = certificate(&p256_spki(&p256_key(2)), "root", 5);

    assert!(token.is_signed_by(&recipe.leaf));
    assert_eq!(
        Err(TspError::SignerId),
        token.verify(STAMPED, &other_serial)
    );
    assert_eq!(
        Err(TspError::SignerId),
        token.verify(STAMPED, &other_issuer)
    );
    assert_eq!(
        Err(TspError::SigningCertificate),
        token.verify(STAMPED, &same_names)
    );
}

// V16 A23
#[test]
fn accepts_embedded_certificates_without_using_them() {
    let embedded = certificate(&p256_spki(&p256_key(2)), "root", 5);
    let with = |set: &[u8]| changed(|r| r.before_signers = tlv(0xa0, &[set]));

    assert_eq!(Ok(at()), with(embedded.der()));
    assert_eq!(Ok(at()), with(&[]));
    assert_eq!(
        Err(TspError::Der(DerError::Truncated)),
        with(&embedded.der()[..100])
    );
}

// V17
#[test]
fn rejects_a_signing_certificate_that_is_not_the_leaf() {
    let leaf = leaf();
    let other = certificate(leaf.spki(), "root", 6);
    let (good, bad) = (certificate_id(&leaf, &[]), certificate_id(&other, &[]));
    let with = |ids: &[&[u8]]| changed(|r| r.essential = signing_certificate(ids));

    assert_eq!(Ok(at()), with(&[&good, &bad]));
    assert_eq!(Err(TspError::SigningCertificate), with(&[&bad, &good]));
    assert_eq!(
        Err(TspError::Der(DerError::Tag {
            want: der::SEQUENCE,
            found: None
        })),
        with(&[])
    );
}

// V17
#[test]
fn rejects_a_signing_certificate_with_another_issuer_or_serial() {
    let leaf = leaf();
    let with = |names: &[u8], serial: u8| {
        let rest = sequence(&[names, &int(serial)]);
        changed(|r| r.essential = signing_certificate(&[&certificate_id(&leaf, &rest)]))
    };

    assert_eq!(Ok(at()), with(&general_names(&name("root")), 5));
    assert_eq!(
        Err(TspError::SigningCertificate),
        with(&general_names(&name("root")), 6)
    );
    assert_eq!(
        Err(TspError::SigningCertificate),
        with(&general_names(&name("toor")), 5)
    );
    let twice = general_names(&name("root"))[2..].repeat(2);
    assert_eq!(
        Err(TspError::Der(DerError::Trailing)),
        with(&sequence(&[&twice]), 5)
    );
}

// V17
#[test]
fn accepts_a_signing_certificate_by_each_hash() {
    let leaf = leaf();
    let with = |kind: &[u8], hash: HashAlgorithm| {
        let digest = crypto::hash(hash, leaf.der());
        let digest = tlv(der::OCTET_STRING, &[digest.as_bytes()]);
        let id = sequence(&[&algorithm(kind), &digest]);
        changed(|r| r.essential = signing_certificate(&[&id]))
    };

    assert_eq!(Ok(at()), with(SHA256, HashAlgorithm::Sha256));
    assert_eq!(Ok(at()), with(SHA512, HashAlgorithm::Sha512));
    assert_eq!(
        Err(TspError::SigningCertificate),
        with(SHA384, HashAlgorithm::Sha512)
    );
    assert_eq!(
        Err(TspError::DigestAlgorithm {
            found: "1.3.14.3.2.26".into()
        }),
        with(SHA1, HashAlgorithm::Sha256)
    );
}

// V20
#[test]
fn rejects_a_token_for_another_signature() {
    let recipe = Recipe::new(leaf());
    let token = TimestampToken::from_response(&recipe.build()).unwrap();

    assert_eq!(
        Err(TspError::Imprint),
        token.verify(b"another signature", &recipe.leaf)
    );
    assert_eq!(Err(TspError::Imprint), token.verify(&[], &recipe.leaf));
}

// V15
#[test]
fn rejects_content_with_another_digest() {
    let mut recipe = Recipe::new(leaf());
    let attributes = recipe.attributes();
    recipe.info[3] = int(78);

    let token = TimestampToken::from_response(&recipe.build_with(&attributes)).unwrap();

    assert_eq!(
        Err(TspError::MessageDigest),
        token.verify(STAMPED, &recipe.leaf)
    );
}

// V15 A22
#[test]
fn rejects_a_signature_by_another_key_or_over_other_bytes() {
    let recipe = Recipe::new(leaf());
    let attributes = recipe.attributes();
    let verify = |sign: &dyn Fn(&[u8]) -> Vec<u8>| {
        let response = recipe.build_signed(&attributes, sign);
        TimestampToken::from_response(&response)?.verify(STAMPED, &recipe.leaf)
    };
    let as_field = |message: &[u8]| [&[0xa0], &message[1..]].concat();

    assert_eq!(Ok(at()), verify(&|m| p256_sign(1, m)));
    for sign in [
        &(|m: &[u8]| p256_sign(2, m)) as &dyn Fn(&[u8]) -> Vec<u8>,
        // with the tag of the field instead of the set's
        &|m| p256_sign(1, &as_field(m)),
        // over the content instead of the attributes
        &|_| p256_sign(1, &recipe.content()),
        &|_| Vec::new(),
    ] {
        assert_eq!(Err(TspError::Signature), verify(sign));
    }
}
