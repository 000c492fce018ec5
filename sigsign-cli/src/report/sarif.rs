//! SARIF, as code scanning reads it: what is found against something, and nothing else.
//!
//! Spec: SARIF 2.1.0

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};

use super::{Entry, Finding, Report, Source};
use crate::exit::Exit;
use crate::json;

pub(super) fn document(report: &Report) -> String {
    let mut rules: Vec<&str> = Vec::new();
    let mut found: Vec<(&Entry, &Finding)> = Vec::new();
    for entry in &report.entries {
        found.extend(entry.findings.iter().map(|finding| (entry, finding)));
    }
    for (_, finding) in &found {
        if !rules.contains(&finding.code) {
            rules.push(finding.code);
        }
    }
    let results: Vec<Value> = found
        .iter()
        .flat_map(|(entry, finding)| results(entry, finding, &rules))
        .collect();
    let is_answered = |it: &Entry| matches!(it.exit, Exit::Done | Exit::No);
    let unanswered = report.entries.iter().filter(|it| !is_answered(it));
    let notes = unanswered
        .filter_map(Entry::decisive)
        .chain(&report.end)
        .map(notification);
    let notes: Vec<Value> = notes.collect();
    json::line(&json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {
                "name": "sigsign",
                "version": env!("CARGO_PKG_VERSION"),
                "informationUri": env!("CARGO_PKG_REPOSITORY"),
                "rules": rules.iter().map(|it| rule(it)).collect::<Vec<_>>(),
            }},
            "invocations": [{
                "executionSuccessful": notes.is_empty(),
                "toolExecutionNotifications": notes,
            }],
            "results": results,
        }],
    }))
}

fn rule(code: &str) -> Value {
    json!({
        "id": code,
        "helpUri": concat!(env!("CARGO_PKG_REPOSITORY"), "/blob/main/docs/errors.md"),
    })
}

/// One for each place that names it: what shows them looks at one place of each.
fn results(entry: &Entry, finding: &Finding, rules: &[&str]) -> Vec<Value> {
    let text = format!("{}: {}", entry.name, finding.text);
    let one = |source: Option<&Source>| {
        let mut location = json!({
            "logicalLocations": [{"fullyQualifiedName": entry.name, "kind": "resource"}],
        });
        if let Some(source) = source
            && let Some(location) = location.as_object_mut()
        {
            location.insert("physicalLocation".to_owned(), physical(source));
        }
        json!({
            "ruleId": finding.code,
            "ruleIndex": rules.iter().position(|it| *it == finding.code),
            "level": if finding.is_warning { "warning" } else { "error" },
            "message": {"text": text},
            "locations": [location],
        })
    };
    if entry.sources.is_empty() {
        return vec![one(None)];
    }
    entry.sources.iter().map(|it| one(Some(it))).collect()
}

fn physical(source: &Source) -> Value {
    let uri = utf8_percent_encode(&source.path.replace('\\', "/"), PATH).to_string();
    json!({
        "artifactLocation": {"uri": uri},
        "region": {"startLine": source.line},
    })
}

fn notification(finding: &Finding) -> Value {
    json!({
        "level": "error",
        "descriptor": {"id": finding.code},
        "message": {"text": finding.text},
    })
}

/// What a path has to be written with in a URI.
const PATH: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'/')
    .remove(b'.')
    .remove(b'-')
    .remove(b'_')
    .remove(b'~');

const SCHEMA: &str = "https://json.schemastore.org/sarif-2.1.0.json";

#[cfg(test)]
mod tests {
    use super::super::tests::report;
    use super::*;
    use crate::problem::Problem;

    fn parsed(report: &Report) -> Value {
        serde_json::from_str(&document(report)).unwrap()
    }

    #[test]
    fn has_a_result_for_each_place_of_what_is_not_verified() {
        let run = parsed(&report())["runs"][0].clone();

        let results = run["results"].as_array().unwrap();
        let seen: Vec<_> = results
            .iter()
            .map(|it| {
                let place = &it["locations"][0]["physicalLocation"];
                let rule = it["ruleIndex"].as_u64().unwrap();
                assert_eq!(
                    it["ruleId"],
                    run["tool"]["driver"]["rules"][usize::try_from(rule).unwrap()]["id"]
                );
                (
                    it["ruleId"].as_str().unwrap(),
                    it["level"].as_str().unwrap(),
                    place["artifactLocation"]["uri"].as_str(),
                    place["region"]["startLine"].as_u64(),
                )
            })
            .collect();
        let file = Some("k8s/a%20b.yaml");
        assert_eq!(
            vec![
                ("image.nothing", "error", file, Some(3)),
                ("image.nothing", "error", file, Some(9)),
                ("registry.slow", "error", None, None),
                ("rule.no-signature", "warning", None, None),
            ],
            seen
        );
        let invocation = &run["invocations"][0];
        assert_eq!(json!(false), invocation["executionSuccessful"]);
        let notes = invocation["toolExecutionNotifications"].as_array().unwrap();
        assert_eq!(1, notes.len());
        assert_eq!("registry.slow", notes[0]["descriptor"]["id"]);
    }

    #[test]
    fn is_whole_where_the_command_ended_early() {
        let mut report = Report::default();
        report.end_with(&Problem::usage("no", "yes"));

        let run = &parsed(&report)["runs"][0];

        assert_eq!(json!([]), run["results"]);
        let invocation = &run["invocations"][0];
        assert_eq!(json!(false), invocation["executionSuccessful"]);
        assert_eq!(
            "no; hint: yes",
            invocation["toolExecutionNotifications"][0]["message"]["text"]
        );
        let good = parsed(&Report::default());
        assert_eq!(
            json!(true),
            good["runs"][0]["invocations"][0]["executionSuccessful"]
        );
    }
}
