//! An honest proposer orders nothing of which its author knew that no state would take it, but for a
//! few transactions in a batch that is good otherwise.

use std::collections::BTreeMap;

use super::{Checker, Fact, Scene, Verdict};

/// What may be in good batches of one author in a block.
const JUNK_MAX: u64 = 20;

#[derive(Default)]
pub struct Junk {
    /// The height that each node has committed last, and whether its proposer is honest.
    newest: BTreeMap<usize, (u64, bool)>,
}

impl Checker for Junk {
    fn name(&self) -> &'static str {
        "no junk ordered"
    }

    fn see(&mut self, scene: &Scene, fact: &Fact<'_>) -> Verdict {
        match fact {
            Fact::Committed(committed) => {
                let header = &committed.write.block.header;
                let honest = scene.is_honest(&header.proposer);
                self.newest.insert(committed.node, (header.height, honest));
                Ok(())
            }
            Fact::LeftOut { node, height, author, junk }
                if *junk > JUNK_MAX && self.newest.get(node) == Some(&(*height, true)) =>
            {
                Err(format!("an honest proposer ordered {junk} of {author:?} at {height}"))
            }
            _ => Ok(()),
        }
    }
}
