//! The examples of `docs/policy.md` are policies, and decide what the page says they do.
//!
//! A block of YAML is a whole file, or a part of one: rules, what is in a rule, signers. Comments
//! after it, which the page does not show, say what comes of it: `<!-- NAME with A, B: allow -->`.

use sigsign_core::policy_file::{Evidence, Severity};

use super::schema::{load, problem, schema};
use super::{World, as_dyn};

const PAGE: &str = include_str!("../../../docs/policy.md");

#[test]
fn every_example_parses_and_decides_what_the_page_says() {
    let world = World::new();
    let schema = schema();
    let (mut examples, mut verdicts) = (0, 0);
    for block in PAGE.split("\n```yaml\n").skip(1) {
        let (yaml, after) = block.split_once("\n```\n").unwrap();
        let policy = whole(yaml);
        let evaluator = world
            .evaluator(&policy)
            .unwrap_or_else(|error| panic!("{error}:\n{policy}"));
        let lints = evaluator.policy_file().lints();
        let problems = lints.iter().filter(|it| it.severity() == Severity::Problem);
        assert_eq!(0, problems.count(), "{lints:?}\n{policy}");
        assert_eq!(
            None,
            problem(&schema, &schema, &load(&policy).unwrap(), ""),
            "{policy}"
        );
        examples += 1;
        for line in after.lines().map_while(|it| it.strip_prefix("<!-- ")) {
            let line = line.strip_suffix(" -->").unwrap();
            let (name, rest) = line.split_once(" with ").unwrap();
            let (found, want) = rest.split_once(": ").unwrap();
            let found: Vec<String> = found
                .split(", ")
                .filter(|it| *it != "nothing")
                .map(str::to_owned)
                .collect();
            let candidates = world.candidates(&found);
            let evidence = Evidence::new(as_dyn(&candidates));
            let verdict = evaluator.evaluate(&world.subject(name, false), &evidence, world.now);
            assert_eq!(
                want,
                verdict.decision().name(),
                "{line}\n{verdict}\n{policy}"
            );
            verdicts += 1;
        }
    }
    assert!(examples >= 12 && verdicts >= 24, "{examples} {verdicts}");
}

/// A part with what belongs around it.
fn whole(yaml: &str) -> String {
    let first = yaml.lines().find(|it| !it.starts_with('#')).unwrap();
    let indent = |by: &str| -> String { yaml.lines().map(|it| format!("{by}{it}\n")).collect() };
    let rule =
        "version: 1\nrules:\n- name: example\n  match: [\"example.org/team/**\", \"*.whl\"]\n";
    let is_rule = |name: &str| first.starts_with(&format!("{name}:"));
    if is_rule("version") {
        yaml.to_owned()
    } else if first.starts_with("- name:") {
        format!("version: 1\nrules:\n{yaml}\n")
    } else if is_rule("signed_by") || is_rule("attestations") {
        format!("{rule}{}", indent("  "))
    } else if first.starts_with("- type:") {
        format!("{rule}  attestations:\n{}", indent("  "))
    } else if first.starts_with("- ") {
        format!("{rule}  signed_by:\n{}", indent("  "))
    } else {
        format!("version: 1\n{yaml}\nrules:\n- {{name: a, match: [\"x\"], skip: x}}\n")
    }
}
