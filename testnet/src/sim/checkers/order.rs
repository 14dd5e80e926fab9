//! Protection first: within a block the transactions of lane 0 run before all others, and in each
//! lane they run in the order of the batches (BL-30, TX-32).

use std::collections::BTreeMap;

use ballast_runtime::{CouncilOp, Op};

use super::{Checker, Committed, Fact, Scene, Verdict, txs_of};

#[derive(Default)]
pub struct Order {
    height: u64,
}

impl Checker for Order {
    fn name(&self) -> &'static str {
        "lane order"
    }

    fn see(&mut self, _: &Scene, fact: &Fact<'_>) -> Verdict {
        let Fact::Committed(Committed { write, batches, .. }) = fact else { return Ok(()) };
        if write.executed.height <= self.height {
            return Ok(());
        }
        self.height = write.executed.height;
        let txs = txs_of(batches)?;
        let mut places = BTreeMap::new();
        let mut last = (false, 0, 0);
        for (index, record) in write.records.iter().enumerate() {
            let id = record.receipt.tx;
            if record.receipt.index as usize != index {
                return Err(format!("receipt {index} says it is {}", record.receipt.index));
            }
            let tx = txs.get(&id).ok_or_else(|| format!("{id} is in no batch"))?;
            let place = (!tx.body.ops.iter().all(is_protective), record.batch, record.position);
            if let Some(other) = places.insert((record.batch, record.position), id) {
                return Err(format!("{id} and {other} are in one place"));
            }
            if index > 0 && place <= last {
                return Err(format!("block {}: {place:?} runs after {last:?}", self.height));
            }
            last = place;
        }
        Ok(())
    }
}

/// What only takes power away or stops something. A new operation of that kind is added here too.
fn is_protective(op: &Op) -> bool {
    match op {
        Op::Freeze(_) | Op::SetHold(_) | Op::RevokeReport(_) => true,
        Op::CouncilExec(exec) => exec.ops.iter().all(council_op_is_protective),
        _ => false,
    }
}

const fn council_op_is_protective(op: &CouncilOp) -> bool {
    match op {
        CouncilOp::SetHold(hold) => hold.hold >= hold.expected,
        CouncilOp::Freeze(_)
        | CouncilOp::ConfirmFreeze(_)
        | CouncilOp::Pause(_)
        | CouncilOp::RevokeRole(_)
        | CouncilOp::SuspendMinter(_)
        | CouncilOp::RevokeReport(_)
        | CouncilOp::RevokeAttestorKey(_) => true,
        _ => false,
    }
}
