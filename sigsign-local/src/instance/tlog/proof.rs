//! Roots and proofs from the complete nodes of a tree.
//!
//! In: a source of complete nodes, a size. Out: the root, inclusion and consistency proofs. Not
//! here: where nodes are kept.
//!
//! Spec: RFC 6962 2.1

use std::io;

use super::tile::TreeHash;
use crate::key::sha256;
use crate::tree::node_hash;

/// Where complete nodes come from.
pub(crate) trait Nodes {
    /// The node `index` of `level`, over the leaves from `index << level` up to the next one's.
    fn node(&self, level: u32, index: u64) -> io::Result<TreeHash>;
}

/// The root over the first `size` leaves.
pub(crate) fn root(nodes: &dyn Nodes, size: u64) -> io::Result<TreeHash> {
    if size == 0 {
        return Ok(sha256(&[]));
    }
    subtree(nodes, top(size), 0, size)
}

/// The path of the leaf at `index`, which is below `size`, from its sibling up.
pub(crate) fn inclusion(nodes: &dyn Nodes, index: u64, size: u64) -> io::Result<Vec<TreeHash>> {
    (0..top(size))
        .map(|level| (level, (index >> level) ^ 1))
        .filter(|(level, sibling)| sibling << level < size)
        .map(|(level, sibling)| subtree(nodes, level, sibling, size))
        .collect()
}

/// The proof that the first `new` leaves begin with the first `old`; `old` is not above `new`.
pub(crate) fn consistency(nodes: &dyn Nodes, old: u64, new: u64) -> io::Result<Vec<TreeHash>> {
    let mut proof = Vec::new();
    if old == 0 || old == new {
        return Ok(proof);
    }
    // The largest complete subtree at the right edge of the older tree.
    let start = old.trailing_zeros();
    if !old.is_power_of_two() {
        proof.push(nodes.node(start, (old - 1) >> start)?);
    }
    for level in start..top(new) {
        let index = (old - 1) >> level;
        if index % 2 == 1 {
            proof.push(nodes.node(level, index - 1)?);
        } else if (index + 1) << level < new {
            proof.push(subtree(nodes, level, index + 1, new)?);
        }
    }
    Ok(proof)
}

/// The level of the root.
fn top(size: u64) -> u32 {
    size.next_power_of_two().trailing_zeros()
}

/// The hash over the leaves below a node that are there.
fn subtree(nodes: &dyn Nodes, level: u32, index: u64, size: u64) -> io::Result<TreeHash> {
    if (index + 1) << level <= size {
        return nodes.node(level, index);
    }
    let (left, right) = (index * 2, index * 2 + 1);
    let hash = subtree(nodes, level - 1, left, size)?;
    if right << (level - 1) >= size {
        return Ok(hash);
    }
    Ok(node_hash(&hash, &subtree(nodes, level - 1, right, size)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree;

    struct Leaves(Vec<TreeHash>);

    impl Nodes for Leaves {
        fn node(&self, level: u32, index: u64) -> io::Result<TreeHash> {
            let start = (index << level) as usize;
            Ok(tree::root(&self.0[start..start + (1 << level)]))
        }
    }

    #[test]
    fn accepts_the_roots_and_paths_of_a_tree_in_memory() {
        let leaves = Leaves((0..70_u8).map(|leaf| tree::leaf_hash(&[leaf])).collect());

        for size in 1..=70 {
            let part = &leaves.0[..size];
            assert_eq!(tree::root(part), root(&leaves, size as u64).unwrap());
            for index in 0..size {
                let path = inclusion(&leaves, index as u64, size as u64).unwrap();
                assert_eq!(tree::path(part, index), path, "{index} of {size}");
            }
        }
    }
}
