//! Who a token names, as a certificate says it.
//!
//! Spec: oid-info; sigstore/fulcio, docs/oidc.md and config/identity/config.yaml

use serde_json::Value;

use super::IssuerKind;
use crate::certificate::San;
use crate::instance::Refusal;
use crate::instance::jwt::Claims;

/// Bytes of text from a token in one certificate: readers take 64 KiB in all.
const TEXT_BYTES: usize = 16 << 10;

/// The subject of a certificate, and what else is said of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Principal {
    pub(super) san: San,
    pub(super) issuer: String,
    /// By the last arc of their identifier, in its order.
    pub(super) extensions: Vec<(u8, String)>,
    /// What a proof of possession may be over.
    pub(super) challenges: Vec<String>,
}

impl Principal {
    pub(super) fn of(claims: &Claims, kind: &IssuerKind) -> Result<Self, Refusal> {
        let subject = text(claims, "sub")?.to_owned();
        let mut principal = Self {
            san: San::Uri(String::new()),
            issuer: text(claims, "iss")?.to_owned(),
            extensions: Vec::new(),
            challenges: vec![subject.clone()],
        };
        match kind {
            IssuerKind::Any => return Self::of(claims, &kind_of(claims, &subject)),
            IssuerKind::Email => principal.email(claims)?,
            IssuerKind::Federated => principal.federated(claims)?,
            IssuerKind::Uri(prefix) => principal.uri(&subject, prefix)?,
            IssuerKind::Username(domain) => principal.username(&subject, domain)?,
            IssuerKind::Spiffe(domain) => {
                principal.uri(&subject, &format!("spiffe://{domain}/"))?;
            }
            IssuerKind::GitHub => principal.github(claims)?,
            IssuerKind::GitLab => principal.gitlab(claims)?,
            IssuerKind::Buildkite => principal.buildkite(claims)?,
            IssuerKind::CircleCi => principal.circleci(claims)?,
            IssuerKind::Kubernetes => principal.kubernetes(claims)?,
        }
        principal.extensions.push((24, subject));
        principal.extensions.retain(|(_, value)| !value.is_empty());
        principal.extensions.sort_by_key(|(arc, _)| *arc);
        principal.check()?;
        Ok(principal)
    }

    /// What fits in a certificate that readers take.
    fn check(&self) -> Result<(), Refusal> {
        let subject = self.san.text();
        if subject.chars().any(char::is_control) {
            return Err(Refusal::bad_request("the subject has control characters"));
        }
        // RFC 5280 4.2.1.6: addresses and URIs are IA5Strings.
        if !matches!(self.san, San::Other(_)) && !subject.is_ascii() {
            return Err(Refusal::bad_request("the subject is not ASCII"));
        }
        let values = self.extensions.iter().map(|(_, value)| value.as_str());
        if values.clone().any(|it| it.chars().any(char::is_control)) {
            return Err(Refusal::bad_request("a claim has control characters"));
        }
        let texts = values.chain([subject, &self.issuer, &self.issuer]);
        let found: usize = texts.map(str::len).sum();
        if found > TEXT_BYTES {
            return Err(Refusal::bad_request(format!(
                "wanted claims that take up to {TEXT_BYTES} bytes in a certificate, found {found}"
            )));
        }
        Ok(())
    }

    fn email(&mut self, claims: &Claims) -> Result<(), Refusal> {
        let email = text(claims, "email")?;
        let verified = claims.get("email_verified");
        if !verified.is_some_and(|it| *it == Value::Bool(true) || *it == "true") {
            return Err(Refusal::bad_request(
                "the token's email address is not verified",
            ));
        }
        if !email.contains('@') || email.contains(char::is_whitespace) {
            return Err(Refusal::bad_request("the token's email is not an address"));
        }
        self.challenges.insert(0, email.to_owned());
        self.san = San::Email(email.to_owned());
        Ok(())
    }

    /// Only of an issuer that is trusted to speak for others: any other would borrow their names.
    fn federated(&mut self, claims: &Claims) -> Result<(), Refusal> {
        self.email(claims)?;
        let connector = connector(claims).filter(|it| !it.is_empty());
        let no_claim = || Refusal::bad_request("the token has no claim connector_id");
        self.issuer = connector.ok_or_else(no_claim)?.to_owned();
        Ok(())
    }

    fn uri(&mut self, subject: &str, prefix: &str) -> Result<(), Refusal> {
        let rest = subject.strip_prefix(prefix);
        // Where the prefix ends in the middle of a name, a longer name is another one.
        let whole = prefix.is_empty() || prefix.ends_with('/');
        let under = rest.is_some_and(|it| whole || it.is_empty() || it.starts_with('/'));
        if !under || !subject.contains("://") {
            let why = format!("wanted a subject that is a URI and starts with {prefix}");
            return Err(Refusal::bad_request(why));
        }
        self.san = San::Uri(subject.to_owned());
        Ok(())
    }

    /// Spec: oid-info, 1.3.6.1.4.1.57264.1.7
    fn username(&mut self, subject: &str, domain: &str) -> Result<(), Refusal> {
        if subject.contains(['!', '@']) {
            return Err(Refusal::bad_request("wanted a user name without ! and @"));
        }
        self.san = San::Other(format!("{subject}!{domain}"));
        Ok(())
    }

    fn github(&mut self, claims: &Claims) -> Result<(), Refusal> {
        let get = |name| text(claims, name);
        let server = optional(claims, "server_url");
        let server = if server.is_empty() {
            "https://github.com"
        } else {
            server
        };
        let repository = get("repository")?;
        let (workflow, config) = (get("job_workflow_ref")?, get("workflow_ref")?);
        let (run, attempt) = (get("run_id")?, get("run_attempt")?);
        self.san = San::Uri(format!("{server}/{workflow}"));
        self.extensions = [
            (2, get("event_name")?.to_owned()),
            (3, get("sha")?.to_owned()),
            (4, get("workflow")?.to_owned()),
            (5, repository.to_owned()),
            (6, get("ref")?.to_owned()),
            (9, format!("{server}/{workflow}")),
            (10, get("job_workflow_sha")?.to_owned()),
            (11, get("runner_environment")?.to_owned()),
            (12, format!("{server}/{repository}")),
            (13, get("sha")?.to_owned()),
            (14, get("ref")?.to_owned()),
            (15, get("repository_id")?.to_owned()),
            (16, format!("{server}/{}", get("repository_owner")?)),
            (17, get("repository_owner_id")?.to_owned()),
            (18, format!("{server}/{config}")),
            (19, get("workflow_sha")?.to_owned()),
            (20, get("event_name")?.to_owned()),
            (
                21,
                format!("{server}/{repository}/actions/runs/{run}/attempts/{attempt}"),
            ),
            (22, get("repository_visibility")?.to_owned()),
            (23, optional(claims, "environment").to_owned()),
        ]
        .into();
        Ok(())
    }

    fn gitlab(&mut self, claims: &Claims) -> Result<(), Refusal> {
        let get = |name| text(claims, name);
        let config = format!("https://{}", get("ci_config_ref_uri")?);
        let project = format!("https://gitlab.com/{}", get("project_path")?);
        let reference = match (get("ref_type")?, get("ref")?) {
            ("branch", name) => format!("refs/heads/{name}"),
            ("tag", name) => format!("refs/tags/{name}"),
            (_, name) => name.to_owned(),
        };
        self.san = San::Uri(config.clone());
        self.extensions = [
            (9, config.clone()),
            (10, get("ci_config_sha")?.to_owned()),
            (11, get("runner_environment")?.to_owned()),
            (12, project.clone()),
            (13, get("sha")?.to_owned()),
            (14, reference),
            (15, get("project_id")?.to_owned()),
            (16, format!("https://gitlab.com/{}", get("namespace_path")?)),
            (17, get("namespace_id")?.to_owned()),
            (18, config),
            (19, get("ci_config_sha")?.to_owned()),
            (20, get("pipeline_source")?.to_owned()),
            (21, format!("{project}/-/jobs/{}", get("job_id")?)),
            (22, get("project_visibility")?.to_owned()),
            (23, optional(claims, "environment").to_owned()),
        ]
        .into();
        Ok(())
    }

    fn buildkite(&mut self, claims: &Claims) -> Result<(), Refusal> {
        let get = |name| text(claims, name);
        let (owner, name) = (get("organization_slug")?, get("pipeline_slug")?);
        let pipeline = format!("https://buildkite.com/{owner}/{name}");
        let (number, job) = (number(claims, "build_number")?, get("job_id")?);
        self.san = San::Uri(pipeline.clone());
        self.extensions = [
            (11, optional(claims, "runner_environment").to_owned()),
            (13, get("build_commit")?.to_owned()),
            (20, get("build_source")?.to_owned()),
            (21, format!("{pipeline}/builds/{number}#{job}")),
        ]
        .into();
        Ok(())
    }

    fn circleci(&mut self, claims: &Claims) -> Result<(), Refusal> {
        let get = |name: &str| text(claims, &format!("oidc.circleci.com/{name}"));
        let api = "https://circleci.com/api/v2";
        let (project, definition) = (get("project-id")?, get("pipeline-definition-id")?);
        let signer = format!("{api}/projects/{project}/pipeline-definitions/{definition}");
        let (workflow, job) = (get("workflow-id")?, get("job-id")?);
        let rerun = claims.get("oidc.circleci.com/ssh-rerun");
        let rerun = rerun.is_some_and(|it| *it == Value::Bool(true) || *it == "true");
        self.san = San::Uri(signer.clone());
        self.extensions = [
            (9, signer),
            // The public authority's template writes the quotes out.
            (11, if rerun { "ssh-rerun" } else { "\"\"" }.to_owned()),
            (12, get("vcs-origin")?.to_owned()),
            (14, get("vcs-ref")?.to_owned()),
            (18, format!("{api}/pipeline/{}/config", get("pipeline-id")?)),
            // With the two slashes of the public authority.
            (
                21,
                format!("https://app.circleci.com//workflow/{workflow}/job/{job}"),
            ),
        ]
        .into();
        Ok(())
    }

    fn kubernetes(&mut self, claims: &Claims) -> Result<(), Refusal> {
        let about = claims.get("kubernetes.io").unwrap_or(&Value::Null);
        let namespace = about["namespace"].as_str();
        let account = about["serviceaccount"]["name"].as_str();
        let (Some(namespace), Some(account)) = (namespace, account) else {
            return Err(Refusal::bad_request(
                "wanted a token with the claim kubernetes.io of a service account",
            ));
        };
        self.san = San::Uri(format!(
            "https://kubernetes.io/namespaces/{namespace}/serviceaccounts/{account}"
        ));
        Ok(())
    }
}

/// What kind of issuer makes claims like these.
fn kind_of(claims: &Claims, subject: &str) -> IssuerKind {
    let has = |name| claims.contains_key(name);
    if has("job_workflow_ref") {
        IssuerKind::GitHub
    } else if has("ci_config_ref_uri") {
        IssuerKind::GitLab
    } else if has("organization_slug") {
        IssuerKind::Buildkite
    } else if has("oidc.circleci.com/project-id") {
        IssuerKind::CircleCi
    } else if has("kubernetes.io") {
        IssuerKind::Kubernetes
    } else if has("email") && connector(claims).is_some() {
        IssuerKind::Federated
    } else if has("email") {
        IssuerKind::Email
    } else if let Some((_, rest)) = subject.split_once("spiffe://") {
        IssuerKind::Spiffe(rest.split('/').next().unwrap_or_default().to_owned())
    } else if subject.contains("://") {
        IssuerKind::Uri(String::new())
    } else {
        IssuerKind::Username(host(claims).to_owned())
    }
}

/// The host of the issuer: a user is one there, and a client knows no other name for it.
fn host(claims: &Claims) -> &str {
    let issuer = optional(claims, "iss");
    let rest = issuer.split_once("://").map_or(issuer, |(_, rest)| rest);
    let end = rest.find([':', '/']).unwrap_or(rest.len());
    &rest[..end]
}

fn text<'a>(claims: &'a Claims, name: &str) -> Result<&'a str, Refusal> {
    let value = claims.get(name).and_then(Value::as_str);
    value
        .filter(|it| !it.is_empty())
        .ok_or_else(|| Refusal::bad_request(format!("the token has no claim {name}")))
}

/// A number, or the text of one.
fn number(claims: &Claims, name: &str) -> Result<String, Refusal> {
    match claims.get(name) {
        Some(Value::Number(number)) => Ok(number.to_string()),
        _ => text(claims, name).map(str::to_owned),
    }
}

/// Spec: Dex, which says here with whom somebody logged in
fn connector(claims: &Claims) -> Option<&str> {
    claims
        .get("federated_claims")?
        .get("connector_id")?
        .as_str()
}

fn optional<'a>(claims: &'a Claims, name: &str) -> &'a str {
    claims.get(name).and_then(Value::as_str).unwrap_or_default()
}
