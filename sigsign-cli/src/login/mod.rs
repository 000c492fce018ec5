//! Logins of people, where no platform says who runs this.

mod listener;
mod page;

use std::io::{self, IsTerminal as _, Write as _};
use std::time::Duration;

use sigsign_core::encoding::Escaped;
use sigsign_core::oidc::IdentityToken;
use sigsign_core::oidc::login::{Client, DeviceLogin, LoginError};
use sigsign_core::transport::Transport;
use sigsign_core::trust::{ServiceKind, SigningConfig};

use crate::cli::Flow;
use crate::commands::now;
use crate::exit::Exit;
use crate::hint;
use crate::plan::sign::Login;
use crate::problem::Problem;

use listener::Listener;

/// Somebody is there to log in, and it is no job: those would wait for nobody.
pub(crate) fn has_somebody() -> bool {
    !is_job() && io::stdin().is_terminal() && io::stderr().is_terminal()
}

/// What CI platforms set in their jobs.
fn is_job() -> bool {
    is_set("CI")
}

fn is_set(name: &str) -> bool {
    std::env::var_os(name).is_some_and(|it| !it.is_empty() && it != "false")
}

/// A token of whoever logs in, for `audience`, which is what the issuer calls this program.
pub(crate) async fn token(
    login: &Login,
    audience: &str,
    config: Option<&SigningConfig>,
    transport: &dyn Transport,
) -> Result<IdentityToken, Problem> {
    if is_job() {
        let sentence = "a job has nobody to log in".to_owned();
        let mut problem = Problem::input("login.in-job", sentence);
        problem.exit = Exit::NoIdentity;
        return Err(problem.hint_of_code());
    }
    let issuer = issuer(login, config)?;
    let client = Client::discover(&issuer, audience, transport).await?;
    match login.flow.unwrap_or_else(likely_flow) {
        Flow::Browser => in_browser(&client, login, transport).await,
        Flow::Device if login.flow.is_none() && !client.has_devices() => {
            in_browser(&client, login, transport).await
        }
        Flow::Device => on_device(&client, login, transport).await,
    }
}

/// The one that was named, or that of the instance.
fn issuer(login: &Login, config: Option<&SigningConfig>) -> Result<String, Problem> {
    if let Some(issuer) = &login.issuer {
        return Ok(issuer.clone());
    }
    let unknown = || {
        let sentence = "the instance says of no issuer whom people log in at";
        Problem::usage(sentence, "name one with --oidc-issuer URL")
    };
    let services = config.ok_or_else(unknown)?;
    let issuers = services.select(ServiceKind::Issuer, &[1], now());
    let first = issuers
        .ok()
        .and_then(|it| it.first().map(|it| it.url().to_owned()));
    first.ok_or_else(unknown)
}

/// A browser opens where the person looks at, and not at the other end of a connection.
fn likely_flow() -> Flow {
    let has_screen = cfg!(windows)
        || cfg!(target_os = "macos")
        || ["DISPLAY", "WAYLAND_DISPLAY", "WSL_DISTRO_NAME"]
            .into_iter()
            .any(is_set);
    if has_screen && !is_set("SSH_CONNECTION") {
        Flow::Browser
    } else {
        Flow::Device
    }
}

async fn in_browser(
    client: &Client,
    login: &Login,
    transport: &dyn Transport,
) -> Result<IdentityToken, Problem> {
    let listener = Listener::bind().await.map_err(|error| {
        let what = "no port of this machine is free for the browser to come back to";
        let mut problem = Problem::io("login.port", what, &error);
        problem.exit = Exit::NoIdentity;
        problem.hint_of_code()
    })?;
    let started = client.in_browser(&listener.redirect())?;
    let url = started.url();
    // Without one that opens, the address is there to be opened by hand.
    let opened = open::that_detached(&url).is_ok();
    let how = if opened {
        "log in in the browser, which opens"
    } else {
        "open this page to log in"
    };
    say(&format!(
        "{how}; it ends in {}:\n  {url}\n",
        minutes(login.patience)
    ));
    let finish = async |query: String| started.finish(&query, transport, now()).await;
    listener.wait(login.patience, finish).await
}

async fn on_device(
    client: &Client,
    login: &Login,
    transport: &dyn Transport,
) -> Result<IdentityToken, Problem> {
    let started = client.on_device(transport).await?;
    let patience = login.patience.min(started.expires_in());
    say(&invitation(&started, patience));
    let waiting = tokio::time::timeout(patience, started.finish(transport, now));
    match waiting.await {
        Ok(done) => Ok(done?),
        Err(_) => Err(LoginError::Expired.into()),
    }
}

/// What comes from the issuer is shown as text.
fn invitation(login: &DeviceLogin, patience: Duration) -> String {
    let (place, code) = (Escaped(login.place()), Escaped(login.user_code()));
    let mut text = format!(
        "log in at {place} with the code {code}; it ends in {}\n",
        minutes(patience)
    );
    if let Some(complete) = login.complete_place() {
        text.push_str(&format!(
            "  or at {}, and compare the code\n",
            Escaped(complete)
        ));
    }
    text
}

fn minutes(time: Duration) -> String {
    match time.as_secs() {
        seconds @ 0..=119 => format!("{seconds} s"),
        seconds => format!("{} minutes", seconds / 60),
    }
}

/// For the person, at once. Nobody to talk to is no error.
fn say(text: &str) {
    let _ = io::stderr().write_all(format!("sigsign: {text}").as_bytes());
}

/// Nobody came back from the browser.
fn timed_out(patience: Duration) -> Problem {
    let sentence = format!("nobody logged in within {}", minutes(patience));
    let mut problem = Problem::input("login.timeout", sentence);
    problem.exit = Exit::NoIdentity;
    problem.hint_of_code()
}

impl From<LoginError> for Problem {
    fn from(error: LoginError) -> Self {
        let mut causes = vec![error.to_string()];
        let mut next = std::error::Error::source(&error);
        while let Some(error) = next {
            causes.push(error.to_string());
            next = error.source();
        }
        let exit = if error.is_passing() {
            Exit::Service
        } else {
            Exit::NoIdentity
        };
        Self {
            exit,
            check: None,
            code: error.code(),
            sentences: causes,
            hint: hint::of(error.code()).map(str::to_owned),
        }
    }
}
