//! Inclusion and consistency vectors of another implementation.
//!
//! They are read from the folder `merkle` in `SIGSIGN_VECTORS`; without that variable the test says
//! so and the naive trees in `merkle` stand alone.
#![expect(clippy::disallowed_methods, reason = "vectors are files")]

use std::path::{Path, PathBuf};

use serde_json::Value;
use sigsign_core::encoding::base64_decode;
use sigsign_core::merkle::{LeafHash, RootHash, root_from_inclusion, verify_consistency};

/// Vectors whose verdict differs from the file's, each with the reason. Surprises in either
/// direction fail the test.
const DIVERGENCES: &[(&str, &str)] = &[
    (
        "sizes-are-equal-and-proof-is-not-empty-where-both-sizes-are-one.json",
        "roots of 12 bytes, which are no root hashes",
    ),
    (
        "sizes-are-equal-and-proof-is-not-empty-where-both-sizes-are-zero.json",
        "roots of 12 bytes, and nothing is proven in an empty tree",
    ),
];

// V45
#[test]
fn agrees_with_the_merkle_vectors() {
    let Some(folder) = std::env::var_os("SIGSIGN_VECTORS") else {
        println!("SIGSIGN_VECTORS is not set: no vectors to run");
        return;
    };
    let folder = PathBuf::from(folder).join("merkle");

    let inclusion = run(&folder.join("inclusion"), inclusion_holds);
    let consistency = run(&folder.join("consistency"), consistency_holds);

    println!("{inclusion} inclusion and {consistency} consistency vectors");
    assert_eq!((98, 97), (inclusion, consistency));
}

fn run(folder: &Path, holds: fn(&Value) -> Option<bool>) -> usize {
    let mut count = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            count += run(&path, holds);
            continue;
        }
        let vector: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
        let name = path.file_name().unwrap().to_str().unwrap();
        let diverges = DIVERGENCES.iter().any(|(file, _)| *file == name);
        let want = vector["wantErr"].as_bool().unwrap() == diverges;
        // A hash that is not 32 bytes is refused before it gets here.
        let found = holds(&vector).unwrap_or(false);
        assert_eq!(want, found, "{}", path.display());
        count += 1;
    }
    count
}

fn inclusion_holds(vector: &Value) -> Option<bool> {
    let leaf = LeafHash::from_bytes(hash(&vector["leafHash"])?);
    let root = RootHash::from_bytes(hash(&vector["root"])?);
    let (index, size) = (vector["leafIdx"].as_u64()?, vector["treeSize"].as_u64()?);
    Some(root_from_inclusion(leaf, index, size, &proof(vector)?) == Ok(root))
}

fn consistency_holds(vector: &Value) -> Option<bool> {
    let old_root = RootHash::from_bytes(hash(&vector["root1"])?);
    let new_root = RootHash::from_bytes(hash(&vector["root2"])?);
    let (old, new) = (vector["size1"].as_u64()?, vector["size2"].as_u64()?);
    Some(verify_consistency(old, new, old_root, new_root, &proof(vector)?).is_ok())
}

fn proof(vector: &Value) -> Option<Vec<[u8; 32]>> {
    let hashes = vector["proof"].as_array().map_or(&[][..], Vec::as_slice);
    hashes.iter().map(hash).collect()
}

fn hash(value: &Value) -> Option<[u8; 32]> {
    base64_decode(value.as_str()?).ok()?.try_into().ok()
}
