//! Time stamp tokens that are not what they should be.

use sigsign_local::certificate::{EXTENDED_KEY_USAGE, KEY_USAGE, TIME_STAMPING, usages};
use sigsign_local::der;
use sigsign_local::key::{Hash, Key, Scheme};
use sigsign_local::make::Stage;
use sigsign_local::recipe::{NOW, Recipe, START, TsaSpec};
use sigsign_local::tsp::{
    CONTENT_TYPE, MESSAGE_DIGEST, ResponseSpec, SIGNING_CERTIFICATE, SIGNING_TIME, SignerSpec,
    TST_INFO, TstInfo, attribute,
};

use crate::case::{Case, bad};
use crate::good_tokens::{by_sha1, is};

const SHA1: &str = "1.3.14.3.2.26";
const DATA: &str = "1.2.840.113549.1.7.1";

pub(crate) fn cases() -> Vec<Case> {
    let mut cases = infos();
    cases.extend(signers());
    cases.extend(certificate_ids());
    cases.extend(responses());
    cases.extend(authorities());
    cases
}

fn v2() -> (&'static str, Recipe) {
    ("v2-message", Recipe::v2())
}

fn in_info(
    name: &'static str,
    rules: &'static str,
    sentence: &'static str,
    edit: impl Fn(&mut TstInfo) + 'static,
) -> Case {
    bad(name, rules, sentence, v2(), move |stage| {
        if let Stage::TstInfo(_, info) = stage {
            edit(info);
        }
    })
}

fn in_signer(
    name: &'static str,
    rules: &'static str,
    sentence: &'static str,
    edit: impl Fn(&mut SignerSpec) + 'static,
) -> Case {
    bad(name, rules, sentence, v2(), move |stage| {
        if let Stage::Stamp(_, spec) = stage {
            edit(spec);
        }
    })
}

fn in_response(
    name: &'static str,
    rules: &'static str,
    sentence: &'static str,
    edit: impl Fn(&mut ResponseSpec) + 'static,
) -> Case {
    bad(name, rules, sentence, v2(), move |stage| {
        if let Stage::Response(_, spec) = stage {
            edit(spec);
        }
    })
}

/// A change of the bytes after everything is signed.
fn in_token(
    name: &'static str,
    rules: &'static str,
    sentence: &'static str,
    edit: impl Fn(&mut Vec<u8>) + 'static,
) -> Case {
    bad(name, rules, sentence, v2(), move |stage| {
        if let Stage::Token(_, token) = stage {
            edit(token);
        }
    })
}

fn infos() -> Vec<Case> {
    vec![
        in_info(
            "token-of-artifact",
            "V9 V20",
            "a time stamp of the artifact, not of its signature",
            |info| {
                info.imprint = Hash::Sha256.of(&Recipe::v2().artifact);
            },
        ),
        in_info(
            "token-imprint-sha1",
            "V20 O26",
            "an imprint by SHA-1",
            |info| {
                info.imprint_algorithm = der::sequence(&[der::oid(SHA1), der::null()]);
                info.imprint.truncate(20);
            },
        ),
        in_info(
            "token-imprint-short",
            "V20",
            "an imprint cut short",
            |info| {
                info.imprint.truncate(20);
            },
        ),
        in_info(
            "token-imprint-name",
            "V20",
            "a SHA-256 that is called a SHA-512",
            |info| {
                info.imprint_algorithm = Hash::Sha512.identifier();
            },
        ),
        in_info("token-version", "V14", "content of version 2", |info| {
            info.version = 2
        }),
        in_info(
            "token-time-offset",
            "V19",
            "a time with an offset",
            |info| {
                info.gen_time = info.gen_time.replace('Z', "+0000");
            },
        ),
        in_info(
            "token-time-without-seconds",
            "V19",
            "a time without seconds",
            |info| {
                info.gen_time = format!("{}Z", &info.gen_time[..12]);
            },
        ),
        in_info(
            "token-time-fraction-zero",
            "V19",
            "a fraction of a second that ends in zero",
            |info| {
                info.gen_time = info.gen_time.replace('Z', ".10Z");
            },
        ),
        in_info(
            "token-time-leap-second",
            "V19",
            "a sixty-first second",
            |info| {
                info.gen_time = format!("{}60Z", &info.gen_time[..12]);
            },
        ),
        in_info(
            "token-critical-extension",
            "V14",
            "a critical extension",
            |info| {
                let one = der::sequence(&[der::oid("1.2.3.4"), der::yes(), der::octets(b"x")]);
                info.rest.push(der::tlv(0xa1, &one));
            },
        ),
        in_info(
            "token-extension-twice",
            "V14",
            "an extension twice",
            |info| {
                let one = der::sequence(&[der::oid("1.2.3.4"), der::octets(b"x")]);
                info.rest.push(der::tlv(0xa1, &[one.clone(), one].concat()));
            },
        ),
        in_info(
            "token-ordering-false",
            "V14",
            "a default that is written out",
            |info| {
                info.rest.insert(0, der::tlv(0x01, &[0]));
            },
        ),
        in_info(
            "token-ordering-not-der",
            "V14",
            "a truth that is not written as in DER",
            |info| {
                info.rest.insert(0, der::tlv(0x01, &[1]));
            },
        ),
        in_info(
            "token-accuracy-of-a-second",
            "V14",
            "a thousand milliseconds",
            |info| {
                info.rest
                    .insert(0, der::sequence(&[der::tlv(0x80, &[0x03, 0xe8])]));
            },
        ),
        in_info(
            "token-serial-padded",
            "V14",
            "an integer with a byte too many",
            |info| {
                info.serial = vec![0, 0x2a];
            },
        ),
        in_info(
            "token-fields-swapped",
            "V14",
            "optional fields in another order",
            |info| {
                info.rest.push(der::yes());
            },
        ),
        in_info(
            "token-trailing-field",
            "V14",
            "a field that nobody knows",
            |info| {
                info.rest.push(der::null());
            },
        ),
    ]
}

fn signers() -> Vec<Case> {
    vec![
        in_signer(
            "token-other-key",
            "V15 A22",
            "a signature by another key",
            |spec| {
                spec.key = Key::new(Scheme::P256, "other");
            },
        ),
        in_signer(
            "token-signs-content",
            "V15",
            "a signature over the content, not the attributes",
            |spec| {
                spec.signed = Some(b"other".to_vec());
            },
        ),
        in_signer(
            "token-no-attributes",
            "V15",
            "no signed attributes",
            |spec| {
                spec.attributes.clear();
            },
        ),
        in_signer(
            "token-no-content-type",
            "V15",
            "no content-type attribute",
            |spec| {
                spec.attributes.retain(|it| !is(CONTENT_TYPE)(it));
            },
        ),
        in_signer(
            "token-other-content-type",
            "V15",
            "another content-type attribute",
            |spec| {
                spec.attributes.retain(|it| !is(CONTENT_TYPE)(it));
                spec.attributes
                    .push(attribute(CONTENT_TYPE, &[der::oid(DATA)]));
            },
        ),
        in_signer(
            "token-no-message-digest",
            "V15",
            "no message-digest attribute",
            |spec| {
                spec.attributes.retain(|it| !is(MESSAGE_DIGEST)(it));
            },
        ),
        in_signer(
            "token-other-message-digest",
            "V15",
            "the digest of other content",
            |spec| {
                spec.attributes.retain(|it| !is(MESSAGE_DIGEST)(it));
                let digest = der::octets(&Hash::Sha256.of(b"other"));
                spec.attributes.push(attribute(MESSAGE_DIGEST, &[digest]));
            },
        ),
        in_signer(
            "token-two-message-digests",
            "V15",
            "an attribute with two values",
            |spec| {
                let at = spec
                    .attributes
                    .iter()
                    .position(is(MESSAGE_DIGEST))
                    .expect("a digest");
                let other = der::octets(&Hash::Sha256.of(b"other"));
                let own = der::octets(&spec.attributes[at][spec.attributes[at].len() - 32..]);
                spec.attributes[at] = attribute(MESSAGE_DIGEST, &[own, other]);
            },
        ),
        in_signer(
            "token-attribute-twice",
            "V15",
            "an attribute twice",
            |spec| {
                let other = der::octets(&Hash::Sha256.of(b"other"));
                spec.attributes.push(attribute(MESSAGE_DIGEST, &[other]));
            },
        ),
        in_signer(
            "token-attributes-not-sorted",
            "V15",
            "attributes out of order",
            |spec| {
                spec.attributes.sort();
                spec.attributes.reverse();
                spec.keep_order = true;
            },
        ),
        in_signer(
            "token-attribute-empty",
            "V15",
            "an attribute without a value",
            |spec| {
                spec.attributes.retain(|it| !is(SIGNING_TIME)(it));
                spec.attributes.push(attribute(SIGNING_TIME, &[]));
            },
        ),
        in_signer(
            "token-digest-algorithm",
            "V14",
            "another digest algorithm than the signature's",
            |spec| {
                spec.digest_algorithm = Hash::Sha512.identifier();
            },
        ),
        in_signer(
            "token-digest-sha1",
            "V14 O26",
            "SHA-1 as the digest algorithm",
            |spec| {
                spec.digest_algorithm = der::sequence(&[der::oid(SHA1), der::null()]);
            },
        ),
        in_signer(
            "token-signature-algorithm",
            "V15",
            "an algorithm of another kind of key",
            |spec| {
                spec.signature_algorithm =
                    der::sequence(&[der::oid("1.2.840.113549.1.1.11"), der::null()]);
            },
        ),
        in_signer(
            "token-signature-sha1",
            "V15",
            "a signature over SHA-1",
            |spec| {
                spec.signature_algorithm = der::sequence(&[der::oid("1.2.840.10045.4.1")]);
            },
        ),
        in_signer(
            "token-other-serial",
            "V17",
            "the serial number of another certificate",
            |spec| {
                let name = sigsign_local::certificate::name("sigsign local", "tsa.localhost 0");
                spec.id = der::sequence(&[name, der::integer(7)]);
            },
        ),
        in_signer(
            "token-other-key-id",
            "V17",
            "the key id of another certificate",
            |spec| {
                spec.id = der::tlv(0x80, &[7; 20]);
            },
        ),
    ]
}

fn certificate_ids() -> Vec<Case> {
    let v2_id = |digest: Vec<u8>| {
        let id = der::sequence(&[der::octets(&digest)]);
        attribute(
            SIGNING_CERTIFICATE,
            &[der::sequence(&[der::sequence(&[id])])],
        )
    };
    vec![
        in_signer(
            "token-no-certificate-id",
            "V17",
            "no signing-certificate attribute",
            |spec| {
                spec.attributes.retain(|it| !is(SIGNING_CERTIFICATE)(it));
            },
        ),
        in_signer(
            "token-other-certificate-id",
            "V17",
            "the digest of another certificate",
            move |spec| {
                spec.attributes.retain(|it| !is(SIGNING_CERTIFICATE)(it));
                spec.attributes.push(v2_id(Hash::Sha256.of(b"other")));
            },
        ),
        in_signer(
            "token-other-certificate-id-sha1",
            "V17",
            "the SHA-1 of another certificate",
            |spec| {
                spec.attributes.retain(|it| !is(SIGNING_CERTIFICATE)(it));
                spec.attributes.push(by_sha1(b"other"));
            },
        ),
        in_signer(
            "token-two-certificate-ids",
            "V17",
            "beside the right digest the SHA-1 of another certificate",
            |spec| {
                spec.attributes.push(by_sha1(b"other"));
            },
        ),
        in_signer(
            "token-empty-certificate-id",
            "V17",
            "a list of no certificates",
            |spec| {
                spec.attributes.retain(|it| !is(SIGNING_CERTIFICATE)(it));
                let none = der::sequence(&[der::tlv(0x30, &[])]);
                spec.attributes
                    .push(attribute(SIGNING_CERTIFICATE, &[none]));
            },
        ),
    ]
}

fn responses() -> Vec<Case> {
    vec![
        in_response(
            "token-rejected",
            "V13",
            "a request that was rejected",
            |response| response.status = 2,
        ),
        in_response(
            "token-waiting",
            "V13",
            "a request that is waiting",
            |response| response.status = 3,
        ),
        in_response(
            "token-not-signed-data",
            "V14",
            "content that is not signed",
            |response| {
                response.outer_type = DATA.to_owned();
            },
        ),
        in_response(
            "token-not-tst-info",
            "V14",
            "signed content of another type",
            |response| {
                response.content_type = DATA.to_owned();
            },
        ),
        in_response("token-two-signers", "V14 O27", "two signers", |response| {
            response.signers.push(response.signers[0].clone());
        }),
        in_response("token-no-signer", "V14", "no signer", |response| {
            response.signers.clear()
        }),
        in_response(
            "token-data-version",
            "V14",
            "signed data of version 1",
            |response| response.version = 1,
        ),
        in_response(
            "token-digest-not-listed",
            "V14",
            "a digest algorithm that is not listed",
            |response| {
                response.digest_algorithms = vec![Hash::Sha512.identifier()];
            },
        ),
        bad(
            "token-other-content",
            "V15 A22",
            "content changed after it was signed",
            v2(),
            |stage| {
                if let Stage::Response(_, response) = stage {
                    let at = response
                        .content
                        .windows(14)
                        .position(|part| part.starts_with(b"20260115"))
                        .expect("a time");
                    response.content[at + 13] ^= 1;
                }
            },
        ),
        in_token(
            "token-trailing-byte",
            "V14",
            "a byte after the response",
            |token| token.push(0),
        ),
        in_token(
            "token-cut-short",
            "V14",
            "a response that ends too early",
            |token| {
                token.pop();
            },
        ),
        in_token(
            "token-indefinite-length",
            "V14 A28",
            "a length as in BER",
            |token| {
                let content = der::content(token).to_vec();
                *token = [&[0x30, 0x80], &content[..], &[0, 0]].concat();
            },
        ),
        in_token(
            "token-long-length",
            "V14 A28",
            "a length with a zero before it",
            |token| {
                let content = der::content(token).to_vec();
                let len = u32::try_from(content.len())
                    .expect("a short token")
                    .to_be_bytes();
                *token = [&[0x30, 0x84], &len[..], &content].concat();
            },
        ),
        in_token(
            "token-without-response",
            "V13",
            "a token without the response around it",
            |token| {
                let content = der::content(token).to_vec();
                let status = 2 + usize::from(content[1]);
                *token = content[status..].to_vec();
            },
        ),
        in_token(
            "token-empty-response",
            "V13",
            "a response without a token",
            |token| {
                *token = der::sequence(&[der::sequence(&[der::integer(0)])]);
            },
        ),
        in_token(
            "token-signature-cut-short",
            "V15 A22",
            "a signature without its last byte",
            |token| {
                let last = token.len() - 1;
                token[last] ^= 1;
            },
        ),
    ]
}

fn authorities() -> Vec<Case> {
    let stamper =
        |name, rules, sentence, edit: fn(&mut sigsign_local::certificate::CertificateSpec)| {
            bad(name, rules, sentence, v2(), move |stage| {
                if let Stage::Stamper(_, 1, spec) = stage {
                    edit(spec);
                }
            })
        };
    let three = || {
        let mut recipe = Recipe::v2();
        recipe.tsas[0].ca.schemes = vec![Scheme::P384, Scheme::P384, Scheme::P256];
        ("tsa-own-certificate-only", recipe)
    };
    let two = |change: fn(&mut Vec<TsaSpec>)| {
        let mut recipe = Recipe::v2();
        recipe.tsas.push(TsaSpec::new("tsa2.localhost"));
        change(&mut recipe.tsas);
        ("two-tsas", recipe)
    };
    vec![
        stamper(
            "stamper-two-purposes",
            "V18 O8 A24",
            "a time stamp key with a second purpose",
            |spec| {
                spec.extension(EXTENDED_KEY_USAGE).value =
                    usages(&[TIME_STAMPING, "1.3.6.1.5.5.7.3.3"]);
            },
        ),
        stamper(
            "stamper-unknown-purpose",
            "V18 A24",
            "a time stamp key with a purpose that nobody knows",
            |spec| {
                spec.extension(EXTENDED_KEY_USAGE).value = usages(&[TIME_STAMPING, "1.2.3.4"]);
            },
        ),
        stamper(
            "stamper-any-purpose",
            "V18",
            "a key for any purpose",
            |spec| {
                spec.extension(EXTENDED_KEY_USAGE).value = usages(&["2.5.29.37.0"]);
            },
        ),
        stamper(
            "stamper-code-signing",
            "V18",
            "a key for signing code",
            |spec| {
                spec.extension(EXTENDED_KEY_USAGE).value = usages(&["1.3.6.1.5.5.7.3.3"]);
            },
        ),
        stamper(
            "stamper-no-purpose",
            "V18",
            "a key without a purpose",
            |spec| {
                spec.remove(EXTENDED_KEY_USAGE);
            },
        ),
        stamper(
            "stamper-key-usage",
            "V18",
            "a key that may sign certificates",
            |spec| {
                spec.extension(KEY_USAGE).value = der::bit_flags(1 | 1 << 5);
            },
        ),
        stamper(
            "stamper-unknown-critical",
            "V18",
            "a critical extension that nobody knows",
            |spec| {
                spec.add("1.2.3.4", true, der::null());
            },
        ),
        stamper(
            "stamper-expired",
            "V19 V18",
            "a time stamp key that had ended",
            |spec| {
                spec.valid(START, NOW + 5);
            },
        ),
        stamper(
            "stamper-not-yet-valid",
            "V19 V18",
            "a time stamp key that had not begun",
            |spec| {
                spec.valid(NOW + 7, NOW + 1000);
            },
        ),
        stamper(
            "stamper-of-other-issuer",
            "V18",
            "a time stamp key that its authority did not sign",
            |spec| {
                spec.signer = Key::new(Scheme::P384, "other");
            },
        ),
        bad(
            "stamper-root-expired",
            "V19 V18",
            "an authority whose root had ended",
            v2(),
            |stage| {
                if let Stage::Stamper(_, 0, spec) = stage {
                    spec.valid(START, NOW + 5);
                }
            },
        ),
        bad(
            "stamper-intermediate-code-signing",
            "V18",
            "an intermediate for signing code",
            three(),
            |stage| {
                if let Stage::Stamper(_, 1, spec) = stage {
                    spec.extension(EXTENDED_KEY_USAGE).value = usages(&["1.3.6.1.5.5.7.3.3"]);
                }
            },
        ),
        bad(
            "stamper-intermediate-not-ca",
            "V18",
            "an intermediate that is no CA",
            three(),
            |stage| {
                if let Stage::Stamper(_, 1, spec) = stage {
                    spec.remove(sigsign_local::certificate::BASIC_CONSTRAINTS);
                }
            },
        ),
        bad(
            "token-in-window-of-other",
            "V19 TOB-11",
            "a time in the window of another authority only",
            two(|tsas| {
                tsas[0].ca.window = (START, Some(NOW + 5));
            }),
            |_| {},
        ),
        bad(
            "second-token-before-certificate",
            "V11 TOB-4",
            "beside a good time stamp one from before the certificate",
            two(|tsas| {
                tsas[1].at = NOW - 1;
            }),
            |_| {},
        ),
        bad(
            "second-token-after-certificate",
            "V11 TOB-4",
            "beside a good time stamp one from after the certificate",
            two(|tsas| {
                tsas[1].at = NOW + 601;
            }),
            |_| {},
        ),
        bad(
            "second-token-of-unknown",
            "V11 V16",
            "beside a good time stamp one of an unknown authority",
            two(|tsas| {
                tsas[1].known = false;
            }),
            |_| {},
        ),
        bad(
            "two-tsas-of-one-operator",
            "V10 O3",
            "two authorities of one operator in place of two",
            two(|tsas| {
                tsas[0].ca.operator = Some("a.invalid".to_owned());
                tsas[1].ca.operator = Some("a.invalid".to_owned());
            }),
            |_| {},
        )
        .policy("time_threshold = 2"),
        bad(
            "token-beside-promise-after-certificate",
            "V11",
            "beside a promise a time stamp from after the certificate",
            ("v03-message-and-tsa", {
                let mut tsa = TsaSpec::new("tsa.localhost");
                tsa.at = NOW + 601;
                Recipe {
                    tsas: vec![tsa],
                    ..Recipe::v1()
                }
            }),
            |_| {},
        ),
        bad(
            "promise-beside-token-after-certificate",
            "V11 V12",
            "beside a time stamp a promise from after the certificate",
            ("v03-message-and-tsa", {
                let mut recipe = Recipe {
                    tsas: vec![TsaSpec::new("tsa.localhost")],
                    ..Recipe::v1()
                };
                recipe.logs[0].integrated = NOW + 601;
                recipe
            }),
            |_| {},
        ),
        bad(
            "token-certificate-in-token",
            "V16 A23",
            "an authority that is in the token and not in the trusted root",
            v2(),
            {
                let mut other = Vec::new();
                move |stage| match stage {
                    Stage::Stamper(_, 1, spec) => {
                        let key = Key::new(Scheme::P256, "other");
                        let mut forged = spec.clone();
                        forged.spki = key.spki();
                        other = forged.sign();
                    }
                    Stage::Stamp(_, spec) => {
                        spec.key = Key::new(Scheme::P256, "other");
                        let id = der::sequence(&[der::octets(&Hash::Sha256.of(&other))]);
                        spec.attributes.retain(|it| !is(SIGNING_CERTIFICATE)(it));
                        spec.attributes.push(attribute(
                            SIGNING_CERTIFICATE,
                            &[der::sequence(&[der::sequence(&[id])])],
                        ));
                    }
                    Stage::Response(_, response) => {
                        response.content_type = TST_INFO.to_owned();
                        response.certificates = vec![other.clone()];
                    }
                    _ => {}
                }
            },
        ),
    ]
}
