use serde::Serialize;
use sigsign_core::encoding::Escaped;
use sigsign_core::oci::{self, Copied, Target};

use super::{about, resolve, wait_for};
use crate::cli::Format;
use crate::exit::Exit;
use crate::json;
use crate::plan::image::Copy;
use crate::problem::Problem;
use crate::registry::Registries;
use crate::ui::{Level, Ui};

/// One copy as JSON.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Shown<'a> {
    schema: u8,
    from: String,
    to: String,
    digest: String,
    tag: Option<&'a str>,
    manifests: usize,
    referrers: usize,
    blobs: usize,
    bytes: u64,
}

pub(super) fn run(plan: &Copy, ui: &mut Ui) -> Result<Exit, Problem> {
    let (digest, copied) = wait_for(async {
        let registries = Registries::open(&plan.reach)?;
        let from = registries.repository(&plan.from)?;
        let image = resolve(&*from, &plan.from).await;
        let image = image.map_err(|problem| problem.about(&plan.from.text))?;
        if let Some(Target::Digest(wanted)) = &plan.to.target
            && *wanted != image.digest()
        {
            let sentence = format!("{} leads to {}", plan.from.text, image.digest());
            return Err(Problem::usage(
                sentence,
                "a copy has the digest that it has",
            ));
        }
        let to = registries.destination(&plan.to)?;
        let copied = oci::copy(&*from, &*to, &image, tag(plan)).await;
        Ok((image.digest(), copied.map_err(about(&plan.to))?))
    })?;
    show(plan, &digest.to_string(), &copied, ui);
    Ok(Exit::Done)
}

fn tag(plan: &Copy) -> Option<&str> {
    match &plan.to.target {
        Some(Target::Tag(tag)) => Some(tag),
        _ => None,
    }
}

fn show(plan: &Copy, digest: &str, copied: &Copied, ui: &mut Ui) {
    if ui.level() == Level::Quiet {
        return;
    }
    let to = plan.to.repository();
    if ui.format() == Format::Json {
        return ui.answer(json::line(&Shown {
            schema: 1,
            from: plan.from.text.clone(),
            to,
            digest: digest.to_owned(),
            tag: tag(plan),
            manifests: copied.manifests(),
            referrers: copied.referrers(),
            blobs: copied.blobs(),
            bytes: copied.bytes(),
        }));
    }
    let tag = tag(plan).map_or_else(String::new, |tag| format!(":{tag}"));
    ui.answer(format_args!("{}{tag}@{digest}: copied", Escaped(&to)));
    ui.answer(format_args!(
        "  {} manifests, {} of them signatures, attestations and the like; {} new blobs of {} bytes",
        copied.manifests(),
        copied.referrers(),
        copied.blobs(),
        copied.bytes()
    ));
}
