//! The command says of every case in `testdata` what its recipe expects, with the very code.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde::Deserialize;
use serde_json::Value;

#[derive(Deserialize)]
struct Case {
    id: String,
    expect: String,
    artifact: PathBuf,
    trusted_root: PathBuf,
    policy: Policy,
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Policy {
    identity: Option<String>,
    issuer: Option<String>,
    extensions: BTreeMap<String, String>,
    key: Option<PathBuf>,
    /// These three and the time: a key's window is not on the command line, nor is the clock.
    key_hint: Option<String>,
    key_start: Option<String>,
    key_end: Option<String>,
    now: Option<String>,
    log_threshold: Option<u8>,
    sct_threshold: Option<u8>,
    time_threshold: Option<u8>,
    predicate_type: Option<String>,
    witnesses: Vec<String>,
    quorum: Option<u8>,
    no_inclusion_proof: bool,
    no_log: bool,
    no_sct: bool,
}

#[test]
fn the_command_agrees_with_every_case() {
    let mut counted = 0;
    let mut wrong = Vec::new();
    for folder in folders() {
        let text = fs::read_to_string(folder.join("case.toml")).unwrap();
        let case: Case = toml::from_str(&text).unwrap();
        if case.policy.is_for_the_library() {
            continue;
        }
        counted += 1;
        let output = case.run(&folder);
        let found = code(&output);
        if found != (case.expect.clone(), status(&case.expect)) {
            wrong.push(format!(
                "{}: wanted {}, found {found:?}",
                case.id, case.expect
            ));
        }
    }

    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(counted > 240, "{counted} cases");
}

/// A refusal of a document is no answer, anything else a no.
fn status(expect: &str) -> i32 {
    match expect.split('.').next() {
        Some("verified") => 0,
        Some("bundle" | "root") => 3,
        _ => 1,
    }
}

/// What the command answered: its code in JSON, or of the error that came before any answer.
fn code(output: &Output) -> (String, i32) {
    let status = output.status.code().unwrap();
    let answer: Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
    let stderr = String::from_utf8_lossy(&output.stderr);
    let before = stderr
        .lines()
        .find_map(|line| line.strip_prefix("  code: "));
    let code = match (&answer["verified"], &answer["code"]) {
        (Value::Bool(true), _) => "verified",
        (_, Value::String(code)) => code,
        _ => before.unwrap_or("none"),
    };
    (code.to_owned(), status)
}

fn folders() -> Vec<PathBuf> {
    let testdata = Path::new(env!("CARGO_MANIFEST_DIR")).join("../testdata");
    let mut folders: Vec<PathBuf> = ["local", "crafted"]
        .iter()
        .flat_map(|kind| fs::read_dir(testdata.join(kind)).unwrap())
        .map(|entry| entry.unwrap().path())
        .collect();
    folders.sort();
    folders
}

impl Case {
    fn run(&self, folder: &Path) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_sigsign"));
        command
            .current_dir(folder)
            .env_clear()
            .args([
                "verify",
                "--format",
                "json",
                "--bundle",
                "bundle.sigstore.json",
            ])
            .arg(&self.artifact)
            .arg("--trusted-root")
            .arg(&self.trusted_root)
            .args(self.policy.args());
        command.output().unwrap()
    }
}

impl Policy {
    fn is_for_the_library(&self) -> bool {
        // Nobody can ask for a witness and take back what it would have cosigned.
        let contradicts = !self.witnesses.is_empty() && (self.no_inclusion_proof || self.no_log);
        contradicts
            || [&self.key_hint, &self.key_start, &self.key_end, &self.now]
                .iter()
                .any(|it| it.is_some())
    }

    fn args(&self) -> Vec<String> {
        let with_value = [
            ("--identity", self.identity.clone()),
            ("--issuer", self.issuer.clone()),
            (
                "--key",
                self.key.as_ref().map(|path| path.display().to_string()),
            ),
            (
                "--min-log-entries",
                self.log_threshold.map(|n| n.to_string()),
            ),
            ("--min-scts", self.sct_threshold.map(|n| n.to_string())),
            ("--min-times", self.time_threshold.map(|n| n.to_string())),
            ("--type", self.predicate_type.clone()),
            ("--witness-quorum", self.quorum.map(|n| n.to_string())),
        ];
        let flags = [
            ("--danger-no-inclusion-proof", self.no_inclusion_proof),
            ("--danger-no-log-entry", self.no_log),
            ("--danger-no-sct", self.no_sct),
        ];
        let values = with_value
            .into_iter()
            .filter_map(|(name, value)| value.map(|value| (name, value)))
            .chain(self.witnesses.iter().map(|it| ("--witness", it.clone())))
            .chain(
                self.extensions
                    .iter()
                    .map(|(name, value)| ("--extension", format!("{name}={value}"))),
            );
        let flags = flags.iter().filter(|(_, given)| *given);
        values
            .flat_map(|(name, value)| [name.to_owned(), value])
            .chain(flags.map(|(name, _)| (*name).to_owned()))
            .collect()
    }
}
