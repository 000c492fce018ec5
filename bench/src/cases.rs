//! What is verified: bundles with the trusted root and identity that accept them.

use std::path::{Path, PathBuf};

use sigsign_local::certificate::San;
use sigsign_local::der;
use sigsign_local::json::Json;
use sigsign_local::key::Scheme;
use sigsign_local::make::{Made, Stage};
use sigsign_local::note::CheckpointSpec;
use sigsign_local::recipe::{LogSpec, NOW, Recipe};
use sigsign_local::tree;

/// Signature checks that one bundle carries.
#[derive(Clone, Copy, Debug, Default)]
pub struct Checks {
    pub p256: f64,
    pub p384: f64,
    pub ed25519: f64,
}

/// One bundle and what it is about.
#[derive(Clone, Debug)]
pub struct Sample {
    pub bundle: Vec<u8>,
    pub artifact: Vec<u8>,
}

/// Bundles for one pass: each is verified once, by a verifier that has seen none of them.
#[derive(Clone, Debug)]
pub struct Case {
    pub name: String,
    pub trusted_root: Vec<u8>,
    pub subject: String,
    pub issuer: String,
    /// Verified before the clock starts, so that what is checked once per trusted root has been.
    pub warm: Sample,
    pub samples: Vec<Sample>,
    pub checks: Checks,
}

/// Leaf certificate; signature, certificate timestamp, checkpoint and promise.
const REKOR_V1: Checks = Checks {
    p256: 4.0,
    p384: 1.0,
    ed25519: 0.0,
};
/// Leaf certificate and time stamp token; signature and certificate timestamp; checkpoint.
const REKOR_V2: Checks = Checks {
    p256: 2.0,
    p384: 2.0,
    ed25519: 1.0,
};

const BEACON: &str = "https://github.com/sigstore-conformance/extremely-dangerous-public-oidc-beacon/.github/workflows/extremely-dangerous-oidc-beacon.yml@refs/heads/main";
const BEACON_ISSUER: &str = "https://token.actions.githubusercontent.com";

const DISTINCT: usize = 50;
const RELEASE: usize = 100;
/// Leaves of a log that were there before ours: proofs of about a dozen hashes.
const LEAVES: usize = 4096;

/// Bundles that we make ourselves, so that there are many.
pub fn made() -> Vec<Case> {
    let distinct = |name: &str, recipe: Recipe, checks| {
        // One second more or less makes another certificate.
        let recipe = move |nth: usize| Recipe {
            window: (NOW, NOW + 600 + nth as i64),
            ..of_artifact(recipe.clone(), nth)
        };
        case(name, DISTINCT, recipe, checks)
    };
    let release = |name: &str| {
        case(
            name,
            RELEASE,
            |nth| of_artifact(Recipe::v1(), nth),
            REKOR_V1,
        )
    };
    let mut v2 = Recipe::v2();
    v2.tsas[0].ca.schemes = vec![Scheme::P384, Scheme::P384];
    vec![
        distinct("distinct, hashedrekord", Recipe::v1(), REKOR_V1),
        distinct("distinct, DSSE", Recipe::v1().dsse("dsse"), REKOR_V1),
        distinct("distinct, Rekor v2 and time stamp", v2, REKOR_V2),
        release("a release, one certificate"),
        in_one_tree(release("a release, one checkpoint too")),
    ]
}

fn case(name: &str, count: usize, recipe: impl Fn(usize) -> Recipe, checks: Checks) -> Case {
    let sample = |nth: usize| {
        let recipe = recipe(nth);
        let made = make(&recipe, &mut |_| {});
        Sample {
            bundle: made.bundle.into_bytes(),
            artifact: recipe.artifact,
        }
    };
    let recipe = recipe(0);
    Case {
        name: name.to_owned(),
        trusted_root: make(&recipe, &mut |_| {}).trusted_root.into_bytes(),
        subject: WORKFLOW.to_owned(),
        issuer: recipe.issuer,
        // Another certificate of the same authority.
        warm: warm(checks.ed25519 > 0.0),
        samples: (0..count).map(sample).collect(),
        checks,
    }
}

/// A bundle of the same authorities and logs that shares nothing else with the measured ones.
fn warm(v2: bool) -> Sample {
    let mut recipe = if v2 { Recipe::v2() } else { Recipe::v1() };
    if v2 {
        recipe.tsas[0].ca.schemes = vec![Scheme::P384, Scheme::P384];
    }
    recipe.san = San::Uri(WORKFLOW.to_owned());
    recipe.window = (NOW, NOW + 300);
    let made = make(&recipe, &mut |_| {});
    Sample {
        bundle: made.bundle.into_bytes(),
        artifact: recipe.artifact,
    }
}

/// Follows the recipe, with a certificate as a workflow of the public instance gets it.
fn make(recipe: &Recipe, hook: &mut dyn FnMut(Stage<'_>)) -> Made {
    sigsign_local::make::make(recipe, &mut |mut stage| {
        if let Stage::Leaf(leaf) = &mut stage {
            for (number, value) in CLAIMS {
                let value = match number {
                    ..=6 => value.as_bytes().to_vec(),
                    _ => der::utf8(value),
                };
                leaf.add(&format!("1.3.6.1.4.1.57264.1.{number}"), false, value);
            }
        }
        hook(stage);
    })
}

const WORKFLOW: &str =
    "https://github.com/example/sigstore-example/.github/workflows/action.yaml@refs/heads/main";
const COMMIT: &str = "193b5bd7d3985809503963ae400594ea16df31cf";
const REPOSITORY: &str = "https://github.com/example/sigstore-example";

const CLAIMS: [(u8, &str); 19] = [
    (2, "push"),
    (3, COMMIT),
    (4, "Package and sign"),
    (5, "example/sigstore-example"),
    (6, "refs/heads/main"),
    (9, WORKFLOW),
    (10, COMMIT),
    (11, "github-hosted"),
    (12, REPOSITORY),
    (13, COMMIT),
    (14, "refs/heads/main"),
    (15, "1048392115"),
    (16, "https://github.com/example"),
    (17, "111356225"),
    (18, WORKFLOW),
    (19, COMMIT),
    (20, "push"),
    (
        21,
        "https://github.com/example/sigstore-example/actions/runs/17377272645/attempts/1",
    ),
    (22, "public"),
];

fn of_artifact(mut recipe: Recipe, nth: usize) -> Recipe {
    recipe.san = San::Uri(WORKFLOW.to_owned());
    recipe.artifact = format!("artifact {nth}\n").into_bytes();
    for log in &mut recipe.logs {
        *log = LogSpec {
            size: LEAVES,
            index: nth,
            ..log.clone()
        };
    }
    recipe
}

/// The same bundles, with all their entries proven in one tree.
fn in_one_tree(mut case: Case) -> Case {
    let recipe = |nth| of_artifact(Recipe::v1(), nth);
    let (mut leaves, mut checkpoint) = (Vec::new(), None::<CheckpointSpec>);
    for nth in 0..case.samples.len() {
        make(&recipe(nth), &mut |stage| match stage {
            Stage::Leaves(_, body) => leaves.push(tree::leaf_hash(body)),
            Stage::Checkpoint(_, spec) => checkpoint = Some(spec.clone()),
            _ => {}
        });
    }
    let mut checkpoint = checkpoint.expect("a log makes one");
    let root = tree::root(&leaves);
    let origin = checkpoint.text.lines().next().expect("an origin");
    let root_text = sigsign_local::text::base64(&root);
    checkpoint.text = format!("{origin}\n{}\n{root_text}\n", leaves.len());
    let note = checkpoint.sign();
    for (nth, sample) in case.samples.iter_mut().enumerate() {
        let made = make(&recipe(nth), &mut |stage| {
            if let Stage::Entry(_, entry) = stage {
                let hashes = tree::path(&leaves, nth)
                    .into_iter()
                    .map(Json::bytes)
                    .collect();
                entry.set("inclusionProof.hashes", Json::List(hashes));
                entry.set("inclusionProof.rootHash", Json::bytes(root));
                entry.set("inclusionProof.treeSize", Json::int64(leaves.len() as u64));
                entry.set("inclusionProof.checkpoint.envelope", Json::text(&note));
            }
        });
        sample.bundle = made.bundle.into_bytes();
    }
    case
}

/// Bundles of the public instance, when the vectors are there.
pub fn public() -> Vec<Case> {
    let Some(vectors) = std::env::var_os("SIGSIGN_VECTORS").map(PathBuf::from) else {
        return Vec::new();
    };
    let root = read(&vectors.join("trust/production/trusted_root.json"));
    let case = |name: &str, folder: &str, warm: &str, checks| {
        let folder = vectors.join("conformance/bundle-verify").join(folder);
        let own_root = folder.join("trusted_root.json");
        Case {
            name: name.to_owned(),
            trusted_root: if own_root.exists() {
                read(&own_root)
            } else {
                root.clone()
            },
            subject: BEACON.to_owned(),
            issuer: BEACON_ISSUER.to_owned(),
            warm: sample(&folder.with_file_name(warm)),
            samples: vec![sample(&folder)],
            checks,
        }
    };
    vec![
        case(
            "public instance, hashedrekord",
            "happy-path-v0.3",
            "happy-path-v0.2",
            REKOR_V1,
        ),
        case(
            "public instance, DSSE",
            "happy-path-intoto-in-dsse-v3",
            "happy-path-v0.3",
            REKOR_V1,
        ),
        case(
            "public instance, Rekor v2 and time stamp",
            "rekor2-timestamp-without-embedded-cert",
            "rekor2-timestamp-with-embedded-cert",
            REKOR_V2,
        ),
    ]
}

fn sample(folder: &Path) -> Sample {
    let own = folder.join("artifact");
    let artifact = if own.exists() {
        own
    } else {
        folder.with_file_name("a.txt")
    };
    Sample {
        bundle: read(&folder.join("bundle.sigstore.json")),
        artifact: read(&artifact),
    }
}

fn read(path: &Path) -> Vec<u8> {
    std::fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}
