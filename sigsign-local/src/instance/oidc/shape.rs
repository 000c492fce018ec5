//! Claims as the platforms that run jobs put them together.
//!
//! Each function fills in every claim that an authority makes something of; a caller changes what
//! it likes afterwards.

use serde_json::{Value, json};

use crate::instance::jwt::Claims;

/// A person with an email address.
pub fn email(address: &str) -> Claims {
    claims(json!({ "sub": address, "email": address, "email_verified": true }))
}

/// Whatever is its own name: a URI, a SPIFFE ID.
pub fn subject(subject: &str) -> Claims {
    claims(json!({ "sub": subject }))
}

/// A job of GitHub Actions: `owner/name`, the workflow's file, `refs/heads/main`.
///
/// Spec: GitHub's documentation, "OpenID Connect reference"
pub fn github(repository: &str, workflow: &str, reference: &str) -> Claims {
    let owner = repository.split('/').next().unwrap_or_default();
    let file = format!("{repository}/.github/workflows/{workflow}@{reference}");
    let sha = "0123456789abcdef0123456789abcdef01234567";
    claims(json!({
        "sub": format!("repo:{repository}:ref:{reference}"),
        "actor": "octocat",
        "actor_id": "583231",
        "base_ref": "",
        "event_name": "push",
        "head_ref": "",
        "job_workflow_ref": file,
        "job_workflow_sha": sha,
        "ref": reference,
        "ref_type": if reference.starts_with("refs/tags/") { "tag" } else { "branch" },
        "repository": repository,
        "repository_id": "1296269",
        "repository_owner": owner,
        "repository_owner_id": "583231",
        "repository_visibility": "public",
        "run_attempt": "1",
        "run_id": "1000000001",
        "run_number": "1",
        "runner_environment": "github-hosted",
        "sha": sha,
        "workflow": "Release",
        "workflow_ref": file,
        "workflow_sha": sha,
    }))
}

/// A job of GitLab: the project's path, and the branch.
///
/// Spec: GitLab's documentation, "OpenID Connect authentication using ID tokens"
pub fn gitlab(project: &str, branch: &str) -> Claims {
    let namespace = project.rsplit_once('/').map_or(project, |(it, _)| it);
    let sha = "0123456789abcdef0123456789abcdef01234567";
    claims(json!({
        "sub": format!("project_path:{project}:ref_type:branch:ref:{branch}"),
        "ci_config_ref_uri": format!("gitlab.com/{project}//.gitlab-ci.yml@refs/heads/{branch}"),
        "ci_config_sha": sha,
        "job_id": "302",
        "namespace_id": "72",
        "namespace_path": namespace,
        "pipeline_id": "574",
        "pipeline_source": "push",
        "project_id": "20",
        "project_path": project,
        "project_visibility": "public",
        "ref": branch,
        "ref_path": format!("refs/heads/{branch}"),
        "ref_protected": "true",
        "ref_type": "branch",
        "runner_environment": "gitlab-hosted",
        "runner_id": 1,
        "sha": sha,
        "user_login": "sample-user",
    }))
}

/// A job of Buildkite. Spec: Buildkite's documentation, "OpenID Connect"
pub fn buildkite(organization: &str, pipeline: &str) -> Claims {
    let branch = "main";
    let sha = "0123456789abcdef0123456789abcdef01234567";
    claims(json!({
        "sub": format!(
            "organization:{organization}:pipeline:{pipeline}:ref:refs/heads/{branch}:commit:{sha}:step:build"
        ),
        "agent_id": "0184990a-4782-42b5-afc1-16715b10b8ff",
        "build_branch": branch,
        "build_commit": sha,
        "build_number": 1,
        "build_source": "webhook",
        "job_id": "0184990a-477b-4fa8-9968-496074483cee",
        "organization_slug": organization,
        "pipeline_slug": pipeline,
        "runner_environment": "self-hosted",
        "step_key": "build",
    }))
}

/// A job of CircleCI, whose projects have identifiers.
/// Spec: CircleCI's documentation, "OpenID Connect tokens"
pub fn circleci(project: &str, definition: &str) -> Claims {
    claims(json!({
        "sub": format!("org/a/project/{project}/user/b"),
        "oidc.circleci.com/pipeline-definition-id": definition,
        "oidc.circleci.com/pipeline-id": "5034460f-c7c4-4c43-9457-de07e2029e7b",
        "oidc.circleci.com/project-id": project,
        "oidc.circleci.com/ssh-rerun": false,
        "oidc.circleci.com/vcs-origin": "github.com/octocat/hello-world",
        "oidc.circleci.com/vcs-ref": "refs/heads/main",
        "oidc.circleci.com/workflow-id": "fd9cb1a6-17c9-4a90-b8ea-9d4a2a2ef0e5",
        "oidc.circleci.com/job-id": "b1a3a8cf-e6b1-4a4e-a8b0-2f37b5e6a0ad",
    }))
}

/// A service account of a Kubernetes cluster. Spec: Kubernetes, "Managing Service Accounts"
pub fn kubernetes(namespace: &str, account: &str) -> Claims {
    claims(json!({
        "sub": format!("system:serviceaccount:{namespace}:{account}"),
        "kubernetes.io": {
            "namespace": namespace,
            "pod": { "name": "builder", "uid": "1a2b3c4d-0000-4000-8000-000000000001" },
            "serviceaccount": { "name": account, "uid": "1a2b3c4d-0000-4000-8000-000000000002" },
        },
    }))
}

fn claims(value: Value) -> Claims {
    match value {
        Value::Object(claims) => claims,
        _ => Claims::new(),
    }
}
