//! Time stamp tokens in every form that their standards allow.

use sha1::{Digest as _, Sha1};
use sigsign_local::der;
use sigsign_local::key::{Hash, Scheme};
use sigsign_local::make::Stage;
use sigsign_local::recipe::Recipe;
use sigsign_local::tsp::{SIGNING_CERTIFICATE, SIGNING_TIME, SignerSpec, TstInfo, attribute};

use crate::case::{Case, good};

/// signing-certificate, the first version: SHA-1 only
const SIGNING_CERTIFICATE_V1: &str = "1.2.840.113549.1.9.16.2.12";

pub(crate) fn cases() -> Vec<Case> {
    let mut cases = attributes();
    cases.extend(infos());
    cases.extend(signers());
    cases.extend(rare());
    cases
}

/// SigningCertificate about a certificate, by its SHA-1.
pub(crate) fn by_sha1(certificate: &[u8]) -> Vec<u8> {
    let digest = der::octets(&Sha1::digest(certificate));
    let ids = der::sequence(&[der::sequence(&[digest])]);
    attribute(SIGNING_CERTIFICATE_V1, &[der::sequence(&[ids])])
}

pub(crate) fn is(oid: &str) -> impl Fn(&Vec<u8>) -> bool {
    let oid = der::oid(oid);
    move |attribute| attribute.windows(oid.len()).any(|part| part == oid)
}

/// CMSAlgorithmProtection. Spec: RFC 6211
pub(crate) fn protection(digest: &[u8], signature: &[u8]) -> Vec<u8> {
    let signature = der::tlv(0xa1, der::content(signature));
    attribute(
        "1.2.840.113549.1.9.52",
        &[der::sequence(&[digest, &signature])],
    )
}

/// Forms that are rare.
fn rare() -> Vec<Case> {
    let in_signer = |name, rules, edit: fn(&mut SignerSpec)| {
        good(name, rules, Recipe::v2()).with(move |stage| {
            if let Stage::Stamp(_, spec) = stage {
                edit(spec);
            }
        })
    };
    vec![
        in_signer("tsa-protected-algorithms", "V15", |spec| {
            let protection = protection(&spec.digest_algorithm, &spec.signature_algorithm);
            spec.attributes.push(protection);
        }),
        in_signer("tsa-attribute-of-two-values", "V15", |spec| {
            let two = attribute("1.2.3.4", &[der::integer(1), der::integer(2)]);
            spec.attributes.push(two);
        }),
        in_signer("tsa-digest-with-null", "V14", |spec| {
            let oid = der::oid("2.16.840.1.101.3.4.2.1");
            spec.digest_algorithm = der::sequence(&[oid, der::null()]);
        }),
        certificate_ids("tsa-several-certificate-ids", |own, other| {
            let one = |der_bytes: &[u8]| der::sequence(&[der::octets(&Hash::Sha256.of(der_bytes))]);
            der::sequence(&[der::sequence(&[one(own), one(other)])])
        }),
        certificate_ids("tsa-certificate-id-with-its-default", |own, _| {
            let oid = der::oid("2.16.840.1.101.3.4.2.1");
            let hash = der::sequence(&[oid, der::null()]);
            let id = der::sequence(&[hash, der::octets(&Hash::Sha256.of(own))]);
            let policy = der::sequence(&[der::sequence(&[der::oid("1.2.3.4")])]);
            der::sequence(&[der::sequence(&[id]), policy])
        }),
        good("tsa-status-in-words", "V13", Recipe::v2()).with(|stage| {
            if let Stage::Token(_, token) = stage {
                let rest = der::content(token)[5..].to_vec();
                let words = der::sequence(&[der::utf8("granted"), der::utf8("gewährt")]);
                *token = der::sequence(&[der::sequence(&[der::integer(0), words]), rest]);
            }
        }),
        good("tsa-unsigned-attribute", "V15", Recipe::v2()).with(|stage| {
            if let Stage::Response(_, response) = stage {
                let signer = der::content(&response.signers[0]).to_vec();
                let unsigned = der::tlv(0xa1, &attribute("1.2.3.4", &[der::null()]));
                response.signers[0] = der::sequence(&[signer, unsigned]);
            }
        }),
        good("tsa-named-by-host", "V16", Recipe::v2()).with(|stage| {
            let host = || der::tlv(0x82, b"tsa.localhost");
            match stage {
                Stage::Stamper(_, 1, spec) => {
                    let uri = der::tlv(0x86, b"https://tsa.localhost/");
                    spec.add("2.5.29.17", false, der::sequence(&[uri, host()]));
                }
                Stage::TstInfo(_, info) => info.rest.push(der::explicit(0, &host())),
                _ => {}
            }
        }),
        cas_only("tsa-certificate-in-token-only", 2),
        cas_only("tsa-two-certificates-in-token-only", 4),
        good("tsa-without-subject", "V18", Recipe::v2()).with(|stage| {
            if let Stage::Stamper(_, 1, spec) = stage {
                spec.subject = der::tlv(0x30, &[]);
                let uri = der::tlv(0x86, b"https://tsa.localhost/");
                spec.add("2.5.29.17", true, der::sequence(&[uri]));
            }
        }),
    ]
}

/// An authority that the trusted root has the CAs of; its signer's certificate is in the token.
fn cas_only(name: &'static str, certificates: usize) -> Case {
    let mut recipe = Recipe::v2();
    recipe.tsas[0].ca.schemes = vec![Scheme::P256; certificates];
    recipe.tsas[0].embed = true;
    good(name, "V16", recipe).with(|stage| {
        if let Stage::Root(json) = stage {
            json.list("timestampAuthorities.0.certChain.certificates")
                .remove(0);
        }
    })
}

/// A signing-certificate-v2 attribute made from the authority's own certificate and its issuer's.
fn certificate_ids(name: &'static str, ids: fn(&[u8], &[u8]) -> Vec<u8>) -> Case {
    let (mut own, mut other) = (Vec::new(), Vec::new());
    good(name, "V17", Recipe::v2()).with(move |stage| match stage {
        Stage::Stamper(_, 0, spec) => other = spec.sign(),
        Stage::Stamper(_, 1, spec) => own = spec.sign(),
        Stage::Stamp(_, spec) => {
            spec.attributes.retain(|it| !is(SIGNING_CERTIFICATE)(it));
            spec.attributes
                .push(attribute(SIGNING_CERTIFICATE, &[ids(&own, &other)]));
        }
        _ => {}
    })
}

fn attributes() -> Vec<Case> {
    // `keep`: whether the second version stays
    let with_v1 = |name, keep: bool| {
        let mut own = Vec::new();
        good(name, "V17", Recipe::v2()).with(move |stage| match stage {
            Stage::Stamper(_, 1, spec) => own = spec.sign(),
            Stage::Stamp(_, spec) => {
                spec.attributes
                    .retain(|it| keep || !is(SIGNING_CERTIFICATE)(it));
                spec.attributes.push(by_sha1(&own));
            }
            _ => {}
        })
    };
    vec![
        with_v1("tsa-certificate-by-sha1", false),
        with_v1("tsa-certificate-by-both", true),
        good("tsa-no-signing-time", "V15", Recipe::v2()).with(|stage| {
            if let Stage::Stamp(_, spec) = stage {
                spec.attributes.retain(|it| !is(SIGNING_TIME)(it));
            }
        }),
        good("tsa-unknown-attribute", "V15", Recipe::v2()).with(|stage| {
            if let Stage::Stamp(_, spec) = stage {
                spec.attributes.push(attribute("1.2.3.4", &[der::null()]));
            }
        }),
        good("tsa-signer-by-key-id", "V17", Recipe::v2()).with({
            let mut id = Vec::new();
            move |stage| match stage {
                Stage::Stamper(_, 1, spec) => {
                    id = sigsign_local::certificate::key_id(&spec.spki);
                }
                Stage::Stamp(_, spec) => spec.id = der::tlv(0x80, &id),
                _ => {}
            }
        }),
        good("tsa-certificate-by-sha512", "V17", Recipe::v2()).with({
            let mut own = Vec::new();
            move |stage| match stage {
                Stage::Stamper(_, 1, spec) => own = spec.sign(),
                Stage::Stamp(_, spec) => {
                    spec.attributes.retain(|it| !is(SIGNING_CERTIFICATE)(it));
                    let id = der::sequence(&[
                        Hash::Sha512.identifier(),
                        der::octets(&Hash::Sha512.of(&own)),
                    ]);
                    let ids = der::sequence(&[der::sequence(&[id])]);
                    spec.attributes.push(attribute(SIGNING_CERTIFICATE, &[ids]));
                }
                _ => {}
            }
        }),
    ]
}

fn infos() -> Vec<Case> {
    let with = |name, rules, edit: fn(&mut TstInfo)| {
        good(name, rules, Recipe::v2()).with(move |stage| {
            if let Stage::TstInfo(_, info) = stage {
                edit(info);
            }
        })
    };
    let name = || {
        der::explicit(
            0,
            &der::tlv(
                0xa4,
                &sigsign_local::certificate::name("sigsign local", "tsa.localhost 1"),
            ),
        )
    };
    let extension = || {
        let one = der::sequence(&[der::oid("1.2.3.4"), der::octets(b"x")]);
        der::tlv(0xa1, &one)
    };
    vec![
        with("tsa-accuracy-in-full", "V15", |info| {
            let accuracy = der::sequence(&[
                der::integer(1),
                der::tlv(0x80, &[0x01, 0xf4]),
                der::tlv(0x81, &[0x64]),
            ]);
            info.rest.insert(0, accuracy);
        }),
        with("tsa-accuracy-of-micros", "V15", |info| {
            info.rest
                .insert(0, der::sequence(&[der::tlv(0x81, &[0x64])]));
        }),
        good("tsa-named", "V15", Recipe::v2()).with(move |stage| {
            if let Stage::TstInfo(_, info) = stage {
                info.rest.push(name());
            }
        }),
        good("tsa-extension", "V15", Recipe::v2()).with(move |stage| {
            if let Stage::TstInfo(_, info) = stage {
                info.rest.push(extension());
            }
        }),
        with("tsa-long-nonce-and-serial", "V15", |info| {
            info.rest = vec![der::tlv(0x02, &[0x7f; 32])];
            info.serial = vec![0x55; 20];
        }),
        with("tsa-fraction-of-nine-digits", "V19", |info| {
            info.gen_time = info.gen_time.replace('Z', ".123456789Z");
        }),
        with("tsa-hash-without-parameters", "V20", |info| {
            info.imprint_algorithm = der::sequence(&[der::oid("2.16.840.1.101.3.4.2.1")]);
        }),
    ]
}

fn signers() -> Vec<Case> {
    let tsa = |schemes: Vec<Scheme>| {
        let mut recipe = Recipe::v2();
        recipe.tsas[0].ca.schemes = schemes;
        recipe
    };
    vec![
        good(
            "tsa-rsa-encryption",
            "V23 O4",
            tsa(vec![Scheme::P384, Scheme::Rsa2048]),
        )
        .with(|stage| {
            if let Stage::Stamp(_, spec) = stage {
                let null = der::null();
                spec.signature_algorithm = der::sequence(&[der::oid("1.2.840.113549.1.1.1"), null]);
            }
        }),
        good("tsa-self-signed", "V16 V18", tsa(vec![Scheme::P256])),
        good(
            "tsa-four-certificates",
            "V18",
            tsa(vec![
                Scheme::P384,
                Scheme::P384,
                Scheme::Rsa4096,
                Scheme::P256,
            ]),
        ),
        good("tsa-foreign-certificates", "V16 A23", Recipe::v2()).with({
            let mut own = Vec::new();
            move |stage| match stage {
                Stage::Stamper(_, 0, spec) => own = spec.sign(),
                Stage::Response(_, response) => response.certificates = vec![own.clone()],
                _ => {}
            }
        }),
        good("tsa-non-repudiation", "V18", Recipe::v2()).with(|stage| {
            if let Stage::Stamper(_, 1, spec) = stage {
                spec.extension(sigsign_local::certificate::KEY_USAGE).value =
                    der::bit_flags(1 | 1 << 1);
            }
        }),
        good("tsa-no-key-usage", "V18", Recipe::v2()).with(|stage| {
            if let Stage::Stamper(_, 1, spec) = stage {
                spec.remove(sigsign_local::certificate::KEY_USAGE);
            }
        }),
        good(
            "tsa-intermediate-any-purpose",
            "V18",
            tsa(vec![Scheme::P384, Scheme::P384, Scheme::P256]),
        )
        .with(|stage| {
            if let Stage::Stamper(_, 1, spec) = stage {
                spec.extension(sigsign_local::certificate::EXTENDED_KEY_USAGE)
                    .value = sigsign_local::certificate::usages(&["2.5.29.37.0"]);
            }
        }),
        good(
            "tsa-intermediate-no-purpose",
            "V18",
            tsa(vec![Scheme::P384, Scheme::P384, Scheme::P256]),
        )
        .with(|stage| {
            if let Stage::Stamper(_, 1, spec) = stage {
                spec.remove(sigsign_local::certificate::EXTENDED_KEY_USAGE);
            }
        }),
        good("tsa-several-digest-algorithms", "V14", Recipe::v2()).with(|stage| {
            if let Stage::Response(_, response) = stage {
                response.digest_algorithms.push(Hash::Sha512.identifier());
            }
        }),
    ]
}
