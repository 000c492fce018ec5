//! Who must have signed: `signed_by`, and the forms of one signer in it.

use std::fmt;

use super::error::PolicyFileError;
use super::fields::{Field, Fields};
use crate::limits;
use crate::policy::{GitHubWorkflow, Identity, Matcher};
use crate::x509::FulcioExtension;

/// Some signers, and how many of them are needed.
#[derive(Clone, Debug)]
pub(super) struct Signers {
    pub(super) need: usize,
    pub(super) of: Vec<Signer>,
}

/// One signer, and how the policy file says it.
#[derive(Clone, Debug)]
pub(super) struct Signer {
    pub(super) line: usize,
    pub(super) shown: String,
    pub(super) who: Who,
}

#[derive(Clone, Debug)]
pub(super) enum Who {
    Identity(Identity),
    Key {
        /// The place in the policy file's list of keys.
        key: usize,
        /// Whether a log must have it.
        logged: bool,
    },
}

impl fmt::Display for Signers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list: Vec<&str> = self.of.iter().map(|it| it.shown.as_str()).collect();
        let list = list.join(", ");
        match (self.need, self.of.len()) {
            (1, 1) => f.write_str(&list),
            (1, _) => write!(f, "any of {list}"),
            (need, all) if need == all => write!(f, "all of {list}"),
            (need, _) => write!(f, "at least {need} of {list}"),
        }
    }
}

impl Signers {
    /// Reads `signed_by`; `keys` gets the files of keys.
    pub(super) fn parse(
        field: &Field<'_>,
        keys: &mut Vec<String>,
    ) -> Result<Self, PolicyFileError> {
        if field.is_list() {
            return Ok(Self {
                need: 1,
                of: list(field, keys)?,
            });
        }
        let fields = field.fields(&["all_of", "any_of", "at_least"])?;
        let (form, inner) = fields.one_of(
            &["all_of", "any_of", "at_least"],
            "all_of, any_of or at_least",
        )?;
        match form {
            "any_of" => Ok(Self {
                need: 1,
                of: list(&inner, keys)?,
            }),
            "all_of" => {
                let of = list(&inner, keys)?;
                Ok(Self { need: of.len(), of })
            }
            _ => {
                let fields = inner.fields(&["count", "of"])?;
                let of = list(&fields.required("of")?, keys)?;
                let need = fields.required("count")?.count(of.len())?;
                Ok(Self { need, of })
            }
        }
    }
}

fn list(field: &Field<'_>, keys: &mut Vec<String>) -> Result<Vec<Signer>, PolicyFileError> {
    let fields = field.list()?;
    let mut signers: Vec<Signer> = Vec::with_capacity(fields.len());
    for field in &fields {
        let signer = signer(field, keys)?;
        if signers.iter().any(|it| it.shown == signer.shown) {
            return Err(PolicyFileError::Duplicate {
                at: field.place(),
                name: signer.shown,
            });
        }
        signers.push(signer);
    }
    if signers.len() > limits::POLICY_SIGNERS {
        return Err(PolicyFileError::TooMany {
            at: field.place(),
            cap: limits::POLICY_SIGNERS,
            found: signers.len(),
        });
    }
    Ok(signers)
}

fn signer(field: &Field<'_>, keys: &mut Vec<String>) -> Result<Signer, PolicyFileError> {
    const FORMS: &[&str] = &["github", "gitlab", "identity", "key"];
    let fields = field.fields(FORMS)?;
    let (form, inner) = fields.one_of(FORMS, "github, gitlab, identity or key")?;
    let (shown, who) = match form {
        "github" => github(&inner)?,
        "gitlab" => gitlab(&inner)?,
        "identity" => identity(&inner)?,
        _ => key(&inner, keys)?,
    };
    Ok(Signer {
        line: field.place().line(),
        shown: format!("{form} {shown}"),
        who,
    })
}

/// A workflow of GitHub, by certificate extensions; never by a part of the subject.
///
/// Spec: oid-info; Fulcio's issuer of GitHub
fn github(field: &Field<'_>) -> Result<(String, Who), PolicyFileError> {
    let fields = field.fields(&[
        "repository",
        "owner",
        "workflow",
        "reusable_workflow",
        "ref",
        "environment",
        "runner",
        "trigger",
        "extensions",
    ])?;
    let (form, place) = fields.one_of(&["repository", "owner"], "repository or owner")?;
    let mut shown = Shown::new(place.text()?);
    let mut identity = if form == "repository" {
        let mut workflow = GitHubWorkflow::of(place.text()?);
        if let Some(file) = fields.optional("workflow") {
            workflow = workflow.workflow(shown.add("workflow", &file)?);
        }
        place.policy(Identity::github(&workflow))?
    } else {
        if let Some(file) = fields.optional("workflow") {
            return Err(file.wanted("repository in place of owner, as the workflow is in one"));
        }
        shown.prefix("owner");
        github_owner(&place)?
    };
    if let Some(file) = fields.optional("reusable_workflow") {
        let path = shown.add("reusable_workflow", &file)?;
        let path = path.split_once('@').map_or(path, |(path, _)| path);
        if path.split('/').count() < 3 {
            return Err(file.wanted("OWNER/REPO/.github/workflows/FILE"));
        }
        let uri = format!(r"https://github\.com/{}@.+", regex_lite::escape(path));
        let matcher = file.policy(Matcher::pattern(uri))?;
        identity = identity.with_extension(FulcioExtension::BuildSignerUri, matcher);
    }
    identity = common_parts(&fields, identity, &mut shown)?;
    Ok((shown.0, Who::Identity(identity)))
}

fn github_owner(field: &Field<'_>) -> Result<Identity, PolicyFileError> {
    let owner = field.text()?;
    if !owner
        .bytes()
        .all(|it| it.is_ascii_alphanumeric() || it == b'-' || it == b'_')
    {
        return Err(field.wanted("the name of an owner, without the host"));
    }
    let identity = Identity::new(
        field.policy(Matcher::pattern(r"https://github\.com/[^\s]+"))?,
        "https://token.actions.githubusercontent.com",
    );
    let uri = field.policy(Matcher::exact(format!("https://github.com/{owner}")))?;
    Ok(field
        .policy(identity)?
        .with_extension(FulcioExtension::SourceRepositoryOwnerUri, uri))
}

/// A pipeline of GitLab, by certificate extensions.
///
/// Spec: oid-info; Fulcio's issuer of GitLab
fn gitlab(field: &Field<'_>) -> Result<(String, Who), PolicyFileError> {
    let fields = field.fields(&[
        "project",
        "host",
        "config",
        "ref",
        "environment",
        "runner",
        "trigger",
        "extensions",
    ])?;
    let project = fields.required("project")?;
    let path = project.text()?;
    let is_part = |part: &str| {
        !part.is_empty()
            && part
                .bytes()
                .all(|it| it.is_ascii_alphanumeric() || b"-_.".contains(&it))
    };
    if path.split('/').count() < 2 || !path.split('/').all(is_part) {
        return Err(project.wanted("a project as GROUP/PROJECT, without the host"));
    }
    let mut shown = Shown::new(path);
    let host = match fields.optional("host") {
        Some(host) => {
            let name = shown.add("host", &host)?;
            if !name
                .bytes()
                .all(|it| it.is_ascii_lowercase() || it.is_ascii_digit() || b".-:".contains(&it))
            {
                return Err(host.wanted("a host, without https://"));
            }
            name
        }
        None => "gitlab.com",
    };
    let subject = format!(r"https://{}/[^\s]+", regex_lite::escape(host));
    let subject = project.policy(Matcher::pattern(subject))?;
    let uri = project.policy(Matcher::exact(format!("https://{host}/{path}")))?;
    let mut identity = project
        .policy(Identity::new(subject, format!("https://{host}")))?
        .with_extension(FulcioExtension::SourceRepositoryUri, uri);
    if let Some(config) = fields.optional("config") {
        // ci_config_ref_uri has two slashes between project and path
        let file = shown.add("config", &config)?;
        let uri = format!("https://{host}/{path}//{file}");
        let pattern = format!("{}@.+", regex_lite::escape(&uri));
        let matcher = config.policy(Matcher::pattern(pattern))?;
        identity = identity.with_extension(FulcioExtension::BuildConfigUri, matcher);
    }
    identity = common_parts(&fields, identity, &mut shown)?;
    Ok((shown.0, Who::Identity(identity)))
}

/// What certificates say of a build on either platform.
fn common_parts(
    fields: &Fields<'_>,
    mut identity: Identity,
    shown: &mut Shown,
) -> Result<Identity, PolicyFileError> {
    if let Some(field) = fields.optional("ref") {
        // No ref has a * or ? in it: git-check-ref-format
        let text = shown.add("ref", &field)?;
        let is_name = ["refs/", "*"].iter().any(|it| text.starts_with(it));
        if !is_name {
            return Err(field.wanted("a full ref, as refs/heads/main or refs/tags/v*"));
        }
        identity = identity.with_extension(FulcioExtension::SourceRepositoryRef, field.glob()?);
    }
    for (name, extension) in [
        ("environment", FulcioExtension::DeploymentEnvironment),
        ("runner", FulcioExtension::RunnerEnvironment),
        ("trigger", FulcioExtension::BuildTrigger),
    ] {
        if let Some(field) = fields.optional(name) {
            let value = shown.add(name, &field)?;
            identity = identity.with_extension(extension, field.policy(Matcher::exact(value))?);
        }
    }
    extensions(fields, identity, shown)
}

/// Any other extension, exactly.
fn extensions(
    fields: &Fields<'_>,
    mut identity: Identity,
    shown: &mut Shown,
) -> Result<Identity, PolicyFileError> {
    let Some(field) = fields.optional("extensions") else {
        return Ok(identity);
    };
    for (name, value) in field.named()? {
        let extension = FulcioExtension::from_name(name).ok_or_else(|| {
            let names: Vec<&str> = FulcioExtension::ALL.iter().map(|it| it.name()).collect();
            PolicyFileError::Wanted {
                at: value.place(),
                want: format!("one of {}", names.join(", ")),
                found: name.to_owned(),
            }
        })?;
        let text = shown.add(extension.name(), &value)?;
        identity = identity.with_extension(extension, value.policy(Matcher::exact(text))?);
    }
    Ok(identity)
}

fn identity(field: &Field<'_>) -> Result<(String, Who), PolicyFileError> {
    let fields = field.fields(&[
        "issuer",
        "subject",
        "subject_glob",
        "subject_regex",
        "extensions",
    ])?;
    let (form, subject) = fields.one_of(
        &["subject", "subject_glob", "subject_regex"],
        "subject, subject_glob or subject_regex",
    )?;
    let text = subject.text()?;
    let matcher = subject.policy(match form {
        "subject" => Matcher::exact(text),
        "subject_glob" => Matcher::glob(text),
        _ => Matcher::pattern(text),
    })?;
    let issuer = fields.required("issuer")?;
    let mut shown = Shown::new(&matcher.to_string());
    let name = shown.add("issuer", &issuer)?;
    let identity = issuer.policy(Identity::new(matcher, name))?;
    let identity = extensions(&fields, identity, &mut shown)?;
    Ok((shown.0, Who::Identity(identity)))
}

fn key(field: &Field<'_>, keys: &mut Vec<String>) -> Result<(String, Who), PolicyFileError> {
    let fields = field.fields(&["file", "transparency_log"])?;
    let file = fields.required("file")?.text()?;
    let mut shown = Shown::new(file);
    let logged = match fields.optional("transparency_log") {
        Some(field) => field.choice(&[("required", true), ("not-required", false)])?,
        None => true,
    };
    if !logged {
        shown.0.push_str(" transparency_log not-required");
    }
    let key = keys.iter().position(|it| it == file).unwrap_or_else(|| {
        keys.push(file.to_owned());
        keys.len().saturating_sub(1)
    });
    Ok((shown.0, Who::Key { key, logged }))
}

/// A signer as it is shown to people.
struct Shown(String);

impl Shown {
    fn new(first: &str) -> Self {
        Self(first.to_owned())
    }

    fn prefix(&mut self, word: &str) {
        self.0 = format!("{word} {}", self.0);
    }

    /// Adds a field and returns its text.
    fn add<'a>(&mut self, name: &str, field: &Field<'a>) -> Result<&'a str, PolicyFileError> {
        let text = field.text()?;
        self.0.push_str(&format!(" {name} {text}"));
        Ok(text)
    }
}
