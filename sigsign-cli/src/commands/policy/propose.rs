//! A policy made from a signature.

use sigsign_core::digest::Digest;
use sigsign_core::encoding::Escaped;
use sigsign_core::oci::{Attachment, AttachmentError, Claim, Demand, Found, Refused, find};
use sigsign_core::policy::Policy;
use sigsign_core::policy_file::{TrustSource, propose};
use sigsign_core::verify::{Verified, Verifier};

use crate::bundles::{Bundles, Wanted};
use crate::check::{Question, Reading};
use crate::cli;
use crate::commands::image::{resolve, wait_for};
use crate::commands::{now, read_root};
use crate::exit::Exit;
use crate::instance::is_local;
use crate::plan::Root;
use crate::plan::image::{Name, Reach};
use crate::plan::policy::{Propose, Signed};
use crate::problem::Problem;
use crate::registry::Registries;
use crate::ui::Ui;

/// Verifies a signature by anybody, or by a key, and prints a policy; who signed is a comment.
pub(super) fn run(plan: &Propose, ui: &mut Ui) -> Result<Exit, Problem> {
    let policy = plan.who.policy(&plan.demands)?;
    let root = read_root(&plan.root)?;
    let verifier = Verifier::new(&root);
    let (name, known, verified) = match &plan.signed {
        Signed::File { subject, bundle } => {
            let question = Question {
                verifier: &verifier,
                policy: &policy,
                now: now(),
                reading: Reading::Ahead,
                local: is_local(&root),
            };
            let bundles = match bundle.as_deref() {
                Some(path) => Bundles::at(path),
                None => Bundles::beside(subject, Wanted::Signature),
            };
            let name = subject.name();
            let verified = question.ask(subject, &bundles).verdict;
            let verified = verified.map_err(|problem| problem.about(&name))?;
            let known = name.rsplit(['/', '\\']).next().unwrap_or(&name);
            let known = known.to_owned();
            (name, known, verified)
        }
        Signed::Image { name, reach } => {
            let (digest, found) = wait_for(fetch(name, reach))?;
            let verified = first(&verifier, &policy, digest, &found);
            let title = name.with_digest(digest);
            let verified = verified.map_err(|problem| problem.about(&title))?;
            (title, name.repository(), verified)
        }
    };
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
    let key = plan.key().map(|it| it.display().to_string());
    let policy = propose(&verified, &known, key.as_deref(), &trust(&plan.root));
    ui.raw(format_args!("{policy}"));
    Ok(Exit::Done)
}

async fn fetch(name: &Name, reach: &Reach) -> Result<(Digest, Found), Problem> {
    let registries = Registries::open(reach)?;
    let repository = registries.repository(name)?;
    let image = resolve(&*repository, name).await?;
    Ok((image.digest(), find(&*repository, image.digest()).await))
}

/// The first signature that verifies, or else the first attestation; or why none does.
fn first(
    verifier: &Verifier,
    policy: &Policy,
    digest: Digest,
    found: &Found,
) -> Result<Box<Verified>, Problem> {
    let is_signature = |it: &&Attachment| it.claim() == Claim::Signature;
    let all = found.attachments().iter();
    let signatures = all.clone().filter(is_signature);
    let attestations = all.filter(|it| !is_signature(it));
    let mut problem = None;
    for attachment in signatures.chain(attestations) {
        let demand = Demand::new(attachment.claim());
        match attachment.verify(verifier, policy, (digest, &demand), now()) {
            Ok(verified) => return Ok(Box::new(verified)),
            Err(refused) => problem = problem.or(Some(refused)),
        }
    }
    let trouble = found.unusable().iter().find_map(|(_, it)| match it {
        AttachmentError::Registry(error) => Some(error.clone()),
        _ => None,
    });
    Err(match (problem, trouble) {
        (Some(Refused::Verify(error)), _) => error.into(),
        (Some(other), _) => Problem::document(other.code(), "nothing beside it verifies", &other),
        (None, Some(error)) => error.into(),
        (None, None) => nothing_signed(),
    })
}

fn nothing_signed() -> Problem {
    let mut problem = Problem::input("image.nothing", "there is nothing that is signed");
    problem.exit = Exit::No;
    problem
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
