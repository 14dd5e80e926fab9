//! What a validator believes about the chain is true: it does not think itself further behind than
//! it is, whatever others claim.

use super::{Checker, Fact, Scene, Verdict};

#[derive(Default)]
pub struct Readiness {
    /// The greatest height that an honest validator has had.
    reached: u64,
}

impl Checker for Readiness {
    fn name(&self) -> &'static str {
        "true readiness"
    }

    fn see(&mut self, _: &Scene, fact: &Fact<'_>) -> Verdict {
        match fact {
            Fact::Committed(committed) => {
                self.reached = self.reached.max(committed.write.executed.height);
                Ok(())
            }
            Fact::Holds { node, usage }
                if usage.lag > 0 && usage.height + usage.lag > self.reached =>
            {
                Err(format!(
                    "node {node} at {} thinks that it is {} behind, and nobody has more than {}",
                    usage.height, usage.lag, self.reached
                ))
            }
            _ => Ok(()),
        }
    }
}
