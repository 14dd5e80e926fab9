//! Acknowledged means present, exactly once: what a client was told is committed is in the chain
//! of every honest validator, what it was told never will be never is, no transaction and no nonce
//! is there twice or outside its window, and none after its time.

use std::collections::{BTreeMap, BTreeSet};

use ballast_primitives::{Address, Hash};
use ballast_replica::types::CommitWrite;
use ballast_runtime::tx::SignedTx;

use super::{Checker, Committed, Fact, Scene, Verdict, txs_of};

/// How far above the highest nonce used a fresh one may be, and how far below (TX-20 and on).
const WINDOW: u64 = 128;
/// How long before its end a transaction may be included (TX-23).
const DAY_MS: u64 = 86_400_000;

#[derive(Default)]
pub struct Once {
    height: u64,
    /// Where each transaction is.
    included: BTreeMap<Hash, u64>,
    nonces: BTreeMap<Address, BTreeSet<u64>>,
    acknowledged: BTreeMap<Hash, usize>,
    expired: BTreeSet<Hash>,
}

impl Checker for Once {
    fn name(&self) -> &'static str {
        "exactly once"
    }

    fn see(&mut self, _: &Scene, fact: &Fact<'_>) -> Verdict {
        match fact {
            Fact::Committed(Committed { write, batches, .. })
                if write.executed.height > self.height =>
            {
                self.height = write.executed.height;
                self.committed(write, &txs_of(batches)?)
            }
            Fact::Acknowledged { node, tx } => {
                self.acknowledged.insert(*tx, *node);
                match self.included.contains_key(tx) {
                    true => Ok(()),
                    false => Err(format!("node {node} acknowledged {tx}, which is nowhere")),
                }
            }
            Fact::Expired { tx, .. } if self.included.contains_key(tx) => {
                Err(format!("{tx} was called expired and is in block {}", self.included[tx]))
            }
            Fact::Expired { tx, .. } => {
                self.expired.insert(*tx);
                Ok(())
            }
            Fact::Ended { node, holds, .. } => {
                match self.acknowledged.keys().find(|tx| !holds(tx)) {
                    Some(tx) => Err(format!("node {node} does not have {tx}, acknowledged")),
                    None => Ok(()),
                }
            }
            _ => Ok(()),
        }
    }
}

impl Once {
    fn committed(&mut self, write: &CommitWrite, txs: &BTreeMap<Hash, SignedTx>) -> Verdict {
        let height = write.executed.height;
        for record in &write.records {
            let receipt = &record.receipt;
            let id = receipt.tx;
            if let Some(before) = self.included.insert(id, height) {
                return Err(format!("{id} is in block {before} and in block {height}"));
            }
            if self.expired.contains(&id) {
                return Err(format!("{id} was called expired and comes in block {height}"));
            }
            let tx = txs.get(&id).ok_or_else(|| format!("{id} is in no batch of its block"))?;
            let body = &tx.body;
            if body.sender != receipt.sender || body.nonce != receipt.nonce {
                return Err(format!("the receipt of {id} is about another transaction"));
            }
            if write.block.header.time >= body.valid_until {
                return Err(format!("{id} comes in block {height}, after its time"));
            }
            if write.block.header.time + DAY_MS < body.valid_until {
                return Err(format!("{id} comes in block {height}, a day before its end or more"));
            }
            self.use_nonce(body.sender, body.nonce)?;
        }
        Ok(())
    }

    fn use_nonce(&mut self, sender: Address, nonce: u64) -> Verdict {
        let used = self.nonces.entry(sender).or_default();
        let high = used.last().copied().unwrap_or(0);
        if nonce == 0 || nonce > high + WINDOW || nonce + WINDOW <= high {
            return Err(format!("{sender:?} uses nonce {nonce} beside {high}"));
        }
        if !used.insert(nonce) {
            return Err(format!("{sender:?} uses nonce {nonce} twice"));
        }
        Ok(())
    }
}
