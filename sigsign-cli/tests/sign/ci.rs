//! A job of GitHub Actions: what it signs, uploads and leaves, and what stops it.

mod action;
mod api;
mod images;
mod release;

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::symlink;
use std::process::{Command, Output};

use serde_json::{Value, json};

use super::ambient::{WORKFLOW, as_github};
use crate::{Folder, Served, text};
use api::{Api, Fault, TOKEN};

/// A job with its runner, and everybody it talks to.
struct Job {
    // Before the folder that it writes to is gone, it is.
    served: Served,
    api: Api,
    folder: Folder,
}

impl Job {
    fn new() -> Self {
        let folder = Folder::new();
        let served = Served::new(&folder);
        let api = Api::new(&served);
        fs::create_dir_all(folder.path("dist")).unwrap();
        let it = Self {
            folder,
            served,
            api,
        };
        it.folder.write("dist/app", "app");
        it.folder.write("dist/app.exe", "exe");
        it.folder
            .write("sbom.json", r#"{"spdxVersion":"SPDX-2.3"}"#);
        it
    }

    /// The step, in the environment that a runner gives it.
    fn step(&self, inputs: &[(&str, &str)]) -> Command {
        let mut command = self.folder.command(["ci", "github"]);
        self.surround(&mut command);
        command
            .env("SIGSIGN_GITHUB_TOKEN", TOKEN)
            .env("SIGSIGN_INSTANCE", &self.served.url);
        for (name, value) in inputs {
            command.env(format!("SIGSIGN_{name}"), value);
        }
        command
    }

    /// What is in the environment of each step.
    fn surround(&self, command: &mut Command) {
        as_github(command, &self.served);
        command
            .env("GITHUB_REPOSITORY", "o/r")
            .env("GITHUB_WORKSPACE", self.folder.path(""))
            .env("GITHUB_EVENT_NAME", "push")
            .env("GITHUB_REF_NAME", "main")
            .env("GITHUB_REF_TYPE", "branch")
            .env("GITHUB_API_URL", &self.api.url)
            .env("GITHUB_OUTPUT", self.folder.path("output"))
            .env("GITHUB_STEP_SUMMARY", self.folder.path("summary"));
    }

    fn event(&self, event: &Value) {
        self.folder.write("event.json", &event.to_string());
    }

    fn for_event(&self, event: &Value, inputs: &[(&str, &str)]) -> Command {
        self.event(event);
        let mut command = self.step(inputs);
        command.env("GITHUB_EVENT_PATH", self.folder.path("event.json"));
        command
    }

    fn outputs(&self) -> BTreeMap<String, String> {
        let text = fs::read_to_string(self.folder.path("output")).unwrap();
        let lines = text.lines().map(|it| it.split_once('=').unwrap());
        lines
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect()
    }

    fn verify(&self, arguments: &[&str]) -> Output {
        let who = ["--identity", WORKFLOW, "--issuer", &self.served.url];
        let local = ["verify", "--local", "--data", "instance"];
        self.folder.run(local.iter().chain(&who).chain(arguments))
    }

    /// Nothing was signed, and nothing is left but the reason.
    fn refused(&self, mut command: Command, status: i32, code: &str, hint: &str) {
        let before = self.folder.names();
        let output = command.output().unwrap();
        let stdout = text(&output.stdout);
        assert_eq!(Some(status), output.status.code(), "{stdout}");
        assert!(stdout.starts_with("::error title=sigsign::"), "{stdout}");
        assert!(stdout.contains(&format!("%0Acode: {code}%0A")), "{stdout}");
        assert!(stdout.contains(hint), "{stdout}");
        assert_eq!(1, stdout.lines().count(), "{stdout}");
        let left: Vec<String> = self.folder.names();
        let left = left
            .into_iter()
            .filter(|it| !before.contains(it) && it != "summary");
        assert_eq!(Vec::<String>::new(), left.collect::<Vec<_>>());
        let dist = fs::read_dir(self.folder.path("dist")).unwrap();
        let bundles = dist.map(|it| it.unwrap().file_name().into_string().unwrap());
        let bundles = bundles.filter(|it| it.contains(".sigstore."));
        assert_eq!(Vec::<String>::new(), bundles.collect::<Vec<_>>());
    }
}

/// The command that the job says it is verified with, which must succeed.
fn verifies_as_it_says(job: &Job) {
    let command = &job.outputs()["verify-command"];
    let words = command.split(' ').skip(1).map(|it| it.trim_matches('\''));
    let verified = job.folder.run(words);

    assert_eq!(
        Some(0),
        verified.status.code(),
        "{command}\n{}",
        text(&verified.stderr)
    );
}

fn done(mut command: Command) -> String {
    let output = command.output().unwrap();
    let stdout = text(&output.stdout);
    assert_eq!(
        Some(0),
        output.status.code(),
        "{stdout}{}",
        text(&output.stderr)
    );
    stdout.to_owned()
}

#[test]
fn signs_attests_and_uploads_for_a_release() {
    let job = Job::new();
    let event = json!({ "release": job.api.release() });
    let inputs = [
        ("FILES", "dist/*\n!dist/*.exe\ndist/app.exe"),
        ("SBOM", "sbom.json"),
        ("GITHUB_ATTESTATIONS", "true"),
    ];

    let shown = done(job.for_event(&event, &inputs));

    assert_eq!(3, shown.lines().count(), "{shown}");
    let outputs = job.outputs();
    let list = |name: &str| serde_json::from_str::<Vec<Value>>(&outputs[name]).unwrap();
    assert_eq!(
        ["dist/app.sigstore.json", "dist/app.sigstore.jsonl"]
            .map(Value::from)
            .to_vec(),
        list("bundles"),
        "app.exe is excluded, even by its name"
    );
    assert_eq!(WORKFLOW, outputs["identity"]);
    assert_eq!(3, list("log-indices").len());
    assert_eq!(vec![json!("4001"), json!("4002")], list("attestation-ids"));
    assert_eq!(
        vec![json!(
            "sha256:a172cedcae47474b615c54d510a5d84a8dea3032e958587430b413538be3f333"
        )],
        list("digests")
    );
    // What was uploaded is what is there, and verifies.
    let state = job.api.state.lock().unwrap();
    assert_eq!(2, state.attestations.len());
    let names: Vec<&str> = state.assets.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(["app.sigstore.json", "app.sigstore.jsonl"], *names);
    for (name, bytes) in &state.assets {
        assert_eq!(
            *bytes,
            fs::read(job.folder.path("dist").join(name)).unwrap()
        );
    }
    drop(state);
    for arguments in [
        &["dist/app"][..],
        &["dist/app", "--type", "slsa"],
        &["dist/app", "--type", "spdx"],
    ] {
        let verified = job.verify(arguments);
        assert_eq!(
            Some(0),
            verified.status.code(),
            "{}",
            text(&verified.stderr)
        );
    }
    let summary = fs::read_to_string(job.folder.path("summary")).unwrap();
    assert!(
        summary.contains("| <code>app</code> | <code>sha256:a172"),
        "{summary}"
    );
    assert!(
        summary.contains(&format!("```text\n{}\n```", outputs["verify-command"])),
        "{summary}"
    );
    assert!(!shown.contains(TOKEN) && !summary.contains(TOKEN));
}

#[test]
fn the_verify_command_that_it_leaves_verifies() {
    let job = Job::new();
    let root = job.served.instance.trusted_root();
    job.folder.write("trusted_root.json", root);
    for inputs in [
        &[("FILES", "dist/app")][..],
        &[("FILES", "dist/app"), ("MODE", "attest")],
        &[("FILES", "dist/app"), ("BUNDLE_DIR", "new/bundles")],
    ] {
        let _ = fs::remove_file(job.folder.path("output"));
        done(job.step(inputs));

        verifies_as_it_says(&job);
    }
}

#[test]
fn verifies_whom_the_job_names() {
    let job = Job::new();
    let root = job.served.instance.trusted_root();
    job.folder.write("root.json", root);
    done(job.step(&[("FILES", "dist/*")]));
    let inputs = [
        ("MODE", "verify"),
        ("FILES", "dist/*"),
        ("TRUSTED_ROOT", "root.json"),
        ("INSTANCE", ""),
        ("IDENTITY", WORKFLOW),
        ("ISSUER", &job.served.url),
    ];

    let shown = done(job.step(&inputs));
    let mut other = inputs;
    other[4].1 = "https://github.com/x/r/.github/workflows/release.yml@refs/heads/main";
    let refused = job.step(&other).output().unwrap();

    assert_eq!(2, shown.matches(": verified").count(), "{shown}");
    assert!(shown.lines().all(|it| it.starts_with("./dist/")), "{shown}");
    assert_eq!(Some(1), refused.status.code());
}

#[test]
fn verifies_what_a_policy_says() {
    let job = Job::new();
    let root = job.served.instance.trusted_root();
    job.folder.write("root.json", root);
    done(job.step(&[("FILES", "dist/*")]));
    let inputs = [
        ("MODE", "verify"),
        ("FILES", "dist/*"),
        ("POLICY", "a policy.yaml"),
        ("INSTANCE", ""),
    ];
    for (subject, status) in [(WORKFLOW, 0), ("https://github.com/o/r/other.yml", 1)] {
        let url = &job.served.url;
        let policy = format!(
            "version: 1\ninstances: {{here: {{file: root.json}}}}\ntrust: here\nrules:\n\
             - name: ours\n  match: [\"app*\"]\n  signed_by:\n  \
             - identity: {{issuer: \"{url}\", subject: \"{subject}\"}}\n"
        );
        job.folder.write("a policy.yaml", &policy);

        let output = job.step(&inputs).output().unwrap();

        let shown = text(&output.stdout).to_owned() + text(&output.stderr);
        assert_eq!(Some(status), output.status.code(), "{shown}");
    }
}

#[test]
fn uploads_again_what_a_server_in_trouble_did_not_take() {
    let job = Job::new();
    let event = json!({ "release": job.api.release() });
    let inputs = [("FILES", "dist/app"), ("PROVENANCE", "false")];

    job.api.fail(&[Fault::Status(502), Fault::Lost(503)]);
    done(job.for_event(&event, &inputs));

    assert_eq!(["app.sigstore.json"], *job.api.names());
}

#[test]
fn uploads_to_the_release_of_a_tag() {
    let job = Job::new();
    let inputs = [
        ("FILES", "dist/app"),
        ("RELEASE_UPLOAD", "true"),
        ("MODE", "attest"),
    ];
    let tag = |name: &str| {
        let mut command = job.step(&inputs);
        command
            .env("GITHUB_REF_TYPE", "tag")
            .env("GITHUB_REF_NAME", name);
        command
    };

    job.refused(job.step(&inputs), 2, "cli.usage", "run the job for a tag");
    job.refused(tag("v2"), 4, "github.no-release", "make the release before");
    job.api.fail(&[Fault::Status(403)]);
    job.refused(tag("v1.0/rc 1"), 4, "github.refused", "`contents: read`");
    done(tag("v1.0/rc 1"));

    assert_eq!(["app.sigstore.jsonl"], *job.api.names());
}

#[test]
fn says_which_permission_an_upload_lacks_and_keeps_what_was_signed() {
    let job = Job::new();
    let event = json!({ "release": job.api.release() });
    for (inputs, faults, hint) in [
        (&[][..], &[Fault::Status(403)][..], "`contents: write`"),
        (
            &[("RELEASE_UPLOAD", "false"), ("GITHUB_ATTESTATIONS", "true")],
            &[Fault::Status(403)],
            "`attestations: write`",
        ),
    ] {
        let inputs = [inputs, &[("FILES", "dist/app")]].concat();
        job.api.fail(faults);

        let output = job.for_event(&event, &inputs).output().unwrap();

        let stdout = text(&output.stdout);
        assert_eq!(Some(4), output.status.code(), "{stdout}");
        assert!(
            stdout.contains("code: github.refused") && stdout.contains(hint),
            "{stdout}"
        );
        assert_eq!(Some(0), job.verify(&["dist/app"]).status.code());
        assert_eq!("[]", job.outputs()["attestation-ids"]);
        let summary = fs::read_to_string(job.folder.path("summary")).unwrap();
        assert!(
            summary.contains("### sigsign failed") && summary.contains(hint),
            "{summary}"
        );
    }
}

#[test]
fn does_not_replace_what_a_release_has() {
    let job = Job::new();
    let event = json!({ "release": job.api.release() });
    let there = ("app.sigstore.json".to_owned(), b"older".to_vec());
    job.api.state.lock().unwrap().assets.push(there.clone());

    let output = job
        .for_event(&event, &[("FILES", "dist/app")])
        .output()
        .unwrap();

    assert_eq!(Some(4), output.status.code());
    assert!(text(&output.stdout).contains("code: github.asset-exists"));
    assert_eq!(there, job.api.state.lock().unwrap().assets[0]);
}

#[test]
fn refuses_forks_before_anything_else() {
    let job = Job::new();
    let head = json!({ "repo": { "full_name": "stranger/r" } });
    let event = json!({ "pull_request": { "head": head } });

    let mut fork = job.for_event(&event, &[("FILES", "dist/*")]);
    fork.env_remove("ACTIONS_ID_TOKEN_REQUEST_URL");

    job.refused(fork, 3, "ci.fork", "github.event_name");
}

#[test]
fn names_the_missing_permission() {
    let job = Job::new();
    let mut step = job.step(&[("FILES", "dist/*")]);
    step.env_remove("ACTIONS_ID_TOKEN_REQUEST_URL");

    job.refused(step, 5, "token.missing", "`id-token: write`");
}

#[test]
fn refuses_files_that_are_not_there_or_not_of_the_job() {
    let job = Job::new();
    symlink("/etc/hostname", job.folder.path("dist/linked")).unwrap();
    fs::create_dir_all(job.folder.path("other")).unwrap();
    job.folder.write("other/app", "another");
    let pipe = job.folder.path("other/pipe");
    let made = Command::new("mkfifo").arg(pipe).status().unwrap();
    assert!(made.success());
    for (files, status, code, hint) in [
        ("nothing/*", 3, "ci.empty", "fail-on-empty"),
        ("", 3, "ci.empty", "fail-on-empty"),
        ("dist", 3, "ci.empty", "fail-on-empty"),
        (
            "dist/missing",
            3,
            "ci.no-file",
            "the folder that the step runs in",
        ),
        ("dist/*", 3, "ci.outside", "copy into it"),
        ("/etc/hostname", 3, "ci.outside", "copy into it"),
        ("dist/../../*", 3, "ci.outside", "copy into it"),
        ("--key", 2, "cli.usage", "SIGSIGN_FILES"),
        ("/dev/nul*", 3, "ci.outside", "copy into it"),
        ("other/*", 3, "ci.no-file", "leave it out"),
        ("dist/***", 2, "cli.usage", "** for folders"),
        ("dist/app\nother/app", 3, "ci.same-name", "two steps"),
    ] {
        job.refused(job.step(&[("FILES", files)]), status, code, hint);
    }
    let empty = job.step(&[("FILES", "nothing/*"), ("FAIL_ON_EMPTY", "false")]);
    assert!(done(empty).starts_with("::notice "));
}

#[test]
fn refuses_predicates_that_are_something_else() {
    let job = Job::new();
    job.folder.write("not.json", "{}");
    job.refused(
        job.step(&[("FILES", "dist/*"), ("SBOM", "not.json")]),
        3,
        "predicate.shape",
        "SPDX with spdxVersion or CycloneDX",
    );
}

#[test]
fn attests_a_list_without_files() {
    let job = Job::new();
    let digest = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";
    job.folder.write("SHA256SUMS", &format!("{digest}  app\n"));

    done(job.step(&[("CHECKSUMS", "SHA256SUMS"), ("MODE", "attest")]));

    let subject = format!("sha256:{digest}");
    let bundle = [
        "--bundle",
        "SHA256SUMS.sigstore.jsonl",
        "--type",
        "slsa",
        &subject,
    ];
    assert_eq!(Some(0), job.verify(&bundle).status.code());
}

#[test]
fn names_that_look_like_something_else_stay_names() {
    let job = Job::new();
    let names = [
        "::error::x",
        "$(id)",
        "a b|`<b>",
        "\u{fc}\u{202e}",
        "new\nline",
        "--help",
        "##[set-output name=identity]x",
        "a##vso[task.setvariable variable=b]c",
    ];
    for name in names {
        job.folder.write(&format!("dist/{name}"), name);
    }

    let shown = done(job.step(&[("FILES", "dist/*")]));

    assert_eq!(names.len() + 3, shown.lines().count(), "{shown}");
    assert!(
        shown
            .lines()
            .all(|it| it.starts_with("signed ") || it.starts_with("attested "))
    );
    // What the runners of GitHub and Azure obey anywhere in a line.
    assert!(!shown.contains("##"), "{shown}");
    let outputs = job.outputs();
    assert_eq!(6, outputs.len(), "{outputs:?}");
    let bundles: Vec<String> = serde_json::from_str(&outputs["bundles"]).unwrap();
    for name in names {
        assert!(
            bundles.contains(&format!("dist/{name}.sigstore.json")),
            "{name}"
        );
    }
    let summary = fs::read_to_string(job.folder.path("summary")).unwrap();
    assert!(
        summary.contains("<code>a b&#124;&#96;&#60;b&#62;</code>"),
        "{summary}"
    );
    assert!(!summary.contains('\u{202e}'));
}

#[test]
fn warns_when_a_private_name_becomes_public() {
    let job = Job::new();
    let event = json!({ "repository": { "full_name": "o/r", "private": true } });
    let mut step = job.for_event(&event, &[("FILES", "dist/*"), ("INSTANCE", "public")]);
    // Before anybody is asked: there is nobody to give a token.
    step.env("ACTIONS_ID_TOKEN_REQUEST_URL", "http://localhost:1/?a=b");

    let output = step.output().unwrap();

    let first = text(&output.stdout).lines().next().unwrap_or_default();
    assert!(
        first.starts_with("::warning title=sigsign::this repository is private"),
        "{first}"
    );
    assert_eq!(Some(4), output.status.code());
}

#[test]
fn what_a_hostile_bundle_says_is_no_command_to_a_runner() {
    let job = Job::new();
    job.folder
        .write("root.json", job.served.instance.trusted_root());
    job.folder.write("dist/app.sigstore.json", "{}");
    let claim = "::add-mask::x ##[add-mask]y";
    for (name, value) in [("identity", claim), ("issuer", claim)] {
        let inputs = [
            ("MODE", "verify"),
            ("FILES", "dist/app"),
            ("TRUSTED_ROOT", "root.json"),
            ("INSTANCE", ""),
            (
                "IDENTITY",
                if name == "identity" { value } else { WORKFLOW },
            ),
            ("ISSUER", if name == "issuer" { value } else { "https://i" }),
        ];

        let output = job.step(&inputs).output().unwrap();

        let said = text(&output.stdout).to_owned() + text(&output.stderr);
        assert_ne!(Some(0), output.status.code());
        assert!(!said.contains("##["), "{said}");
        let commands = said.lines().filter(|it| it.trim_start().starts_with("::"));
        let ours = |it: &str| it.starts_with("::error title=sigsign::");
        assert!(commands.into_iter().all(ours), "{said}");
    }
}
