//! A policy made from a signature.

use sigsign_core::encoding::Escaped;
use sigsign_core::policy_file::{TrustSource, propose};
use sigsign_core::verify::Verifier;

use crate::bundles::{Bundles, Wanted};
use crate::check::{Question, Reading};
use crate::cli;
use crate::commands::{now, read_root};
use crate::exit::Exit;
use crate::instance::is_local;
use crate::plan::Root;
use crate::plan::policy::Propose;
use crate::problem::Problem;
use crate::ui::Ui;

/// Verifies a signature by anybody, or by a key, and prints a policy; who signed is a comment.
pub(super) fn run(plan: &Propose, ui: &mut Ui) -> Result<Exit, Problem> {
    let policy = plan.who.policy(&plan.demands)?;
    let root = read_root(&plan.root)?;
    let verifier = Verifier::new(&root);
    let question = Question {
        verifier: &verifier,
        policy: &policy,
        now: now(),
        reading: Reading::Ahead,
        local: is_local(&root),
    };
    let bundles = match plan.bundle.as_deref() {
        Some(path) => Bundles::at(path),
        None => Bundles::beside(&plan.subject, Wanted::Signature),
    };
    let name = plan.subject.name();
    let verified = question
        .ask(&plan.subject, &bundles)
        .verdict
        .map_err(|problem| problem.about(&name))?;
    let by = match (verified.subject(), verified.issuer()) {
        (Some(subject), Some(issuer)) => format!("{subject}, issuer {issuer}"),
        (Some(subject), None) => subject.to_owned(),
        (None, _) => "a key".to_owned(),
    };
    let at = verified.times().next();
    let at = at.map_or_else(String::new, |it| format!(", at {it}"));
    ui.answer(format_args!(
        "# {} was signed by {}{at}",
        Escaped(&name),
        Escaped(&by)
    ));
    let short = name.rsplit(['/', '\\']).next().unwrap_or(&name);
    let key = plan.key().map(|it| it.display().to_string());
    let policy = propose(&verified, short, key.as_deref(), &trust(&plan.root));
    ui.raw(format_args!("{policy}"));
    Ok(Exit::Done)
}

/// How the policy says whose services were trusted.
fn trust(root: &Root) -> TrustSource {
    match root {
        Root::File(path) => TrustSource::File(path.display().to_string()),
        Root::Local(_) => TrustSource::Local,
        Root::Instance(cli::Instance::Added(name)) => TrustSource::Added(name.clone()),
        Root::Instance(cli::Instance::Github) => TrustSource::Github,
        Root::Instance(cli::Instance::Public) => TrustSource::PublicGood,
        Root::Instance(cli::Instance::Staging) => TrustSource::Staging,
    }
}
