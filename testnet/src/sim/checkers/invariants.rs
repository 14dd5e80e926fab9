//! No transaction breaks an invariant of the runtime (ST-36): one that does fails alike everywhere,
//! so no other rule would notice.

use ballast_runtime::{Code, Outcome};

use super::{Checker, Committed, Fact, Scene, Verdict};

#[derive(Default)]
pub struct Invariants;

impl Checker for Invariants {
    fn name(&self) -> &'static str {
        "invariants"
    }

    fn see(&mut self, _: &Scene, fact: &Fact<'_>) -> Verdict {
        let Fact::Committed(Committed { write, .. }) = fact else { return Ok(()) };
        for record in &write.records {
            if let Outcome::Failed { op, code: Code::InvariantBroken } = record.receipt.outcome {
                let (height, tx) = (record.receipt.height, record.receipt.tx);
                return Err(format!("block {height}: operation {op} of {tx} broke an invariant"));
            }
        }
        Ok(())
    }
}
