//! Releases that have files already, and a GitHub that is asked too often.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};
use std::time::Instant;

use serde_json::json;
use sigsign_local::instance::Fault as Trouble;
use sigsign_local::instance::Service::{LogV2, Tsa};

use super::api::Fault;
use super::{Job, done};
use crate::text;

fn for_release(job: &Job, inputs: &[(&str, &str)]) -> Command {
    job.for_event(&json!({ "release": job.api.release() }), inputs)
}

fn refused(output: &Output, code: &str, hint: &str) {
    let stdout = text(&output.stdout);
    assert_eq!(Some(4), output.status.code(), "{stdout}");
    assert!(stdout.contains(&format!("code: {code}%0A")), "{stdout}");
    assert!(stdout.contains(hint), "{stdout}");
}

#[test]
fn nothing_is_uploaded_or_left_unless_everything_is_signed() {
    for service in [LogV2, Tsa] {
        let job = Job::new();
        let faults = &job.served.instance.context().faults;
        faults.set(service, Trouble::Status(400));
        let inputs = [("FILES", "dist/*"), ("GITHUB_ATTESTATIONS", "true")];

        job.refused(for_release(&job, &inputs), 4, "sign.refused", "");

        assert_eq!(Vec::<String>::new(), job.api.names());
        assert!(job.api.state.lock().unwrap().attestations.is_empty());
        assert!(!job.folder.path("output").exists());
        let summary = fs::read_to_string(job.folder.path("summary")).unwrap();
        assert!(summary.starts_with("### sigsign failed\n"), "{summary}");
    }
}

#[test]
fn what_broke_off_is_uploaded_again() {
    let job = Job::new();
    job.api.fail(&[Fault::BrokenOff]);

    done(for_release(
        &job,
        &[("FILES", "dist/app"), ("PROVENANCE", "false")],
    ));

    let bundle = fs::read(job.folder.path("dist/app.sigstore.json")).unwrap();
    let want = vec![("app.sigstore.json".to_owned(), bundle)];
    assert_eq!(want, job.api.state.lock().unwrap().assets);
}

#[test]
fn a_name_that_github_changes_is_known_again() {
    let job = Job::new();
    job.folder.write("dist/an app (1)", "app");
    job.api.fail(&[Fault::Lost(502)]);

    done(for_release(
        &job,
        &[("FILES", "dist/an*"), ("PROVENANCE", "false")],
    ));

    assert_eq!(["an.app..1..sigstore.json"], *job.api.names());
}

#[test]
fn replaces_what_a_release_has_if_it_is_told_to() {
    let job = Job::new();
    let others = [
        "app.sigstore.jsonl",
        "app.sigstore.json",
        "app-sigstore.json",
    ];
    for name in others {
        let there = (name.to_owned(), b"older".to_vec());
        job.api.state.lock().unwrap().assets.push(there);
    }
    let inputs = [("FILES", "dist/app"), ("RELEASE_REPLACE", "true")];

    done(for_release(&job, &inputs));

    let state = job.api.state.lock().unwrap();
    let kept: Vec<_> = state
        .assets
        .iter()
        .filter(|(_, it)| it == b"older")
        .collect();
    assert_eq!(3, state.assets.len());
    assert_eq!("app-sigstore.json", kept[0].0);
    assert_eq!(1, kept.len());
}

#[test]
fn waits_as_long_as_github_says() {
    let job = Job::new();
    job.api.fail(&[Fault::Limit(Some(1))]);
    let begun = Instant::now();

    done(for_release(
        &job,
        &[("FILES", "dist/app"), ("PROVENANCE", "false")],
    ));

    assert!(begun.elapsed().as_millis() >= 1000);
    assert_eq!(["app.sigstore.json"], *job.api.names());
}

#[test]
fn a_limit_is_not_taken_for_a_missing_permission() {
    let job = Job::new();
    for limit in [Fault::Limit(None), Fault::Limit(Some(3600))] {
        job.api.fail(&[limit]);
        let mut step = for_release(&job, &[("FILES", "dist/app")]);

        let output = step.output().unwrap();

        refused(&output, "github.rate-limit", "run the job again later");
        assert!(!text(&output.stdout).contains("permissions:"));
    }
}

#[test]
fn the_verify_command_is_one_for_names_that_deceive() {
    let job = Job::new();
    let root = job.served.instance.trusted_root();
    job.folder.write("trusted_root.json", root);
    let program = Path::new(env!("CARGO_BIN_EXE_sigsign")).parent().unwrap();
    let path = std::env::var("PATH").unwrap();
    let path = format!("{}:{path}", program.display());
    for name in [
        "new\nline",
        "\u{202e}it's",
        "$(touch ran)",
        "--help",
        "z  z",
    ] {
        job.folder.write(&format!("dist/{name}"), name);
        let _ = fs::remove_file(job.folder.path("output"));
        let pattern = format!("dist/{}*", name.chars().next().unwrap());

        done(job.step(&[("FILES", &pattern), ("PROVENANCE", "false")]));

        let command = &job.outputs()["verify-command"];
        let verified = Command::new("bash")
            .args(["-c", command])
            .current_dir(job.folder.path(""))
            .env("PATH", &path)
            .output()
            .unwrap();
        let stderr = text(&verified.stderr);
        assert_eq!(Some(0), verified.status.code(), "{command}\n{stderr}");
        assert!(!job.folder.path("ran").exists());
        fs::remove_file(job.folder.path("dist").join(name)).unwrap();
    }
}
