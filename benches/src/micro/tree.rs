//! The state tree: what one changed key of a block's 10,000 costs.

use ballast_primitives::Hash;
use ballast_runtime::tree::Tree;

use super::{Cost, MicroArgs};
use crate::clock::us_each;

pub fn cost(args: &MicroArgs, keys: u64) -> Cost {
    let mut tree = Tree::new((0..keys).map(leaf).collect());
    let changed = (args.block as u64).min(keys);
    let step = keys / changed.max(1);
    let mut round = 0;
    let us = us_each(args.repeat(), changed as usize, || {
        round += 1;
        // Other keys each time, spread over all.
        let slot = |n: u64| n * step + round % step.max(1);
        let leaves: Vec<_> = (0..changed).map(|n| (slot(n), leaf(n ^ round << 32))).collect();
        tree.update(&leaves);
    });
    Cost { what: "state tree", size: format!("{keys} keys"), us, per: "changed key".to_owned() }
}

fn leaf(n: u64) -> Hash {
    let mut hash = Hash::ZERO;
    hash.0.iter_mut().zip(n.to_le_bytes()).for_each(|(to, from)| *to = from);
    hash
}
