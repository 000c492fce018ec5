//! Images of a job: found before anything is signed, and what was signed put beside them.

use futures_util::stream::{self, StreamExt as _};
use sigsign_core::oci::{Attached, Descriptor, Repository, attach};
use sigsign_core::sign::SignedBundle;

use crate::commands::image::{AT_ONCE, about, resolve};
use crate::commands::now;
use crate::plan::ci::{Image, Images};
use crate::problem::Problem;
use crate::registry::Registries;

/// An image that is there, and where that is.
pub(super) struct Place<'a> {
    image: &'a Image,
    repository: Box<dyn Repository>,
    descriptor: Descriptor,
}

/// Every image, in order; none if nothing is put beside them.
pub(super) async fn find(images: &Images) -> Result<Vec<Place<'_>>, Problem> {
    let mut places = Vec::new();
    if !images.push || images.is_empty() {
        return Ok(places);
    }
    let registries = Registries::open(&images.reach)?;
    for image in &images.named {
        let repository = registries.repository(&image.name)?;
        let found = resolve(&*repository, &image.name).await;
        let found = found.map_err(|problem| in_job(problem).about(&image.pinned()))?;
        places.push(Place {
            image,
            repository,
            descriptor: found.descriptor(),
        });
    }
    Ok(places)
}

/// Puts the bundles of each image beside it, and what became of that: what was put there, in the
/// order of the images, and the first thing that went wrong.
pub(super) async fn push(
    places: &[Place<'_>],
    signed: &[Vec<SignedBundle>],
    kinds: &[&str],
) -> (Vec<Vec<Attached>>, Option<Problem>) {
    let all = stream::iter(places.iter().zip(signed));
    let all = all.map(|(place, bundles)| place.push(bundles, kinds));
    let all: Vec<_> = all.buffered(AT_ONCE).collect().await;
    let (attached, problems): (Vec<_>, Vec<_>) = all.into_iter().unzip();
    (attached, problems.into_iter().flatten().next())
}

impl Place<'_> {
    /// One after the other: they go into the same list.
    async fn push(
        &self,
        bundles: &[SignedBundle],
        kinds: &[&str],
    ) -> (Vec<Attached>, Option<Problem>) {
        let mut attached = Vec::new();
        for (bundle, kind) in bundles.iter().zip(kinds) {
            let json = bundle.json().as_bytes();
            match attach(&*self.repository, &self.descriptor, json, kind, now()).await {
                Ok(one) => attached.push(one),
                Err(error) => {
                    let problem = in_job(about(&self.image.name)(error));
                    return (attached, Some(problem));
                }
            }
        }
        (attached, None)
    }
}

/// What a job does where a person would log in.
fn in_job(problem: Problem) -> Problem {
    match problem.code {
        "registry.forbidden" | "registry.unauthorized" => problem.hint(
            "log in to the registry before this step; for ghcr.io the job needs `permissions:` \
             with `packages: write`",
        ),
        _ => problem,
    }
}
