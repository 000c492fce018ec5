//! An answer as people and programs read it.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use sigsign_core::encoding::Escaped;
use sigsign_core::verify::{CheckResult, Report, Verified};

use crate::check::Answer;
use crate::cli::Format;
use crate::exit::Exit;
use crate::instance::LOCAL;
use crate::json;
use crate::problem::Problem;
use crate::report;
use crate::ui::{Level, Ui};

/// The version of the JSON below, described in `docs/cli.md`.
const SCHEMA: u8 = 1;

/// One artifact's answer as JSON.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Outcome<'a> {
    schema: u8,
    #[serde(skip_serializing_if = "Option::is_none")]
    index: Option<usize>,
    artifact: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    bundle: String,
    verified: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    subject: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    issuer: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    time: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    local_instance: Option<bool>,
    #[serde(flatten)]
    refusal: Option<Refusal<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    others: Vec<Other<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    report: Option<Box<RawValue>>,
}

/// Why there is no yes.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Refusal<'a> {
    /// Refused, rather than without an answer.
    answered: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    check: Option<&'static str>,
    code: &'static str,
    error: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<&'a str>,
}

/// Another bundle in the same file, counted from 1.
#[derive(Debug, Serialize)]
struct Other<'a> {
    number: usize,
    #[serde(flatten)]
    refusal: Refusal<'a>,
}

impl<'a> From<&'a Problem> for Refusal<'a> {
    fn from(problem: &'a Problem) -> Self {
        Self {
            answered: problem.exit == Exit::No,
            check: problem.check,
            code: problem.code,
            error: &problem.sentences,
            hint: problem.hint.as_deref(),
        }
    }
}

impl<'a> Outcome<'a> {
    pub(crate) fn new(artifact: &'a str, answer: &'a Answer) -> Self {
        let verified = answer.verdict.as_ref().ok();
        let others = answer.others.iter().map(|(number, problem)| Other {
            number: *number,
            refusal: problem.into(),
        });
        Self {
            schema: SCHEMA,
            index: None,
            artifact,
            bundle: answer.bundle.display().to_string(),
            verified: verified.is_some(),
            subject: verified.and_then(|verified| verified.subject()),
            issuer: verified.and_then(|verified| verified.issuer()),
            time: verified
                .and_then(|it| it.times().next())
                .map(|at| at.to_string()),
            local_instance: (verified.is_some() && answer.local).then_some(true),
            refusal: answer.verdict.as_ref().err().map(Refusal::from),
            others: others.collect(),
            report: None,
        }
    }

    /// For something about which nothing could be asked.
    pub(crate) fn unanswered(artifact: &'a str, problem: &'a Problem) -> Self {
        Self {
            schema: SCHEMA,
            index: None,
            artifact,
            bundle: String::new(),
            verified: false,
            subject: None,
            issuer: None,
            time: None,
            local_instance: None,
            refusal: Some(problem.into()),
            others: Vec::new(),
            report: None,
        }
    }

    /// For the line with this index in a list.
    pub(crate) fn at(mut self, index: usize) -> Self {
        self.index = Some(index);
        self
    }

    pub(crate) fn with_report(mut self, answer: &Answer) -> Self {
        self.report = answer
            .verdict
            .as_ref()
            .ok()
            .and_then(|verified| RawValue::from_string(verified.report().to_json()).ok());
        self
    }

    pub(crate) fn to_json(&self) -> String {
        json::line(self)
    }
}

/// Shows the answer for one artifact.
pub(crate) fn show(artifact: &str, answer: &Answer, ui: &mut Ui) {
    if ui.is_document() {
        return ui.entry(entry(artifact, answer));
    }
    match (ui.level(), ui.format()) {
        (Level::Quiet, _) => {}
        (_, Format::Json) => {
            ui.answer(Outcome::new(artifact, answer).with_report(answer).to_json())
        }
        (_, Format::Text) => {
            let verdict = ui.verdict(answer.exit());
            let mut text = answer
                .verdict
                .as_ref()
                .map_or_else(|_| String::new(), |verified| summary(verified));
            if answer.verdict.is_ok() && answer.local {
                text.push_str(&format!("; {LOCAL}"));
            }
            ui.answer(format_args!("{}: {verdict}{text}", Escaped(artifact)));
        }
    }
    if ui.format() == Format::Json {
        return;
    }
    if let (Ok(verified), Level::Verbose) = (&answer.verdict, ui.level()) {
        details(&verified.report(), ui);
    }
    let is_news = answer.verdict.is_err() || ui.level() == Level::Verbose;
    for (number, problem) in answer.others.iter().filter(|_| is_news) {
        ui.problem(Some(&format!("{artifact}: bundle {number}")), problem);
    }
    if let Err(problem) = &answer.verdict {
        ui.problem(Some(artifact), problem);
    }
}

fn entry(artifact: &str, answer: &Answer) -> report::Entry {
    let entry = report::Entry::new(artifact, answer.exit());
    match &answer.verdict {
        Ok(verified) => {
            let local = if answer.local { "; " } else { "" };
            let note = if answer.local { LOCAL } else { "" };
            let text = summary(verified);
            entry.said(format!("verified{text}{local}{note}"))
        }
        Err(problem) => {
            let others = answer.others.iter();
            let others = others.map(|(number, it)| (format!("bundle {number}"), it));
            entry.problem(&problem.clone().with_others(others))
        }
    }
}

/// What a reader wants to know first: who, when, where to look it up.
pub(crate) fn summary(verified: &Verified) -> String {
    let mut text = match (verified.subject(), verified.issuer()) {
        (Some(subject), issuer) => {
            let issuer = issuer.unwrap_or("none");
            format!(
                ": signed by {}, issuer {}",
                Escaped(subject),
                Escaped(issuer)
            )
        }
        (None, _) => ": signed with the key".to_owned(),
    };
    if let Some(at) = verified.times().next() {
        text.push_str(&format!(", at {at}"));
    }
    let report = verified.report();
    for entry in Facts::of(&report).log_entries {
        text.push_str(&format!(", log index {}", entry.index));
    }
    if !report.waived().is_empty() {
        text.push_str(&format!(", NOT CHECKED: {}", report.waived().join(", ")));
    }
    text
}

pub(crate) fn details(report: &Report, ui: &mut Ui) {
    for check in report.checks() {
        let result = match check.result() {
            CheckResult::Passed => "passed",
            CheckResult::Waived => "waived",
            _ => "not applicable",
        };
        let evidence = Escaped(check.evidence());
        ui.answer(format_args!("  {:<9}{result}: {evidence}", check.id()));
    }
}

/// The part of the report that only its JSON has.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Facts {
    #[serde(default)]
    log_entries: Vec<Entry>,
}

#[derive(Debug, Deserialize)]
struct Entry {
    index: u64,
}

impl Facts {
    fn of(report: &Report) -> Self {
        serde_json::from_str(&report.to_json()).unwrap_or_default()
    }
}
