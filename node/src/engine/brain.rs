//! The thread that owns the replica: takes letters, steps, performs effects.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use ballast_primitives::{Hash, PublicKey, Validator};
use ballast_replica::durable::{Act, Order};
use ballast_replica::fetch::FetchFailure;
use ballast_replica::replica::{Failure, Notice};
use ballast_replica::safety::Refusal;
use ballast_replica::types::CommitWrite;
use ballast_replica::{Admission, Effect, Input, Replica};
use ballast_runtime::Outcome;
use parking_lot::Mutex;
use tokio::sync::oneshot;

use super::book::{Book, Directory, Me};
use super::clock::Clock;
use super::disk::Disk;
use super::mailbox::{Letter, Mailbox, Post};
use super::peers::Peers;
use super::view::View;
use crate::metrics::{NodeMetrics, ObserveDuration};
use crate::operator::rules::RulesStatus;
use crate::rpc::backend::Claim;
use crate::setup::RunError;

/// Who waits for the answers to their submissions.
pub type Tickets = Arc<Mutex<BTreeMap<u64, Ticket>>>;

pub struct Ticket {
    /// Each transaction, in the order of the answers.
    pub txs: Vec<(Hash, Claim)>,
    pub reply: oneshot::Sender<Vec<Admission>>,
}

pub struct Brain {
    pub replica: Replica,
    pub clock: Clock,
    pub order: Order,
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
    pub said: Said,
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
                Letter::Message(Post { from, message, room }) => {
                    effects.extend(self.step(Input::Message { from, message }));
                    // The peer may send as much again only now.
                    drop(room);
                }
                Letter::Ask(question) => question(&mut self.replica),
                Letter::Stop => {
                    self.perform(effects)?;
                    return Err(self.asked());
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

    /// The end of a node that was asked to stop: whoever starts it again should know that this
    /// release cannot go on.
    fn asked(&self) -> End {
        match self.replica.is_outdated() {
            true => End::Failed(RunError::Upgrade(RulesStatus::of(&self.replica).line())),
            false => End::Asked,
        }
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
        self.note_admitted(&effects);
        for act in self.order.acts(effects) {
            match act {
                Act::Send(effect) => self.send(effect)?,
                Act::Commit(write) => {
                    self.disk.commit(&write).map_err(broken_disk)?;
                    self.committed(&write);
                }
                act => self.disk.perform(act).map_err(broken_disk)?,
            }
        }
        Ok(())
    }

    /// Before any block of this lot is committed, which takes what it commits out again.
    fn note_admitted(&self, effects: &[Effect]) {
        let tickets = self.tickets.lock();
        for effect in effects {
            let Effect::Answer { ticket, answers } = effect else { continue };
            let Some(Ticket { txs, .. }) = tickets.get(ticket) else { continue };
            let answered = txs.iter().zip(answers);
            let admitted = answered.filter(|(_, answer)| **answer == Admission::Admitted);
            self.view.admitted(admitted.map(|(tx, _)| *tx));
        }
    }

    /// After a block is durable: now others may know.
    fn committed(&mut self, write: &CommitWrite) {
        let now = Instant::now();
        if let Some(last) = self.last_commit.replace(now) {
            self.metrics.commit_interval_seconds.observe_duration(now - last);
        }
        self.metrics.blocks.inc();
        self.metrics.height.set(i64::try_from(write.executed.height).unwrap_or(i64::MAX));
        let succeeded =
            write.records.iter().filter(|r| r.receipt.outcome == Outcome::Success).count();
        self.metrics.transactions.succeeded.inc_by(succeeded as u64);
        self.metrics.transactions.failed.inc_by((write.records.len() - succeeded) as u64);
        for evidence in &write.evidence {
            let validator = self.peers.name_of(&evidence.validator);
            self.metrics.evidence(&validator).inc();
            tracing::warn!(validator, key = %evidence.validator, height = evidence.height,
                round = evidence.round, "a validator signed twice; the evidence is stored");
        }
        for evidence in &write.block.payload.evidence {
            let validator = self.peers.name_of(&evidence.validator);
            tracing::error!(validator, key = %evidence.validator, height = evidence.height,
                round = evidence.round, block = write.executed.height,
                "the chain names a validator that signed twice");
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
            Effect::Ask { to, ticket, request } => self.peers.ask(to, ticket, request),
            Effect::Answer { ticket, answers } => {
                if let Some(waiting) = self.tickets.lock().remove(&ticket) {
                    // The client may have gone away.
                    let _ = waiting.reply.send(answers);
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

    fn notice(&mut self, notice: Notice) {
        let name = |key: &PublicKey| self.peers.name_of(key);
        match notice {
            Notice::Round { height, round, proposer, failed, missing } => {
                self.metrics.round_failed(&name(&proposer), failed.name());
                if self.said.is_due(proposer, failed) {
                    let (proposer, why) = (name(&proposer), failed.text());
                    let missing = missing.join(", ");
                    tracing::warn!(height, round, proposer, why, missing, "a round failed");
                }
            }
            // Said once, when it began.
            Notice::Refused(Refusal::Withheld | Refusal::HistoryUnknown) => {}
            Notice::Refused(refusal) => tracing::warn!(%refusal, "did not sign"),
            Notice::VotedNil { height, round, proposer, why } => {
                if self.said.is_due(proposer, why) {
                    let (proposer, why) = (name(&proposer), why.text());
                    tracing::warn!(height, round, proposer, why, "voted nil on a proposal");
                }
            }
            Notice::BadPeer { peer, offence, why } => self.peers.offence(&peer, offence, &why),
            Notice::LeftOut { height, author, transactions, junk } => {
                let author = name(&author);
                self.metrics.left_out(&author, transactions);
                tracing::debug!(height, author, transactions, junk, "left out of their block");
            }
            Notice::UpgradeScheduled { version, height, code, known: true } => {
                tracing::info!(version, height, release = %code,
                    "another version of the rules is scheduled; this release has it");
            }
            Notice::UpgradeScheduled { version, height, code, known: false } => {
                tracing::warn!(version, height, release = %code,
                    "another version of the rules is scheduled, and this release lacks it: install \
                     the release before that height");
            }
            Notice::Outdated { version, height, code } => {
                tracing::error!(version, height, release = %code,
                    "the rules of the next height are newer than this release: it stands still, \
                     and serves what it has");
            }
            Notice::Overridden { height, block } => {
                tracing::warn!(height, %block, "not executed: a quorum of its validators overrode it");
            }
            Notice::OverrideRefused { height, why } => {
                tracing::error!(height, why, "an override in this home does not hold");
            }
            Notice::FetchFailed(FetchFailure { peer, height, fault }) => {
                self.metrics.sync_failure(fault.name()).inc();
                tracing::warn!(
                    peer = name(&peer),
                    height,
                    cause = fault.name(),
                    "asked for decided blocks, and a peer failed"
                );
            }
            Notice::CaughtUp { height, blocks } => {
                self.metrics.sync_blocks.inc_by(blocks);
                tracing::info!(height, blocks, "caught up");
            }
            Notice::HistoryUnknown { height, round } => {
                tracing::warn!(
                    height,
                    round,
                    "the peers or the database know a message of this \
                    validator's key that its sign-state does not: following without voting"
                );
            }
            Notice::HistoryRegained { above } => {
                tracing::info!(above, "nothing that the key signed before matters: voting again");
            }
            Notice::KeyElsewhere { height } => {
                self.metrics.key_elsewhere.inc();
                self.view.stuck(format!("somebody else signed with its key at height {height}"));
                tracing::error!(height, "somebody else signs with this validator's key");
            }
        }
    }
}

/// What was said lately of a proposer, which may fail several times a second.
#[derive(Default)]
pub struct Said(BTreeMap<(PublicKey, &'static str), Instant>);

impl Said {
    const AGAIN: Duration = Duration::from_secs(10);

    fn is_due(&mut self, proposer: PublicKey, why: Failure) -> bool {
        let now = Instant::now();
        self.0.retain(|_, at| now.duration_since(*at) < Self::AGAIN);
        let new = !self.0.contains_key(&(proposer, why.name()));
        if new {
            self.0.insert((proposer, why.name()), now);
        }
        new
    }
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
