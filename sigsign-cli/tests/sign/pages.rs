//! The guide: every command in it is run. What it says of the public instance or of an instance of
//! somebody's is run with a local one in its place, by a program in front of ours.

use std::fs;
use std::path::Path;
use std::process::Command;

use saphyr::{LoadableYamlNode as _, Yaml};
use sigsign_local::instance::oidc::shape;

use super::ambient::WORKFLOW;
use crate::{Folder, Served, text};

/// A piece of a page that is no prose: its kind and its lines.
fn blocks(page: &str) -> Vec<(String, String)> {
    let mut blocks = Vec::new();
    let mut lines = page.lines();
    while let Some(line) = lines.next() {
        if let Some(kind) = line.strip_prefix("```") {
            let text: Vec<&str> = lines.by_ref().take_while(|it| *it != "```").collect();
            blocks.push((kind.to_owned(), text.join("\n")));
        }
    }
    blocks
}

/// Stands for `sigsign`: the same, with the local instance in place of the one that is meant.
const IN_FRONT: &str = r#"#!/bin/bash
set -eu
words=() repository=
for word in "$@"; do
  if [ "$repository" = next ]; then
    repository=named
    words+=(--identity "$WORKFLOW" --issuer "$URL")
    continue
  fi
  case $word in
    --repository) repository=next ;;
    *)
      word=${word//https:\/\/tuf.example.com/$URL/tuf}
      case $word in
        https://issuer.example.com | https://gitlab.com | https://accounts.google.com) word=$URL ;;
      esac
      words+=("$word")
      ;;
  esac
done
case " $* " in
  *" --local "*) exec "$SIGSIGN" "${words[@]}" ;;
esac
case $1 in
  sign | attest | whoami) words+=(--identity-token "$TOKEN") ;;
esac
case "$1 $*" in
  *" --instance "* | *" --trusted-root "*) ;;
  sign* | attest*) words+=(--instance "$URL") ;;
  verify*) words+=(--trusted-root trusted_root.json) ;;
esac
exec "$SIGSIGN" "${words[@]}"
"#;

/// A folder as the reader of a page has it.
struct Reader {
    // Before the folder that it writes to is gone, it is.
    served: Served,
    folder: Folder,
}

impl Reader {
    fn new(page: &str) -> Self {
        let folder = Folder::new();
        let served = Served::new(&folder);
        fs::create_dir_all(folder.path("bin")).unwrap();
        crate::platforms::install(&folder, "bin/sigsign", IN_FRONT);
        let is_job = ["actions", "gitlab", "install", "verify"].contains(&page);
        let claims = match page {
            "gitlab" => shape::gitlab("g/p", "main"),
            _ if is_job => shape::github("o/r", "release.yml", "refs/heads/main"),
            _ => shape::email("jane@example.com"),
        };
        folder.write("token", &served.instance.oidc().mint(claims));
        folder.write("sbom.spdx.json", r#"{"spdxVersion":"SPDX-2.3"}"#);
        folder.write("trusted_root.json", served.instance.trusted_root());
        let policy = fs::read_to_string(guide().join("../../deploy/base/policy.yaml")).unwrap();
        folder.write("policy.yaml", &policy);
        let published =
            |name: &str| super::login::http("GET", &format!("{}/{name}", served.url), "").body;
        folder.write(
            "signing_config.json",
            &published("signing_config.v0.2.json"),
        );
        folder.write("root.json", &published("tuf/1.root.json"));
        let it = Self { folder, served };
        for name in ["app.tar.gz", "sigsign-x86_64-unknown-linux-musl"] {
            it.folder.write(name, name);
            if is_job || page == "air-gap" {
                it.run(&format!("sigsign sign {name}"));
            }
            if is_job && page != "gitlab" {
                it.run(&format!("sigsign attest {name} --slsa"));
            }
        }
        it
    }

    fn run(&self, script: &str) {
        // What the folder's own commands are freed of, and find.
        let ours = self.folder.command(["--version"]);
        let mut command = Command::new("bash");
        for (name, value) in ours.get_envs() {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        let path = std::env::var("PATH").unwrap();
        let output = command
            .args(["-euo", "pipefail", "-c", script])
            .current_dir(self.folder.path(""))
            .env(
                "PATH",
                format!("{}:{path}", self.folder.path("bin").display()),
            )
            .env("SIGSIGN", env!("CARGO_BIN_EXE_sigsign"))
            .env("XDG_DATA_HOME", self.folder.path("home/data"))
            .env("WORKFLOW", WORKFLOW)
            .env("URL", &self.served.url)
            .env("TOKEN", self.folder.path("token"))
            .output()
            .unwrap();
        let (stdout, stderr) = (text(&output.stdout), text(&output.stderr));
        assert!(output.status.success(), "{script}\n{stdout}\n{stderr}");
    }
}

fn guide() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/guide")
}

fn check(page: &str) {
    let text = fs::read_to_string(guide().join(format!("{page}.md"))).unwrap();
    let reader = Reader::new(page);
    let mut commands = 0;
    for (kind, block) in blocks(&text) {
        match kind.as_str() {
            "console" => {
                for line in block.lines() {
                    reader.run(line);
                    commands += 1;
                }
            }
            // What needs the network, or does not end, is only read.
            "sh" => {
                let program = |it: &str| {
                    it.strip_prefix("exec /usr/local/bin/")
                        .unwrap_or(it)
                        .to_owned()
                };
                let lines = block.lines().map(program);
                for line in lines.filter(|it| it.starts_with("sigsign ")) {
                    reader.run(&format!("{line} --help > /dev/null"));
                }
            }
            "toml" => check_containerd(&block),
            // What is answered, as an example.
            "text" => {}
            "yaml" => check_steps(&block),
            // The library's own tests run it.
            "rust" => {}
            other => panic!("a block of {other} in {page}"),
        }
    }
    assert!(commands > 0 || page == "embed", "{page}");
}

/// It waits as long as the verifier believes.
fn check_containerd(settings: &str) {
    let settings: toml::Table = toml::from_str(settings).unwrap();
    let verifier = &settings["plugins"]["io.containerd.image-verifier.v1.bindir"];
    assert!(verifier["bin_dir"].as_str().unwrap().starts_with('/'));
    let grammar = Command::new(env!("CARGO_BIN_EXE_sigsign"))
        .args(["gate", "containerd", "--help"])
        .output()
        .unwrap();
    let seconds = verifier["per_verifier_timeout"].as_str().unwrap();
    let default = format!("[default: {}]", seconds.strip_suffix('s').unwrap());
    assert!(text(&grammar.stdout).contains(&default));
}

/// Whatever a step gives to the action is an input of it.
fn check_steps(yaml: &str) {
    let action = fs::read_to_string(guide().join("../../action.yml")).unwrap();
    let action = Yaml::load_from_str(&action).unwrap();
    let page = Yaml::load_from_str(yaml).unwrap();
    let mut places = vec![&page[0]];
    while let Some(node) = places.pop() {
        if let Some(mapping) = node.as_mapping() {
            let uses = node.as_mapping_get("uses").and_then(Yaml::as_str);
            if uses.is_some_and(|it| it.starts_with("sigsign/sigsign@")) {
                for (name, _) in node["with"].as_mapping().unwrap() {
                    let name = name.as_str().unwrap();
                    assert!(
                        action[0]["inputs"].as_mapping_get(name).is_some(),
                        "no input {name}"
                    );
                }
            }
            places.extend(mapping.iter().map(|(_, value)| value));
        }
        places.extend(node.as_sequence().into_iter().flatten());
    }
}

macro_rules! pages {
    ($($name:ident $page:literal)*) => {
        $(#[test]
        fn $name() {
            check($page);
        })*

        #[test]
        fn no_page_is_left_out() {
            let mut found: Vec<String> = fs::read_dir(guide()).unwrap()
                .map(|it| it.unwrap().file_name().into_string().unwrap())
                .collect();
            found.sort();
            assert_eq!(vec![$(concat!($page, ".md")),*], found);
        }
    };
}

pages! {
    actions "actions"
    air_gap "air-gap"
    cluster "cluster"
    embed "embed"
    gitlab "gitlab"
    install "install"
    laptop "laptop"
    private_instance "private-instance"
    verify "verify"
}
