//! The built command, as its users meet it: arguments and standard input in; both streams and the
//! exit status, exactly, out.
//!
//! A case is `tests/cmd/NAME.toml`: what it shows as a comment, `args`, and `stdin`, `env` and
//! `cwd` where they matter, then `status`, `stdout` and `stderr`. Paths are relative to the root
//! of the project. `SNAPSHOTS=overwrite` writes the last three for a review with `git diff`.

mod case;

use std::fs;
use std::path::{Path, PathBuf};

use case::Case;
use snapbox::Data;

#[test]
fn every_case_answers_as_recorded() {
    let mut paths: Vec<PathBuf> = fs::read_dir(manifest().join("tests/cmd"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|it| it == "toml"))
        .collect();
    paths.sort();
    assert!(paths.len() > 40, "found {} cases", paths.len());

    let assert = snapbox::Assert::new().action_env("SNAPSHOTS");
    let failed: Vec<String> = paths
        .iter()
        .filter_map(|path| {
            let found = Data::text(Case::read(path).play(&root())).raw();
            let wanted = Data::read_from(path, None).raw();
            let name = path.display().to_string();
            assert.try_eq(Some(&name), found, wanted).err()
        })
        .map(|error| error.to_string())
        .collect();

    assert!(failed.is_empty(), "{}", failed.join("\n"));
}

fn manifest() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn root() -> PathBuf {
    manifest().parent().unwrap().to_owned()
}
