//! The commands: each takes its plan and does it.

mod attest;
mod batch;
mod ci;
mod completions;
mod conformance;
mod gate;
pub(crate) mod image;
mod inspect;
mod local;
mod log;
mod policy;
pub(crate) mod sign;
mod trust;
mod verify;
mod whoami;

use std::path::Path;
use std::time::SystemTime;

use sigsign_core::crypto::PublicKey;
use sigsign_core::time::Timestamp;
use sigsign_core::trust::TrustedRoot;

use crate::cli::{Command, Conformance, Image};
use crate::exit::Exit;
use crate::files::{Document, shown};
use crate::local::Local;
use crate::plan::attest::Attest;
use crate::plan::sign::{Sign, Whoami};
use crate::plan::{Plan, Root};
use crate::problem::Problem;
use crate::ui::Ui;

/// Does what the command line asks for.
pub(crate) fn run(command: Command, ui: &mut Ui) -> Result<Exit, Problem> {
    if ui.is_document() && !has_document(&command) {
        return Err(Problem::usage(
            "only a verification is shown as JUnit XML or SARIF: verify, image verify",
            "leave out --format, or say --format json",
        ));
    }
    match command {
        Command::Sign(args) => sign::run(&Sign::new(*args, ui.network())?, ui),
        Command::Attest(args) => attest::run(&Attest::new(*args, ui.network())?, ui),
        Command::Verify(args) => match Plan::new(*args)? {
            Plan::Batch(plan) => batch::run(&plan, ui),
            Plan::Judge(plan) => policy::judge(&plan, ui),
            Plan::Verify(plan) => verify::run(&plan, ui),
        },
        Command::Whoami(args) => whoami::run(&Whoami::new(*args, ui.network())?, ui),
        Command::Policy(command) => policy::run(command, ui),
        Command::Inspect(args) => inspect::run(&args.bundle, ui),
        Command::Image(command) => image::run(command, ui),
        Command::Trust(command) => trust::run(command, ui),
        Command::Local(command) => local::run(command, ui),
        Command::Gate(command) => gate::run(command, ui),
        Command::Ci(platform) => Ok(ci::run(&platform, ui)),
        Command::Completions { shell } => Ok(completions::run(shell, ui)),
        Command::Man => completions::man(ui),
        Command::Conformance(Conformance::SignBundle(args)) => conformance::sign(args, ui),
        Command::Conformance(Conformance::VerifyBundle(args)) => conformance::run(args, ui),
    }
}

/// Whether the answers of a command make one document.
fn has_document(command: &Command) -> bool {
    match command {
        Command::Verify(args) => args.batch.is_none(),
        Command::Image(Image::Verify(_)) => true,
        _ => false,
    }
}

/// Reads a public key in PEM.
pub(crate) fn read_key(path: &Path) -> Result<PublicKey, Problem> {
    let bytes = Document::Key.read(path)?;
    let pem = String::from_utf8_lossy(&bytes);
    PublicKey::from_pem(&pem).map_err(|error| {
        let what = format!("key {} cannot be used", shown(path));
        let problem = Problem::document(error.code(), &what, &error);
        if pem.contains("PRIVATE KEY-----") {
            return problem
                .hint("that is a private key: keep it to yourself, and give the public key");
        }
        problem
    })
}

pub(crate) fn read_root(root: &Root) -> Result<TrustedRoot, Problem> {
    match root {
        Root::Instance(instance) => crate::trust::trusted_root(instance),
        Root::Local(data) => Local::published(data.as_deref()),
        Root::File(path) => {
            let bytes = Document::TrustedRoot.read(path)?;
            let name = shown(path);
            TrustedRoot::from_json_named(&bytes, &name).map_err(|error| {
                let what = format!("trusted root {name} cannot be used");
                Problem::document(error.code(), &what, &error)
            })
        }
    }
}

/// The time of this machine.
pub(crate) fn now() -> Timestamp {
    SystemTime::now().into()
}
