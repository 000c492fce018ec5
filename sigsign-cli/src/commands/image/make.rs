//! Signing images, and saying something of them: names first, then one certificate for all, then
//! each signature to its place.

use std::collections::HashSet;
use std::ffi::OsString;

use futures_util::stream::{self, StreamExt as _};
use serde::Serialize;
use sigsign_core::encoding::Escaped;
use sigsign_core::oci::{Attached, Place, Repository, SIGNATURE_TYPE, attach, signature_statement};
use sigsign_core::sign::SignedBundle;

use super::{AT_ONCE, Chosen, about, choose, resolve};
use crate::cli::Format;
use crate::commands::attest::{provenance, statement};
use crate::commands::now;
use crate::commands::sign::shown::{image_command, quoted};
use crate::commands::sign::{Contents, Signatory, Who, on_threads};
use crate::exit::Exit;
use crate::files::Document;
use crate::json;
use crate::plan::attest::Said;
use crate::plan::image::{Make, Name, What};
use crate::plan::sign::{Credential, KEPT_ROOT, Services};
use crate::predicate;
use crate::problem::Problem;
use crate::registry::Registries;
use crate::token;
use crate::ui::{Level, Ui};

/// One manifest to sign.
struct Work<'a> {
    name: &'a Name,
    repository: usize,
    chosen: Chosen,
}

/// What was made.
struct Made<'a> {
    work: Work<'a>,
    signed: SignedBundle,
    attached: Attached,
}

pub(super) fn run(plan: &Make, ui: &mut Ui) -> Result<Exit, Problem> {
    if let Credential::Token { source, .. } = &plan.who {
        token::announce(source, ui);
    }
    let said = said(plan)?;
    let (made, problem) = on_threads(make(plan, said))?;
    for made in &made {
        show(plan, made, ui);
    }
    match problem {
        Some(problem) => Err(problem),
        None => Ok(Exit::Done),
    }
}

/// The predicate; `None` if there is none, or if it is the token's to say.
fn said(plan: &Make) -> Result<Option<Vec<u8>>, Problem> {
    let What::Attestation {
        predicate_type,
        said: Said::File(path),
    } = &plan.what
    else {
        return Ok(None);
    };
    let predicate = Document::Predicate.read(path)?;
    predicate::check(predicate_type, &predicate)
        .map_err(|problem| problem.about(&path.display().to_string()))?;
    Ok(Some(predicate))
}

/// Everything that was put in its place, and what ended it.
async fn make<'a>(
    plan: &'a Make,
    said: Option<Vec<u8>>,
) -> Result<(Vec<Made<'a>>, Option<Problem>), Problem> {
    // Before any service is asked: an image that is not there costs nobody anything.
    let registries = Registries::open(&plan.reach)?;
    let mut repositories: Vec<Box<dyn Repository>> = Vec::new();
    let mut works = Vec::new();
    let mut seen = HashSet::new();
    for name in &plan.names {
        let repository = registries.repository(name)?;
        let image = resolve(&*repository, name).await;
        let image = image.map_err(|problem| problem.about(&name.text))?;
        let (chosen, _) = choose(&image, &plan.which).map_err(|it| it.about(&name.text))?;
        for chosen in chosen {
            if seen.insert(name.pinned(chosen.descriptor.digest())) {
                let repository = repositories.len();
                works.push(Work {
                    name,
                    repository,
                    chosen,
                });
            }
        }
        repositories.push(repository);
    }
    let signed = sign(plan, said, &works).await?;
    let repositories = &repositories;
    let put = |(work, signed): (Work<'a>, SignedBundle)| async move {
        let (image, json) = (&work.chosen.descriptor, signed.json().as_bytes());
        let kind = predicate_type(&plan.what);
        // It was taken from this list.
        let repository = repositories.get(work.repository)?;
        let attached = attach(&**repository, image, json, kind, now()).await;
        Some(attached.map_err(about(work.name)).map(|attached| Made {
            work,
            signed,
            attached,
        }))
    };
    let all = stream::iter(works.into_iter().zip(signed)).map(put);
    let all: Vec<Option<Result<Made<'_>, Problem>>> = all.buffered(AT_ONCE).collect().await;
    let (mut made, mut failed) = (Vec::new(), None);
    for one in all.into_iter().flatten() {
        match one {
            Ok(one) => made.push(one),
            Err(problem) => failed = failed.or(Some(problem)),
        }
    }
    Ok((made, failed))
}

async fn sign(
    plan: &Make,
    said: Option<Vec<u8>>,
    works: &[Work<'_>],
) -> Result<Vec<SignedBundle>, Problem> {
    let signatory = Signatory::open(&plan.services, Who::read(&plan.who)?).await?;
    let is_of_token = matches!(
        &plan.what,
        What::Attestation {
            said: Said::Build,
            ..
        }
    );
    let look = |token: &_| is_of_token.then(|| provenance(token)).transpose();
    let (certified, of_token) = signatory.certified_by(look).await?;
    let said = said.or_else(|| of_token.flatten()).unwrap_or_default();
    let contents = works.iter().map(|work| {
        let digest = work.chosen.descriptor.digest();
        let contents = match &plan.what {
            What::Signature { annotations } => {
                Contents::Statement(signature_statement(digest, annotations))
            }
            What::Attestation { predicate_type, .. } => {
                let subject = (work.name.repository(), vec![digest]);
                statement(&[subject], predicate_type, &said)?
            }
        };
        Ok((work.name.with_digest(digest), contents))
    });
    let contents = contents.collect::<Result<Vec<_>, Problem>>()?;
    signatory.sign_all(certified, contents).await
}

fn predicate_type(what: &What) -> &str {
    match what {
        What::Attestation { predicate_type, .. } => predicate_type,
        What::Signature { .. } => SIGNATURE_TYPE,
    }
}

/// One signature as JSON.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Shown<'a> {
    schema: u8,
    image: &'a str,
    name: String,
    digest: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    platform: Option<&'a str>,
    signed: bool,
    predicate_type: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    subject: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    issuer: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    time: Option<String>,
    log_indices: Vec<u64>,
    referrer: String,
    listed: String,
    verify: Vec<String>,
}

fn show(plan: &Make, made: &Made<'_>, ui: &mut Ui) {
    if ui.level() == Level::Quiet {
        return;
    }
    let verified = made.signed.verified();
    let entries = made.signed.bundle().entries().iter();
    let log_indices: Vec<u64> = entries.map(|it| it.log_index()).collect();
    let time = verified.times().next().map(|at| at.to_string());
    let digest = made.work.chosen.descriptor.digest();
    let platform = made.work.chosen.platform.as_deref();
    let words: Vec<String> = command(plan, made)
        .iter()
        .map(|word| word.to_string_lossy().into_owned())
        .collect();
    let listed = match made.attached.place() {
        Place::Tag(tag) => format!("below the tag {tag}"),
        _ => "by the registry".to_owned(),
    };
    if ui.format() == Format::Json {
        return ui.answer(json::line(&Shown {
            schema: 1,
            image: &made.work.name.text,
            name: made.work.name.pinned(digest),
            digest: digest.to_string(),
            platform,
            signed: true,
            predicate_type: predicate_type(&plan.what),
            subject: verified.subject(),
            issuer: verified.issuer(),
            time,
            log_indices,
            referrer: made.attached.digest().to_string(),
            listed,
            verify: words,
        }));
    }
    let mut text = match (verified.subject(), verified.issuer()) {
        (Some(subject), issuer) => {
            let issuer = Escaped(issuer.unwrap_or("none"));
            format!("by {}, issuer {issuer}", Escaped(subject))
        }
        (None, _) => "with the key".to_owned(),
    };
    if let Some(time) = time {
        text.push_str(&format!(", at {time}"));
    }
    for index in log_indices {
        text.push_str(&format!(", log index {index}"));
    }
    let name = made.work.name.with_digest(digest);
    let platform = platform.map_or_else(String::new, |it| format!(" ({it})"));
    let is_statement = matches!(plan.what, What::Attestation { .. });
    let verb = ui.made(is_statement);
    ui.answer(format_args!(
        "{}{}: {verb} {text}",
        Escaped(&name),
        Escaped(&platform)
    ));
    if is_statement {
        let kind = Escaped(predicate_type(&plan.what));
        ui.answer(format_args!("  predicate: {kind}"));
    }
    let referrer = made.attached.digest();
    ui.answer(format_args!("  referrer: {referrer}, listed {listed}"));
    let line: Vec<String> = words.iter().map(|word| quoted(word)).collect();
    ui.answer(format_args!("  verify: {}", line.join(" ")));
    if let Services::Remote {
        place: crate::plan::sign::Place::Url(url),
        ..
    } = &plan.services
    {
        let url = Escaped(url);
        ui.answer(format_args!(
            "  trust: keep {url}/trusted_root.json as {KEPT_ROOT}, once"
        ));
    }
}

/// The command that verifies what was just made.
fn command(plan: &Make, made: &Made<'_>) -> Vec<OsString> {
    let name = made.work.name.pinned(made.work.chosen.descriptor.digest());
    let kind = match &plan.what {
        What::Attestation { predicate_type, .. } => Some(predicate_type.as_str()),
        What::Signature { .. } => None,
    };
    image_command(name, kind, &plan.verify_with, &made.signed)
}
