//! What a policy decides, as people and programs read it.

use serde::Serialize;
use serde_json::value::RawValue;
use sigsign_core::encoding::Escaped;
use sigsign_core::policy_file::{
    ConditionVerdict, Decision, Mode, Outcome, Verdict, predicate_name,
};

use crate::cli::Format;
use crate::exit::Exit;
use crate::instance::LOCAL;
use crate::json;
use crate::outcome::Outcome as Answered;
use crate::problem::Problem;
use crate::report::{Entry, Source, named_in};
use crate::ui::{Level, Ui};

/// How much is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Detail {
    /// The decision, and what does not hold.
    Short,
    /// Every condition and everything that was looked at.
    Full,
}

/// The status of a decision; where there is none, that is up to what failed.
pub(super) fn exit_of(decision: Decision, no_answer: Exit) -> Exit {
    match decision {
        Decision::Allow | Decision::Warn => Exit::Done,
        Decision::NoAnswer => no_answer,
        _ => Exit::No,
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Judged<'a> {
    schema: u8,
    artifact: &'a str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    named_in: Vec<String>,
    allowed: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    local_instance: Option<bool>,
    verdict: Option<Box<RawValue>>,
}

/// What was asked about, and what came of it.
#[derive(Clone, Copy, Debug)]
pub(super) struct About<'a> {
    pub(super) name: &'a str,
    /// Where it is named, if in files.
    pub(super) sources: &'a [Source],
    pub(super) exit: Exit,
}

impl About<'_> {
    fn title(&self) -> String {
        format!("{}{}", self.name, named_in(self.sources))
    }
}

/// Something about which nothing could be asked.
pub(super) fn unanswered((name, sources): (&str, &[Source]), problem: &Problem, ui: &mut Ui) {
    if ui.is_document() {
        return ui.entry(
            Entry::new(name, problem.exit)
                .problem(problem)
                .sources(sources),
        );
    }
    match ui.format() {
        Format::Json => ui.answer(Answered::unanswered(name, problem).to_json()),
        Format::Text => {
            let title = format!("{name}{}", named_in(sources));
            ui.problem(Some(&title), problem);
        }
    }
}

/// Shows what is decided on one subject, and the status that comes of it.
pub(super) fn show(
    asked: About<'_>,
    verdict: &Verdict,
    (detail, local): (Detail, bool),
    ui: &mut Ui,
) {
    match (ui.level(), ui.format()) {
        (Level::Quiet, _) => {}
        (_, Format::Json) => {
            let judged = Judged {
                schema: 1,
                artifact: asked.name,
                named_in: asked.sources.iter().map(ToString::to_string).collect(),
                allowed: asked.exit == Exit::Done,
                local_instance: local.then_some(true),
                verdict: RawValue::from_string(verdict.to_json()).ok(),
            };
            return ui.answer(json::line(&judged));
        }
        (level, Format::Text) => {
            let mut text = format!(
                "{}: {}",
                Escaped(asked.name),
                ui.decision(verdict.decision())
            );
            text.push_str(&rules(verdict));
            if local {
                text.push_str(&format!("; {LOCAL}"));
            }
            ui.answer(text);
            if detail == Detail::Full || level == Level::Verbose {
                full(verdict, ui);
            }
        }
    }
    if detail == Detail::Short {
        talk(asked, verdict, ui);
    }
}

/// What is decided on one subject, for a document. `trouble` is what registries did not give.
pub(super) fn entry(asked: About<'_>, verdict: &Verdict, trouble: &[Problem]) -> Entry {
    let About {
        name,
        sources,
        exit,
    } = asked;
    let decision = verdict.decision().name();
    let mut entry = Entry::new(name, exit).said(format!("{decision}{}", rules(verdict)));
    if !matches!(exit, Exit::Done | Exit::No) {
        entry = trouble.iter().fold(entry, Entry::problem);
    }
    for rule in verdict.rules() {
        for condition in rule.unmet() {
            entry = if rule.mode() == Mode::Warn {
                let code = condition.code().map_or("rule.incomplete", |it| it.code());
                entry.warning(code, format!("rule {}: {condition}", rule.name()))
            } else {
                entry.problem(&problem(condition, rule.name(), exit))
            };
        }
    }
    entry.sources(sources)
}

/// The rules that match, by their names.
fn rules(verdict: &Verdict) -> String {
    let names: Vec<String> = verdict
        .rules()
        .iter()
        .map(|rule| match rule.reason() {
            Some(reason) => format!("{} skipped: {}", Escaped(rule.name()), Escaped(reason)),
            None => Escaped(rule.name()).to_string(),
        })
        .collect();
    match names.as_slice() {
        [] => ": no rule matches".to_owned(),
        [name] => format!(": rule {name}"),
        names => format!(": rules {}", names.join(", ")),
    }
}

/// What does not hold, for people: as errors where it decides, else as warnings.
fn talk(asked: About<'_>, verdict: &Verdict, ui: &mut Ui) {
    let (name, exit) = (&*asked.title(), asked.exit);
    for rule in verdict.rules() {
        for condition in rule.unmet() {
            let sentence = format!("rule {}: {condition}", rule.name());
            if rule.mode() == Mode::Warn {
                ui.warning(format_args!("{name}: {sentence}"));
            } else {
                ui.problem(Some(name), &problem(condition, rule.name(), exit));
            }
        }
    }
    for gap in verdict.gaps() {
        ui.warning(format_args!("{name}: not looked at: {gap}"));
    }
}

fn problem(condition: &ConditionVerdict, rule: &str, exit: Exit) -> Problem {
    let code = condition.code().map_or("rule.incomplete", |it| it.code());
    let about = match condition.of() {
        "" => String::new(),
        of => format!(" of {of}"),
    };
    Problem {
        exit,
        check: None,
        code,
        sentences: vec![
            format!("rule {rule}: {}{about}", condition.path()),
            format!("wanted {}", condition.wanted()),
            format!("found {}", condition.found()),
        ],
        hint: None,
    }
    .hint_of_code()
}

/// Rule by rule, condition by condition, then what was looked at.
fn full(verdict: &Verdict, ui: &mut Ui) {
    for rule in verdict.rules() {
        let mode = match rule.mode() {
            Mode::Warn => ", which only warns",
            _ => "",
        };
        let outcome = rule.outcome().name();
        ui.answer(format_args!(
            "  rule {}: {outcome}{mode}",
            Escaped(rule.name())
        ));
        if let Some(reason) = rule.reason() {
            ui.answer(format_args!("    {}", Escaped(reason)));
        }
        for condition in rule.conditions() {
            show_condition(condition, ui);
        }
    }
    for candidate in verdict.candidates() {
        let kind = match (candidate.is_verified(), candidate.predicate_type()) {
            (false, _) => "does not verify".to_owned(),
            (true, None) => "signature".to_owned(),
            (true, Some(uri)) => predicate_name(uri).to_owned(),
        };
        let mut text = format!("  {}: {}", Escaped(candidate.label()), Escaped(&kind));
        if let Some(signer) = candidate.signer() {
            text.push_str(&format!(" by {}", Escaped(signer)));
        }
        if let Some(issuer) = candidate.issuer() {
            text.push_str(&format!(", issuer {}", Escaped(issuer)));
        }
        if let Some(time) = candidate.time() {
            text.push_str(&format!(", at {time}"));
        }
        if let Some(code) = candidate.code() {
            let problem = candidate.problem().join(": ");
            text.push_str(&format!(": {} [{code}]", Escaped(&problem)));
        }
        ui.answer(text);
    }
    for gap in verdict.gaps() {
        ui.answer(format_args!("  not looked at: {}", Escaped(gap)));
    }
}

fn show_condition(condition: &ConditionVerdict, ui: &mut Ui) {
    let mark = match condition.outcome() {
        Outcome::Passed => "passed",
        Outcome::NoAnswer => "no answer",
        _ => "failed",
    };
    ui.answer(format_args!("    {mark}: {condition}"));
}
