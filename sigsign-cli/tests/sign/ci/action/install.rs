//! How the action comes to its program: from a table, over the network, and checked.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

use sigsign_core::crypto::Hasher;
use sigsign_core::digest::HashAlgorithm;

use super::{Ran, project, run};
use crate::ci::Job;
use crate::text;

/// Stands for a release: says what it is told to do.
const PROGRAM: &str =
    "#!/bin/bash\nprintf '%s\\n' \"$*\" >> \"$CALLS\"\n[[ $1 != verify || ! -e $FORGED ]]\n";

/// A runner that never had the program, in front of a network that has it.
struct Machine {
    job: Job,
    action: PathBuf,
    path: String,
}

impl Machine {
    fn new() -> Self {
        let job = Job::new();
        let action = job.folder.path("_actions/o/sigsign/v1");
        fs::create_dir_all(action.join("action")).unwrap();
        for name in ["action.yml", "action/install", "action/releases"] {
            fs::copy(project().join(name), action.join(name)).unwrap();
        }
        fs::create_dir_all(job.folder.path("bin")).unwrap();
        job.folder.write("published", PROGRAM);
        let curl = "#!/bin/bash\nfor url; do :; done\nprintf '%s\\n' \"$url\" >> \"$ASKED\"\n\
                    while [[ $1 != --output ]]; do shift; done\ncp \"$PUBLISHED\" \"$2\"\n";
        crate::platforms::install(&job.folder, "bin/curl", curl);
        let bin = job.folder.path("bin");
        let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap());
        let it = Self { job, action, path };
        it.knows(&[("1.0.0", PROGRAM)]);
        it
    }

    fn knows(&self, releases: &[(&str, &str)]) {
        let lines = releases.iter().map(|(version, program)| {
            let mut hasher = Hasher::new(HashAlgorithm::Sha256);
            hasher.update(program.as_bytes());
            let digest = hasher.finish().to_string();
            let hex = digest.strip_prefix("sha256:").unwrap();
            format!("{version} x86_64-unknown-linux-musl {hex}\n")
        });
        let table = self.action.join("action/releases");
        let mut file = fs::File::create(table).unwrap();
        std::io::Write::write_all(&mut file, lines.collect::<String>().as_bytes()).unwrap();
    }

    fn install(&self, inputs: &[(&str, &str)], extra: &[(&str, &str)]) -> Ran {
        let at = |name: &str| self.job.folder.path(name).display().to_string();
        let (asked, calls, forged) = (at("asked"), at("calls"), at("forged"));
        let (published, tools, temp) = (at("published"), at("tools"), at("temp"));
        let machine = [
            ("PATH", self.path.as_str()),
            ("ASKED", &asked),
            ("CALLS", &calls),
            ("FORGED", &forged),
            ("PUBLISHED", &published),
            ("RUNNER_OS", "Linux"),
            ("RUNNER_ARCH", "X64"),
            ("RUNNER_TOOL_CACHE", &tools),
            ("RUNNER_TEMP", &temp),
            ("GITHUB_SERVER_URL", "https://github.com"),
            // As a runner leaves it in the steps of a composite action.
            ("GITHUB_ACTION_REPOSITORY", ""),
        ];
        let extra = [&machine[..], extra].concat();
        run(&self.job, &self.action, inputs, &extra)
    }

    fn lines(&self, name: &str) -> Vec<String> {
        let text = fs::read_to_string(self.job.folder.path(name)).unwrap_or_default();
        text.lines().map(str::to_owned).collect()
    }

    fn refused(&self, inputs: &[(&str, &str)], extra: &[(&str, &str)], want: &str) {
        let ran = self.install(inputs, extra);
        let stdout = text(&ran.last.stdout);
        assert_eq!(Some(1), ran.last.status.code(), "{stdout}");
        assert!(stdout.contains("::error title=sigsign::"), "{stdout}");
        assert!(stdout.contains(want), "{stdout}");
        assert_eq!("", ran.outputs["bundles"]);
        assert!(!self.lines("calls").contains(&"ci github".to_owned()));
        let kept = "tools/sigsign/1.0.0/x86_64-unknown-linux-musl/sigsign";
        assert!(!self.job.folder.path(kept).exists());
    }
}

#[test]
fn a_release_is_loaded_once_and_verifies_itself() {
    let machine = Machine::new();

    for _ in 0..2 {
        let ran = machine.install(&[], &[]);
        let (stdout, stderr) = (text(&ran.last.stdout), text(&ran.last.stderr));
        assert!(ran.last.status.success(), "{stdout}{stderr}");
    }

    let base =
        "https://github.com/o/sigsign/releases/download/v1.0.0/sigsign-x86_64-unknown-linux-musl";
    let bundle = format!("{base}.sigstore.json");
    assert_eq!([base, bundle.as_str()], *machine.lines("asked"));
    let calls = machine.lines("calls");
    assert_eq!(3, calls.len(), "{calls:?}");
    assert!(calls[0].starts_with("verify "), "{calls:?}");
    assert!(
        calls[0].ends_with(" --repository o/sigsign --offline"),
        "{calls:?}"
    );
    assert_eq!(["ci github", "ci github"], calls[1..]);
    let kept = "tools/sigsign/1.0.0/x86_64-unknown-linux-musl/sigsign";
    let kept = fs::metadata(machine.job.folder.path(kept)).unwrap();
    assert_eq!(0o111, kept.permissions().mode() & 0o111);
}

#[test]
fn what_was_changed_in_the_cache_is_loaded_again() {
    let machine = Machine::new();
    assert!(machine.install(&[], &[]).last.status.success());
    machine.job.folder.write(
        "tools/sigsign/1.0.0/x86_64-unknown-linux-musl/sigsign",
        "#!/bin/bash\nexit 7\n",
    );

    assert!(machine.install(&[], &[]).last.status.success());

    assert_eq!(4, machine.lines("asked").len());
}

#[test]
fn whose_action_it_is_shows_in_its_path_if_the_runner_does_not_say() {
    let machine = Machine::new();
    let unsaid = [("github.action_repository", "")];

    assert!(machine.install(&[], &unsaid).last.status.success());

    let asked = machine.lines("asked");
    assert!(
        asked[0].starts_with("https://github.com/o/sigsign/releases/"),
        "{asked:?}"
    );
}

#[test]
fn the_newest_that_it_knows_is_installed_or_the_one_that_is_wanted() {
    let machine = Machine::new();
    machine.knows(&[("1.0.0", PROGRAM), ("1.1.0", PROGRAM)]);

    for (version, want) in [("", "v1.1.0"), ("1.0.0", "v1.0.0")] {
        assert!(
            machine
                .install(&[("version", version)], &[])
                .last
                .status
                .success()
        );
        let asked = machine.lines("asked").pop().unwrap();
        assert!(asked.contains(&format!("/{want}/")), "{asked}");
    }
}

#[test]
fn nothing_is_installed_that_the_action_does_not_know() {
    let machine = Machine::new();
    let windows = [("RUNNER_OS", "Windows")];
    let malformed = [("github.action_repository", "o/r/../x")];
    machine.refused(&[("version", "2.0.0")], &[], "knows no release 2.0.0");
    machine.refused(&[], &windows, "no release for Windows on X64");
    machine.refused(&[], &malformed, "which repository this action is of");
}

#[test]
fn nothing_is_installed_that_is_not_what_it_should_be() {
    let machine = Machine::new();
    let version = [("version", "v1.0.0")];

    machine.job.folder.write("forged", "");
    machine.refused(&version, &[], "is not signed by the workflow of o/sigsign");
    machine.job.folder.write("published", "other");
    let want = "is not the sigsign 1.0.0 that this action knows";
    machine.refused(&version, &[], want);
    fs::remove_file(machine.job.folder.path("published")).unwrap();
    machine.refused(&version, &[], "the release 1.0.0 cannot be downloaded");
    machine.knows(&[]);
    machine.refused(&[], &[], "knows no release");
}
