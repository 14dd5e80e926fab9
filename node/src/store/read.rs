//! Blocks, batches, state and evidence.

use ballast_primitives::history::SetChange;
use ballast_primitives::proof::CertifiedHeader;
use ballast_primitives::{Committee, Hash, PublicKey, codec};
use ballast_replica::types::{Executed, Seen, StoredBlock};
use ballast_runtime::object::{Key, Object};
use ballast_runtime::state::Change;
use borsh::BorshDeserialize as _;
use rocksdb::{Direction, IteratorMode, ReadOptions};

use super::columns::{Family, SIGNER_KEY, height_key, height_of};
use super::{Result, Signer, Store, StoreError, decode};

impl Store {
    /// The results of the newest committed block; none in a store without a chain.
    pub fn head(&self) -> Result<Option<Executed>> {
        Ok(*self.head.read())
    }

    /// What the newest block says of the sign-state beside it.
    pub fn signer(&self) -> Result<Option<Signer>> {
        self.decoded(Family::Meta, SIGNER_KEY)
    }

    /// The results of the block at `height`; 0 is genesis.
    pub fn executed(&self, height: u64) -> Result<Option<Executed>> {
        self.decoded(Family::Executed, &height_key(height))
    }

    pub fn block(&self, height: u64) -> Result<Option<StoredBlock>> {
        self.decoded(Family::Blocks, &height_key(height))
    }

    /// The blocks at `from`, `from + 1`, …: at most `count_max`, and no more than `bytes_max`
    /// bytes of them as stored, except that the first is always given. Empty if there is none at
    /// `from`.
    pub fn blocks(
        &self,
        from: u64,
        count_max: usize,
        bytes_max: usize,
    ) -> Result<Vec<StoredBlock>> {
        let key = height_key(from);
        let mode = IteratorMode::From(&key, Direction::Forward);
        let mut blocks = Vec::new();
        let mut bytes = 0_usize;
        let mut next = Some(from);
        for item in self.db.iterator_cf(self.cf(Family::Blocks)?, mode).take(count_max) {
            let (key, value) = item.map_err(StoreError::database("read"))?;
            bytes = bytes.saturating_add(value.len());
            if height_of(&key) != next || (!blocks.is_empty() && bytes > bytes_max) {
                break;
            }
            blocks.push(decode(Family::Blocks, &key, &value)?);
            next = next.and_then(|height| height.checked_add(1));
        }
        Ok(blocks)
    }

    /// The height of the first stored block above `height`: of the oldest, for 0.
    pub fn first_height_after(&self, height: u64) -> Result<Option<u64>> {
        let Some(from) = height.checked_add(1) else { return Ok(None) };
        let key = height_key(from);
        let mode = IteratorMode::From(&key, Direction::Forward);
        let Some(item) = self.db.iterator_cf(self.cf(Family::Blocks)?, mode).next() else {
            return Ok(None);
        };
        let (key, _) = item.map_err(StoreError::database("read"))?;
        let bad = || StoreError::corrupt(Family::Blocks, &key, "the key is not a height");
        height_of(&key).map(Some).ok_or_else(bad)
    }

    /// The bytes of a batch, as they were put.
    pub fn batch(&self, digest: &Hash) -> Result<Option<Vec<u8>>> {
        Ok(self.get(Family::Batches, &digest.0)?.map(|bytes| bytes.to_vec()))
    }

    pub fn has_batch(&self, digest: &Hash) -> Result<bool> {
        // The first is small and answers for nearly all that is asked for.
        Ok(self.get(Family::Loose, &digest.0)?.is_some()
            || self.get(Family::Batches, &digest.0)?.is_some())
    }

    /// The stored batches that no committed block names, in the order of their digests.
    pub fn batch_hashes(&self) -> Result<Vec<Hash>> {
        self.db
            .iterator_cf(self.cf(Family::Loose)?, IteratorMode::Start)
            .map(|item| {
                let (key, _) = item.map_err(StoreError::database("read"))?;
                <[u8; 32]>::try_from(&*key)
                    .map(Hash)
                    .map_err(|error| StoreError::corrupt(Family::Loose, &key, error))
            })
            .collect()
    }

    /// The object under `key`.
    pub fn object(&self, key: &Key) -> Result<Option<Object>> {
        let key = codec::encode(key);
        let Some(value) = self.get(Family::State, &key)? else { return Ok(None) };
        let (_, object) = split_slot(&key, &value)?;
        decode(Family::State, &key, object).map(Some)
    }

    /// The objects whose keys are from `first` to `last`, or behind `after` if that is given, in
    /// the order of encoded keys, at most `max`; all as of one moment.
    pub fn objects(
        &self,
        first: &Key,
        last: &Key,
        after: Option<&Key>,
        max: usize,
    ) -> Result<Vec<(Key, Object)>> {
        let after = after.map(codec::encode);
        let from = after.clone().unwrap_or_else(|| codec::encode(first));
        let last = codec::encode(last);
        let mode = IteratorMode::From(&from, Direction::Forward);
        let mut objects = Vec::new();
        for item in self.db.iterator_cf(self.cf(Family::State)?, mode) {
            let (key, value) = item.map_err(StoreError::database("read"))?;
            if objects.len() == max || *key > *last {
                break;
            }
            if after.as_deref() != Some(&*key) {
                let (_, object) = split_slot(&key, &value)?;
                let object = decode(Family::State, &key, object)?;
                objects.push((decode(Family::State, &key, &key)?, object));
            }
        }
        Ok(objects)
    }

    /// A digest of all that is in ranges of keys, each from its first to its last key: keys and
    /// objects. It changes when anything there does.
    pub fn digest_of(&self, ranges: &[(Key, Key)]) -> Result<Hash> {
        let mut hasher = blake3::Hasher::new();
        for (first, last) in ranges {
            let (first, last) = (codec::encode(first), codec::encode(last));
            let mode = IteratorMode::From(&first, Direction::Forward);
            for item in self.db.iterator_cf(self.cf(Family::State)?, mode) {
                let (key, value) = item.map_err(StoreError::database("read"))?;
                if *key > *last {
                    break;
                }
                // Lengths, so that no two lists have the same bytes.
                hasher.update(&key.len().to_be_bytes()).update(&key);
                hasher.update(&value.len().to_be_bytes()).update(&value);
            }
        }
        Ok(Hash(hasher.finalize().into()))
    }

    /// Every object of the state with its slot, in the order of keys: the leaves of the tree at
    /// the moment of the call, whatever is committed while they are read.
    pub fn leaves(&self) -> impl Iterator<Item = Result<Change>> + '_ {
        let (iterator, failed) = match self.cf(Family::State) {
            Ok(state) => {
                let mut options = ReadOptions::default();
                options.fill_cache(false);
                options.set_readahead_size(1024 * 1024);
                let mode = IteratorMode::Start;
                (Some(self.db.iterator_cf_opt(state, options, mode)), None)
            }
            Err(error) => (None, Some(Err(error))),
        };
        let leaves = iterator.into_iter().flatten().map(|item| {
            let (key, value) = item.map_err(StoreError::database("read"))?;
            let (slot, object) = split_slot(&key, &value)?;
            let value = object.to_vec();
            Ok(Change { slot, key: key.into_vec(), value })
        });
        failed.into_iter().chain(leaves)
    }

    /// The changes of the validator set whose last header of the old set is at `from` or above, at
    /// most `max`, in their order.
    pub fn set_changes(&self, from: u64, max: usize) -> Result<Vec<SetChange>> {
        let key = height_key(from);
        let mode = IteratorMode::From(&key, Direction::Forward);
        let items = self.db.iterator_cf(self.cf(Family::Sets)?, mode).take(max);
        let change = |item: std::result::Result<_, rocksdb::Error>| {
            let (key, value): (Box<[u8]>, Box<[u8]>) =
                item.map_err(StoreError::database("read"))?;
            let bad = |what| StoreError::corrupt(Family::Sets, &key, what);
            let height = height_of(&key).ok_or_else(|| bad("the key is not a height"))?;
            let set: Committee = decode(Family::Sets, &key, &value)?;
            let block = self.block(height)?.ok_or_else(|| bad("there is no such block"))?;
            let (header, certificate) = (block.header, block.certificate);
            Ok(SetChange { anchor: CertifiedHeader { header, certificate }, set })
        };
        items.map(change).collect()
    }

    /// The newest evidence, newest first, at most `max`.
    pub fn evidence(&self, max: usize) -> Result<Vec<Seen>> {
        self.db
            .iterator_cf(self.cf(Family::Evidence)?, IteratorMode::End)
            .take(max)
            .map(|item| {
                let (key, value) = item.map_err(StoreError::database("read"))?;
                let at = key.get(..8).and_then(height_of);
                let at = at.ok_or_else(|| {
                    StoreError::corrupt(Family::Evidence, &key, "the key has no height")
                })?;
                Ok(Seen { evidence: decode(Family::Evidence, &key, &value)?, at })
            })
            .collect()
    }

    /// Transaction number `position` of a stored batch, without decoding those around it.
    pub(super) fn tx_of_batch(&self, digest: &Hash, position: u32) -> Result<Option<Vec<u8>>> {
        let Some(batch) = self.get(Family::Batches, &digest.0)? else { return Ok(None) };
        find_tx(&batch, position)
            .map(|tx| Some(tx.to_vec()))
            .ok_or_else(|| StoreError::corrupt(Family::Batches, &digest.0, "no such transaction"))
    }
}

fn split_slot<'a>(key: &[u8], value: &'a [u8]) -> Result<(u64, &'a [u8])> {
    let (slot, object) = value
        .split_first_chunk()
        .ok_or_else(|| StoreError::corrupt(Family::State, key, "there is no slot"))?;
    Ok((u64::from_be_bytes(*slot), object))
}

/// Walks over the fields of a [`ballast_replica::types::Batch`].
fn find_tx(mut bytes: &[u8], position: u32) -> Option<&[u8]> {
    PublicKey::deserialize(&mut bytes).ok()?;
    u64::deserialize(&mut bytes).ok()?;
    let count = u32::deserialize(&mut bytes).ok()?;
    if position >= count {
        return None;
    }
    for _ in 0..position {
        (_, bytes) = next_tx(bytes)?;
    }
    next_tx(bytes).map(|(tx, _)| tx)
}

fn next_tx(mut bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let length = usize::try_from(u32::deserialize(&mut bytes).ok()?).ok()?;
    bytes.split_at_checked(length)
}
