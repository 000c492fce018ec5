//! Files, their bundles, and what a policy says about them.

use std::cell::RefCell;

use serde::Serialize;
use serde_json::value::RawValue;
use sigsign_core::bundle::{Bundle, KeyMaterial};
use sigsign_core::digest::HashAlgorithm;
use sigsign_core::encoding::Escaped;
use sigsign_core::policy::Policy as Asked;
use sigsign_core::policy_file::{
    Candidate, ConditionVerdict, Decision, Evidence, Mode, Outcome, Refused, SignerKind, Subject,
    Verdict, predicate_name,
};
use sigsign_core::time::Timestamp;
use sigsign_core::verify::{Verified, Verifier};

use crate::bundles::Bundles;
use crate::check::{Contents, Question, Reading};
use crate::cli::Format;
use crate::commands::now;
use crate::exit::Exit;
use crate::instance::LOCAL;
use crate::json;
use crate::outcome::Outcome as Answered;
use crate::plan;
use crate::policy::Policy;
use crate::problem::Problem;
use crate::ui::{Level, Ui};

/// How much is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Detail {
    /// The decision, and what does not hold.
    Short,
    /// Every condition and everything that was looked at.
    Full,
}

pub(super) fn run(
    plan: &plan::policy::Judge,
    detail: Detail,
    ui: &mut Ui,
) -> Result<Exit, Problem> {
    let now = now();
    let policy = Policy::open(&plan.policy, now)?;
    for warning in &policy.warnings {
        ui.warning(warning);
    }
    let shared = plan.bundle.as_deref().map(Bundles::at);
    if let Some(Err(problem)) = shared.as_ref().map(Bundles::found) {
        return Err(problem.clone());
    }
    let mut exit = Exit::Done;
    for subject in &plan.subjects {
        let name = subject.name();
        let verdict = match &shared {
            Some(bundles) => judge(&policy, subject, std::slice::from_ref(bundles), now),
            None => judge(&policy, subject, &Bundles::all_beside(subject), now),
        };
        match verdict {
            Ok(verdict) => {
                exit = exit.and(exit_of(verdict.decision()));
                show(&name, &verdict, (detail, policy.local), ui);
            }
            Err(problem) => {
                match ui.format() {
                    Format::Json => ui.answer(Answered::unanswered(&name, &problem).to_json()),
                    Format::Text => ui.problem(Some(&name), &problem),
                }
                exit = exit.and(problem.exit);
            }
        }
    }
    Ok(exit)
}

fn judge(
    policy: &Policy,
    subject: &plan::Subject,
    places: &[Bundles],
    now: Timestamp,
) -> Result<Verdict, Problem> {
    let mut contents = Contents::new(subject, true, Reading::Ahead);
    let digest = contents.digest(subject, HashAlgorithm::Sha256)?;
    let contents = RefCell::new(contents);
    let found: Vec<Found<'_>> = places.iter().flat_map(|it| found(it, &contents)).collect();
    let candidates: Vec<&dyn Candidate> = found.iter().map(|it| it as &dyn Candidate).collect();
    let subject = Subject::file(&subject.name(), digest);
    let evidence = Evidence::new(candidates);
    Ok(policy.evaluator.evaluate(&subject, &evidence, now))
}

/// A bundle in a file, and the artifact that it should be about.
struct Found<'a> {
    label: String,
    bundle: Result<&'a Bundle, &'a Problem>,
    contents: &'a RefCell<Contents<'a>>,
}

/// Every bundle in one place; if the place cannot be read, that.
fn found<'a>(place: &'a Bundles, contents: &'a RefCell<Contents<'a>>) -> Vec<Found<'a>> {
    let path = place.path().display().to_string();
    let one = |label, bundle| Found {
        label,
        bundle,
        contents,
    };
    match place.found() {
        Err(problem) => vec![one(path, Err(problem))],
        Ok([bundle]) => vec![one(path, bundle.as_ref())],
        Ok(bundles) => (1..)
            .zip(bundles)
            .map(|(number, it): (usize, _)| one(format!("{path}:{number}"), it.as_ref()))
            .collect(),
    }
}

impl Candidate for Found<'_> {
    fn label(&self) -> String {
        self.label.clone()
    }

    fn signer_kind(&self) -> SignerKind {
        match self.bundle.map(Bundle::key_material) {
            Ok(KeyMaterial::PublicKeyHint(_)) => SignerKind::Key,
            _ => SignerKind::Certificate,
        }
    }

    fn verify(
        &self,
        verifier: &Verifier,
        policy: &Asked,
        now: Timestamp,
    ) -> Result<Verified, Refused> {
        let question = Question {
            verifier,
            policy,
            now,
            reading: Reading::Ahead,
            local: false,
        };
        let bundle = self.bundle.map_err(refused)?;
        let verified = self.contents.borrow_mut().verify(question, bundle);
        verified.map(|it| *it).map_err(|problem| refused(&problem))
    }
}

/// What is not readable may be so later; what is no bundle will not become one.
fn refused(problem: &Problem) -> Refused {
    let refused = Refused::with_sentences(problem.code, problem.sentences.clone());
    match problem.code {
        "artifact.read" | "bundle.unreadable" => refused.unanswered(),
        _ => refused,
    }
}

fn exit_of(decision: Decision) -> Exit {
    match decision {
        Decision::Allow | Decision::Warn => Exit::Done,
        Decision::NoAnswer => Exit::NoAnswer,
        _ => Exit::No,
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Judged<'a> {
    schema: u8,
    artifact: &'a str,
    allowed: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    local_instance: Option<bool>,
    verdict: Option<Box<RawValue>>,
}

fn show(name: &str, verdict: &Verdict, (detail, local): (Detail, bool), ui: &mut Ui) {
    let exit = exit_of(verdict.decision());
    match (ui.level(), ui.format()) {
        (Level::Quiet, _) => {}
        (_, Format::Json) => {
            let judged = Judged {
                schema: 1,
                artifact: name,
                allowed: exit == Exit::Done,
                local_instance: local.then_some(true),
                verdict: RawValue::from_string(verdict.to_json()).ok(),
            };
            return ui.answer(json::line(&judged));
        }
        (level, Format::Text) => {
            let mut text = format!("{}: {}", Escaped(name), ui.decision(verdict.decision()));
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
        talk(name, verdict, ui);
    }
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
fn talk(name: &str, verdict: &Verdict, ui: &mut Ui) {
    let exit = exit_of(verdict.decision());
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
