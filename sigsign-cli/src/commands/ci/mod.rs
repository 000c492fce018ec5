//! Jobs of CI platforms: sign what was built there, and leave word of it.

mod api;
mod event;
mod found;
mod make;
mod runner;

use std::ffi::OsString;
use std::path::PathBuf;

use clap::Parser as _;

use crate::cli::{Ci, Cli, Command};
use crate::exit::Exit;
use crate::plan::Plan;
use crate::plan::ci::{Check, GitHub, Work};
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
    match &plan.work {
        Work::Make(make) => {
            if files.is_empty() && make.checksums.is_none() {
                return nothing(plan, ui);
            }
            make::run(plan, make, &event, &files, ui)
        }
        Work::Verify(_) if files.is_empty() => nothing(plan, ui),
        Work::Verify(check) => verify(check, files, ui),
    }
}

/// A job that signs nothing is nearly always a mistake in its patterns.
fn nothing(plan: &GitHub, ui: &mut Ui) -> Result<Exit, Problem> {
    let patterns = plan.files.patterns.join(", ");
    let what = if patterns.is_empty() {
        "no files are named".to_owned()
    } else {
        format!("no file is matched by {patterns}")
    };
    if plan.files.fail_on_empty {
        let problem = Problem::input("ci.empty", what);
        return Err(problem.hint("if there may be none, set fail-on-empty to false"));
    }
    ui.answer(runner::notice(&what));
    Ok(Exit::Done)
}

/// As the command `verify` does it.
fn verify(check: &Check, files: Vec<PathBuf>, ui: &mut Ui) -> Result<Exit, Problem> {
    let mut words: Vec<OsString> = vec!["sigsign".into(), "verify".into()];
    words.extend(check.arguments.iter().cloned());
    words.extend(files.into_iter().map(|it| visible(it).into_os_string()));
    let wrong = |error: clap::Error| {
        let text = error.to_string();
        let line = text.lines().next().unwrap_or_default().to_owned();
        Problem::usage(line, "see the inputs of mode verify")
    };
    let Command::Verify(args) = Cli::try_parse_from(words).map_err(wrong)?.command else {
        return Err(Problem::usage("nothing to verify", "name files"));
    };
    match Plan::new(*args)? {
        Plan::Verify(plan) => super::verify::run(&plan, ui),
        Plan::Batch(plan) => super::batch::run(&plan, ui),
        Plan::Judge(plan) => super::policy::judge(&plan, ui),
    }
}

/// A line that begins with this path is none that a runner obeys, and no option.
fn visible(path: PathBuf) -> PathBuf {
    if path.is_absolute() {
        return path;
    }
    PathBuf::from(".").join(path)
}
