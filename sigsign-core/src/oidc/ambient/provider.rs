use std::fmt;
use std::io;
use std::time::Duration;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use zeroize::Zeroizing;

use super::{AmbientError, Surroundings, process, spiffe, wire};
use crate::transport::{self, Request, Response, Transport};

/// A platform that tells its jobs who they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Provider {
    /// A token in `SIGSTORE_ID_TOKEN`.
    Environment,
    /// GitHub Actions: a service that each job with `id-token: write` is told of.
    GitHub,
    /// GitLab: a variable that the job's definition asks for.
    GitLab,
    /// CircleCI: a program in each job.
    CircleCi,
    /// Buildkite: the agent's program, or its API.
    Buildkite,
    /// Codefresh: a variable that a step sets.
    Codefresh,
    /// Azure Pipelines: a service that each job is told of.
    AzurePipelines,
    /// Kubernetes: a file that the pod asks for.
    Kubernetes,
    /// SPIFFE: the Workload API on a socket.
    Spiffe,
    /// Google Cloud: the service account of the machine.
    GoogleCloud,
}

impl Provider {
    /// All of them, in the order in which they are looked for: what is nearest to the job first,
    /// what is the machine's last.
    pub const ALL: [Self; 10] = [
        Self::Environment,
        Self::GitHub,
        Self::GitLab,
        Self::CircleCi,
        Self::Buildkite,
        Self::Codefresh,
        Self::AzurePipelines,
        Self::Kubernetes,
        Self::Spiffe,
        Self::GoogleCloud,
    ];

    /// Those that are here, in that order: the first is the one to ask.
    pub fn found(at: &dyn Surroundings) -> Vec<Self> {
        let all = Self::ALL.into_iter();
        all.filter(|it| it.is_here(at)).collect()
    }

    /// Its name on a command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Environment => "environment",
            Self::GitHub => "github",
            Self::GitLab => "gitlab",
            Self::CircleCi => "circleci",
            Self::Buildkite => "buildkite",
            Self::Codefresh => "codefresh",
            Self::AzurePipelines => "azure-pipelines",
            Self::Kubernetes => "kubernetes",
            Self::Spiffe => "spiffe",
            Self::GoogleCloud => "google-cloud",
        }
    }

    /// Whether somebody is asked, rather than a variable or a file looked at.
    pub fn asks(self) -> bool {
        match self {
            Self::Environment | Self::GitLab | Self::Codefresh | Self::Kubernetes => false,
            Self::GitHub
            | Self::CircleCi
            | Self::Buildkite
            | Self::AzurePipelines
            | Self::Spiffe
            | Self::GoogleCloud => true,
        }
    }

    /// Whether it looks as if this ran there.
    fn is_here(self, at: &dyn Surroundings) -> bool {
        let is = |name| at.variable(name).is_some();
        match self {
            Self::Environment => is(TOKEN),
            Self::GitHub => is_true(at, "GITHUB_ACTIONS"),
            Self::GitLab => is_true(at, "GITLAB_CI"),
            Self::CircleCi => is_true(at, "CIRCLECI"),
            Self::Buildkite => is_true(at, "BUILDKITE"),
            Self::Codefresh => is("CF_BUILD_ID"),
            Self::AzurePipelines => is_true(at, "TF_BUILD"),
            Self::Kubernetes => at.file(KUBERNETES_FILE).is_some(),
            Self::Spiffe => is(SPIFFE_SOCKET),
            Self::GoogleCloud => is(GOOGLE_HOST) || is_google_machine(at),
        }
    }

    /// What it says of this job.
    pub(super) async fn fetch(
        self,
        audience: &str,
        at: &dyn Surroundings,
        transport: &dyn Transport,
    ) -> Result<Zeroizing<String>, AmbientError> {
        match self {
            Self::Environment => self.variable(at, TOKEN, "the variable SIGSTORE_ID_TOKEN"),
            Self::GitHub => self.of_github(audience, at, transport).await,
            Self::GitLab => self.variable(at, TOKEN, GITLAB_LACKS),
            Self::CircleCi => self.of_circleci(audience, at, transport).await,
            Self::Buildkite => self.of_buildkite(audience, at, transport).await,
            Self::Codefresh => self.variable(at, "ID_TOKEN", CODEFRESH_LACKS),
            Self::AzurePipelines => self.of_azure(at, transport).await,
            Self::Kubernetes => self.of_kubernetes(at),
            Self::Spiffe => self.of_spiffe(audience, at).await,
            Self::GoogleCloud => self.of_google(audience, at, transport).await,
        }
    }

    fn missing(self, want: &'static str) -> AmbientError {
        let provider = self;
        AmbientError::Missing { provider, want }
    }

    fn variable(
        self,
        at: &dyn Surroundings,
        name: &str,
        want: &'static str,
    ) -> Result<Zeroizing<String>, AmbientError> {
        let value = at.variable(name).ok_or_else(|| self.missing(want))?;
        Ok(Zeroizing::new(value))
    }

    /// Spec: GitHub's documentation, "OpenID Connect reference"
    async fn of_github(
        self,
        audience: &str,
        at: &dyn Surroundings,
        transport: &dyn Transport,
    ) -> Result<Zeroizing<String>, AmbientError> {
        let url = self.variable(at, "ACTIONS_ID_TOKEN_REQUEST_URL", GITHUB_LACKS)?;
        let bearer = self.variable(at, "ACTIONS_ID_TOKEN_REQUEST_TOKEN", GITHUB_LACKS)?;
        // The URL has a query of its own.
        let url = format!("{}&audience={}", &*url, escaped(audience));
        let request = Request::get(url).bearer(&*bearer);
        let answer = self.ask(transport, request).await?;
        self.token_of(wire::value(answer.body()), "JSON with a member value")
    }

    /// Spec: CircleCI's documentation, "Using OpenID Connect tokens in jobs"
    async fn of_circleci(
        self,
        audience: &str,
        at: &dyn Surroundings,
        transport: &dyn Transport,
    ) -> Result<Zeroizing<String>, AmbientError> {
        let claims = wire::audience(audience);
        let arguments = ["run", "oidc", "get", "--claims", &claims, "--root-issuer"];
        match self.run(at, transport, "circleci", &arguments).await? {
            Some(token) => Ok(token),
            // An image without the program still has a token, for one audience.
            None => self.variable(at, "CIRCLE_OIDC_TOKEN_V2", CIRCLECI_LACKS),
        }
    }

    /// Spec: Buildkite's documentation, "OIDC with Buildkite"; its Agent API
    async fn of_buildkite(
        self,
        audience: &str,
        at: &dyn Surroundings,
        transport: &dyn Transport,
    ) -> Result<Zeroizing<String>, AmbientError> {
        let arguments = ["oidc", "request-token", "--audience", audience];
        if let Some(token) = self
            .run(at, transport, "buildkite-agent", &arguments)
            .await?
        {
            return Ok(token);
        }
        let job = self.variable(at, "BUILDKITE_JOB_ID", BUILDKITE_LACKS)?;
        let access = self.variable(at, "BUILDKITE_AGENT_ACCESS_TOKEN", BUILDKITE_LACKS)?;
        let endpoint = at
            .variable("BUILDKITE_AGENT_ENDPOINT")
            .unwrap_or_else(|| BUILDKITE_ENDPOINT.to_owned());
        let endpoint = endpoint.trim_end_matches('/');
        let url = format!("{endpoint}/jobs/{}/oidc/tokens", escaped(&job));
        let body = wire::audience_request(audience).into_bytes();
        let request = Request::post(url, JSON, body).authorization("Token", &access);
        let answer = self.ask(transport, request).await?;
        self.token_of(wire::token(answer.body()), "JSON with a member token")
    }

    /// The audience is Azure's own, whatever is asked for.
    ///
    /// Spec: Azure DevOps REST API, "Oidctoken - Create"
    async fn of_azure(
        self,
        at: &dyn Surroundings,
        transport: &dyn Transport,
    ) -> Result<Zeroizing<String>, AmbientError> {
        let url = self.variable(at, "SYSTEM_OIDCREQUESTURI", AZURE_LACKS)?;
        let bearer = self.variable(at, "SYSTEM_ACCESSTOKEN", AZURE_LACKS)?;
        let mut url = format!("{}?api-version=7.1", &*url);
        if let Some(connection) = at.variable("AZURESUBSCRIPTION_SERVICE_CONNECTION_ID") {
            url.push_str("&serviceConnectionId=");
            url.push_str(&escaped(&connection));
        }
        let request = Request::post(url, JSON, Vec::new()).bearer(&*bearer);
        let answer = self.ask(transport, request).await?;
        let token = wire::oidc_token(answer.body());
        self.token_of(token, "JSON with a member oidcToken")
    }

    /// Spec: Kubernetes, "Launch a Pod using service account token projection"
    fn of_kubernetes(self, at: &dyn Surroundings) -> Result<Zeroizing<String>, AmbientError> {
        let bytes = at.file(KUBERNETES_FILE);
        let bytes = bytes.ok_or_else(|| self.missing(KUBERNETES_LACKS))?;
        self.token_of(String::from_utf8(bytes).ok(), "text in the token's file")
    }

    /// Spec: SPIFFE Workload Endpoint 4; SPIFFE Workload API 6.2.1
    async fn of_spiffe(
        self,
        audience: &str,
        at: &dyn Surroundings,
    ) -> Result<Zeroizing<String>, AmbientError> {
        let socket = self.variable(at, SPIFFE_SOCKET, "the variable SPIFFE_ENDPOINT_SOCKET")?;
        let provider = self;
        let transport = at
            .socket(&socket)
            .map_err(|problem| AmbientError::Transport { provider, problem })?;
        let answer = self
            .ask(&*transport, spiffe::request(&socket, audience))
            .await?;
        // Who may not have one gets an answer without a message.
        if answer.body().is_empty() {
            return Err(self.missing("a registration of this workload with its SPIFFE server"));
        }
        self.token_of(spiffe::token(answer.body()), "a JWT-SVID")
    }

    /// Spec: Google Cloud's documentation, "Verify the identity of a VM"
    async fn of_google(
        self,
        audience: &str,
        at: &dyn Surroundings,
        transport: &dyn Transport,
    ) -> Result<Zeroizing<String>, AmbientError> {
        let host = at.variable(GOOGLE_HOST);
        let host = host.as_deref().unwrap_or(transport::METADATA_HOST);
        let url = format!(
            "http://{host}/computeMetadata/v1/instance/service-accounts/default/identity\
             ?audience={}&format=full",
            escaped(audience)
        );
        let request = Request::get(url).header("metadata-flavor", "Google");
        let answer = match self.ask(transport, request).await {
            Err(AmbientError::Refused { status: 404, .. }) => {
                return Err(self.missing("a service account of the machine"));
            }
            answer => answer?,
        };
        let text = String::from_utf8(answer.body().to_vec()).ok();
        self.token_of(text, "text")
    }

    /// Asks whoever gives out tokens, with patience for their trouble, and little for silence.
    async fn ask(
        self,
        transport: &dyn Transport,
        request: Request,
    ) -> Result<Response, AmbientError> {
        let provider = self;
        let request = request.timeout(TIMEOUT);
        let answer = transport::send(transport, &request).await;
        let answer = answer.map_err(|problem| AmbientError::Transport { provider, problem })?;
        match answer.status() {
            200 | 201 => Ok(answer),
            status => Err(AmbientError::Refused {
                provider,
                status,
                message: wire::message(answer.body()),
            }),
        }
    }

    /// What a program prints; `None` if there is no such program.
    async fn run(
        self,
        at: &dyn Surroundings,
        transport: &dyn Transport,
        program: &'static str,
        arguments: &[&str],
    ) -> Result<Option<Zeroizing<String>>, AmbientError> {
        let provider = self;
        let failed = |problem| AmbientError::Program {
            provider,
            program,
            problem,
        };
        let process = match at.start(program, arguments) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            started => started.map_err(|error| failed(error.to_string()))?,
        };
        match process::finish(process, transport).await {
            Some(finished) if finished.success => Ok(Some(finished.output)),
            Some(finished) => Err(failed(last_line(&finished.complaint))),
            None => Err(AmbientError::Slow {
                provider,
                program,
                limit: process::PATIENCE,
            }),
        }
    }

    fn token_of(
        self,
        text: Option<String>,
        want: &'static str,
    ) -> Result<Zeroizing<String>, AmbientError> {
        let provider = self;
        text.map(Zeroizing::new)
            .ok_or(AmbientError::Answer { provider, want })
    }
}

impl fmt::Display for Provider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Environment => "the environment",
            Self::GitHub => "GitHub Actions",
            Self::GitLab => "GitLab",
            Self::CircleCi => "CircleCI",
            Self::Buildkite => "Buildkite",
            Self::Codefresh => "Codefresh",
            Self::AzurePipelines => "Azure Pipelines",
            Self::Kubernetes => "Kubernetes",
            Self::Spiffe => "SPIFFE",
            Self::GoogleCloud => "Google Cloud",
        })
    }
}

/// Azure writes `True`.
fn is_true(at: &dyn Surroundings, name: &str) -> bool {
    at.variable(name)
        .is_some_and(|it| it.eq_ignore_ascii_case("true"))
}

/// Spec: Google Cloud's documentation, "Detect if a VM is running in Compute Engine"
fn is_google_machine(at: &dyn Surroundings) -> bool {
    at.file("/sys/class/dmi/id/product_name")
        .is_some_and(|it| it.trim_ascii().starts_with(b"Google"))
}

/// As a value in a query, or one step of a path.
fn escaped(text: &str) -> String {
    const PLAIN: &AsciiSet = &NON_ALPHANUMERIC
        .remove(b'-')
        .remove(b'.')
        .remove(b'_')
        .remove(b'~');
    utf8_percent_encode(text, PLAIN).to_string()
}

/// Programs complain at length; what they end with says why they ended.
fn last_line(text: &str) -> String {
    let line = text.lines().rfind(|it| !it.trim().is_empty());
    line.unwrap_or("it says nothing").trim().to_owned()
}

/// Who gives out tokens is on the platform, so that a slow one is in trouble.
const TIMEOUT: Duration = Duration::from_secs(10);
const JSON: (&str, &str) = ("application/json", "application/json");

const TOKEN: &str = "SIGSTORE_ID_TOKEN";
const SPIFFE_SOCKET: &str = "SPIFFE_ENDPOINT_SOCKET";
const GOOGLE_HOST: &str = "GCE_METADATA_HOST";
/// Where pods of Sigstore's documentation have their token.
const KUBERNETES_FILE: &str = "/var/run/sigstore/cosign/oidc-token";
const BUILDKITE_ENDPOINT: &str = "https://agent.buildkite.com/v3";

const GITHUB_LACKS: &str = "the permission `id-token: write`";
const GITLAB_LACKS: &str = "`id_tokens:` with `SIGSTORE_ID_TOKEN:` in its definition";
const CIRCLECI_LACKS: &str = "the program circleci";
const BUILDKITE_LACKS: &str = "the program buildkite-agent, or its access token";
const CODEFRESH_LACKS: &str = "the step `obtain-oidc-id-token` before this one";
const AZURE_LACKS: &str = "SYSTEM_ACCESSTOKEN in the environment of its step";
const KUBERNETES_LACKS: &str = "a projected token at /var/run/sigstore/cosign/oidc-token";
