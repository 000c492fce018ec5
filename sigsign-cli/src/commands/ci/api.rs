//! GitHub's API: files of a release, and the store of attestations.
//!
//! Spec: GitHub's documentation, "REST API endpoints for release assets", "REST API endpoints for
//! attestations"

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;
use sigsign_core::crypto::Hasher;
use sigsign_core::digest::HashAlgorithm;
use sigsign_core::transport::http::HttpTransport;
use sigsign_core::transport::{self, Request, Response};

use super::event::Release;
use crate::commands::sign::services;
use crate::plan::ci::{GitHubToken, Runner};
use crate::problem::Problem;

const TYPE: &str = "application/vnd.github+json";
const JSON: (&str, &str) = ("application/json", TYPE);
const VERSION: &str = "2022-11-28";

/// What is written as it is in a query. Spec: RFC 3986 2.3
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// GitHub, as the job may use it.
pub(super) struct Api<'a> {
    transport: HttpTransport,
    runner: &'a Runner,
    token: &'a GitHubToken,
}

/// A file of a release.
#[derive(Debug, Deserialize)]
struct Asset {
    name: String,
    #[serde(default)]
    digest: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Stored {
    id: serde_json::Value,
}

#[derive(Debug, Default, Deserialize)]
struct Refusal {
    #[serde(default)]
    message: String,
    #[serde(default)]
    errors: Vec<RefusalError>,
}

#[derive(Debug, Deserialize)]
struct RefusalError {
    #[serde(default)]
    code: String,
}

impl<'a> Api<'a> {
    pub(super) fn new(runner: &'a Runner) -> Result<Self, Problem> {
        let token = runner.token.as_ref().ok_or_else(|| {
            Problem::usage(
                "bundles are to be uploaded, and there is no token for it",
                "leave the input github-token as it is, or set SIGSIGN_GITHUB_TOKEN",
            )
        })?;
        Ok(Self {
            transport: services::transport(None)?,
            runner,
            token,
        })
    }

    /// The release of the tag that the job runs for.
    pub(super) async fn release(&self) -> Result<Release, Problem> {
        let Runner {
            api,
            repository,
            ref_name,
            ..
        } = self.runner;
        if !self.runner.is_tag {
            return Err(Problem::usage(
                format!("release-upload is true, and {ref_name} is no tag"),
                "run the job for a tag or a release, or set release-upload to auto",
            ));
        }
        let url = format!(
            "{api}/repos/{repository}/releases/tags/{}",
            escaped(ref_name)
        );
        let answer = self.ask(Request::get(url).accept(TYPE)).await?;
        match answer.status() {
            200 => read(&answer, "a release"),
            404 => {
                let sentence = format!("there is no release for the tag {ref_name}");
                Err(Problem::refused_as("github.no-release", &sentence)
                    .hint("make the release before this step"))
            }
            _ => Err(refused(
                &answer,
                "says nothing of the release",
                "contents: read",
            )),
        }
    }

    /// Adds a file to a release. One of the same name stays as it is; the very same file is no
    /// error, as when an upload went well and its answer was lost.
    pub(super) async fn upload(
        &self,
        release: &Release,
        name: &str,
        bytes: &[u8],
    ) -> Result<(), Problem> {
        // The URL is a template: {?name,label}.
        let url = release.upload_url.split('{').next().unwrap_or_default();
        let url = format!("{url}?name={}", escaped(name));
        let answer = self.ask(Request::post(url, JSON, bytes.to_vec())).await?;
        match answer.status() {
            201 => Ok(()),
            422 if is_there(&answer) && self.has_same(release, name, bytes).await? => Ok(()),
            422 if is_there(&answer) => {
                let sentence = format!("the release has another file {name} already");
                Err(Problem::refused_as("github.asset-exists", &sentence)
                    .hint("delete it there; what others may have downloaded is not replaced"))
            }
            _ => Err(refused(
                &answer,
                &format!("does not take {name}"),
                "contents: write",
            )),
        }
    }

    async fn has_same(&self, release: &Release, name: &str, bytes: &[u8]) -> Result<bool, Problem> {
        let mut hasher = Hasher::new(HashAlgorithm::Sha256);
        hasher.update(bytes);
        let digest = hasher.finish().to_string();
        for page in 1..=MOST_PAGES {
            let url = format!("{}?per_page=100&page={page}", release.assets_url);
            let answer = self.ask(Request::get(url).accept(TYPE)).await?;
            if answer.status() != 200 {
                return Err(refused(
                    &answer,
                    "lists no files of the release",
                    "contents: read",
                ));
            }
            let assets: Vec<Asset> = read(&answer, "a list of files")?;
            if let Some(asset) = assets.iter().find(|it| it.name == name) {
                return Ok(asset.digest.as_ref() == Some(&digest));
            }
            if assets.len() < 100 {
                break;
            }
        }
        Ok(false)
    }

    /// Puts a statement's bundle into GitHub's store; its id there.
    pub(super) async fn store(&self, bundle: &str) -> Result<String, Problem> {
        let Runner {
            api, repository, ..
        } = self.runner;
        let url = format!("{api}/repos/{repository}/attestations");
        let body = format!("{{\"bundle\":{bundle}}}").into_bytes();
        let answer = self.ask(Request::post(url, JSON, body)).await?;
        match answer.status() {
            201 => {
                let Stored { id } = read(&answer, "the id of an attestation")?;
                Ok(id.as_str().map_or_else(|| id.to_string(), str::to_owned))
            }
            _ => Err(refused(
                &answer,
                "does not take the attestation",
                "attestations: write",
            )),
        }
    }

    async fn ask(&self, request: Request) -> Result<Response, Problem> {
        let request = request
            .header("x-github-api-version", VERSION)
            .bearer(&*self.token.0);
        let answer = transport::send(&self.transport, &request).await;
        answer.map_err(|error| Problem::service(error.code(), "no answer from GitHub", &error))
    }
}

/// A release has at most 1,000 files.
const MOST_PAGES: u32 = 10;

fn escaped(text: &str) -> String {
    utf8_percent_encode(text, PLAIN).to_string()
}

fn read<T: serde::de::DeserializeOwned>(answer: &Response, want: &str) -> Result<T, Problem> {
    serde_json::from_slice(answer.body()).map_err(|error| {
        let what = format!("wanted {want} of GitHub, found something else");
        Problem::service("github.answer", &what, &error)
    })
}

fn refusal(answer: &Response) -> Refusal {
    serde_json::from_slice(answer.body()).unwrap_or_default()
}

fn is_there(answer: &Response) -> bool {
    let errors = refusal(answer).errors;
    errors.iter().any(|it| it.code == "already_exists")
}

fn refused(answer: &Response, what: &str, permission: &str) -> Problem {
    let status = answer.status();
    let mut sentence = format!("GitHub {what}: status {status}");
    let message: String = refusal(answer).message.chars().take(300).collect();
    if !message.is_empty() {
        sentence.push_str(&format!(": {message}"));
    }
    let hint = match status {
        401 | 403 | 404 => format!("give the job `permissions:` with `{permission}`"),
        _ => "try again later; what was signed is in the workspace".to_owned(),
    };
    Problem::refused_as("github.refused", &sentence).hint(hint)
}
