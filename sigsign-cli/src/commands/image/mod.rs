//! Images: found once by their names, and known by their digests from then on.

mod copy;
mod make;
mod verify;

use sigsign_core::digest::Digest;
use sigsign_core::oci::{Descriptor, Image, Member, RegistryError, Repository};
use sigsign_core::transport::blocking;

use super::sign::NO_RUNTIME;
use crate::cli;
use crate::exit::Exit;
use crate::files::is_stdin;
use crate::manifests;
use crate::plan::image::{Copy, Make, Name, Platforms, Verify, Which};
use crate::plan::policy::JudgeImages;
use crate::problem::Problem;
use crate::ui::Ui;

pub(super) fn run(command: cli::Image, ui: &mut Ui) -> Result<Exit, Problem> {
    match command {
        cli::Image::Sign(args) => make::run(&Make::signature(*args, ui.network())?, ui),
        cli::Image::Attest(args) => make::run(&Make::attestation(*args, ui.network())?, ui),
        cli::Image::Verify(args) => verify_or_judge(*args, ui),
        cli::Image::Copy(args) => copy::run(&Copy::new(args, ui.network())?, ui),
    }
}

fn verify_or_judge(args: cli::VerifyImage, ui: &mut Ui) -> Result<Exit, Problem> {
    if ui.is_document() && args.pin_out.as_deref().is_some_and(is_stdin) {
        return Err(Problem::usage(
            "standard output cannot be the names and the document",
            "give --pin-out a file",
        ));
    }
    let named = manifests::read(&args.from_manifests)?;
    for warning in &named.warnings {
        ui.warning(warning);
    }
    if args.policy.is_some() {
        let plan = JudgeImages::of_verify(args, named.images, ui.network())?;
        return super::policy::judge_images(&plan, ui);
    }
    verify::run(&Verify::new(args, named.images, ui.network())?, ui)
}

/// Does what waits for the network.
pub(super) fn wait_for<T>(work: impl Future<Output = Result<T, Problem>>) -> Result<T, Problem> {
    let ran = blocking::run(work);
    ran.map_err(|error| Problem::service(error.code(), NO_RUNTIME, &error))?
}

/// Images, and parts of one, that are asked for at the same time.
pub(super) const AT_ONCE: usize = 4;

/// What a name leads to.
pub(super) async fn resolve(repository: &dyn Repository, name: &Name) -> Result<Image, Problem> {
    let target = name.target.as_ref();
    let target = target.ok_or_else(|| Problem::usage("which image?", "name its tag or digest"))?;
    Ok(Image::resolve(repository, target).await?)
}

/// One manifest of an image.
#[derive(Clone, Debug)]
struct Chosen {
    descriptor: Descriptor,
    /// `None` for the image as a whole.
    platform: Option<String>,
}

/// What of an image is asked for, and what is left out of it because nobody signs it.
fn choose(image: &Image, which: &Which) -> Result<(Vec<Chosen>, Vec<Digest>), Problem> {
    let mut chosen = Vec::new();
    let mut records = Vec::new();
    if which.top {
        let descriptor = image.descriptor();
        let platform = None;
        chosen.push(Chosen {
            descriptor,
            platform,
        });
    }
    let members = image.members();
    for member in &members {
        match (member, &which.platforms) {
            (Member::Platform(platform, descriptor), Platforms::All) => chosen.push(Chosen {
                descriptor: (*descriptor).clone(),
                platform: Some(platform.to_string()),
            }),
            (Member::Other(descriptor), Platforms::All) => chosen.push(Chosen {
                descriptor: (*descriptor).clone(),
                platform: Some("no platform".to_owned()),
            }),
            (Member::BuildRecord(descriptor), Platforms::All) => records.push(descriptor.digest()),
            _ => {}
        }
    }
    if let Platforms::These(wanted) = &which.platforms {
        for wanted in wanted {
            let before = chosen.len();
            for member in &members {
                if let Member::Platform(platform, descriptor) = member
                    && platform.is(wanted)
                {
                    chosen.push(Chosen {
                        descriptor: (*descriptor).clone(),
                        platform: Some(platform.to_string()),
                    });
                }
            }
            if chosen.len() == before {
                return Err(no_platform(image, &wanted.to_string()));
            }
        }
    }
    Ok((chosen, records))
}

fn no_platform(image: &Image, wanted: &str) -> Problem {
    let members = image.members();
    let platforms = members.iter().filter_map(|it| match it {
        Member::Platform(platform, _) => Some(platform.to_string()),
        _ => None,
    });
    let platforms: Vec<String> = platforms.collect();
    let sentence = if platforms.is_empty() {
        format!("wanted the image for {wanted}, found one that lists no platforms")
    } else {
        format!(
            "wanted the image for {wanted}, found {}",
            platforms.join(", ")
        )
    };
    Problem::input("image.platform", sentence)
}

/// What went wrong with a registry, about one image.
pub(super) fn about(name: &Name) -> impl Fn(RegistryError) -> Problem {
    let text = name.text.clone();
    move |error| Problem::from(error).about(&text)
}
