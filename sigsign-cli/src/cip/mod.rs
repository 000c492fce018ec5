//! Policies for images as the policy controller of Sigstore has them, made into one of ours.
//!
//! In: files with objects of kind `ClusterImagePolicy`. Out: a policy file, and what could not be
//! said in it. Not here: evaluating CUE and Rego, and keys that are somewhere else.
//!
//! What cannot be said makes a rule that refuses: the policy that comes out never lets through what
//! the one that went in would not.
//!
//! Spec: policy-controller, ClusterImagePolicy of policy.sigstore.dev v1alpha1 and v1beta1

mod authority;
mod glob;

use std::path::PathBuf;

use sigsign_core::encoding::Escaped;
use sigsign_core::policy_file::PolicyFile;

use crate::files::{Document, shown};
use crate::manifests::yaml::{self, Node};
use crate::problem::Problem;

/// What came of the import.
#[derive(Debug, Default)]
pub(crate) struct Imported {
    instances: Vec<String>,
    rules: Vec<String>,
    /// What is not in the policy, a sentence each.
    pub(crate) left_out: Vec<String>,
    /// Public keys that stand in the files: the name that the policy has for each, and its PEM.
    pub(crate) keys: Vec<(String, String)>,
}

/// One rule while it is made.
#[derive(Debug, Default)]
struct Rule {
    name: String,
    /// What is said of it above.
    comments: Vec<String>,
    /// What cannot be said in it, so that it refuses.
    missing: Vec<String>,
}

impl Imported {
    /// The policy file.
    pub(crate) fn policy(&self) -> Result<String, Problem> {
        let mut text = String::from("version: 1\n");
        if !self.instances.is_empty() {
            text.push_str("instances:\n");
            for name in &self.instances {
                let quoted = quoted(name);
                text.push_str(&format!("  {quoted}: {{added: {quoted}}}\n"));
            }
        }
        text.push_str("default: deny\nrules:\n");
        text.push_str(&self.rules.concat());
        PolicyFile::from_yaml(text.as_bytes()).map_err(|error| {
            let what = "the policy that comes of it cannot be used";
            Problem::document(error.code(), what, &error)
        })?;
        Ok(text)
    }
}

/// Reads every policy of the files.
pub(crate) fn import(paths: &[PathBuf]) -> Result<Imported, Problem> {
    let mut imported = Imported::default();
    for path in paths {
        let file = shown(path);
        let bytes = Document::Manifests.read(path)?;
        let documents = yaml::read(&bytes).map_err(|error| {
            let sentence = format!("{file}:{}: {}", error.line, error.problem);
            Problem::input("manifests.yaml", sentence)
        })?;
        for document in &documents {
            imported.object(document);
        }
    }
    if imported.rules.is_empty() {
        let sentence = "wanted objects of kind ClusterImagePolicy, found none";
        return Err(Problem::input("manifests.shape", sentence));
    }
    Ok(imported)
}

impl Imported {
    fn object(&mut self, object: &Node) {
        let kind = object.get("kind").and_then(Node::text).unwrap_or_default();
        if kind == "ClusterImagePolicy" {
            self.policy_object(object);
        } else if kind.ends_with("List") {
            let items = object.get("items").and_then(Node::items);
            items
                .unwrap_or_default()
                .iter()
                .for_each(|it| self.object(it));
        } else if !kind.is_empty() {
            self.left_out
                .push(format!("{} of kind {kind}", name_of(object)));
        }
    }

    /// Spec: ClusterImagePolicySpec
    fn policy_object(&mut self, object: &Node) {
        let mut rule = Rule {
            name: self.unique(name_of(object)),
            ..Rule::default()
        };
        let spec = object.get("spec");
        for (name, _) in spec.map_or(&[][..], Node::members) {
            match name.as_str() {
                "images" | "authorities" | "mode" => {}
                // It is about more objects without it, so it refuses more.
                "match" => rule.comment("it is about every kind of object: match is left out"),
                "policy" => rule.miss("its policy over all signatures is in a language of its own"),
                other => rule.miss(format!("its field {other}")),
            }
        }
        let list = |name| {
            spec.and_then(|it| it.get(name)?.items())
                .unwrap_or_default()
        };
        let (images, authorities) = (list("images"), list("authorities"));
        let body = authority::body(authorities, &mut rule, self);
        let skips = body.starts_with("  skip:");
        let globs = images
            .iter()
            .flat_map(|it| glob::translated(it.get("glob").and_then(Node::text), skips, &mut rule));
        let mut globs: Vec<String> = globs.collect();
        globs.dedup();
        if globs.is_empty() {
            rule.miss("the images that it is about");
            globs.push("**".to_owned());
        }
        let mode = spec.and_then(|it| it.get("mode")?.text());
        self.finish(rule, &globs, (mode == Some("warn"), body));
    }

    fn finish(&mut self, rule: Rule, globs: &[String], (warns, body): (bool, String)) {
        let mut text = String::new();
        for comment in &rule.comments {
            text.push_str(&format!("# {}\n", Escaped(comment)));
        }
        for missing in &rule.missing {
            text.push_str(&format!(
                "# left out, so that this refuses: {}\n",
                Escaped(missing)
            ));
            self.left_out.push(format!("{}: {missing}", rule.name));
        }
        let globs: Vec<String> = globs.iter().map(|it| quoted(it)).collect();
        text.push_str(&format!(
            "- name: {}\n  match: [{}]\n",
            quoted(&rule.name),
            globs.join(", ")
        ));
        let refuses = !rule.missing.is_empty();
        if warns && !body.starts_with("  skip:") {
            text.push_str("  mode: warn\n");
        }
        text.push_str(&if refuses { refusal("left out") } else { body });
        self.rules.push(text);
    }

    /// Names of rules are unique.
    fn unique(&self, name: String) -> String {
        let quoted_name = |name: &str| format!("- name: {}\n", quoted(name));
        let is_taken = |name: &str| self.rules.iter().any(|it| it.contains(&quoted_name(name)));
        if !is_taken(&name) {
            return name;
        }
        let mut numbered = (2_usize..).map(|it| format!("{name}-{it}"));
        numbered.find(|it| !is_taken(it)).unwrap_or(name)
    }

    /// An instance that has to be added by this name.
    fn instance(&mut self, name: &str) {
        if !self.instances.iter().any(|it| it == name) {
            self.instances.push(name.to_owned());
        }
    }
}

impl Rule {
    fn comment(&mut self, text: impl Into<String>) {
        self.comments.push(text.into());
    }

    fn miss(&mut self, text: impl Into<String>) {
        self.missing.push(text.into());
    }
}

/// What nobody can satisfy: names that end in .invalid belong to nobody, ever (RFC 2606 2).
fn refusal(why: &str) -> String {
    format!(
        "  signed_by:\n  - identity: {{issuer: \"https://nobody.invalid\", subject: {}}}\n",
        quoted(why)
    )
}

fn name_of(object: &Node) -> String {
    let name = object.get("metadata").and_then(|it| it.get("name")?.text());
    name.unwrap_or("unnamed").to_owned()
}

/// In double quotes, as YAML and JSON both have it.
fn quoted(text: &str) -> String {
    serde_json::to_string(text).unwrap_or_default()
}
