//! Images of a job, by their digests, and how their registries are reached.

use std::collections::HashSet;
use std::ffi::OsString;

use sigsign_core::digest::Digest;
use sigsign_core::limits;
use sigsign_core::oci::Target;

use super::{Inputs, Variables, wrong};
use crate::cli::{self, Network};
use crate::plan::image::{Name, Reach};
use crate::problem::Problem;

/// Images, each once, and what is done with their bundles.
#[derive(Debug)]
pub(crate) struct Images {
    pub(crate) named: Vec<Image>,
    pub(crate) reach: Reach,
    /// Bundles go to the registries of the images.
    pub(crate) push: bool,
    /// What a command that verifies says about registries.
    pub(crate) verify_with: Vec<OsString>,
}

/// One image.
#[derive(Debug)]
pub(crate) struct Image {
    pub(crate) name: Name,
    pub(crate) digest: Digest,
}

impl Images {
    pub(super) fn new<V: Variables>(
        inputs: &Inputs<'_, V>,
        network: Network,
    ) -> Result<Self, Problem> {
        let mut seen = HashSet::new();
        let mut named = Vec::new();
        for line in inputs.lines("IMAGES") {
            let image = Image::parse(&line)?;
            if seen.insert(image.pinned()) {
                named.push(image);
            }
        }
        if named.len() > limits::SUBJECTS {
            let most = limits::SUBJECTS;
            let sentence = format!("input images: wanted at most {most}, found {}", named.len());
            return Err(Problem::usage(sentence, "sign them in several steps"));
        }
        let names: Vec<Name> = named.iter().map(|it| it.name.clone()).collect();
        let reach = cli::Reach {
            registry_ca: inputs.path("TLS_CA")?,
            ..cli::Reach::default()
        };
        Ok(Self {
            named,
            push: inputs.flag("PUSH_TO_REGISTRY", true)?,
            verify_with: reach.arguments(),
            reach: Reach::new(reach, &names, network)?,
        })
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.named.is_empty()
    }
}

impl Image {
    fn parse(text: &str) -> Result<Self, Problem> {
        let name = Name::parse(text)?;
        match name.target {
            Some(Target::Digest(digest)) => Ok(Self { name, digest }),
            _ => Err(wrong("IMAGES", "names with a digest, a line each", text).hint(
                "a tag may lead elsewhere by now: write REGISTRY/REPOSITORY@sha256:HEX, with the \
                 digest that the step which pushed the image has as an output",
            )),
        }
    }

    /// The name that leads to this and nothing else.
    pub(crate) fn pinned(&self) -> String {
        self.name.pinned(self.digest)
    }

    /// What a file with its bundles is called, in a folder with those of others.
    pub(crate) fn file_name(&self) -> String {
        let name = self.pinned().replace(|c: char| "/:@".contains(c), "_");
        format!("{name}.sigstore.jsonl")
    }
}
