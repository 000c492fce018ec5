use super::*;
use crate::digest::HashAlgorithm;
use crate::limits;
use crate::tlog::EntryKind;

const GOOD: &str = include_str!(
    "../../../testdata/public/conda-package/signed-package-2.1.0-hb0f4dca_0.conda.sigstore.json"
);
const ROOT: &str = include_str!("../trust/embedded/public.json");
const TYPE_0_3: &str = "application/vnd.dev.sigstore.bundle.v0.3+json";
const DIGEST: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";

fn parse(json: &str) -> Result<Bundle, BundleError> {
    Bundle::from_json(json.as_bytes())
}

/// The good bundle with one thing in it changed.
fn with(from: &str, to: &str) -> String {
    assert!(GOOD.contains(from), "{from}");
    GOOD.replacen(from, to, 1)
}

fn error(from: &str, to: &str) -> BundleError {
    parse(&with(from, to)).unwrap_err()
}

/// The part of the good bundle between two of its parts.
fn between(start: &str, end: &str) -> &'static str {
    let (_, rest) = GOOD.split_once(start).unwrap();
    rest.split_once(end).unwrap().0
}

fn leaf() -> &'static str {
    between(r#""certificate":{"rawBytes":""#, "\"")
}

/// A bundle of an older version with these certificates.
fn chain(version: &str, certificates: &[&str]) -> String {
    let list: Vec<_> = certificates
        .iter()
        .map(|it| format!(r#"{{"rawBytes":"{it}"}}"#))
        .collect();
    let old = format!(r#""certificate":{{"rawBytes":"{}"}}"#, leaf());
    let new = format!(
        r#""x509CertificateChain":{{"certificates":[{}]}}"#,
        list.join(",")
    );
    with(&old, &new).replacen(
        TYPE_0_3,
        &format!("application/vnd.dev.sigstore.bundle+json;version={version}"),
        1,
    )
}

/// The certificates in the trusted root after this place.
fn anchors(after: &str) -> Vec<&'static str> {
    let (_, rest) = ROOT.split_once(after).unwrap();
    let parts = rest.split("\"rawBytes\": \"").skip(1);
    parts.map(|it| it.split_once('"').unwrap().0).collect()
}

fn field(error: &BundleError) -> (&str, &str) {
    match error {
        BundleError::Field(error) => (error.path(), error.want()),
        other => panic!("{other:?}"),
    }
}

/// A message signature in place of the envelope.
fn message(inner: &str) -> String {
    let (before, _) = GOOD.split_once("\"dsseEnvelope\"").unwrap();
    format!("{before}\"messageSignature\":{{{inner}}}}}")
}

// V2 V5 V6 V36
#[test]
fn accepts_a_published_bundle() {
    let bundle = parse(GOOD).unwrap();

    assert_eq!(BundleVersion::V0_3, bundle.version());
    assert!(matches!(bundle.key_material(), KeyMaterial::Certificate(_)));
    assert_eq!(0, bundle.timestamps().len());
    let [entry] = bundle.entries() else { panic!() };
    assert_eq!(456_119_071, entry.log_index());
    assert_eq!(1_756_728_839, entry.integrated_time());
    assert_eq!(EntryKind::DsseV001, entry.kind());
    let proof = entry.proof().unwrap();
    assert_eq!((334_214_809, 334_214_816), (proof.index(), proof.size()));
    assert_eq!(20, proof.hashes().len());
}

// V3 A40
#[test]
fn accepts_four_media_types() {
    for (media_type, version) in [
        (TYPE_0_3, BundleVersion::V0_3),
        (
            "application/vnd.dev.sigstore.bundle+json;version=0.3",
            BundleVersion::V0_3,
        ),
        (
            "application/vnd.dev.sigstore.bundle+json;version=0.2",
            BundleVersion::V0_2,
        ),
        (
            "application/vnd.dev.sigstore.bundle+json;version=0.1",
            BundleVersion::V0_1,
        ),
    ] {
        assert_eq!(Some(version), BundleVersion::from_media_type(media_type));
    }
}

// V3
#[test]
fn rejects_other_media_types() {
    for found in [
        "application/vnd.dev.sigstore.bundle.v0.4+json",
        "application/vnd.dev.sigstore.bundle.v0.2+json",
        "application/vnd.dev.sigstore.bundle+json; version=0.3",
        "application/vnd.dev.sigstore.bundle+json",
        "",
    ] {
        let want = BundleError::MediaType {
            found: Some(found.to_owned()),
        };
        assert_eq!(want, error(TYPE_0_3, found));
    }
    let member = format!(r#""mediaType":"{TYPE_0_3}","#);
    assert_eq!(BundleError::MediaType { found: None }, error(&member, ""));
}

// V2
#[test]
fn accepts_absent_and_null_defaults() {
    for (from, to) in [
        (r#""logIndex":"456119071","#, ""),
        (r#""logIndex":"456119071""#, r#""logIndex":null"#),
        (r#""logIndex":"456119071""#, r#""logIndex":456119071"#),
        (r#""integratedTime":"1756728839","#, ""),
        (r#","timestampVerificationData":{}"#, ""),
        (
            r#""timestampVerificationData":{}"#,
            r#""timestampVerificationData":null"#,
        ),
        (
            r#""timestampVerificationData":{}"#,
            r#""timestampVerificationData":{"rfc3161Timestamps":[]}"#,
        ),
    ] {
        assert!(parse(&with(from, to)).is_ok(), "{to}");
    }
}

// V2
#[test]
fn rejects_snake_case_and_unknown_members() {
    for name in [
        "mediaType",
        "tlogEntries",
        "logIndex",
        "payloadType",
        "canonicalizedBody",
    ] {
        let snake: String = name
            .chars()
            .flat_map(|c| {
                let low = c.to_ascii_lowercase();
                c.is_ascii_uppercase()
                    .then_some('_')
                    .into_iter()
                    .chain([low])
            })
            .collect();
        let problem = error(&format!("\"{name}\""), &format!("\"{snake}\""));
        assert!(
            matches!(problem, BundleError::Shape(_)),
            "{snake}: {problem:?}"
        );
    }
    assert!(matches!(error("{", r#"{"more":1,"#), BundleError::Shape(_)));
    assert!(matches!(parse("[]"), Err(BundleError::Shape(_))));
}

// V2 O11
#[test]
fn rejects_what_is_not_one_json_value_with_unique_names() {
    let problem = error("{\"mediaType\"", r#"{"mediaType":"x","mediaType""#);
    assert!(matches!(
        problem,
        BundleError::Json(JsonError::Duplicate { .. })
    ));
    assert!(matches!(
        parse(""),
        Err(BundleError::Json(JsonError::Syntax { offset: 0 }))
    ));
    assert!(matches!(
        parse(&format!("{GOOD}x")),
        Err(BundleError::Json(_))
    ));
    assert!(matches!(
        parse(&GOOD.trim_end()[1..]),
        Err(BundleError::Json(_))
    ));
}

// V2 A9
#[test]
fn rejects_fields_that_are_not_well_formed() {
    let id = between(r#""keyId":""#, "\"");
    let integer = "an integer that is not negative";
    let base64 = "bytes in standard base64 with padding";
    let kinds = "hashedrekord 0.0.1, hashedrekord 0.0.2, dsse 0.0.1 or intoto 0.0.2";
    let hash = between(r#""hashes":[""#, "\"");
    let entry = "verificationMaterial.tlogEntries[0]";
    for (from, to, path, want) in [
        (r#""456119071""#, r#""-1""#, ".logIndex", integer),
        (r#""1756728839""#, r#""-1""#, ".integratedTime", integer),
        (r#""334214809""#, "-1", ".inclusionProof.logIndex", integer),
        (
            id,
            "wNI9atQGlz-VWfO6LRygH4QUfY_8W4RFwiT5i5WRgB0=",
            ".logId.keyId",
            base64,
        ),
        (
            id,
            "wNI9atQGlz+VWfO6LRygH4QUfY/8W4RFwiT5i5WRgB0",
            ".logId.keyId",
            base64,
        ),
        (id, "", ".logId.keyId", "bytes, found none"),
        (
            hash,
            "AAAA",
            ".inclusionProof.hashes[0]",
            "a hash of 32 bytes",
        ),
        (
            r#""version":"0.0.1""#,
            r#""version":"0.0.9""#,
            ".kindVersion",
            kinds,
        ),
        (
            r#""kind":"dsse""#,
            r#""kind":"""#,
            ".kindVersion.kind",
            "text, found none",
        ),
    ] {
        let problem = error(from, to);
        assert_eq!((format!("{entry}{path}").as_str(), want), field(&problem));
    }
    for to in ["\"01\"", "\"+1\"", "1.0", "1e3", "\"\"", "[]", "true"] {
        let problem = error(r#""456119071""#, to);
        assert!(
            matches!(problem, BundleError::Shape(_)),
            "{to}: {problem:?}"
        );
    }
}

// V4 A8 A10
#[test]
fn rejects_more_than_the_caps() {
    let many = |count: usize| vec!["{}"; count].join(",");
    let problem = error(
        r#""tlogEntries":["#,
        &format!("\"tlogEntries\":[{},", many(32)),
    );
    let cap = limits::LOG_ENTRIES;
    assert_eq!(
        BundleError::Cap {
            what: "log entries",
            cap,
            found: 33
        },
        problem
    );

    let list = format!(r#"{{"rfc3161Timestamps":[{}]}}"#, many(33));
    let from = r#""timestampVerificationData":{}"#;
    let problem = error(from, &format!("\"timestampVerificationData\":{list}"));
    let cap = limits::TIMESTAMPS;
    assert_eq!(
        BundleError::Cap {
            what: "timestamps",
            cap,
            found: 33
        },
        problem
    );

    let hashes = vec![format!("\"{DIGEST}\""); 64].join(",");
    let list = between("\"hashes\":[", "]");
    let (cap, what) = (limits::PROOF_HASHES, "hashes in an inclusion proof");
    assert_eq!(
        BundleError::Cap {
            what,
            cap,
            found: 64
        },
        error(list, &hashes)
    );

    let (cap, what) = (limits::CHAIN_CERTIFICATES, "certificates in a chain");
    let problem = parse(&chain("0.2", &[leaf(); 9])).unwrap_err();
    assert_eq!(
        BundleError::Cap {
            what,
            cap,
            found: 9
        },
        problem
    );

    let cap = limits::BUNDLE_BYTES;
    let padded = |len: usize| format!("{GOOD}{}", " ".repeat(len - GOOD.len()));
    assert!(parse(&padded(cap)).is_ok());
    assert_eq!(
        BundleError::TooLarge { cap },
        parse(&padded(cap + 1)).unwrap_err()
    );
    let endless = std::io::repeat(b' ');
    assert_eq!(
        BundleError::TooLarge { cap },
        Bundle::from_reader(endless).unwrap_err()
    );
}

// V5
#[test]
fn accepts_either_content() {
    let json = message(&format!(
        r#""messageDigest":{{"algorithm":"SHA2_256","digest":"{DIGEST}"}},"signature":"AQID""#
    ));
    let bundle = parse(&json).unwrap();
    assert_eq!([1, 2, 3], bundle.content().signature());
    let Content::Message {
        digest: Some(digest),
        ..
    } = bundle.content()
    else {
        panic!()
    };
    assert_eq!(HashAlgorithm::Sha256, digest.algorithm());

    let bundle = parse(&message(r#""signature":"AQID""#)).unwrap();
    assert!(matches!(
        bundle.content(),
        Content::Message { digest: None, .. }
    ));
    assert!(matches!(parse(GOOD).unwrap().content(), Content::Dsse(_)));
}

// V5 A9
#[test]
fn rejects_no_content_both_and_empty_ones() {
    let none = message("").replace(r#","messageSignature":{}"#, "");
    assert_eq!(BundleError::Content { found: 0 }, parse(&none).unwrap_err());
    let both = error(
        "\"dsseEnvelope\"",
        r#""messageSignature":{},"dsseEnvelope""#,
    );
    assert_eq!(BundleError::Content { found: 2 }, both);
    for (inner, path) in [
        ("", "messageSignature.signature"),
        (r#""signature":"""#, "messageSignature.signature"),
        (
            r#""signature":"AQID","messageDigest":{}"#,
            "messageSignature.messageDigest.algorithm",
        ),
        (
            r#""signature":"AQID","messageDigest":{"algorithm":"SHA1","digest":"AAAA"}"#,
            "messageSignature.messageDigest.algorithm",
        ),
    ] {
        assert_eq!(path, field(&parse(&message(inner)).unwrap_err()).0);
    }
    let numeric = r#""signature":"AQID","messageDigest":{"algorithm":1,"digest":"AAAA"}"#;
    assert!(matches!(
        parse(&message(numeric)),
        Err(BundleError::Shape(_))
    ));
}

// V6 V26
#[test]
fn accepts_chains_in_older_versions() {
    let others = anchors("\"certificateAuthorities\"");
    for version in ["0.1", "0.2"] {
        assert!(parse(&chain(version, &[leaf()])).is_ok());
        // The first certificate of the second authority is an intermediate.
        assert!(parse(&chain(version, &[leaf(), others[1]])).is_ok());
    }
    let old = format!(r#""certificate":{{"rawBytes":"{}"}}"#, leaf());
    let bundle = parse(&with(&old, r#""publicKey":{"hint":"a"}"#)).unwrap();
    let KeyMaterial::PublicKeyHint(hint) = bundle.key_material() else {
        panic!()
    };
    assert_eq!("a", hint);
}

// V5 V6 A5
#[test]
fn rejects_the_key_material_of_another_version() {
    let wrong = |version| BundleError::KeyMaterial { version };
    let old = format!(r#""certificate":{{"rawBytes":"{}"}}"#, leaf());
    assert_eq!(
        wrong(BundleVersion::V0_3),
        parse(&chain("0.3", &[leaf()])).unwrap_err()
    );
    assert_eq!(
        wrong(BundleVersion::V0_2),
        parse(&chain("0.2", &[])).unwrap_err()
    );
    let older = "application/vnd.dev.sigstore.bundle+json;version=0.1";
    assert_eq!(wrong(BundleVersion::V0_1), error(TYPE_0_3, older));
    assert_eq!(wrong(BundleVersion::V0_3), error(&format!("{old},"), ""));
    let two = format!(r#"{old},"publicKey":{{"hint":"a"}}"#);
    assert_eq!(wrong(BundleVersion::V0_3), error(&old, &two));
    let empty = error(&old, r#""certificate":{}"#);
    assert_eq!("verificationMaterial.certificate.rawBytes", field(&empty).0);
    assert!(matches!(error(leaf(), DIGEST), BundleError::Certificate(_)));
}

// V6
#[test]
fn rejects_a_root_in_the_chain() {
    let others = anchors("\"certificateAuthorities\"");

    let problem = parse(&chain("0.2", &[leaf(), others[1], others[2]])).unwrap_err();

    assert_eq!(BundleError::RootInChain, problem);
}

// V56 A18
#[test]
fn rejects_envelopes_without_exactly_one_signature() {
    let one = between("\"signatures\":[", "]");
    let problem = error(one, &format!("{one},{one}"));
    assert_eq!(BundleError::Signatures { found: 2 }, problem);
    assert_eq!(BundleError::Signatures { found: 0 }, error(one, ""));
    let empty = error(one, r#"{"sig":""}"#);
    assert_eq!("dsseEnvelope.signatures[0].sig", field(&empty).0);
}

#[test]
fn accepts_json_lines() {
    let text = format!("\n{GOOD}\r\n  \n{{}}\n{GOOD}");
    let found: Vec<_> = Lines::new(text.as_bytes()).map(|it| it.is_ok()).collect();

    assert_eq!(vec![true, false, true], found);
}

#[test]
fn rejects_too_many_lines_once() {
    let cap = limits::JSONL_BUNDLES;
    let text = "{}\n".repeat(cap + 5);
    let mut last = None;
    let count = Lines::new(text.as_bytes())
        .inspect(|it| last = it.as_ref().err().cloned())
        .count();

    assert_eq!(cap + 1, count);
    let what = "bundles in one file";
    assert_eq!(
        Some(BundleError::Cap {
            what,
            cap,
            found: cap + 1
        }),
        last
    );
}
