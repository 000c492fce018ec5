//! What a policy is asked about.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use super::image::{Name, Reach, names, refuse_tags, with_named};
use super::{Demands, Root, Subject, Who, check_stdin, subjects};
use crate::cli::{self, Network};
use crate::problem::Problem;

/// Files that a policy decides on.
#[derive(Debug)]
pub(crate) struct Judge {
    pub(crate) policy: PathBuf,
    pub(crate) subjects: Vec<Subject>,
    pub(crate) bundle: Option<PathBuf>,
}

/// Images that a policy decides on.
#[derive(Debug)]
pub(crate) struct JudgeImages {
    pub(crate) policy: PathBuf,
    pub(crate) names: Vec<Name>,
    /// What rules are matched with, if not the name.
    pub(crate) known_as: Option<String>,
    pub(crate) pin_out: Option<PathBuf>,
    pub(crate) reach: Reach,
}

/// Something whose signer a policy is proposed for.
#[derive(Debug)]
pub(crate) enum Signed {
    File {
        subject: Subject,
        bundle: Option<PathBuf>,
    },
    Image {
        name: Box<Name>,
        reach: Box<Reach>,
    },
}

/// For whose signer a policy is proposed.
#[derive(Debug)]
pub(crate) struct Propose {
    pub(crate) signed: Signed,
    pub(crate) who: Who,
    pub(crate) demands: Demands,
    pub(crate) root: Root,
}

impl Judge {
    pub(crate) fn new(
        policy: PathBuf,
        files: Vec<OsString>,
        bundle: Option<PathBuf>,
    ) -> Result<Self, Problem> {
        let subjects = subjects(files, bundle.as_deref())?;
        check_stdin(&subjects, &[bundle.as_deref(), Some(policy.as_path())])?;
        Ok(Self {
            policy,
            subjects,
            bundle,
        })
    }
}

impl JudgeImages {
    /// With the images that files name, too.
    pub(crate) fn of_verify(
        args: cli::VerifyImage,
        named: Vec<Name>,
        network: Network,
    ) -> Result<Self, Problem> {
        let names = with_named(&args.images, named)?;
        if args.require_digest {
            refuse_tags(&names)?;
        }
        let manifests = args.from_manifests.iter().map(|it| Some(it.as_path()));
        let paths: Vec<_> = manifests.chain([args.policy.as_deref()]).collect();
        check_stdin(&[], &paths)?;
        Ok(Self {
            policy: args.policy.unwrap_or_default(),
            reach: Reach::new(args.reach, &names, network)?,
            names,
            known_as: args.known_as,
            pin_out: args.pin_out,
        })
    }

    /// `None` if no image is named.
    pub(crate) fn of_explain(
        args: &cli::PolicyExplain,
        network: Network,
    ) -> Result<Option<Self>, Problem> {
        if args.images.is_empty() {
            return Ok(None);
        }
        let names = names(&args.images)?;
        Ok(Some(Self {
            policy: args.policy.clone(),
            reach: Reach::new(args.reach.clone(), &names, network)?,
            names,
            known_as: args.known_as.clone(),
            pin_out: None,
        }))
    }
}

impl Propose {
    pub(crate) fn new(args: cli::PolicyFrom, network: Network) -> Result<Self, Problem> {
        let demands = Demands::new(cli::Demands::default(), &args.root.instance)?;
        let root = Root::new(args.root);
        let signed = match args.image {
            Some(image) => {
                let name = Name::parse(&image)?;
                check_stdin(&[], &[args.key.as_deref(), root.path()])?;
                let reach = Reach::new(args.reach, std::slice::from_ref(&name), network)?;
                Signed::Image {
                    name: Box::new(name),
                    reach: Box::new(reach),
                }
            }
            None => {
                let files = args.file.into_iter().collect();
                let mut subjects = subjects(files, args.bundle.as_deref())?;
                let paths = [args.bundle.as_deref(), args.key.as_deref(), root.path()];
                check_stdin(&subjects, &paths)?;
                Signed::File {
                    subject: subjects.pop().ok_or_else(super::nobody)?,
                    bundle: args.bundle,
                }
            }
        };
        Ok(Self {
            signed,
            who: args.key.map_or(Who::Anybody, Who::Key),
            demands,
            root,
        })
    }

    /// The file of the key, if it is signed with one.
    pub(crate) fn key(&self) -> Option<&Path> {
        self.who.path()
    }
}
