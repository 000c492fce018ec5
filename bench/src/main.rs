//! Verification side by side: ours, the peer's, and the signature checks alone.
//!
//! One thread, CPU time. In each round every side gets a fresh verifier, warmed with a bundle that is not
//! measured, and verifies each bundle of the case once; the sides take turns. Figures are medians over the
//! rounds, per bundle.

mod cases;
mod floor;
mod meter;
mod ours;
mod peer;

use cases::Case;
use floor::Floor;
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
        "our backend: {BACKEND}; one check: P-256 {:.1} us, P-384 {:.1} us, Ed25519 {:.1} us\n",
        floor.p256 / 1e3,
        floor.p384 / 1e3,
        floor.ed25519 / 1e3
    );
    println!(
        "{:<44}{:>7}{:>9}{:>9}{:>9}{:>12}{:>12}{:>8}{:>8}",
        "",
        "bundles",
        "ours us",
        "peer us",
        "floor us",
        "peer/ours",
        "ours/floor",
        "allocs",
        "peer's"
    );
    for case in cases::public() {
        row(&case, rounds, floor);
    }
}

fn row(case: &Case, rounds: usize, floor: Floor) {
    let (mut ours, mut peer) = (Vec::new(), Vec::new());
    for _ in 0..rounds {
        let ready = ours::ready(case);
        ours.push(measure(|| ours::verify_all(&ready)));
        let ready = peer::ready(case);
        peer.push(measure(|| peer::verify_all(&ready)));
    }
    let bundles = case.samples.len() as f64;
    let cpu = |costs: &[Cost]| {
        median(
            costs
                .iter()
                .map(|cost| cost.cpu.as_nanos() as f64 / bundles / 1e3)
                .collect(),
        )
    };
    let allocations = |costs: &[Cost]| {
        median(
            costs
                .iter()
                .map(|cost| cost.allocations as f64 / bundles)
                .collect(),
        )
    };
    let (our_cpu, peer_cpu, floor) = (cpu(&ours), cpu(&peer), floor.of(case.checks) / 1e3);
    println!(
        "{:<44}{bundles:>7}{our_cpu:>9.1}{peer_cpu:>9.1}{floor:>9.1}{:>12.2}{:>12.2}{:>8.0}{:>8.0}",
        case.name,
        peer_cpu / our_cpu,
        our_cpu / floor,
        allocations(&ours),
        allocations(&peer)
    );
}
