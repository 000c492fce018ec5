//! Signatures and statements, all with one certificate: everything is signed before anything is
//! written, and written before anything is uploaded.

use std::path::PathBuf;

use super::event::Event;
use super::upload::Upload;
use super::work::Work;
use super::{images, runner, summary};
use crate::cli::Instance;
use crate::commands::sign::on_threads;
use crate::exit::Exit;
use crate::json;
use crate::plan::ci::{GitHub, Make};
use crate::plan::sign::{Place, Services};
use crate::problem::Problem;
use crate::ui::Ui;

pub(super) fn run(
    plan: &GitHub,
    make: &Make,
    event: &Event,
    files: &[PathBuf],
    ui: &mut Ui,
) -> Result<Exit, Problem> {
    if event.is_private()
        && matches!(&make.services, Services::Remote { place, .. } if is_public(place))
    {
        ui.answer(runner::warning(
            "this repository is private, and the public instance publishes its name and those of \
             its workflows; the input instance names another",
        ));
    }
    let work = Work::read(make, files, &plan.images)?;
    let upload = Upload::new(plan, make, event)?;
    on_threads(async {
        // An image or release that is not there is found out before anything is logged.
        let places = images::find(&plan.images).await?;
        let target = upload.target().await?;
        let signed = work.sign(make).await?;
        work.write(&signed, ui)?;
        let (pushed, not_pushed) = images::push(&places, &signed.images, &work.kinds()).await;
        let uploaded = upload.send(&work, &signed, target).await;
        let ids = uploaded.as_ref().map_or(&[][..], Vec::as_slice);
        let commands = work.commands(make, &signed);
        let mut outputs = work.outputs(&signed);
        outputs.push(("attestation-ids", json::line(&ids)));
        let first = commands.first().cloned();
        outputs.push(("verify-command", first.unwrap_or_default()));
        runner::outputs(&plan.runner, &outputs)?;
        runner::summarize(&plan.runner, &summary::page(&work, &signed, &commands))?;
        work.show(&signed, &pushed, ui);
        not_pushed.map_or(Ok(()), Err)?;
        uploaded.map(|_| Exit::Done)
    })
}

fn is_public(place: &Place) -> bool {
    *place == Place::Instance(Instance::Public)
}
