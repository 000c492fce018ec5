use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde::Deserialize;

/// Where the record begins; what is above is written by hand.
const RECORD: &str = "\nstatus = ";

/// One call of the command.
pub(crate) struct Case {
    /// What was written by hand, with its comments.
    head: String,
    call: Call,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Call {
    args: Vec<String>,
    #[serde(default)]
    stdin: String,
    #[serde(default)]
    env: BTreeMap<String, String>,
    #[serde(default)]
    cwd: PathBuf,
}

impl Case {
    pub(crate) fn read(path: &Path) -> Self {
        let text = std::fs::read_to_string(path).unwrap();
        let head = text.find(RECORD).and_then(|at| text.get(..=at));
        let head = head.unwrap_or(&text).trim_end().to_owned();
        let call = toml::from_str(&head).unwrap_or_else(|it| panic!("{}: {it}", path.display()));
        Self { head, call }
    }

    /// Runs it, and writes down what came out.
    pub(crate) fn play(&self, root: &Path) -> String {
        let output = self.call.run(root);
        let code = output.status.code().expect("ended by a signal");
        let mut text = format!("{}\nstatus = {code}\n", self.head);
        for (name, bytes) in [("stdout", &output.stdout), ("stderr", &output.stderr)] {
            let stream = std::str::from_utf8(bytes).expect("not UTF-8");
            writeln!(text, "{name} = {}", Quoted(stream)).unwrap();
        }
        text
    }
}

impl Call {
    fn run(&self, root: &Path) -> Output {
        let mut child = Command::new(env!("CARGO_BIN_EXE_sigsign"))
            .args(&self.args)
            .current_dir(root.join(&self.cwd))
            .env_clear()
            // Nobody's own trusted roots.
            .env("XDG_CACHE_HOME", "/nonexistent")
            .env("XDG_CONFIG_HOME", "/nonexistent")
            .envs(&self.env)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdin = child.stdin.take().unwrap();
        // The command need not read it.
        let _ = stdin.write_all(self.stdin.as_bytes());
        drop(stdin);
        child.wait_with_output().unwrap()
    }
}

/// A TOML string in which every control character but the end of a line can be seen.
struct Quoted<'a>(&'a str);

impl std::fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.0.is_empty() {
            return f.write_str("\"\"");
        }
        f.write_str("\"\"\"\n")?;
        for c in self
            .0
            .replace('\\', "\\\\")
            .replace("\"\"\"", "\"\"\\\"")
            .chars()
        {
            match c {
                '\n' => f.write_char(c)?,
                c if c.is_control() => write!(f, "\\u{:04x}", u32::from(c))?,
                c => f.write_char(c)?,
            }
        }
        f.write_str("\"\"\"")
    }
}
