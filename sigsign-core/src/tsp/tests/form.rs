//! Responses that are not formed as they should be.

use super::*;

fn rejected(change: impl FnOnce(&mut Recipe)) -> TspError {
    changed(change).unwrap_err()
}

fn rejected_attributes(change: impl FnOnce(&mut Vec<Vec<u8>>)) -> TspError {
    let recipe = Recipe::new(leaf());
    let mut attributes = recipe.attributes();
    change(&mut attributes);
    TimestampToken::from_response(&recipe.build_with(&attributes)).unwrap_err()
}

fn info_with(more: &[Vec<u8>]) -> Result<Timestamp, TspError> {
    changed(|r| r.info.extend_from_slice(more))
}

fn extension(kind: u8, rest: &[u8]) -> Vec<u8> {
    let value = tlv(der::OCTET_STRING, &[]);
    sequence(&[&oid(&[0x2a, kind]), rest, &value])
}

fn extensions(list: &[Vec<u8>]) -> Result<Timestamp, TspError> {
    info_with(&[tlv(0xa1, &[&list.concat()])])
}

const TRAILING: TspError = TspError::Der(DerError::Trailing);
const CRITICAL: &[u8] = &[1, 1, 0xff];

#[test]
fn accepts_each_code_once() {
    let mut codes = TspError::CODES.to_vec();
    codes.sort_unstable();
    codes.dedup();

    assert_eq!(TspError::CODES.len(), codes.len());
    assert!(codes.iter().all(|code| code.starts_with("tsp.")));
    assert!(codes.contains(&TspError::NoToken.code()));
}

#[test]
fn rejects_too_many_bytes() {
    let cap = limits::TIMESTAMP_BYTES;
    let error = TimestampToken::from_response(&vec![0; cap + 1]).unwrap_err();

    let found = cap + 1;
    assert_eq!(TspError::TooLarge { cap, found }, error);
}

// O28
#[test]
fn rejects_every_truncation_and_a_trailing_byte() {
    let good = Recipe::new(leaf()).build();
    let parse = |bytes: &[u8]| TimestampToken::from_response(bytes).unwrap_err();

    for len in 0..good.len() {
        assert!(matches!(parse(&good[..len]), TspError::Der(_)), "{len}");
    }
    assert_eq!(TRAILING, parse(&[&good[..], &[0]].concat()));
}

// V13
#[test]
fn accepts_and_rejects_statuses() {
    let text = sequence(&[&tlv(der::UTF8_STRING, &[b"ok"])]);
    let bits = [der::BIT_STRING, 2, 7, 0x80];

    assert_eq!(Ok(at()), changed(|r| r.status = int(1)));
    let full = [&int(0)[..], &text, &bits].concat();
    assert_eq!(Ok(at()), changed(|r| r.status = full));
    for found in 2..=5 {
        assert_eq!(
            TspError::Status {
                found: found.into()
            },
            rejected(|r| r.status = int(found))
        );
    }
    let trailing = [int(0), int(0)].concat();
    assert_eq!(TRAILING, rejected(|r| r.status = trailing));
}

// V13
#[test]
fn rejects_a_response_without_token() {
    let response = sequence(&[&sequence(&[&int(0)])]);

    let error = TimestampToken::from_response(&response).unwrap_err();

    assert_eq!(TspError::NoToken, error);
}

// V14
#[test]
fn rejects_other_contents() {
    let found = String::from("1.2.840.113549.1.7.1");

    assert_eq!(
        TspError::NotSignedData {
            found: found.clone()
        },
        rejected(|r| r.content_type = oid(DATA))
    );
    assert_eq!(
        TspError::NotTstInfo { found },
        rejected(|r| r.info_type = oid(DATA))
    );
}

// V14
#[test]
fn rejects_other_versions() {
    let version = |of, want, found| TspError::Version { of, want, found };

    assert_eq!(
        version("SignedData", 3, 1),
        rejected(|r| r.data_version = 1)
    );
    assert_eq!(
        version("SignerInfo", 1, 3),
        rejected(|r| r.signer_version = 3)
    );
    let by_key_id = |r: &mut Recipe| r.signer_id = tlv(der::context(0), &[KEY_ID]);
    assert_eq!(version("SignerInfo", 3, 1), rejected(by_key_id));
    assert_eq!(version("TSTInfo", 1, 2), rejected(|r| r.info[0] = int(2)));
}

// V14 O27
#[test]
fn rejects_no_signer_and_two_signers() {
    for found in [0, 2] {
        assert_eq!(
            TspError::SignerCount { found },
            rejected(|r| r.signers = found)
        );
    }
}

// V14
#[test]
fn rejects_digest_algorithms_that_do_not_fit() {
    let sha1 = || String::from("1.3.14.3.2.26");

    assert_eq!(
        TspError::DigestAlgorithm { found: sha1() },
        rejected(|r| r.digest_algorithm = algorithm(SHA1))
    );
    assert_eq!(
        TspError::DigestNotListed(HashAlgorithm::Sha256),
        rejected(|r| r.digest_algorithms = vec![algorithm(SHA1)])
    );
    let list = vec![algorithm(SHA256), algorithm(SHA1)];
    assert_eq!(TspError::SetOrder, rejected(|r| r.digest_algorithms = list));
    let list = vec![algorithm(SHA1), algorithm(SHA256)];
    assert_eq!(Ok(at()), changed(|r| r.digest_algorithms = list));
}

// V15
#[test]
fn rejects_missing_signed_attributes() {
    let missing = |want| TspError::MissingAttribute { want };
    let without = |kind: &[u8]| {
        rejected_attributes(|list| list.retain(|a| !a.windows(kind.len()).any(|w| w == kind)))
    };

    assert_eq!(
        TspError::NoSignedAttributes,
        rejected_attributes(Vec::clear)
    );
    assert_eq!(missing("content-type"), without(CONTENT_TYPE));
    assert_eq!(missing("message-digest"), without(MESSAGE_DIGEST));
    assert_eq!(
        missing("signing-certificate-v2"),
        without(SIGNING_CERTIFICATE_V2)
    );
}

// V15
#[test]
fn rejects_signed_attributes_that_are_not_a_der_set() {
    assert_eq!(
        TspError::SetOrder,
        rejected_attributes(|list| list.swap(0, 1))
    );
    let message_digest = attribute(MESSAGE_DIGEST, &tlv(der::OCTET_STRING, &[&[0; 32]]));
    assert_eq!(
        TspError::DuplicateAttribute {
            found: "1.2.840.113549.1.9.4".into()
        },
        rejected_attributes(|list| {
            list.push(message_digest);
            list.sort();
        })
    );
    let many = |list: &mut Vec<_>| {
        list.extend((0..40).map(|n| attribute(&[0x2a, n], &int(n))));
        list.sort();
    };
    assert_eq!(TspError::TooMany { cap: 32 }, rejected_attributes(many));
}

// V15
#[test]
fn rejects_attributes_without_a_value_and_known_ones_with_two() {
    let two = [2, 1, 0, 2, 1, 1];
    let none = attribute(&[0x2a, 3], &[]);
    let (of, time) = (
        "1.2.840.113549.1.9.5",
        b"\x2a\x86\x48\x86\xf7\x0d\x01\x09\x05",
    );

    assert_eq!(
        TspError::AttributeValues { of: "1.2.3".into() },
        rejected_attributes(|list| list.insert(0, none))
    );
    assert_eq!(
        TspError::AttributeValues { of: of.into() },
        rejected_attributes(|list| list.insert(0, attribute(time, &two)))
    );
    assert_eq!(
        TspError::SetOrder,
        rejected_attributes(|list| list.insert(0, attribute(&[0x2a, 3], &[2, 1, 1, 2, 1, 0])))
    );
}

fn with_attribute(more: Vec<u8>) -> Result<Timestamp, TspError> {
    let recipe = Recipe::new(leaf());
    let mut attributes = recipe.attributes();
    attributes.push(more);
    attributes.sort();
    let token = TimestampToken::from_response(&recipe.build_with(&attributes))?;
    token.verify(STAMPED, &recipe.leaf)
}

// V15
#[test]
fn accepts_unknown_attributes_with_several_values() {
    let two = attribute(&[0x2a, 3], &[2, 1, 0, 2, 1, 1]);

    assert_eq!(Ok(at()), with_attribute(two));
}

// V15
#[test]
fn accepts_and_rejects_protected_algorithms() {
    const PROTECTION: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x09\x34";
    let with_null = |kind| sequence(&[&oid(kind), &[der::NULL, 0]]);
    let protected = |digest: &[u8], signature: &[u8]| {
        let signature = tlv(0xa1, &[&oid(signature)]);
        with_attribute(attribute(PROTECTION, &sequence(&[digest, &signature])))
    };
    let other = b"\x2a\x86\x48\xce\x3d\x04\x03\x03";

    assert_eq!(Ok(at()), protected(&algorithm(SHA256), ECDSA_SHA256));
    assert_eq!(Ok(at()), protected(&with_null(SHA256), ECDSA_SHA256));
    let refused = Err(TspError::AlgorithmProtection);
    assert_eq!(refused, protected(&algorithm(SHA384), ECDSA_SHA256));
    assert_eq!(refused, protected(&algorithm(SHA256), other));
}

// V16
#[test]
fn rejects_a_token_that_names_another_authority() {
    let named = |name: &[u8]| info_with(&[tlv(0xa0, &[name])]);
    let refused = Err(TspError::AuthorityName);

    assert_eq!(Ok(at()), named(&tlv(0xa4, &[&name("stamps")])));
    assert_eq!(Ok(at()), named(&tlv(0xa4, &[&name("Stamps")])));
    assert_eq!(refused, named(&tlv(0xa4, &[&name("others")])));
    let longer = [&name("stamps")[2..], &name("more")[2..]].concat();
    assert_eq!(refused, named(&tlv(0xa4, &[&sequence(&[&longer])])));
    assert_eq!(refused, named(&tlv(0x86, &[b"https://stamps.example"])));
    assert_eq!(refused, named(&int(1)));
}

// V15
#[test]
fn rejects_another_content_type_attribute() {
    assert_eq!(
        TspError::ContentTypeAttribute {
            found: "1.2.840.113549.1.7.1".into()
        },
        rejected_attributes(|list| list[0] = attribute(CONTENT_TYPE, &oid(DATA)))
    );
}

// V17
#[test]
fn accepts_a_signing_certificate_by_sha1() {
    let v1 = |leaf: &Certificate| {
        let digest = tlv(der::OCTET_STRING, &[&crypto::sha1(leaf.der())]);
        attribute(
            SIGNING_CERTIFICATE,
            &sequence(&[&sequence(&[&sequence(&[&digest])])]),
        )
    };
    let both = |id: Vec<u8>| {
        let recipe = Recipe::new(leaf());
        let mut attributes = recipe.attributes();
        attributes.push(id);
        attributes.sort();
        let token = TimestampToken::from_response(&recipe.build_with(&attributes))?;
        token.verify(STAMPED, &recipe.leaf)
    };
    let other = certificate(leaf().spki(), "root", 6);

    assert_eq!(Ok(at()), changed(|r| r.essential = v1(&leaf())));
    assert_eq!(Ok(at()), both(v1(&leaf())));
    // Of another certificate, alone or beside a good one of the second version.
    let refused = Err(TspError::SigningCertificate);
    assert_eq!(refused, changed(|r| r.essential = v1(&other)));
    assert_eq!(refused, both(v1(&other)));
    let truncated = Err(TspError::Der(DerError::Tag {
        want: der::SEQUENCE,
        found: None,
    }));
    assert_eq!(
        truncated,
        both(attribute(SIGNING_CERTIFICATE, &sequence(&[])))
    );
}

// V20 O26
#[test]
fn rejects_imprints_by_other_algorithms_or_of_other_lengths() {
    let with = |kind, hash| changed(|r| r.info[2] = imprint(kind, hash));

    assert_eq!(Ok(at()), with(SHA384, HashAlgorithm::Sha384));
    assert_eq!(Ok(at()), with(SHA512, HashAlgorithm::Sha512));
    assert_eq!(
        Err(TspError::ImprintAlgorithm {
            found: "1.3.14.3.2.26".into()
        }),
        with(SHA1, HashAlgorithm::Sha256)
    );
    let (want, found) = (48, 32);
    assert_eq!(
        Err(TspError::ImprintLength { want, found }),
        with(SHA384, HashAlgorithm::Sha256)
    );
}

#[test]
fn accepts_every_optional_field() {
    let mut recipe = Recipe::new(leaf());
    recipe.info.extend([
        sequence(&[&int(1), &[0x80, 2, 3, 0xe7], &[0x81, 2, 0, 0xff]]),
        CRITICAL.to_vec(),
        tlv(der::INTEGER, &[&[0, 0x80, 1]]),
        tlv(0xa0, &[&tlv(0xa4, &[&name("stamps")])]),
        tlv(0xa1, &[&extension(3, &[])]),
    ]);

    let token = TimestampToken::from_response(&recipe.build()).unwrap();

    assert_eq!(Some(&[0, 0x80, 1][..]), token.nonce());
    assert_eq!(Ok(at()), token.verify(STAMPED, &recipe.leaf));
}

#[test]
fn rejects_optional_fields_in_other_forms() {
    let value = |what| Err(TspError::Der(DerError::Value(what)));

    for accuracy in [
        &[0x80, 1, 0][..],
        &[0x81, 2, 3, 0xe8],
        &[0x80, 2, 0, 1],
        &[0x81, 0],
    ] {
        assert_eq!(value("Accuracy"), info_with(&[sequence(&[accuracy])]));
    }
    assert_eq!(Err(TRAILING), info_with(&[sequence(&[&int(1), &int(1)])]));
    assert_eq!(value("BOOLEAN DEFAULT FALSE"), info_with(&[vec![1, 1, 0]]));
    assert_eq!(value("INTEGER"), info_with(&[vec![2, 2, 0, 1]]));
    assert_eq!(Err(TRAILING), info_with(&[int(1), int(1)]));
    assert_eq!(value("Extensions"), extensions(&[]));
}

#[test]
fn rejects_critical_repeated_and_too_many_extensions() {
    let found = || String::from("1.2.3");

    assert_eq!(
        Err(TspError::CriticalExtension { found: found() }),
        extensions(&[extension(3, CRITICAL)])
    );
    assert_eq!(
        Err(TspError::DuplicateExtension { found: found() }),
        extensions(&[extension(3, &[]), extension(4, &[]), extension(3, &[])])
    );
    let many: Vec<_> = (0..33).map(|n| extension(n, &[])).collect();
    assert_eq!(Err(TspError::TooMany { cap: 32 }), extensions(&many));
    assert_eq!(Ok(at()), extensions(&many[..32]));
}
