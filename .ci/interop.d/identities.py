"""Certificates of the real authority and of ours, for tokens as platforms make them.

Each platform is an issuer of its own, made by `sigsign local`. The real Fulcio is configured as the public one is,
by the file in its own module. What the certificates say of the signer must be the same.
"""

import json
import subprocess

from processes import Failed

SHA = "0123456789abcdef0123456789abcdef01234567"
UUID = "0184990a-477b-4fa8-9968-496074483cee"
GITHUB = "o/r/.github/workflows/release.yml@refs/heads/main"
CIRCLE = "oidc.circleci.com"

# By name: how Fulcio is told about the issuer, and the claims.
PLATFORMS = {
    "email": ("type: email", {
        "sub": "1", "email": "jane@example.org", "email_verified": True}),
    "uri": ("type: uri\n    subject-domain: http://localhost", {"sub": "http://localhost/jane"}),
    "username": ("type: username\n    subject-domain: localhost", {"sub": "jane"}),
    "spiffe": ("type: spiffe\n    spiffe-trust-domain: example.org", {
        "sub": "spiffe://example.org/ns/a"}),
    "kubernetes": ("type: kubernetes", {
        "sub": "system:serviceaccount:ns:builder", "kubernetes.io": {
            "namespace": "ns", "pod": {"name": "builder", "uid": UUID},
            "serviceaccount": {"name": "builder", "uid": UUID}}}),
    "github": ("type: ci-provider\n    ci-provider: github-workflow", {
        "sub": "repo:o/r:ref:refs/heads/main", "event_name": "push", "job_workflow_ref": GITHUB,
        "job_workflow_sha": SHA, "ref": "refs/heads/main", "repository": "o/r",
        "repository_id": "1296269", "repository_owner": "o", "repository_owner_id": "583231",
        "repository_visibility": "public", "run_attempt": "1", "run_id": "1000000001",
        "runner_environment": "github-hosted", "sha": SHA, "workflow": "Release",
        "workflow_ref": GITHUB, "workflow_sha": SHA, "environment": "production"}),
    "gitlab": ("type: ci-provider\n    ci-provider: gitlab-pipeline", {
        "sub": "project_path:o/r:ref_type:branch:ref:main", "ci_config_sha": SHA,
        "ci_config_ref_uri": "gitlab.com/o/r//.gitlab-ci.yml@refs/heads/main", "job_id": "302",
        "namespace_id": "72", "namespace_path": "o", "pipeline_id": "574",
        "pipeline_source": "push", "project_id": "20", "project_path": "o/r",
        "project_visibility": "public", "ref": "main", "ref_type": "branch",
        "runner_environment": "gitlab-hosted", "runner_id": 1, "sha": SHA}),
    "buildkite": ("type: ci-provider\n    ci-provider: buildkite-job", {
        "sub": "organization:o:pipeline:p", "agent_id": UUID, "build_branch": "main",
        "build_commit": SHA, "build_number": 1, "build_source": "webhook", "job_id": UUID,
        "organization_slug": "o", "pipeline_slug": "p", "runner_environment": "self-hosted",
        "step_key": "build"}),
    "circleci": ("type: ci-provider\n    ci-provider: circleci-job", {
        "sub": "org/a/project/1-2/user/b", f"{CIRCLE}/pipeline-definition-id": "3-4",
        f"{CIRCLE}/pipeline-id": UUID, f"{CIRCLE}/project-id": "1-2",
        f"{CIRCLE}/ssh-rerun": False, f"{CIRCLE}/vcs-origin": "github.com/o/r",
        f"{CIRCLE}/vcs-ref": "refs/heads/main", f"{CIRCLE}/workflow-id": UUID,
        f"{CIRCLE}/job-id": UUID}),
}


def compare(folder, services, client):
    """What differs, and a line about what does not."""
    problems = []
    file = folder / "for-identities"
    file.write_text("who signs this\n")
    same = []
    for name, (_, claims) in PLATFORMS.items():
        issuer = services.issuers[name]
        token = issuer.token_of(claims)
        said = [certificate(folder / f"{name}-{it.folder.name}.json", file, it, client, token)
                for it in (services, issuer)]
        if said[0] == said[1] and isinstance(said[0], dict):
            same.append(f"{name} ({len(said[0])})")
        else:
            problems.append(f"certificate of {name}: wanted {said[0]}, found {said[1]}")
    return problems, "the same in certificates of Fulcio and ours: " + ", ".join(same)


def certificate(bundle, file, services, client, token):
    """Whom the certificate names and what it says of them, or why there is none."""
    options = ["--bundle", bundle, "--identity-token", "-", "--trusted-root", services.trusted_root,
               "--signing-config", services.signing_config(2)]
    said = client.run([client.program, "sign", file, *options], stdin=token)
    if said is not None:
        return said
    inspect = [client.program, "inspect", bundle, "--format", "json"]
    done = subprocess.run(inspect, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise Failed(f"inspect {bundle.name}: {done.stderr}")
    found = json.loads(done.stdout)["certificate"]
    extensions = {it["name"]: it["value"] for it in found["extensions"]}
    return {"subject": found["subject"], "issuer": found["issuer"], **extensions}
