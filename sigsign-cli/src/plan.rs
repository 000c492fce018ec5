//! Arguments to a plan: every conflict is found here, before anything is read.

use std::ffi::OsString;
use std::num::NonZeroU8;
use std::path::PathBuf;

use sigsign_core::digest::Digest;
use sigsign_core::note::WitnessKey;
use sigsign_core::policy::{
    GitHubWorkflow, Identity, Instance, ManagedKey, Matcher, Policy, PolicyError,
};
use sigsign_core::x509::FulcioExtension;

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

/// Who must have signed.
#[derive(Clone, Debug)]
pub(crate) enum Who {
    Anybody,
    Identity(Identity),
    Key(PathBuf),
}

/// What else is asked for.
#[derive(Clone, Debug)]
pub(crate) struct Demands {
    instance: Instance,
    flags: DemandFlags,
    witnesses: Option<(Vec<WitnessKey>, NonZeroU8)>,
}

#[derive(Clone, Debug)]
struct DemandFlags {
    predicate_type: Option<String>,
    min_times: Option<NonZeroU8>,
    min_log_entries: Option<NonZeroU8>,
    min_scts: Option<NonZeroU8>,
    no_log_entry: bool,
    no_sct: bool,
    no_inclusion_proof: bool,
}

/// Whose services are trusted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Root {
    Embedded(cli::Instance),
    File(PathBuf),
}

/// A verification or a batch of them.
#[derive(Debug)]
pub(crate) enum Plan {
    Batch(Batch),
    Verify(Verify),
}

impl Plan {
    pub(crate) fn new(args: cli::Verify) -> Result<Self, Problem> {
        let who = Who::new(args.signer)?;
        let demands = Demands::new(args.demands, args.root.instance)?;
        let root = Root::new(args.root);
        if let Some(list) = args.batch {
            return Ok(Self::Batch(Batch {
                list,
                who,
                demands,
                root,
            }));
        }
        let who = who.ok_or_else(nobody)?;
        if args.files.is_empty() {
            return Err(Problem::usage(
                "nothing to verify",
                "name files, or their digests as sha256:HEX, or - for standard input",
            ));
        }
        let subjects = args
            .files
            .into_iter()
            .map(Subject::parse)
            .collect::<Result<Vec<_>, _>>()?;
        check_streams(&subjects, args.bundle.as_ref())?;
        Ok(Self::Verify(Verify {
            subjects,
            bundle: args.bundle,
            who,
            demands,
            root,
        }))
    }
}

/// Standard input can be read once, and neither it nor a digest has a bundle beside it.
fn check_streams(subjects: &[Subject], bundle: Option<&PathBuf>) -> Result<(), Problem> {
    let has_name = |subject: &Subject| matches!(subject, Subject::File(_));
    if bundle.is_none() && !subjects.iter().all(has_name) {
        return Err(Problem::usage(
            "a digest or standard input has no bundle beside it",
            "name the bundle with --bundle PATH",
        ));
    }
    let reads = subjects
        .iter()
        .filter(|subject| **subject == Subject::Stdin)
        .count();
    let reads = reads.saturating_add(usize::from(
        bundle.is_some_and(|path| files::is_stdin(path)),
    ));
    if reads > 1 {
        return Err(Problem::usage(
            "standard input is named twice",
            "it can be read only once: name a file for the artifact or the bundle",
        ));
    }
    Ok(())
}

fn nobody() -> Problem {
    Problem::usage(
        "nobody named who must have signed",
        "give --identity SUBJECT --issuer URL, or --key PATH; for a workflow of a GitHub repository \
         --repository OWNER/REPO",
    )
}

impl Subject {
    fn parse(text: OsString) -> Result<Self, Problem> {
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

impl Who {
    fn new(args: cli::Signer) -> Result<Option<Self>, Problem> {
        args.check()?;
        if args.danger_any_identity {
            return Ok(Some(Self::Anybody));
        }
        if let Some(key) = args.key {
            return Ok(Some(Self::Key(key)));
        }
        let matcher = match (args.identity, args.identity_regexp) {
            (Some(subject), _) => Some(Matcher::exact(subject).map_err(policy)?),
            (None, Some(pattern)) => Some(Matcher::pattern(pattern).map_err(policy)?),
            (None, None) => None,
        };
        let mut identity = match (matcher, args.issuer, args.repository) {
            (Some(subject), Some(issuer), _) => Identity::new(subject, issuer).map_err(policy)?,
            (None, _, Some(repository)) => {
                let parts = [args.workflow, args.reference, args.environment, args.runner];
                github(repository, parts)?
            }
            _ => return Ok(None),
        };
        for extension in &args.extension {
            let (name, value) = parse_extension(extension)?;
            identity = identity.with_extension(name, value);
        }
        Ok(Some(Self::Identity(identity)))
    }

    pub(crate) fn exactly(subject: String, issuer: String) -> Result<Self, PolicyError> {
        Ok(Self::Identity(Identity::new(
            Matcher::exact(subject)?,
            issuer,
        )?))
    }

    /// The policy; reads the key if it is for one.
    pub(crate) fn policy(&self, demands: &Demands) -> Result<Policy, Problem> {
        let policy = match self {
            Self::Anybody => {
                // A place for a name that is then taken out.
                let anybody = Matcher::exact("any").and_then(|any| Identity::new(any, "any"));
                Policy::keyless(anybody.map_err(policy)?)
                    .danger()
                    .any_identity()
            }
            Self::Identity(identity) => Policy::keyless(identity.clone()),
            Self::Key(path) => Policy::key(ManagedKey::new(crate::commands::read_key(path)?)),
        };
        demands.apply(policy).map_err(self::policy)
    }
}

impl cli::Signer {
    /// One way to say who, and all of it.
    fn check(&self) -> Result<(), Problem> {
        let ways = [
            ("--identity", self.identity.is_some()),
            ("--identity-regexp", self.identity_regexp.is_some()),
            ("--repository", self.repository.is_some()),
            ("--key", self.key.is_some()),
            ("--danger-any-identity", self.danger_any_identity),
        ];
        let mut given = ways
            .iter()
            .filter_map(|(name, given)| given.then_some(*name));
        let way = given.next();
        if let (Some(first), Some(second)) = (way, given.next()) {
            return Err(Problem::usage(
                format!("{first} and {second} cannot be used together"),
                "say in one way who must have signed; a bundle is signed with a key or with a \
                 certificate",
            ));
        }
        let by_subject = matches!(way, Some("--identity" | "--identity-regexp"));
        if by_subject != self.issuer.is_some() {
            let (given, missing) = if by_subject {
                (way.unwrap_or_default(), "--issuer")
            } else {
                ("--issuer", "--identity")
            };
            return Err(Problem::usage(
                format!("{given} needs {missing}"),
                "a name counts only with who vouches for it: --identity SUBJECT --issuer URL",
            ));
        }
        let parts = [
            ("--workflow", self.workflow.is_some()),
            ("--ref", self.reference.is_some()),
            ("--environment", self.environment.is_some()),
            ("--runner", self.runner.is_some()),
        ];
        if let (None, Some((part, _))) = (&self.repository, parts.iter().find(|(_, given)| *given))
        {
            return Err(Problem::usage(
                format!("{part} needs --repository"),
                "name the repository with --repository OWNER/REPO",
            ));
        }
        if !self.extension.is_empty() && !by_subject && self.repository.is_none() {
            return Err(Problem::usage(
                "--extension needs an identity",
                "give --identity SUBJECT --issuer URL, or --repository OWNER/REPO",
            ));
        }
        Ok(())
    }
}

fn github(repository: String, parts: [Option<String>; 4]) -> Result<Identity, Problem> {
    let [file, reference, environment, runner] = parts;
    let mut workflow = GitHubWorkflow::of(repository);
    if let Some(file) = file {
        workflow = workflow.workflow(file);
    }
    if let Some(reference) = reference {
        workflow = workflow.reference(reference);
    }
    if let Some(environment) = environment {
        workflow = workflow.environment(environment);
    }
    if let Some(runner) = runner {
        workflow = workflow.runner(runner);
    }
    Identity::github(&workflow).map_err(policy)
}

fn parse_extension(text: &str) -> Result<(FulcioExtension, Matcher), Problem> {
    let (name, value) = text.split_once('=').ok_or_else(|| {
        let example = "as in --extension runner-environment=github-hosted";
        Problem::usage(format!("not NAME=VALUE: {text}"), example)
    })?;
    let extension = FulcioExtension::from_name(name).ok_or_else(|| {
        let names: Vec<&str> = FulcioExtension::ALL
            .iter()
            .map(|known| known.name())
            .collect();
        let hint = format!("the names are {}", names.join(", "));
        Problem::usage(format!("unknown certificate extension {name}"), hint)
    })?;
    Ok((extension, Matcher::exact(value).map_err(policy)?))
}

fn policy(error: PolicyError) -> Problem {
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

impl Demands {
    pub(crate) fn new(args: cli::Demands, instance: cli::Instance) -> Result<Self, Problem> {
        let witnesses = args
            .witness
            .iter()
            .map(|vkey| {
                WitnessKey::parse_vkey(vkey).map_err(|error| {
                    let hint = "a witness is NAME+HASH+KEY, as its operator publishes it";
                    Problem::usage(format!("not the key of a witness: {vkey}: {error}"), hint)
                })
            })
            .collect::<Result<Vec<_>, _>>()?;
        let all = u8::try_from(witnesses.len()).ok().and_then(NonZeroU8::new);
        let witnesses = args
            .witness_quorum
            .or(all)
            .map(|quorum| (witnesses, quorum));
        let demands = Self {
            instance: match instance {
                cli::Instance::Github => Instance::SignedTimeOnly,
                cli::Instance::Public | cli::Instance::Staging => Instance::WithLogs,
            },
            flags: DemandFlags {
                predicate_type: args.predicate_type,
                min_times: args.min_times,
                min_log_entries: args.min_log_entries,
                min_scts: args.min_scts,
                no_log_entry: args.danger_no_log_entry,
                no_sct: args.danger_no_sct,
                no_inclusion_proof: args.danger_no_inclusion_proof,
            },
            witnesses,
        };
        // What is wrong with them shows now, not after the first file.
        Who::Anybody.policy(&demands)?;
        Ok(demands)
    }

    fn apply(&self, policy: Policy) -> Result<Policy, PolicyError> {
        let Self { flags, .. } = self;
        let mut policy = policy.instance(self.instance);
        if let Some(need) = flags.min_times {
            policy = policy.times(need);
        }
        if let Some(need) = flags.min_log_entries {
            policy = policy.log_entries(need);
        }
        if let Some(need) = flags.min_scts {
            policy = policy.scts(need);
        }
        if let Some(predicate_type) = &flags.predicate_type {
            policy = policy.predicate_type(predicate_type)?;
        }
        if let Some((keys, quorum)) = &self.witnesses {
            policy = policy.witnesses(keys.clone(), *quorum)?;
        }
        if flags.no_log_entry {
            policy = policy.danger().no_log_entry();
        }
        if flags.no_sct {
            policy = policy.danger().no_sct();
        }
        if flags.no_inclusion_proof {
            policy = policy.danger().no_inclusion_proof();
        }
        Ok(policy)
    }
}

impl Root {
    pub(crate) fn new(args: cli::Root) -> Self {
        args.trusted_root
            .map_or(Self::Embedded(args.instance), Self::File)
    }
}
