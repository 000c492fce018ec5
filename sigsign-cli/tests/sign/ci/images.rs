//! Images of a job: signed by their digests, and what was signed put beside them.

use std::fs;

use serde_json::{Value, json};
use sigsign_core::digest::Digest;

use super::api::TOKEN;
use super::{Job, WORKFLOW, done, verifies_as_it_says};
use crate::gate::registry::{Registry, Trouble};
use crate::text;

/// A registry with two images, and their names.
fn registry(job: &Job) -> (Registry, [Digest; 2], [String; 2]) {
    let registry = Registry::new(&job.served);
    let digests = ["app", "tool"].map(|it| registry.image(it, "v1"));
    let [app, tool] = digests;
    let host = &registry.host;
    // The tag is only for people.
    let names = [
        format!("{host}/app:v1@{app}"),
        format!("{host}/tool@{tool}"),
    ];
    (registry, digests, names)
}

/// Exit status, and everything that was said.
fn verify(job: &Job, arguments: &[&str]) -> (Option<i32>, String) {
    let who = ["--identity", WORKFLOW, "--issuer", &job.served.url];
    let local = ["image", "verify", "--local", "--data", "instance"];
    let output = job.folder.run(local.iter().chain(&who).chain(arguments));
    let said = text(&output.stdout).to_owned() + text(&output.stderr);
    (output.status.code(), said)
}

fn list(job: &Job, name: &str) -> Vec<Value> {
    serde_json::from_str(&job.outputs()[name]).unwrap()
}

#[test]
fn signs_and_attests_images_in_their_registry() {
    let job = Job::new();
    let (registry, digests, names) = registry(&job);
    let root = job.served.instance.trusted_root();
    job.folder.write("trusted_root.json", root);
    let lines = format!("{}\n\n {} \n{0}\n", names[0], names[1]);

    let shown = done(job.step(&[
        ("IMAGES", &lines),
        ("SBOM", "sbom.json"),
        ("GITHUB_ATTESTATIONS", "true"),
    ]));

    assert_eq!(6, shown.lines().count(), "each image once: {shown}");
    let first = format!("signed {}/app@{}: log index ", registry.host, digests[0]);
    assert!(shown.starts_with(&first), "{shown}");
    let is_listed = |line: &str| line.contains(", referrer sha256:");
    assert!(shown.lines().all(is_listed), "{shown}");
    for name in &names {
        for kind in [&[][..], &["--type", "slsa"], &["--type", "spdx"]] {
            let (status, said) = verify(&job, &[&[name.as_str()], kind].concat());
            assert_eq!(Some(0), status, "{said}");
        }
    }
    assert_eq!(
        digests.map(|it| json!(it.to_string())).to_vec(),
        list(&job, "digests")
    );
    assert_eq!(6, list(&job, "log-indices").len());
    assert_eq!(Vec::<Value>::new(), list(&job, "bundles"));
    assert_eq!(
        4,
        list(&job, "attestation-ids").len(),
        "statements, and no signatures"
    );
    verifies_as_it_says(&job);
    let summary = fs::read_to_string(job.folder.path("summary")).unwrap();
    assert!(
        summary.contains("| image | digest | log index |\n"),
        "{summary}"
    );
    assert!(!summary.contains("| file |"), "{summary}");
    let command = &job.outputs()["verify-command"];
    assert!(summary.contains(command), "{summary}");
    assert!(!shown.contains(TOKEN) && !summary.contains(TOKEN));
}

#[test]
fn signs_files_and_images_with_one_certificate() {
    let job = Job::new();
    let (_registry, digests, names) = registry(&job);

    let shown = done(job.step(&[
        ("FILES", "dist/app"),
        ("IMAGES", &names[0]),
        ("BUNDLE_DIR", "bundles"),
    ]));

    assert_eq!(4, shown.lines().count(), "{shown}");
    let bundles = list(&job, "bundles");
    assert_eq!(3, bundles.len());
    let of_image = fs::read_to_string(job.folder.path(bundles[2].as_str().unwrap())).unwrap();
    assert_eq!(2, of_image.lines().count());
    let certificate = |line: &str| {
        let bundle: Value = serde_json::from_str(line).unwrap();
        bundle["verificationMaterial"]["certificate"]["rawBytes"].to_string()
    };
    let of_file = fs::read_to_string(job.folder.path("bundles/app.sigstore.json")).unwrap();
    for line in of_image.lines() {
        assert_eq!(certificate(&of_file), certificate(line));
    }
    assert_eq!(json!(digests[0].to_string()), list(&job, "digests")[1]);
    assert!(
        job.outputs()["verify-command"].starts_with("sigsign verify dist/app --bundle bundles/")
    );
    let summary = fs::read_to_string(job.folder.path("summary")).unwrap();
    assert!(
        summary.contains("sigsign verify dist/app") && summary.contains("sigsign image verify")
    );
}

#[test]
fn leaves_registries_alone_if_the_job_says_so() {
    let job = Job::new();
    let (registry, digests, names) = registry(&job);
    let root = job.served.instance.trusted_root();
    job.folder.write("trusted_root.json", root);
    let inputs = [
        ("IMAGES", names[0].as_str()),
        ("PUSH_TO_REGISTRY", "false"),
        ("BUNDLE_DIR", "bundles"),
        ("MODE", "attest"),
    ];

    done(job.step(&inputs));
    let pulls = registry.kept.lock().unwrap().pulls;

    assert_eq!(0, pulls);
    let host = registry.host.replace(':', "_");
    let digest = digests[0].to_string().replace(':', "_");
    let place = format!("bundles/{host}_app_{digest}.sigstore.jsonl");
    assert_eq!(vec![json!(place)], list(&job, "bundles"));
    verifies_as_it_says(&job);
}

#[test]
fn refuses_images_that_are_not_there_or_without_a_digest() {
    let job = Job::new();
    let (registry, _, names) = registry(&job);
    let host = &registry.host;
    let gone = format!("{host}/app@sha256:{}", "0".repeat(64));
    for (inputs, status, code, hint) in [
        (
            &[("IMAGES", format!("{host}/app:v1"))][..],
            2,
            "cli.usage",
            "a tag may lead elsewhere",
        ),
        (
            &[("IMAGES", "app".to_owned())],
            2,
            "cli.usage",
            "docker.io/library/app",
        ),
        (
            &[("IMAGES", "--key".to_owned())],
            2,
            "cli.usage",
            "REGISTRY/REPOSITORY",
        ),
        (
            &[("IMAGES", gone)],
            3,
            "registry.not-found",
            "check the name",
        ),
        (
            &[
                ("IMAGES", names[0].clone()),
                ("PUSH_TO_REGISTRY", "false".to_owned()),
            ],
            2,
            "cli.usage",
            "bundle-dir",
        ),
        (
            &[("IMAGES", names[0].clone()), ("FILES", "none/*".to_owned())],
            3,
            "ci.empty",
            "fail-on-empty",
        ),
    ] {
        let inputs: Vec<(&str, &str)> = inputs
            .iter()
            .map(|(name, it)| (*name, it.as_str()))
            .collect();
        job.refused(job.step(&inputs), status, code, hint);
    }
    registry.trouble(Trouble::Status(403));
    let step = job.step(&[("IMAGES", &names[0])]);
    job.refused(step, 4, "registry.forbidden", "`packages: write`");
}

#[test]
fn keeps_what_a_registry_does_not_take() {
    let job = Job::new();
    let (registry, _, names) = registry(&job);
    registry.trouble(Trouble::ReadOnly);
    let inputs = [
        ("FILES", "dist/app"),
        ("IMAGES", names[0].as_str()),
        ("BUNDLE_DIR", "bundles"),
    ];

    let output = job.step(&inputs).output().unwrap();

    let shown = text(&output.stdout);
    assert_eq!(Some(4), output.status.code(), "{shown}");
    assert!(shown.contains("%0Acode: registry.forbidden%0A"), "{shown}");
    assert!(shown.contains("`packages: write`"), "{shown}");
    assert!(!shown.contains("referrer"), "{shown}");
    assert_eq!(3, list(&job, "bundles").len());
    for bundle in list(&job, "bundles") {
        assert!(job.folder.path(bundle.as_str().unwrap()).exists());
    }
    let summary = fs::read_to_string(job.folder.path("summary")).unwrap();
    assert!(summary.contains("### sigsign failed"), "{summary}");
}

#[test]
fn verifies_files_and_images() {
    let job = Job::new();
    job.folder
        .write("root.json", job.served.instance.trusted_root());
    let (_registry, _, names) = registry(&job);
    done(job.step(&[("FILES", "dist/app"), ("IMAGES", &names[0])]));
    let verify = |images: &str, kind: &str| {
        let inputs = [
            ("MODE", "verify"),
            ("FILES", "dist/app"),
            ("IMAGES", images),
            ("TRUSTED_ROOT", "root.json"),
            ("INSTANCE", ""),
            ("IDENTITY", WORKFLOW),
            ("ISSUER", &job.served.url),
            ("PREDICATE_TYPE", kind),
        ];
        let output = job.step(&inputs).output().unwrap();
        (output.status.code(), text(&output.stdout).to_owned())
    };

    for kind in ["", "slsa"] {
        let (status, shown) = verify(&names[0], kind);
        assert_eq!(
            (Some(0), 2),
            (status, shown.matches(": verified").count()),
            "{shown}"
        );
    }
    let (status, shown) = verify(&names.join("\n"), "");
    assert_eq!(
        (Some(1), 2),
        (status, shown.matches(": verified").count()),
        "{shown}"
    );
    let (status, _) = verify(&names[0], "spdx");
    assert_eq!(Some(1), status);
}
