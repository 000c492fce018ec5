//! Identity tokens.

use serde::Serialize;
use serde_json::Value;
use sigsign_local::instance::jwt::Claims;
use sigsign_local::instance::{self, BASE_URL};

use super::{SCHEMA, existing};
use crate::cli::{self, Format};
use crate::exit::Exit;
use crate::json;
use crate::local::{self, unusable};
use crate::problem::Problem;
use crate::ui::Ui;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Minted<'a> {
    schema: u8,
    token: &'a str,
    issuer: &'a str,
    subject: Option<&'a Value>,
}

/// Prints a token; of the server, if there is one.
pub(super) fn run(args: &cli::Token, ui: &mut Ui) -> Result<Exit, Problem> {
    let mut claims = local::claims(args.identity.as_deref());
    claims.insert("aud".to_owned(), args.audience.as_str().into());
    for claim in &args.claim {
        add(&mut claims, claim)?;
    }
    let folder = existing(&args.data)?;
    let unusable = |error| unusable(&folder, &error);
    let about = instance::about(&folder).map_err(unusable)?;
    let url = about
        .running
        .map_or_else(|| BASE_URL.to_owned(), |it| it.url);
    let issuer = local::issuer(&folder, &url).map_err(unusable)?;
    let token = issuer.mint(claims.clone());
    match ui.format() {
        Format::Text => ui.answer(token),
        Format::Json => ui.answer(json::line(&Minted {
            schema: SCHEMA,
            token: &token,
            issuer: issuer.issuer(),
            subject: claims.get("email").or_else(|| claims.get("sub")),
        })),
    }
    Ok(Exit::Done)
}

fn add(claims: &mut Claims, claim: &str) -> Result<(), Problem> {
    let Some((name, value)) = claim.split_once('=').filter(|(name, _)| !name.is_empty()) else {
        return Err(Problem::usage(
            format!("--claim {claim} is not NAME=VALUE"),
            "for example --claim sub=jane, or --claim email_verified=false",
        ));
    };
    let value = serde_json::from_str(value).unwrap_or_else(|_| Value::from(value));
    claims.insert(name.to_owned(), value);
    Ok(())
}
