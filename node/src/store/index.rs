//! Transactions: by id, by place, by account, by topic.

use ballast_primitives::{Address, Hash};
use ballast_replica::types::TxRecord;
use rocksdb::{Direction, IteratorMode, ReadOptions};

use super::columns::{
    Family, PLACE_BYTES, Stored, Topic, nonce_key, place_key, place_of, tx_prefix,
};
use super::{Result, Store, StoreError, decode};

impl Store {
    /// Height and index of a committed transaction.
    pub fn tx_location(&self, id: &Hash) -> Result<Option<(u64, u32)>> {
        let prefix = tx_prefix(id);
        let mut options = ReadOptions::default();
        options.set_prefix_same_as_start(true);
        let mode = IteratorMode::From(&prefix, Direction::Forward);
        for item in self.db.iterator_cf_opt(self.cf(Family::TxIndex)?, options, mode) {
            let (key, _) = item.map_err(StoreError::database("read"))?;
            let damaged = |what| StoreError::corrupt(Family::TxIndex, &key, what);
            let (height, index) = place_of(&key).ok_or_else(|| damaged("there is no place"))?;
            let record = self
                .record(height, index)?
                .ok_or_else(|| damaged("there is no record at this place"))?;
            if record.receipt.tx == *id {
                return Ok(Some((height, index)));
            }
        }
        Ok(None)
    }

    /// The committed transaction that used a nonce of an account.
    pub fn tx_of_nonce(&self, sender: &Address, nonce: u64) -> Result<Option<Hash>> {
        let key = nonce_key(sender, nonce);
        let Some(place) = self.get(Family::Nonces, &key)? else { return Ok(None) };
        let damaged = |what| StoreError::corrupt(Family::Nonces, &key, what);
        let (height, index) = place_of(&place).ok_or_else(|| damaged("there is no place"))?;
        let record = self.record(height, index)?;
        let record = record.ok_or_else(|| damaged("there is no record at this place"))?;
        Ok(Some(record.receipt.tx))
    }

    pub fn record(&self, height: u64, index: u32) -> Result<Option<TxRecord>> {
        let stored: Option<Stored> = self.decoded(Family::Records, &place_key(height, index))?;
        Ok(stored.map(|stored| stored.at(height, index)))
    }

    /// The records of the block at `height` from `from_index` on, at most `max`.
    pub fn records(&self, height: u64, from_index: u32, max: usize) -> Result<Vec<TxRecord>> {
        let mut options = ReadOptions::default();
        if let Some(next) = height.checked_add(1) {
            options.set_iterate_upper_bound(place_key(next, 0));
        }
        let from = place_key(height, from_index);
        let mode = IteratorMode::From(&from, Direction::Forward);
        self.db
            .iterator_cf_opt(self.cf(Family::Records)?, options, mode)
            .take(max)
            .map(|item| {
                let (key, value) = item.map_err(StoreError::database("read"))?;
                let bad = || StoreError::corrupt(Family::Records, &key, "there is no place");
                let (height, index) = place_of(&key).ok_or_else(bad)?;
                let stored: Stored = decode(Family::Records, &key, &value)?;
                Ok(stored.at(height, index))
            })
            .collect()
    }

    /// The bytes of a committed transaction, out of the batch that carried it; none if the block
    /// or the batch is not stored.
    pub fn tx_bytes(&self, height: u64, record: &TxRecord) -> Result<Option<Vec<u8>>> {
        let Some(block) = self.block(height)? else { return Ok(None) };
        let batch = usize::try_from(record.batch).ok();
        let Some(named) = batch.and_then(|batch| block.payload.batches.get(batch)) else {
            let key = place_key(height, record.receipt.index);
            let what = "the record names a batch that its block does not have";
            return Err(StoreError::corrupt(Family::Records, &key, what));
        };
        self.tx_of_batch(&named.digest, record.position)
    }

    /// The transactions that concern an account, newest first: those before the place `before`,
    /// or the newest, at most `limit`.
    pub fn account_history(
        &self,
        account: &Address,
        before: Option<(u64, u32)>,
        limit: usize,
    ) -> Result<Vec<(u64, u32)>> {
        self.places(Family::History, &account.0, before, limit)
    }

    /// The transactions of a topic, newest first, as for an account.
    pub fn topic_history(
        &self,
        topic: Topic,
        before: Option<(u64, u32)>,
        limit: usize,
    ) -> Result<Vec<(u64, u32)>> {
        self.places(Family::Topics, &[topic as u8], before, limit)
    }

    /// The places behind `prefix` in an index, last first.
    fn places(
        &self,
        family: Family,
        prefix: &[u8],
        before: Option<(u64, u32)>,
        limit: usize,
    ) -> Result<Vec<(u64, u32)>> {
        let upper = match before {
            Some((height, index)) => [prefix, &place_key(height, index)].concat(),
            None => [prefix, &[0xff; PLACE_BYTES + 1]].concat(),
        };
        let mut options = ReadOptions::default();
        options.set_iterate_range(prefix.to_vec()..upper);
        self.db
            .iterator_cf_opt(self.cf(family)?, options, IteratorMode::End)
            .take(limit)
            .map(|item| {
                let (key, _) = item.map_err(StoreError::database("read"))?;
                let bad = || StoreError::corrupt(family, &key, "there is no place");
                place_of(&key).ok_or_else(bad)
            })
            .collect()
    }
}
