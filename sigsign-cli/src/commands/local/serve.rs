//! A server for other programs.

use std::io;
use std::path::Path;

use serde::Serialize;
use sigsign_core::encoding::Escaped;
use sigsign_local::instance::ct_log::roots_from_pem;
use sigsign_local::instance::{
    self, Choices, FolderError, Instance, Options, SIGNING_CONFIG_FILE, Service, TRUSTED_ROOT_FILE,
};
use sigsign_local::key::Scheme;

use super::SCHEMA;
use crate::cli::{self, Format, LogKey, OtherKey};
use crate::commands::log::log_to_stderr;
use crate::exit::Exit;
use crate::files::{Document, shown};
use crate::json;
use crate::local::{folder, unusable};
use crate::problem::Problem;
use crate::ui::{Level, Ui};

/// Where everything is, once the services answer.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Ready<'a> {
    schema: u8,
    ready: bool,
    url: &'a str,
    pid: u32,
    data: String,
    trusted_root: String,
    signing_config: String,
    trust_root_repository: String,
    services: Vec<&'static str>,
}

/// Serves until the process is told to stop.
pub(super) fn run(args: &cli::Serve, ui: &mut Ui) -> Result<Exit, Problem> {
    let folder = folder(args.data.data.as_deref())?;
    let mut options = Options::new(&folder);
    options.opening.choices = choices(&args.choices, &folder);
    if !args.only.is_empty() {
        options.services = args.only.iter().map(|it| service(*it)).collect();
    }
    for path in &args.ct_root {
        options.ct_roots.extend(ct_roots(path)?);
    }
    log_to_stderr(ui);
    let served = instance::serve(options, args.port, |instance| {
        let ready = Ready::new(instance);
        match ui.format() {
            _ if ui.level() == Level::Quiet => {}
            Format::Json => ui.answer(json::line(&ready)),
            Format::Text => ready.show(args, ui),
        }
        ui.flush();
    });
    served.map_err(|error| problem(&error, &folder, args.port))?;
    Ok(Exit::Done)
}

impl<'a> Ready<'a> {
    fn new(instance: &'a Instance) -> Self {
        let folder = instance.folder();
        Self {
            schema: SCHEMA,
            ready: true,
            url: instance.base_url(),
            pid: std::process::id(),
            data: shown(folder),
            trusted_root: shown(&folder.join(TRUSTED_ROOT_FILE)),
            signing_config: shown(&folder.join(SIGNING_CONFIG_FILE)),
            trust_root_repository: format!("{}/tuf", instance.base_url()),
            services: instance.services().iter().map(|it| it.name()).collect(),
        }
    }

    fn show(&self, args: &cli::Serve, ui: &mut Ui) {
        let data = args.data.data.as_ref().map(|_| &self.data);
        let data = data.map_or_else(String::new, |it| format!(" --data {it}"));
        for (name, value) in [
            ("ready", self.url),
            ("services", &self.services.join(", ")),
            ("trusted root", &self.trusted_root),
            ("signing config", &self.signing_config),
            ("trust root repository", &self.trust_root_repository),
            ("sign with it", &format!("sigsign sign FILE --local{data}")),
            (
                "verify with it",
                &format!(
                    "sigsign verify FILE --local{data} --identity WHO --issuer {}",
                    self.url
                ),
            ),
            ("stop it", "Ctrl-C"),
        ] {
            ui.answer(format_args!("{name}: {}", Escaped(value)));
        }
    }
}

/// What was not said is as it is, or as usual. `None` if nothing was said.
fn choices(args: &cli::Choices, folder: &Path) -> Option<Choices> {
    let is_silent = args.log_key.is_none()
        && args.timestamp_key.is_none()
        && args.token_key.is_none()
        && !args.witness;
    if is_silent {
        return None;
    }
    let found = instance::about(folder).map(|it| it.choices);
    let mut choices = found.unwrap_or_default();
    if let Some(key) = args.log_key {
        choices.log_key = match key {
            LogKey::Ed25519 => Scheme::Ed25519,
            LogKey::P256 => Scheme::P256,
        };
    }
    if let Some(key) = args.timestamp_key {
        choices.stamper_key = scheme(key);
    }
    if let Some(key) = args.token_key {
        choices.token_key = scheme(key);
    }
    choices.witness |= args.witness;
    Some(choices)
}

fn ct_roots(path: &Path) -> Result<Vec<Vec<u8>>, Problem> {
    roots_from_pem(&Document::CtRoot.read(path)?).ok_or_else(|| {
        let what = format!(
            "certificate authority {} is no PEM of certificates",
            shown(path)
        );
        Problem::input("ct-root.pem", what).hint_of_code()
    })
}

fn scheme(key: OtherKey) -> Scheme {
    match key {
        OtherKey::P256 => Scheme::P256,
        OtherKey::Rsa2048 => Scheme::Rsa2048,
    }
}

fn service(service: cli::Service) -> Service {
    match service {
        cli::Service::Ca => Service::Ca,
        cli::Service::Ct => Service::CtLog,
        cli::Service::RekorV1 => Service::LogV1,
        cli::Service::RekorV2 => Service::LogV2,
        cli::Service::Oidc => Service::Oidc,
        cli::Service::Tsa => Service::Tsa,
        cli::Service::Tuf => Service::Tuf,
    }
}

fn problem(error: &io::Error, folder: &Path, port: u16) -> Problem {
    match error.kind() {
        _ if FolderError::of(error).is_some() => unusable(folder, error),
        io::ErrorKind::AddrInUse | io::ErrorKind::PermissionDenied => {
            let what = format!("port {port} cannot be used");
            Problem::io("local.port", &what, error).hint_of_code()
        }
        _ => unusable(folder, error),
    }
}
