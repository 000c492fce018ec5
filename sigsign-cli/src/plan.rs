//! Arguments to a plan: every conflict is found here, before anything is read.

pub(crate) mod attest;
pub(crate) mod ci;
mod demands;
pub(crate) mod gate;
pub(crate) mod image;
pub(crate) mod policy;
pub(crate) mod sign;
mod who;

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use sigsign_core::digest::Digest;
use sigsign_core::policy::PolicyError;

pub(crate) use demands::Demands;
pub(crate) use who::Who;

use crate::cli;
use crate::files;
use crate::problem::Problem;

/// Files to verify, and what is asked of each.
#[derive(Debug)]
pub(crate) struct Verify {
    pub(crate) subjects: Vec<Subject>,
    pub(crate) bundle: Option<PathBuf>,
    pub(crate) who: Who,
    pub(crate) demands: Demands,
    pub(crate) root: Root,
}

/// A list to verify.
#[derive(Debug)]
pub(crate) struct Batch {
    pub(crate) list: PathBuf,
    /// For lines that do not say it themselves.
    pub(crate) who: Option<Who>,
    pub(crate) demands: Demands,
    pub(crate) root: Root,
}

/// What was signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Subject {
    Digest(Digest),
    File(PathBuf),
    Stdin,
}

/// Whose services are trusted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Root {
    Instance(cli::Instance),
    File(PathBuf),
    /// The local instance's, in this folder or the user's own.
    Local(Option<PathBuf>),
}

/// A verification or a batch of them.
#[derive(Debug)]
pub(crate) enum Plan {
    Batch(Batch),
    Judge(policy::Judge),
    Verify(Verify),
}

impl Plan {
    pub(crate) fn new(args: cli::Verify) -> Result<Self, Problem> {
        if let Some(policy) = args.policy {
            return policy::Judge::new(policy, args.files, args.bundle).map(Self::Judge);
        }
        let who = Who::new(args.signer)?;
        let demands = Demands::new(args.demands, &args.root.instance)?;
        let root = Root::new(args.root);
        if let Some(list) = args.batch {
            let paths = [
                Some(list.as_path()),
                who.as_ref().and_then(Who::path),
                root.path(),
            ];
            check_stdin(&[], &paths)?;
            return Ok(Self::Batch(Batch {
                list,
                who,
                demands,
                root,
            }));
        }
        let who = who.ok_or_else(nobody)?;
        let subjects = subjects(args.files, args.bundle.as_deref())?;
        check_stdin(
            &subjects,
            &[args.bundle.as_deref(), who.path(), root.path()],
        )?;
        Ok(Self::Verify(Verify {
            subjects,
            bundle: args.bundle,
            who,
            demands,
            root,
        }))
    }
}

/// What was signed; neither standard input nor a digest has a bundle beside it.
fn subjects(files: Vec<OsString>, bundle: Option<&Path>) -> Result<Vec<Subject>, Problem> {
    if files.is_empty() {
        return Err(Problem::usage(
            "nothing to verify",
            "name files, or their digests as sha256:HEX, or - for standard input",
        ));
    }
    let subjects: Vec<Subject> = files
        .into_iter()
        .map(Subject::parse)
        .collect::<Result<_, _>>()?;
    let has_name = |subject: &Subject| matches!(subject, Subject::File(_));
    if bundle.is_none() && !subjects.iter().all(has_name) {
        return Err(Problem::usage(
            "a digest or standard input has no bundle beside it",
            "name the bundle with --bundle PATH",
        ));
    }
    Ok(subjects)
}

/// Standard input can be read once.
fn check_stdin(subjects: &[Subject], paths: &[Option<&Path>]) -> Result<(), Problem> {
    let subjects = subjects.iter().filter(|it| **it == Subject::Stdin);
    let paths = paths.iter().flatten().filter(|path| files::is_stdin(path));
    if subjects.count().saturating_add(paths.count()) > 1 {
        return Err(Problem::usage(
            "standard input is named twice",
            "it can be read only once: name a file in place of one -",
        ));
    }
    Ok(())
}

fn nobody() -> Problem {
    Problem::usage(
        "nobody named who must have signed",
        "give --identity SUBJECT --issuer URL, or --key PATH; for a workflow of a GitHub repository \
         --repository OWNER/REPO; or a file with --policy POLICY",
    )
}

fn wrong_policy(error: PolicyError) -> Problem {
    let hint = match error {
        PolicyError::Pattern { .. } => "patterns are regular expressions without look-around",
        PolicyError::Repository { .. } => {
            "as in --repository octocat/hello-world, without the host"
        }
        PolicyError::Quorum { .. } => {
            "name more witnesses with --witness, or lower --witness-quorum"
        }
        _ => "give a value that is not empty",
    };
    Problem::usage(error.to_string(), hint)
}

impl Subject {
    pub(crate) fn parse(text: OsString) -> Result<Self, Problem> {
        if text == "-" {
            return Ok(Self::Stdin);
        }
        let digest = text.to_str().filter(|text| {
            ["sha256:", "sha384:", "sha512:"]
                .iter()
                .any(|prefix| text.starts_with(prefix))
        });
        let Some(digest) = digest else {
            return Ok(Self::File(text.into()));
        };
        Digest::parse(digest).map(Self::Digest).ok_or_else(|| {
            Problem::usage(
                format!("not a digest: {digest}"),
                "a digest is sha256: and 64 digits of lower-case hexadecimal, or sha512: and 128; a \
                 file of such a name is ./NAME",
            )
        })
    }

    pub(crate) fn name(&self) -> String {
        match self {
            Self::Digest(digest) => digest.to_string(),
            Self::File(path) => path.display().to_string(),
            Self::Stdin => "-".to_owned(),
        }
    }
}

impl Root {
    pub(crate) fn new(args: cli::Root) -> Self {
        if args.local {
            return Self::Local(args.data);
        }
        args.trusted_root
            .map_or(Self::Instance(args.instance), Self::File)
    }

    fn path(&self) -> Option<&Path> {
        match self {
            Self::Instance(_) | Self::Local(_) => None,
            Self::File(path) => Some(path),
        }
    }
}
