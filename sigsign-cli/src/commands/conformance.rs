use sigsign_core::crypto::Scheme;
use sigsign_core::verify::Verifier;
use zeroize::Zeroizing;

use super::{now, read_root};
use crate::bundles::Bundles;
use crate::check::{Question, Reading};
use crate::cli::{self, Instance, Network, SignBundle, VerifyBundle};
use crate::exit::Exit;
use crate::instance::is_local;
use crate::plan::sign::{Credential, Job, Kind, Place, Services, Sign, TokenSource};
use crate::plan::{Plan, Subject, Verify};
use crate::problem::Problem;
use crate::ui::Ui;

/// For whom its tokens are.
const AUDIENCE: &str = "sigstore";

/// Signs one file, with the token that is given itself; the exit status is 0 or 1.
///
/// Spec: sigstore-conformance, docs/cli_protocol.md
pub(super) fn sign(args: SignBundle, ui: &mut Ui) -> Result<Exit, Problem> {
    let place = match (args.signing_config, args.trusted_root) {
        (Some(config), Some(root)) => Place::Files { config, root },
        _ if args.staging => Place::Instance(Instance::Staging),
        _ => Place::Instance(Instance::Public),
    };
    let plan = Sign {
        jobs: vec![Job {
            subject: Subject::parse(args.file)?,
            bundle: args.bundle,
        }],
        content: if args.in_toto {
            Kind::Statement
        } else {
            Kind::Artifact
        },
        who: Credential::Token {
            source: TokenSource::Given(Zeroizing::new(args.identity_token)),
            audience: AUDIENCE.to_owned(),
            scheme: Scheme::EcdsaP256Sha256,
        },
        services: Services::Remote {
            place,
            tls_ca: None,
        },
        verify_with: Vec::new(),
    };
    if ui.network() == Network::Off {
        plan.services.refuse_remote()?;
    }
    Ok(super::sign::run(&plan, ui).unwrap_or_else(|problem| {
        ui.problem(None, &problem);
        Exit::No
    }))
}

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
        policy: None,
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
            ..cli::Root::default()
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
