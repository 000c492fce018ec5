//! Just enough reading of Rust source: files, tests with the comments above them.

use std::path::{Path, PathBuf};

/// One `#[test]` function.
#[derive(Debug)]
pub(crate) struct Test {
    /// Path of the file, from the top of the repository.
    pub(crate) file: String,
    pub(crate) name: String,
    /// The comments and attributes above it, and its body.
    pub(crate) text: String,
}

/// Every file below `folder` whose name ends in `end`, sorted.
pub(crate) fn files(folder: &Path, end: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let Ok(entries) = std::fs::read_dir(folder) else {
        return found;
    };
    for path in entries.map(|entry| entry.unwrap().path()) {
        if path.is_dir() && !path.ends_with("target") {
            found.extend(files(&path, end));
        } else if path.to_string_lossy().ends_with(end) {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// The path from `root`, with `/` between its parts.
pub(crate) fn relative(root: &Path, file: &Path) -> String {
    let parts = file.strip_prefix(root).unwrap().components();
    parts
        .map(|part| part.as_os_str().to_string_lossy())
        .collect::<Vec<_>>()
        .join("/")
}

/// Every test of the three crates.
pub(crate) fn tests(root: &Path) -> Vec<Test> {
    let mut found = Vec::new();
    for crate_name in ["sigsign-core", "sigsign-cli", "sigsign-local"] {
        for folder in ["src", "tests"] {
            for file in files(&root.join(crate_name).join(folder), ".rs") {
                let text = std::fs::read_to_string(&file).unwrap();
                found.extend(tests_in(&relative(root, &file), &text));
            }
        }
    }
    found
}

fn tests_in(file: &str, text: &str) -> Vec<Test> {
    let lines: Vec<&str> = text.lines().collect();
    let marks = (0..lines.len()).filter(|&at| lines[at].trim() == "#[test]");
    marks
        .filter_map(|mark| test_at(file, &lines, mark))
        .collect()
}

/// The test whose `#[test]` is line `mark`: from the first comment above to the end of its body.
fn test_at(file: &str, lines: &[&str], mark: usize) -> Option<Test> {
    let above = |line: &&&str| {
        let line = line.trim();
        line.starts_with("//") || line.starts_with("#[")
    };
    let begin = mark - lines[..mark].iter().rev().take_while(above).count();
    let head = (mark..lines.len()).find(|&at| lines[at].trim_start().starts_with("fn "))?;
    let name = lines[head]
        .trim_start()
        .strip_prefix("fn ")?
        .split('(')
        .next()?
        .to_owned();
    let indent = lines[head].len() - lines[head].trim_start().len();
    let closing = format!("{}}}", " ".repeat(indent));
    let end = (head..lines.len()).find(|&at| lines[at] == closing || lines[at].ends_with("{}"))?;
    Some(Test {
        file: file.to_owned(),
        name,
        text: lines[begin..=end].join("\n"),
    })
}
