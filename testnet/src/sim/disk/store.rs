//! The database as the node's store promises it: one synced write for each block, batches written
//! without a sync, writes that a power cut takes from the end backwards, and a checksum over all
//! of it, so that damage is found when it is opened.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use ballast_primitives::Hash;
use ballast_replica::message::{BATCHES_BYTES_MAX, ChainRecord, Request, Response};
use ballast_replica::types::{CommitWrite, Evidence, Executed, StoredBlock};
use ballast_runtime::Receipt;
use ballast_runtime::state::Change;

use crate::sim::rng::Rng;

/// The most blocks of an answer: few, so that catching up takes several.
const HEADERS: usize = 32;
/// Results given back at the start, as many as the node reads.
const RESULTS: u64 = 32;

#[derive(Clone, Default)]
pub struct Store {
    /// The sign-state's generation when the newest block was stored.
    pub generation: u64,
    blocks: BTreeMap<u64, StoredBlock>,
    results: BTreeMap<u64, Executed>,
    state: BTreeMap<u64, Change>,
    batches: BTreeMap<Hash, Arc<Vec<u8>>>,
    /// Batches that no block names yet.
    loose: BTreeSet<Hash>,
    receipts: BTreeMap<Hash, Receipt>,
    evidence: Vec<Evidence>,
    /// How to take back what was written since the last sync, oldest first.
    unsynced: Vec<Undo>,
    /// A byte of it has flipped: it does not open.
    damaged: bool,
}

#[derive(Clone)]
enum Undo {
    Put(Hash),
    Remove(Hash, Arc<Vec<u8>>),
}

impl Store {
    pub fn is_empty(&self) -> bool {
        self.results.is_empty()
    }

    pub fn initialise(&mut self, state: impl Iterator<Item = Change>, executed: Executed) {
        self.state = state.map(|change| (change.slot, change)).collect();
        self.results.insert(executed.height, executed);
    }

    pub fn height(&self) -> u64 {
        self.results.last_key_value().map_or(0, |(height, _)| *height)
    }

    pub fn newest_block(&self) -> Option<&StoredBlock> {
        self.blocks.last_key_value().map(|(_, block)| block)
    }

    pub fn newest_results(&self) -> Vec<Executed> {
        let from = self.height().saturating_sub(RESULTS);
        self.results.range(from..).map(|(_, executed)| *executed).collect()
    }

    pub fn evidence(&self) -> Vec<Evidence> {
        self.evidence.clone()
    }

    pub fn leaves(&self) -> impl Iterator<Item = Change> {
        self.state.values().cloned()
    }

    pub fn waiting_batches(&self) -> Vec<Vec<u8>> {
        self.loose.iter().filter_map(|digest| Some(self.batches.get(digest)?.to_vec())).collect()
    }

    pub fn batch(&self, digest: &Hash) -> Option<&Arc<Vec<u8>>> {
        self.batches.get(digest)
    }

    pub fn receipt(&self, tx: &Hash) -> Option<&Receipt> {
        self.receipts.get(tx)
    }

    /// Whether a batch is here and would be after a power cut.
    pub fn has_durably(&self, digest: &Hash) -> bool {
        let unsynced = |undo: &Undo| matches!(undo, Undo::Put(put) if put == digest);
        self.batches.contains_key(digest) && !self.unsynced.iter().any(unsynced)
    }

    pub fn put_batches(&mut self, batches: Vec<(Hash, Arc<Vec<u8>>)>) {
        for (digest, bytes) in batches {
            if let Entry::Vacant(place) = self.batches.entry(digest) {
                place.insert(bytes);
                self.loose.insert(digest);
                self.unsynced.push(Undo::Put(digest));
            }
        }
    }

    /// Removes those that no block names.
    pub fn remove_batches(&mut self, digests: &[Hash]) {
        for digest in digests {
            if self.loose.remove(digest)
                && let Some(bytes) = self.batches.remove(digest)
            {
                self.unsynced.push(Undo::Remove(*digest, bytes));
            }
        }
    }

    pub fn sync(&mut self) {
        self.unsynced.clear();
    }

    /// Refuses what does not follow the head or fit together, as the node's store does.
    pub fn commit(&mut self, write: &CommitWrite, generation: u64) -> Result<(), String> {
        let height = write.executed.height;
        let StoredBlock { header, payload, certificate, .. } = &write.block;
        if height != self.height() + 1 || header.height != height {
            return Err(format!("block {height} does not follow {}", self.height()));
        }
        if payload.digest() != header.payload || certificate.block != header.id() {
            return Err(format!("header, payload and certificate of block {height} do not fit"));
        }
        if let Some(missing) = payload.digests().find(|d| !self.batches.contains_key(*d)) {
            return Err(format!("batch {missing} of block {height} is not stored"));
        }
        for digest in payload.digests() {
            self.loose.remove(digest);
        }
        self.blocks.insert(height, write.block.clone());
        self.results.insert(height, write.executed);
        for removed in &write.removed {
            self.state.remove(&removed.slot);
        }
        self.state.extend(write.changes.iter().map(|change| (change.slot, change.clone())));
        let receipts = write.records.iter().map(|record| &record.receipt);
        self.receipts.extend(receipts.map(|receipt| (receipt.tx, receipt.clone())));
        self.evidence.extend(&write.evidence);
        self.generation = generation;
        self.sync();
        Ok(())
    }

    /// A power cut keeps the first of the unsynced writes, as many as it likes.
    pub fn lose_power(&mut self, rng: &mut Rng) {
        let kept = rng.index(self.unsynced.len() + 1);
        for undo in self.unsynced.drain(kept..).rev() {
            match undo {
                Undo::Put(digest) => {
                    self.loose.remove(&digest);
                    self.batches.remove(&digest);
                }
                Undo::Remove(digest, bytes) => {
                    self.loose.insert(digest);
                    self.batches.insert(digest, bytes);
                }
            }
        }
        self.unsynced.clear();
    }

    pub const fn damage(&mut self) {
        self.damaged = true;
    }

    /// Recovery makes what was written durable, or finds damage.
    pub fn open(&mut self) -> Result<(), String> {
        self.sync();
        if self.damaged { Err("the database is damaged".to_owned()) } else { Ok(()) }
    }

    /// Answers a peer, as the node's engine does.
    pub fn answer(&self, request: &Request) -> Response {
        match request {
            Request::Batches { digests } => {
                let found = digests.iter().filter_map(|digest| self.batches.get(digest));
                let mut left = BATCHES_BYTES_MAX;
                let fits = |bytes: &&Arc<Vec<u8>>| {
                    let after = left.checked_sub(bytes.len());
                    left = after.unwrap_or(0);
                    after.is_some()
                };
                Response::Batches(found.take_while(fits).map(|bytes| bytes.to_vec()).collect())
            }
            Request::Headers { from, max } => {
                let blocks = self.blocks.range(from..).take(HEADERS.min((*max).into()));
                let record =
                    |(_, block): (_, &StoredBlock)| ChainRecord::Block(Box::new(block.clone()));
                Response::Headers(blocks.map(record).collect())
            }
        }
    }
}
