//! Verifying images: what is there is fetched first, and verified afterwards.

use std::collections::BTreeMap;
use std::path::Path;

use futures_util::stream::{self, StreamExt as _};
use serde::Serialize;
use serde_json::value::RawValue;
use sigsign_core::digest::Digest;
use sigsign_core::encoding::Escaped;
use sigsign_core::oci::{Attachment, AttachmentError, Claim, Demand, Found, Refused, find};
use sigsign_core::policy::Policy;
use sigsign_core::verify::{Verified, Verifier};

use super::{AT_ONCE, Chosen, choose, resolve, wait_for};
use crate::cli::Format;
use crate::commands::verify::warn_of_age;
use crate::commands::{now, read_root};
use crate::exit::Exit;
use crate::files::Places;
use crate::instance::{LOCAL, is_local};
use crate::json;
use crate::outcome::{Refusal, details, summary};
use crate::plan::image::{Name, Verify};
use crate::predicate;
use crate::problem::Problem;
use crate::registry::Registries;
use crate::report::{Entry, named_in};
use crate::ui::{Level, Ui};

/// What there is of one name.
struct Fetched<'a> {
    name: &'a Name,
    parts: Result<Vec<(Chosen, Found)>, Problem>,
    /// Build records, which nobody signs.
    records: Vec<Digest>,
}

/// The answer for one manifest.
struct Answer {
    /// Where it is, if it is about one thing.
    place: Option<String>,
    verdict: Result<Box<Verified>, Problem>,
    /// Others that did not verify, by their places, and why.
    others: Vec<(String, Problem)>,
}

pub(super) fn run(plan: &Verify, ui: &mut Ui) -> Result<Exit, Problem> {
    let policy = plan.who.policy(&plan.demands)?;
    let root = read_root(&plan.root)?;
    let verifier = Verifier::new(&root);
    warn_of_age(&plan.root, &root, now(), ui);
    let pins: Vec<&Path> = plan.pin_out.as_deref().into_iter().collect();
    let pins = Places::check(pins.into_iter())?;
    let fetched = wait_for(fetch(plan))?;
    let mut exit = Exit::Done;
    let mut pinned = Vec::new();
    for fetched in &fetched {
        match &fetched.parts {
            Err(problem) => {
                exit = exit.and(problem.exit);
                unanswered(fetched.name, problem, ui);
            }
            Ok(parts) => {
                let demand = plan.demand(&fetched.name.repository());
                for (chosen, found) in parts {
                    let digest = chosen.descriptor.digest();
                    let answer = ask(&verifier, &policy, (digest, &demand), found);
                    exit = exit.and(answer.exit());
                    show(fetched.name, chosen, &answer, is_local(&root), ui);
                    pinned.push(fetched.name.pinned(digest));
                }
                for record in &fetched.records {
                    show_record(fetched.name, *record, ui);
                }
            }
        }
    }
    if exit == Exit::Done && plan.pin_out.is_some() {
        pins.write(std::iter::once(&*pinned.join("\n")), ui)?;
    }
    Ok(exit)
}

/// Everything beside every image; trouble with one is no trouble with the others.
async fn fetch(plan: &Verify) -> Result<Vec<Fetched<'_>>, Problem> {
    let registries = Registries::open(&plan.reach)?;
    let registries = &registries;
    let one = |name| async move {
        let mut records = Vec::new();
        let parts = parts(registries, plan, name, &mut records).await;
        Fetched {
            name,
            parts,
            records,
        }
    };
    let all = stream::iter(&plan.names).map(one);
    Ok(all.buffered(AT_ONCE).collect().await)
}

async fn parts(
    registries: &Registries,
    plan: &Verify,
    name: &Name,
    records: &mut Vec<Digest>,
) -> Result<Vec<(Chosen, Found)>, Problem> {
    let repository = registries.repository(name)?;
    let image = resolve(&*repository, name).await?;
    let (chosen, left_out) = choose(&image, &plan.which)?;
    *records = left_out;
    let repository = &*repository;
    let find = |chosen: Chosen| async move {
        let found = find(repository, chosen.descriptor.digest()).await;
        (chosen, found)
    };
    let all = stream::iter(chosen).map(find);
    Ok(all.buffered(AT_ONCE).collect().await)
}

impl Answer {
    fn exit(&self) -> Exit {
        self.verdict
            .as_ref()
            .map_or_else(|problem| problem.exit, |_| Exit::Done)
    }
}

/// One good attachment is enough. Where none is, what could not be had may have been it.
fn ask(
    verifier: &Verifier,
    policy: &Policy,
    (digest, demand): (Digest, &Demand),
    found: &Found,
) -> Answer {
    let is_wanted = |it: &&Attachment| it.claim() == *demand.claim();
    let mut others = Vec::new();
    for attachment in found.attachments().iter().filter(is_wanted) {
        let place = attachment.place().to_owned();
        match attachment.verify(verifier, policy, (digest, demand), now()) {
            Ok(verified) => {
                return Answer {
                    place: Some(place),
                    verdict: Ok(Box::new(verified)),
                    others,
                };
            }
            Err(refused) => others.push((place, refusal(refused))),
        }
    }
    let refused = others.len();
    let unusable = found.unusable().iter();
    others.extend(unusable.map(|(place, error)| (place.clone(), unusable_problem(error))));
    let unanswered = others.iter().find(|(_, problem)| problem.exit != Exit::No);
    let (place, problem) = match (unanswered, others.as_slice()) {
        (Some((place, problem)), _) | (None, [(place, problem)]) => {
            (Some(place.clone()), problem.clone())
        }
        (None, []) => (None, nothing(demand.claim(), found)),
        (None, _) => (None, none_verified(refused, others.len())),
    };
    others.retain(|(it, _)| Some(it) != place.as_ref());
    Answer {
        place,
        verdict: Err(problem),
        others,
    }
}

fn refusal(refused: Refused) -> Problem {
    match refused {
        Refused::Verify(error) => Problem::from(error),
        refused => {
            let mut problem = Problem::input(refused.code(), refused.to_string());
            problem.exit = Exit::No;
            problem
        }
    }
}

/// What is beside the image and cannot be read by anybody says nothing for it; what could not be
/// had may.
fn unusable_problem(error: &AttachmentError) -> Problem {
    if let AttachmentError::Registry(error) = error {
        return Problem::from(error.clone());
    }
    let mut problem = Problem::document(error.code(), &error.to_string(), error);
    problem.sentences.truncate(1);
    problem.exit = Exit::No;
    problem
}

fn none_verified(refused: usize, all: usize) -> Problem {
    let sentence = match all.saturating_sub(refused) {
        0 => format!("none of {all} verifies"),
        unread => format!("none of {all} verifies, {unread} of them cannot be read"),
    };
    let mut problem = Problem::input("image.none-verified", sentence);
    problem.exit = Exit::No;
    problem
}

/// There is none of what was asked for: says what there is.
fn nothing(claim: &Claim, found: &Found) -> Problem {
    let mut there: BTreeMap<String, usize> = BTreeMap::new();
    for attachment in found.attachments() {
        *there.entry(name_of(&attachment.claim())).or_default() += 1;
    }
    let wanted = name_of(claim);
    let there: Vec<String> = there
        .iter()
        .map(|(name, count)| format!("{count} {name}"))
        .collect();
    let sentence = if there.is_empty() {
        format!("there is no {wanted}, nor anything else that is signed")
    } else {
        format!(
            "there is no {wanted}; found, not verified: {}",
            there.join(", ")
        )
    };
    let mut problem = Problem::input("image.nothing", sentence);
    problem.exit = Exit::No;
    if there.is_empty() {
        problem
    } else {
        problem.hint(
            "--type asks for an attestation of that type; without it a signature is asked for",
        )
    }
}

fn name_of(claim: &Claim) -> String {
    match claim {
        Claim::Attestation(kind) => format!("attestation of type {}", predicate::name_of(kind)),
        _ => "signature".to_owned(),
    }
}

/// One manifest's answer as JSON.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Shown<'a> {
    schema: u8,
    image: &'a str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    named_in: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    digest: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    platform: Option<&'a str>,
    verified: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    attachment: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    predicate_type: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    subject: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    issuer: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    time: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    local_instance: Option<bool>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    build_record: bool,
    #[serde(flatten)]
    refusal: Option<Refusal<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    others: Vec<Other<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    report: Option<Box<RawValue>>,
}

/// Something else beside the image.
#[derive(Debug, Serialize)]
struct Other<'a> {
    attachment: &'a str,
    #[serde(flatten)]
    refusal: Refusal<'a>,
}

impl<'a> Shown<'a> {
    fn of(name: &'a Name) -> Self {
        Self {
            schema: 1,
            image: &name.text,
            named_in: name.sources.iter().map(ToString::to_string).collect(),
            name: None,
            digest: None,
            platform: None,
            verified: false,
            attachment: None,
            predicate_type: None,
            subject: None,
            issuer: None,
            time: None,
            local_instance: None,
            build_record: false,
            refusal: None,
            others: Vec::new(),
            report: None,
        }
    }

    fn new(name: &'a Name, chosen: &'a Chosen, answer: &'a Answer, local: bool) -> Self {
        let digest = chosen.descriptor.digest();
        let verified = answer.verdict.as_ref().ok();
        let others = answer.others.iter().map(|(place, problem)| Other {
            attachment: place,
            refusal: problem.into(),
        });
        Self {
            name: Some(name.pinned(digest)),
            digest: Some(digest.to_string()),
            platform: chosen.platform.as_deref(),
            verified: verified.is_some(),
            attachment: answer.place.as_deref(),
            predicate_type: verified.and_then(|it| Some(it.statement()?.predicate_type())),
            subject: verified.and_then(|it| it.subject()),
            issuer: verified.and_then(|it| it.issuer()),
            time: verified
                .and_then(|it| it.times().next())
                .map(|it| it.to_string()),
            local_instance: (verified.is_some() && local).then_some(true),
            refusal: answer.verdict.as_ref().err().map(Refusal::from),
            others: others.collect(),
            report: verified.and_then(|it| RawValue::from_string(it.report().to_json()).ok()),
            ..Self::of(name)
        }
    }
}

fn show(name: &Name, chosen: &Chosen, answer: &Answer, local: bool, ui: &mut Ui) {
    let digest = chosen.descriptor.digest();
    let mut title = name.with_digest(digest);
    if let Some(platform) = &chosen.platform {
        title.push_str(&format!(" ({platform})"));
    }
    if ui.is_document() {
        return ui.entry(entry(&title, answer, local).sources(&name.sources));
    }
    match (ui.level(), ui.format()) {
        (Level::Quiet, _) => {}
        (_, Format::Json) => {
            return ui.answer(json::line(&Shown::new(name, chosen, answer, local)));
        }
        (_, Format::Text) => {
            let verdict = ui.verdict(answer.exit());
            let mut text = match &answer.verdict {
                Ok(verified) => summary(verified),
                Err(_) => String::new(),
            };
            if answer.verdict.is_ok() && local {
                text.push_str(&format!("; {LOCAL}"));
            }
            ui.answer(format_args!("{}: {verdict}{text}", Escaped(&title)));
        }
    }
    if let (Ok(verified), Level::Verbose) = (&answer.verdict, ui.level()) {
        let place = answer.place.as_deref().unwrap_or_default();
        ui.answer(format_args!("  {}", Escaped(place)));
        details(&verified.report(), ui);
    }
    title.push_str(&named_in(&name.sources));
    let is_news = answer.verdict.is_err() || ui.level() == Level::Verbose;
    for (place, problem) in answer.others.iter().filter(|_| is_news) {
        ui.problem(Some(&format!("{title}: {place}")), problem);
    }
    if let Err(problem) = &answer.verdict {
        let place = answer.place.as_ref().map(|it| format!("{title}: {it}"));
        ui.problem(Some(place.as_ref().unwrap_or(&title)), problem);
    }
}

fn entry(title: &str, answer: &Answer, local: bool) -> Entry {
    let entry = Entry::new(title, answer.exit());
    match &answer.verdict {
        Ok(verified) => {
            let note = if local {
                format!("; {LOCAL}")
            } else {
                String::new()
            };
            entry.said(format!("verified{}{note}", summary(verified)))
        }
        Err(problem) => {
            let others = answer.others.iter().map(|(place, it)| (place.clone(), it));
            let problem = problem.clone().with_others(others);
            entry.problem(&match &answer.place {
                Some(place) => problem.about(place),
                None => problem,
            })
        }
    }
}

/// A name about which nothing could be asked.
fn unanswered(name: &Name, problem: &Problem, ui: &mut Ui) {
    if ui.is_document() {
        let entry = Entry::new(&name.text, problem.exit).problem(problem);
        return ui.entry(entry.sources(&name.sources));
    }
    if ui.level() > Level::Quiet {
        if ui.format() == Format::Json {
            let refusal = Some(problem.into());
            return ui.answer(json::line(&Shown {
                refusal,
                ..Shown::of(name)
            }));
        }
        let verdict = ui.verdict(problem.exit);
        ui.answer(format_args!("{}: {verdict}", Escaped(&name.text)));
    }
    let title = format!("{}{}", name.text, named_in(&name.sources));
    ui.problem(Some(&title), problem);
}

/// What BuildKit says of the image is named, so that nobody takes it for something signed.
fn show_record(name: &Name, digest: Digest, ui: &mut Ui) {
    if ui.level() == Level::Quiet || ui.is_document() {
        return;
    }
    if ui.format() == Format::Json {
        return ui.answer(json::line(&Shown {
            name: Some(name.pinned(digest)),
            digest: Some(digest.to_string()),
            build_record: true,
            ..Shown::of(name)
        }));
    }
    let name = name.with_digest(digest);
    ui.answer(format_args!(
        "{}: not looked at: a record of the build, which nobody signs",
        Escaped(&name)
    ));
}
