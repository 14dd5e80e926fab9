//! Merkle paths and roots, shared by the state tree, the receipts of a block and every verifier.
//!
//! A tree of `count` leaves has the depth of the smallest power of two that holds them; missing
//! leaves are [`Hash::ZERO`], and a parent of two zeros is zero. The root binds the count, so a
//! path cannot be read at another depth.

use borsh::{BorshDeserialize, BorshSerialize};

use crate::domain::Domain;
use crate::hash::{Hash, Hasher};

/// Deepest path accepted: 2^40 leaves.
pub const DEPTH_MAX: usize = 40;

/// The three domains of one kind of tree.
#[derive(Clone, Copy, Debug)]
pub struct TreeKind {
    pub leaf: Domain,
    pub node: Domain,
    pub root: Domain,
}

pub const STATE: TreeKind =
    TreeKind { leaf: Domain::StateLeaf, node: Domain::StateNode, root: Domain::StateRoot };
pub const RECEIPTS: TreeKind =
    TreeKind { leaf: Domain::ReceiptLeaf, node: Domain::ReceiptNode, root: Domain::ReceiptRoot };

impl TreeKind {
    pub fn leaf(&self, bytes: &[u8]) -> Hash {
        Hasher::new(self.leaf).update(bytes).finish()
    }

    pub fn node(&self, left: &Hash, right: &Hash) -> Hash {
        if *left == Hash::ZERO && *right == Hash::ZERO {
            return Hash::ZERO;
        }
        Hasher::new(self.node).update(&left.0).update(&right.0).finish()
    }

    pub fn root(&self, count: u64, top: &Hash) -> Hash {
        Hasher::new(self.root).update(&count.to_le_bytes()).update(&top.0).finish()
    }

    /// The root over leaf digests held in memory, for trees built once.
    pub fn root_of(&self, leaves: &[Hash]) -> Hash {
        let count = leaves.len() as u64;
        let mut level = leaves.to_vec();
        while level.len() > 1 {
            level = self.next_level(&level);
        }
        self.root(count, level.first().unwrap_or(&Hash::ZERO))
    }

    /// The path of leaf `index` in a tree built once; none when there is no such leaf.
    pub fn path_of(&self, leaves: &[Hash], index: u64) -> Option<Path> {
        let mut at = usize::try_from(index).ok().filter(|at| *at < leaves.len())?;
        let mut level = leaves.to_vec();
        let mut siblings = Vec::new();
        while level.len() > 1 {
            siblings.push(level.get(at ^ 1).copied().unwrap_or(Hash::ZERO));
            level = self.next_level(&level);
            at /= 2;
        }
        Some(Path { index, count: leaves.len() as u64, siblings })
    }

    fn next_level(&self, level: &[Hash]) -> Vec<Hash> {
        let parent = |pair: &[Hash]| match pair {
            [left, right] => self.node(left, right),
            [left] => self.node(left, &Hash::ZERO),
            _ => Hash::ZERO,
        };
        level.chunks(2).map(parent).collect()
    }
}

/// How deep a tree of `count` leaves is.
pub const fn depth_of(count: u64) -> usize {
    match count {
        0 | 1 => 0,
        _ => (u64::BITS - (count - 1).leading_zeros()) as usize,
    }
}

/// Where a leaf stands, and its siblings from the leaf upwards.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Path {
    pub index: u64,
    pub count: u64,
    pub siblings: Vec<Hash>,
}

impl Path {
    /// The root this path gives for `leaf`, or none when its shape does not fit its count.
    pub fn root(&self, kind: &TreeKind, leaf: Hash) -> Option<Hash> {
        let shape_fits = self.index < self.count
            && self.siblings.len() == depth_of(self.count)
            && self.siblings.len() <= DEPTH_MAX;
        if !shape_fits {
            return None;
        }
        let mut at = self.index;
        let mut hash = leaf;
        for sibling in &self.siblings {
            hash = match at % 2 {
                0 => kind.node(&hash, sibling),
                _ => kind.node(sibling, &hash),
            };
            at /= 2;
        }
        Some(kind.root(self.count, &hash))
    }
}

/// The receipts root a header carries covers every block so far: each block's own root is chained
/// onto the last, so that headers which attest several blocks at once leave none unproven.
pub fn chain_receipts(before: &Hash, block_root: &Hash) -> Hash {
    Hasher::new(Domain::ReceiptChain).update(&before.0).update(&block_root.0).finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_leaf_of_every_small_tree_proves_itself_and_nothing_else() {
        for count in 0..70usize {
            let leaves: Vec<_> = (0..count).map(|n| STATE.leaf(&[n as u8])).collect();
            let root = STATE.root_of(&leaves);
            for (index, leaf) in leaves.iter().enumerate() {
                let path = STATE.path_of(&leaves, index as u64).unwrap();
                assert_eq!(path.root(&STATE, *leaf), Some(root));
                assert_ne!(path.root(&STATE, STATE.leaf(b"other")), Some(root));
                assert_ne!(path.root(&RECEIPTS, *leaf), Some(root));
                let moved = Path { index: (index as u64) ^ 1, ..path.clone() };
                assert_ne!(moved.root(&STATE, *leaf), Some(root));
                let short = Path {
                    siblings: path.siblings[..path.siblings.len().saturating_sub(1)].to_vec(),
                    ..path.clone()
                };
                assert!(count == 1 || short.root(&STATE, *leaf).is_none());
            }
            assert!(STATE.path_of(&leaves, count as u64).is_none());
        }
    }

    #[test]
    fn depth_is_that_of_the_next_power_of_two() {
        for (count, depth) in
            [(0, 0), (1, 0), (2, 1), (3, 2), (4, 2), (5, 3), (1 << 20, 20), ((1 << 20) + 1, 21)]
        {
            assert_eq!(depth_of(count), depth, "{count}");
        }
    }
}
