//! A trusted root, as people and programs read it.

use std::fmt;

use serde::Serialize;
use sigsign_core::crypto::{PublicKey, sha256};
use sigsign_core::encoding::{Escaped, base64_encode, hex_encode};
use sigsign_core::time::{Timestamp, Validity};
use sigsign_core::trust::{Authority, Log, TrustedRoot};
use sigsign_core::tuf::{Held, Roles, Stale};

use super::SCHEMA;
use crate::cli::{Format, Instance};
use crate::commands::now;
use crate::exit::Exit;
use crate::json;
use crate::problem::Problem;
use crate::trust::{self, TRUSTED_ROOT};
use crate::ui::{Level, Ui};

const SECONDS_PER_DAY: i64 = 86_400;

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Shown<'a> {
    schema: u8,
    instance: &'a str,
    url: String,
    /// `updated` or `embedded`.
    origin: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stale: Option<String>,
    metadata: Vec<Metadata<'a>>,
    services: Vec<Service>,
}

/// The metadata of a role.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Metadata<'a> {
    role: &'a str,
    version: u64,
    expires: String,
    expires_in_days: i64,
}

/// An authority or a log.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Service {
    kind: &'static str,
    url: String,
    operator: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    subject: Option<String>,
    key: String,
    /// As entries name a log, in base64; of an authority the SHA-256 of its key, in hexadecimal.
    key_id: String,
    start: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    end: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ends_in_days: Option<i64>,
}

/// Shows what `verify` trusts.
pub(super) fn run(instance: &Instance, ui: &mut Ui) -> Result<Exit, Problem> {
    let at = now();
    let repository = trust::repository(instance)?;
    let held = trust::held(instance, &[TRUSTED_ROOT])?;
    let root = match &held {
        Some(held) => trust::root_of(instance, held)?,
        None => trust::trusted_root(instance)?,
    };
    let shown = Shown {
        schema: SCHEMA,
        instance: instance.name(),
        url: repository.url().to_owned(),
        origin: if held.is_some() {
            "updated"
        } else {
            "embedded"
        },
        version: root.source().version().map(str::to_owned),
        stale: stale(held.as_ref(), &root, at),
        metadata: held
            .as_ref()
            .map_or_else(Vec::new, |held| metadata(&held.roles, at)),
        services: services(&root, at),
    };
    match ui.format() {
        _ if ui.level() == Level::Quiet => {}
        Format::Json => ui.answer(json::line(&shown)),
        Format::Text => shown.show(ui),
    }
    Ok(Exit::Done)
}

impl Shown<'_> {
    fn show(&self, ui: &mut Ui) {
        ui.answer(format_args!("instance: {}", self.instance));
        ui.answer(format_args!("repository: {}", Escaped(&self.url)));
        let version = self.version.as_deref().unwrap_or("of unknown version");
        let origin = match self.origin {
            "updated" => "of the last update, verified again",
            _ => "that comes with this program",
        };
        ui.answer(format_args!("trusted root: {origin}: {}", Escaped(version)));
        if let Some(stale) = &self.stale {
            ui.answer(format_args!("stale: {}", Escaped(stale)));
        }
        self.metadata.iter().for_each(|it| ui.answer(it));
        for service in &self.services {
            service.show(ui);
        }
    }
}

impl Service {
    fn of_log(kind: &'static str, log: &Log, at: Timestamp) -> Self {
        let (start, end, ends_in_days) = window(log.validity(), at);
        Self {
            kind,
            url: log.base_url().to_owned(),
            operator: log.operator().to_owned(),
            subject: None,
            key: log.scheme().to_string(),
            key_id: base64_encode(log.id()),
            start,
            end,
            ends_in_days,
        }
    }

    fn of_authority(kind: &'static str, authority: &Authority, at: Timestamp) -> Self {
        let certificate = authority.chain().first();
        let validity = authority.validity();
        // Trusted no longer than its certificate is good.
        let end = certificate.and_then(|it| it.validity().end());
        let end = validity.end().into_iter().chain(end).min();
        let (start, end, ends_in_days) = window(Validity::new(validity.start(), end), at);
        let key = certificate.and_then(|it| it.public_key().ok());
        Self {
            kind,
            url: authority.uri().to_owned(),
            operator: authority.operator().to_owned(),
            subject: certificate.map(|it| it.subject_text()),
            key: key.map_or_else(String::new, |key| key.kind().to_string()),
            key_id: key.map_or_else(String::new, key_hash),
            start,
            end,
            ends_in_days,
        }
    }

    fn show(&self, ui: &mut Ui) {
        ui.answer(format_args!("{}: {}", self.kind, Escaped(&self.url)));
        let mut line = |name: &str, value: &str| {
            ui.answer(format_args!("  {name}: {}", Escaped(value)));
        };
        line("operator", &self.operator);
        if let Some(subject) = &self.subject {
            line("subject", subject);
        }
        line("key", &format!("{}, {}", self.key, self.key_id));
        let end = match (&self.end, self.ends_in_days) {
            (Some(end), Some(days)) => format!("to {end}{}", in_days(days)),
            _ => "on".to_owned(),
        };
        line("trusted", &format!("from {} {end}", self.start));
    }
}

impl fmt::Display for Metadata<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (role, version) = (Escaped(self.role), self.version);
        let days = in_days(self.expires_in_days);
        write!(f, "{role}: version {version}, until {}{days}", self.expires)
    }
}

/// Versions, and until when they are good.
pub(super) fn metadata(roles: &Roles, at: Timestamp) -> Vec<Metadata<'_>> {
    let shown = roles.all().iter().map(|role| Metadata {
        role: &role.name,
        version: role.version,
        expires: role.expires.to_string(),
        expires_in_days: days(role.expires, at),
    });
    shown.collect()
}

fn services(root: &TrustedRoot, at: Timestamp) -> Vec<Service> {
    let authorities = [
        ("certificate authority", root.certificate_authorities()),
        ("timestamp authority", root.timestamp_authorities()),
    ];
    let logs = [
        ("transparency log", root.logs()),
        ("certificate log", root.ct_logs()),
    ];
    let authorities = authorities.into_iter().flat_map(|(kind, all)| {
        all.iter()
            .map(move |it| Service::of_authority(kind, it, at))
    });
    let logs = logs
        .into_iter()
        .flat_map(|(kind, all)| all.iter().map(move |it| Service::of_log(kind, it, at)));
    authorities.chain(logs).collect()
}

fn stale(held: Option<&Held>, root: &TrustedRoot, at: Timestamp) -> Option<String> {
    let why = match held {
        Some(held) => match held.stale.as_ref()? {
            Stale::Expired { role, expires } => format!("{role} metadata was good until {expires}"),
            _ => "the last update did not come to its end".to_owned(),
        },
        None => {
            let expires = root.source().expires().filter(|expires| at > *expires)?;
            format!("it was good until {expires}")
        }
    };
    Some(why)
}

fn window(validity: Validity, at: Timestamp) -> (String, Option<String>, Option<i64>) {
    let end = validity.end();
    (
        validity.start().to_string(),
        end.map(|end| end.to_string()),
        end.map(|end| days(end, at)),
    )
}

fn key_hash(key: &PublicKey) -> String {
    hex_encode(&sha256(key.spki()))
}

/// Whole days, negative for what is over.
fn days(end: Timestamp, at: Timestamp) -> i64 {
    let seconds = end.unix_seconds().saturating_sub(at.unix_seconds());
    seconds.div_euclid(SECONDS_PER_DAY)
}

fn in_days(days: i64) -> String {
    match days {
        0.. => format!(" ({days} days left)"),
        _ => format!(" ({} days ago)", days.saturating_neg()),
    }
}
