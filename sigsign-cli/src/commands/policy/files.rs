//! Files, their bundles, and what a policy says about them.

use std::cell::RefCell;

use sigsign_core::bundle::{Bundle, KeyMaterial};
use sigsign_core::digest::HashAlgorithm;
use sigsign_core::policy::Policy as Asked;
use sigsign_core::policy_file::{Candidate, Evidence, Refused, SignerKind, Subject, Verdict};
use sigsign_core::time::Timestamp;
use sigsign_core::verify::{Verified, Verifier};

use crate::bundles::Bundles;
use crate::check::{Contents, Question, Reading};
use crate::commands::now;
use crate::exit::Exit;
use crate::plan;
use crate::policy::Policy;
use crate::problem::Problem;
use crate::ui::Ui;

use super::show::{About, Detail, entry, exit_of, show, unanswered};

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
                let answer = exit_of(verdict.decision(), Exit::NoAnswer);
                exit = exit.and(answer);
                let asked = About {
                    name: &name,
                    sources: &[],
                    exit: answer,
                };
                if ui.is_document() {
                    ui.entry(entry(asked, &verdict, &[]));
                    continue;
                }
                show(asked, &verdict, (detail, policy.local), ui);
            }
            Err(problem) => {
                unanswered((&name, &[]), &problem, ui);
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
