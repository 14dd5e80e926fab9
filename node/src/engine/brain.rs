//! The thread that owns the replica: takes letters, steps, performs effects.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use ballast_primitives::{PublicKey, Validator};
use ballast_replica::message::Message;
use ballast_replica::replica::Notice;
use ballast_replica::safety::Refusal;
use ballast_replica::types::CommitWrite;
use ballast_replica::{Effect, Input, Replica};
use ballast_runtime::Outcome;
use parking_lot::Mutex;
use tokio::sync::oneshot;

use super::book::{Book, Directory, Me};
use super::clock::Clock;
use super::disk::Disk;
use super::mailbox::{Letter, Mailbox};
use super::peers::Peers;
use super::view::View;
use crate::metrics::{NodeMetrics, ObserveDuration};
use crate::setup::RunError;

/// Who waits for the answer to a submission.
pub type Tickets = Arc<Mutex<BTreeMap<u64, oneshot::Sender<Vec<ballast_replica::Admission>>>>>;

pub struct Brain {
    pub replica: Replica,
    pub clock: Clock,
    pub disk: Disk,
    pub mailbox: Arc<Mailbox>,
    pub peers: Peers,
    pub me: Me,
    pub directory: Directory,
    /// The validators that the list of peers was made from.
    pub listed: Vec<Validator>,
    pub tickets: Tickets,
    pub view: View,
    pub metrics: Arc<NodeMetrics>,
    pub last_commit: Option<Instant>,
}

/// Why the loop ends.
enum End {
    Asked,
    Failed(RunError),
}

impl Brain {
    /// Runs until asked to stop or until going on could be wrong.
    pub fn run(mut self, first: Vec<Effect>) -> Result<(), RunError> {
        let mut ended = self.perform(first);
        while ended.is_ok() {
            ended = self.turn();
        }
        match ended {
            Err(End::Failed(error)) => Err(error),
            Ok(()) | Err(End::Asked) => Ok(()),
        }
    }

    fn turn(&mut self) -> Result<(), End> {
        let deadline = self.replica.next_deadline().map(|at| self.clock.instant(at));
        let mut effects = Vec::new();
        for letter in self.mailbox.take(deadline) {
            match letter {
                Letter::Input(input) => effects.extend(self.step(input)),
                Letter::Ask(question) => question(&mut self.replica),
                Letter::Stop => {
                    self.perform(effects)?;
                    return Err(End::Asked);
                }
            }
        }
        let now = self.clock.now();
        if self.replica.next_deadline().is_some_and(|at| at <= now.mono_ms) {
            effects.extend(self.step(Input::Tick));
        }
        self.perform(effects)?;
        self.view.refresh(&self.replica, &self.peers, &self.metrics);
        self.heed_disk()
    }

    /// Does less and less as the disk fills up, and at last nothing.
    fn heed_disk(&mut self) -> Result<(), End> {
        let Some(duty) = self.view.duty() else {
            let why = "the disk is almost full: stopping while there is room to do so cleanly";
            return Err(End::Failed(RunError::Safety(why.to_owned())));
        };
        if duty != self.replica.duty() {
            tracing::warn!(?duty, "free space on the disk changes what this validator does");
            self.replica.set_duty(duty);
        }
        Ok(())
    }

    fn step(&mut self, input: Input) -> Vec<Effect> {
        let start = Instant::now();
        let effects = self.replica.step(self.clock.now(), input);
        // A step that commits is, but for microseconds, the execution of its block.
        if effects.iter().any(|effect| matches!(effect, Effect::Commit(_))) {
            self.metrics.block_execution_seconds.observe_duration(start.elapsed());
        }
        effects
    }

    /// First what persists, then, once it is durable, the rest.
    fn perform(&mut self, effects: Vec<Effect>) -> Result<(), End> {
        let (persistent, rest): (Vec<_>, Vec<_>) =
            effects.into_iter().partition(Effect::is_persistent);
        self.persist(persistent).map_err(broken_disk)?;
        let mut settled = false;
        for effect in rest {
            if !settled && rests_on_disk(&effect) {
                self.disk.settle().map_err(broken_disk)?;
                settled = true;
            }
            self.send(effect)?;
        }
        Ok(())
    }

    fn persist(&mut self, effects: Vec<Effect>) -> Result<(), String> {
        let mut batches = Vec::new();
        for effect in effects {
            match effect {
                Effect::StoreBatch { digest, bytes } => {
                    batches.push((digest, Arc::unwrap_or_clone(bytes)));
                }
                Effect::Wal(record) => self.disk.append(&record)?,
                Effect::WalReset { height } => self.disk.reset_wal(height)?,
                Effect::SignState(record) => self.disk.sign_state(record),
                Effect::RemoveBatches(digests) => self.disk.remove_batches(&digests)?,
                Effect::Commit(write) => {
                    self.disk.put_batches(&std::mem::take(&mut batches))?;
                    self.disk.commit(&write)?;
                    self.committed(&write);
                }
                _ => {}
            }
        }
        self.disk.put_batches(&batches)
    }

    /// After a block is durable: now others may know.
    fn committed(&mut self, write: &CommitWrite) {
        let now = Instant::now();
        if let Some(last) = self.last_commit.replace(now) {
            self.metrics.commit_interval_seconds.observe_duration(now - last);
        }
        self.metrics.blocks.inc();
        self.metrics.height.set(i64::try_from(write.executed.height).unwrap_or(i64::MAX));
        self.metrics.evidence.inc_by(write.evidence.len() as u64);
        let succeeded =
            write.records.iter().filter(|r| r.receipt.outcome == Outcome::Success).count();
        self.metrics.transactions.succeeded.inc_by(succeeded as u64);
        self.metrics.transactions.failed.inc_by((write.records.len() - succeeded) as u64);
        for evidence in &write.evidence {
            tracing::warn!(validator = %evidence.validator, height = evidence.height,
                round = evidence.round, "a validator signed twice; the evidence is stored");
        }
        tracing::debug!(
            height = write.executed.height,
            transactions = write.records.len(),
            round = write.block.certificate.round,
            "block committed"
        );
        self.view.committed(write);
        self.follow_the_set(write);
    }

    /// Lets in and out whom the new state says.
    fn follow_the_set(&mut self, write: &CommitWrite) {
        if let Some(set) = &write.next_set {
            let names: Vec<_> = set.validators().iter().map(|v| v.name.as_str()).collect();
            let member = set.get(&self.me.key).is_some();
            tracing::info!(
                from = write.executed.height + 1,
                validators = names.join(", "),
                member,
                "another validator set decides"
            );
        }
        let listed = self.replica.listed();
        if !self.listed.iter().eq(listed.iter().copied()) {
            let book = Book::new(&self.me, &listed, &self.directory);
            warn_of_unknown(&book);
            self.peers.relist(book);
            self.listed = listed.into_iter().cloned().collect();
        }
    }

    fn send(&mut self, effect: Effect) -> Result<(), End> {
        match effect {
            Effect::Broadcast(message) => self.peers.broadcast(&message),
            Effect::Send { to, message } => self.peers.send(&to, &message),
            Effect::PushBatch { bytes } => {
                self.metrics.batches_own.inc();
                self.peers.push_batch(&bytes);
            }
            Effect::Request { to, request } => self.peers.request(to, request),
            Effect::Answer { ticket, answers } => {
                if let Some(waiting) = self.tickets.lock().remove(&ticket) {
                    // The client may have gone away.
                    let _ = waiting.send(answers);
                }
            }
            Effect::Notice(notice) => self.notice(notice),
            Effect::Halt(report) => {
                tracing::error!(%report, "halted: going on could be wrong");
                return Err(End::Failed(RunError::Safety(format!("halted: {report}"))));
            }
            _ => {}
        }
        Ok(())
    }

    fn notice(&self, notice: Notice) {
        let name = |key: &PublicKey| self.peers.name_of(key);
        match notice {
            Notice::Round { height, round, missing } => {
                self.metrics.rounds_above_zero.inc();
                let missing = missing.join(", ");
                tracing::warn!(height, round, missing, "a round failed; validators not heard");
            }
            // Said once, when it began.
            Notice::Refused(Refusal::Withheld) => {}
            Notice::Refused(refusal) => tracing::warn!(%refusal, "did not sign"),
            Notice::InvalidProposal { height, round, proposer, why } => {
                let proposer = name(&proposer);
                tracing::warn!(height, round, proposer, why, "voted nil on an invalid proposal");
            }
            Notice::BadPeer { peer, why } => {
                tracing::warn!(peer = name(&peer), why, "a peer misbehaves");
            }
            Notice::LeftOut { height, transactions } => {
                self.metrics.transactions.dropped.inc_by(transactions as u64);
                tracing::debug!(height, transactions, "left out of their block");
            }
            Notice::CaughtUp { height, blocks } => {
                self.metrics.sync_blocks.inc_by(blocks);
                tracing::info!(height, blocks, "caught up");
            }
        }
    }
}

/// Votes, proposals and certificates leave only after what they rest on is durable.
const fn rests_on_disk(effect: &Effect) -> bool {
    let (Effect::Broadcast(message) | Effect::Send { message, .. }) = effect else { return false };
    !matches!(message, Message::Status { .. } | Message::WantProposal { .. })
}

/// Names the validators that this node cannot dial.
pub fn warn_of_unknown(book: &Book) {
    for validator in book.unknown() {
        tracing::warn!(name = validator.name, key = %PublicKey(validator.peer.0),
            "network.peers has no address for a validator: connected only when it dials");
    }
}

fn broken_disk(error: String) -> End {
    tracing::error!(%error, "the disk failed; nothing is known about what it holds");
    End::Failed(RunError::Failed(format!("the disk failed: {error}")))
}
