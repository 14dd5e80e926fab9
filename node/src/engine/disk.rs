//! Performs what must be durable, in the order that the replica's contract asks for.
//!
//! Any error here ends the process: after a failed write or sync nothing is known about what is
//! on the disk, so it is never tried again.

use std::sync::Arc;
use std::time::Instant;

use ballast_primitives::Hash;
use ballast_replica::types::CommitWrite;

use crate::journal::{SignState, Wal};
use crate::metrics::{NodeMetrics, ObserveDuration};
use crate::store::Store;

type Failure = String;

pub struct Disk {
    pub store: Arc<Store>,
    pub wal: Wal,
    pub sign_state: SignState,
    pub metrics: Arc<NodeMetrics>,
    /// The height whose records are being written.
    height: u64,
    wal_is_dirty: bool,
    batches_are_dirty: bool,
    /// The newest sign-state not yet saved.
    unsaved: Option<Vec<u8>>,
}

impl Disk {
    pub const fn new(
        store: Arc<Store>,
        wal: Wal,
        sign_state: SignState,
        metrics: Arc<NodeMetrics>,
        height: u64,
    ) -> Self {
        Self {
            store,
            wal,
            sign_state,
            metrics,
            height,
            wal_is_dirty: false,
            batches_are_dirty: false,
            unsaved: None,
        }
    }

    pub fn append(&mut self, record: &[u8]) -> Result<(), Failure> {
        if self.log_is_ahead() {
            return Ok(());
        }
        self.wal_is_dirty = true;
        self.wal.append(record).map_err(|error| format!("write-ahead log: {error}"))
    }

    pub fn reset_wal(&mut self, height: u64) -> Result<(), Failure> {
        self.height = height;
        if height <= self.wal.height() {
            return Ok(());
        }
        self.wal_is_dirty = true;
        self.wal.reset(height).map_err(|error| format!("write-ahead log: {error}"))
    }

    /// Whether the log is of a height that the chain here has yet to reach again, because the
    /// database was lost. It stays as it is, and the replica mute, until that height has passed.
    fn log_is_ahead(&self) -> bool {
        self.height < self.wal.height()
    }

    pub fn sign_state(&mut self, record: Vec<u8>) {
        self.unsaved = Some(record);
    }

    pub fn put_batches(&mut self, batches: &[(Hash, Vec<u8>)]) -> Result<(), Failure> {
        self.batches_are_dirty |= !batches.is_empty();
        self.store.put_batches(batches).map_err(|error| error.to_string())
    }

    pub fn remove_batches(&mut self, digests: &[Hash]) -> Result<(), Failure> {
        self.store.remove_batches(digests).map_err(|error| error.to_string())
    }

    pub fn commit(&mut self, write: &CommitWrite) -> Result<(), Failure> {
        let start = Instant::now();
        self.store.commit_block(write).map_err(|error| error.to_string())?;
        self.metrics.store_sync_seconds.observe_duration(start.elapsed());
        // A synced write to the database takes all that was written before it along.
        self.batches_are_dirty = false;
        Ok(())
    }

    /// Makes durable what a vote or a proposal rests on: batches, then the log, then the
    /// sign-state, so that a log is never missing for a height at which something was signed.
    pub fn settle(&mut self) -> Result<(), Failure> {
        if std::mem::take(&mut self.batches_are_dirty) {
            self.store.sync().map_err(|error| error.to_string())?;
        }
        if std::mem::take(&mut self.wal_is_dirty) {
            let start = Instant::now();
            self.wal.sync().map_err(|error| format!("write-ahead log: {error}"))?;
            self.metrics.wal_sync_seconds.observe_duration(start.elapsed());
        }
        if let Some(record) = self.unsaved.take() {
            let start = Instant::now();
            self.sign_state.save(&record).map_err(|error| format!("sign-state: {error}"))?;
            self.metrics.sign_state_sync_seconds.observe_duration(start.elapsed());
        }
        Ok(())
    }
}
