//! SLSA provenance, from what a token claims of the build.
//!
//! In: the token of a job of GitHub Actions. Out: a predicate. The environment is not looked at: any
//! step of a job can change it. The token's signature is the certificate authority's to check: what
//! is said here is true if it certified a key for this very token.
//!
//! Spec: slsa provenance v1; GitHub's build type "workflow" v1

use std::fmt;

use super::wire::{ClaimsJson, ProvenanceJson};
use super::{IdentityToken, wire};
use crate::json;

/// The predicate type of what [`IdentityToken::slsa_provenance`] returns.
pub const PROVENANCE_TYPE: &str = "https://slsa.dev/provenance/v1";

impl IdentityToken {
    /// What the token says of the build, as the predicate of SLSA provenance, version 1, in JSON.
    ///
    /// # Errors
    ///
    /// [`ProvenanceError`] if it is not the token of a job of GitHub Actions.
    ///
    /// Spec: slsa provenance v1; GitHub's build type "workflow" v1
    pub fn slsa_provenance(&self) -> Result<String, ProvenanceError> {
        // It was read before, so that no error can come of it.
        let lacks = |claim| ProvenanceError { claim };
        let text = json::check(self.claims.json.as_bytes()).map_err(|_| lacks("iss"))?;
        let claims: ClaimsJson<'_> = json::wire::read(text).map_err(|_| lacks("iss"))?;
        let build = Build::of(&claims)?;
        Ok(wire::provenance(&build.predicate()))
    }
}

/// Where a token is not a build's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ProvenanceError {
    /// The claim that a token of GitHub Actions has.
    pub claim: &'static str,
}

impl ProvenanceError {
    /// Every code of this kind, for the list of errors.
    pub const CODES: &'static [&'static str] = &["provenance.claim"];

    /// The stable code of this error.
    pub fn code(&self) -> &'static str {
        "provenance.claim"
    }
}

impl fmt::Display for ProvenanceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { claim } = self;
        write!(
            f,
            "wanted the identity token of a job of GitHub Actions, found one without {claim}"
        )
    }
}

impl std::error::Error for ProvenanceError {}

/// The claims, each there.
struct Build<'a> {
    server: String,
    repository: &'a str,
    repository_id: &'a str,
    owner_id: &'a str,
    reference: &'a str,
    sha: &'a str,
    event: &'a str,
    runner: &'a str,
    run: &'a str,
    attempt: &'a str,
    signer: &'a str,
    /// The file and the ref of the workflow.
    workflow: (&'a str, &'a str),
}

impl<'a> Build<'a> {
    fn of(claims: &'a ClaimsJson<'_>) -> Result<Self, ProvenanceError> {
        let want = |claim: &'static str, value: Option<&'a str>| {
            let value = value.filter(|it| !it.is_empty());
            value.ok_or(ProvenanceError { claim })
        };
        let repository = want("repository", claims.repository.as_deref())?;
        let workflow = want("workflow_ref", claims.workflow_ref.as_deref())?;
        // owner/name/.github/workflows/file.yml@refs/heads/main
        let workflow = workflow
            .strip_prefix(repository)
            .and_then(|it| it.strip_prefix('/'))
            .and_then(|it| it.split_once('@'))
            .ok_or(ProvenanceError {
                claim: "workflow_ref of its repository",
            })?;
        Ok(Self {
            server: server(claims),
            repository,
            workflow,
            repository_id: want("repository_id", claims.repository_id.as_deref())?,
            owner_id: want("repository_owner_id", claims.repository_owner_id.as_deref())?,
            reference: want("ref", claims.reference.as_deref())?,
            sha: want("sha", claims.sha.as_deref())?,
            event: want("event_name", claims.event_name.as_deref())?,
            runner: want("runner_environment", claims.runner_environment.as_deref())?,
            run: want("run_id", claims.run_id.as_deref())?,
            attempt: want("run_attempt", claims.run_attempt.as_deref())?,
            signer: want("job_workflow_ref", claims.job_workflow_ref.as_deref())?,
        })
    }

    fn predicate(&self) -> ProvenanceJson<'_> {
        let Self {
            server, repository, ..
        } = self;
        let (path, workflow_ref) = self.workflow;
        let source = format!("{server}/{repository}");
        let run = format!(
            "{source}/actions/runs/{}/attempts/{}",
            self.run, self.attempt
        );
        ProvenanceJson {
            workflow: (workflow_ref, source.clone(), path),
            event_name: self.event,
            repository_id: self.repository_id,
            repository_owner_id: self.owner_id,
            runner_environment: self.runner,
            source: format!("git+{source}@{}", self.reference),
            commit: self.sha,
            builder: format!("{server}/{}", self.signer),
            invocation: run,
        }
    }
}

/// Where the repository is: an enterprise's issuer is at its server, GitHub's own is not.
fn server(claims: &ClaimsJson<'_>) -> String {
    let issuer = claims.iss.as_deref().unwrap_or_default();
    issuer
        .strip_suffix("/_services/token")
        .unwrap_or("https://github.com")
        .to_owned()
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;

    use super::*;

    const CLAIMS: [(&str, &str); 14] = [
        ("iss", "https://token.actions.githubusercontent.com"),
        ("sub", "repo:o/r:ref:refs/tags/v1"),
        ("ref", "refs/tags/v1"),
        ("sha", "0123456789abcdef0123456789abcdef01234567"),
        ("repository", "o/r"),
        ("event_name", "push"),
        (
            "job_workflow_ref",
            "other/w/.github/workflows/build.yml@refs/heads/main",
        ),
        (
            "workflow_ref",
            "o/r/.github/workflows/release.yml@refs/tags/v1",
        ),
        ("repository_id", "7"),
        ("repository_owner_id", "8"),
        ("runner_environment", "github-hosted"),
        ("run_id", "9"),
        ("run_attempt", "2"),
        ("aud", "sigstore"),
    ];

    fn token(claims: &[(&str, &str)]) -> IdentityToken {
        let members = claims
            .iter()
            .map(|(name, value)| format!(r#""{name}":"{value}","#));
        let json = format!(r#"{{{}"exp":1}}"#, members.collect::<String>());
        let jwt = format!("e30.{}.c2ln", URL_SAFE_NO_PAD.encode(json));
        IdentityToken::from_jwt(&jwt).unwrap()
    }

    #[test]
    fn says_what_the_token_claims() {
        let provenance = token(&CLAIMS).slsa_provenance().unwrap();

        let want = concat!(
            r#"{"buildDefinition":{"buildType":"https://actions.github.io/buildtypes/workflow/v1","#,
            r#""externalParameters":{"workflow":{"path":".github/workflows/release.yml","ref":"refs/tags/v1","repository":"https://github.com/o/r"}},"#,
            r#""internalParameters":{"github":{"event_name":"push","repository_id":"7","repository_owner_id":"8","runner_environment":"github-hosted"}},"#,
            r#""resolvedDependencies":[{"digest":{"gitCommit":"0123456789abcdef0123456789abcdef01234567"},"uri":"git+https://github.com/o/r@refs/tags/v1"}]},"#,
            r#""runDetails":{"builder":{"id":"https://github.com/other/w/.github/workflows/build.yml@refs/heads/main"},"#,
            r#""metadata":{"invocationId":"https://github.com/o/r/actions/runs/9/attempts/2"}}}"#
        );
        assert_eq!(want, provenance);
    }

    #[test]
    fn names_the_server_of_an_enterprise() {
        let mut claims = CLAIMS;
        claims[0].1 = "https://git.example.com/_services/token";

        let provenance = token(&claims).slsa_provenance().unwrap();

        assert!(provenance.contains("git+https://git.example.com/o/r@refs/tags/v1"));
    }

    #[test]
    fn rejects_a_token_that_lacks_any_claim() {
        for position in 2..13 {
            let mut claims = CLAIMS.to_vec();
            let (claim, _) = claims.remove(position);

            let error = token(&claims).slsa_provenance().unwrap_err();

            assert_eq!(claim, error.claim);
        }
        let mut claims = CLAIMS;
        claims[7].1 = "o/other/.github/workflows/release.yml@refs/tags/v1";
        let error = token(&claims).slsa_provenance().unwrap_err();
        assert_eq!("workflow_ref of its repository", error.claim);
    }
}
