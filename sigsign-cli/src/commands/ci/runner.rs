//! What a job leaves with its runner: outputs, a summary, and what stands out in its log.
//!
//! Spec: GitHub's documentation, "Workflow commands for GitHub Actions"

use std::fs::File;
use std::io::{self, Write as _};
use std::path::Path;

use sigsign_core::encoding::Escaped;

use crate::plan::ci::Runner;
use crate::problem::Problem;

/// What went wrong, as the platform marks it.
pub(super) fn error(problem: &Problem) -> String {
    command("error", &in_words(problem))
}

/// What a user should know.
pub(super) fn notice(text: &str) -> String {
    command("notice", text)
}

/// What may be a mistake.
pub(super) fn warning(text: &str) -> String {
    command("warning", text)
}

fn command(name: &str, text: &str) -> String {
    let text = text.replace('%', "%25").replace('\r', "%0D");
    format!("::{name} title=sigsign::{}", text.replace('\n', "%0A"))
}

fn in_words(problem: &Problem) -> String {
    let mut lines: Vec<String> = problem.sentences.iter().map(|it| plain(it)).collect();
    lines.push(format!("code: {}", problem.code));
    lines.extend(problem.hint.iter().map(|it| format!("hint: {}", plain(it))));
    lines.join("\n")
}

fn plain(text: &str) -> String {
    Escaped(text).to_string()
}

/// Leaves values, each on one line, for the steps that follow.
pub(super) fn outputs(runner: &Runner, values: &[(&str, String)]) -> Result<(), Problem> {
    let Some(path) = &runner.output else {
        return Ok(());
    };
    let lines = values
        .iter()
        .map(|(name, value)| format!("{name}={}\n", value.replace(['\r', '\n'], " ")));
    append(path, &lines.collect::<String>())
}

/// Adds to the page that people see of the job.
pub(super) fn summarize(runner: &Runner, markdown: &str) -> Result<(), Problem> {
    match &runner.summary {
        Some(path) => append(path, markdown),
        None => Ok(()),
    }
}

/// Says there why nothing, or not all, came of it.
pub(super) fn summarize_failure(runner: &Runner, problem: &Problem) -> Result<(), Problem> {
    let words = in_words(problem);
    summarize(
        runner,
        &format!("### sigsign failed\n\n{}\n", fenced(&words)),
    )
}

/// Text as it is. No fence inside of it ends it.
pub(super) fn fenced(text: &str) -> String {
    let mut fence = "```".to_owned();
    while text.contains(&fence) {
        fence.push('`');
    }
    format!("{fence}text\n{text}\n{fence}\n")
}

/// Text in a cell of a table, as it is.
pub(super) fn cell(text: &str) -> String {
    let mut html = String::from("<code>");
    for c in plain(text).chars() {
        match c {
            // Whatever Markdown or HTML could take for more than itself, such as a link.
            'a'..='z' | 'A'..='Z' | '0'..='9' | ' ' | '-' | '/' | '@' => html.push(c),
            _ => html.push_str(&format!("&#{};", u32::from(c))),
        }
    }
    html.push_str("</code>");
    html
}

fn append(path: &Path, text: &str) -> Result<(), Problem> {
    let write = || -> io::Result<()> {
        let mut file = File::options().append(true).create(true).open(path)?;
        file.write_all(text.as_bytes())
    };
    write().map_err(|error| {
        let what = format!("{} of the runner cannot be written", path.display());
        Problem::io("ci.write", &what, &error)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accepts_text_that_looks_like_commands() {
        let problem = Problem::input("ci.empty", "a\n::error::b 100%").hint("c");

        let line = error(&problem);

        let want = "::error title=sigsign::a\\u{a}::error::b 100%25%0Acode: ci.empty%0Ahint: c";
        assert_eq!(want, line);
        assert_eq!(1, line.lines().count());
    }

    #[test]
    fn accepts_text_that_looks_like_markdown() {
        assert_eq!("<code>a&#124;b&#60;i&#62;&#96;</code>", cell("a|b<i>`"));
        assert_eq!("<code>www&#46;a</code>", cell("www.a"));
        assert_eq!("````text\n```\n````\n", fenced("```"));
    }
}
