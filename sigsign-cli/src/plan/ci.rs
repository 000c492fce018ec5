//! What a job of GitHub Actions asks for: the inputs of the action, and what the runner says.
//!
//! Spec: GitHub's documentation, "Variables reference" and "Metadata syntax reference"

mod check;
mod images;

use std::ffi::OsString;
use std::path::PathBuf;

use sigsign_core::crypto::Scheme;
use sigsign_core::oidc::ambient::Provider;
use zeroize::Zeroizing;

use super::sign::{Credential, Services, TokenSource, verify_with};
use crate::cli::{self, Network};
use crate::predicate;
use crate::problem::Problem;

pub(crate) use check::Check;
pub(crate) use images::{Image, Images};

/// What to do in a job.
#[derive(Debug)]
pub(crate) struct GitHub {
    pub(crate) work: Work,
    pub(crate) files: Files,
    pub(crate) images: Images,
    /// Nothing to do is a mistake.
    pub(crate) fail_on_empty: bool,
    pub(crate) runner: Runner,
}

#[derive(Debug)]
pub(crate) enum Work {
    Make(Box<Make>),
    Verify(Check),
}

/// Signatures and statements to make, and where they go.
#[derive(Debug)]
pub(crate) struct Make {
    /// A signature of each file, beside the statements.
    pub(crate) signatures: bool,
    pub(crate) provenance: bool,
    /// Predicates from files, with their types.
    pub(crate) predicates: Vec<(String, PathBuf)>,
    pub(crate) checksums: Option<PathBuf>,
    pub(crate) bundle_dir: Option<PathBuf>,
    pub(crate) release: Release,
    /// What happens to files of a release that have the name of a bundle.
    pub(crate) others: Others,
    /// Statements go to GitHub's store too.
    pub(crate) store: bool,
    pub(crate) who: Credential,
    pub(crate) services: Services,
    /// What a command that verifies says about the services.
    pub(crate) verify_with: Vec<OsString>,
}

/// Whether bundles are uploaded to a release.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Release {
    /// If a release is what the job runs for.
    Auto,
    Always,
    Never,
}

/// What happens to other files of the same name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Others {
    Replaced,
    Stay,
}

/// Which files.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Files {
    pub(crate) patterns: Vec<String>,
    /// Those that begin with an exclamation mark, without it.
    pub(crate) excluded: Vec<String>,
}

/// What the runner says of the job.
#[derive(Debug)]
pub(crate) struct Runner {
    pub(crate) workspace: PathBuf,
    /// OWNER/REPO.
    pub(crate) repository: String,
    pub(crate) event: Option<PathBuf>,
    /// The tag or branch.
    pub(crate) ref_name: String,
    pub(crate) is_tag: bool,
    pub(crate) api: String,
    pub(crate) output: Option<PathBuf>,
    /// `None` if nobody wants one.
    pub(crate) summary: Option<PathBuf>,
    pub(crate) token: Option<GitHubToken>,
}

/// S12: what may write to the repository is not shown.
pub(crate) struct GitHubToken(pub(crate) Zeroizing<String>);

impl std::fmt::Debug for GitHubToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("GitHubToken")
    }
}

/// The environment of a job: what is empty is not there, as for an input that nobody gave.
pub(crate) trait Variables: Fn(&str) -> Option<String> {}

impl<F: Fn(&str) -> Option<String>> Variables for F {}

impl GitHub {
    pub(crate) fn new(at: &impl Variables, network: Network) -> Result<Self, Problem> {
        let inputs = Inputs(at);
        let files = Files {
            patterns: inputs.patterns(false)?,
            excluded: inputs.patterns(true)?,
        };
        let images = Images::new(&inputs, network)?;
        let mode = inputs.text("MODE");
        let work = match mode.as_deref().unwrap_or("sign") {
            "sign" => Work::Make(Box::new(Make::new(&inputs, true, network)?)),
            "attest" => Work::Make(Box::new(Make::new(&inputs, false, network)?)),
            "verify" => Work::Verify(Check::new(&inputs)?),
            other => return Err(wrong("MODE", "sign, attest or verify", other)),
        };
        if let Work::Make(make) = &work {
            make.check_place_of(&images)?;
        }
        Ok(Self {
            work,
            files,
            images,
            fail_on_empty: inputs.flag("FAIL_ON_EMPTY", true)?,
            runner: Runner::new(at, inputs.flag("SUMMARY", true)?)?,
        })
    }
}

impl Make {
    fn new<V: Variables>(
        inputs: &Inputs<'_, V>,
        signatures: bool,
        network: Network,
    ) -> Result<Self, Problem> {
        let args = inputs.services();
        let verify_with = verify_with(&args);
        let services = Services::new(args, network)?;
        if network == Network::Off {
            services.refuse_remote()?;
        }
        let make = Self {
            signatures,
            provenance: inputs.flag("PROVENANCE", true)?,
            predicates: inputs.predicates()?,
            checksums: inputs.path("CHECKSUMS")?,
            bundle_dir: inputs.path("BUNDLE_DIR")?,
            release: inputs.release()?,
            others: match inputs.flag("RELEASE_REPLACE", false)? {
                true => Others::Replaced,
                false => Others::Stay,
            },
            store: inputs.flag("GITHUB_ATTESTATIONS", false)?,
            who: Credential::Token {
                source: TokenSource::Ambient(Provider::GitHub),
                audience: "sigstore".to_owned(),
                scheme: Scheme::EcdsaP256Sha256,
            },
            services,
            verify_with,
        };
        if !make.signatures && make.is_silent() {
            return Err(Problem::usage(
                "mode attest has nothing to say of the files",
                "leave provenance on, or give sbom, or predicate-type with predicate-path",
            ));
        }
        Ok(make)
    }

    /// Bundles of images have a place: their registries, or a folder.
    fn check_place_of(&self, images: &Images) -> Result<(), Problem> {
        if images.is_empty() || images.push || self.bundle_dir.is_some() {
            return Ok(());
        }
        Err(Problem::usage(
            "push-to-registry is false, and there is no other place for bundles of images",
            "say where they go with bundle-dir",
        ))
    }

    /// There are no statements to make.
    pub(crate) fn is_silent(&self) -> bool {
        !self.provenance && self.predicates.is_empty()
    }
}

impl Runner {
    fn new(at: &impl Variables, summary: bool) -> Result<Self, Problem> {
        let path = |name: &str| at(name).map(PathBuf::from);
        let text = |name: &str| at(name).unwrap_or_default();
        let repository = at("GITHUB_REPOSITORY").ok_or_else(|| {
            Problem::usage(
                "this is no job of GitHub Actions: GITHUB_REPOSITORY is not set",
                "`sigsign sign` and `sigsign attest` work anywhere",
            )
        })?;
        let api = at("GITHUB_API_URL");
        Ok(Self {
            workspace: path("GITHUB_WORKSPACE").unwrap_or_else(|| PathBuf::from(".")),
            repository,
            event: path("GITHUB_EVENT_PATH"),
            ref_name: text("GITHUB_REF_NAME"),
            is_tag: text("GITHUB_REF_TYPE") == "tag",
            api: api.unwrap_or_else(|| "https://api.github.com".to_owned()),
            output: path("GITHUB_OUTPUT"),
            summary: path("GITHUB_STEP_SUMMARY").filter(|_| summary),
            token: at("SIGSIGN_GITHUB_TOKEN").map(|it| GitHubToken(Zeroizing::new(it))),
        })
    }
}

/// The inputs, by their names in the environment.
struct Inputs<'a, V>(&'a V);

impl<V: Variables> Inputs<'_, V> {
    fn text(&self, name: &str) -> Option<String> {
        let value = (self.0)(&format!("SIGSIGN_{name}"))?;
        Some(value.trim().to_owned()).filter(|it| !it.is_empty())
    }

    fn flag(&self, name: &str, otherwise: bool) -> Result<bool, Problem> {
        match self.text(name).as_deref() {
            None => Ok(otherwise),
            Some("true") => Ok(true),
            Some("false") => Ok(false),
            Some(other) => Err(wrong(name, "true or false", other)),
        }
    }

    /// A file or folder, which no program takes for an option.
    fn path(&self, name: &str) -> Result<Option<PathBuf>, Problem> {
        match self.text(name) {
            Some(path) if path.starts_with('-') => Err(wrong(name, "a path", &path)),
            path => Ok(path.map(PathBuf::from)),
        }
    }

    /// The lines that have something in them.
    fn lines(&self, name: &str) -> Vec<String> {
        let text = self.text(name).unwrap_or_default();
        let lines = text.lines().map(str::trim).filter(|it| !it.is_empty());
        lines.map(str::to_owned).collect()
    }

    /// Patterns, a line each.
    fn patterns(&self, excluded: bool) -> Result<Vec<String>, Problem> {
        let mut patterns = Vec::new();
        for line in self.lines("FILES") {
            let (is_excluded, pattern) = match line.strip_prefix('!') {
                Some(pattern) => (true, pattern),
                None => (false, line.as_str()),
            };
            if pattern.starts_with('-') {
                return Err(wrong("FILES", "files or patterns, a line each", &line));
            }
            if is_excluded == excluded {
                patterns.push(pattern.to_owned());
            }
        }
        Ok(patterns)
    }

    fn predicates(&self) -> Result<Vec<(String, PathBuf)>, Problem> {
        let mut predicates = Vec::new();
        if let Some(path) = self.path("SBOM")? {
            // The file itself says which kind it is, when it is read.
            predicates.push((String::new(), path));
        }
        let name = self.text("PREDICATE_TYPE");
        match (name, self.path("PREDICATE_PATH")?) {
            (Some(name), Some(path)) => predicates.push((predicate::type_of(&name)?, path)),
            (None, None) => {}
            _ => {
                return Err(Problem::usage(
                    "predicate-type and predicate-path belong together",
                    "give both, or neither",
                ));
            }
        }
        Ok(predicates)
    }

    fn release(&self) -> Result<Release, Problem> {
        match self.text("RELEASE_UPLOAD").as_deref() {
            None | Some("auto") => Ok(Release::Auto),
            Some("true") => Ok(Release::Always),
            Some("false") => Ok(Release::Never),
            Some(other) => Err(wrong("RELEASE_UPLOAD", "auto, true or false", other)),
        }
    }

    fn services(&self) -> cli::Services {
        let path = |name: &str| self.text(name).map(PathBuf::from);
        cli::Services {
            instance: self.text("INSTANCE"),
            trusted_root: path("TRUSTED_ROOT"),
            signing_config: path("SIGNING_CONFIG"),
            tls_ca: path("TLS_CA"),
            ..cli::Services::default()
        }
    }
}

/// An input that says something else than it can.
fn wrong(name: &str, want: &str, found: &str) -> Problem {
    Problem::usage(
        format!("input {}: wanted {want}, found {found}", input(name)),
        format!("in the environment of the command it is SIGSIGN_{name}"),
    )
}

/// The input of the action that a variable stands for.
fn input(name: &str) -> String {
    name.to_lowercase().replace('_', "-")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(variables: &[(&str, &str)]) -> Result<GitHub, Problem> {
        let lookup = |name: &str| {
            let all = variables.iter().chain(&[("GITHUB_REPOSITORY", "o/r")]);
            let mut found = all.filter(|(it, _)| *it == name);
            found.next().map(|(_, value)| (*value).to_owned())
        };
        GitHub::new(&lookup, Network::Allowed)
    }

    fn refused(variables: &[(&str, &str)]) -> String {
        let problem = plan(variables).unwrap_err();
        assert_eq!("cli.usage", problem.code);
        problem.sentences[0].clone()
    }

    #[test]
    fn accepts_nothing_but_files() {
        let plan = plan(&[("SIGSIGN_FILES", " dist/* \n\n!dist/*.txt\na b")]).unwrap();

        assert_eq!(["dist/*", "a b"], *plan.files.patterns);
        assert_eq!(["dist/*.txt"], *plan.files.excluded);
        assert!(plan.fail_on_empty && plan.images.is_empty());
        let Work::Make(make) = plan.work else {
            panic!("not to verify");
        };
        assert!(make.signatures && make.provenance && !make.store);
        assert_eq!(Release::Auto, make.release);
    }

    #[test]
    fn accepts_this_repository_or_whom_somebody_names() {
        for (variables, want) in [
            (&[][..], &["--repository=o/r"][..]),
            (
                &[
                    ("SIGSIGN_REPOSITORY", "a/b"),
                    ("SIGSIGN_INSTANCE", "github"),
                ],
                &["--repository=a/b", "--instance=github"],
            ),
            (
                &[
                    ("SIGSIGN_IDENTITY", "--key"),
                    ("SIGSIGN_ISSUER", "https://i"),
                ],
                &["--identity=--key", "--issuer=https://i"],
            ),
        ] {
            let variables = [variables, &[("SIGSIGN_MODE", "verify")]].concat();
            let Work::Verify(check) = plan(&variables).unwrap().work else {
                panic!("not to sign");
            };
            assert_eq!(want, check.arguments);
        }
    }

    #[test]
    fn accepts_a_policy_in_place_of_everything_else() {
        let verify = [("SIGSIGN_MODE", "verify"), ("SIGSIGN_POLICY", "a policy")];

        let Work::Verify(check) = plan(&verify).unwrap().work else {
            panic!("not to sign");
        };

        assert_eq!(["--policy=a policy"], *check.arguments);
        for name in ["REPOSITORY", "ISSUER", "PREDICATE_TYPE", "TRUSTED_ROOT"] {
            let variable = format!("SIGSIGN_{name}");
            let other = [&verify[..], &[(&variable, "x")]].concat();
            let want = format!("policy and {} both say what is trusted", input(name));
            assert_eq!(want, refused(&other));
        }
    }

    #[test]
    fn rejects_inputs_that_say_something_else() {
        for (name, value, want) in [
            (
                "MODE",
                "both",
                "input mode: wanted sign, attest or verify, found both",
            ),
            (
                "PROVENANCE",
                "yes",
                "input provenance: wanted true or false, found yes",
            ),
            (
                "RELEASE_UPLOAD",
                "no",
                "input release-upload: wanted auto, true or false, found no",
            ),
            (
                "FILES",
                "a\n--key",
                "input files: wanted files or patterns, a line each, found --key",
            ),
            (
                "FILES",
                "!-k",
                "input files: wanted files or patterns, a line each, found !-k",
            ),
            (
                "BUNDLE_DIR",
                "-k",
                "input bundle-dir: wanted a path, found -k",
            ),
            ("SBOM", "--help", "input sbom: wanted a path, found --help"),
            (
                "PREDICATE_PATH",
                "p",
                "predicate-type and predicate-path belong together",
            ),
            (
                "PREDICATE_TYPE",
                "spdx",
                "predicate-type and predicate-path belong together",
            ),
        ] {
            assert_eq!(want, refused(&[(&format!("SIGSIGN_{name}"), value)]));
        }
        let silent = [("SIGSIGN_MODE", "attest"), ("SIGSIGN_PROVENANCE", "false")];
        assert_eq!(
            "mode attest has nothing to say of the files",
            refused(&silent)
        );
        let two = [
            ("SIGSIGN_MODE", "verify"),
            ("SIGSIGN_IDENTITY", "a"),
            ("SIGSIGN_REPOSITORY", "o/r"),
        ];
        assert_eq!(
            "identity and repository both say who must have signed",
            refused(&two)
        );
    }

    #[test]
    fn rejects_a_place_that_is_no_job() {
        let problem = GitHub::new(&|_: &str| None, Network::Allowed).unwrap_err();

        assert_eq!("cli.usage", problem.code);
        assert!(problem.sentences[0].contains("no job of GitHub Actions"));
    }
}
