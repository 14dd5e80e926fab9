//! One chain: no two honest validators commit different blocks at one height, none commits a
//! height twice or leaves one out, and none stops.

use std::collections::BTreeMap;

use ballast_primitives::Hash;

use super::{Checker, Fact, Scene};

#[derive(Default)]
pub struct Agreement {
    /// The first block committed at each height, and by whom.
    chain: BTreeMap<u64, (Hash, usize)>,
}

impl Checker for Agreement {
    fn name(&self) -> &'static str {
        "agreement"
    }

    fn see(&mut self, _: &Scene, fact: &Fact<'_>) -> Result<(), String> {
        match fact {
            Fact::Committed { node, write } => {
                let height = write.block.header.height;
                let id = write.block.certificate.block;
                let (first, by) = *self.chain.entry(height).or_insert((id, *node));
                if first != id {
                    return Err(format!("block {height} is {first} at node {by}, {id} at {node}"));
                }
                Ok(())
            }
            Fact::Halted { node, report } => Err(format!("node {node} stopped: {report}")),
            _ => Ok(()),
        }
    }
}
