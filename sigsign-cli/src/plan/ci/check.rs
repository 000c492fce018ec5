//! What a job verifies: the words of the commands that do.

use std::ffi::OsString;
use std::path::Path;

use super::{Inputs, Variables, input};
use crate::problem::Problem;

/// What `verify` and `image verify` are told, beside what they are to verify.
#[derive(Debug)]
pub(crate) struct Check {
    pub(crate) arguments: Vec<OsString>,
}

impl Check {
    /// Who must have signed: this repository, if nobody else is named.
    pub(super) fn new<V: Variables>(inputs: &Inputs<'_, V>) -> Result<Self, Problem> {
        if let Some(policy) = inputs.path("POLICY")? {
            return Self::by_policy(inputs, &policy);
        }
        let mut arguments: Vec<OsString> = Vec::new();
        let mut option = |name: &str, value: Option<String>| {
            if let Some(value) = value {
                arguments.push(format!("{name}={value}").into());
            }
        };
        let identity = inputs.text("IDENTITY");
        let repository = inputs.text("REPOSITORY");
        if identity.is_none() {
            let own = || (inputs.0)("GITHUB_REPOSITORY");
            option("--repository", repository.or_else(own));
        } else if repository.is_some() {
            return Err(Problem::usage(
                "identity and repository both say who must have signed",
                "give one of them",
            ));
        }
        option("--identity", identity);
        option("--issuer", inputs.text("ISSUER"));
        option("--type", inputs.text("PREDICATE_TYPE"));
        let services = inputs.services();
        option("--instance", services.instance);
        let root = services.trusted_root;
        option("--trusted-root", root.map(|it| it.display().to_string()));
        Ok(Self { arguments })
    }

    /// A policy file says everything, so that nothing else may.
    fn by_policy<V: Variables>(inputs: &Inputs<'_, V>, policy: &Path) -> Result<Self, Problem> {
        const OTHERS: [&str; 6] = [
            "REPOSITORY",
            "IDENTITY",
            "ISSUER",
            "PREDICATE_TYPE",
            "INSTANCE",
            "TRUSTED_ROOT",
        ];
        if let Some(name) = OTHERS.iter().find(|it| inputs.text(it).is_some()) {
            return Err(Problem::usage(
                format!("policy and {} both say what is trusted", input(name)),
                "the policy file decides, in place of every other input",
            ));
        }
        let mut option = OsString::from("--policy=");
        option.push(policy);
        Ok(Self {
            arguments: vec![option],
        })
    }
}
