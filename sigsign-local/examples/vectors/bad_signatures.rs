//! Signatures in forms that they do not have, and tokens that say what is not so.

use sigsign_local::certificate::{
    BASIC_CONSTRAINTS, CertificateSpec, EXTENDED_KEY_USAGE, NAME_CONSTRAINTS, name,
    name_constraints,
};
use sigsign_local::der;
use sigsign_local::json::Json;
use sigsign_local::key::{Hash, Key, Scheme};
use sigsign_local::make::Stage;
use sigsign_local::recipe::{NOW, Recipe, START};
use sigsign_local::tsp::{SIGNING_TIME, SignerSpec, attribute};

use crate::case::{Case, bad, good};
use crate::good_tokens::{is, protection};

/// The order of P-256.
const ORDER: [u8; 32] = [
    0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xbc, 0xe6,
    0xfa, 0xad, 0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51,
];
/// The order of edwards25519, least byte first.
const ED25519_ORDER: [u8; 32] = [
    0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
];

pub(crate) fn cases() -> Vec<Case> {
    let mut cases = ecdsa();
    cases.extend(others());
    cases.extend(tokens());
    cases
}

/// A change of the signer's signature, before anybody logs or stamps it.
fn signature(
    name: &'static str,
    sentence: &'static str,
    signer: Scheme,
    edit: fn(&mut Vec<u8>),
) -> Case {
    let recipe = Recipe {
        signer,
        ..Recipe::v2()
    };
    bad(
        name,
        "V55 O28",
        sentence,
        ("v2-message", recipe),
        move |stage| {
            if let Stage::Signature(signature) = stage {
                edit(signature);
            }
        },
    )
}

/// The two numbers in an ECDSA signature, as they are encoded.
fn numbers(signature: &[u8]) -> (Vec<u8>, Vec<u8>) {
    let content = der::content(signature);
    let (r, s) = content.split_at(2 + usize::from(content[1]));
    (r.to_vec(), s.to_vec())
}

/// What is left of the order of P-256.
fn rest_of_order(number: &[u8]) -> Vec<u8> {
    let value = der::content(number);
    let value = &value[value.len().saturating_sub(32)..];
    let padded = [&vec![0; 32 - value.len()][..], value].concat();
    let mut out = vec![0; 32];
    let mut borrow = 0i16;
    for at in (0..32).rev() {
        let difference = i16::from(ORDER[at]) - i16::from(padded[at]) - borrow;
        borrow = i16::from(difference < 0);
        out[at] = u8::try_from(difference.rem_euclid(256)).expect("a byte");
    }
    out
}

fn ecdsa() -> Vec<Case> {
    let p256 = |name, sentence, edit| signature(name, sentence, Scheme::P256, edit);
    let high = |is_high: bool| {
        move |stage: Stage<'_>| {
            if let Stage::Signature(signature) = stage {
                let (r, s) = numbers(signature);
                // The order begins with 0xff: the upper half has a byte for the sign, nearly always.
                if (s[1] > 0x20) != is_high {
                    *signature = der::sequence(&[r, der::unsigned(&rest_of_order(&s))]);
                }
            }
        }
    };
    vec![
        good("signature-s-high", "V55 O28", Recipe::v2()).with(high(true)),
        good("signature-s-low", "V55 O28", Recipe::v2()).with(high(false)),
        p256(
            "signature-number-padded",
            "a number with a zero before it",
            |signature| {
                let (r, s) = numbers(signature);
                let padded = der::tlv(0x02, &[&[0, 0][..], der::content(&s)].concat());
                *signature = der::sequence(&[r, padded]);
            },
        ),
        p256(
            "signature-number-negative",
            "a number that is negative",
            |signature| {
                let (r, s) = numbers(signature);
                let mut value = der::content(&s).to_vec();
                value.retain({
                    let mut first = true;
                    move |byte| !std::mem::take(&mut first) || *byte != 0
                });
                value[0] |= 0x80;
                *signature = der::sequence(&[r, der::tlv(0x02, &value)]);
            },
        ),
        p256(
            "signature-of-zeros",
            "two numbers that are zero",
            |signature| {
                *signature = der::sequence(&[der::integer(0), der::integer(0)]);
            },
        ),
        p256(
            "signature-r-of-order",
            "a number that is the order",
            |signature| {
                let (_, s) = numbers(signature);
                *signature = der::sequence(&[der::unsigned(&ORDER), s]);
            },
        ),
        p256(
            "signature-s-zero",
            "a second number that is zero",
            |signature| {
                let (r, _) = numbers(signature);
                *signature = der::sequence(&[r, der::integer(0)]);
            },
        ),
        p256(
            "signature-s-of-order",
            "a second number that is the order",
            |signature| {
                let (r, _) = numbers(signature);
                *signature = der::sequence(&[r, der::unsigned(&ORDER)]);
            },
        ),
        p256(
            "signature-trailing-byte",
            "a byte after the signature",
            |signature| signature.push(0),
        ),
        p256("signature-trailing-number", "three numbers", |signature| {
            let (r, s) = numbers(signature);
            *signature = der::sequence(&[r, s.clone(), s]);
        }),
        p256(
            "signature-long-length",
            "a length with a zero before it",
            |signature| {
                *signature = der::long_form(0x30, der::content(signature));
            },
        ),
        p256(
            "signature-not-encoded",
            "two numbers one after the other, without an encoding",
            |signature| {
                let (r, s) = numbers(signature);
                let fixed = |number: &[u8]| {
                    let value = der::content(number);
                    let value = &value[value.len().saturating_sub(32)..];
                    [&vec![0; 32 - value.len()][..], value].concat()
                };
                *signature = [fixed(&r), fixed(&s)].concat();
            },
        ),
        p256(
            "signature-of-a-byte",
            "a signature of one byte",
            |signature| *signature = vec![0x30],
        ),
    ]
}

fn others() -> Vec<Case> {
    vec![
        signature(
            "signature-ed25519-beyond-order",
            "a number with the order added to it",
            Scheme::Ed25519Ph,
            |signature| {
                let mut carry = 0u16;
                for (byte, more) in signature[32..].iter_mut().zip(ED25519_ORDER) {
                    let sum = u16::from(*byte) + u16::from(more) + carry;
                    *byte = u8::try_from(sum & 0xff).expect("a byte");
                    carry = sum >> 8;
                }
            },
        ),
        signature(
            "signature-ed25519-of-zeros",
            "a signature of zeros",
            Scheme::Ed25519Ph,
            |signature| signature.fill(0),
        ),
        signature(
            "signature-ed25519-identity",
            "the neutral point and zero",
            Scheme::Ed25519Ph,
            |signature| {
                signature.fill(0);
                signature[0] = 1;
            },
        ),
        signature(
            "signature-ed25519-short",
            "a byte less",
            Scheme::Ed25519Ph,
            |signature| {
                signature.pop();
            },
        ),
        signature(
            "signature-rsa-padded",
            "a zero before the signature",
            Scheme::Rsa3072,
            |signature| signature.insert(0, 0),
        ),
        signature(
            "signature-rsa-short",
            "a byte less",
            Scheme::Rsa3072,
            |signature| {
                signature.pop();
            },
        ),
        signature(
            "signature-rsa-of-one",
            "the number one",
            Scheme::Rsa3072,
            |signature| {
                signature.fill(0);
                *signature.last_mut().expect("a byte") = 1;
            },
        ),
        signature(
            "signature-rsa-of-zero",
            "the number zero",
            Scheme::Pss3072,
            |signature| signature.fill(0),
        ),
        signature(
            "signature-rsa-of-ones",
            "a number above the modulus",
            Scheme::Pss3072,
            |signature| signature.fill(0xff),
        ),
        signature(
            "signature-of-no-bytes",
            "no signature",
            Scheme::P256,
            Vec::clear,
        ),
    ]
}

fn tokens() -> Vec<Case> {
    let in_signer = |name, rules, sentence, edit: fn(&mut SignerSpec)| {
        bad(
            name,
            rules,
            sentence,
            ("v2-message", Recipe::v2()),
            move |stage| {
                if let Stage::Stamp(_, spec) = stage {
                    edit(spec);
                }
            },
        )
    };
    let named = |case, sentence, value: fn() -> Vec<u8>| {
        bad(
            case,
            "V16",
            sentence,
            ("tsa-named", Recipe::v2()),
            move |stage| {
                if let Stage::TstInfo(_, info) = stage {
                    info.rest.push(der::explicit(0, &value()));
                }
            },
        )
    };
    // The trusted root has the CA alone, and the certificate in the token is not what it should be.
    let in_token = |case, rules, sentence, edit: fn(&mut CertificateSpec)| {
        let mut recipe = Recipe::v2();
        recipe.tsas[0].embed = true;
        let derived = ("tsa-certificate-in-token-only", recipe);
        bad(case, rules, sentence, derived, move |stage| match stage {
            Stage::Stamper(_, 1, spec) => edit(spec),
            Stage::Root(json) => {
                json.list("timestampAuthorities.0.certChain.certificates")
                    .remove(0);
            }
            _ => {}
        })
    };
    let four = || {
        let mut recipe = Recipe::v2();
        recipe.tsas[0].ca.schemes = vec![Scheme::P256; 4];
        ("tsa-four-certificates", recipe)
    };
    vec![
        named(
            "token-names-another",
            "a token that says it is another authority's",
            || der::tlv(0xa4, &name("sigsign local", "tsa2.localhost 1")),
        ),
        named(
            "token-names-its-issuer",
            "a token that says it is its issuer's",
            || der::tlv(0xa4, &name("sigsign local", "tsa.localhost 0")),
        ),
        named(
            "token-names-a-host",
            "a token with a host that its certificate does not have",
            || der::tlv(0x82, b"tsa.localhost"),
        ),
        in_signer(
            "token-protects-other-digest",
            "V15",
            "a protected digest algorithm that is not the signer's",
            |spec| {
                spec.attributes.push(protection(
                    &Hash::Sha512.identifier(),
                    &spec.signature_algorithm,
                ));
            },
        ),
        in_signer(
            "token-protects-other-signature",
            "V15",
            "a protected signature algorithm that is not the signer's",
            |spec| {
                let other = der::sequence(&[der::oid("1.2.840.10045.4.3.3")]);
                spec.attributes
                    .push(protection(&spec.digest_algorithm, &other));
            },
        ),
        in_signer(
            "token-signing-time-of-two",
            "V15",
            "two signing times",
            |spec| {
                spec.attributes.retain(|it| !is(SIGNING_TIME)(it));
                let times = [
                    sigsign_local::certificate::time(NOW),
                    sigsign_local::certificate::time(NOW + 1),
                ];
                spec.attributes.push(attribute(SIGNING_TIME, &times));
            },
        ),
        in_token(
            "token-brings-other-issuers",
            "V16 A23",
            "a certificate in the token that the authority did not sign",
            |spec| {
                spec.signer = Key::new(Scheme::P384, "other");
            },
        ),
        in_token(
            "token-brings-a-ca",
            "V16 V18 A24",
            "a CA's certificate in the token",
            |spec| {
                spec.add(
                    BASIC_CONSTRAINTS,
                    true,
                    sigsign_local::certificate::ca(None),
                );
            },
        ),
        in_token(
            "token-brings-no-purpose",
            "V16 V18",
            "a certificate in the token that is not for time stamps",
            |spec| {
                spec.remove(EXTENDED_KEY_USAGE);
            },
        ),
        in_token(
            "token-brings-ended",
            "V16 V19",
            "a certificate in the token that had ended",
            |spec| {
                spec.valid(START, NOW + 5);
            },
        ),
        brings_another(),
        bad(
            "stamper-path-length",
            "V18",
            "an intermediate below one that allows none",
            four(),
            |stage| {
                if let Stage::Stamper(0, 1, spec) = stage {
                    spec.extension(BASIC_CONSTRAINTS).value =
                        sigsign_local::certificate::ca(Some(0));
                }
            },
        ),
        bad(
            "stamper-constrained",
            "V18 V28",
            "an authority whose name its issuer may not certify",
            four(),
            |stage| {
                if let Stage::Stamper(0, 1, spec) = stage {
                    let other = der::tlv(0xa4, &name("other", "tsa"));
                    spec.add(NAME_CONSTRAINTS, true, name_constraints(&[other], &[]));
                }
            },
        ),
    ]
}

/// A token of a certificate beside the one in the trusted root, by the same issuer.
fn brings_another() -> Case {
    let mut recipe = Recipe::v2();
    recipe.tsas[0].embed = true;
    let sentence = "a certificate in the token, of an authority whose own is in the trusted root";
    let derived = ("tsa-embedded-certificates", recipe);
    let mut own = Vec::new();
    bad(
        "token-brings-another",
        "V16 A23",
        sentence,
        derived,
        move |stage| match stage {
            Stage::Stamper(_, 1, spec) => {
                let mut other = spec.clone();
                other.serial = vec![7];
                own = other.sign();
            }
            Stage::Root(json) => {
                let own = Json::object([("rawBytes", Json::bytes(&own))]);
                json.list("timestampAuthorities.0.certChain.certificates")[0] = own;
            }
            _ => {}
        },
    )
}
