//! Who would sign here: the identity token's claims, and what a verifier will need.

use serde::Serialize;
use serde_json::value::RawValue;
use sigsign_core::encoding::Escaped;
use sigsign_core::oidc::IdentityToken;
use sigsign_core::oidc::ambient::Provider;
use sigsign_core::transport::blocking;

use super::now;
use super::sign::services::{Connected, transport};
use super::sign::shown::quoted;
use crate::cli::{Format, Network};
use crate::exit::Exit;
use crate::local::Local;
use crate::login;
use crate::plan::sign::{Services, TokenSource, Whoami};
use crate::problem::Problem;
use crate::token;
use crate::ui::Ui;

/// The version of the JSON below, described in `docs/cli.md`.
const SCHEMA: u8 = 1;

/// What stands for the file in a command.
const FILE: &str = "FILE";

/// The answer as JSON.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Shown<'a> {
    schema: u8,
    subject: &'a str,
    issuer: &'a str,
    audiences: &'a [String],
    expires: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    provider: Option<&'static str>,
    claims: &'a RawValue,
    verify: &'a [String],
}

/// Shows who the token names.
pub(super) fn run(plan: &Whoami, ui: &mut Ui) -> Result<Exit, Problem> {
    token::announce(&plan.source, ui);
    let token = read(plan)?;
    let command = command(plan, &token);
    if ui.format() == Format::Json {
        show_json(plan, &token, &command, ui)?;
    } else {
        show_text(plan, &token, &command, ui);
    }
    Ok(Exit::Done)
}

/// The token, which must be good for signing now.
fn read(plan: &Whoami) -> Result<IdentityToken, Problem> {
    let (local, tls_ca) = match &plan.services {
        Services::Local { data, network } => (Some(Local::open(data.as_deref(), *network)?), None),
        Services::Remote { tls_ca, .. } => (None, tls_ca.as_deref()),
    };
    if let Some(provider) = provider(&plan.source)
        && provider.asks()
        && plan.network == Network::Off
    {
        return Err(Problem::usage(
            format!("{provider} gives out identity tokens to whoever asks over the network"),
            "leave out --offline, or give a token with --identity-token",
        ));
    }
    if plan.network == Network::Off && may_log_in(&plan.source) {
        return Err(Problem::usage(
            "people log in over the network",
            "leave out --offline, or give a token with --identity-token",
        ));
    }
    let asking = async {
        if may_log_in(&plan.source) {
            let connected = Connected::open(&plan.services).await?;
            return connected.token(&plan.source, &plan.audience).await;
        }
        let transport = transport(tls_ca)?;
        let known = (local.as_ref(), None);
        token::token(&plan.source, &plan.audience, &transport, known, now()).await
    };
    let ran = blocking::run(asking);
    let token = ran.map_err(|error| {
        Problem::service(
            error.code(),
            "the system gives no threads to ask on",
            &error,
        )
    })??;
    token.check(&plan.audience, now()).map_err(|error| {
        Problem::identity(error.code(), "identity token cannot be used", &error)
    })?;
    Ok(token)
}

/// The subject that an authority makes of the token.
fn subject(token: &IdentityToken) -> &str {
    token.subjects().first().map_or("", String::as_str)
}

/// The platform that gave it.
fn provider(source: &TokenSource) -> Option<Provider> {
    match source {
        TokenSource::Ambient(provider) => Some(*provider),
        TokenSource::Found(_) => token::found(),
        _ => None,
    }
}

/// Then the services have to be known, which say where.
fn may_log_in(source: &TokenSource) -> bool {
    match source {
        TokenSource::Login(_) => true,
        TokenSource::Found(_) => token::found().is_none() && login::has_somebody(),
        _ => false,
    }
}

fn command(plan: &Whoami, token: &IdentityToken) -> Vec<String> {
    let mut words: Vec<String> = ["sigsign", "verify", FILE].map(str::to_owned).to_vec();
    let with = plan.verify_with.iter();
    words.extend(with.map(|it| it.to_string_lossy().into_owned()));
    for (name, value) in [
        ("--identity", subject(token)),
        ("--issuer", token.certified_issuer()),
    ] {
        words.extend([name.to_owned(), value.to_owned()]);
    }
    words
}

fn show_json(
    plan: &Whoami,
    token: &IdentityToken,
    command: &[String],
    ui: &mut Ui,
) -> Result<(), Problem> {
    // The token was read as JSON before.
    let claims: &RawValue = serde_json::from_str(token.claims())
        .map_err(|error| Problem::input("token.json", error.to_string()))?;
    let shown = Shown {
        schema: SCHEMA,
        subject: subject(token),
        issuer: token.certified_issuer(),
        audiences: token.audiences(),
        expires: token.expires().to_string(),
        provider: provider(&plan.source).map(Provider::name),
        claims,
        verify: command,
    };
    ui.answer(crate::json::line(&shown));
    Ok(())
}

fn show_text(plan: &Whoami, token: &IdentityToken, command: &[String], ui: &mut Ui) {
    ui.answer(format_args!("{}", Escaped(subject(token))));
    ui.answer(format_args!(
        "  issuer: {}",
        Escaped(token.certified_issuer())
    ));
    if let Some(provider) = provider(&plan.source) {
        ui.answer(format_args!("  token from: {provider}"));
    }
    ui.answer(format_args!(
        "  token for: {}, until {}",
        Escaped(&token.audiences().join(", ")),
        token.expires()
    ));
    ui.answer("  claims:");
    let claims: serde_json::Map<String, serde_json::Value> =
        serde_json::from_str(token.claims()).unwrap_or_default();
    for (name, value) in &claims {
        let value = match value {
            serde_json::Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        ui.answer(format_args!("    {}: {}", Escaped(name), Escaped(&value)));
    }
    let words: Vec<String> = command.iter().map(|word| quoted(word)).collect();
    ui.answer(format_args!("  verify: {}", words.join(" ")));
}
