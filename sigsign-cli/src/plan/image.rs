//! Images: which, what of them, and how they are reached.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use sigsign_core::digest::Digest;
use sigsign_core::oci::{Claim, Demand, Platform, Reference, ReferenceError, Target};

use super::attest::Said;
use super::sign::{Credential, Services, verify_with};
use super::{Demands, Root, Who, check_stdin, nobody};
use crate::cli::{self, Network};
use crate::predicate;
use crate::problem::Problem;
use crate::report::Source;

/// An image by its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Name {
    /// As it was given.
    pub(crate) text: String,
    pub(crate) place: Place,
    /// `None` if none was given, and none is needed.
    pub(crate) target: Option<Target>,
    /// Where it is named, if in files.
    pub(crate) sources: Vec<Source>,
}

/// Where images are kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// A folder in the OCI layout.
    Layout(PathBuf),
    /// The repository of this reference.
    Registry(Reference),
}

/// How registries are reached.
#[derive(Clone, Debug)]
pub(crate) struct Reach {
    /// Registries that are asked without TLS because the user says so.
    pub(crate) plain: Option<Vec<String>>,
    pub(crate) ca: Option<PathBuf>,
    /// How long one answer may take.
    pub(crate) patience: Duration,
    pub(crate) auth_file: Option<PathBuf>,
}

/// Which manifests of an image for several platforms.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Which {
    pub(crate) top: bool,
    pub(crate) platforms: Platforms,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Platforms {
    All,
    These(Vec<Platform>),
}

/// Images to sign, or to say something of.
#[derive(Debug)]
pub(crate) struct Make {
    pub(crate) names: Vec<Name>,
    pub(crate) which: Which,
    pub(crate) what: What,
    pub(crate) who: Credential,
    pub(crate) services: Services,
    pub(crate) reach: Reach,
    /// What a command that verifies says about services and registries.
    pub(crate) verify_with: Vec<OsString>,
}

/// What is made.
#[derive(Debug)]
pub(crate) enum What {
    Attestation { predicate_type: String, said: Said },
    Signature { annotations: Vec<(String, String)> },
}

/// Images to verify.
#[derive(Debug)]
pub(crate) struct Verify {
    pub(crate) names: Vec<Name>,
    pub(crate) which: Which,
    pub(crate) claim: Claim,
    pub(crate) annotations: Vec<(String, String)>,
    pub(crate) bind_repository: bool,
    pub(crate) pin_out: Option<PathBuf>,
    pub(crate) who: Who,
    pub(crate) demands: Demands,
    pub(crate) root: Root,
    pub(crate) reach: Reach,
}

/// An image to copy.
#[derive(Debug)]
pub(crate) struct Copy {
    pub(crate) from: Name,
    pub(crate) to: Name,
    pub(crate) reach: Reach,
}

impl Make {
    pub(crate) fn signature(args: cli::SignImage, network: Network) -> Result<Self, Problem> {
        let annotations = annotations(&args.annotations)?;
        let what = What::Signature { annotations };
        let rest = (args.signer, args.services, args.reach);
        Self::new(&args.images, args.which, what, rest, network)
    }

    pub(crate) fn attestation(args: cli::AttestImage, network: Network) -> Result<Self, Problem> {
        let (predicate_type, said) = match (args.predicate_type, args.predicate) {
            (Some(name), Some(path)) => (predicate::type_of(&name)?, Said::File(path)),
            _ => (sigsign_core::oidc::PROVENANCE_TYPE.to_owned(), Said::Build),
        };
        let what = What::Attestation {
            predicate_type,
            said,
        };
        let rest = (args.signer, args.services, args.reach);
        Self::new(&args.images, args.which, what, rest, network)
    }

    fn new(
        images: &[String],
        which: cli::WhichManifests,
        what: What,
        (signer, services, reach): (cli::Credential, cli::Services, cli::Reach),
        network: Network,
    ) -> Result<Self, Problem> {
        let names = names(images)?;
        let mut verify_with = verify_with(&services);
        verify_with.extend(reach.arguments());
        let who = Credential::new(signer, services.local);
        let [token, password] = who.paths();
        let said = match &what {
            What::Attestation {
                said: Said::File(path),
                ..
            } => Some(path.as_path()),
            _ => None,
        };
        check_stdin(&[], &[token, password, said])?;
        let services = Services::new(services, network)?;
        if network == Network::Off {
            services.refuse_remote()?;
        }
        Ok(Self {
            reach: Reach::new(reach, &names, network)?,
            names,
            which: Which::new(which)?,
            what,
            who,
            services,
            verify_with,
        })
    }
}

impl Verify {
    /// With the images that files name, too.
    pub(crate) fn new(
        mut args: cli::VerifyImage,
        named: Vec<Name>,
        network: Network,
    ) -> Result<Self, Problem> {
        let names = with_named(&args.images, named)?;
        if args.require_digest {
            refuse_tags(&names)?;
        }
        let who = Who::new(args.signer)?.ok_or_else(nobody)?;
        let claim = match args.demands.predicate_type.take() {
            Some(name) => Claim::Attestation(predicate::type_of(&name)?),
            None => Claim::Signature,
        };
        let demands = Demands::new(args.demands, &args.root.instance)?;
        let root = Root::new(args.root);
        let manifests = args.from_manifests.iter().map(|it| Some(it.as_path()));
        let paths: Vec<_> = manifests.chain([who.path(), root.path()]).collect();
        check_stdin(&[], &paths)?;
        Ok(Self {
            reach: Reach::new(args.reach, &names, network)?,
            names,
            which: Which::new(args.which)?,
            claim,
            annotations: annotations(&args.annotations)?,
            bind_repository: args.bind_repository,
            pin_out: args.pin_out,
            who,
            demands,
            root,
        })
    }

    /// What is asked of an attachment of an image in this repository.
    pub(crate) fn demand(&self, repository: &str) -> Demand {
        let demand = Demand::new(self.claim.clone());
        let all = self.annotations.iter();
        let demand = all.fold(demand, |it, (name, value)| it.annotation(name, value));
        if self.bind_repository {
            demand.repository(repository)
        } else {
            demand
        }
    }
}

impl Copy {
    pub(crate) fn new(args: cli::CopyImage, network: Network) -> Result<Self, Problem> {
        let from = Name::parse(&args.from)?;
        let to = Name::parse_place(&args.to)?;
        let names = [from.clone(), to.clone()];
        let reach = Reach::new(args.reach, &names, network)?;
        Ok(Self { from, to, reach })
    }
}

/// For who takes digests only.
pub(super) fn refuse_tags(names: &[Name]) -> Result<(), Problem> {
    let by_tag = |it: &&Name| matches!(it.target, Some(Target::Tag(_)));
    match names.iter().find(by_tag) {
        Some(name) => Err(Problem::usage(
            format!(
                "{} is named by a tag, which may lead elsewhere tomorrow",
                name.text
            ),
            "name it with its digest, or leave out --require-digest",
        )),
        None => Ok(()),
    }
}

/// Those of the command line, then those that files name.
pub(super) fn with_named(images: &[String], named: Vec<Name>) -> Result<Vec<Name>, Problem> {
    let mut names = names(images)?;
    names.extend(named);
    Ok(names)
}

pub(super) fn names(images: &[String]) -> Result<Vec<Name>, Problem> {
    images.iter().map(|it| Name::parse(it)).collect()
}

impl Name {
    /// A name that leads to one image.
    pub(super) fn parse(text: &str) -> Result<Self, Problem> {
        if let Some(layout) = text.strip_prefix(LAYOUT) {
            let name = Self::layout(text, layout)?;
            return match name.target {
                Some(_) => Ok(name),
                None => Err(Problem::usage(
                    format!("which image in {layout}?"),
                    "name it by its tag or digest: oci:FOLDER:TAG or oci:FOLDER@sha256:HEX",
                )),
            };
        }
        let reference = Reference::parse(text).map_err(|error| wrong_name(text, &error))?;
        Ok(Self {
            text: text.to_owned(),
            target: Some(reference.target()),
            place: Place::Registry(reference),
            sources: Vec::new(),
        })
    }

    /// A name that stands in files.
    pub(crate) fn of_reference(reference: Reference, sources: Vec<Source>) -> Self {
        Self {
            text: reference.to_string(),
            target: Some(reference.target()),
            place: Place::Registry(reference),
            sources,
        }
    }

    /// A name of a place, with a tag or digest or without.
    fn parse_place(text: &str) -> Result<Self, Problem> {
        if let Some(layout) = text.strip_prefix(LAYOUT) {
            return Self::layout(text, layout);
        }
        match Reference::parse(text) {
            Err(ReferenceError::NoTarget { .. }) => {
                let reference = Reference::expand(text).map_err(|it| wrong_name(text, &it))?;
                Ok(Self {
                    text: text.to_owned(),
                    place: Place::Registry(reference),
                    target: None,
                    sources: Vec::new(),
                })
            }
            _ => Self::parse(text),
        }
    }

    fn layout(text: &str, layout: &str) -> Result<Self, Problem> {
        let last = layout.rfind('/').map_or(0, |at| at.saturating_add(1));
        let name = layout.get(last..).unwrap_or_default();
        let (end, target) = match (name.find('@'), name.rfind(':')) {
            (Some(at), _) => {
                let digest = name.get(at.saturating_add(1)..).and_then(Digest::parse);
                let digest = digest.ok_or_else(|| {
                    let what = "a digest is sha256: and 64 digits of lower-case hexadecimal";
                    Problem::usage(format!("not a digest: {text}"), what)
                })?;
                (last.saturating_add(at), Some(Target::Digest(digest)))
            }
            (None, Some(at)) => {
                let tag = name.get(at.saturating_add(1)..).unwrap_or_default();
                (last.saturating_add(at), Some(Target::Tag(tag.to_owned())))
            }
            (None, None) => (layout.len(), None),
        };
        let folder = layout.get(..end).unwrap_or_default();
        if folder.is_empty() {
            return Err(Problem::usage(
                "oci: needs a folder",
                "as in oci:FOLDER:TAG",
            ));
        }
        Ok(Self {
            text: text.to_owned(),
            place: Place::Layout(folder.into()),
            target,
            sources: Vec::new(),
        })
    }

    /// Registry and repository, or the folder.
    pub(crate) fn repository(&self) -> String {
        match &self.place {
            Place::Layout(folder) => format!("{LAYOUT}{}", folder.display()),
            Place::Registry(reference) => reference.name(),
        }
    }

    /// What people read: the name as it was given, with the digest.
    pub(crate) fn with_digest(&self, digest: Digest) -> String {
        let tag = match &self.target {
            Some(Target::Tag(tag)) => format!(":{tag}"),
            _ => String::new(),
        };
        format!("{}{tag}@{digest}", self.repository())
    }

    /// The name that leads to this and nothing else.
    pub(crate) fn pinned(&self, digest: Digest) -> String {
        format!("{}@{digest}", self.repository())
    }
}

fn wrong_name(text: &str, error: &ReferenceError) -> Problem {
    let hint = match error {
        ReferenceError::Short { full } => format!("if that is the image you mean, write {full}"),
        ReferenceError::NoTarget { .. } => {
            "add the tag or digest that you mean: nothing is taken for granted, `latest` neither"
                .to_owned()
        }
        _ => {
            "an image is REGISTRY/REPOSITORY:TAG, REGISTRY/REPOSITORY@sha256:HEX or oci:FOLDER:TAG"
                .to_owned()
        }
    };
    Problem::usage(format!("{text}: {error}"), hint)
}

fn annotations(texts: &[String]) -> Result<Vec<(String, String)>, Problem> {
    let one = |text: &String| {
        let pair = text.split_once('=').filter(|(name, _)| !name.is_empty());
        let pair = pair.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let example = "as in --annotation commit=8f3c2a1";
        pair.ok_or_else(|| Problem::usage(format!("not NAME=VALUE: {text}"), example))
    };
    let all: Vec<(String, String)> = texts.iter().map(one).collect::<Result<_, _>>()?;
    let mut names: Vec<&String> = all.iter().map(|(name, _)| name).collect();
    names.sort();
    names.dedup();
    if names.len() < all.len() {
        return Err(Problem::usage(
            "an annotation is named twice",
            "give each name once",
        ));
    }
    Ok(all)
}

impl Which {
    fn new(args: cli::WhichManifests) -> Result<Self, Problem> {
        let mut which = Self {
            top: args.platforms.is_empty(),
            platforms: Platforms::These(Vec::new()),
        };
        let words = args.platforms.iter().map(String::as_str);
        for word in words.chain(args.recursive.then_some("all")) {
            match (word, &mut which.platforms) {
                ("index", _) => which.top = true,
                ("all", _) => {
                    which.top = true;
                    which.platforms = Platforms::All;
                }
                (_, Platforms::All) => {}
                (word, Platforms::These(these)) => {
                    these.push(Platform::parse(word).ok_or_else(|| {
                        Problem::usage(
                            format!("not a platform: {word}"),
                            "it is index, all, or OS/ARCHITECTURE as in linux/amd64",
                        )
                    })?);
                }
            }
        }
        Ok(which)
    }
}

impl Reach {
    pub(super) fn new(args: cli::Reach, names: &[Name], network: Network) -> Result<Self, Problem> {
        let registry = |name: &Name| match &name.place {
            Place::Registry(reference) => Some(reference.registry().to_owned()),
            Place::Layout(_) => None,
        };
        let registries: Vec<String> = names.iter().filter_map(registry).collect();
        if let Some(registry) = registries.first().filter(|_| network == Network::Off) {
            return Err(Problem::usage(
                format!("{registry} is asked for images"),
                "leave out --offline, or copy the image to a folder first: oci:FOLDER:TAG",
            ));
        }
        // Whoever writes manifests does not say whom we talk to without TLS.
        let named_here = names.iter().filter(|it| it.sources.is_empty());
        let plain = named_here.filter_map(registry).collect();
        Ok(Self {
            plain: args.plain_http.then_some(plain),
            ca: args.registry_ca,
            patience: Duration::from_secs(args.registry_timeout.get().into()),
            auth_file: args.auth_file,
        })
    }
}

impl cli::Reach {
    /// As another command takes it.
    pub(super) fn arguments(&self) -> Vec<OsString> {
        let mut arguments = Vec::new();
        if self.plain_http {
            arguments.push("--plain-http".into());
        }
        for (name, path) in [
            ("--registry-ca", &self.registry_ca),
            ("--auth-file", &self.auth_file),
        ] {
            if let Some(path) = path {
                arguments.extend([name.into(), path.into()]);
            }
        }
        arguments
    }
}

const LAYOUT: &str = "oci:";

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;
    use crate::cli::{Cli, Command, Image};

    fn image(line: &str) -> (Image, Network) {
        let words = ["sigsign", "image"].into_iter().chain(line.split(' '));
        let cli = Cli::try_parse_from(words).unwrap();
        let network = cli.global.network();
        match cli.command {
            Command::Image(image) => (image, network),
            _ => panic!("not an image command"),
        }
    }

    fn verify(line: &str) -> Result<Verify, Problem> {
        match image(&format!("verify {line}")) {
            (Image::Verify(args), network) => Verify::new(*args, Vec::new(), network),
            _ => panic!("not a verification"),
        }
    }

    const WHO: &str = "--identity a --issuer b";

    fn digest() -> String {
        format!("sha256:{}", "0".repeat(64))
    }

    #[test]
    fn accepts_names_of_images() {
        let digest = digest();
        for (text, repository, target) in [
            ("e.org/a:1".to_owned(), "e.org/a", ":1".to_owned()),
            (
                format!("e.org/a:1@{digest}"),
                "e.org/a",
                format!("@{digest}"),
            ),
            ("oci:dir/x:1".to_owned(), "oci:dir/x", ":1".to_owned()),
            (
                format!("oci:/d:r/x@{digest}"),
                "oci:/d:r/x",
                format!("@{digest}"),
            ),
        ] {
            let plan = verify(&format!("{text} {WHO}")).unwrap();

            let [name] = plan.names.as_slice() else {
                panic!("{text}: not one name");
            };
            let found = name.target.as_ref().map(ToString::to_string);
            assert_eq!((repository, Some(target)), (&*name.repository(), found));
        }
    }

    #[test]
    fn accepts_platforms() {
        let amd64 = || Platforms::These(vec![Platform::parse("linux/amd64").unwrap()]);
        for (flags, top, platforms) in [
            ("", true, Platforms::These(Vec::new())),
            (" --platform index", true, Platforms::These(Vec::new())),
            (" --platform all", true, Platforms::All),
            (" -r", true, Platforms::All),
            (" --platform linux/amd64", false, amd64()),
            (" --platform linux/amd64 --platform index", true, amd64()),
            (
                " --platform all --platform linux/amd64",
                true,
                Platforms::All,
            ),
        ] {
            let plan = verify(&format!("e.org/a:1 {WHO}{flags}")).unwrap();

            assert_eq!(Which { top, platforms }, plan.which, "{flags}");
        }
    }

    // A27
    #[test]
    fn speaks_without_tls_to_whom_the_command_line_names_only() {
        let source = Source {
            path: "k8s.yaml".to_owned(),
            line: 1,
        };
        let named = Reference::parse("d.org/b:1").unwrap();
        let named = vec![Name::of_reference(named, vec![source])];
        let line = format!("verify e.org/a:1 --plain-http {WHO}");
        let (Image::Verify(args), network) = image(&line) else {
            panic!("not a verification");
        };

        let plan = Verify::new(*args, named, network).unwrap();

        assert_eq!(2, plan.names.len());
        assert_eq!(Some(vec!["e.org".to_owned()]), plan.reach.plain);
    }

    #[test]
    fn rejects_what_does_not_go_together() {
        let digest = digest();
        for (line, want) in [
            (
                "nginx --key k".to_owned(),
                "nginx: wanted the whole name of an image, with its registry: docker.io/library/nginx:latest is what Docker would take it for",
            ),
            (
                "e.org/a --key k".to_owned(),
                "e.org/a: wanted a tag or digest of e.org/a, found none",
            ),
            ("oci:x --key k".to_owned(), "which image in x?"),
            ("oci::1 --key k".to_owned(), "oci: needs a folder"),
            ("oci:x@1 --key k".to_owned(), "not a digest: oci:x@1"),
            ("e.org/a:1".to_owned(), "nobody named who must have signed"),
            (
                "e.org/a:1 --key k --require-digest".to_owned(),
                "e.org/a:1 is named by a tag, which may lead elsewhere tomorrow",
            ),
            (
                "e.org/a:1 --key k --platform linux".to_owned(),
                "not a platform: linux",
            ),
            ("e.org/a:1 --key k -a x".to_owned(), "not NAME=VALUE: x"),
            (
                "e.org/a:1 --key k -a x=1 -a x=2".to_owned(),
                "an annotation is named twice",
            ),
            (
                "e.org/a:1 --key k --type sbom".to_owned(),
                "unknown predicate type sbom",
            ),
            (
                format!("e.org/a@{digest} --key k --offline"),
                "e.org is asked for images",
            ),
        ] {
            let problem = verify(&line).unwrap_err();

            assert_eq!(("cli.usage", want), (problem.code, &*problem.sentences[0]));
        }
        assert!(verify("oci:x:1 --key k --offline").is_ok());
    }

    #[test]
    fn accepts_a_place_without_a_tag_to_copy_to() {
        for (to, target) in [
            ("e.org/b", None),
            ("e.org/b:2", Some(":2")),
            ("oci:d", None),
        ] {
            let (Image::Copy(args), network) = image(&format!("copy e.org/a:1 {to}")) else {
                panic!("not a copy");
            };
            let plan = Copy::new(args, network).unwrap();

            assert_eq!(
                target.map(str::to_owned),
                plan.to.target.map(|it| it.to_string())
            );
        }
    }
}
