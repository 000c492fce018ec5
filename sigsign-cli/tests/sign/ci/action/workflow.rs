//! The workflow that makes releases of this project: each of its steps that can run here does, on
//! files that stand for what `.ci/release` builds.

use std::fs;
use std::process::{Command, Output};

use saphyr::{LoadableYamlNode as _, Yaml};

use super::{Values, evaluate, members, project, run};
use crate::ci::{Job, WORKFLOW};
use crate::text;

const BINARY: &str = "dist/sigsign-x86_64-unknown-linux-musl";
const OTHER: &str = "dist/sigsign-aarch64-unknown-linux-musl";
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Stands for GitHub's command: leaves what it was called with.
const GH: &str = "#!/bin/bash\nprintf '%s\\n' \"$@\" > \"$CALLED\"\n[[ -n $GH_TOKEN ]]\n";

fn workflow(name: &str) -> String {
    fs::read_to_string(project().join(".github/workflows").join(name)).unwrap()
}

/// A job for a tag, with what was built for it.
fn job() -> Job {
    let job = Job::new();
    let program = env!("CARGO_BIN_EXE_sigsign");
    let script = format!("#!/bin/sh\nexec '{program}' \"$@\"\n");
    fs::create_dir_all(job.folder.path("bin")).unwrap();
    crate::platforms::install(&job.folder, "bin/gh", GH);
    for name in ["dist/app", "dist/app.exe"] {
        fs::remove_file(job.folder.path(name)).unwrap();
    }
    for name in [BINARY, OTHER] {
        crate::platforms::install(&job.folder, name, &script);
    }
    job.folder
        .write("dist/sigsign.cdx.json", r#"{"bomFormat":"CycloneDX"}"#);
    let sums = "0123  sigsign-x86_64-unknown-linux-musl\n4567  sigsign-aarch64-unknown-linux-musl\n\
                89ab  sigsign.cdx.json\n";
    job.folder.write("dist/SHA256SUMS", sums);
    job.folder
        .write("root.json", job.served.instance.trusted_root());
    job
}

/// A step with a script, as a runner of Linux runs those that name no shell.
fn script(job: &Job, step: &Yaml<'_>, tag: &str) -> Output {
    let script = step["run"].as_str().unwrap();
    job.folder.write("step.sh", script);
    fs::copy(project().join("Cargo.toml"), job.folder.path("Cargo.toml")).unwrap();
    let mut context = Values::new();
    context.insert("github.ref_name".to_owned(), tag.to_owned());
    context.insert("github.token".to_owned(), "token".to_owned());
    let mut command = Command::new("bash");
    command
        .args(["-e", "step.sh"])
        .current_dir(job.folder.path(""));
    job.surround(&mut command);
    let path = std::env::var("PATH").unwrap();
    command
        .env(
            "PATH",
            format!("{}:{path}", job.folder.path("bin").display()),
        )
        .env("CALLED", job.folder.path("called"));
    for (name, value) in members(step, "env") {
        command.env(name, evaluate(value.as_str().unwrap(), &context));
    }
    command.output().unwrap()
}

/// A step with our action: the instance and whom it knows are the only differences.
fn action(job: &Job, step: &Yaml<'_>) -> Option<i32> {
    let mut inputs: Vec<(String, String)> = members(step, "with")
        .into_iter()
        .map(|(name, value)| (name, value.as_str().unwrap().to_owned()))
        .collect();
    let is_verify = inputs.contains(&("mode".to_owned(), "verify".to_owned()));
    let here = if is_verify {
        &[
            ("trusted-root", "root.json"),
            ("identity", WORKFLOW),
            ("issuer", job.served.url.as_str()),
        ][..]
    } else {
        &[("instance", job.served.url.as_str())]
    };
    let here = here
        .iter()
        .map(|(name, it)| ((*name).to_owned(), (*it).to_owned()));
    inputs.extend(here);
    let inputs: Vec<(&str, &str)> = inputs
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    let ran = run(job, &project(), &inputs, &[]);
    ran.last.status.code()
}

#[test]
fn a_release_is_signed_and_verified_before_it_is_made() {
    let job = job();
    let text_of_it = workflow("release.yml");
    let release = Yaml::load_from_str(&text_of_it).unwrap();
    let steps = release[0]["jobs"]["release"]["steps"].as_sequence();
    let tag = format!("v{VERSION}");
    let mut kinds = Vec::new();
    for step in steps.unwrap() {
        let uses = step.as_mapping_get("uses").and_then(Yaml::as_str);
        let runs = step.as_mapping_get("run").and_then(Yaml::as_str);
        match (uses, runs) {
            (Some("./"), _) => {
                assert_eq!(Some(0), action(&job, step), "{step:?}");
                kinds.push(
                    step["with"]
                        .as_mapping_get("mode")
                        .map_or("sign", |_| "verify"),
                );
            }
            // The script itself takes long: `.ci/release`.
            (_, Some("bash .ci/release dist")) => kinds.push("build"),
            (_, Some(_)) => {
                let output = script(&job, step, &tag);
                let said = text(&output.stdout).to_owned() + text(&output.stderr);
                assert_eq!(Some(0), output.status.code(), "{said}");
                kinds.push("script");
            }
            (Some(_), None) => {}
            (None, None) => panic!("a step that does nothing"),
        }
    }

    let want = ["script", "build", "sign", "verify", "verify", "script"];
    assert_eq!(want, *kinds);
    let called = fs::read_to_string(job.folder.path("called")).unwrap();
    let mut words = called.lines();
    let start = ["release", "create", &tag, "--verify-tag"];
    assert_eq!(start.map(Some), [(); 4].map(|()| words.next()));
    for file in [BINARY, OTHER, "dist/SHA256SUMS", "dist/sigsign.cdx.json"] {
        for end in ["", ".sigstore.json", ".sigstore.jsonl"] {
            let name = format!("{file}{end}");
            assert!(called.lines().any(|it| it == name), "{name}: {called}");
        }
    }
    assert_eq!(2, job.api.state.lock().unwrap().attestations.len());
    let summary = fs::read_to_string(job.folder.path("summary")).unwrap();
    let lines = format!(
        "{VERSION} x86_64-unknown-linux-musl 0123\n{VERSION} aarch64-unknown-linux-musl 4567\n"
    );
    assert!(summary.contains(&lines), "{summary}");
}

#[test]
fn a_release_that_was_changed_or_has_another_tag_is_not_made() {
    let job = job();
    let text_of_it = workflow("release.yml");
    let release = Yaml::load_from_str(&text_of_it).unwrap();
    let steps = release[0]["jobs"]["release"]["steps"]
        .as_sequence()
        .unwrap();
    let named = |name: &str| {
        let mut steps = steps.iter();
        let is_it = |it: &&Yaml<'_>| it.as_mapping_get("name").and_then(Yaml::as_str) == Some(name);
        steps.find(is_it).unwrap()
    };

    let compare = script(&job, named("Compare the tag with the version"), "v999.0.0");
    assert_eq!(Some(0), action(&job, named("Sign and attest")));
    job.folder.write("dist/SHA256SUMS", "changed");
    let changed = action(&job, named("Verify what is to be released"));
    job.folder.write(OTHER, "changed");
    let without = action(&job, named("Verify the provenance"));

    assert_eq!(Some(1), compare.status.code());
    assert_eq!([Some(1), Some(1)], [changed, without]);
}

#[test]
fn workflows_take_nothing_that_may_change_and_no_more_than_they_need() {
    for name in ["ci.yml", "release.yml"] {
        let yaml = workflow(name);
        let workflow = Yaml::load_from_str(&yaml).unwrap();
        let permissions = members(&workflow[0], "permissions");
        let read = permissions
            .iter()
            .all(|(_, it)| it.as_str() == Some("read"));
        assert!(read && !permissions.is_empty(), "{name}");
        for (job, it) in members(&workflow[0], "jobs") {
            assert!(it["timeout-minutes"].as_integer().is_some(), "{name} {job}");
            for step in it["steps"].as_sequence().unwrap() {
                check_step(step);
            }
        }
    }
}

fn check_step(step: &Yaml<'_>) {
    if let Some(script) = step.as_mapping_get("run").and_then(Yaml::as_str) {
        assert!(!script.contains("${{"), "{script}");
    }
    let Some(uses) = step.as_mapping_get("uses").and_then(Yaml::as_str) else {
        return;
    };
    let commit = uses.split_once('@').map(|(_, it)| it);
    let is_pinned = |it: &str| it.len() == 40 && it.bytes().all(|byte| byte.is_ascii_hexdigit());
    assert!(uses == "./" || commit.is_some_and(is_pinned), "{uses}");
    if uses.starts_with("actions/checkout@") {
        assert_eq!(Some(false), step["with"]["persist-credentials"].as_bool());
    }
}
