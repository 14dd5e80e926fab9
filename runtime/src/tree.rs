//! The state tree: a dense Merkle tree in memory. An object keeps its slot while it exists, and the
//! digest of a vacant slot is zero, so the tree grows and shrinks at its right edge only, and a
//! block costs one leaf per slot it wrote plus the inner nodes above them.
//!
//! The shape and the digests are those of [`merkle::TreeKind`]: [`Tree::root`] is
//! `merkle::STATE.root_of` over all leaves, kept up to date.

use ballast_primitives::Hash;
use ballast_primitives::merkle::{self, Path, STATE};

/// `levels[0]` are the leaves; each level above has half as many nodes, rounded up, and the last
/// has one.
#[derive(Clone, Debug, Default)]
pub struct Tree {
    levels: Vec<Vec<Hash>>,
}

impl Tree {
    /// Builds the tree over `leaves`, slot 0 first.
    pub fn new(leaves: Vec<Hash>) -> Self {
        let mut tree = Self { levels: vec![leaves] };
        tree.recompute((0..tree.count()).collect());
        tree
    }

    /// How many leaves there are.
    pub fn count(&self) -> u64 {
        self.levels.first().map_or(0, |leaves| leaves.len() as u64)
    }

    pub fn root(&self) -> Hash {
        let top = self.levels.last().and_then(|level| level.first());
        STATE.root(self.count(), top.unwrap_or(&Hash::ZERO))
    }

    /// Writes `leaves`, strictly ascending by slot; slots from [`Self::count`] on are appended
    /// and must follow one another.
    pub fn update(&mut self, leaves: &[(u64, Hash)]) {
        if self.levels.is_empty() {
            self.levels.push(Vec::new());
        }
        for (slot, leaf) in leaves {
            set(self.levels.first_mut(), *slot, *leaf);
        }
        self.recompute(leaves.iter().map(|(slot, _)| *slot).collect());
    }

    /// Takes away all leaves from slot `count` on.
    pub fn truncate(&mut self, count: u64) {
        if count >= self.count() {
            return;
        }
        let mut width = usize::try_from(count).unwrap_or(usize::MAX);
        for level in &mut self.levels {
            level.truncate(width);
            width = width.div_ceil(2);
        }
        self.levels.truncate(merkle::depth_of(count).saturating_add(1));
        // What was the left half of a pair may be alone now.
        self.recompute(count.checked_sub(1).into_iter().collect());
    }

    /// Recomputes the nodes above the `dirty` leaves (ascending), level by level.
    fn recompute(&mut self, mut dirty: Vec<u64>) {
        let depth = merkle::depth_of(self.count());
        for level in 0..depth {
            for at in &mut dirty {
                *at /= 2;
            }
            dirty.dedup();
            let above = level.saturating_add(1);
            if self.levels.len() <= above {
                self.levels.push(Vec::new());
            }
            let (below, above) = self.levels.split_at_mut(above);
            let below = below.last().map_or(&[][..], Vec::as_slice);
            for at in &dirty {
                let left = at.saturating_mul(2);
                let node = STATE.node(&node_at(below, left), &node_at(below, left | 1));
                set(above.first_mut(), *at, node);
            }
        }
    }

    /// The path of the leaf in `slot`; none when there is no such leaf.
    pub fn path(&self, slot: u64) -> Option<Path> {
        if slot >= self.count() {
            return None;
        }
        let depth = merkle::depth_of(self.count());
        let sibling = |(height, level): (u32, &Vec<Hash>)| node_at(level, slot >> height ^ 1);
        let siblings = (0..).zip(&self.levels).take(depth).map(sibling).collect();
        Some(Path { index: slot, count: self.count(), siblings })
    }
}

fn node_at(level: &[Hash], at: u64) -> Hash {
    usize::try_from(at).ok().and_then(|at| level.get(at)).copied().unwrap_or(Hash::ZERO)
}

/// Sets a node, or appends it when it is the next one.
fn set(level: Option<&mut Vec<Hash>>, at: u64, hash: Hash) {
    let (Some(level), Ok(at)) = (level, usize::try_from(at)) else { return };
    match level.get_mut(at) {
        Some(node) => *node = hash,
        None => {
            debug_assert_eq!(level.len(), at, "leaves are appended one after another");
            level.push(hash);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn leaf(n: u64) -> Hash {
        STATE.leaf(&n.to_le_bytes())
    }

    #[test]
    fn the_root_and_every_path_are_those_of_a_tree_built_at_once() {
        for first in 0..20u64 {
            for more in 0..20u64 {
                let mut leaves: Vec<_> = (0..first).map(leaf).collect();
                let mut tree = Tree::new(leaves.clone());
                assert_eq!(tree.root(), STATE.root_of(&leaves), "{first} at once");
                let mut writes: Vec<_> =
                    (0..first).filter(|n| n % 3 == more % 3).map(|n| (n, leaf(1000 + n))).collect();
                writes.extend((first..first + more).map(|n| (n, leaf(n))));
                for (slot, hash) in &writes {
                    if *slot < first { leaves[*slot as usize] = *hash } else { leaves.push(*hash) }
                }
                tree.update(&writes);
                assert_eq!(tree.root(), STATE.root_of(&leaves), "{first} and {more} more");
                for slot in 0..=first + more {
                    assert_eq!(tree.path(slot), STATE.path_of(&leaves, slot));
                }
            }
        }
    }

    #[test]
    fn a_tree_that_was_cut_short_is_one_of_the_leaves_that_are_left() {
        for count in 0..40u64 {
            let leaves: Vec<_> = (0..count).map(leaf).collect();
            for left in 0..=count {
                let mut tree = Tree::new(leaves.clone());
                tree.truncate(left);
                let mut kept = leaves[..left as usize].to_vec();
                assert_eq!(tree.count(), left);
                assert_eq!(tree.root(), STATE.root_of(&kept), "{left} of {count}");
                tree.update(&[(left, leaf(1000)), (left + 1, Hash::ZERO), (left + 2, leaf(7))]);
                kept.extend([leaf(1000), Hash::ZERO, leaf(7)]);
                assert_eq!(tree.root(), STATE.root_of(&kept), "{left} of {count}, and 3 more");
                for slot in 0..=left + 2 {
                    assert_eq!(tree.path(slot), STATE.path_of(&kept, slot));
                }
            }
        }
    }
}
