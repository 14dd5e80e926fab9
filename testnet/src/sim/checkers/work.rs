//! Bounded work: whatever peers send, a validator's replica is soon done with it. A step's time is
//! that of the signatures it verifies and the proposals it judges.

use super::{Checker, Fact, Scene, Verdict};

/// For each input taken at once: a certificate of everyone, or blocks that are caught up with.
const EACH_US: u64 = 2_000;
const FEW_US: u64 = 60_000;

#[derive(Default)]
pub struct Work;

impl Checker for Work {
    fn name(&self) -> &'static str {
        "bounded work"
    }

    fn see(&mut self, _: &Scene, fact: &Fact<'_>) -> Verdict {
        match fact {
            Fact::Worked { node, inputs, us } if *us > FEW_US + EACH_US * *inputs as u64 => {
                Err(format!("node {node} is busy with {inputs} inputs for {us} us"))
            }
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::checkers::Sets;

    #[test]
    fn a_turn_may_take_what_its_inputs_cost_and_no_more() {
        let scene = Scene {
            genesis: ballast_primitives::Hash::ZERO,
            genesis_time: 0,
            keys: Vec::new(),
            honest: Vec::new(),
            sets: Sets::default(),
            block_ms: 0,
            heartbeat_ms: 0,
            absence: None,
        };
        let see = |inputs, us| Work.see(&scene, &Fact::Worked { node: 0, inputs, us });
        assert_eq!(see(40, FEW_US + 40 * EACH_US), Ok(()));
        assert!(see(40, FEW_US + 40 * EACH_US + 1).is_err());
    }
}
