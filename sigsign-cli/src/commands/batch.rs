use std::ffi::OsString;
use std::path::PathBuf;

use serde::Deserialize;

use sigsign_core::policy::Policy;
use sigsign_core::verify::Verifier;

use super::{now, read_root};
use crate::bundles::Bundles;
use crate::check::{Answer, Question, Reading};
use crate::exit::Exit;
use crate::files::{self, List};
use crate::instance::is_local;
use crate::outcome::Outcome;
use crate::plan::{self, Demands, Subject, Who};
use crate::problem::Problem;
use crate::ui::Ui;

/// Lines verified before their results are printed: enough for every core, and no more memory.
const LINES_AT_ONCE: usize = 256;

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

/// What all lines have in common.
struct Batch<'a> {
    verifier: &'a Verifier,
    demands: &'a Demands,
    /// For lines that do not say who must have signed.
    otherwise: Option<&'a Policy>,
    local: bool,
}

/// Verifies each line of the list, on all cores; results are in the order of the lines.
pub(super) fn run(plan: &plan::Batch, ui: &mut Ui) -> Result<Exit, Problem> {
    let who = plan.who.as_ref();
    let otherwise = who.map(|who| who.policy(&plan.demands)).transpose()?;
    let root = read_root(&plan.root)?;
    let mut list = List::open(&plan.list)?;
    let verifier = Verifier::new(&root);
    super::verify::warn_of_age(&plan.root, &root, now(), ui);
    let local = is_local(&root);
    let mut exit = Exit::Done;
    let mut first = 0usize;
    loop {
        let lines = list.next_lines(LINES_AT_ONCE);
        if lines.is_empty() {
            break;
        }
        let answers = verifier.verify_batch(lines.len(), |verifier, at| {
            let batch = Batch {
                verifier,
                demands: &plan.demands,
                otherwise: otherwise.as_ref(),
                local,
            };
            let index = first.saturating_add(at);
            lines.get(at).map(|line| batch.answer(line, index))
        });
        for (line, line_exit) in answers.into_iter().flatten() {
            exit = exit.and(line_exit);
            ui.answer(line);
        }
        first = first.saturating_add(lines.len());
    }
    // Lines that could be read have their answers, whatever came after them. Nothing at all is
    // rather a list that got lost than one that verifies.
    let end = list.end().and_then(|()| match first {
        0 => Err(Problem::input(
            "batch.empty",
            "there is no line in the list",
        )),
        _ => Ok(()),
    });
    if let Err(problem) = end {
        ui.problem(None, &problem);
        exit = exit.and(problem.exit);
    }
    Ok(exit)
}

impl Batch<'_> {
    /// The result of one line, as one line of JSON, and its verdict.
    fn answer(&self, line: &Result<String, Problem>, index: usize) -> (String, Exit) {
        let line = match line.as_deref() {
            Ok(line) => Line::parse(line),
            Err(problem) => Err(problem.clone()),
        };
        let line = match line {
            Ok(line) => line,
            Err(problem) => return unanswered("", &problem, index),
        };
        match self.ask(&line) {
            Ok(answer) => {
                let outcome = Outcome::new(&line.artifact, &answer).at(index);
                (outcome.to_json(), answer.exit())
            }
            Err(problem) => unanswered(&line.artifact, &problem, index),
        }
    }

    fn ask(&self, line: &Line) -> Result<Answer, Problem> {
        let subject = line.subject()?;
        let policy = match (line.who()?, self.otherwise) {
            (Some(who), _) => &who.policy(self.demands)?,
            (None, Some(otherwise)) => otherwise,
            (None, None) => {
                let sentence = "neither the line nor the command line says who must have signed";
                return Err(Problem::input("batch.identity", sentence).hint_of_code());
            }
        };
        let question = Question {
            verifier: self.verifier,
            policy,
            now: now(),
            reading: Reading::Plain,
            local: self.local,
        };
        Ok(question.ask(&subject, &Bundles::at(&line.bundle)))
    }
}

fn unanswered(artifact: &str, problem: &Problem, index: usize) -> (String, Exit) {
    let outcome = Outcome::unanswered(artifact, problem).at(index);
    (outcome.to_json(), problem.exit)
}

impl Line {
    fn parse(text: &str) -> Result<Self, Problem> {
        let what = "not a line of a list";
        // A line that is an array would be taken as well.
        if !text.trim_start().starts_with('{') {
            let sentence = format!("{what}: wanted a JSON object");
            return Err(Problem::input("batch.line", sentence).hint_of_code());
        }
        let line: Self = serde_json::from_str(text)
            .map_err(|error| Problem::document("batch.line", what, &error))?;
        if files::is_stdin(&line.bundle) || line.artifact == "-" {
            let sentence = format!("{what}: standard input cannot be read by one of many lines");
            return Err(Problem::input("batch.line", sentence).hint("a file of that name is ./-"));
        }
        Ok(line)
    }

    fn subject(&self) -> Result<Subject, Problem> {
        Subject::parse(OsString::from(&self.artifact)).map_err(|problem| Problem {
            exit: Exit::NoAnswer,
            code: "batch.line",
            ..problem
        })
    }

    /// Who must have signed, if the line says it.
    fn who(&self) -> Result<Option<Who>, Problem> {
        match (&self.identity, &self.issuer) {
            (Some(identity), Some(issuer)) => Who::exactly(identity.clone(), issuer.clone())
                .map(Some)
                .map_err(|error| {
                    Problem::document("batch.identity", "not the identity of a signer", &error)
                }),
            (None, None) => Ok(None),
            _ => {
                let sentence = "wanted identity and issuer together, found one of them";
                Err(Problem::input("batch.identity", sentence).hint_of_code())
            }
        }
    }
}
