//! The claims of a token. Issuers add what they like; only what matters here is read.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::{self, Deserializer, SeqAccess, Visitor};

#[derive(Deserialize)]
pub(super) struct ClaimsJson<'a> {
    #[serde(borrow)]
    pub(super) iss: Option<Cow<'a, str>>,
    #[serde(borrow)]
    pub(super) sub: Option<Cow<'a, str>>,
    pub(super) aud: Option<Audiences>,
    pub(super) exp: Option<i64>,
    #[serde(borrow)]
    pub(super) email: Option<Cow<'a, str>>,
    pub(super) email_verified: Option<Truth>,
    #[serde(borrow)]
    pub(super) federated_claims: Option<FederatedJson<'a>>,
    #[serde(borrow)]
    pub(super) job_workflow_ref: Option<Cow<'a, str>>,
    #[cfg(feature = "oidc")]
    #[serde(borrow)]
    pub(super) workflow_ref: Option<Cow<'a, str>>,
    #[cfg(feature = "oidc")]
    #[serde(borrow)]
    pub(super) repository: Option<Cow<'a, str>>,
    #[cfg(feature = "oidc")]
    #[serde(borrow)]
    pub(super) repository_id: Option<Cow<'a, str>>,
    #[cfg(feature = "oidc")]
    #[serde(borrow)]
    pub(super) repository_owner_id: Option<Cow<'a, str>>,
    #[cfg(feature = "oidc")]
    #[serde(borrow)]
    pub(super) sha: Option<Cow<'a, str>>,
    #[cfg(feature = "oidc")]
    #[serde(borrow)]
    pub(super) event_name: Option<Cow<'a, str>>,
    #[cfg(feature = "oidc")]
    #[serde(borrow)]
    pub(super) runner_environment: Option<Cow<'a, str>>,
    #[cfg(feature = "oidc")]
    #[serde(borrow)]
    pub(super) run_id: Option<Cow<'a, str>>,
    #[cfg(feature = "oidc")]
    #[serde(borrow)]
    pub(super) run_attempt: Option<Cow<'a, str>>,
    #[cfg(feature = "oidc")]
    #[serde(borrow, rename = "ref")]
    pub(super) reference: Option<Cow<'a, str>>,
    #[serde(borrow)]
    pub(super) server_url: Option<Cow<'a, str>>,
    #[serde(borrow)]
    pub(super) ci_config_ref_uri: Option<Cow<'a, str>>,
    #[serde(borrow)]
    pub(super) organization_slug: Option<Cow<'a, str>>,
    #[serde(borrow)]
    pub(super) pipeline_slug: Option<Cow<'a, str>>,
    #[serde(borrow, rename = "oidc.circleci.com/project-id")]
    pub(super) circleci_project: Option<Cow<'a, str>>,
    #[serde(borrow, rename = "oidc.circleci.com/pipeline-definition-id")]
    pub(super) circleci_pipeline: Option<Cow<'a, str>>,
    #[serde(borrow)]
    pub(super) account_name: Option<Cow<'a, str>>,
    #[serde(borrow)]
    pub(super) pipeline_name: Option<Cow<'a, str>>,
    #[serde(borrow)]
    pub(super) platform_url: Option<Cow<'a, str>>,
    #[serde(borrow, rename = "kubernetes.io")]
    pub(super) kubernetes: Option<KubernetesJson<'a>>,
}

impl ClaimsJson<'_> {
    /// Codefresh's subject.
    pub(super) fn codefresh_workflow(&self) -> Option<String> {
        let (account, pipeline) = (self.account_name.as_ref()?, self.pipeline_name.as_ref()?);
        let platform = self
            .platform_url
            .as_deref()
            .unwrap_or("https://g.codefresh.io");
        Some(format!("{platform}/{account}/{pipeline}"))
    }
}

#[derive(Deserialize)]
pub(super) struct FederatedJson<'a> {
    #[serde(borrow)]
    pub(super) connector_id: Option<Cow<'a, str>>,
}

#[derive(Deserialize)]
pub(super) struct KubernetesJson<'a> {
    #[serde(borrow)]
    pub(super) namespace: Option<Cow<'a, str>>,
    #[serde(borrow)]
    pub(super) serviceaccount: Option<NameJson<'a>>,
}

#[derive(Deserialize)]
pub(super) struct NameJson<'a> {
    #[serde(borrow)]
    pub(super) name: Option<Cow<'a, str>>,
}

/// One audience or several. Spec: RFC 7519 4.1.3
pub(super) struct Audiences(pub(super) Vec<String>);

impl<'de> Deserialize<'de> for Audiences {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct AudienceVisitor;
        impl<'de> Visitor<'de> for AudienceVisitor {
            type Value = Audiences;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string or an array of strings")
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<Audiences, E> {
                Ok(Audiences(vec![text.to_owned()]))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Audiences, A::Error> {
                let mut audiences = Vec::new();
                while let Some(audience) = items.next_element()? {
                    audiences.push(audience);
                }
                Ok(Audiences(audiences))
            }
        }
        deserializer.deserialize_any(AudienceVisitor)
    }
}

/// `true`, or `"true"` as some issuers write it.
#[derive(Clone, Copy)]
pub(super) struct Truth(pub(super) bool);

impl<'de> Deserialize<'de> for Truth {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TruthVisitor;
        impl Visitor<'_> for TruthVisitor {
            type Value = Truth;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("true or false")
            }
            fn visit_bool<E: de::Error>(self, value: bool) -> Result<Truth, E> {
                Ok(Truth(value))
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<Truth, E> {
                Ok(Truth(text == "true"))
            }
        }
        deserializer.deserialize_any(TruthVisitor)
    }
}

/// SLSA provenance of GitHub's build type.
#[cfg(feature = "oidc")]
pub(super) struct ProvenanceJson<'a> {
    /// Its ref, its repository and its file.
    pub(super) workflow: (&'a str, String, &'a str),
    pub(super) event_name: &'a str,
    pub(super) repository_id: &'a str,
    pub(super) repository_owner_id: &'a str,
    pub(super) runner_environment: &'a str,
    pub(super) source: String,
    pub(super) commit: &'a str,
    pub(super) builder: String,
    pub(super) invocation: String,
}

/// Writes it.
#[cfg(feature = "oidc")]
pub(super) fn provenance(it: &ProvenanceJson<'_>) -> String {
    let (reference, repository, path) = &it.workflow;
    let predicate = serde_json::json!({
        "buildDefinition": {
            "buildType": "https://actions.github.io/buildtypes/workflow/v1",
            "externalParameters": {
                "workflow": { "ref": reference, "repository": repository, "path": path },
            },
            "internalParameters": {
                "github": {
                    "event_name": it.event_name,
                    "repository_id": it.repository_id,
                    "repository_owner_id": it.repository_owner_id,
                    "runner_environment": it.runner_environment,
                },
            },
            "resolvedDependencies": [{ "uri": it.source, "digest": { "gitCommit": it.commit } }],
        },
        "runDetails": {
            "builder": { "id": it.builder },
            "metadata": { "invocationId": it.invocation },
        },
    });
    predicate.to_string()
}
