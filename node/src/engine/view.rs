//! What the rest of the node sees of the replica: the newest head, status and figures, published
//! by the replica's thread after what they say is durable.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use ballast_primitives::Hash;
use ballast_primitives::merkle::Path;
use ballast_primitives::proof::{CertifiedHeader, StateProof};
use ballast_replica::fetch::FetchFailure;
use ballast_replica::replica::CatchingUp;
use ballast_replica::types::{CommitWrite, StoredBlock, TxRecord};
use ballast_replica::{Duty, Replica};
use ballast_runtime::object::Validators;
use parking_lot::Mutex;
use tokio::sync::{oneshot, watch};

use super::peers::Peers;
use crate::metrics::NodeMetrics;
use crate::operator::disk::{Level, Space};
use crate::operator::rules::RulesStatus;
use crate::operator::{NodeStatus, Voting};
use crate::rpc::backend::{Claim, Head, NodeInfo};

/// How often the figures that change without a commit are looked at.
const REFRESH: Duration = Duration::from_millis(100);
const DISK_REFRESH: Duration = Duration::from_secs(1);

/// Written by the replica's thread, read by everyone.
pub struct Shared {
    pub info: Mutex<NodeInfo>,
    /// Transactions submitted here that are not committed and still may be.
    pub pending: Mutex<BTreeMap<Hash, Claim>>,
    /// The pool has no room for ordinary transactions.
    pub full: AtomicBool,
    /// Proofs waiting for a header that attests their root.
    pub proofs: Mutex<Vec<WaitingProof>>,
}

pub struct WaitingProof {
    pub leaf: Vec<u8>,
    pub path: Path,
    pub root: Hash,
    pub reply: oneshot::Sender<StateProof>,
}

/// What others watch.
pub struct Published {
    pub head: watch::Sender<Head>,
    pub status: watch::Sender<NodeStatus>,
    /// What the gRPC health service says: connected to a quorum and not behind.
    pub serving: watch::Sender<bool>,
}

pub struct View {
    shared: Arc<Shared>,
    published: Published,
    data: PathBuf,
    refreshed: Instant,
    disk_read: Option<Instant>,
}

pub fn certified(block: &StoredBlock) -> CertifiedHeader {
    CertifiedHeader { header: block.header.clone(), certificate: block.certificate.clone() }
}

impl View {
    pub fn new(shared: Arc<Shared>, published: Published, data: PathBuf) -> Self {
        Self { shared, published, data, refreshed: Instant::now(), disk_read: None }
    }

    /// Transactions that were taken here.
    pub fn admitted(&self, txs: impl Iterator<Item = (Hash, Claim)>) {
        self.shared.pending.lock().extend(txs);
    }

    /// A block is durable.
    pub fn committed(&mut self, write: &CommitWrite) {
        {
            let used = write.records.iter().map(|TxRecord { receipt, .. }| receipt);
            let used: BTreeSet<_> = used.map(|receipt| (receipt.sender, receipt.nonce)).collect();
            // Those that are committed, or never can be any more.
            self.shared.pending.lock().retain(|_, claim| {
                claim.valid_until > write.executed.time
                    && !used.contains(&(claim.sender, claim.nonce))
            });
        }
        self.shared.info.lock().evidence += write.evidence.len() as u64;
        self.answer_proofs(&write.block);
        self.published.head.send_replace(Head {
            height: write.executed.height,
            time_ms: write.executed.time,
            state_root: write.executed.state_root,
            block: write.block.certificate.block,
        });
        let height = write.executed.height;
        let time_ms = write.executed.time;
        self.published.status.send_modify(|status| {
            status.height = height;
            status.executed_height = height;
            status.time_ms = time_ms;
            status.last_commit = Some(Instant::now());
        });
    }

    fn answer_proofs(&self, block: &StoredBlock) {
        let mut proofs = self.shared.proofs.lock();
        let waiting = std::mem::take(&mut *proofs);
        for proof in waiting {
            if proof.root == block.header.state_root {
                let WaitingProof { leaf, path, reply, .. } = proof;
                // Whoever asked may have gone away.
                let _ = reply.send(StateProof { leaf, path, anchor: certified(block) });
            } else if !proof.reply.is_closed() {
                proofs.push(proof);
            }
        }
    }

    /// After each turn of the loop; what takes longer to find out, every now and then.
    pub fn refresh(&mut self, replica: &Replica, peers: &Peers, metrics: &NodeMetrics) {
        self.shared.full.store(!replica.has_room(), Ordering::Relaxed);
        let now = Instant::now();
        if now.duration_since(self.refreshed) < REFRESH {
            return;
        }
        self.refreshed = now;
        let me = replica.key();
        let committee = replica.sets().current();
        let seat = committee.get(&me);
        let connected = peers.connected();
        let reachable: Vec<_> = connected
            .iter()
            .filter(|key| **key != me)
            .filter_map(|key| committee.get(key))
            .collect();
        let power = reachable.iter().copied().chain(seat).map(|v| u128::from(v.power)).sum();
        let quorum = committee.is_quorum(power);
        // Whoever only follows needs someone to follow.
        let enough = if seat.is_some() { quorum } else { !reachable.is_empty() };
        let others = committee.len() - usize::from(seat.is_some());
        let lag = replica.lag();
        let rules = RulesStatus::of(replica);
        let voting = match replica.muted_through() {
            _ if seat.is_none() => Voting::Observer,
            _ if rules.outdated => Voting::No("the rules are newer than its release".to_owned()),
            through if through > replica.height() => Voting::No(format!(
                "its write-ahead log is gone; it follows until height {through} has passed"
            )),
            _ if replica.history().is_some() => Voting::No(replica.history().unwrap_or_default()),
            _ if replica.duty() == Duty::Following => {
                Voting::No("its disk is almost full; it only follows".to_owned())
            }
            _ => Voting::Yes,
        };
        let disk = self.read_disk(now);
        let (round, height) = (replica.round(), replica.height());
        let clock_skew_ms = replica.own_skew();
        let passed_over = self.read_turns(replica, metrics);
        let failure = replica.catching_up().last_failure.map(|failure| {
            let FetchFailure { peer, height, fault } = failure;
            format!("{} at height {height}: {}", peers.name_of(&peer), fault.name())
        });
        self.published.status.send_modify(|status| {
            status.round = round;
            status.best_height = height + lag;
            status.validators = committee.len();
            status.peers_connected = reachable.len();
            status.peers_listed = others;
            status.peers_quorum = quorum;
            status.syncing = lag > 1;
            status.sync_failure = failure;
            status.voting = voting;
            status.disk = disk.or(status.disk);
            status.clock_skew_ms = clock_skew_ms;
            status.passed_over = passed_over;
        });
        let scheduled = rules.scheduled.as_ref();
        metrics.rules_version.set(rules.version.into());
        metrics.rules_newest.set(rules.newest.into());
        metrics.upgrade_version.set(scheduled.map_or(0, |next| next.version.into()));
        let height = scheduled.map_or(0, |next| next.height);
        metrics.upgrade_height.set(i64::try_from(height).unwrap_or(i64::MAX));
        metrics.upgrade_ready.set(i64::try_from(rules.ready()).unwrap_or(i64::MAX));
        let (newest, outdated) = (rules.newest, rules.outdated);
        let ready = u32::try_from(rules.ready()).unwrap_or(u32::MAX);
        self.published.status.send_if_modified(|status| {
            let before = std::mem::replace(&mut status.rules, rules);
            before != status.rules
        });
        let waiting = replica.pool().len();
        self.published.serving.send_if_modified(|serving| {
            let before = std::mem::replace(serving, enough && lag <= 1 && !outdated);
            before != *serving
        });
        show_catching_up(metrics, &replica.catching_up(), lag > 1, height + lag);
        metrics.round.set(i64::from(round));
        metrics.validators.set(i64::try_from(committee.len()).unwrap_or(i64::MAX));
        metrics.history_unknown.set(i64::from(replica.is_history_unknown()));
        metrics.validator.set(i64::from(seat.is_some()));
        metrics.mempool_transactions.set(i64::try_from(waiting).unwrap_or(i64::MAX));
        metrics.mempool_bytes.set(i64::try_from(replica.bytes_waiting()).unwrap_or(i64::MAX));
        let mut info = self.shared.info.lock();
        info.peers = u32::try_from(reachable.len()).unwrap_or(u32::MAX);
        if let Some(seat) = seat.filter(|seat| seat.name != info.validator_name) {
            info.validator_name.clone_from(&seat.name);
        }
        (info.rules_newest, info.upgrade_ready) = (newest, ready);
        info.validators = u32::try_from(committee.len()).unwrap_or(u32::MAX);
        info.syncing = lag > 1;
        info.round = round;
        info.mempool_txs = waiting as u64;
    }

    /// Says why the node cannot go on.
    pub fn stuck(&self, why: String) {
        self.published.status.send_modify(|status| status.stuck = Some(why));
    }

    /// What the free space on the volume of the data folder allows; none when it is less than a
    /// node may run on.
    pub fn duty(&self) -> Option<Duty> {
        let disk = self.published.status.borrow().disk;
        match disk.map_or(Level::Enough, |space| space.level()) {
            Level::Enough | Level::Low => Some(Duty::All),
            Level::Scarce => Some(Duty::NoAdmission),
            Level::VeryLow => Some(Duty::Following),
            Level::Out => None,
        }
    }

    /// The names of those who are passed over; tells the metrics of them, of who signed twice, and of
    /// everyone's clocks.
    fn read_turns(&self, replica: &Replica, metrics: &NodeMetrics) -> Vec<String> {
        let Validators { turns, named, .. } = replica.state().validators();
        let mut out = Vec::new();
        for validator in replica.sets().current().validators() {
            let is_out = turns.get(&validator.key).is_some_and(|standing| standing.is_out());
            metrics.passed_over(&validator.name, is_out);
            // Zero is said, too: no line at all would be no word on it.
            drop(metrics.evidence(&validator.name));
            metrics.named(&validator.name, named.get(&validator.key).map_or(0, |it| it.times));
            out.extend(is_out.then(|| validator.name.clone()));
        }
        for (key, ahead_ms) in replica.clocks().offsets() {
            if let Some(validator) = replica.sets().current().get(key) {
                metrics.clock_offset(&validator.name, ahead_ms);
            }
        }
        out
    }

    fn read_disk(&mut self, now: Instant) -> Option<Space> {
        if self.disk_read.is_some_and(|at| now.duration_since(at) < DISK_REFRESH) {
            return None;
        }
        self.disk_read = Some(now);
        Space::of(&self.data).ok()
    }
}

fn show_catching_up(metrics: &NodeMetrics, how: &CatchingUp, active: bool, target: u64) {
    let number = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
    let height = |height: u64| i64::try_from(height).unwrap_or(i64::MAX);
    metrics.sync_active.set(i64::from(active || how.blocks > 0));
    metrics.sync_target.set(height(target));
    metrics.sync_peers_asked.set(number(how.peers_asked));
    metrics.sync_peers_barred.set(number(how.peers_barred));
    metrics.sync_last_failure.set(how.last_failure.map_or(0, |failure| height(failure.height)));
}
