//! Certificates, and chains of them, that are not what they should be.

use sigsign_local::certificate::{
    AUTHORITY_KEY_ID, BASIC_CONSTRAINTS, CertificateSpec, EXTENDED_KEY_USAGE, KEY_USAGE,
    NAME_CONSTRAINTS, SUBJECT_ALT_NAME, San, TIME_STAMPING, ca, name, name_constraints, sans,
    time, usages,
};
use sigsign_local::der;
use sigsign_local::json::Json;
use sigsign_local::key::{Key, Scheme};
use sigsign_local::make::Stage;
use sigsign_local::recipe::{CaSpec, NOW, Recipe, START};

use crate::case::{Case, bad};

pub(crate) fn cases() -> Vec<Case> {
    let mut cases = leaves();
    cases.extend(encodings());
    cases.extend(chains());
    cases.extend(constraints());
    cases.extend(roots());
    cases
}

fn v1() -> (&'static str, Recipe) {
    ("v03-message", Recipe::v1())
}

fn leaf(
    name: &'static str,
    rules: &'static str,
    sentence: &'static str,
    edit: impl Fn(&mut CertificateSpec) + 'static,
) -> Case {
    bad(name, rules, sentence, v1(), move |stage| {
        if let Stage::Leaf(spec) = stage {
            edit(spec);
        }
    })
}

/// A change of one certificate of the signers' authority; 0 is the root.
fn authority(
    name: &'static str,
    rules: &'static str,
    sentence: &'static str,
    at: usize,
    edit: impl Fn(&mut CertificateSpec) + 'static,
) -> Case {
    bad(name, rules, sentence, v1(), move |stage| match stage {
        Stage::Authority(0, depth, spec) if depth == at => edit(spec),
        _ => {}
    })
}

fn leaves() -> Vec<Case> {
    vec![
        leaf("leaf-no-purpose", "V27 O9", "a leaf without a purpose", |spec| spec.remove(EXTENDED_KEY_USAGE)),
        leaf("leaf-any-purpose", "V27 O9", "a leaf for any purpose", |spec| {
            spec.extension(EXTENDED_KEY_USAGE).value = usages(&["2.5.29.37.0"]);
        }),
        leaf("leaf-no-key-usage", "V27", "a leaf without key usage", |spec| spec.remove(KEY_USAGE)),
        leaf("leaf-key-usage-not-critical", "V27", "a leaf whose key usage is not critical", |spec| {
            spec.extension(KEY_USAGE).critical = false;
        }),
        leaf("leaf-key-usage-signs-certificates", "V27", "a leaf that may sign certificates", |spec| {
            spec.extension(KEY_USAGE).value = der::bit_flags(1 | 1 << 5);
        }),
        leaf("leaf-key-usage-encrypts", "V27", "a leaf for encryption", |spec| {
            spec.extension(KEY_USAGE).value = der::bit_flags(1 << 2);
        }),
        leaf("leaf-no-name", "V27", "a leaf without a name", |spec| spec.remove(SUBJECT_ALT_NAME)),
        leaf("leaf-name-not-critical", "V27", "an empty subject and a name that is not critical", |spec| {
            spec.extension(SUBJECT_ALT_NAME).critical = false;
        }),
        leaf("leaf-host-name", "V27 O13", "a leaf for a host", |spec| {
            spec.extension(SUBJECT_ALT_NAME).value = sans(&[San::Dns("signer.example.invalid".to_owned())]);
        }),
        leaf("leaf-address", "V27 O13", "a leaf for an address", |spec| {
            spec.extension(SUBJECT_ALT_NAME).value = der::sequence(&[der::tlv(0x87, &[127, 0, 0, 1])]);
        }),
        leaf("leaf-directory-name", "V27 O13", "a leaf for a directory name", |spec| {
            spec.extension(SUBJECT_ALT_NAME).value = der::sequence(&[der::tlv(0xa4, &name("a", "b"))]);
        }),
        leaf("leaf-other-name-unknown", "V27 O13", "a leaf with another kind of name", |spec| {
            let value = der::explicit(0, &der::utf8("signer@example.invalid"));
            let other = der::tlv(0xa0, &[der::oid("1.2.3.4"), value].concat());
            spec.extension(SUBJECT_ALT_NAME).value = der::sequence(&[other]);
        }),
        leaf("leaf-no-names-in-list", "V27", "a leaf with an empty list of names", |spec| {
            spec.extension(SUBJECT_ALT_NAME).value = der::tlv(0x30, &[]);
        }),
        leaf("leaf-name-and-host", "V27 O13", "a leaf with a host beside the signer", |spec| {
            spec.extension(SUBJECT_ALT_NAME).value = sans(&[
                San::Email("signer@example.invalid".to_owned()),
                San::Dns("signer.example.invalid".to_owned()),
            ]);
        }),
        leaf("leaf-poison", "V27 V31", "a certificate that was made for the log only", |spec| {
            spec.add("1.3.6.1.4.1.11129.2.4.3", true, der::null());
        }),
        leaf("leaf-expired-at-signing", "V24 O29", "a leaf that ended a second before the entry", |spec| {
            spec.valid(NOW - 600, NOW + 4);
        }),
        leaf("leaf-not-yet-valid-at-signing", "V24", "a leaf that began a second after the entry", |spec| {
            spec.valid(NOW + 6, NOW + 600);
        }),
        leaf("leaf-other-key-id", "V27", "the key id of another authority", |spec| {
            spec.extension(AUTHORITY_KEY_ID).value = der::sequence(&[der::tlv(0x80, &[7; 20])]);
        }),
        leaf("leaf-other-issuer", "V27", "another issuer's name", |spec| spec.issuer = name("sigsign local", "other")),
        leaf("leaf-of-other-key", "V24", "a leaf that its authority did not sign", |spec| {
            spec.signer = Key::new(Scheme::P384, "other");
        }),
        leaf("leaf-self-signed", "V24", "a leaf that signs itself", |spec| {
            spec.signer = Key::new(Scheme::P256, "signer");
        }),
        leaf("leaf-weak-key", "V55 O28", "an Ed25519 key of small order", |spec| {
            let mut spki = Key::new(Scheme::Ed25519, "signer").spki();
            let len = spki.len();
            spki[len - 32..].fill(0);
            spec.spki = spki;
        }),
        leaf("leaf-off-curve", "V55", "a key that is not on its curve", |spec| {
            let last = spec.spki.len() - 1;
            spec.spki[last] ^= 1;
        }),
    ]
}

fn encodings() -> Vec<Case> {
    let certificate = |name, rules, sentence, edit: fn(&mut Vec<u8>)| {
        bad(name, rules, sentence, v1(), move |stage| {
            if let Stage::Certificate(der) = stage {
                edit(der);
            }
        })
    };
    vec![
        certificate("certificate-trailing-byte", "V29 A28", "a byte after the certificate", |der| der.push(0)),
        certificate("certificate-cut-short", "V29", "a certificate that ends too early", |der| {
            der.pop();
        }),
        certificate("certificate-indefinite-length", "V29 A28", "a length as in BER", |der| {
            let content = der::content(der).to_vec();
            *der = [&[0x30, 0x80], &content[..], &[0, 0]].concat();
        }),
        certificate("certificate-long-length", "V29 A28", "a length with a zero before it", |der| {
            let content = der::content(der).to_vec();
            let len = u32::try_from(content.len()).expect("short").to_be_bytes();
            *der = [&[0x30, 0x84], &len[..], &content].concat();
        }),
        certificate("certificate-signature-changed", "V24", "a changed signature", |der| {
            let last = der.len() - 1;
            der[last] ^= 1;
        }),
        certificate("certificate-as-pem", "V29", "PEM where DER belongs", |der| {
            *der = sigsign_local::text::pem("CERTIFICATE", der).into_bytes();
        }),
        certificate("certificate-is-a-key", "V29 A5", "the key where the certificate belongs", |der| {
            *der = Key::new(Scheme::P256, "signer").spki();
        }),
        leaf("certificate-version-1", "V27", "a certificate of version 1", |spec| spec.version = 0),
        leaf("certificate-version-2", "V27", "a certificate of version 2", |spec| spec.version = 1),
        leaf("certificate-serial-zero", "V27", "serial number 0", |spec| spec.serial = vec![0]),
        leaf("certificate-serial-negative", "V27", "a negative serial number", |spec| spec.serial = vec![0x80, 1]),
        leaf("certificate-serial-padded", "V27 A28", "a serial number with a byte too many", |spec| {
            spec.serial = vec![0, 1];
        }),
        leaf("certificate-serial-long", "V27", "a serial number of 21 octets", |spec| spec.serial = vec![1; 21]),
        leaf("certificate-two-algorithms", "V27", "another algorithm inside than outside", |spec| {
            spec.inner_algorithm = Some(der::sequence(&[der::oid("1.2.840.10045.4.3.2")]));
        }),
        leaf("certificate-ends-before-start", "V24", "an end before the start", |spec| spec.valid(NOW + 600, NOW)),
        leaf("certificate-early-generalized-time", "V24 A28", "a GeneralizedTime where UTCTime belongs", |spec| {
            spec.not_after = der::tlv(0x18, b"20260115121000Z");
        }),
        leaf("certificate-time-without-zone", "V24 A28", "a time without its Z", |spec| {
            spec.not_after = der::tlv(0x17, b"260115121000");
        }),
        leaf("certificate-time-without-seconds", "V24 A28", "a time without seconds", |spec| {
            spec.not_after = der::tlv(0x17, b"2601151210Z");
        }),
        leaf("certificate-extension-not-critical-false", "V27 A28", "a default that is written out", |spec| {
            let not_critical = der::sequence(&[der::oid("1.2.3.4"), der::tlv(0x01, &[0]), der::octets(b"x")]);
            // Written through the type: the encoder leaves a default out.
            spec.add("1.2.3.4", false, b"x".to_vec());
            let plain = der::sequence(&[der::oid("1.2.3.4"), Vec::new(), der::octets(b"x")]);
            assert_ne!(plain, not_critical);
            spec.spki = spec.spki.clone();
            spec.extension("1.2.3.4").value = not_critical;
            spec.extension(BASIC_OR_NEW).value = der::sequence(&[der::tlv(0x01, &[0])]);
        }),
        leaf("certificate-key-usage-padded", "V27 A28", "named bits with zeros at the end", |spec| {
            spec.extension(KEY_USAGE).value = der::tlv(0x03, &[0x00, 0x80]);
        }),
        leaf("certificate-purpose-twice", "V27", "a purpose twice", |spec| {
            spec.extension(EXTENDED_KEY_USAGE).value = usages(&["1.3.6.1.5.5.7.3.3", "1.3.6.1.5.5.7.3.3"]);
        }),
        leaf("certificate-extension-trailing-byte", "V27 A28", "a byte after the value of an extension", |spec| {
            spec.extension(KEY_USAGE).value.push(0);
        }),
    ]
}

fn chains() -> Vec<Case> {
    let three = || {
        let mut recipe = Recipe::v1();
        recipe.authorities[0].schemes = vec![Scheme::P384, Scheme::P384, Scheme::P256];
        ("three-intermediates", recipe)
    };
    let two = |change: fn(&mut CaSpec)| {
        let mut recipe = Recipe::v1();
        recipe.authorities.push(CaSpec::new("ca2.localhost"));
        change(&mut recipe.authorities[0]);
        ("overlapping-authorities", recipe)
    };
    vec![
        authority("root-expired", "V24", "an anchor that had ended", 0, |spec| spec.valid(START, NOW + 4)),
        authority("root-not-yet-valid", "V24", "an anchor that had not begun", 0, |spec| spec.valid(NOW + 6, NOW + 1000)),
        authority("root-not-ca", "V27", "an anchor that is no CA", 0, |spec| spec.remove(BASIC_CONSTRAINTS)),
        authority("root-path-length", "V27", "an intermediate where the anchor allows none", 0, |spec| {
            spec.extension(BASIC_CONSTRAINTS).value = ca(Some(0));
        }),
        authority("root-unknown-critical", "V27", "a critical extension that nobody knows", 0, |spec| {
            spec.add("1.2.3.4", true, der::null());
        }),
        authority("intermediate-not-yet-valid", "V24 A4", "an intermediate that had not begun", 1, |spec| {
            spec.valid(NOW + 6, NOW + 1000);
        }),
        authority("intermediate-ca-false", "V27", "an intermediate that says it is no CA", 1, |spec| {
            spec.extension(BASIC_CONSTRAINTS).value = der::tlv(0x30, &[]);
        }),
        authority("intermediate-ca-not-critical", "V27", "an intermediate whose constraints are not critical", 1, |spec| {
            spec.extension(BASIC_CONSTRAINTS).critical = false;
        }),
        authority("intermediate-key-usage", "V27", "an intermediate that may not sign certificates", 1, |spec| {
            spec.extension(KEY_USAGE).value = der::bit_flags(1);
        }),
        authority("intermediate-no-key-usage", "V27", "an intermediate without key usage", 1, |spec| {
            spec.remove(KEY_USAGE);
        }),
        authority("intermediate-time-stamping", "V27", "an intermediate for time stamps", 1, |spec| {
            spec.extension(EXTENDED_KEY_USAGE).value = usages(&[TIME_STAMPING]);
        }),
        authority("intermediate-no-purpose", "V27", "an intermediate without a purpose", 1, |spec| {
            spec.remove(EXTENDED_KEY_USAGE);
        }),
        authority("intermediate-any-purpose", "V27", "an intermediate for any purpose", 1, |spec| {
            spec.extension(EXTENDED_KEY_USAGE).value = usages(&["2.5.29.37.0"]);
        }),
        authority("intermediate-unknown-critical", "V27", "a critical extension that nobody knows", 1, |spec| {
            spec.add("1.2.3.4", true, der::null());
        }),
        authority("intermediate-of-other-key", "V24", "an intermediate that its anchor did not sign", 1, |spec| {
            spec.signer = Key::new(Scheme::P384, "other");
        }),
        authority("intermediate-other-issuer", "V27", "an intermediate of another issuer", 1, |spec| {
            spec.issuer = name("sigsign local", "other");
        }),
        authority("intermediate-other-key-id", "V27", "an intermediate that names another key of its issuer", 1, |spec| {
            spec.extension(AUTHORITY_KEY_ID).value = der::sequence(&[der::tlv(0x80, &[7; 20])]);
        }),
        bad("intermediate-path-length", "V27", "an intermediate below one that allows none", three(), |stage| {
            if let Stage::Authority(0, 1, spec) = stage {
                spec.extension(BASIC_CONSTRAINTS).value = ca(Some(0));
            }
        }),
        bad("middle-intermediate-expired", "V24 A4", "the middle of three certificates had ended", three(), |stage| {
            if let Stage::Authority(0, 1, spec) = stage {
                spec.valid(START, NOW + 4);
            }
        }),
        bad("authority-window-of-other", "V25 TOB-11", "a time in the window of another authority only", two(|spec| {
            spec.window = (START, Some(NOW + 4));
        }), |_| {}),
        bad("authority-before-window", "V25", "a certificate from before its authority", two(|spec| {
            spec.window = (NOW + 6, None);
        }), |_| {}),
        bad("authority-unknown", "V26", "an authority that is not trusted", v1(), |stage| {
            if let Stage::Root(json) = stage {
                json.list("certificateAuthorities").clear();
            }
        }),
        bad("authority-in-bundle-only", "V26 V6", "an intermediate that is in the bundle only", ("v02-message", Recipe { version: "0.2".to_owned(), ..Recipe::v1() }), {
            let mut intermediate = Vec::new();
            move |stage| match stage {
                Stage::Authority(0, 1, spec) => intermediate = spec.sign(),
                Stage::Bundle(json) => {
                    let raw = Json::object([("rawBytes", Json::bytes(&intermediate))]);
                    json.list("verificationMaterial.x509CertificateChain.certificates").push(raw);
                }
                Stage::Root(json) => {
                    json.list("certificateAuthorities.0.certChain.certificates").remove(0);
                }
                _ => {}
            }
        }),
        bad("authority-root-in-bundle", "V6", "a root in the bundle", ("v02-message", Recipe { version: "0.2".to_owned(), ..Recipe::v1() }), {
            let mut root = Vec::new();
            move |stage| match stage {
                Stage::Authority(0, 0, spec) => root = spec.sign(),
                Stage::Bundle(json) => {
                    let raw = Json::object([("rawBytes", Json::bytes(&root))]);
                    json.list("verificationMaterial.x509CertificateChain.certificates").push(raw);
                }
                _ => {}
            }
        }),
        bad("chain-leaf-last", "V6", "a chain whose leaf is not first", ("v02-message", Recipe { version: "0.2".to_owned(), ..Recipe::v1() }), {
            let mut intermediate = Vec::new();
            move |stage| match stage {
                Stage::Authority(0, 1, spec) => intermediate = spec.sign(),
                Stage::Bundle(json) => {
                    let raw = Json::object([("rawBytes", Json::bytes(&intermediate))]);
                    json.list("verificationMaterial.x509CertificateChain.certificates").insert(0, raw);
                }
                _ => {}
            }
        }),
    ]
}

fn constraints() -> Vec<Case> {
    let constrained = |name, sentence, at: usize, permitted: Vec<Vec<u8>>, excluded: Vec<Vec<u8>>| {
        authority(name, "V28", sentence, at, move |spec| {
            spec.add(NAME_CONSTRAINTS, true, name_constraints(&permitted, &excluded));
        })
    };
    let email = |text: &str| der::tlv(0x81, text.as_bytes());
    vec![
        constrained("constraint-other-domain", "an email address outside of what is permitted", 1, vec![email("other.invalid")], vec![]),
        constrained("constraint-excluded-domain", "an email address that is excluded", 1, vec![], vec![email("example.invalid")]),
        constrained("constraint-of-root", "an email address outside of what the anchor permits", 0, vec![email("other.invalid")], vec![]),
        constrained("constraint-subdomain", "an email address of a host where its subdomains are permitted", 1, vec![email(".example.invalid")], vec![]),
        constrained("constraint-mailbox-case", "a mailbox that differs in case", 1, vec![email("Signer@example.invalid")], vec![]),
        constrained("constraint-permitted-and-excluded", "an email address that is permitted and excluded", 1, vec![email("example.invalid")], vec![email("signer@example.invalid")]),
        bad("constraint-uri-host", "V28", "a URI of another host", ("san-uri", Recipe { san: San::Uri("https://evil.invalid/a".to_owned()), ..Recipe::v1() }), |stage| {
            if let Stage::Authority(0, 1, spec) = stage {
                spec.add(NAME_CONSTRAINTS, true, name_constraints(&[der::tlv(0x86, b"good.invalid")], &[]));
            }
        }),
        bad("constraint-uri-user", "V28", "a URI with the permitted host as its user", ("san-uri", Recipe { san: San::Uri("https://good.invalid@evil.invalid/a".to_owned()), ..Recipe::v1() }), |stage| {
            if let Stage::Authority(0, 1, spec) = stage {
                spec.add(NAME_CONSTRAINTS, true, name_constraints(&[der::tlv(0x86, b"good.invalid")], &[]));
            }
        }),
        bad("constraint-uri-without-host", "V28", "a URI without a host", ("san-uri", Recipe { san: San::Uri("urn:example:a".to_owned()), ..Recipe::v1() }), |stage| {
            if let Stage::Authority(0, 1, spec) = stage {
                spec.add(NAME_CONSTRAINTS, true, name_constraints(&[], &[der::tlv(0x86, b"evil.invalid")]));
            }
        }),
        bad("constraint-other-name", "V28", "a user name where another is permitted", ("san-other-name", Recipe { san: San::Other("user".to_owned()), ..Recipe::v1() }), |stage| {
            if let Stage::Authority(0, 1, spec) = stage {
                let base = San::Other("other".to_owned()).encode();
                spec.add(NAME_CONSTRAINTS, true, name_constraints(&[base], &[]));
            }
        }),
        authority("constraint-of-nothing", "V28", "constraints without a subtree", 1, |spec| {
            spec.add(NAME_CONSTRAINTS, true, der::tlv(0x30, &[]));
        }),
    ]
}

fn roots() -> Vec<Case> {
    let root = |name, rules, sentence, edit: fn(&mut Json)| {
        bad(name, rules, sentence, v1(), move |stage| {
            if let Stage::Root(json) = stage {
                edit(json);
            }
        })
    };
    vec![
        root("root-authority-without-start", "V62 TOB-5", "an authority without the start of its window", |json| {
            json.remove("certificateAuthorities.0.validFor.start");
        }),
        root("root-authority-without-window", "V62 TOB-5", "an authority without a window", |json| {
            json.remove("certificateAuthorities.0.validFor");
        }),
        root("root-log-without-window", "V52 V62", "a log without a window", |json| {
            json.remove("tlogs.0.publicKey.validFor");
        }),
        root("root-ct-log-without-start", "V32 V62", "a CT log without the start of its window", |json| {
            json.remove("ctlogs.0.publicKey.validFor.start");
        }),
        root("root-without-certificates", "V26 A14", "an authority without certificates", |json| {
            json.list("certificateAuthorities.0.certChain.certificates").clear();
        }),
        root("root-snake-case", "V2", "a name in snake_case", |json| {
            json.rename("tlogs.0.publicKey", "public_key");
        }),
        root("root-enum-as-number", "V2", "key details as a number", |json| {
            json.set("tlogs.0.publicKey.keyDetails", Json::number(5));
        }),
        root("root-hash-algorithm", "V45", "a tree by another hash", |json| {
            json.set("tlogs.0.hashAlgorithm", Json::text("SHA2_512"));
        }),
        root("root-media-type", "V62", "another media type", |json| {
            json.set("mediaType", Json::text("application/vnd.dev.sigstore.trustedroot+json;version=9"));
        }),
        root("log-key-as-ct-key", "TOB-1", "the log's key in place of the CT log's", |json| {
            let key = json.at("tlogs.0.publicKey").clone();
            json.set("ctlogs.0.publicKey", key);
        }),
        root("log-as-ct-log", "TOB-1 V33", "the CT log among the logs only", |json| {
            let log = json.at("ctlogs.0").clone();
            json.list("tlogs").push(log);
            json.list("ctlogs").clear();
        }),
        root("ca-as-tsa", "TOB-1 V26", "the signers' authority among those of time stamps only", |json| {
            let authority = json.at("certificateAuthorities.0").clone();
            json.list("timestampAuthorities").push(authority);
            json.list("certificateAuthorities").clear();
        }),
        root("root-window-reversed", "V62", "a window that ends before it starts", |json| {
            let end = Json::text("2025-01-01T00:00:00Z");
            json.set("tlogs.0.publicKey.validFor.end", end);
        }),
    ]
}

const _: fn(i64) -> Vec<u8> = time;
const BASIC_OR_NEW: &str = BASIC_CONSTRAINTS;
