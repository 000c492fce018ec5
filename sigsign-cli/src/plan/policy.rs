//! What a policy is asked about.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use super::{Demands, Root, Subject, Who, check_stdin, subjects};
use crate::cli;
use crate::problem::Problem;

/// Files that a policy decides on.
#[derive(Debug)]
pub(crate) struct Judge {
    pub(crate) policy: PathBuf,
    pub(crate) subjects: Vec<Subject>,
    pub(crate) bundle: Option<PathBuf>,
}

/// A file whose signer a policy is proposed for.
#[derive(Debug)]
pub(crate) struct Propose {
    pub(crate) subject: Subject,
    pub(crate) bundle: Option<PathBuf>,
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

impl Propose {
    pub(crate) fn new(args: cli::PolicyFrom) -> Result<Self, Problem> {
        let demands = Demands::new(cli::Demands::default(), &args.root.instance)?;
        let root = Root::new(args.root);
        let mut subjects = subjects(vec![args.file], args.bundle.as_deref())?;
        let paths = [args.bundle.as_deref(), args.key.as_deref(), root.path()];
        check_stdin(&subjects, &paths)?;
        let subject = subjects.pop().ok_or_else(super::nobody)?;
        Ok(Self {
            subject,
            bundle: args.bundle,
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
