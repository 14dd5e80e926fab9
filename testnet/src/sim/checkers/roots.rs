//! Equal results: every honest validator's results of a block are the same, the roots are those of
//! a tree built from nothing but the changes and receipts it stored, and headers attest them
//! (BL-8, BL-33, ST-20 to ST-22).

use std::collections::BTreeMap;

use ballast_primitives::Hash;
use ballast_replica::types::{CommitWrite, Executed};
use ballast_runtime::Key;
use ballast_runtime::state::{Change, Removed};

use super::arithmetic::{RECEIPTS, STATE, chain_receipts};
use super::{Checker, Committed, Fact, Scene, Verdict, object_of};

#[derive(Default)]
pub struct Roots {
    /// The digest of each slot; of a vacant one zero.
    leaves: Vec<Hash>,
    /// When what is in a slot ends, if it does.
    ends: BTreeMap<u64, u64>,
    /// What was found at each height, and a digest over all that was written.
    results: BTreeMap<u64, (Executed, Hash)>,
}

impl Checker for Roots {
    fn name(&self) -> &'static str {
        "equal roots"
    }

    fn see(&mut self, _: &Scene, fact: &Fact<'_>) -> Verdict {
        match fact {
            Fact::Genesis { changes, executed } => {
                self.write(changes)?;
                self.results.insert(0, (*executed, Hash::ZERO));
                Ok(())
            }
            Fact::Committed(Committed { node, write, .. }) => {
                let height = write.executed.height;
                self.committed(write).map_err(|what| format!("block {height}, node {node}: {what}"))
            }
            _ => Ok(()),
        }
    }
}

impl Roots {
    fn committed(&mut self, write: &CommitWrite) -> Verdict {
        let height = write.executed.height;
        let written = digest_of(write);
        if let Some((executed, first)) = self.results.get(&height) {
            let same = *executed == write.executed && *first == written;
            return if same { Ok(()) } else { Err("other results than another node".to_owned()) };
        }
        self.check_attestation(write)?;
        self.remove(&write.removed)?;
        self.write(&write.changes)?;
        self.check_ends(write.block.header.time)?;
        let before = self.results.get(&(height - 1)).ok_or("no results before it")?;
        let leaves: Vec<_> = write
            .records
            .iter()
            .map(|record| RECEIPTS.leaf(&[&borsh::to_vec(&record.receipt).unwrap_or_default()]))
            .collect();
        let block_receipts_root = RECEIPTS.root(&leaves);
        let expected = Executed {
            height,
            time: write.block.header.time,
            state_root: STATE.root(&self.leaves),
            block_receipts_root,
            receipts_root: chain_receipts(&before.0.receipts_root, &block_receipts_root),
            objects: self.leaves.iter().filter(|leaf| **leaf != Hash::ZERO).count() as u64,
        };
        if expected != write.executed {
            return Err(format!("results {:?}, expected {expected:?}", write.executed));
        }
        self.results.insert(height, (expected, written));
        Ok(())
    }

    fn check_attestation(&self, write: &CommitWrite) -> Verdict {
        let header = &write.block.header;
        let (attested, _) =
            self.results.get(&header.executed_height).ok_or("attests what is not there yet")?;
        if (attested.state_root, attested.receipts_root)
            != (header.state_root, header.receipts_root)
        {
            return Err(format!("attests a wrong result of height {}", header.executed_height));
        }
        if header.executed_height + 8 < header.height {
            return Err(format!("attests a height as old as {}", header.executed_height));
        }
        Ok(())
    }

    /// Only what is there is removed, and only a kind that ends (ST-3, ST-7).
    fn remove(&mut self, removed: &[Removed]) -> Verdict {
        for Removed { slot, key } in removed {
            let key = borsh::from_slice::<Key>(key).map_err(|error| error.to_string())?;
            if !key.may_be_removed() {
                return Err(format!("{key:?} was removed"));
            }
            let slot = usize::try_from(*slot).map_err(|error| error.to_string())?;
            if let Some(leaf) = self.leaves.get_mut(slot) {
                *leaf = Hash::ZERO;
            }
            self.ends.remove(&(slot as u64));
        }
        while self.leaves.last() == Some(&Hash::ZERO) {
            self.leaves.pop();
        }
        Ok(())
    }

    /// What has ended is gone; the workload never ends more at once than a block removes. What was
    /// there before the block is asked, not what it created.
    fn check_ends(&self, now: u64) -> Verdict {
        match self.ends.iter().find(|(_, end)| **end <= now) {
            Some((slot, end)) => Err(format!("slot {slot} ended at {end} and is still there")),
            None => Ok(()),
        }
    }

    fn write(&mut self, changes: &[Change]) -> Verdict {
        for change in changes {
            let leaf = STATE.leaf(&[&change.key, &change.value]);
            let slot = usize::try_from(change.slot).map_err(|error| error.to_string())?;
            self.leaves.resize(self.leaves.len().max(slot + 1), Hash::ZERO);
            self.leaves[slot] = leaf;
            match object_of(change)?.1.end() {
                Some(end) => drop(self.ends.insert(change.slot, end)),
                None => drop(self.ends.remove(&change.slot)),
            }
        }
        Ok(())
    }
}

/// Over what must be the same everywhere: all but certificate and evidence.
fn digest_of(write: &CommitWrite) -> Hash {
    let changes = (&write.removed, &write.changes);
    let parts = (&write.block.header, &write.block.payload, changes, &write.records);
    Hash(*blake3::hash(&borsh::to_vec(&parts).unwrap_or_default()).as_bytes())
}
