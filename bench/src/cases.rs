//! What is verified: bundles with the trusted root and identity that accept them.

use std::path::{Path, PathBuf};

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
            "public, hashedrekord",
            "happy-path-v0.3",
            "happy-path-v0.2",
            REKOR_V1,
        ),
        case(
            "public, DSSE",
            "happy-path-intoto-in-dsse-v3",
            "happy-path-v0.3",
            REKOR_V1,
        ),
        case(
            "public, Rekor v2",
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
