use super::*;
use crate::encoding::base64_decode;

const GOOD: &str = include_str!("embedded/public.json");
const KEY_P256: &str = "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE2G2Y+2tabdTV5BcGiBIx0a9fAFwrkBbmLSGtks4L3qX6yYY0zufBnhC8Ur/iy55GhWP/9A/bY2LhC30M9+RYtw==";

fn parse(json: &str) -> Result<TrustedRoot, TrustedRootError> {
    TrustedRoot::from_json(json.as_bytes())
}

/// The good root with one thing in it changed.
fn with(from: &str, to: &str) -> String {
    assert!(GOOD.contains(from), "{from}");
    GOOD.replacen(from, to, 1)
}

fn error(from: &str, to: &str) -> TrustedRootError {
    parse(&with(from, to)).unwrap_err()
}

fn path(error: &TrustedRootError) -> &str {
    match error {
        TrustedRootError::Field(error) => error.path(),
        other => panic!("{other:?}"),
    }
}

// TOB-1 V50
#[test]
fn accepts_each_service_as_one_unit() {
    let root = parse(GOOD).unwrap();

    let log = &root.logs()[0];
    assert_eq!("rekor.sigstore.dev", log.origin());
    assert_eq!("rekor.sigstore.dev", log.operator());
    assert_eq!(Scheme::EcdsaP256Sha256, log.scheme());
    assert_eq!(&crate::crypto::sha256(log.key().spki()), log.id());
    let ids: Vec<_> = root.ct_logs().iter().map(Log::id).collect();
    assert!(!ids.contains(&log.id()));
    let authority = &root.certificate_authorities()[1];
    assert_eq!(2, authority.chain().len());
    assert_eq!("https://fulcio.sigstore.dev", authority.uri());
    assert_eq!(1, root.timestamp_authorities().len());
}

#[test]
fn accepts_both_versions_and_names_not_known_yet() {
    let media_type = "application/vnd.dev.sigstore.trustedroot+json;version=0.1";
    let later = "application/vnd.dev.sigstore.trustedroot.v0.2+json";
    assert!(parse(&with(media_type, later)).is_ok());
    assert!(parse(&with("\"baseUrl\"", r#""later": {"a": [1]}, "baseUrl""#)).is_ok());
    assert!(parse(&with("{", r#"{"witnesses": [],"#)).is_ok());
}

#[test]
fn rejects_other_media_types() {
    let media_type = "application/vnd.dev.sigstore.trustedroot+json;version=0.1";
    for found in [
        "application/json",
        "",
        "application/vnd.dev.sigstore.trustedroot.v0.3+json",
    ] {
        let want = TrustedRootError::MediaType {
            found: Some(found.to_owned()),
        };
        assert_eq!(want, error(media_type, found));
    }
    assert_eq!(
        TrustedRootError::MediaType { found: None },
        parse("{}").unwrap_err()
    );
}

// V2 O11
#[test]
fn rejects_names_that_two_readers_take_differently() {
    for (from, to) in [
        ("\"baseUrl\"", "\"base_url\""),
        ("\"keyDetails\"", "\"key_details\""),
        ("\"validFor\"", "\"valid_for\""),
        ("\"timestampAuthorities\"", "\"timestamp_authorities\""),
        ("\"certChain\"", "\"cert_chain\""),
    ] {
        let problem = error(from, to);
        assert!(
            matches!(problem, TrustedRootError::Shape(_)),
            "{to}: {problem:?}"
        );
    }
    let problem = error("\"tlogs\"", r#""tlogs": [], "tlogs""#);
    assert!(matches!(
        problem,
        TrustedRootError::Json(JsonError::Duplicate { .. })
    ));
    let problem = error("\"start\"", r#""later": 1, "start""#);
    assert!(matches!(problem, TrustedRootError::Shape(_)));
}

// V52 V62 TOB-5
#[test]
fn accepts_windows_that_overlap_lie_ahead_or_have_no_end() {
    let open = parse(GOOD).unwrap();
    assert_eq!(None, open.logs()[0].validity().end());

    let ahead = parse(&with("2021-01-12T11:53:27Z", "2121-01-12T11:53:27.5Z")).unwrap();
    assert_eq!(
        "2121-01-12T11:53:27.5Z",
        ahead.logs()[0].validity().start().to_string()
    );

    let closed = with("2022-12-31T23:59:59.999Z", "2022-12-31T23:59:59Z");
    let window = parse(&closed).unwrap().certificate_authorities()[0].validity();
    let end = Timestamp::parse_rfc3339("2022-12-31T23:59:59Z").unwrap();
    assert!(window.contains(end));
    assert!(!window.contains(Timestamp::from_unix_seconds(end.unix_seconds() + 1)));
}

// V52 V62 TOB-5
#[test]
fn rejects_windows_without_a_start_or_with_another_form_of_time() {
    let start = r#""start": "2021-01-12T11:53:27Z""#;
    let of_key = "tlogs[0].publicKey.validFor";
    assert_eq!(format!("{of_key}.start"), path(&error(start, "")));
    assert_eq!(
        format!("{of_key}.start"),
        path(&error(start, r#""start": null"#))
    );
    for time in [
        "2021-01-12 11:53:27Z",
        "2021-01-12",
        "2021-13-12T11:53:27Z",
        "1610452407",
    ] {
        let problem = error("2021-01-12T11:53:27Z", time);
        assert_eq!(format!("{of_key}.start"), path(&problem), "{time}");
    }
    let of_authority = "certificateAuthorities[0].validFor.start";
    assert_eq!(
        of_authority,
        path(&error(r#""start": "2021-03-07T03:20:29Z","#, ""))
    );
    let of_tsa = "timestampAuthorities[0].validFor.start";
    assert_eq!(
        of_tsa,
        path(&error(r#""start": "2025-07-04T00:00:00Z""#, ""))
    );
}

// TOB-6
#[test]
fn rejects_keys_of_another_kind_than_declared() {
    for declared in [
        "PKIX_ED25519",
        "PKIX_ECDSA_P384_SHA_384",
        "PKIX_RSA_PKCS1V15_2048_SHA256",
        "X",
    ] {
        let want = TrustedRootError::Key {
            path: "tlogs[0].publicKey".to_owned(),
            declared: declared.to_owned(),
        };
        assert_eq!(want, error("PKIX_ECDSA_P256_SHA_256", declared));
    }
    let problem = error(KEY_P256, "AAAA");
    assert!(
        matches!(problem, TrustedRootError::Key { .. }),
        "{problem:?}"
    );
    let off_curve = KEY_P256.replacen("E2G2Y", "E2G2Z", 1);
    assert!(matches!(
        error(KEY_P256, &off_curve),
        TrustedRootError::Key { .. }
    ));
}

// V50 V54
#[test]
fn accepts_a_log_without_an_id_by_its_key() {
    let id = "wNI9atQGlz+VWfO6LRygH4QUfY/8W4RFwiT5i5WRgB0=";
    let whole = base64_decode(id).unwrap();

    let absent = parse(&with(id, "")).unwrap();
    let by_checkpoint = with(
        "\"logId\"",
        r#""checkpointKeyId": {"keyId": "AQIDBA=="}, "logId""#,
    );
    let by_checkpoint = parse(&by_checkpoint).unwrap();

    assert_eq!(whole, absent.logs()[0].id());
    assert!(by_checkpoint.logs()[0].is_named(&[1, 2, 3, 4]));
    assert!(by_checkpoint.logs()[0].is_named(&whole));
    assert!(!by_checkpoint.logs()[0].is_named(&[]));
    assert!(!absent.logs()[0].is_named(&whole[..4]));
}

// V50
#[test]
fn accepts_the_host_as_an_origin_where_the_url_says_more() {
    for (url, origins) in [
        ("https://rekor.sigstore.dev", &["rekor.sigstore.dev"][..]),
        ("rekor.sigstore.dev/", &["rekor.sigstore.dev"]),
        ("http://localhost:3003", &["localhost:3003", "localhost"]),
        (
            "https://a.example:8443/log/2/",
            &["a.example:8443/log/2", "a.example"],
        ),
        ("https://a.example/log", &["a.example/log", "a.example"]),
        ("https://[::1]:80/log", &["[::1]:80/log"]),
    ] {
        let root = parse(&with("https://rekor.sigstore.dev", url)).unwrap();

        assert_eq!(origins, root.logs()[0].origins().collect::<Vec<_>>());
    }
}

// A9 A14
#[test]
fn rejects_missing_and_malformed_parts() {
    let id = "wNI9atQGlz+VWfO6LRygH4QUfY/8W4RFwiT5i5WRgB0=";
    assert_eq!("tlogs[0].logId.keyId", path(&error(id, "A-__")));
    let short = r#""checkpointKeyId": {"keyId": "AAAA"}, "logId""#;
    assert_eq!("tlogs[0].checkpointKeyId", path(&error("\"logId\"", short)));
    assert_eq!(
        "tlogs[0].hashAlgorithm",
        path(&error("SHA2_256", "SHA2_512"))
    );
    assert_eq!(
        "tlogs[0].publicKey.rawBytes",
        path(&error(KEY_P256, "A-__"))
    );
    let empty = GOOD.replacen("\"certificates\": [", "\"certificates\": [], \"x\": [", 1);
    let problem = parse(&empty).unwrap_err();
    assert_eq!(
        "certificateAuthorities[0].certChain.certificates",
        path(&problem)
    );
    let problem = error("MIIB+DCC", "MIIB+DCD");
    assert!(
        matches!(problem, TrustedRootError::Certificate { .. }),
        "{problem:?}"
    );
}

// V4 A10
#[test]
fn rejects_more_than_the_caps() {
    let many = "{},".repeat(crate::limits::AUTHORITIES);
    let cap = crate::limits::AUTHORITIES;
    let problem = error("\"ctlogs\": [", &format!("\"ctlogs\": [{many}"));
    assert_eq!(
        TrustedRootError::Cap {
            what: "ctlogs",
            cap,
            found: cap + 2
        },
        problem
    );

    let cap = crate::limits::TRUSTED_ROOT_BYTES;
    let long = format!("{GOOD}{}", " ".repeat(cap));
    assert_eq!(
        TrustedRootError::TooLarge { cap },
        parse(&long).unwrap_err()
    );
}
