//! Who decides which height, followed by what the chain itself says: the operations of proposals
//! that were executed, applied one after another, count two heights later (VAL-1). What the state
//! holds must be the same.

use std::collections::{BTreeMap, VecDeque};

use ballast_primitives::{Hash, Validator};
use ballast_replica::types::{CommitWrite, TxRecord};
use ballast_runtime::object::Object;
use ballast_runtime::state::Change;
use ballast_runtime::tx::SignedTx;
use ballast_runtime::{CouncilOp, Event, Op, Outcome};

use super::{Committed, Fact, Verdict, object_of, txs_of};

#[derive(Default)]
pub struct Sets {
    /// The newest height that was looked at.
    height: u64,
    /// By the first height that it decides, each set in the order of keys.
    from: BTreeMap<u64, Vec<Validator>>,
    proposals: BTreeMap<u64, Vec<CouncilOp>>,
}

impl Sets {
    /// The set that decides a height, as far as the chain has fixed it.
    pub fn of(&self, height: u64) -> &[Validator] {
        self.from.range(..=height).next_back().map_or(&[], |(_, set)| set)
    }

    /// Whether another set decides from `height` on.
    pub fn begins(&self, height: u64) -> bool {
        height > 0 && self.from.contains_key(&height)
    }

    /// How many validators there were in each set after the first.
    pub fn sizes(&self) -> impl Iterator<Item = usize> + '_ {
        self.from.values().skip(1).map(Vec::len)
    }

    pub fn see(&mut self, fact: &Fact<'_>) -> Verdict {
        match fact {
            Fact::Genesis { changes, .. } => {
                let (set, _) = stored(changes)?.ok_or("genesis has no validators")?;
                self.from.insert(0, set);
                Ok(())
            }
            Fact::Committed(Committed { write, batches, .. })
                if write.executed.height > self.height =>
            {
                self.height = write.executed.height;
                self.committed(write, &txs_of(batches)?)
                    .map_err(|what| format!("block {}: {what}", self.height))
            }
            _ => Ok(()),
        }
    }

    fn committed(&mut self, write: &CommitWrite, txs: &BTreeMap<Hash, SignedTx>) -> Verdict {
        let from_height = write.executed.height + 2;
        let mut set = self.of(from_height).to_vec();
        let mut changed = false;
        for record in &write.records {
            for op in self.done(record, txs)? {
                changed |= apply(&mut set, op)?;
            }
        }
        set.sort_by_key(|validator| validator.key);
        let expected = changed.then(|| (set.clone(), from_height));
        // The object holds the turns as well: written again, the set is the one known.
        let known = |(set, from): &(Vec<Validator>, u64)| self.from.get(from) == Some(set);
        let found = stored(&write.changes)?.filter(|found| !known(found));
        if found != expected {
            return Err(format!("its operations give {expected:?}, the state has {found:?}"));
        }
        if changed {
            self.from.insert(from_height, set);
        }
        Ok(())
    }

    /// What the council carried out in a transaction.
    fn done(
        &mut self,
        record: &TxRecord,
        txs: &BTreeMap<Hash, SignedTx>,
    ) -> Result<Vec<CouncilOp>, String> {
        let receipt = &record.receipt;
        if receipt.outcome != Outcome::Success {
            return Ok(Vec::new());
        }
        let number = |event: &Event| match event {
            Event::Proposed { proposal, .. } => Some(*proposal),
            _ => None,
        };
        let mut numbers: VecDeque<_> = receipt.events.iter().filter_map(number).collect();
        let tx = txs.get(&receipt.tx).ok_or("a receipt without its transaction")?;
        let mut done = Vec::new();
        for op in &tx.body.ops {
            match op {
                Op::Propose(proposed) => {
                    let number = numbers.pop_front().ok_or("a proposal without its event")?;
                    self.proposals.insert(number, proposed.ops.clone());
                }
                Op::Execute(execute) => {
                    let ops = self.proposals.get(&execute.proposal);
                    done.extend_from_slice(ops.ok_or("what was never proposed is executed")?);
                }
                Op::CouncilExec(exec) => done.extend_from_slice(&exec.ops),
                _ => {}
            }
        }
        Ok(done)
    }
}

/// Whether the operation is about validators.
fn apply(set: &mut Vec<Validator>, op: CouncilOp) -> Result<bool, String> {
    match op {
        CouncilOp::ValidatorAdd(op) => set.push(op.validator),
        CouncilOp::ValidatorRemove(op) => set.retain(|validator| validator.key != op.key),
        CouncilOp::ValidatorRotate(op) => {
            let seat = set.iter_mut().find(|validator| validator.key == op.key);
            let seat = seat.ok_or("a key is rotated that is not in the set")?;
            (seat.key, seat.peer) = (op.new_key, op.new_peer);
        }
        _ => return Ok(false),
    }
    Ok(true)
}

/// The set that changes write, and the first height that it decides.
fn stored(changes: &[Change]) -> Result<Option<(Vec<Validator>, u64)>, String> {
    let mut found = None;
    // Looking at the key alone spares decoding everything else (ST-1).
    for change in changes.iter().filter(|change| change.key == [2]) {
        if let (_, Object::Validators(validators)) = object_of(change)? {
            found = Some((validators.set.validators().to_vec(), validators.from_height));
        }
    }
    Ok(found)
}
