mod files;
mod images;
mod import;
mod propose;
mod show;

use serde::Serialize;
use sigsign_core::encoding::Escaped;
use sigsign_core::policy_file::{Lint, PolicyFile, Severity};

use crate::cli::{self, Format};
use crate::exit::Exit;
use crate::files::shown;
use crate::json;
use crate::plan::policy::{Judge, JudgeImages, Propose};
use crate::policy;
use crate::problem::Problem;
use crate::ui::{Level, Ui};

use show::Detail;

/// Lets a policy file decide; one line for each file.
pub(super) fn judge(plan: &Judge, ui: &mut Ui) -> Result<Exit, Problem> {
    files::run(plan, Detail::Short, ui)
}

/// The same for images.
pub(super) fn judge_images(plan: &JudgeImages, ui: &mut Ui) -> Result<Exit, Problem> {
    images::run(plan, Detail::Short, ui)
}

pub(super) fn run(command: cli::Policy, ui: &mut Ui) -> Result<Exit, Problem> {
    match command {
        cli::Policy::Check(args) => Ok(check(&args, ui)),
        cli::Policy::Explain(args) => {
            let mut exit = Exit::Done;
            if let Some(plan) = JudgeImages::of_explain(&args, ui.network())? {
                exit = images::run(&plan, Detail::Full, ui)?;
            }
            if args.images.is_empty() || !args.files.is_empty() {
                let plan = Judge::new(args.policy, args.files, args.bundle)?;
                exit = exit.and(files::run(&plan, Detail::Full, ui)?);
            }
            Ok(exit)
        }
        cli::Policy::From(args) => propose::run(&Propose::new(*args, ui.network())?, ui),
        cli::Policy::ImportCip(args) => import::run(&args, ui),
    }
}

/// Every policy file has its own answer.
fn check(args: &cli::PolicyCheck, ui: &mut Ui) -> Exit {
    let mut exit = Exit::Done;
    for path in &args.policies {
        let name = shown(path);
        match policy::read(path) {
            Ok(policy) => {
                let lints = policy.lints();
                let is_bad = |it: &Lint| args.strict || it.severity() == Severity::Problem;
                let answer = if lints.iter().any(is_bad) {
                    Exit::No
                } else {
                    Exit::Done
                };
                show_lints(&name, &policy, &lints, ui);
                exit = exit.and(answer);
            }
            Err(problem) => {
                ui.problem(None, &problem);
                exit = exit.and(problem.exit);
            }
        }
    }
    exit
}

#[derive(Serialize)]
struct Checked<'a> {
    schema: u8,
    policy: &'a str,
    digest: String,
    rules: Vec<&'a str>,
    lints: Vec<Finding<'a>>,
}

#[derive(Serialize)]
struct Finding<'a> {
    severity: &'static str,
    code: &'static str,
    line: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    rule: Option<&'a str>,
    message: &'a str,
}

fn show_lints(name: &str, policy: &PolicyFile, lints: &[Lint], ui: &mut Ui) {
    if ui.level() == Level::Quiet {
        return;
    }
    if ui.format() == Format::Json {
        return ui.answer(json::line(&Checked {
            schema: 1,
            policy: name,
            digest: policy.digest().to_string(),
            rules: policy.rules().collect(),
            lints: lints.iter().map(finding).collect(),
        }));
    }
    let rules = match policy.rules().count() {
        1 => "1 rule".to_owned(),
        count => format!("{count} rules"),
    };
    ui.answer(format_args!("{}: well-formed, {rules}", Escaped(name)));
    for lint in lints {
        ui.answer(format_args!(
            "  {}: {lint} [{}]",
            severity(lint.severity()),
            lint.code()
        ));
    }
}

fn finding(lint: &Lint) -> Finding<'_> {
    Finding {
        severity: severity(lint.severity()),
        code: lint.code(),
        line: lint.line(),
        rule: lint.rule(),
        message: lint.sentence(),
    }
}

fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Problem => "problem",
        _ => "remark",
    }
}
