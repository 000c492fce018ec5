//! Inputs of hostile sizes are refused by a named cap, in little memory.
//!
//! One test, because the allocator counts for the whole process. Time is checked on the release build, by
//! `.ci/hostile`.

use std::io::{self, Read};

use peak_alloc::PeakAlloc;
use sigsign_core::bundle::Bundle;
use sigsign_core::trust::TrustedRoot;

#[global_allocator]
static ALLOCATOR: PeakAlloc = PeakAlloc;

/// What a refusal may allocate beside its input.
const MEMORY: usize = 64 << 20;

const ENTRY: &str = r#"{"logIndex":"1","logId":{"keyId":"wNI9atQGlz+VWfO6LRygH4QUfY/8W4RFwiT5i5WRgB0="},"kindVersion":{"kind":"hashedrekord","version":"0.0.1"},"integratedTime":"1","canonicalizedBody":"e30="}"#;

/// Refuses input of hostile size: a case per line, with the code of the cap that stops it.
// V4 A8 A10
#[test]
fn rejects_hostile_sizes() {
    let cases: [(&str, Vec<u8>); 8] = [
        (
            "100 MB of JSON",
            within("mediaType", &format!("\"{}\"", "a".repeat(100_000_000))),
        ),
        ("100 MB of blanks", vec![b' '; 100_000_000]),
        ("100,000 entries", entries(100_000)),
        ("as many entries as fit", entries(75_000)),
        ("33 entries", entries(33)),
        ("as many names as fit", within("x", &names(1_400_000))),
        (
            "arrays 100,000 deep",
            within("x", &nested(100_000, "[", "]")),
        ),
        (
            "objects 100,000 deep",
            within("x", &nested(100_000, "{\"a\":", "}")),
        ),
    ];
    for (name, input) in &cases {
        let (code, memory) = refused(|| Bundle::from_json(input).unwrap_err().code());
        println!("bundle: {name}: {code}, {} KiB", memory >> 10);
        assert!(memory < MEMORY, "{name}: {memory} bytes");
        let (code, memory) = refused(|| TrustedRoot::from_json(input).unwrap_err().code());
        println!("trusted root: {name}: {code}, {} KiB", memory >> 10);
        assert!(memory < MEMORY, "{name}: {memory} bytes");
    }

    let (code, memory) = refused(|| Bundle::from_reader(Endless).unwrap_err().code());
    println!("endless reader: {code}, {} KiB", memory >> 10);
    assert!(memory < MEMORY, "endless reader: {memory} bytes");
}

/// A stream that never ends.
struct Endless;

impl Read for Endless {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        buffer.fill(b' ');
        Ok(buffer.len())
    }
}

/// The code of a refusal, and the most bytes that were allocated at once while it came about.
fn refused(work: impl FnOnce() -> &'static str) -> (&'static str, usize) {
    let before = ALLOCATOR.current_usage();
    ALLOCATOR.reset_peak_usage();
    let code = work();
    (code, ALLOCATOR.peak_usage().saturating_sub(before))
}

fn entries(count: usize) -> Vec<u8> {
    let list = vec![ENTRY; count].join(",");
    within(
        "verificationMaterial",
        &format!("{{\"tlogEntries\":[{list}]}}"),
    )
}

fn names(count: usize) -> String {
    let members: Vec<String> = (0..count).map(|n| format!("\"{n:x}\":0")).collect();
    format!("{{{}}}", members.join(","))
}

fn nested(depth: usize, open: &str, close: &str) -> String {
    format!("{}1{}", open.repeat(depth), close.repeat(depth))
}

fn within(member: &str, value: &str) -> Vec<u8> {
    let kind = "application/vnd.dev.sigstore.bundle.v0.3+json";
    match member {
        "mediaType" => format!("{{\"mediaType\":{value}}}").into_bytes(),
        _ => format!("{{\"mediaType\":\"{kind}\",\"{member}\":{value}}}").into_bytes(),
    }
}
