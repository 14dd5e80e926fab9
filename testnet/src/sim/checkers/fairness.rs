//! Fairness between authors: once all is well, an honest validator's clients are served by its own
//! batches, whoever else fills blocks; they need not try elsewhere.

use std::collections::BTreeMap;

use super::{Checker, Fact, Scene, Verdict};

/// Fewer say nothing: clients that tried elsewhere while all was not well yet are among them.
const SERVED_MIN: u64 = 24;

#[derive(Default)]
pub struct Fairness {
    /// Transactions that each node admitted after the healing and that were committed: all, and those
    /// in its own batches.
    served: BTreeMap<usize, (u64, u64)>,
}

impl Checker for Fairness {
    fn name(&self) -> &'static str {
        "fair authors"
    }

    fn see(&mut self, scene: &Scene, fact: &Fact<'_>) -> Verdict {
        match fact {
            Fact::Served { node, author } => {
                let (all, own) = self.served.entry(*node).or_default();
                *all += 1;
                *own += u64::from(scene.keys.get(*node) == Some(author));
                Ok(())
            }
            Fact::Ended { node, .. } => match self.served.get(node) {
                Some((all, own)) if *all >= SERVED_MIN && own * 3 < *all => {
                    Err(format!("of {all} transactions of node {node} its batches brought {own}"))
                }
                _ => Ok(()),
            },
            _ => Ok(()),
        }
    }
}
