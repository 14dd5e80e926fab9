//! Nobody is given more proposals than its ration, however often it asks.

use std::collections::{BTreeMap, VecDeque};

use super::{Checker, Fact, Scene, Verdict};

const WINDOW_MS: u64 = 1_000;
/// A burst, a second's worth with a clock that runs fast, and what is said at two connections.
const IN_WINDOW_MAX: usize = 16 + 10 + 8;

#[derive(Default)]
pub struct Answers {
    /// By giver and taker, when.
    given: BTreeMap<(usize, usize), VecDeque<u64>>,
}

impl Checker for Answers {
    fn name(&self) -> &'static str {
        "rationed answers"
    }

    fn see(&mut self, _: &Scene, fact: &Fact<'_>) -> Verdict {
        let (node, to, at_ms) = match fact {
            Fact::Gave { node, to, at_ms } => (*node, *to, *at_ms),
            Fact::Started { node, .. } => {
                self.given.retain(|(giver, _), _| giver != node);
                return Ok(());
            }
            _ => return Ok(()),
        };
        let given = self.given.entry((node, to)).or_default();
        given.push_back(at_ms);
        while given.front().is_some_and(|at| at + WINDOW_MS <= at_ms) {
            given.pop_front();
        }
        match given.len() {
            count if count > IN_WINDOW_MAX => {
                Err(format!("node {node} gave node {to} {count} proposals in a second"))
            }
            _ => Ok(()),
        }
    }
}
