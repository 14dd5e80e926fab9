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
