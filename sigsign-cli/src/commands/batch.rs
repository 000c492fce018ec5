use std::io::{BufRead, BufReader, Read};
use std::path::PathBuf;

use serde::Deserialize;

use sigsign_core::digest::Digest;
use sigsign_core::verify::Verifier;

use super::{now, read_root};
use crate::check::{Question, Reading};
use crate::exit::Exit;
use crate::files;
use crate::outcome::Outcome;
use crate::plan::{self, Subject, Who};
use crate::problem::Problem;
use crate::ui::Ui;

/// Lines verified before their results are printed: enough for every core, and no more memory.
const LINES_AT_ONCE: usize = 256;

/// Bytes of one line; a path or a digest is far shorter.
const LINE_BYTES: u64 = 64 << 10;

/// One line of the list.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    bundle: PathBuf,
    artifact: String,
    #[serde(default)]
    identity: Option<String>,
    #[serde(default)]
    issuer: Option<String>,
}

/// Verifies each line of the list, on all cores; results are in the order of the lines.
pub(super) fn run(plan: &plan::Batch, ui: &mut Ui) -> Result<Exit, Problem> {
    let root = read_root(&plan.root)?;
    let verifier = Verifier::new(&root);
    super::verify::warn_of_age(&root, now(), ui);
    let mut list = open(plan)?;
    let mut exit = Exit::Done;
    let mut first = 0u64;
    loop {
        let lines = read_lines(list.as_mut())?;
        if lines.is_empty() {
            return Ok(exit);
        }
        let answers = verifier.verify_batch(lines.len(), |verifier, at| {
            let index = u64::try_from(at).unwrap_or(u64::MAX).saturating_add(first);
            lines
                .get(at)
                .map(|line| answer(verifier, plan, line, index))
        });
        for (line, line_exit) in answers.into_iter().flatten() {
            exit = exit.and(line_exit);
            ui.answer(line);
        }
        first = first.saturating_add(u64::try_from(lines.len()).unwrap_or(u64::MAX));
    }
}

fn open(plan: &plan::Batch) -> Result<Box<dyn BufRead>, Problem> {
    if files::is_stdin(&plan.list) {
        return Ok(Box::new(std::io::stdin().lock()));
    }
    let opened = files::open(&plan.list).map_err(|error| {
        Problem::io(
            "batch.read",
            &format!("list {} cannot be read", plan.list.display()),
            &error,
        )
    })?;
    Ok(Box::new(BufReader::new(opened.0)))
}

/// The next lines that are not blank, each cut at its cap while it is read.
fn read_lines(list: &mut dyn BufRead) -> Result<Vec<String>, Problem> {
    let mut lines = Vec::new();
    while lines.len() < LINES_AT_ONCE {
        let mut line = Vec::new();
        let read = list
            .take(LINE_BYTES.saturating_add(1))
            .read_until(b'\n', &mut line)
            .map_err(|error| Problem::io("batch.read", "the list cannot be read", &error))?;
        if read == 0 {
            break;
        }
        if u64::try_from(read).unwrap_or(u64::MAX) > LINE_BYTES {
            let sentence = format!("wanted lines of at most {LINE_BYTES} bytes in the list");
            return Err(Problem::input("batch.line", sentence));
        }
        let text = String::from_utf8(line)
            .map_err(|_| Problem::input("batch.line", "the list is not UTF-8"))?;
        if !text.trim().is_empty() {
            lines.push(text);
        }
    }
    Ok(lines)
}

/// The result of one line, as one line of JSON, and its verdict.
fn answer(verifier: &Verifier, plan: &plan::Batch, line: &str, index: u64) -> (String, Exit) {
    let parsed = parse(plan, line);
    let (name, answer) = match &parsed {
        Ok((line, subject, who)) => match who.policy(&plan.demands) {
            Ok(policy) => {
                let reading = Reading::Plain;
                let question = Question {
                    verifier,
                    policy: &policy,
                    now: now(),
                    reading,
                };
                (
                    line.artifact.as_str(),
                    Ok(question.ask(subject, Some(&line.bundle))),
                )
            }
            Err(problem) => (line.artifact.as_str(), Err(problem)),
        },
        Err(problem) => ("", Err(problem.clone())),
    };
    match answer {
        Ok(answer) => {
            let mut outcome = Outcome::new(name, &answer);
            outcome.index = Some(index);
            (outcome.to_json(), answer.exit())
        }
        Err(problem) => {
            let mut outcome = Outcome::unanswered(name, &problem);
            outcome.index = Some(index);
            (outcome.to_json(), problem.exit)
        }
    }
}

fn parse(plan: &plan::Batch, line: &str) -> Result<(Line, Subject, Who), Problem> {
    let line: Line = serde_json::from_str(line).map_err(|error| {
        let what = "wanted a line of {bundle, artifact, identity, issuer}";
        Problem::document("batch.line", what, &error)
    })?;
    let subject = match Digest::parse(&line.artifact) {
        Some(digest) => Subject::Digest(digest),
        None => Subject::File(PathBuf::from(&line.artifact)),
    };
    let who = match (&line.identity, &line.issuer) {
        (Some(identity), Some(issuer)) => {
            Who::exactly(identity.clone(), issuer.clone()).map_err(|error| {
                Problem::document(error.code(), "wrong identity in the list", &error)
            })?
        }
        (None, None) => plan.who.clone().ok_or_else(|| {
            let sentence = "neither the line nor the command line says who must have signed";
            Problem::input("batch.identity", sentence)
                .hint("add identity and issuer to the line, or --identity and --issuer")
        })?,
        _ => {
            let sentence = "wanted identity and issuer together, found one of them";
            return Err(Problem::input("batch.identity", sentence));
        }
    };
    Ok((line, subject, who))
}
