use sigsign_core::time::Timestamp;
use sigsign_core::trust::TrustedRoot;
use sigsign_core::verify::Verifier;

use super::{now, read_root};
use crate::bundles::{Bundles, Wanted};
use crate::check::{Question, Reading};
use crate::exit::Exit;
use crate::instance::is_local;
use crate::outcome;
use crate::plan;
use crate::problem::Problem;
use crate::ui::Ui;

/// Verifies each file; every one has its own answer.
pub(super) fn run(plan: &plan::Verify, ui: &mut Ui) -> Result<Exit, Problem> {
    let policy = plan.who.policy(&plan.demands)?;
    let root = read_root(&plan.root)?;
    let verifier = Verifier::new(&root);
    let now = now();
    let question = Question {
        verifier: &verifier,
        policy: &policy,
        now,
        reading: Reading::Ahead,
        local: is_local(&root),
    };
    warn_of_age(&plan.root, &root, now, ui);
    let shared = plan.bundle.as_deref().map(Bundles::at);
    let wanted = if plan.demands.want_statement() {
        Wanted::Statement
    } else {
        Wanted::Signature
    };
    let mut exit = Exit::Done;
    for subject in &plan.subjects {
        let answer = match &shared {
            Some(bundles) => question.ask(subject, bundles),
            None => question.ask(subject, &Bundles::beside(subject, wanted)),
        };
        exit = exit.and(answer.exit());
        outcome::show(&subject.name(), &answer, ui);
    }
    Ok(exit)
}

/// Says so if there may be a newer trusted root: keys may have changed since.
pub(super) fn warn_of_age(place: &plan::Root, root: &TrustedRoot, now: Timestamp, ui: &mut Ui) {
    let plan::Root::Instance(instance) = place else {
        return;
    };
    let source = root.source();
    let name = source.name();
    let newest = format_args!("`sigsign trust update {instance}` gets the newest");
    if let Some(expires) = source.expires().filter(|expires| now > *expires) {
        ui.warning(format_args!(
            "the trusted root of {name} was good until {expires}, and keys may have changed since; \
             {newest}"
        ));
    } else if source.is_unfinished() {
        ui.warning(format_args!(
            "the last update of the trusted root of {name} did not come to its end; {newest}"
        ));
    }
}
