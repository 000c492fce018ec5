//! GitHub's API: files of a release, and the store of attestations.
//!
//! Spec: GitHub's documentation, "REST API endpoints for release assets", "REST API endpoints for
//! attestations", "Rate limits for the REST API"

use std::time::Duration;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;
use sigsign_core::crypto::Hasher;
use sigsign_core::digest::HashAlgorithm;
use sigsign_core::transport::http::HttpTransport;
use sigsign_core::transport::{self, Request, Response, Transport as _};

use super::event::Release;
use crate::commands::sign::services;
use crate::plan::ci::{GitHubToken, Others, Runner};
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
    id: u64,
    name: String,
    /// `uploaded`, or `starter` if nothing but the name came through.
    #[serde(default)]
    state: String,
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

    /// Adds a file to a release. One of the same name stays as it is, unless it is to be replaced;
    /// the very same file is no error, as when an upload went well and its answer was lost.
    pub(super) async fn upload(
        &self,
        release: &Release,
        name: &str,
        bytes: &[u8],
        others: Others,
    ) -> Result<(), Problem> {
        if self.add(release, name, bytes).await? == Added::Yes {
            return Ok(());
        }
        let there = self.assets_called(release, name).await?;
        let digest = digest_of(bytes);
        if there.iter().any(|it| it.digest.as_ref() == Some(&digest)) {
            return Ok(());
        }
        // An upload that broke off leaves a name without a file, which may be deleted.
        let is_nothing = |it: &Asset| it.state == "starter";
        for asset in &there {
            if others == Others::Stay && !is_nothing(asset) {
                return Err(another(name));
            }
            self.delete(asset).await?;
        }
        match self.add(release, name, bytes).await? {
            Added::Yes => Ok(()),
            Added::Taken => Err(another(name)),
        }
    }

    async fn add(&self, release: &Release, name: &str, bytes: &[u8]) -> Result<Added, Problem> {
        // The URL is a template: {?name,label}.
        let url = release.upload_url.split('{').next().unwrap_or_default();
        let url = format!("{url}?name={}", escaped(name));
        let answer = self.ask(Request::post(url, JSON, bytes.to_vec())).await?;
        match answer.status() {
            201 => Ok(Added::Yes),
            422 if is_there(&answer) => Ok(Added::Taken),
            _ => {
                let what = format!("does not take {name}");
                Err(refused(&answer, &what, "contents: write"))
            }
        }
    }

    /// The files of a release that GitHub knows by this name.
    async fn assets_called(&self, release: &Release, name: &str) -> Result<Vec<Asset>, Problem> {
        let mut called = Vec::new();
        for page in 1..=MOST_PAGES {
            let url = format!("{}?per_page=100&page={page}", release.assets_url);
            let answer = self.ask(Request::get(url).accept(TYPE)).await?;
            if answer.status() != 200 {
                let what = "lists no files of the release";
                return Err(refused(&answer, what, "contents: read"));
            }
            let assets: Vec<Asset> = read(&answer, "a list of files")?;
            let is_last = assets.len() < 100;
            let same = assets.into_iter().filter(|it| is_same(&it.name, name));
            called.extend(same);
            if is_last {
                break;
            }
        }
        Ok(called)
    }

    async fn delete(&self, asset: &Asset) -> Result<(), Problem> {
        let Runner {
            api, repository, ..
        } = self.runner;
        let url = format!("{api}/repos/{repository}/releases/assets/{}", asset.id);
        let answer = self.ask(Request::delete(url).accept(TYPE)).await?;
        match answer.status() {
            // 404: deleted before, by a request whose answer was lost.
            204 | 404 => Ok(()),
            _ => {
                let what = format!("does not delete {}", asset.name);
                Err(refused(&answer, &what, "contents: write"))
            }
        }
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

    /// Asks, and again when GitHub says how long to wait and a job can.
    async fn ask(&self, request: Request) -> Result<Response, Problem> {
        let request = request
            .header("x-github-api-version", VERSION)
            .bearer(&*self.token.0);
        let mut tries = 0;
        loop {
            let answer = transport::send(&self.transport, &request).await;
            let answer = answer
                .map_err(|error| Problem::service(error.code(), "no answer from GitHub", &error))?;
            let wait = answer.its_retry_after().filter(|it| *it <= LONGEST_WAIT);
            match wait.filter(|_| answer.is_rate_limit() && tries < PATIENCE) {
                Some(wait) => self.transport.wait(wait).await,
                None => return Ok(answer),
            }
            tries += 1;
        }
    }
}

/// What came of adding a file.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Added {
    Yes,
    /// There is one of this name.
    Taken,
}

/// A minute is what GitHub tells those to wait who ask too often.
const LONGEST_WAIT: Duration = Duration::from_secs(120);
const PATIENCE: u32 = 2;

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

/// GitHub writes a period for what it does not like in a name, and documents no more than that.
fn is_same(theirs: &str, ours: &str) -> bool {
    let words = |name: &str| -> Vec<String> {
        let words = name.split(|c: char| c == '.' || is_renamed(c));
        let words = words.filter(|it| !it.is_empty());
        words.map(str::to_owned).collect()
    };
    theirs == ours || (ours.chars().any(is_renamed) && words(theirs) == words(ours))
}

fn is_renamed(c: char) -> bool {
    !(c.is_ascii_alphanumeric() || "-_.".contains(c))
}

fn digest_of(bytes: &[u8]) -> String {
    let mut hasher = Hasher::new(HashAlgorithm::Sha256);
    hasher.update(bytes);
    hasher.finish().to_string()
}

fn another(name: &str) -> Problem {
    let sentence = format!("the release has another file {name} already");
    Problem::refused_as("github.asset-exists", &sentence)
        .hint("delete it there, or set release-replace to true: others may have downloaded it")
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
    if answer.is_rate_limit() {
        return Problem::refused_as("github.rate-limit", &sentence).hint(
            "the token has no requests left for now; run the job again later. What was signed is in \
             the workspace",
        );
    }
    let hint = match status {
        401 | 403 | 404 => format!("give the job `permissions:` with `{permission}`"),
        _ => "try again later; what was signed is in the workspace".to_owned(),
    };
    Problem::refused_as("github.refused", &sentence).hint(hint)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accepts_names_as_github_writes_them() {
        for (theirs, ours, want) in [
            ("app.sigstore.json", "app.sigstore.json", true),
            ("a.b.sigstore.json", "a b.sigstore.json", true),
            ("a.b.sigstore.json", "(a b).sigstore.json", true),
            ("app-1.sigstore.json", "app_1.sigstore.json", false),
            ("a-b.sigstore.json", "a b.sigstore.json", false),
            ("app.sigstore.json", "app.exe.sigstore.json", false),
        ] {
            assert_eq!(want, is_same(theirs, ours), "{theirs} {ours}");
        }
    }
}
