//! The tables of `testdata/policy/cases`: a policy, what was found, and the verdict in full.
//!
//! `SNAPSHOTS=overwrite cargo test -p sigsign-core --features policy-file --test policy_file`
//! writes what is said now; the difference is to be read.
#![expect(clippy::disallowed_methods, reason = "tables are files")]

mod attacks;
mod page;
mod schema;
mod world;

use std::fs;
use std::path::PathBuf;

use sigsign_core::policy_file::{Candidate, Decision, Evidence, Part};
use toml::Value;
use world::World;

struct Table {
    path: PathBuf,
    text: String,
    cases: Vec<Value>,
}

fn tables() -> Vec<Table> {
    let mut paths: Vec<PathBuf> = fs::read_dir(world::folder().join("cases"))
        .unwrap()
        .map(|it| it.unwrap().path())
        .collect();
    paths.sort();
    let read = |path: PathBuf| {
        let text = fs::read_to_string(&path).unwrap();
        let document: Value = toml::from_str(&text).unwrap_or_else(|it| panic!("{path:?}: {it}"));
        let cases = document["case"].as_array().unwrap().clone();
        Table { path, text, cases }
    };
    paths.into_iter().map(read).collect()
}

/// What comes of one case: the verdict as it is shown, or the error of the policy file.
fn answer(world: &World, case: &Value) -> String {
    let evaluator = match world.evaluator(&policy(case)) {
        Ok(evaluator) => evaluator,
        Err(error) => return format!("{error} [{}]", error.code()),
    };
    let subject = world.subject(
        text(case, "subject").unwrap_or("example.org/team/app"),
        case.get("tag").is_some_and(|it| it.as_bool().unwrap()),
    );
    let candidates = world.candidates(&names(case, "found"));
    let parts = case.get("parts").and_then(Value::as_table);
    let parts: Vec<_> = parts
        .into_iter()
        .flatten()
        .map(|(platform, found)| (platform, world.candidates(&strings(found))))
        .collect();
    let mut evidence = Evidence::new(as_dyn(&candidates));
    if case.get("parts").is_some() {
        let of = parts.iter();
        let parts = of.map(|(platform, found)| Part::new(*platform, as_dyn(found)));
        evidence = evidence.with_parts(parts.collect());
    }
    if let Some(gap) = text(case, "gap") {
        evidence = evidence.with_gap(gap);
    }
    let verdict = evaluator.evaluate(&subject, &evidence, world.now);
    assert_eq!(world.digest, verdict.digest().unwrap_or(world.digest));
    verdict
        .to_string()
        .replace(&world.digest.to_string(), "DIGEST")
}

fn as_dyn(list: &[impl Candidate]) -> Vec<&dyn Candidate> {
    list.iter().map(|it| it as &dyn Candidate).collect()
}

/// The whole file, or one rule with what it needs around it.
fn policy(case: &Value) -> String {
    if let Some(policy) = text(case, "policy") {
        return policy.to_owned();
    }
    let rule = text(case, "rule").unwrap();
    let rule: String = rule.lines().map(|line| format!("  {line}\n")).collect();
    format!(
        "version: 1\ninstances: {{test: {{file: trusted_root.json}}}}\ntrust: test\nrules:\n\
         - name: r\n  match: [\"example.org/team/**\", \"*.whl\"]\n{rule}"
    )
}

fn text<'a>(case: &'a Value, name: &str) -> Option<&'a str> {
    case.get(name).map(|it| it.as_str().unwrap())
}

fn names(case: &Value, name: &str) -> Vec<String> {
    case.get(name).map(strings).unwrap_or_default()
}

fn strings(value: &Value) -> Vec<String> {
    let list = value.as_array().unwrap().iter();
    list.map(|it| it.as_str().unwrap().to_owned()).collect()
}

#[test]
fn agrees_with_every_table() {
    let world = World::new();
    let overwrite = std::env::var("SNAPSHOTS").is_ok_and(|it| it == "overwrite");
    let mut surprises = Vec::new();
    let mut count = 0;
    for mut table in tables() {
        for case in &table.cases {
            count += 1;
            let (name, want) = (text(case, "name").unwrap(), text(case, "verdict").unwrap());
            let found = answer(&world, case);
            if want.trim_end() != found {
                surprises.push(format!("{}: {name}\n{found}\n", table.path.display()));
                table.text = replaced(&table.text, name, &found);
            }
        }
        if overwrite {
            fs::write(&table.path, &table.text).unwrap();
        }
    }
    println!("{count} cases, {} surprises", surprises.len());
    assert!(count > 90, "only {count} cases were found");
    assert!(
        overwrite || surprises.is_empty(),
        "\n{}",
        surprises.join("\n")
    );
}

/// The table with another verdict of one case.
fn replaced(table: &str, name: &str, verdict: &str) -> String {
    let (before, rest) = table.split_once(&format!("name = \"{name}\"\n")).unwrap();
    let (between, rest) = rest.split_once("verdict = '''\n").unwrap();
    let (_, after) = rest.split_once("'''").unwrap();
    format!("{before}name = \"{name}\"\n{between}verdict = '''\n{verdict}\n'''{after}")
}

// An exact word in the first line, whatever else is said.
#[test]
fn every_case_has_a_decision_of_its_kind() {
    for table in tables() {
        let allowed = ["allow", "warn", "deny", "no-answer"];
        for case in &table.cases {
            let verdict = text(case, "verdict").unwrap();
            let first = verdict.lines().next().unwrap_or_default();
            let is_decision = allowed.iter().any(|it| first.ends_with(&format!(": {it}")));
            assert!(is_decision || first.contains("[policy-file."), "{first}");
        }
    }
}

/// Of what a case of `found` says, everything in `found` is needed or does nothing: taking away
/// what was found never turns a denial into a yes, but for what may be taken back.
#[test]
fn less_evidence_allows_nothing_more() {
    let world = World::new();
    let mut tried = 0;
    for table in tables() {
        for case in &table.cases {
            let whole = policy(case);
            let retractable = ["optional", "newest"].iter().any(|it| whole.contains(it));
            let Ok(evaluator) = world.evaluator(&whole) else {
                continue;
            };
            let found = names(case, "found");
            if retractable || found.is_empty() || case.get("parts").is_some() {
                continue;
            }
            let subject = world.subject(
                text(case, "subject").unwrap_or("example.org/team/app"),
                false,
            );
            let decide = |found: &[String]| {
                let candidates = world.candidates(found);
                let evidence = Evidence::new(as_dyn(&candidates));
                evaluator
                    .evaluate(&subject, &evidence, world.now)
                    .decision()
            };
            if decide(&found) == Decision::Deny {
                for without in 0..found.len() {
                    let mut less = found.clone();
                    less.remove(without);
                    assert_eq!(Decision::Deny, decide(&less), "{:?}", text(case, "name"));
                    tried += 1;
                }
            }
        }
    }
    assert!(tried > 20, "only {tried}");
}
