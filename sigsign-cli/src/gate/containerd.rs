//! What containerd asks of a program in its folder of image verifiers, before it pulls an image.
//!
//! In: the image and its digest, and a descriptor on standard input. Out: a reason, and whether it
//! may be pulled. Only a yes is one: whatever cannot be answered is a no.
//!
//! Spec: containerd, docs/image-verification.md, Image Verifier Binary API

use std::io::{self, Read as _};
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde::Deserialize;
use sigsign_core::digest::Digest;
use sigsign_core::encoding::Escaped;
use sigsign_core::oci::{Reference, Remote};
use tokio::sync::oneshot;
use tokio::time::timeout;

use super::judge::{Judge, Ruling};
use super::metrics::Metrics;
use super::policy::Loaded;
use super::words;
use crate::exit::Exit;
use crate::plan::gate::Containerd;
use crate::problem::{Problem, io_text};

/// What is on standard input. Spec: image-spec 1.1, descriptor.md
const DESCRIPTOR: &str = "application/vnd.oci.descriptor.v1+json";

/// Bytes of it. Ours: it may carry small contents inside.
const DESCRIPTOR_BYTES: u64 = 1 << 20;

/// A descriptor, as far as it matters here. The other members are for whoever pulls.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct DescriptorJson {
    #[serde(rename = "mediaType")]
    _media_type: String,
    digest: String,
    #[serde(rename = "size")]
    _size: u64,
}

/// Whether the image may be pulled, and the reason.
pub(crate) async fn judge(plan: &Containerd, remote: Remote) -> Result<(Exit, String), Problem> {
    let begun = Instant::now();
    let image = image(plan, &read(plan.patience).await?)?;
    let loaded = Loaded::open(&plan.policy)?;
    let judge = Judge::new(remote, Duration::ZERO, Arc::new(Metrics::default()));
    let left = plan.patience.saturating_sub(begun.elapsed());
    let judgement = judge.judge(&loaded, &image, left).await;
    let exit = match judgement.outcome {
        Ruling::Allowed | Ruling::Warned => Exit::Done,
        Ruling::Denied => Exit::No,
        Ruling::Unknown => Exit::Service,
    };
    let text = match judgement.outcome {
        Ruling::Warned => format!("let through with a warning: {}", judgement.text),
        _ => judgement.text,
    };
    Ok((exit, words::on_a_screen(&[text])))
}

/// The image that is asked about, with the digest that will be pulled in the place of its tag.
fn image(plan: &Containerd, descriptor: &[u8]) -> Result<String, Problem> {
    if plan.media_type != DESCRIPTOR {
        return Err(wrong(
            "type of standard input",
            DESCRIPTOR,
            &plan.media_type,
        ));
    }
    let digest = Digest::parse(&plan.digest).ok_or_else(|| {
        wrong(
            "-digest",
            "sha256: and its hexadecimal digits",
            &plan.digest,
        )
    })?;
    let described: DescriptorJson = serde_json::from_slice(descriptor).map_err(|error| {
        Problem::document("gate.containerd", "no descriptor on standard input", &error)
    })?;
    if described.digest != plan.digest {
        let found = &described.digest;
        return Err(wrong("digest of the descriptor", &plan.digest, found));
    }
    let reference = Reference::expand(&plan.name)
        .map_err(|error| Problem::document(error.code(), "-name is no image", &error))?;
    if let Some(found) = reference.digest().filter(|it| *it != digest) {
        let found = found.to_string();
        return Err(wrong("digest in -name", &plan.digest, &found));
    }
    Ok(reference.with_digest(digest).to_string())
}

fn wrong(what: &str, want: &str, found: &str) -> Problem {
    let found = Escaped(found);
    let sentence = format!("{what}: wanted {}, found {found}", Escaped(want));
    Problem::input("gate.containerd", sentence)
}

/// Standard input, if it ends in time. The thread that waits for it keeps nobody from leaving.
async fn read(patience: Duration) -> Result<Vec<u8>, Problem> {
    let what = "standard input cannot be read";
    let unread = |why: String| Problem::input("gate.containerd", what).and_then_say(why);
    let (sender, read) = oneshot::channel();
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        let most = DESCRIPTOR_BYTES.saturating_add(1);
        let done = io::stdin().take(most).read_to_end(&mut bytes);
        let _ = sender.send(done.map(|_| bytes));
    });
    let bytes = match timeout(patience, read).await {
        Ok(Ok(Ok(bytes))) => bytes,
        Ok(Ok(Err(error))) => return Err(unread(io_text(&error))),
        _ => return Err(unread("it does not end".to_owned())),
    };
    if u64::try_from(bytes.len()).map_or(true, |it| it > DESCRIPTOR_BYTES) {
        let why = format!("it is longer than {DESCRIPTOR_BYTES} bytes");
        return Err(unread(why));
    }
    Ok(bytes)
}
