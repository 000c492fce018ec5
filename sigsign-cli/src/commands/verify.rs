use sigsign_core::verify::Verifier;

use super::{now, read_root};
use crate::check::{Question, Reading};
use crate::exit::Exit;
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
    };
    warn_of_age(&root, now, ui);
    let mut exit = Exit::Done;
    for subject in &plan.subjects {
        let answer = question.ask(subject, plan.bundle.as_deref());
        exit = exit.and(answer.exit());
        outcome::show(&subject.name(), &answer, ui);
    }
    Ok(exit)
}

/// Says so if the trusted root's metadata has expired: keys may have changed since.
pub(super) fn warn_of_age(
    root: &sigsign_core::trust::TrustedRoot,
    now: sigsign_core::time::Timestamp,
    ui: &mut Ui,
) {
    if let Some(expires) = root.source().expires().filter(|expires| now > *expires) {
        ui.warning(format_args!(
            "the trusted root of {} expired at {expires}; its keys may have changed since",
            root.source().name()
        ));
    }
}
