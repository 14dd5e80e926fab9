//! Everything that writes.

use std::collections::BTreeSet;

use ballast_primitives::override_record::SignedOverride;
use ballast_primitives::{Committee, Hash};
use ballast_replica::types::{CommitWrite, Executed, StoredBlock};
use ballast_runtime::state::Change;
use rocksdb::{IteratorMode, WriteBatch};

use super::columns::{
    Family, HEAD_KEY, SIGNER_KEY, Stored, accounts_of, evidence_key, height_key, history_key,
    nonce_key, place_key, topic_key, topics_of, tx_key,
};
use super::{Result, Signer, Store, StoreError, Synced, check_size, encode};

/// Genesis objects of one write.
const CHUNK: usize = 4096;

impl Store {
    /// Stores the genesis state, whose results are `executed`, at height 0. Only for a store
    /// without a chain. The objects are written in parts and the head last, in a synced write that
    /// covers them all: a crash on the way leaves a store that is still without a chain.
    pub fn initialise(
        &self,
        state: impl Iterator<Item = Change>,
        executed: &Executed,
    ) -> Result<()> {
        let _writer = self.writer.lock();
        if let Some(head) = self.head()? {
            return Err(StoreError::NotEmpty { head: head.height });
        }
        if executed.height != 0 {
            let (height, what) = (executed.height, "genesis has height 0");
            return Err(StoreError::Inconsistent { height, what });
        }
        self.clear_state()?;
        let mut batch = WriteBatch::default();
        let mut count = 0_u64;
        for change in state {
            self.put_change(&mut batch, &change)?;
            count = count.saturating_add(1);
            if batch.len() >= CHUNK {
                self.write(std::mem::take(&mut batch), Synced::No)?;
            }
        }
        if count != executed.objects {
            let what = "genesis has another number of objects";
            return Err(StoreError::Inconsistent { height: 0, what });
        }
        self.put_head(&mut batch, executed)?;
        self.write(batch, Synced::Yes)?;
        *self.head.write() = Some(*executed);
        Ok(())
    }

    /// Removes what an interrupted initialisation left.
    fn clear_state(&self) -> Result<()> {
        let mut batch = WriteBatch::default();
        let state = self.cf(Family::State)?;
        for item in self.db.iterator_cf(state, IteratorMode::Start) {
            let (key, _) = item.map_err(StoreError::database("read"))?;
            batch.delete_cf(state, key);
        }
        if batch.is_empty() { Ok(()) } else { self.write(batch, Synced::No) }
    }

    /// Stores batches, by digest, that are not there yet. Durable after [`Self::sync`] or the next
    /// [`Self::commit_block`].
    pub fn put_batches(&self, batches: &[(Hash, Vec<u8>)]) -> Result<()> {
        let _writer = self.writer.lock();
        let mut write = WriteBatch::default();
        for (digest, bytes) in batches {
            check_size(Family::Batches, bytes.len())?;
            // One that a block has committed must not become loose again.
            if !self.has_batch(digest)? {
                write.put_cf(self.cf(Family::Batches)?, digest.0, bytes);
                write.put_cf(self.cf(Family::Loose)?, digest.0, []);
            }
        }
        if write.is_empty() { Ok(()) } else { self.write(write, Synced::No) }
    }

    /// Removes those of the batches that no committed block names; leaves the others. Not synced:
    /// after a power cut they may be there again.
    pub fn remove_batches(&self, digests: &[Hash]) -> Result<()> {
        let _writer = self.writer.lock();
        let mut write = WriteBatch::default();
        for digest in digests {
            if self.get(Family::Loose, &digest.0)?.is_some() {
                write.delete_cf(self.cf(Family::Batches)?, digest.0);
                write.delete_cf(self.cf(Family::Loose)?, digest.0);
            }
        }
        if write.is_empty() { Ok(()) } else { self.write(write, Synced::No) }
    }

    /// Makes everything written so far durable.
    pub fn sync(&self) -> Result<()> {
        self.db.flush_wal(true).map_err(StoreError::database("sync"))
    }

    /// Stores a committed block and all that it changed, in one synced write. The next reader sees
    /// all of it. Nothing is written when it does not follow the head or fit together.
    pub fn commit_block(&self, write: &CommitWrite) -> Result<()> {
        self.commit_block_of(write, None)
    }

    /// As [`Self::commit_block`], and notes whose sign-state stands beside the database.
    pub fn commit_block_of(&self, write: &CommitWrite, signer: Option<&Signer>) -> Result<()> {
        let mut writer = self.writer.lock();
        let head = self.head()?.ok_or(StoreError::NotInitialised)?;
        let height = write.executed.height;
        if head.height.checked_add(1) != Some(height) {
            return Err(StoreError::OutOfOrder { head: head.height, height });
        }
        check(write)?;
        // As large as the last one was: growing it step by step would copy it each time.
        let mut batch = WriteBatch::with_capacity_bytes(*writer);
        self.put_block(&mut batch, write)?;
        for removed in &write.removed {
            batch.delete_cf(self.cf(Family::State)?, &removed.key);
        }
        let mut changes: Vec<_> = write.changes.iter().collect();
        changes.sort_unstable_by(|a, b| a.key.cmp(&b.key));
        for change in changes {
            self.put_change(&mut batch, change)?;
        }
        self.put_records(&mut batch, write)?;
        for evidence in &write.evidence {
            let value = encode(Family::Evidence, evidence)?;
            batch.put_cf(self.cf(Family::Evidence)?, evidence_key(height, evidence), value);
        }
        if let Some(set) = &write.next_set {
            let value = encode(Family::Sets, set)?;
            batch.put_cf(self.cf(Family::Sets)?, height_key(height), value);
        }
        if let Some(signer) = signer {
            let value = encode(Family::Meta, signer)?;
            batch.put_cf(self.cf(Family::Meta)?, SIGNER_KEY, value);
        }
        self.put_head(&mut batch, &write.executed)?;
        *writer = batch.size_in_bytes();
        self.write(batch, Synced::Yes)?;
        *self.head.write() = Some(write.executed);
        Ok(())
    }

    fn put_block(&self, batch: &mut WriteBatch, write: &CommitWrite) -> Result<()> {
        let height = write.executed.height;
        let value = encode(Family::Blocks, &write.block)?;
        batch.put_cf(self.cf(Family::Blocks)?, height_key(height), value);
        let loose = self.cf(Family::Loose)?;
        for digest in write.block.payload.digests() {
            if self.get(Family::Loose, &digest.0)?.is_some() {
                batch.delete_cf(loose, digest.0);
            } else if !self.has_batch(digest)? {
                return Err(StoreError::MissingBatch { height, batch: *digest });
            }
        }
        Ok(())
    }

    /// In order of their keys: next to its neighbour a key costs RocksDB a fraction of what one
    /// anywhere does.
    fn put_records(&self, batch: &mut WriteBatch, write: &CommitWrite) -> Result<()> {
        let height = write.executed.height;
        let records = self.cf(Family::Records)?;
        let (mut ids, mut accounts, mut topics) = (Vec::new(), Vec::new(), Vec::new());
        let mut nonces = Vec::new();
        for record in &write.records {
            let place = place_key(height, record.receipt.index);
            let value = Stored::bytes_of(record);
            check_size(Family::Records, value.len())?;
            batch.put_cf(records, place, value);
            ids.push(tx_key(&record.receipt.tx, &place));
            nonces.push((nonce_key(&record.receipt.sender, record.receipt.nonce), place));
            let concerned = accounts_of(&record.receipt);
            accounts.extend(concerned.iter().map(|account| history_key(account, &place)));
            topics.extend(topics_of(&record.receipt).map(|topic| topic_key(topic, &place)));
        }
        self.put_keys(batch, Family::TxIndex, ids)?;
        nonces.sort_unstable();
        let family = self.cf(Family::Nonces)?;
        for (key, place) in nonces {
            batch.put_cf(family, key, place);
        }
        self.put_keys(batch, Family::History, accounts)?;
        self.put_keys(batch, Family::Topics, topics)
    }

    fn put_keys<K>(&self, batch: &mut WriteBatch, family: Family, mut keys: Vec<K>) -> Result<()>
    where
        K: AsRef<[u8]> + Ord,
    {
        keys.sort_unstable();
        let family = self.cf(family)?;
        for key in keys {
            batch.put_cf(family, key, []);
        }
        Ok(())
    }

    fn put_change(&self, batch: &mut WriteBatch, change: &Change) -> Result<()> {
        let value = [change.slot.to_be_bytes().as_slice(), &change.value].concat();
        check_size(Family::State, value.len())?;
        batch.put_cf(self.cf(Family::State)?, &change.key, value);
        Ok(())
    }

    fn put_head(&self, batch: &mut WriteBatch, executed: &Executed) -> Result<()> {
        let value = encode(Family::Meta, executed)?;
        batch.put_cf(self.cf(Family::Executed)?, height_key(executed.height), &value);
        batch.put_cf(self.cf(Family::Meta)?, HEAD_KEY, value);
        Ok(())
    }
}

/// That the parts of a write are of one block.
fn check(write: &CommitWrite) -> Result<()> {
    let height = write.executed.height;
    let refuse = |what| Err(StoreError::Inconsistent { height, what });
    let StoredBlock { header, payload, certificate, overridden } = &write.block;
    if header.height != height || certificate.height != height {
        return refuse("header, certificate and results are of different heights");
    }
    if payload.digest() != header.payload {
        return refuse("the header names another payload");
    }
    if certificate.block != header.id() {
        return refuse("the certificate is of another block");
    }
    let names_it = |signed: &SignedOverride| {
        signed.record.height == height && signed.record.block == certificate.block
    };
    if overridden.as_ref().is_some_and(|it| !names_it(it)) {
        return refuse("the override is of another block");
    }
    if overridden.is_some() && !(write.changes.is_empty() && write.records.is_empty()) {
        return refuse("a block that was overridden changed something");
    }
    let next_set = write.next_set.as_ref().map(Committee::digest);
    let changes = header.next_validators != header.validators;
    if next_set != changes.then_some(header.next_validators) {
        return refuse("the set of the next height is not the one that the header names");
    }
    let mut indexes = BTreeSet::new();
    for record in &write.records {
        if record.receipt.height != height {
            return refuse("a receipt is of another height");
        }
        if !indexes.insert(record.receipt.index) {
            return refuse("two receipts have one index");
        }
    }
    Ok(())
}
