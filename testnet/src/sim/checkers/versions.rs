//! The version of the rules: the council schedules the next one, from its height on it holds, and
//! no block has a transaction that its version does not know. Followed by what the chain itself
//! says; what the state holds must be the same.

use std::collections::BTreeMap;

use ballast_primitives::Hash;
use ballast_replica::types::CommitWrite;
use ballast_runtime::object::{Object, Upgrade};
use ballast_runtime::state::Change;
use ballast_runtime::tx::SignedTx;
use ballast_runtime::{Event, Outcome};

use super::{Checker, Committed, Fact, Scene, Verdict, object_of, txs_of};

/// From a version's schedule to its height (VAL-5).
const AHEAD: u64 = 10;

/// What each version bounds otherwise than others: a memo's bytes, operations; and what it lacks.
const BOUNDS: [(usize, usize, &str); 3] = [(32, 16, ""), (64, 4, ""), (32, 16, "SetKyc")];

#[derive(Default)]
pub struct Versions {
    /// The newest height that was looked at.
    height: u64,
    current: u32,
    /// The version scheduled last, its release and height.
    next: (u32, Hash, u64),
}

impl Checker for Versions {
    fn name(&self) -> &'static str {
        "versions of the rules"
    }

    fn see(&mut self, _: &Scene, fact: &Fact<'_>) -> Verdict {
        match fact {
            Fact::Genesis { .. } => {
                self.current = 1;
                Ok(())
            }
            Fact::Committed(Committed { write, batches, .. })
                if write.executed.height > self.height =>
            {
                self.height = write.executed.height;
                let done = self.committed(write, &txs_of(batches)?);
                done.map_err(|what| format!("block {}: {what}", self.height))
            }
            _ => Ok(()),
        }
    }
}

impl Versions {
    fn committed(&mut self, write: &CommitWrite, txs: &BTreeMap<Hash, SignedTx>) -> Verdict {
        let (version, _, height) = self.next;
        let mut changed = version > self.current && height <= self.height;
        if changed {
            self.current = version;
        }
        for record in &write.records {
            let receipt = &record.receipt;
            let tx = txs.get(&receipt.tx).ok_or("a receipt without its transaction")?;
            self.known(tx)?;
            if receipt.outcome != Outcome::Success {
                continue;
            }
            for event in &receipt.events {
                if let Event::UpgradeScheduled { version, code, height } = event {
                    self.scheduled((*version, *code, *height))?;
                    changed = true;
                }
            }
        }
        let (version, code, height) = self.next;
        let upgrade = Upgrade { current: self.current, version, code, height };
        let expected = changed.then_some(upgrade);
        let found = stored(&write.changes)?;
        if found != expected {
            return Err(format!("its operations give {expected:?}, the state has {found:?}"));
        }
        Ok(())
    }

    fn scheduled(&mut self, next: (u32, Hash, u64)) -> Verdict {
        let pending = self.next.0 > self.current;
        let soonest = self.height + AHEAD;
        if next.0 != self.current + 1 || next.2 < soonest || (pending && self.next.2 < soonest) {
            return Err(format!("{next:?} is scheduled, after {:?}", self.next));
        }
        self.next = next;
        Ok(())
    }

    fn known(&self, tx: &SignedTx) -> Verdict {
        let (memo_max, ops_max, lacks) = BOUNDS[self.current as usize - 1];
        let memo = tx.body.memo.as_ref().map_or(0, Vec::len);
        let ops = &tx.body.ops;
        if memo > memo_max || ops.len() > ops_max || ops.iter().any(|op| op.name() == lacks) {
            return Err(format!("version {} does not know {:?}", self.current, tx.body));
        }
        Ok(())
    }
}

/// What changes write.
fn stored(changes: &[Change]) -> Result<Option<Upgrade>, String> {
    // Looking at the key alone spares decoding everything else (ST-1).
    let change = changes.iter().find(|change| change.key == [9]);
    match change.map(object_of).transpose()? {
        Some((_, Object::Upgrade(upgrade))) => Ok(Some(upgrade)),
        _ => Ok(None),
    }
}
