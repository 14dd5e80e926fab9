//! A machine's disk: the node's real log and sign-state on a [`SimDrive`], and a model of its
//! database. [`Disk::perform`] performs the acts of [`ballast_replica::durable`] as the node does.

mod drive;
mod store;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use ballast_journal::{Owner, SignState, SignStateError, Wal, WalError, WalOptions};
use ballast_primitives::codec::DecodeError;
use ballast_primitives::{Hash, PublicKey};
use ballast_replica::durable::Act;
use ballast_replica::safety::{self, History, Memory};
use ballast_replica::types::CommitWrite;
use ballast_replica::wal::WalEntry;
use ballast_replica::{Recovered, commit};
use ballast_runtime::{Genesis, State};

pub use drive::SimDrive;
pub use store::Store;

use crate::sim::rng::Rng;

const LOG: &str = "consensus.wal";
const SIGN_STATE: &str = "sign-state";
/// Small, so that the log is replaced now and then.
const LOG_OPTIONS: WalOptions = WalOptions { file_bytes: 64 * 1024 };
/// As many bytes as the end of a log's last record has at least.
const TAIL_BYTES: usize = 100;
/// Both slots of a sign-state and what lies between.
const SIGN_STATE_BYTES: usize = 4_096 + 370;

pub struct Disk {
    drive: SimDrive,
    pub store: Store,
    rng: Rng,
    /// A block that was written while the power went: nobody was told of it.
    pub untold: Option<Box<CommitWrite>>,
    /// Open while the process runs.
    files: Option<(Wal<SimDrive>, SignState<SimDrive>)>,
    key: PublicKey,
    /// A copy that somebody took of all of it.
    copy: Option<(BTreeMap<PathBuf, Vec<u8>>, Store)>,
}

/// What is wrong with the disk of a node that does not start, and with that what its operator has
/// to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Damage {
    /// No validator can run without it.
    SignState,
    Log,
    Store,
    /// There is no room to write.
    Full,
}

/// Why a node does not start.
#[derive(Debug)]
pub struct Unopened {
    pub damage: Damage,
    pub why: String,
}

impl Unopened {
    fn new(damage: Damage) -> impl FnOnce(String) -> Self {
        move |why| Self { damage, why }
    }
}

impl Disk {
    /// A disk on which `ballast-node init` has run.
    pub fn new(rng: Rng, key: PublicKey) -> Self {
        let mut rng = rng;
        let drive = SimDrive::new(Rng::new(rng.word(), "drive"));
        // On an empty drive with power and space this cannot fail.
        drop(SignState::create_on(&drive, Path::new(SIGN_STATE), key.0));
        let store = Store::default();
        Self { drive, store, rng, untold: None, files: None, key, copy: None }
    }

    pub const fn drive(&self) -> &SimDrive {
        &self.drive
    }

    /// What a starting node reads, and the height of its log.
    pub fn open(&mut self, genesis: &Genesis) -> Result<(Recovered, u64), Unopened> {
        if self.drive.is_full() {
            return Err(Unopened::new(Damage::Full)("no space is left".to_owned()));
        }
        let owner = self.owner(genesis);
        let (sign_state, signed) = SignState::open_on(&self.drive, Path::new(SIGN_STATE), &owner)
            .map_err(|error: SignStateError| error.to_string())
            .map_err(Unopened::new(Damage::SignState))?;
        let memory = signed.map_or(Ok(Memory::default()), |bytes| Memory::decode(&bytes));
        let memory = memory.map_err(|e| e.to_string()).map_err(Unopened::new(Damage::SignState))?;
        let state = self.open_store(genesis).map_err(Unopened::new(Damage::Store))?;
        let (wal, contents) = Wal::open_on(self.drive.clone(), Path::new(LOG), &owner, LOG_OPTIONS)
            .map_err(|error: WalError| error.to_string())
            .map_err(Unopened::new(Damage::Log))?;
        let named = [contents.generation, self.store.generation];
        if !safety::is_newest(sign_state.generation(), &named) {
            return Err(Unopened::new(Damage::SignState)("the sign-state is too old".to_owned()));
        }
        let entries: Result<_, _> = contents.entries.iter().map(|e| WalEntry::decode(e)).collect();
        let entries = entries
            .map_err(|error: DecodeError| error.to_string())
            .map_err(Unopened::new(Damage::Log))?;
        let recovered = Recovered {
            state,
            results: self.store.newest_results(),
            block: self.store.newest_block().cloned(),
            block_is_ours: self.store.generation > 0,
            memory,
            wal: (contents.height, entries),
            batches: self.store.waiting_batches(),
            overrides: Vec::new(),
            evidence: self.store.evidence(),
        };
        let log_height = wal.height();
        self.files = Some((wal, sign_state));
        Ok((recovered, log_height))
    }

    fn owner(&self, genesis: &Genesis) -> Owner {
        Owner { key: self.key.0, chain: genesis.hash().0 }
    }

    /// Whether the sign-state in use is older than what stands beside it says.
    pub fn is_behind(&self) -> bool {
        let opened = self.files.as_ref();
        opened.is_some_and(|(_, sign_state)| sign_state.generation() < self.store.generation)
    }

    fn open_store(&mut self, genesis: &Genesis) -> Result<State, String> {
        self.store.open()?;
        if self.store.is_empty() {
            let state = State::from_genesis(genesis).map_err(|error| error.to_string())?;
            let executed = commit::genesis_result(&state, genesis.time);
            self.store.initialise(state.changes(), executed);
            return Ok(state);
        }
        State::restore(self.store.leaves()).map_err(|error| error.to_string())
    }

    /// Performs one act. An error ends the process.
    pub fn perform(&mut self, act: Act) -> Result<(), String> {
        let text = |error: WalError| error.to_string();
        let (wal, sign_state) = self.files.as_mut().ok_or("the disk is closed")?;
        match act {
            Act::Append(record) => wal.append(&record).map_err(text),
            Act::ResetLog(height) => wal.reset(height).map_err(text),
            Act::SyncLog => wal.sync(sign_state.generation()).map_err(text),
            Act::SaveSignState(record) => sign_state.save(&record).map_err(|e| e.to_string()),
            Act::PutBatches(batches) => self.drive.work().map(|()| self.store.put_batches(batches)),
            Act::RemoveBatches(digests) => {
                self.drive.work().map(|()| self.store.remove_batches(&digests))
            }
            Act::SyncBatches => self.drive.work().map(|()| self.store.sync()),
            Act::Commit(write) => self.commit(&write),
            Act::Send(_) => Ok(()),
        }
    }

    fn commit(&mut self, write: &CommitWrite) -> Result<(), String> {
        let generation = self.files.as_ref().map_or(0, |(_, file)| file.generation());
        let worked = self.drive.work();
        if worked.is_ok() {
            self.store.commit(write, generation)?;
        } else if self.drive.is_off() && self.rng.chance(500) {
            // The power goes during the write, and the block is whole on the disk all the same.
            self.store.commit(write, generation)?;
            self.untold = Some(Box::new(write.clone()));
        }
        worked
    }

    /// The process ends; the machine stays.
    pub fn lose_process(&mut self) {
        self.files = None;
        self.drive.lose_process();
    }

    /// The machine loses its power.
    pub fn lose_power(&mut self) {
        self.files = None;
        self.drive.lose_power();
        self.store.lose_power(&mut self.rng);
    }

    /// Where in the log the first copy of `bytes` ends.
    pub fn end_in_log(&self, bytes: &[u8]) -> Option<usize> {
        let log = self.drive.contents(Path::new(LOG));
        let at = log.windows(bytes.len()).position(|window| window == bytes)?;
        Some(at + bytes.len())
    }

    /// Flips a bit where the log has been written, near the end of that if `tail`.
    pub fn flip_log(&self, tail: bool) -> Option<usize> {
        let log = Path::new(LOG);
        let used = self.drive.used(log);
        let from = if tail { used.saturating_sub(TAIL_BYTES) } else { 0 };
        self.drive.flip(log, from..used)
    }

    pub fn flip_sign_state(&self) -> Option<usize> {
        self.drive.flip(Path::new(SIGN_STATE), 0..SIGN_STATE_BYTES)
    }

    /// The operator removes a log that is damaged.
    pub fn remove_log(&self) {
        self.drive.remove(Path::new(LOG));
    }

    /// A liar makes its sign-state anew and removes its log.
    pub fn forget_signing(&mut self) {
        self.remove_log();
        self.drive.remove(Path::new(SIGN_STATE));
        self.store.generation = 0;
        drop(SignState::create_on(&self.drive, Path::new(SIGN_STATE), self.key.0));
    }

    /// `ballast-node sign-state reset --history-unknown`.
    pub fn reset_history(&mut self, genesis: &Genesis) {
        let generation = self.store.generation + 1_000_000;
        let memory = Memory { last: None, history: History::Unknown };
        let (path, owner) = (Path::new(SIGN_STATE), self.owner(genesis));
        drop(SignState::renew_on(&self.drive, path, owner, generation, &memory.encode()));
        self.remove_log();
    }

    /// Everything is gone; the keys are kept elsewhere.
    pub fn wipe(&mut self) {
        self.remove_log();
        self.drive.remove(Path::new(SIGN_STATE));
        self.remove_store();
    }

    pub fn take_copy(&mut self) {
        self.copy = Some((self.drive.copy(), self.store.clone()));
    }

    /// Puts back what was copied: all of it, or the sign-state alone.
    pub fn put_copy_back(&mut self, whole: bool) {
        let Some((files, store)) = self.copy.take() else { return };
        for path in [LOG, SIGN_STATE].map(Path::new) {
            match files.get(path) {
                Some(bytes) if whole || path == Path::new(SIGN_STATE) => {
                    self.drive.put_back(path, bytes);
                }
                None if whole => self.drive.remove(path),
                _ => {}
            }
        }
        if whole {
            self.store = store;
        }
    }

    /// The operator removes a database that is damaged.
    pub fn remove_store(&mut self) {
        self.store = Store::default();
    }

    /// The outcome of a transaction that a client asks for, as far as this node has committed.
    pub fn knows(&self, tx: &Hash) -> bool {
        self.store.receipt(tx).is_some()
    }
}
