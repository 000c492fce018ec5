//! What the job runs for.
//!
//! Spec: GitHub's documentation, "Webhook events and payloads"

use serde::Deserialize;

use crate::files::Document;
use crate::plan::ci::Runner;
use crate::problem::Problem;

/// The parts that matter here.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Event {
    pull_request: Option<PullRequest>,
    pub(super) release: Option<Release>,
    repository: Option<Repository>,
}

#[derive(Debug, Deserialize)]
struct PullRequest {
    head: Side,
}

#[derive(Debug, Deserialize)]
struct Side {
    /// `None` if it was deleted since.
    repo: Option<Repository>,
}

#[derive(Debug, Deserialize)]
struct Repository {
    full_name: String,
    #[serde(default)]
    private: bool,
}

/// Where a release takes files.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Release {
    pub(super) upload_url: String,
    pub(super) assets_url: String,
}

/// Reads the event; a job without one has nothing to say of it.
pub(super) fn read(runner: &Runner) -> Result<Event, Problem> {
    let Some(path) = &runner.event else {
        return Ok(Event::default());
    };
    let json = Document::Event.read(path)?;
    serde_json::from_slice(&json).map_err(|error| {
        let what = format!("{} is no event of GitHub", path.display());
        Problem::document("ci.event", &what, &error)
    })
}

impl Event {
    /// What a fork built must not be signed as this repository; nor does it get a token.
    pub(super) fn refuse_forks(&self, runner: &Runner) -> Result<(), Problem> {
        let Some(request) = &self.pull_request else {
            return Ok(());
        };
        let head = request.head.repo.as_ref().map(|it| it.full_name.as_str());
        if head.is_some_and(|it| it.eq_ignore_ascii_case(&runner.repository)) {
            return Ok(());
        }
        let from = head.unwrap_or("a repository that is gone");
        let sentence = format!(
            "this pull request comes from a fork, {from}: GitHub gives it no identity token, and \
             what it built is not to be signed as {}",
            runner.repository
        );
        Err(Problem::input("ci.fork", sentence).hint(
            "run the step only `if: github.event_name != 'pull_request'`, or when the change is merged",
        ))
    }

    /// Whether others are not to know of the repository.
    pub(super) fn is_private(&self) -> bool {
        self.repository.as_ref().is_some_and(|it| it.private)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(json: &str) -> Event {
        serde_json::from_str(json).unwrap()
    }

    fn runner() -> Runner {
        let lookup = |name: &str| (name == "GITHUB_REPOSITORY").then(|| "o/r".to_owned());
        let plan = crate::plan::ci::GitHub::new(&lookup, crate::cli::Network::Allowed);
        plan.unwrap().runner
    }

    #[test]
    fn accepts_what_the_repository_itself_asks_for() {
        for json in [
            "{}",
            r#"{"pull_request":{"head":{"repo":{"full_name":"O/r"}}}}"#,
            r#"{"release":{"upload_url":"u","assets_url":"a"}}"#,
        ] {
            assert_eq!(Ok(()), event(json).refuse_forks(&runner()));
        }
        assert!(event(r#"{"repository":{"full_name":"o/r","private":true}}"#).is_private());
    }

    #[test]
    fn rejects_forks() {
        for json in [
            r#"{"pull_request":{"head":{"repo":{"full_name":"x/r"}}}}"#,
            r#"{"pull_request":{"head":{"repo":null}}}"#,
        ] {
            let problem = event(json).refuse_forks(&runner()).unwrap_err();
            assert_eq!("ci.fork", problem.code);
        }
    }
}
