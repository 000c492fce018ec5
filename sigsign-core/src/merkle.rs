//! Merkle trees of RFC 6962: leaf hashes, inclusion and consistency proofs.
//!
//! In: leaves, positions, proofs. Out: the root that a proof leads to. Not here: who signed that root;
//! that is in [`crate::note`].

use std::fmt;

use crate::crypto::{sha256, sha256_parts};
use crate::encoding::hex_encode;

/// The hash of a leaf of a log.
///
/// Spec: RFC 6962 2.1
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct LeafHash([u8; 32]);

/// The hash of a whole tree.
///
/// Spec: RFC 6962 2.1
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct RootHash([u8; 32]);

/// What is wrong with a proof.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum MerkleError {
    /// A proof in a tree of size 0, where nothing can be proven.
    EmptyTree,
    /// A tree larger than 2^63 - 1.
    TreeTooLarge {
        /// The size claimed.
        size: u64,
    },
    /// A leaf that is not in the tree.
    IndexOutOfRange {
        /// The position, from 0.
        index: u64,
        /// The size of the tree.
        size: u64,
    },
    /// An older tree that is larger than the newer one.
    SizeOrder {
        /// Size of the older tree.
        old: u64,
        /// Size of the newer tree.
        new: u64,
    },
    /// A proof that is shorter or longer than the position needs.
    ProofLength {
        /// Hashes needed.
        want: usize,
        /// Hashes there.
        found: usize,
    },
    /// A proof that leads to another root.
    RootMismatch {
        /// The root to be proven.
        want: RootHash,
        /// The root it leads to.
        found: RootHash,
    },
}

impl MerkleError {
    /// The codes of all such errors.
    pub const CODES: &[&str] = &[
        "merkle.empty-tree",
        "merkle.tree-too-large",
        "merkle.index-out-of-range",
        "merkle.size-order",
        "merkle.proof-length",
        "merkle.root-mismatch",
    ];

    /// The stable code of this error.
    pub fn code(&self) -> &'static str {
        match self {
            Self::EmptyTree => "merkle.empty-tree",
            Self::TreeTooLarge { .. } => "merkle.tree-too-large",
            Self::IndexOutOfRange { .. } => "merkle.index-out-of-range",
            Self::SizeOrder { .. } => "merkle.size-order",
            Self::ProofLength { .. } => "merkle.proof-length",
            Self::RootMismatch { .. } => "merkle.root-mismatch",
        }
    }
}

impl fmt::Display for MerkleError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::EmptyTree => f.write_str("a tree of size 0 proves nothing"),
            Self::TreeTooLarge { size } => {
                write!(f, "wanted a tree size below 2^63, found {size}")
            }
            Self::IndexOutOfRange { index, size } => {
                write!(
                    f,
                    "wanted a leaf index below the tree size {size}, found {index}"
                )
            }
            Self::SizeOrder { old, new } => {
                write!(
                    f,
                    "wanted an older tree of at most {new} leaves, found {old}"
                )
            }
            Self::ProofLength { want, found } => {
                write!(f, "wanted a proof of {want} hashes, found {found}")
            }
            Self::RootMismatch { want, found } => {
                write!(f, "wanted the root hash {want}, the proof leads to {found}")
            }
        }
    }
}

impl std::error::Error for MerkleError {}

/// Hashes a leaf: SHA-256 of a zero byte and the leaf (V45).
///
/// Spec: RFC 6962 2.1
pub fn leaf_hash(leaf: &[u8]) -> LeafHash {
    LeafHash(sha256_parts(&[&[0], leaf]))
}

/// The hash of a tree without leaves.
///
/// Spec: RFC 6962 2.1
pub fn empty_root() -> RootHash {
    RootHash(sha256(&[]))
}

/// Computes the root that an inclusion proof leads to.
///
/// Proves nothing about who signed the root; compare the result with a signed checkpoint.
///
/// `index` counts from 0. `proof` runs from the leaf's sibling up to the root.
///
/// # Errors
///
/// - [`MerkleError::EmptyTree`] if `size` is 0.
/// - [`MerkleError::TreeTooLarge`] if `size` is 2^63 or more.
/// - [`MerkleError::IndexOutOfRange`] if `index >= size`.
/// - [`MerkleError::ProofLength`] if `proof` is shorter or longer than this position needs.
///
/// Spec: RFC 6962 2.1.1; RFC 9162 2.1.3.2
pub fn root_from_inclusion(
    leaf: LeafHash,
    index: u64,
    size: u64,
    proof: &[[u8; 32]],
) -> Result<RootHash, MerkleError> {
    let last = last_index(size)?;
    if index > last {
        return Err(MerkleError::IndexOutOfRange { index, size });
    }
    let path = Path::new(index, last);
    expect_len(path.len(), proof.len())?;
    let mut hash = leaf.0;
    for (sibling, side) in proof.iter().zip(path.sides()) {
        hash = match side {
            Side::Left => node_hash(sibling, &hash),
            Side::Right => node_hash(&hash, sibling),
        };
    }
    Ok(RootHash(hash))
}

/// Checks that a newer tree begins with all leaves of an older one.
///
/// # Errors
///
/// - [`MerkleError::EmptyTree`] if a size is 0: every tree begins with the empty one.
/// - [`MerkleError::TreeTooLarge`] if a size is 2^63 or more.
/// - [`MerkleError::SizeOrder`] if the older tree is the larger.
/// - [`MerkleError::ProofLength`] if `proof` is shorter or longer than these sizes need.
/// - [`MerkleError::RootMismatch`] if it leads to another root than either of these.
///
/// Spec: RFC 6962 2.1.2; RFC 9162 2.1.4.2
pub fn verify_consistency(
    old_size: u64,
    new_size: u64,
    old_root: RootHash,
    new_root: RootHash,
    proof: &[[u8; 32]],
) -> Result<(), MerkleError> {
    let (old_last, new_last) = (last_index(old_size)?, last_index(new_size)?);
    if old_last > new_last {
        return Err(MerkleError::SizeOrder {
            old: old_size,
            new: new_size,
        });
    }
    if old_size == new_size {
        expect_len(0, proof.len())?;
        return expect_root(new_root, old_root);
    }
    // The largest complete subtree at the right edge of the older tree is a node of both trees;
    // the proof is that node's path in the newer one.
    let level = old_size.trailing_zeros();
    let path = Path::new(shift(old_last, level), shift(new_last, level));
    let (start, proof) = if old_size.is_power_of_two() {
        expect_len(path.len(), proof.len())?;
        (old_root.0, proof)
    } else {
        expect_len(path.len().saturating_add(1), proof.len())?;
        match proof.split_first() {
            Some((start, proof)) => (*start, proof),
            None => return Err(MerkleError::ProofLength { want: 1, found: 0 }),
        }
    };
    let (mut old, mut new) = (start, start);
    for (sibling, side) in proof.iter().zip(path.sides()) {
        match side {
            Side::Left => {
                old = node_hash(sibling, &old);
                new = node_hash(sibling, &new);
            }
            // Leaves that only the newer tree has.
            Side::Right => new = node_hash(&new, sibling),
        }
    }
    expect_root(old_root, RootHash(old))?;
    expect_root(new_root, RootHash(new))
}

/// The way from a node up to the root of a tree.
struct Path {
    index: u64,
    /// Steps below the point where the node's way meets that of the last node of its level.
    inner: u32,
    /// Steps above it, where every sibling is on the left.
    border: u32,
}

/// Where a sibling is, seen from the node on the path.
enum Side {
    Left,
    Right,
}

impl Path {
    /// `index` is at most `last`, and both are positions in one level.
    fn new(index: u64, last: u64) -> Self {
        let inner = u64::BITS.saturating_sub((index ^ last).leading_zeros());
        let border = shift(index, inner).count_ones();
        Self {
            index,
            inner,
            border,
        }
    }

    fn len(&self) -> usize {
        let len = self.inner.saturating_add(self.border);
        usize::try_from(len).unwrap_or(usize::MAX)
    }

    fn sides(&self) -> impl Iterator<Item = Side> {
        let (index, inner) = (self.index, self.inner);
        (0..inner.saturating_add(self.border)).map(move |step| {
            if step >= inner || shift(index, step) & 1 == 1 {
                Side::Left
            } else {
                Side::Right
            }
        })
    }
}

fn last_index(size: u64) -> Result<u64, MerkleError> {
    match size.checked_sub(1) {
        None => Err(MerkleError::EmptyTree),
        Some(_) if i64::try_from(size).is_err() => Err(MerkleError::TreeTooLarge { size }),
        Some(last) => Ok(last),
    }
}

fn expect_len(want: usize, found: usize) -> Result<(), MerkleError> {
    if found == want {
        Ok(())
    } else {
        Err(MerkleError::ProofLength { want, found })
    }
}

fn expect_root(want: RootHash, found: RootHash) -> Result<(), MerkleError> {
    if found == want {
        Ok(())
    } else {
        Err(MerkleError::RootMismatch { want, found })
    }
}

fn node_hash(left: &[u8; 32], right: &[u8; 32]) -> [u8; 32] {
    sha256_parts(&[&[1], left, right])
}

fn shift(number: u64, by: u32) -> u64 {
    number.checked_shr(by).unwrap_or(0)
}

impl LeafHash {
    /// A leaf hash from elsewhere; [`leaf_hash`] computes one.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The hash itself.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl RootHash {
    /// A root hash from elsewhere, proven by nothing.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The hash itself.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Display for LeafHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex_encode(&self.0))
    }
}

impl fmt::Debug for LeafHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LeafHash({self})")
    }
}

impl fmt::Display for RootHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex_encode(&self.0))
    }
}

impl fmt::Debug for RootHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RootHash({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Hash = [u8; 32];

    /// RFC 6962 2.1, word for word.
    fn naive_root(leaves: &[Hash]) -> Hash {
        match leaves {
            [] => empty_root().0,
            [leaf] => *leaf,
            _ => {
                let (left, right) = leaves.split_at(split(leaves.len()));
                node_hash(&naive_root(left), &naive_root(right))
            }
        }
    }

    /// RFC 6962 2.1.1, word for word.
    fn naive_path(index: usize, leaves: &[Hash]) -> Vec<Hash> {
        if leaves.len() == 1 {
            return Vec::new();
        }
        let k = split(leaves.len());
        let (left, right) = leaves.split_at(k);
        let (mut path, sibling) = if index < k {
            (naive_path(index, left), naive_root(right))
        } else {
            (naive_path(index - k, right), naive_root(left))
        };
        path.push(sibling);
        path
    }

    /// RFC 6962 2.1.2, SUBPROOF, word for word.
    fn naive_consistency(old: usize, leaves: &[Hash], complete: bool) -> Vec<Hash> {
        if old == leaves.len() {
            return if complete {
                Vec::new()
            } else {
                vec![naive_root(leaves)]
            };
        }
        let k = split(leaves.len());
        let (left, right) = leaves.split_at(k);
        let (mut proof, sibling) = if old <= k {
            (naive_consistency(old, left, complete), naive_root(right))
        } else {
            (naive_consistency(old - k, right, false), naive_root(left))
        };
        proof.push(sibling);
        proof
    }

    /// The largest power of two below `len`.
    fn split(len: usize) -> usize {
        len.next_power_of_two() / 2
    }

    fn leaves(count: usize) -> Vec<Hash> {
        (0..count).map(|n| leaf_hash(&n.to_be_bytes()).0).collect()
    }

    fn wide(number: usize) -> u64 {
        number.try_into().unwrap()
    }

    // V45
    #[test]
    fn accepts_inclusion_in_all_small_trees_and_nothing_else() {
        for size in 1..=70 {
            let leaves = leaves(size);
            let root = RootHash(naive_root(&leaves));
            for index in 0..size {
                let leaf = LeafHash(leaves[index]);
                let proof = naive_path(index, &leaves);
                let compute =
                    |proof: &[Hash]| root_from_inclusion(leaf, wide(index), wide(size), proof);

                assert_eq!(Ok(root), compute(&proof));
                let want = proof.len();
                let longer = [&proof[..], &[[0; 32]]].concat();
                let error = |found| Err(MerkleError::ProofLength { want, found });
                assert_eq!(error(want + 1), compute(&longer));
                if let Some((_, shorter)) = proof.split_last() {
                    assert_eq!(error(want - 1), compute(shorter));
                }
            }
        }
    }

    #[test]
    fn rejects_inclusion_at_another_index() {
        let leaves = leaves(13);
        let root = naive_root(&leaves);
        let proof = naive_path(5, &leaves);

        for index in 0..13 {
            let found = root_from_inclusion(LeafHash(leaves[5]), index, 13, &proof);
            assert_eq!(index == 5, found == Ok(RootHash(root)), "{index}");
        }
    }

    // V45
    #[test]
    fn rejects_positions_no_tree_has() {
        let compute = |index, size| root_from_inclusion(leaf_hash(b""), index, size, &[]);

        assert_eq!(Ok(RootHash(leaf_hash(b"").0)), compute(0, 1));
        assert_eq!(Err(MerkleError::EmptyTree), compute(0, 0));
        for (index, size) in [(1, 1), (u64::MAX, 1), (8, 7)] {
            assert_eq!(
                Err(MerkleError::IndexOutOfRange { index, size }),
                compute(index, size)
            );
        }
        for size in [1 << 63, u64::MAX] {
            assert_eq!(Err(MerkleError::TreeTooLarge { size }), compute(0, size));
        }
        let size = (1 << 63) - 1;
        for (index, want) in [(0, 63), (size - 1, 62), (1, 63), (1 << 62, 63)] {
            let error = MerkleError::ProofLength { want, found: 0 };
            assert_eq!(Err(error), compute(index, size), "{index}");
        }
        let longest = root_from_inclusion(leaf_hash(b""), 0, size, &[[0; 32]; 63]);
        assert!(longest.is_ok());
    }

    // V45
    #[test]
    fn accepts_consistency_of_all_small_trees_and_nothing_else() {
        for new in 1..=70 {
            let leaves = leaves(new);
            let new_root = RootHash(naive_root(&leaves));
            for old in 1..=new {
                let old_root = RootHash(naive_root(&leaves[..old]));
                let proof = naive_consistency(old, &leaves, true);
                let check = |old_root, new_root, proof: &[Hash]| {
                    verify_consistency(wide(old), wide(new), old_root, new_root, proof)
                };

                assert_eq!(Ok(()), check(old_root, new_root, &proof), "{old} {new}");
                let want = proof.len();
                let error = |found| Err(MerkleError::ProofLength { want, found });
                let longer = [&proof[..], &[[0; 32]]].concat();
                assert_eq!(error(want + 1), check(old_root, new_root, &longer));
                if let Some((_, shorter)) = proof.split_last() {
                    assert_eq!(error(want - 1), check(old_root, new_root, shorter));
                }
                let other = RootHash([9; 32]);
                for (old_root, new_root) in [(old_root, other), (other, new_root)] {
                    let error = check(old_root, new_root, &proof).unwrap_err();
                    assert_eq!("merkle.root-mismatch", error.code());
                }
            }
        }
    }

    #[test]
    fn rejects_consistency_of_sizes_no_trees_have() {
        let check = |old, new| verify_consistency(old, new, empty_root(), empty_root(), &[]);

        assert_eq!(Err(MerkleError::EmptyTree), check(0, 0));
        assert_eq!(Err(MerkleError::EmptyTree), check(0, 1));
        assert_eq!(Err(MerkleError::SizeOrder { old: 3, new: 2 }), check(3, 2));
        let size = 1 << 63;
        assert_eq!(Err(MerkleError::TreeTooLarge { size }), check(1, size));
        assert_eq!(Err(MerkleError::TreeTooLarge { size }), check(size, 1));
    }

    #[test]
    fn names_every_code() {
        let errors = [
            MerkleError::EmptyTree,
            MerkleError::TreeTooLarge { size: 0 },
            MerkleError::IndexOutOfRange { index: 0, size: 0 },
            MerkleError::SizeOrder { old: 0, new: 0 },
            MerkleError::ProofLength { want: 0, found: 0 },
            MerkleError::RootMismatch {
                want: empty_root(),
                found: empty_root(),
            },
        ];

        assert_eq!(MerkleError::CODES, errors.each_ref().map(MerkleError::code));
    }
}
