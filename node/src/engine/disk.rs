//! Performs the acts that write, in the order in which [`ballast_replica::durable`] gives them.
//!
//! Any error here ends the process: after a failed write or sync nothing is known about what is
//! on the disk, so it is never tried again.

use std::sync::Arc;
use std::time::Instant;

use ballast_primitives::PublicKey;
use ballast_replica::durable::Act;
use ballast_replica::types::CommitWrite;

use crate::journal::{SignState, Wal, WalError};
use crate::metrics::{NodeMetrics, ObserveDuration};
use crate::store::{Signer, Store, StoreError};

type Failure = String;

pub struct Disk {
    pub store: Arc<Store>,
    pub wal: Wal,
    pub sign_state: SignState,
    /// Whose sign-state it is.
    pub key: PublicKey,
    pub metrics: Arc<NodeMetrics>,
}

impl Disk {
    /// Performs an act on the disk; [`Act::Send`] is not one.
    pub fn perform(&mut self, act: Act) -> Result<(), Failure> {
        let store = |error: StoreError| error.to_string();
        match act {
            Act::Append(record) => self.wal.append(&record).map_err(wal),
            Act::ResetLog(height) => self.wal.reset(height).map_err(wal),
            Act::PutBatches(batches) => {
                let plain = |(digest, bytes)| (digest, Arc::unwrap_or_clone(bytes));
                let batches: Vec<_> = batches.into_iter().map(plain).collect();
                self.store.put_batches(&batches).map_err(store)
            }
            Act::RemoveBatches(digests) => self.store.remove_batches(&digests).map_err(store),
            Act::Commit(write) => self.commit(&write),
            Act::SyncBatches => self.store.sync().map_err(store),
            Act::SyncLog => {
                let start = Instant::now();
                self.wal.sync(self.sign_state.generation()).map_err(wal)?;
                self.metrics.wal_sync_seconds.observe_duration(start.elapsed());
                Ok(())
            }
            Act::SaveSignState(record) => {
                let start = Instant::now();
                self.sign_state.save(&record).map_err(|error| format!("sign-state: {error}"))?;
                self.metrics.sign_state_sync_seconds.observe_duration(start.elapsed());
                Ok(())
            }
            Act::Send(_) => Ok(()),
        }
    }

    pub fn commit(&self, write: &CommitWrite) -> Result<(), Failure> {
        let start = Instant::now();
        let signer = Signer { key: self.key, generation: self.sign_state.generation() };
        self.store.commit_block_of(write, Some(&signer)).map_err(|error| error.to_string())?;
        self.metrics.store_sync_seconds.observe_duration(start.elapsed());
        Ok(())
    }
}

fn wal(error: WalError) -> Failure {
    format!("write-ahead log: {error}")
}
