//! The files of a job, by their patterns.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use glob::{MatchOptions, Pattern};
use sigsign_core::limits;

use crate::plan::ci::Files;
use crate::problem::Problem;

/// As shells do it: a star stands for no slash, and for no dot at the beginning.
const OPTIONS: MatchOptions = MatchOptions {
    case_sensitive: true,
    require_literal_separator: true,
    require_literal_leading_dot: true,
};

/// The files that match, sorted, each once. Folders and bundles are left out.
pub(super) fn files(wanted: &Files, workspace: &Path) -> Result<Vec<PathBuf>, Problem> {
    let excluded = wanted.excluded.iter().map(|it| pattern(it));
    let excluded = excluded.collect::<Result<Vec<_>, _>>()?;
    let is_excluded = |path: &Path| {
        let mut patterns = excluded.iter();
        patterns.any(|it| it.matches_path_with(path, OPTIONS))
    };
    let workspace = workspace
        .canonicalize()
        .map_err(|error| unreadable(workspace, &error))?;
    let mut found = BTreeSet::new();
    for text in &wanted.patterns {
        for path in matches(text)? {
            if is_excluded(&path) || path.is_dir() || is_bundle(&path) {
                continue;
            }
            check_inside(&path, &workspace)?;
            check_kind(&path)?;
            found.insert(path);
            if found.len() > limits::SUBJECTS {
                return Err(too_many());
            }
        }
    }
    Ok(found.into_iter().collect())
}

/// What one pattern stands for. A name without a star stands for a file that is there.
fn matches(text: &str) -> Result<Vec<PathBuf>, Problem> {
    let plain = text.strip_prefix("./").unwrap_or(text);
    pattern(plain)?;
    let paths = glob::glob_with(plain, OPTIONS).map_err(|error| wrong(text, &error))?;
    let mut found = Vec::new();
    for path in paths {
        let path = path.map_err(|error| unreadable(error.path(), error.error()))?;
        found.push(path);
    }
    if found.is_empty() && !text.contains(['*', '?', '[']) {
        return Err(
            Problem::input("ci.no-file", format!("there is no file {text}"))
                .hint("paths are those from the folder that the step runs in"),
        );
    }
    Ok(found)
}

fn pattern(text: &str) -> Result<Pattern, Problem> {
    let plain = text.strip_prefix("./").unwrap_or(text);
    Pattern::new(plain).map_err(|error| wrong(text, &error))
}

/// What links out of the workspace was not built there.
fn check_inside(path: &Path, workspace: &Path) -> Result<(), Problem> {
    let real = path
        .canonicalize()
        .map_err(|error| unreadable(path, &error))?;
    if real.starts_with(workspace) {
        return Ok(());
    }
    let sentence = format!("{} is outside of the workspace", path.display());
    Err(Problem::input("ci.outside", sentence).hint("copy into it what is to be signed"))
}

/// A pipe or a device may never end.
fn check_kind(path: &Path) -> Result<(), Problem> {
    if path.is_file() {
        return Ok(());
    }
    let sentence = format!("{} is a pipe, a socket or a device", path.display());
    Err(Problem::input("ci.no-file", sentence).hint("leave it out: a line with ! before its name"))
}

fn is_bundle(path: &Path) -> bool {
    let name = path.file_name().map(|it| it.to_string_lossy());
    let ends = |end| name.as_ref().is_some_and(|it| it.ends_with(end));
    ends(".sigstore.json") || ends(".sigstore.jsonl")
}

fn wrong(text: &str, error: &glob::PatternError) -> Problem {
    let sentence = format!("input files: {text} is no pattern: {}", error.msg);
    Problem::usage(
        sentence,
        "* and ? stand for anything but a slash, ** for folders",
    )
}

fn unreadable(path: &Path, error: &std::io::Error) -> Problem {
    let what = format!("{} cannot be read", path.display());
    Problem::io("artifact.read", &what, error)
}

fn too_many() -> Problem {
    let most = limits::SUBJECTS;
    let sentence = format!("more than {most} files match");
    Problem::input("ci.too-many", sentence).hint("sign them in several steps")
}
