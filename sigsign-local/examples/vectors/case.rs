//! One case: a recipe, what is forged in it, and what is to come of it.

use std::fmt::Write as _;

use sigsign_local::json::Json;
use sigsign_local::make::{Made, Stage, make};
use sigsign_local::recipe::Recipe;

type Hook = Box<dyn FnMut(Stage<'_>)>;

pub(crate) struct Case {
    pub(crate) name: &'static str,
    pub(crate) recipe: Recipe,
    expect: &'static str,
    rules: &'static str,
    derived_from: &'static str,
    sentence: &'static str,
    policy: Vec<String>,
    hook: Hook,
}

/// A case that is to be accepted.
pub(crate) fn good(name: &'static str, rules: &'static str, recipe: Recipe) -> Case {
    let hook: Hook = Box::new(|_| {});
    let policy = Vec::new();
    Case {
        name,
        recipe,
        expect: "verified",
        rules,
        derived_from: "",
        sentence: "",
        policy,
        hook,
    }
}

/// A case that is to be refused, for the one thing that `hook` does.
pub(crate) fn bad(
    name: &'static str,
    rules: &'static str,
    sentence: &'static str,
    (derived_from, recipe): (&'static str, Recipe),
    hook: impl FnMut(Stage<'_>) + 'static,
) -> Case {
    let (policy, hook) = (Vec::new(), Box::new(hook));
    let expect = expected(name);
    Case {
        name,
        recipe,
        expect,
        rules,
        derived_from,
        sentence,
        policy,
        hook,
    }
}

/// The same, where the one thing is done to the trusted root.
pub(crate) fn bad_root(
    name: &'static str,
    rules: &'static str,
    sentence: &'static str,
    edit: fn(&mut Json),
) -> Case {
    let recipe = ("v03-message", Recipe::v1());
    bad(name, rules, sentence, recipe, move |stage| {
        if let Stage::Root(json) = stage {
            edit(json);
        }
    })
}

impl Case {
    /// Asks for something more in the policy: a line of TOML.
    pub(crate) fn policy(mut self, line: impl Into<String>) -> Self {
        self.policy.push(line.into());
        self
    }

    /// What is unusual about a good case.
    pub(crate) fn with(mut self, hook: impl FnMut(Stage<'_>) + 'static) -> Self {
        self.hook = Box::new(hook);
        self
    }

    pub(crate) fn set(&self) -> &'static str {
        if self.expect == "verified" {
            "local"
        } else {
            "crafted"
        }
    }

    pub(crate) fn make(&mut self) -> Made {
        make(&self.recipe, &mut self.hook)
    }

    pub(crate) fn toml(&self, root: &str) -> String {
        let rules: Vec<String> = self
            .rules
            .split(' ')
            .map(|rule| format!("\"{rule}\""))
            .collect();
        let mut text = format!(
            "id = \"{}/{}\"\nexpect = \"{}\"\nrules = [{}]\n",
            self.set(),
            self.name,
            self.expect,
            rules.join(", ")
        );
        if !self.derived_from.is_empty() {
            let _ = write!(
                text,
                "derived_from = \"local/{}\"\nmutation = \"{}\"\n",
                self.derived_from, self.sentence
            );
        }
        let _ = write!(
            text,
            "artifact = \"../../artifact\"\ntrusted_root = \"../../roots/{root}\"\n\n[policy]\n"
        );
        let has = |name: &str| {
            self.policy
                .iter()
                .any(|line| line.starts_with(&format!("{name} =")))
        };
        if self.recipe.managed.is_some() && !has("key") && !has("identity") {
            text.push_str("key = \"key.pub\"\n");
        } else if !has("key") {
            if !has("identity") {
                let _ = writeln!(text, "identity = \"{}\"", self.recipe.san.text());
            }
            if !has("issuer") {
                let _ = writeln!(text, "issuer = \"{}\"", self.recipe.issuer);
            }
        }
        for line in &self.policy {
            let _ = writeln!(text, "{line}");
        }
        text
    }
}

/// The code that a case is refused with, where it is pinned.
fn expected(name: &str) -> &'static str {
    crate::codes::CODES
        .iter()
        .find_map(|(case, code)| (*case == name).then_some(*code))
        .unwrap_or("reject")
}
