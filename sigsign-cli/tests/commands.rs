//! What golden files cannot show: output that is too long, inputs that are made here, signals.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::Write as _;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio, id};

const ROOT: &str = "testdata/roots/v01-message.json";
const GOOD: &str = "testdata/local/v03-message/bundle.sigstore.json";
const WHO: [&str; 4] = [
    "--identity",
    "signer@example.invalid",
    "--issuer",
    "https://issuer.example.invalid",
];

#[test]
fn accepts_a_published_package_with_the_root_that_comes_along() {
    let package = "testdata/public/conda-package/signed-package-2.1.0-hb0f4dca_0.conda";

    let output = run([
        "verify",
        package,
        "--repository",
        "prefix-dev/sigstore-example",
    ]);

    let stdout = text(&output.stdout);
    assert_eq!(Some(0), output.status.code());
    assert!(
        stdout.starts_with(&format!(
            "{package}: verified: signed by https://github.com/prefix-dev/sigstore-example/"
        )),
        "{stdout}"
    );
}

#[test]
fn completions_of_every_shell_name_every_option() {
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let output = run(["completions", shell]);

        assert_eq!(Some(0), output.status.code(), "{shell}");
        assert!(
            text(&output.stdout).contains("danger-any-identity"),
            "{shell}"
        );
    }
}

#[test]
fn the_manual_has_every_command() {
    let output = run(["man"]);
    let manual = text(&output.stdout);
    let page = fs::read_to_string(root().join("docs/cli.md")).unwrap();
    let commands = page.split("\n### `").skip(1);

    assert_eq!(Some(0), output.status.code());
    for command in commands.map(|it| it.split('`').next().unwrap()) {
        let title = format!("\n.TH {} 1 ", command.replace(' ', "-"));
        assert!(manual.contains(&title), "{command}");
    }
    assert!(
        !manual.contains("conformance"),
        "hidden commands stay hidden"
    );
}

#[test]
fn a_reader_that_went_away_is_no_error() {
    let mut child = command()
        .args(["completions", "zsh"])
        .stdin(Stdio::null())
        .spawn()
        .unwrap();
    drop(child.stdout.take());

    let output = child.wait_with_output().unwrap();

    assert_eq!(Some(0), output.status.code());
    assert_eq!("", text(&output.stderr));
}

#[test]
fn a_bundle_of_any_name_is_read() {
    let folder = Folder::new("any-name");
    let path = folder.0.join(OsStr::from_bytes(b"bundle\xff\xfe.json"));
    fs::copy(root().join(GOOD), &path).unwrap();

    let mut args: Vec<&OsStr> = ["verify", "testdata/artifact", "--trusted-root", ROOT]
        .iter()
        .chain(&WHO)
        .map(OsStr::new)
        .collect();
    args.extend([OsStr::new("--bundle"), path.as_os_str()]);
    let output = run(args);

    assert_eq!(Some(0), output.status.code(), "{}", text(&output.stderr));
}

#[test]
fn accepts_statements_by_any_strong_digest_among_several_bundles() {
    let bundles: Vec<String> = [
        "crafted/subject-of-other",
        "crafted/signature-of-other-bytes",
        "local/statement-sha512-only",
    ]
    .iter()
    .map(|case| root().join(format!("testdata/{case}/bundle.sigstore.json")))
    .map(|path| fs::read_to_string(path).unwrap())
    .collect();
    let folder = Folder::new("any-digest");
    let path = folder.0.join("bundles.jsonl");
    File::create(&path)
        .unwrap()
        .write_all(bundles.join("\n").as_bytes())
        .unwrap();
    let artifact = root().join("testdata/artifact");

    for name in ["testdata/artifact", "-"] {
        let output = command()
            .args(["verify", name, "--trusted-root", ROOT, "--bundle"])
            .arg(&path)
            .args(WHO)
            .stdin(File::open(&artifact).unwrap())
            .output()
            .unwrap();

        assert_eq!(Some(0), output.status.code(), "{}", text(&output.stderr));
    }
}

#[test]
fn rejects_a_file_without_a_bundle_and_escapes_its_name() {
    let folder = Folder::new("escapes");
    let path = folder.0.join("a\u{1b}[2Jb\nverified: c");
    fs::copy(root().join("testdata/artifact"), &path).unwrap();

    let mut args: Vec<&OsStr> = ["verify", "--trusted-root", ROOT].map(OsStr::new).into();
    args.extend(WHO.map(OsStr::new));
    args.push(path.as_os_str());
    let output = run(args);
    let stderr = text(&output.stderr);

    assert_eq!(Some(3), output.status.code());
    assert!(stderr.contains("  code: bundle.not-found\n"), "{stderr}");
    assert!(
        stderr.contains("b\\u{a}verified: c.sigstore.jsonl\n"),
        "{stderr}"
    );
    assert!(!stderr.contains('\u{1b}'), "{stderr}");
}

#[test]
fn help_of_every_command_is_the_one_in_its_page() {
    let page = fs::read_to_string(root().join("docs/cli.md")).unwrap();
    let sections = page.split("\n### `").skip(1);
    let all = sections.clone().count();

    for section in sections {
        let (line, rest) = section.split_once('`').unwrap();
        let output = run(line.split(' ').skip(1).chain(["--help"]));
        let stdout = text(&output.stdout);
        let lines: Vec<&str> = stdout.lines().map(str::trim_end).collect();

        assert_eq!(Some(0), output.status.code(), "{line}");
        assert_eq!(
            format!("\n\n```text\n{}\n```\n", lines.join("\n")),
            rest,
            "{line}"
        );
    }
    assert!(all >= 5, "{all} commands");
}

#[test]
fn no_command_is_a_wrong_command_line_with_help() {
    let output = run([] as [&str; 0]);

    assert_eq!(Some(2), output.status.code());
    assert_eq!("", text(&output.stdout));
    assert_eq!(text(&run(["--help"]).stdout), text(&output.stderr));
}

/// A folder of its own, gone when the test ends.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}-{}", id()));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).unwrap();
    }
}

/// Runs the command in the root of the project.
fn run(args: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Output {
    command().args(args).output().unwrap()
}

fn command() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sigsign"));
    command
        .current_dir(root())
        .env_clear()
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .unwrap()
        .to_owned()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}
