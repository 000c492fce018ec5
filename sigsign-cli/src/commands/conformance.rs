use sigsign_core::verify::Verifier;

use super::{now, read_root};
use crate::bundles::Bundles;
use crate::check::{Question, Reading};
use crate::cli::{self, Instance, VerifyBundle};
use crate::exit::Exit;
use crate::instance::is_local;
use crate::plan::{Plan, Verify};
use crate::problem::Problem;
use crate::ui::Ui;

/// One file or digest with one bundle; the exit status is 0 or 1.
///
/// Spec: sigstore-conformance, docs/cli_protocol.md
pub(super) fn run(args: VerifyBundle, ui: &mut Ui) -> Result<Exit, Problem> {
    Ok(verify(args).unwrap_or_else(|problem| {
        ui.problem(None, &problem);
        Exit::No
    }))
}

fn verify(args: VerifyBundle) -> Result<Exit, Problem> {
    let instance = if args.staging {
        Instance::Staging
    } else {
        Instance::Public
    };
    let bundles = Bundles::at(&args.bundle);
    let plan = Plan::new(cli::Verify {
        files: vec![args.file_or_digest],
        bundle: Some(args.bundle),
        batch: None,
        signer: cli::Signer {
            identity: args.certificate_identity,
            issuer: args.certificate_oidc_issuer,
            key: args.key,
            ..cli::Signer::default()
        },
        demands: cli::Demands::default(),
        root: cli::Root {
            instance,
            trusted_root: args.trusted_root,
        },
    })?;
    let Plan::Verify(Verify {
        subjects,
        who,
        demands,
        root,
        ..
    }) = plan
    else {
        return Ok(Exit::No);
    };
    let policy = who.policy(&demands)?;
    let root = read_root(&root)?;
    let verifier = Verifier::new(&root);
    let question = Question {
        verifier: &verifier,
        policy: &policy,
        now: now(),
        reading: Reading::Ahead,
        local: is_local(&root),
    };
    for subject in &subjects {
        question.ask(subject, &bundles).verdict?;
    }
    Ok(Exit::Done)
}
