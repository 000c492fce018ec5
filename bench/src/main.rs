//! Verification side by side: ours, the peer's, and the signature checks alone.
//!
//! One thread, CPU time. In each round every side gets a fresh verifier, warmed with a bundle that is not
//! measured, and verifies each bundle of the case once; the sides take turns. Figures are medians over the
//! rounds, per bundle.

mod cases;
mod floor;
mod meter;
mod peer;

use meter::{Cost, measure, median};

#[global_allocator]
static ALLOCATOR: meter::Counting = meter::Counting;

const BACKEND: &str = if cfg!(feature = "aws-lc") {
    "aws-lc"
} else {
    "RustCrypto"
};

fn main() {
    let rounds = std::env::args()
        .nth(1)
        .map_or(21, |text| text.parse().expect("rounds: a number"));
    let floor = floor::floor(rounds);
    println!(
        "{BACKEND}: one check: P-256 {:.1} us, P-384 {:.1} us, Ed25519 {:.1} us",
        floor.p256 / 1e3,
        floor.p384 / 1e3,
        floor.ed25519 / 1e3
    );
    for case in cases::public() {
        let (mut peer, mut allocations) = (Vec::new(), 0.0);
        for _ in 0..rounds {
            let ready = peer::ready(&case);
            let cost = measure(|| peer::verify_all(&ready));
            peer.push(cost.cpu.as_nanos() as f64 / case.samples.len() as f64);
            allocations = cost.allocations as f64;
        }
        println!(
            "{} {:.1} {allocations} floor {:.1}",
            case.name,
            median(peer) / 1e3,
            floor.of(case.checks) / 1e3
        );
    }
}
