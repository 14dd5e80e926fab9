//! One chain: no two honest validators commit different blocks at one height, none commits a
//! height twice or leaves one out, and none stops by itself.

use std::collections::BTreeMap;

use ballast_primitives::Hash;

use super::{Checker, Committed, Fact, Scene, Verdict};

#[derive(Default)]
pub struct Agreement {
    /// The first block committed at each height, and by whom.
    chain: BTreeMap<u64, (Hash, usize)>,
    /// The newest height of each validator's disk.
    newest: BTreeMap<usize, u64>,
}

impl Checker for Agreement {
    fn name(&self) -> &'static str {
        "agreement"
    }

    fn see(&mut self, _: &Scene, fact: &Fact<'_>) -> Verdict {
        match fact {
            Fact::Committed(committed) => self.committed(committed),
            Fact::Started { node, height } => {
                self.newest.insert(*node, *height);
                Ok(())
            }
            Fact::Halted { node, report } => Err(format!("node {node} stopped: {report}")),
            _ => Ok(()),
        }
    }
}

impl Agreement {
    fn committed(&mut self, fact: &Committed<'_>) -> Verdict {
        let node = fact.node;
        let (height, id) = (fact.write.block.header.height, fact.write.block.certificate.block);
        let before = self.newest.insert(node, height).unwrap_or(0);
        if before + 1 != height {
            return Err(format!("node {node} commits {height} after {before}"));
        }
        let (first, by) = *self.chain.entry(height).or_insert((id, node));
        if first != id {
            return Err(format!("block {height} is {first} at node {by}, {id} at node {node}"));
        }
        Ok(())
    }
}
