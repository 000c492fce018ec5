//! The action itself: its steps are run as a runner runs them.
//!
//! Spec: GitHub's documentation, "Metadata syntax reference", "Workflow syntax", `shell`

mod install;
mod workflow;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use saphyr::{LoadableYamlNode as _, Yaml};
use serde_json::json;

use super::api::TOKEN;
use super::{Job, WORKFLOW};
use crate::text;

type Values = BTreeMap<String, String>;

/// What a run of the action leaves.
struct Ran {
    outputs: Values,
    last: Output,
}

fn project() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The members of a mapping, in order.
fn members<'a>(node: &'a Yaml<'a>, name: &str) -> Vec<(String, &'a Yaml<'a>)> {
    let mapping = node[name].as_mapping().unwrap();
    let name = |key: &Yaml<'_>| key.as_str().unwrap().to_owned();
    mapping
        .iter()
        .map(|(key, value)| (name(key), value))
        .collect()
}

/// Runs the action that is at `place`, with these inputs.
fn run(job: &Job, place: &Path, given: &[(&str, &str)], extra: &[(&str, &str)]) -> Ran {
    let action = fs::read_to_string(place.join("action.yml")).unwrap();
    let action = Yaml::load_from_str(&action).unwrap();
    let action = &action[0];
    let mut context = Values::new();
    context.insert("github.action_path".to_owned(), place.display().to_string());
    context.insert("github.token".to_owned(), TOKEN.to_owned());
    context.insert(
        "github.action_repository".to_owned(),
        "o/sigsign".to_owned(),
    );
    context.extend(contexts(extra));
    for (name, input) in members(action, "inputs") {
        let value = evaluate(input["default"].as_str().unwrap(), &context);
        context.insert(format!("inputs.{name}"), value);
    }
    for (name, value) in given {
        let before = context.insert(format!("inputs.{name}"), (*value).to_owned());
        assert!(before.is_some(), "no input {name}");
    }
    let mut last = None;
    for step in action["runs"]["steps"].as_sequence().unwrap() {
        let output = run_step(job, step, &mut context, extra);
        let is_done = output.status.success();
        last = Some(output);
        if !is_done {
            break;
        }
    }
    let outputs = members(action, "outputs").into_iter();
    let outputs =
        outputs.map(|(name, it)| (name, evaluate(it["value"].as_str().unwrap(), &context)));
    Ran {
        outputs: outputs.collect(),
        last: last.unwrap(),
    }
}

/// What a test says of contexts: names with a dot are no variables.
fn contexts(extra: &[(&str, &str)]) -> Values {
    let contexts = extra.iter().filter(|(name, _)| name.contains('.'));
    let pairs = contexts.map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    pairs.collect()
}

fn run_step(job: &Job, step: &Yaml<'_>, context: &mut Values, extra: &[(&str, &str)]) -> Output {
    assert_eq!(Some("bash"), step["shell"].as_str());
    let id = step["id"].as_str().unwrap();
    let script = step["run"].as_str().unwrap();
    assert!(
        !script.contains("${{"),
        "an input becomes part of a script: {script}"
    );
    job.folder.write("step.sh", script);
    job.folder.write("output", "");
    let mut command = Command::new("bash");
    command
        .args(["--noprofile", "--norc", "-eo", "pipefail"])
        .arg(job.folder.path("step.sh"))
        .current_dir(job.folder.path(""));
    job.surround(&mut command);
    for (name, value) in members(step, "env") {
        command.env(name, evaluate(value.as_str().unwrap(), context));
    }
    let variables = extra.iter().filter(|(name, _)| !name.contains('.'));
    command.envs(variables.copied());
    let output = command.output().unwrap();
    for (name, value) in job.outputs() {
        context.insert(format!("steps.{id}.outputs.{name}"), value);
    }
    output
}

/// Only whole values are expressions here, and only of what the context has.
fn evaluate(text: &str, context: &Values) -> String {
    let expression = text
        .strip_prefix("${{ ")
        .and_then(|it| it.strip_suffix(" }}"));
    match expression {
        Some(name) => context.get(name).cloned().unwrap_or_default(),
        None => {
            assert!(!text.contains("${{"), "{text}");
            text.to_owned()
        }
    }
}

#[test]
fn the_action_signs_for_a_release() {
    let job = Job::new();
    job.event(&json!({ "release": job.api.release() }));
    let event = job.folder.path("event.json");
    let inputs = [
        ("files", "dist/*"),
        ("sbom", "sbom.json"),
        ("github-attestations", "true"),
        ("instance", &job.served.url),
        ("sigsign-path", env!("CARGO_BIN_EXE_sigsign")),
    ];

    let ran = run(
        &job,
        &project(),
        &inputs,
        &[("GITHUB_EVENT_PATH", event.to_str().unwrap())],
    );

    assert_eq!(
        Some(0),
        ran.last.status.code(),
        "{}",
        text(&ran.last.stdout)
    );
    let names = ["app.exe", "app"].map(|it| {
        [
            format!("{it}.sigstore.json"),
            format!("{it}.sigstore.jsonl"),
        ]
    });
    let mut uploaded = job.api.names();
    uploaded.sort();
    assert_eq!(names.concat(), uploaded);
    let bundles: Vec<String> = serde_json::from_str(&ran.outputs["bundles"]).unwrap();
    assert_eq!(4, bundles.len());
    assert_eq!(WORKFLOW, ran.outputs["identity"]);
    assert_eq!(r#"["4001","4002"]"#, ran.outputs["attestation-ids"]);
    for name in ["digests", "log-indices", "verify-command"] {
        assert!(ran.outputs[name].len() > 2, "{name}");
    }
    let summary = fs::read_to_string(job.folder.path("summary")).unwrap();
    assert!(
        summary.starts_with("### Signed with sigsign\n"),
        "{summary}"
    );
}

#[test]
fn the_action_verifies() {
    let job = Job::new();
    job.folder
        .write("root.json", job.served.instance.trusted_root());
    let program = ("sigsign-path", env!("CARGO_BIN_EXE_sigsign"));
    let sign = [
        ("files", "dist/app"),
        ("instance", &job.served.url),
        program,
    ];
    let signed = run(&job, &project(), &sign, &[]);
    assert_eq!(Some(0), signed.last.status.code());
    let verify = [
        ("mode", "verify"),
        ("files", "dist/app"),
        ("trusted-root", "root.json"),
        ("identity", WORKFLOW),
        ("issuer", &job.served.url),
        program,
    ];

    let verified = run(&job, &project(), &verify, &[]);
    job.folder.write("dist/app", "changed");
    let changed = run(&job, &project(), &verify, &[]);

    assert_eq!(Some(0), verified.last.status.code());
    assert_eq!(Some(1), changed.last.status.code());
}

#[test]
fn inputs_never_become_commands() {
    let job = Job::new();
    let mark = job.folder.path("ran");
    let mark = mark.to_str().unwrap();
    for input in [
        "files",
        "sbom",
        "bundle-dir",
        "instance",
        "version",
        "mode",
        "github-token",
    ] {
        // Whichever way a script could quote it.
        let value = format!("$(touch {mark}) `touch {mark}` \"; touch {mark}; '\ntouch {mark}\n'");
        let inputs = [
            ("files", "dist/app"),
            ("instance", "http://localhost:1"),
            ("sigsign-path", env!("CARGO_BIN_EXE_sigsign")),
            (input, &value),
        ];

        let ran = run(&job, &project(), &inputs, &[]);

        assert!(!ran.last.status.success(), "{input}");
        assert!(!Path::new(mark).exists(), "{input}");
    }
}

#[test]
fn every_input_reaches_the_program() {
    let action = fs::read_to_string(project().join("action.yml")).unwrap();
    let action = Yaml::load_from_str(&action).unwrap();
    for (name, input) in members(&action[0], "inputs") {
        let variable = format!("SIGSIGN_{}", name.to_uppercase().replace('-', "_"));
        let of = |step: &Yaml<'_>| {
            members(step, "env")
                .into_iter()
                .map(|(name, _)| name)
                .collect::<Vec<_>>()
        };
        let mut steps = action[0]["runs"]["steps"].as_sequence().unwrap().iter();
        let short = variable.replace("SIGSIGN_SIGSIGN_", "SIGSIGN_");
        assert!(steps.any(|it| of(it).contains(&short)), "{variable}");
        assert!(
            input["description"]
                .as_str()
                .is_some_and(|it| it.len() > 10),
            "{name}"
        );
    }
}
