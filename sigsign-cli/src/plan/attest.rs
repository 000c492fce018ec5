//! What to say of which files, as whom and with whose services.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use sigsign_core::oidc::PROVENANCE_TYPE;

use super::sign::{Credential, Services, verify_with};
use super::{Subject, check_stdin};
use crate::cli::{self, Network};
use crate::files;
use crate::predicate;
use crate::problem::Problem;

/// One statement about all of the subjects.
#[derive(Debug)]
pub(crate) struct Attest {
    pub(crate) subjects: Vec<Subject>,
    pub(crate) checksums: Option<PathBuf>,
    pub(crate) predicate_type: String,
    pub(crate) said: Said,
    /// Where the bundle goes: one place, or one for each file.
    pub(crate) bundles: Vec<PathBuf>,
    pub(crate) who: Credential,
    pub(crate) services: Services,
    /// What a command that verifies says about the services.
    pub(crate) verify_with: Vec<OsString>,
}

/// What the statement says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Said {
    /// What this file has.
    File(PathBuf),
    /// What the token claims of the build.
    Build,
}

impl Attest {
    pub(crate) fn new(args: cli::Attest, network: Network) -> Result<Self, Problem> {
        let subjects: Vec<Subject> = args
            .files
            .into_iter()
            .map(Subject::parse)
            .collect::<Result<_, _>>()?;
        let bundles = bundles(&subjects, args.bundle, args.checksums.is_some())?;
        let verify_with = verify_with(&args.services);
        let who = Credential::new(args.signer, args.services.local);
        let [token, password] = who.paths();
        let predicate = args.predicate.as_deref();
        check_stdin(
            &subjects,
            &[token, password, predicate, args.checksums.as_deref()],
        )?;
        let services = Services::new(args.services, network)?;
        if network == Network::Off {
            services.refuse_remote()?;
        }
        let (predicate_type, said) = match (args.predicate_type, args.predicate) {
            (Some(name), Some(path)) => (predicate::type_of(&name)?, Said::File(path)),
            _ => (PROVENANCE_TYPE.to_owned(), Said::Build),
        };
        Ok(Self {
            subjects,
            checksums: args.checksums,
            predicate_type,
            said,
            bundles,
            who,
            services,
            verify_with,
        })
    }
}

/// Beside each file, unless one place is named.
fn bundles(
    subjects: &[Subject],
    bundle: Option<PathBuf>,
    has_list: bool,
) -> Result<Vec<PathBuf>, Problem> {
    if let Some(bundle) = bundle {
        return Ok(vec![bundle]);
    }
    let places: Option<Vec<PathBuf>> = subjects.iter().map(place).collect();
    let mut places = places.filter(|_| !has_list).ok_or_else(|| {
        Problem::usage(
            "what is not named as a file has no place for a bundle beside it",
            "say where the bundle goes with --bundle PATH, or - for standard output",
        )
    })?;
    places.sort();
    let before = places.len();
    places.dedup();
    if places.len() < before {
        return Err(Problem::usage(
            "a file is named twice",
            "name each file once",
        ));
    }
    Ok(places)
}

fn place(subject: &Subject) -> Option<PathBuf> {
    match subject {
        Subject::File(path) => Some(files::bundles_beside(path)),
        Subject::Digest(_) | Subject::Stdin => None,
    }
}

/// The name of a subject in a statement: the file's own, without the folders of this machine.
pub(crate) fn name_in_statement(subject: &Subject) -> String {
    match subject {
        Subject::File(path) => {
            let name = path.file_name().map(Path::new);
            name.unwrap_or(path).display().to_string()
        }
        Subject::Digest(_) | Subject::Stdin => subject.name(),
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;
    use crate::cli::{Cli, Command};

    fn plan(line: &str) -> Result<Attest, Problem> {
        let words = ["sigsign", "attest"].into_iter().chain(line.split(' '));
        let cli = Cli::try_parse_from(words).unwrap();
        let Command::Attest(args) = cli.command else {
            panic!("not an attest command");
        };
        Attest::new(*args, cli.global.network())
    }

    #[test]
    fn accepts_files_with_a_place_for_more_beside_each() {
        let plan = plan("d/a b --type spdx --predicate p --local").unwrap();

        let places = ["b.sigstore.jsonl", "d/a.sigstore.jsonl"].map(PathBuf::from);
        assert_eq!(places.as_slice(), plan.bundles);
        assert_eq!("https://spdx.dev/Document", plan.predicate_type);
        assert_eq!(Said::File("p".into()), plan.said);
        assert_eq!("a", name_in_statement(&plan.subjects[0]));
    }

    #[test]
    fn accepts_a_list_with_a_bundle() {
        let plan = plan("--checksums SHA256SUMS --slsa --bundle x --local").unwrap();

        assert_eq!(["x"].map(PathBuf::from).as_slice(), plan.bundles);
        assert_eq!(Said::Build, plan.said);
    }

    #[test]
    fn rejects_what_does_not_go_together() {
        let digest = format!("sha256:{}", "0".repeat(64));
        let beside = "what is not named as a file has no place for a bundle beside it";
        for (line, want) in [
            ("a a --slsa --local", "a file is named twice"),
            ("a --checksums b --slsa --local", beside),
            (&format!("{digest} --slsa --local"), beside),
            (
                "a --type sbom --predicate p --local",
                "unknown predicate type sbom",
            ),
            (
                "- --bundle x --type spdx --predicate - --local",
                "standard input is named twice",
            ),
            (
                "a --slsa --offline",
                "signing asks services for a certificate, a time stamp and a log entry",
            ),
        ] {
            let problem = plan(line).unwrap_err();

            assert_eq!(("cli.usage", want), (problem.code, &*problem.sentences[0]));
        }
    }
}
