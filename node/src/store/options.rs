//! How RocksDB is set up: for two shared cores, many small values, and memory that is bounded
//! whatever the load.
//!
//! # Which damage to the database's own log is found
//!
//! The recovery mode is `TolerateCorruptedTailRecords`: a record cut short at the end of the log is
//! dropped, a record with a wrong checksum refuses to open. `AbsoluteConsistency` would refuse
//! after most power cuts, because batches are put without a sync and the cut may tear them.
//! `PointInTime`, RocksDB's default, silently drops everything from the first wrong byte on.
//! Closed logs are listed in the manifest with their synced size and checked against it.
//!
//! Two holes remain, and are why the sign-state and the consensus WAL are not in here: damage to a
//! length in the last 32 KiB of the log reads as its end, and a deleted newest log reads as never
//! written. A store whose head is behind the sign-state has lost something: sync, don't vote.

use rocksdb::{
    BlockBasedOptions, Cache, ColumnFamilyDescriptor, DBCompressionType, DBRecoveryMode, Env,
    Options, SliceTransform,
};

use super::columns::{Family, ID_PREFIX_BYTES};

const MIB: usize = 1024 * 1024;

/// Bounds of memory and files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StoreOptions {
    /// Cache of uncompressed blocks, indexes and filters, shared by all column families.
    pub block_cache_bytes: usize,
    /// Memory of all writes not yet in table files.
    pub write_buffer_bytes: usize,
    pub open_files_max: i32,
    /// Of the log, which is read back when the store opens.
    pub log_bytes_max: u64,
}

impl Default for StoreOptions {
    fn default() -> Self {
        Self {
            block_cache_bytes: 64 * MIB,
            write_buffer_bytes: 64 * MIB,
            open_files_max: 512,
            log_bytes_max: 128 * 1024 * 1024,
        }
    }
}

pub(super) fn database(options: &StoreOptions) -> Result<Options, rocksdb::Error> {
    let mut db = Options::default();
    db.create_if_missing(true);
    db.create_missing_column_families(true);
    db.set_paranoid_checks(true);
    db.set_wal_recovery_mode(DBRecoveryMode::TolerateCorruptedTailRecords);
    db.set_track_and_verify_wals_in_manifest(true);
    db.set_max_total_wal_size(options.log_bytes_max);
    db.set_db_write_buffer_size(options.write_buffer_bytes);
    db.set_max_open_files(options.open_files_max);
    db.set_max_background_jobs(2);
    // Compactions take what cores have to spare: they last for seconds, and blocks do not wait.
    let mut env = Env::new()?;
    env.lower_thread_pool_cpu_priority();
    db.set_env(&env);
    // Spreads the write-back of table files, so that a block's sync does not wait for it.
    db.set_bytes_per_sync(MIB as u64);
    db.set_avoid_unnecessary_blocking_io(true);
    db.set_stats_dump_period_sec(0);
    db.set_stats_persist_period_sec(0);
    db.set_max_log_file_size(4 * MIB);
    db.set_keep_log_file_num(4);
    Ok(db)
}

pub(super) fn families(options: &StoreOptions) -> Vec<ColumnFamilyDescriptor> {
    let cache = Cache::new_lru_cache(options.block_cache_bytes);
    Family::ALL
        .into_iter()
        .map(|family| ColumnFamilyDescriptor::new(family.name(), of_family(family, &cache)))
        .collect()
}

fn of_family(family: Family, cache: &Cache) -> Options {
    let mut table = BlockBasedOptions::default();
    table.set_block_cache(cache);
    table.set_cache_index_and_filter_blocks(true);
    table.set_pin_l0_filter_and_index_blocks_in_cache(true);
    table.set_format_version(5);

    let mut cf = Options::default();
    cf.set_compression_type(DBCompressionType::Lz4);
    cf.set_write_buffer_size(8 * MIB);
    cf.set_max_write_buffer_number(3);
    match family {
        // Payments change keys anywhere in it, so that a compaction copies most of it: files may
        // pile up before. Execution never reads it, and clients' reads ask each file's filter.
        Family::State => {
            table.set_bloom_filter(10.0, false);
            cf.set_level_zero_file_num_compaction_trigger(16);
            cf.set_level_zero_slowdown_writes_trigger(40);
            cf.set_level_zero_stop_writes_trigger(64);
        }
        // Point reads, often of what is not there.
        Family::Loose | Family::Nonces => table.set_bloom_filter(10.0, false),
        Family::TxIndex => {
            cf.set_prefix_extractor(SliceTransform::create_fixed_prefix(ID_PREFIX_BYTES));
            table.set_bloom_filter(10.0, false);
            table.set_whole_key_filtering(false);
        }
        // Large values that are never changed: apart from the keys, so that compaction does not
        // copy them.
        Family::Batches => {
            table.set_bloom_filter(10.0, false);
            cf.set_write_buffer_size(16 * MIB);
            cf.set_enable_blob_files(true);
            cf.set_min_blob_size(1024);
            cf.set_blob_file_size(64 * MIB as u64);
            cf.set_blob_compression_type(DBCompressionType::Lz4);
            cf.set_enable_blob_gc(true);
        }
        // Read in ranges.
        Family::Blocks | Family::Records | Family::History => table.set_block_size(16 * 1024),
        Family::Meta | Family::Executed | Family::Topics | Family::Sets | Family::Evidence => {}
    }
    cf.set_block_based_table_factory(&table);
    cf
}
