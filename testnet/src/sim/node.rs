//! One validator: a machine with clock and disk, and while it runs, the process on it. The loop
//! here is the node's: take what has arrived, step the replica, perform the acts in order.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use ballast_primitives::{Hash, PublicKey, SecretKey};
use ballast_replica::durable::{Act, Order};
use ballast_replica::types::CommitWrite;
use ballast_replica::{Config, Effect, Input, Replica};
use ballast_runtime::Genesis;

use super::clock::Clock;
use super::disk::{Disk, Unopened};
use super::memo;
use super::rng::Rng;

/// The most inputs of which the effects are made durable together.
const LOT_MAX: usize = 256;
/// What a step takes, and each signature that is verified in it, and each judgement of a proposal.
const STEP_US: u64 = 5;
const SIGNATURE_US: u64 = 40;
const JUDGEMENT_US: u64 = 100;

pub struct Node {
    pub key: SecretKey,
    pub public: PublicKey,
    pub clock: Clock,
    pub disk: Disk,
    pub process: Option<Process>,
    /// The process does not run for a while, and time goes on.
    pub paused: bool,
    /// Counts the processes, so that what was meant for one does not reach the next.
    pub life: u32,
    /// The most a sync takes, microseconds.
    pub sync_us: u64,
    /// When it has verified the batches that have come.
    pub verifier_free: u64,
    rng: Rng,
}

pub struct Process {
    pub replica: Replica,
    order: Order,
    mailbox: VecDeque<Input>,
    program: VecDeque<Act>,
    /// Computes, or waits for its disk.
    busy: bool,
    /// For when a tick is on its way.
    pub tick_at: Option<u64>,
    /// Whom to tell when a transaction is committed here.
    pub waiting: BTreeMap<Hash, Waiting>,
}

/// A client's transaction at a node.
#[derive(Clone, Copy)]
pub struct Waiting {
    /// The client's number of it.
    pub tx: usize,
    pub since: u64,
    /// Whether it is for this node to bring it into a block.
    pub admitted: bool,
}

impl Process {
    pub const fn is_busy(&self) -> bool {
        self.busy
    }

    /// Microseconds of work for what its steps did so far, of which differences count.
    fn work_done(&self) -> u64 {
        SIGNATURE_US * memo::asked() + JUDGEMENT_US * self.replica.judgements()
    }
}

/// What a node did.
#[expect(clippy::large_enum_variant, reason = "most are of that variant, and few live at a time")]
pub enum Deed {
    Sent(Effect),
    Committed(Box<CommitWrite>),
    /// It removed batches that no block names. Its newest block was of that time; none yet for 0.
    Dropped {
        batches: Vec<Arc<Vec<u8>>>,
        time: u64,
    },
    /// It goes on when its disk has synced.
    Waits {
        until: u64,
    },
    /// It took so many inputs at once, and computes until then.
    Computes {
        inputs: usize,
        until: u64,
    },
    /// Its process ended because the disk failed.
    Died(String),
}

impl Node {
    pub fn new(key: SecretKey, sync_us: u64, mut rng: Rng) -> Self {
        Self {
            public: key.public(),
            clock: Clock::new(),
            disk: Disk::new(Rng::new(rng.word(), "disk"), key.public()),
            key,
            process: None,
            paused: false,
            life: 0,
            sync_us,
            verifier_free: 0,
            rng,
        }
    }

    pub const fn is_up(&self) -> bool {
        self.process.is_some()
    }

    /// Whether an input posted now is handled now.
    pub fn is_idle(&self) -> bool {
        let nothing_waits = |process: &Process| !process.busy && process.mailbox.is_empty();
        !self.paused && self.process.as_ref().is_some_and(nothing_waits)
    }

    /// The newest height that its disk has.
    pub fn height(&self) -> u64 {
        self.disk.store.height()
    }

    /// Starts the process; what it did first is performed by [`Self::work`].
    pub fn start(
        &mut self,
        at: u64,
        config: Config,
        genesis: &Genesis,
        genesis_hash: Hash,
    ) -> Result<(), Refused> {
        let (recovered, log_height) = self.disk.open(genesis).map_err(Refused::Disk)?;
        self.clock.reboot(at);
        self.life += 1;
        self.verifier_free = at;
        let now = self.clock.now(at);
        let next = recovered.block.as_ref().map_or(0, |block| block.header.height) + 1;
        let (replica, effects) =
            Replica::open(config, genesis_hash, genesis.chain_id, self.key.clone(), recovered, now)
                .map_err(Refused::Replica)?;
        let mut order = Order::new(next, log_height);
        let program = order.acts(effects).into();
        self.process = Some(Process {
            replica,
            order,
            mailbox: VecDeque::new(),
            program,
            busy: false,
            tick_at: None,
            waiting: BTreeMap::new(),
        });
        Ok(())
    }

    /// Puts an input into the mailbox of a running process.
    pub fn post(&mut self, input: Input) {
        if let Some(process) = &mut self.process {
            process.mailbox.push_back(input);
        }
    }

    /// It has computed, or the disk has synced.
    pub const fn resume(&mut self) {
        if let Some(process) = &mut self.process {
            process.busy = false;
        }
    }

    /// Goes on until there is nothing to do or the disk has to be waited for.
    pub fn work(&mut self, at: u64, deeds: &mut Vec<Deed>) {
        while !self.paused
            && let Some(process) = &mut self.process
            && !process.busy
        {
            if let Some(act) = process.program.pop_front() {
                self.perform(act, at, deeds);
            } else if !self.turn(at, deeds) {
                return;
            }
        }
    }

    /// Steps through what has arrived, which takes time; false when nothing has.
    fn turn(&mut self, at: u64, deeds: &mut Vec<Deed>) -> bool {
        let Some(process) = &mut self.process else { return false };
        let now = self.clock.now(at);
        let is_due = |replica: &Replica| replica.next_deadline().is_some_and(|d| d <= now.mono_ms);
        if process.mailbox.is_empty() && !is_due(&process.replica) {
            return false;
        }
        let before = process.work_done();
        let mut effects = Vec::new();
        let lot = process.mailbox.len().min(LOT_MAX);
        for input in process.mailbox.drain(..lot) {
            effects.extend(process.replica.step(now, input));
        }
        if is_due(&process.replica) {
            effects.extend(process.replica.step(now, Input::Tick));
        }
        process.program.extend(process.order.acts(effects));
        let us = process.work_done() - before + STEP_US * (lot as u64 + 1);
        process.busy = true;
        deeds.push(Deed::Computes { inputs: lot, until: at + us });
        true
    }

    fn perform(&mut self, act: Act, at: u64, deeds: &mut Vec<Deed>) {
        let done = match act {
            Act::Send(effect) => return deeds.push(Deed::Sent(effect)),
            Act::Commit(ref write) => Some(Deed::Committed(write.clone())),
            Act::RemoveBatches(ref digests) => Some(self.drop_batches(digests)),
            _ => None,
        };
        let syncs =
            matches!(act, Act::Commit(_) | Act::SyncBatches | Act::SyncLog | Act::SaveSignState(_));
        if let Err(error) = self.disk.perform(act) {
            self.process = None;
            return deeds.push(Deed::Died(error));
        }
        deeds.extend(done);
        if syncs && self.sync_us > 0 {
            let until = at + self.rng.below(self.sync_us + 1);
            if until > at
                && let Some(process) = &mut self.process
            {
                process.busy = true;
                deeds.push(Deed::Waits { until });
            }
        }
    }

    fn drop_batches(&self, digests: &[Hash]) -> Deed {
        let store = &self.disk.store;
        let batches = digests.iter().filter_map(|digest| store.batch(digest)).cloned().collect();
        let time = store.newest_block().map_or(0, |block| block.header.time);
        Deed::Dropped { batches, time }
    }
}

/// Why a process did not start.
#[derive(Debug)]
pub enum Refused {
    Disk(Unopened),
    /// The replica says that what the disk holds cannot be gone on from.
    Replica(String),
}
