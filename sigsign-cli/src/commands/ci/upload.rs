//! What is uploaded to GitHub, and where.

use std::path::Path;

use sigsign_core::sign::SignedBundle;

use super::api::Api;
use super::event::{Event, Release as Target};
use super::work::{Signed, Work};
use crate::plan::ci::{GitHub, Make, Others, Release};
use crate::problem::Problem;

/// Where bundles are uploaded to.
pub(super) struct Upload<'a> {
    /// `None` if they are not.
    api: Option<Api<'a>>,
    release: Wanted<'a>,
    others: Others,
    store: bool,
}

enum Wanted<'a> {
    Nowhere,
    Named(&'a Target),
    OfTheTag,
}

impl<'a> Upload<'a> {
    pub(super) fn new(plan: &'a GitHub, make: &Make, event: &'a Event) -> Result<Self, Problem> {
        let release = match (make.release, &event.release) {
            (Release::Never, _) => Wanted::Nowhere,
            (_, Some(release)) => Wanted::Named(release),
            (Release::Auto, None) => Wanted::Nowhere,
            (Release::Always, None) => Wanted::OfTheTag,
        };
        let is_needed = make.store || !matches!(release, Wanted::Nowhere);
        let api = is_needed.then(|| Api::new(&plan.runner)).transpose()?;
        Ok(Self {
            api,
            release,
            others: make.others,
            store: make.store,
        })
    }

    /// The release, which is asked for if the event does not say it.
    pub(super) async fn target(&self) -> Result<Option<Target>, Problem> {
        match (&self.api, &self.release) {
            (Some(api), Wanted::OfTheTag) => api.release().await.map(Some),
            (_, Wanted::Named(target)) => Ok(Some((*target).clone())),
            _ => Ok(None),
        }
    }

    /// Uploads what was signed; the ids in GitHub's store.
    pub(super) async fn send(
        &self,
        work: &Work<'_>,
        signed: &Signed,
        target: Option<Target>,
    ) -> Result<Vec<String>, Problem> {
        let mut ids = Vec::new();
        let Some(api) = &self.api else {
            return Ok(ids);
        };
        if let Some(target) = target {
            for (place, bundle) in work.signature_places().zip(&signed.signatures) {
                let line = format!("{}\n", bundle.json());
                let name = asset(place);
                api.upload(&target, &name, line.as_bytes(), self.others)
                    .await?;
            }
            let lines = signed
                .statements
                .iter()
                .map(|it| format!("{}\n", it.json()));
            let lines: String = lines.collect();
            for place in work.statement_places() {
                let name = asset(place);
                api.upload(&target, &name, lines.as_bytes(), self.others)
                    .await?;
            }
        }
        for bundle in statements(work, signed).filter(|_| self.store) {
            ids.push(api.store(bundle.json()).await?);
        }
        Ok(ids)
    }
}

/// What is said of files and of images, without the signatures.
fn statements<'s>(work: &Work<'_>, signed: &'s Signed) -> impl Iterator<Item = &'s SignedBundle> {
    let before = usize::from(work.signatures);
    let of_images = signed
        .images
        .iter()
        .flat_map(move |it| it.iter().skip(before));
    signed.statements.iter().chain(of_images)
}

fn asset(place: &Path) -> String {
    let name = place.file_name().unwrap_or(place.as_os_str());
    name.to_string_lossy().into_owned()
}
