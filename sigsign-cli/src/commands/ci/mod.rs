//! Jobs of CI platforms: sign what was built there, and leave word of it.

mod api;
mod event;
mod found;
mod images;
mod make;
mod runner;
mod summary;
mod upload;
mod verify;
mod work;

use crate::cli::Ci;
use crate::exit::Exit;
use crate::plan::ci::{GitHub, Work};
use crate::problem::Problem;
use crate::ui::Ui;

/// Does what the job asks for. What goes wrong is said as the platform shows it.
pub(super) fn run(platform: &Ci, ui: &mut Ui) -> Exit {
    let Ci::GitHub = platform;
    let variable = |name: &str| std::env::var(name).ok().filter(|it| !it.is_empty());
    let plan = GitHub::new(&variable, ui.network());
    let done = plan.and_then(|plan| {
        let done = work(&plan, ui);
        if let Err(problem) = &done {
            runner::summarize_failure(&plan.runner, problem)?;
        }
        done
    });
    done.unwrap_or_else(|problem| {
        ui.answer(runner::error(&problem));
        problem.exit
    })
}

fn work(plan: &GitHub, ui: &mut Ui) -> Result<Exit, Problem> {
    let event = event::read(&plan.runner)?;
    event.refuse_forks(&plan.runner)?;
    let files = found::files(&plan.files, &plan.runner.workspace)?;
    let has_list = matches!(&plan.work, Work::Make(make) if make.checksums.is_some());
    let wants_files = !plan.files.patterns.is_empty() || plan.images.is_empty();
    if files.is_empty() && !has_list && wants_files {
        nothing(plan, ui)?;
        if plan.images.is_empty() {
            return Ok(Exit::Done);
        }
    }
    match &plan.work {
        Work::Make(make) => make::run(plan, make, &event, &files, ui),
        Work::Verify(check) => verify::run(check, files, &plan.images, ui),
    }
}

/// A job that signs nothing is nearly always a mistake in its patterns.
fn nothing(plan: &GitHub, ui: &mut Ui) -> Result<(), Problem> {
    let patterns = plan.files.patterns.join(", ");
    let what = if patterns.is_empty() {
        "no files or images are named".to_owned()
    } else {
        format!("no file is matched by {patterns}")
    };
    if plan.fail_on_empty {
        let problem = Problem::input("ci.empty", what);
        return Err(problem.hint("if there may be none, set fail-on-empty to false"));
    }
    ui.answer(runner::notice(&what));
    Ok(())
}
