//! Images, what is beside them, and what a policy says about them.

use std::path::Path;

use futures_util::stream::{self, StreamExt as _};
use sigsign_core::encoding::Escaped;
use sigsign_core::oci::Target;
use sigsign_core::policy_file::Evaluator;

use super::show::{About, Detail, entry, exit_of, show, unanswered};
use crate::commands::image::{AT_ONCE, wait_for};
use crate::commands::now;
use crate::exit::Exit;
use crate::files::Places;
use crate::plan::image::Name;
use crate::plan::policy::JudgeImages;
use crate::policy::Policy;
use crate::policy::image::{FetchError, Fetched, fetch};
use crate::problem::Problem;
use crate::registry::Registries;
use crate::ui::Ui;

/// Everything is fetched first, side by side, and decided afterwards.
pub(super) fn run(plan: &JudgeImages, detail: Detail, ui: &mut Ui) -> Result<Exit, Problem> {
    let policy = Policy::open(&plan.policy, now())?;
    for warning in &policy.warnings {
        ui.warning(warning);
    }
    let pins: Vec<&Path> = plan.pin_out.as_deref().into_iter().collect();
    let pins = Places::check(pins.into_iter())?;
    let fetched = wait_for(fetch_all(plan, &policy.evaluator))?;
    let mut exit = Exit::Done;
    let mut pinned = Vec::new();
    for (name, fetched) in plan.names.iter().zip(&fetched) {
        match fetched {
            Ok(fetched) => {
                exit = exit.and(judge(name, fetched, (&policy, detail), ui));
                pinned.extend(fetched.digest().map(|it| name.pinned(it)));
            }
            Err(problem) => {
                unanswered((&name.text, &name.sources), problem, ui);
                exit = exit.and(problem.exit);
            }
        }
    }
    if exit == Exit::Done && plan.pin_out.is_some() {
        pins.write(std::iter::once(&*pinned.join("\n")), ui)?;
    }
    Ok(exit)
}

async fn fetch_all(
    plan: &JudgeImages,
    evaluator: &Evaluator,
) -> Result<Vec<Result<Fetched, Problem>>, Problem> {
    let registries = Registries::open(&plan.reach)?;
    let registries = &registries;
    let one = |name: &Name| {
        let known = plan.known_as.clone().unwrap_or_else(|| name.repository());
        let name = name.clone();
        async move { fetch_one(registries, evaluator, (&name, &known)).await }
    };
    let all = stream::iter(plan.names.iter().map(one));
    Ok(all.buffered(AT_ONCE).collect().await)
}

async fn fetch_one(
    registries: &Registries,
    evaluator: &Evaluator,
    (name, known): (&Name, &str),
) -> Result<Fetched, Problem> {
    let repository = registries.repository(name)?;
    let target: Option<&Target> = name.target.as_ref();
    let target = target.ok_or_else(|| Problem::usage("which image?", "name its tag or digest"))?;
    let fetched = fetch(evaluator, &*repository, (known, target)).await;
    fetched.map_err(|error| match error {
        FetchError::Name(error) => {
            let problem = Problem::usage(error.to_string(), "rules are about names in that form");
            match known.strip_prefix("oci:") {
                Some(_) => Problem::usage(
                    format!(
                        "an image in a folder has no name that rules match: {}",
                        name.text
                    ),
                    "say with --as REGISTRY/REPOSITORY which image it is",
                ),
                None => problem,
            }
        }
        FetchError::Registry(error) => error.into(),
    })
}

fn judge(name: &Name, fetched: &Fetched, (policy, detail): (&Policy, Detail), ui: &mut Ui) -> Exit {
    let verdict = fetched.judge(&policy.evaluator, now());
    let problems: Vec<Problem> = fetched.trouble().cloned().map(Problem::from).collect();
    // Of several, what may pass by trying again is no reason to stop asking.
    let no_answer = problems
        .iter()
        .map(|it| it.exit)
        .reduce(Exit::and)
        .unwrap_or(Exit::NoAnswer);
    let exit = exit_of(verdict.decision(), no_answer);
    let title = match fetched.digest() {
        Some(digest) => name.with_digest(digest),
        None => name.text.clone(),
    };
    let asked = About {
        name: &title,
        sources: &name.sources,
        exit,
    };
    if ui.is_document() {
        ui.entry(entry(asked, &verdict, &problems));
        return exit;
    }
    show(asked, &verdict, (detail, policy.local), ui);
    if exit == no_answer {
        for problem in &problems {
            ui.problem(Some(&Escaped(&title).to_string()), problem);
        }
    }
    exit
}
