//! What a node knows: chain, state, results and indexes, in one RocksDB database. The only code
//! of the project that calls RocksDB.
//!
//! # Contract
//!
//! 1. A block is on the disk whole or not at all: [`Store::commit_block`] is one synced write, and
//!    moves the head by exactly one. It refuses a block whose batches are not stored.
//! 2. [`Store::put_batches`] does not sync. The batches of a proposal are durable after the next
//!    [`Store::sync`] or commit; a vote waits for that.
//! 3. After an error from a write or sync the caller aborts the process; nothing is retried.
//! 4. Reads run on any thread at any time and see whole blocks. They are decoded with limits and
//!    never panic; bytes that do not decode are [`StoreError::Corrupt`], which names the column
//!    family and key.
//! 5. The store holds no secret and nothing that prevents double signing: that is
//!    [`crate::journal`].
//!
//! [`columns`] lists every key and value; [`options`] says how RocksDB is set up, and which damage
//! it finds.

mod columns;
mod error;
mod index;
mod options;
mod prune;
mod read;
mod write;

use std::ffi::CStr;
use std::path::{Path, PathBuf};

use ballast_primitives::{Hash, PublicKey, codec};
use ballast_replica::types::Executed;
use borsh::{BorshDeserialize, BorshSerialize};
use parking_lot::{Mutex, RwLock};
use rocksdb::{
    ColumnFamily, DB, DBPinnableSlice, IteratorMode, WriteBatch, WriteOptions, properties,
};

pub use columns::Topic;
use columns::{FORMAT, FORMAT_KEY, Family, GENESIS_KEY, HEAD_KEY, HORIZON_KEY};
pub use error::{Result, StoreError};
pub use options::StoreOptions;
pub use prune::{Horizon, Pruned};

/// An open store. One process has it open at a time.
pub struct Store {
    db: DB,
    path: PathBuf,
    /// One writer at a time for what moves the head or looks before it writes. Holds how many
    /// bytes the last block's write had.
    writer: Mutex<usize>,
    /// As stored under `head`.
    head: RwLock<Option<Executed>>,
    /// As stored under `horizon`.
    horizon: RwLock<Horizon>,
}

/// Whose sign-state stood beside a block when it was stored, and its generation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Signer {
    pub key: PublicKey,
    pub generation: u64,
}

/// Approximate sizes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StoreStats {
    pub families: Vec<FamilyStats>,
    /// All files of the database, its log included.
    pub disk_bytes: u64,
    pub log_bytes: u64,
    pub block_cache_bytes: u64,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FamilyStats {
    pub name: &'static str,
    /// In table and blob files.
    pub disk_bytes: u64,
    pub memory_bytes: u64,
    pub keys: u64,
}

impl Store {
    /// Opens the store in the folder `dir`, its own, or makes an empty one for the chain of
    /// `genesis`. A folder of another chain is refused.
    pub fn open(dir: &Path, genesis: &Hash, options: StoreOptions) -> Result<Self> {
        let database = options::database(&options).map_err(StoreError::database("open"))?;
        let db = DB::open_cf_descriptors(&database, dir, options::families(&options))
            .map_err(StoreError::database("open"))?;
        let (path, writer) = (dir.to_owned(), Mutex::new(0));
        let store = Self { db, path, writer, head: RwLock::default(), horizon: RwLock::default() };
        store.check_chain(genesis)?;
        *store.head.write() = store.decoded(Family::Meta, HEAD_KEY)?;
        *store.horizon.write() = store.decoded(Family::Meta, HORIZON_KEY)?.unwrap_or_default();
        Ok(store)
    }

    fn check_chain(&self, expected: &Hash) -> Result<()> {
        let Some(format) = self.get(Family::Meta, FORMAT_KEY)? else {
            return self.stamp(expected);
        };
        let found = <[u8; 4]>::try_from(&*format)
            .map_err(|error| StoreError::corrupt(Family::Meta, FORMAT_KEY, error))?;
        let found = u32::from_be_bytes(found);
        if found != FORMAT {
            return Err(StoreError::WrongFormat { path: self.path.clone(), found });
        }
        let found = self.decoded::<Hash>(Family::Meta, GENESIS_KEY)?.ok_or_else(|| {
            StoreError::corrupt(Family::Meta, GENESIS_KEY, "there is no genesis hash")
        })?;
        if found != *expected {
            let (path, expected) = (self.path.clone(), *expected);
            return Err(StoreError::WrongGenesis { path, found, expected });
        }
        Ok(())
    }

    /// Marks a new database. One that holds anything without a mark is not new.
    fn stamp(&self, genesis: &Hash) -> Result<()> {
        for family in Family::ALL {
            let mut items = self.db.iterator_cf(self.cf(family)?, IteratorMode::Start);
            if let Some(item) = items.next() {
                let (key, _) = item.map_err(StoreError::database("read"))?;
                return Err(StoreError::corrupt(family, &key, "data in a store without a mark"));
            }
        }
        let mut batch = WriteBatch::default();
        let meta = self.cf(Family::Meta)?;
        batch.put_cf(meta, FORMAT_KEY, FORMAT.to_be_bytes());
        batch.put_cf(meta, GENESIS_KEY, codec::encode(genesis));
        self.write(batch, Synced::Yes)
    }

    /// Approximate sizes, from RocksDB's own counters and the folder's listing.
    pub fn stats(&self) -> Result<StoreStats> {
        let mut stats = StoreStats::default();
        for family in Family::ALL {
            let cf = self.cf(family)?;
            let sst_bytes = self.count(cf, properties::LIVE_SST_FILES_SIZE)?;
            let blob_bytes = self.count(cf, c"rocksdb.live-blob-file-size")?;
            stats.families.push(FamilyStats {
                name: family.name(),
                disk_bytes: sst_bytes.saturating_add(blob_bytes),
                memory_bytes: self.count(cf, properties::CUR_SIZE_ALL_MEM_TABLES)?,
                keys: self.count(cf, properties::ESTIMATE_NUM_KEYS)?,
            });
            // The cache is shared, so every family says the same.
            stats.block_cache_bytes = self.count(cf, properties::BLOCK_CACHE_USAGE)?;
        }
        (stats.disk_bytes, stats.log_bytes) = self.folder_bytes()?;
        Ok(stats)
    }

    /// Writes everything into table files and compacts them all. Slow: for maintenance and
    /// measurement.
    pub fn compact(&self) -> Result<()> {
        for family in Family::ALL {
            let cf = self.cf(family)?;
            self.db.flush_cf(cf).map_err(StoreError::database("flush"))?;
            self.db.compact_range_cf(cf, None::<&[u8]>, None::<&[u8]>);
        }
        Ok(())
    }

    /// A counter of RocksDB's; 0 if it does not keep it.
    fn count(&self, cf: &ColumnFamily, name: &CStr) -> Result<u64> {
        let value = self.db.property_int_value_cf(cf, name);
        Ok(value.map_err(StoreError::database("count"))?.unwrap_or(0))
    }

    fn folder_bytes(&self) -> Result<(u64, u64)> {
        let failed = |source| StoreError::Folder { path: self.path.clone(), source };
        let (mut all, mut log) = (0_u64, 0_u64);
        for entry in std::fs::read_dir(&self.path).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            // A file may be deleted between listing and looking.
            let size = entry.metadata().map_or(0, |metadata| metadata.len());
            all = all.saturating_add(size);
            if entry.path().extension().is_some_and(|extension| extension == "log") {
                log = log.saturating_add(size);
            }
        }
        Ok((all, log))
    }

    fn cf(&self, family: Family) -> Result<&ColumnFamily> {
        self.db
            .cf_handle(family.name())
            .ok_or_else(|| StoreError::corrupt(family, b"", "the column family is not open"))
    }

    fn get(&self, family: Family, key: &[u8]) -> Result<Option<DBPinnableSlice<'_>>> {
        self.db.get_pinned_cf(self.cf(family)?, key).map_err(StoreError::database("read"))
    }

    fn decoded<T>(&self, family: Family, key: &[u8]) -> Result<Option<T>>
    where
        T: BorshDeserialize + BorshSerialize,
    {
        self.get(family, key)?.map(|value| decode(family, key, &value)).transpose()
    }

    fn write(&self, batch: WriteBatch, synced: Synced) -> Result<()> {
        let mut options = WriteOptions::default();
        options.set_sync(synced == Synced::Yes);
        self.db.write_opt(batch, &options).map_err(StoreError::database("write"))
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Synced {
    Yes,
    No,
}

fn decode<T>(family: Family, key: &[u8], value: &[u8]) -> Result<T>
where
    T: BorshDeserialize + BorshSerialize,
{
    codec::decode(value, family.value_bytes_max())
        .map_err(|error| StoreError::corrupt(family, key, error))
}

/// Canonical bytes, no longer than what is decoded again.
fn encode<T: BorshSerialize>(family: Family, value: &T) -> Result<Vec<u8>> {
    let bytes = codec::encode(value);
    check_size(family, bytes.len())?;
    Ok(bytes)
}

fn check_size(family: Family, size: usize) -> Result<()> {
    let max = family.value_bytes_max();
    if size > max {
        return Err(StoreError::TooLarge { family: family.name(), size, max });
    }
    Ok(())
}
