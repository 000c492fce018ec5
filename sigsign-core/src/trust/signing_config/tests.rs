use super::*;

const NOW: Timestamp = Timestamp::from_unix_seconds(1_768_478_400);

fn service(url: &str, version: u32, start: &str, operator: &str) -> String {
    format!(
        r#"{{"url":"{url}","majorApiVersion":{version},"validFor":{{"start":"{start}"}},"operator":"{operator}"}}"#
    )
}

fn config(logs: &[String], selection: &str) -> String {
    format!(
        r#"{{"mediaType":"{MEDIA_TYPE}","caUrls":[{}],"rekorTlogUrls":[{}],"rekorTlogConfig":{selection},"tsaConfig":{{}}}}"#,
        service("https://ca.example", 1, "2025-01-01T00:00:00Z", "a"),
        logs.join(",")
    )
}

fn read(json: &str) -> Result<SigningConfig, SigningConfigError> {
    SigningConfig::from_json(json.as_bytes())
}

fn logs_of(
    logs: &[String],
    selection: &str,
    supported: &[u32],
) -> Result<Vec<String>, SelectionError> {
    let config = read(&config(logs, selection)).unwrap();
    let chosen = config.select(ServiceKind::Log, supported, NOW)?;
    Ok(chosen.iter().map(|it| it.url().to_owned()).collect())
}

fn five_logs() -> Vec<String> {
    vec![
        service("https://old.a.example", 2, "2025-01-01T00:00:00Z", "a"),
        service("https://new.a.example", 2, "2025-06-01T00:00:00Z", "a"),
        service("https://future.a.example", 2, "2027-01-01T00:00:00Z", "a"),
        service("https://b.example", 2, "2025-03-01T00:00:00Z", "b"),
        service("https://c.example", 1, "2025-09-01T00:00:00Z", "c"),
    ]
}

// V63
#[test]
fn accepts_the_newest_of_each_operator_in_the_highest_version() {
    for (selection, supported, want) in [
        (
            r#"{"selector":"ANY"}"#,
            &[1, 2][..],
            &["https://new.a.example"][..],
        ),
        (
            r#"{"selector":"ALL"}"#,
            &[1, 2],
            &["https://new.a.example", "https://b.example"],
        ),
        (
            r#"{"selector":"EXACT","count":2}"#,
            &[1, 2],
            &["https://new.a.example", "https://b.example"],
        ),
        (r#"{"selector":"ALL"}"#, &[1], &["https://c.example"]),
    ] {
        assert_eq!(want, logs_of(&five_logs(), selection, supported).unwrap());
    }
}

// V63
#[test]
fn rejects_too_few_services() {
    for (selection, supported, need, got) in [
        (r#"{"selector":"EXACT","count":3}"#, &[1, 2][..], 3, 2),
        (r#"{"selector":"ANY"}"#, &[3], 1, 0),
    ] {
        let error = logs_of(&five_logs(), selection, supported).unwrap_err();

        let kind = ServiceKind::Log;
        assert_eq!(SelectionError { kind, need, got }, error);
    }
}

// V62, V63: both ends of a window are in it
#[test]
fn accepts_a_service_to_its_last_second() {
    let window = |end: &str| {
        format!(
            r#"{{"url":"https://l.example","majorApiVersion":1,"validFor":{{"start":"2026-01-15T12:00:00Z","end":"{end}"}},"operator":"a"}}"#
        )
    };

    let inside = logs_of(
        &[window("2026-01-15T12:00:00Z")],
        r#"{"selector":"ANY"}"#,
        &[1],
    );
    let later = logs_of(
        &[window("2026-01-15T12:00:01Z")],
        r#"{"selector":"ANY"}"#,
        &[1],
    );

    assert_eq!(Ok(1), inside.map(|it| it.len()));
    assert_eq!(Ok(1), later.map(|it| it.len()));
}

#[test]
fn accepts_no_logs_and_no_authorities_where_none_are_configured() {
    let json = config(&[], "{}");
    let config = read(&json).unwrap();

    let log = config.select(ServiceKind::Log, &[1, 2], NOW);
    let issuer = config.select(ServiceKind::Issuer, &[1], NOW);

    assert_eq!(Ok(Vec::new()), log);
    assert_eq!(1, issuer.unwrap_err().need);
}

// V63
#[test]
fn rejects_selectors_that_say_nothing() {
    for (selection, path) in [
        ("{}", "rekorTlogConfig.selector"),
        (
            r#"{"selector":"SERVICE_SELECTOR_UNDEFINED"}"#,
            "rekorTlogConfig.selector",
        ),
        (r#"{"selector":"MOST"}"#, "rekorTlogConfig.selector"),
        (r#"{"selector":"EXACT"}"#, "rekorTlogConfig.count"),
        (r#"{"selector":"EXACT","count":0}"#, "rekorTlogConfig.count"),
    ] {
        match read(&config(&five_logs(), selection)) {
            Err(SigningConfigError::Field(error)) => assert_eq!(path, error.path()),
            other => panic!("{selection}: {other:?}"),
        }
    }
}

// V63
#[test]
fn rejects_other_media_types() {
    let json = config(&[], "{}").replace("v0.2", "v0.1");

    let found = Some(MEDIA_TYPE.replace("v0.2", "v0.1"));
    assert_eq!(
        SigningConfigError::MediaType { found },
        read(&json).unwrap_err()
    );
}

#[test]
fn rejects_urls_that_are_not() {
    for url in [
        "",
        "ca.example",
        "ftp://ca.example",
        "https://",
        "https://a@b",
        "https://a b",
    ] {
        let json = config(
            &[service(url, 1, "2025-01-01T00:00:00Z", "a")],
            r#"{"selector":"ANY"}"#,
        );

        match read(&json) {
            Err(SigningConfigError::Field(error)) => {
                assert_eq!("rekorTlogUrls[0].url", error.path());
            }
            other => panic!("{url}: {other:?}"),
        }
    }
}
