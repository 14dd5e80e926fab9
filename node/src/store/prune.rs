//! Removing what happened long ago. Blocks, batches and certificates stay: others catch up from
//! them. So do the transactions of a topic, which are few: the log of control and the lists of
//! deposits and redemptions stay whole.

use ballast_replica::types::TxRecord;
use ballast_runtime::SignedTx;
use ballast_runtime::tx::VALIDITY_MS_MAX;
use borsh::{BorshDeserialize, BorshSerialize};
use rocksdb::{Direction, IteratorMode, ReadOptions, WriteBatch};

use super::columns::{
    Family, HORIZON_KEY, Stored, accounts_of, history_key, nonce_key, place_key, place_of,
    topics_of, tx_key,
};
use super::{Result, Store, StoreError, Synced, decode, encode};

/// Keys removed in one write.
const CHUNK: usize = 16_384;

/// From where on receipts, events and history are held whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Horizon {
    /// The oldest height of which they are; 1 in a store that was never pruned.
    pub oldest: u64,
    /// The end of validity of all that was removed: what was valid for longer is held if it is on
    /// chain. 0 when nothing was removed. Milliseconds since the Unix epoch.
    pub valid_until: u64,
}

impl Default for Horizon {
    fn default() -> Self {
        Self { oldest: 1, valid_until: 0 }
    }
}

impl Horizon {
    /// Whether something was removed.
    pub const fn is_pruned(&self) -> bool {
        self.oldest > 1
    }

    /// Whether a transaction that is not found may be one that was removed.
    pub const fn may_hide(&self, valid_until: u64) -> bool {
        self.is_pruned() && valid_until <= self.valid_until
    }
}

/// What was removed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pruned {
    pub receipts: u64,
    pub index_keys: u64,
}

impl Store {
    pub fn horizon(&self) -> Horizon {
        *self.horizon.read()
    }

    /// Removes receipts, events and indexes of the blocks before the height `before`. Refused when
    /// one of their transactions could still be sent again.
    ///
    /// What is held is recorded before anything is removed, in a synced write: a crash on the way
    /// leaves some that nobody looks at, and the same call again removes it.
    pub fn prune(&self, before: u64) -> Result<Pruned> {
        let _writer = self.writer.lock();
        let head = self.head()?.ok_or(StoreError::NotInitialised)?;
        let mut horizon = self.horizon();
        if before > head.height {
            return Err(StoreError::StillNeeded { before, limit: head.height });
        }
        horizon.oldest = horizon.oldest.max(before);
        for record in self.records_before(horizon.oldest)? {
            let record = record?;
            let valid_until = self.valid_until(&record)?;
            if valid_until > head.time {
                let limit = record.receipt.height;
                return Err(StoreError::StillNeeded { before, limit });
            }
            horizon.valid_until = horizon.valid_until.max(valid_until);
        }
        let mut batch = WriteBatch::default();
        let value = encode(Family::Meta, &horizon)?;
        batch.put_cf(self.cf(Family::Meta)?, HORIZON_KEY, value);
        self.write(batch, Synced::Yes)?;
        *self.horizon.write() = horizon;
        let pruned = self.remove_before(horizon.oldest)?;
        self.sync()?;
        Ok(pruned)
    }

    fn remove_before(&self, oldest: u64) -> Result<Pruned> {
        let mut pruned = Pruned::default();
        let mut batch = WriteBatch::default();
        for record in self.records_before(oldest)? {
            let TxRecord { receipt, .. } = record?;
            let place = place_key(receipt.height, receipt.index);
            let history = self.cf(Family::History)?;
            let before = batch.len();
            for account in accounts_of(&receipt) {
                let key = history_key(&account, &place);
                // Of one that is kept they are gone after the first time.
                if self.get(Family::History, &key)?.is_some() {
                    batch.delete_cf(history, key);
                }
            }
            let is_kept = topics_of(&receipt).next().is_some();
            if !is_kept {
                batch.delete_cf(self.cf(Family::TxIndex)?, tx_key(&receipt.tx, &place));
                let nonce = nonce_key(&receipt.sender, receipt.nonce);
                batch.delete_cf(self.cf(Family::Nonces)?, nonce);
            }
            let keys = batch.len().saturating_sub(before);
            pruned.index_keys = pruned.index_keys.saturating_add(keys as u64);
            if !is_kept {
                batch.delete_cf(self.cf(Family::Records)?, place);
                pruned.receipts = pruned.receipts.saturating_add(1);
            }
            if batch.len() >= CHUNK {
                self.write(std::mem::take(&mut batch), Synced::No)?;
            }
        }
        if !batch.is_empty() {
            self.write(batch, Synced::No)?;
        }
        Ok(pruned)
    }

    /// Every record of the blocks before the height `end`, oldest first.
    fn records_before(&self, end: u64) -> Result<impl Iterator<Item = Result<TxRecord>> + '_> {
        let mut options = ReadOptions::default();
        options.fill_cache(false);
        options.set_iterate_upper_bound(place_key(end, 0));
        let start = place_key(0, 0);
        let mode = IteratorMode::From(&start, Direction::Forward);
        let items = self.db.iterator_cf_opt(self.cf(Family::Records)?, options, mode);
        Ok(items.map(|item| {
            let (key, value) = item.map_err(StoreError::database("read"))?;
            let bad = || StoreError::corrupt(Family::Records, &key, "there is no place");
            let (height, index) = place_of(&key).ok_or_else(bad)?;
            let stored: Stored = decode(Family::Records, &key, &value)?;
            Ok(stored.at(height, index))
        }))
    }

    /// Until when a committed transaction was valid; what is not known to have ended sooner may
    /// have been valid for as long as any.
    fn valid_until(&self, record: &TxRecord) -> Result<u64> {
        let height = record.receipt.height;
        let bytes = self.tx_bytes(height, record)?;
        if let Some(tx) = bytes.and_then(|bytes| SignedTx::decode(&bytes).ok()) {
            return Ok(tx.body.valid_until);
        }
        let missing = || StoreError::corrupt(Family::Executed, &height.to_be_bytes(), "is missing");
        let executed = self.executed(height)?.ok_or_else(missing)?;
        Ok(executed.time.saturating_add(VALIDITY_MS_MAX))
    }
}
