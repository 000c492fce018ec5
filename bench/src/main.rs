//! Verification side by side: ours, the peer's, and the signature checks alone.
//!
//! One thread, CPU time. In each round every side gets a fresh verifier, warmed with a bundle that is not
//! measured, and verifies each bundle of the case once; the sides take turns. A case of one bundle gets
//! several such verifiers. Figures are medians over the rounds, per bundle.

mod cases;
mod floor;
mod meter;
mod ours;
mod peer;

use cases::Case;
use floor::Signatures;
use meter::{Cost, measure, median};

#[global_allocator]
static ALLOCATOR: meter::Counting = meter::Counting;

const BACKEND: &str = if cfg!(feature = "aws-lc") {
    "aws-lc"
} else {
    "RustCrypto"
};

fn main() {
    let mut arguments = std::env::args().skip(1);
    let rounds = arguments
        .next()
        .map_or(51, |text| text.parse().expect("rounds: a number"));
    let (wanted, alone) = (arguments.next().unwrap_or_default(), arguments.next());
    let cases = cases::made().into_iter().chain(cases::public());
    let cases = cases.filter(|case| case.name.contains(&wanted));
    if alone.is_some() {
        return cases.for_each(|case| profile(&case, rounds));
    }
    let signatures = Signatures::new();
    println!(
        "our backend: {BACKEND}; microseconds per bundle, CPU time, median of {rounds} rounds\n"
    );
    println!(
        "{:<44}{:>8}{:>9}{:>9}{:>9}{:>11}{:>12}{:>8}{:>8}",
        "", "bundles", "ours", "peer", "floor", "peer/ours", "ours/floor", "allocs", "peer's"
    );
    for case in cases {
        row(&case, rounds, &signatures);
    }
}

/// Our side and nothing else, for a profiler.
fn profile(case: &Case, rounds: usize) {
    for _ in 0..rounds {
        ours::verify_all(&ours::ready(case));
    }
}

/// Bundles of a round: where there is only one, so many verifiers see it for the first time.
const AT_LEAST: usize = 20;

/// Machines speed up and slow down while this runs, so the ratios are taken within a round.
fn row(case: &Case, rounds: usize, signatures: &Signatures) {
    let verifiers = (AT_LEAST / case.samples.len()).max(1);
    let bundles = (case.samples.len() * verifiers) as f64;
    let per_bundle = |cost: Cost| cost.cpu.as_nanos() as f64 / bundles;
    let mut found = Vec::new();
    for _ in 0..rounds {
        let our_side: Vec<_> = (0..verifiers).map(|_| ours::ready(case)).collect();
        let peer_side: Vec<_> = (0..verifiers).map(|_| peer::ready(case)).collect();
        let ours = measure(|| our_side.iter().for_each(ours::verify_all));
        let floor = signatures.floor().of(case.checks);
        let peer = measure(|| peer_side.iter().for_each(peer::verify_all));
        found.push((
            per_bundle(ours),
            per_bundle(peer),
            floor,
            ours.allocations,
            peer.allocations,
        ));
    }
    let middle =
        |value: fn(&(f64, f64, f64, u64, u64)) -> f64| median(found.iter().map(value).collect());
    println!(
        "{:<44}{bundles:>8}{:>9.1}{:>9.1}{:>9.1}{:>11.2}{:>12.2}{:>8.0}{:>8.0}",
        case.name,
        middle(|it| it.0 / 1e3),
        middle(|it| it.1 / 1e3),
        middle(|it| it.2 / 1e3),
        middle(|it| it.1 / it.0),
        middle(|it| it.0 / it.2),
        middle(|it| it.3 as f64) / bundles,
        middle(|it| it.4 as f64) / bundles,
    );
}
