//! Statements in every form that in-toto leaves open.

use sigsign_local::json::Json;
use sigsign_local::key::Hash;
use sigsign_local::make::Stage;
use sigsign_local::recipe::Recipe;
use sigsign_local::text::hex;

use crate::case::{Case, good};

/// A statement with one thing in it that is unusual.
fn with(name: &'static str, edit: fn(&mut Json)) -> Case {
    good(name, "V57", Recipe::v1().dsse("dsse")).with(move |stage| {
        if let Stage::Statement(json) = stage {
            edit(json);
        }
    })
}

fn raw(json: impl Into<String>) -> Json {
    Json::Raw(json.into())
}

pub(crate) fn cases() -> Vec<Case> {
    let mut cases = vec![
        with("statement-no-predicate", |json| json.remove("predicate")),
        with("statement-predicate-null", |json| {
            json.set("predicate", raw("null"));
        }),
        with("statement-unknown-members", |json| {
            json.set("comment", Json::text("x"));
            json.set("subject.0.mediaType", Json::text("text/plain"));
            json.set("subject.0.annotations", raw(r#"{"a":[1,{"b":null}]}"#));
        }),
        with("statement-no-name", |json| json.remove("subject.0.name")),
        with("statement-same-subject-twice", |json| {
            let subject = json.at("subject.0").clone();
            json.list("subject").push(subject);
        }),
        with("statement-all-strong-digests", |json| {
            for hash in [Hash::Sha384, Hash::Sha512] {
                let value = Json::text(hex(&hash.of(&Recipe::v1().artifact)));
                json.set(&format!("subject.0.digest.{}", hash.name()), value);
            }
        }),
        with("statement-other-digests", |json| {
            let digest = "subject.0.digest";
            json.set(&format!("{digest}.sha1"), Json::text("0123ABCD"));
            json.set(&format!("{digest}.gitCommit"), Json::text("any"));
            json.set(&format!("{digest}.dirHash"), Json::text("any"));
            json.set(&format!("{digest}.sha512_256"), Json::text("any"));
            json.set(&format!("{digest}.SHA256"), Json::text("any"));
        }),
        with("statement-other-subject-of-weak-digest", |json| {
            let commit = raw(r#"{"name":"source","digest":{"gitCommit":"0123"}}"#);
            json.list("subject").insert(0, commit);
        }),
        with("statement-thousand-subjects", |json| {
            let other = |at: u32| {
                let digest = hex(&Hash::Sha256.of(&at.to_be_bytes()));
                raw(format!(
                    r#"{{"name":"{at}","digest":{{"sha256":"{digest}"}}}}"#
                ))
            };
            let own = json.at("subject.0").clone();
            *json.list("subject") = (0..1023).map(other).chain([own]).collect();
        }),
        with("statement-numbers-of-any-size", |json| {
            let numbers = "[1e400,-0,0.1,123456789012345678901234567890,1E-400]";
            json.set("predicate", raw(format!(r#"{{"numbers":{numbers}}}"#)));
        }),
        with("statement-deep-predicate", |json| {
            let deep = format!("{}1{}", "[".repeat(96), "]".repeat(96));
            json.set("predicate", raw(format!(r#"{{"deep":{deep}}}"#)));
        }),
        with("statement-escapes", |json| {
            json.set("predicate", raw(r#"{"\u0061\uD834\uDD1E":"\u0000\/"}"#));
            json.set(
                "predicateType",
                raw(r#""https:\/\/example.invalid\u002fp""#),
            );
            json.set("_type", raw(r#""https:\/\/in-toto.io/Statement/v\u0031""#));
        }),
    ];
    cases.push(
        good("statement-white-space", "V57", Recipe::v1().dsse("dsse")).with(|stage| {
            if let Stage::Payload(payload, _) = stage {
                let text = String::from_utf8(payload.clone()).expect("text");
                *payload = format!("\r\n\t{} \n", text.replace("\":", "\" : ")).into_bytes();
            }
        }),
    );
    cases
}
