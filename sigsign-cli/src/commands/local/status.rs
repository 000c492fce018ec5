//! What there is to know about an instance.

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};
use sigsign_core::encoding::Escaped;
use sigsign_core::transport::http::{HttpTransport, PlainHttp};
use sigsign_core::transport::{Request, Transport as _, blocking};
use sigsign_local::instance::{self, About, SIGNING_CONFIG_FILE, TRUSTED_ROOT_FILE};
use sigsign_local::text::rfc3339;

use super::SCHEMA;
use crate::cli::{self, Format, Network};
use crate::exit::Exit;
use crate::files::shown;
use crate::json;
use crate::local::{folder, unusable};
use crate::problem::Problem;
use crate::ui::{Level, Ui};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Status {
    schema: u8,
    data: String,
    created: String,
    /// `served`, `in-use` or `closed`.
    state: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pid: Option<u32>,
    trusted_root: String,
    signing_config: String,
    log_key: &'static str,
    timestamp_key: &'static str,
    token_key: &'static str,
    witness: bool,
    /// The number of entries of each log, if somebody can say.
    #[serde(skip_serializing_if = "Option::is_none")]
    logs: Option<BTreeMap<String, u64>>,
}

/// What an instance answers when it is asked how it is.
#[derive(Deserialize)]
struct Health {
    logs: BTreeMap<String, u64>,
}

/// Shows the instance, without changing anything about it.
pub(super) fn run(data: &cli::Data, ui: &mut Ui) -> Result<Exit, Problem> {
    let folder = folder(data.data.as_deref())?;
    let about = instance::about(&folder).map_err(|error| unusable(&folder, &error))?;
    let status = Status::new(&folder, &about, ui.network());
    match ui.format() {
        _ if ui.level() == Level::Quiet => {}
        Format::Json => ui.answer(json::line(&status)),
        Format::Text => status.show(ui),
    }
    Ok(Exit::Done)
}

impl Status {
    fn new(folder: &Path, about: &About, network: Network) -> Self {
        let running = about.running.as_ref();
        Self {
            schema: SCHEMA,
            data: shown(folder),
            created: rfc3339(about.created),
            state: match (running, about.is_open) {
                (Some(_), _) => "served",
                (None, true) => "in-use",
                (None, false) => "closed",
            },
            url: running.map(|it| it.url.clone()),
            pid: running.map(|it| it.pid),
            trusted_root: shown(&folder.join(TRUSTED_ROOT_FILE)),
            signing_config: shown(&folder.join(SIGNING_CONFIG_FILE)),
            log_key: about.choices.log_key.details(),
            timestamp_key: about.choices.stamper_key.details(),
            token_key: about.choices.token_key.details(),
            witness: about.choices.witness,
            logs: logs(folder, about, network),
        }
    }

    fn show(&self, ui: &mut Ui) {
        let mut line = |name: &str, value: &str| {
            ui.answer(format_args!("{name}: {}", Escaped(value)));
        };
        line("local instance", &self.data);
        match (&self.url, self.state) {
            (Some(url), _) => line("served", url),
            (None, "closed") => line("served", "no"),
            _ => line("served", "no, but another process has it open"),
        }
        line("made", &self.created);
        line("trusted root", &self.trusted_root);
        line("signing config", &self.signing_config);
        line("key of the log", self.log_key);
        line("key of time stamps", self.timestamp_key);
        line("key of tokens", self.token_key);
        line("witness", if self.witness { "yes" } else { "no" });
        for (log, size) in self.logs.iter().flatten() {
            line(&format!("entries in {log}"), &size.to_string());
        }
    }
}

/// Asks the server, or looks for itself where there is none.
fn logs(folder: &Path, about: &About, network: Network) -> Option<BTreeMap<String, u64>> {
    match (&about.running, about.is_open) {
        (Some(running), _) if network == Network::Allowed => asked(&running.url),
        (Some(_), _) | (None, true) => None,
        (None, false) => {
            let sizes = instance::log_sizes(folder).ok()?.into_iter();
            Some(sizes.map(|(log, size)| (log.to_owned(), size)).collect())
        }
    }
}

fn asked(url: &str) -> Option<BTreeMap<String, u64>> {
    let transport = HttpTransport::new(&[], PlainHttp::Loopback).ok()?;
    let request = Request::get(format!("{url}/healthz"));
    let answer = blocking::run(transport.send(&request)).ok()?.ok()?;
    let health: Health = serde_json::from_slice(answer.body()).ok()?;
    Some(health.logs)
}
