//! The loop: one input in, effects out. Each kind of input has one method below, in the order of
//! [`Input`]; what they share comes after.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use ballast_primitives::merkle::Path;
use ballast_primitives::{Committee, Hash, PublicKey, SecretKey};
use ballast_runtime::execute::BlockContext;
use ballast_runtime::tx::{SignedTx, VerifiedTx};
use ballast_runtime::{Code, Key, State, admission};

use crate::batches::{Batches, Held};
use crate::block::{self, Tip, Verdict};
use crate::config::Config;
use crate::context::BlockValue;
use crate::host::{Host, HostError, Out};
use crate::message::{Message, REQUEST_BATCHES_MAX, Request, SyncBlock, WireProposal, WireVote};
use crate::pool::{Candidate, Pool};
use crate::safety::{Safety, SignState};
use crate::sync::Sync;
use crate::timers::{Timer, Timers};
use crate::types::{Batch, CommitWrite, Evidence, Executed, StoredBlock};
use crate::wal::WalEntry;
use crate::{commit, safety};

/// Messages of the next height are kept up to this round.
const FUTURE_ROUNDS_MAX: u32 = 3;
/// How often to look for what is missing.
const HOUSEKEEPING_MS: u64 = 50;
/// How often to say one's height when nothing happens.
const STATUS_MS: u64 = 1_000;
/// How long a pushed batch or proposal may be on its way before it is asked for.
const GRACE_MS: u64 = 100;
const AGAIN_MS: u64 = 500;
/// However many rounds a height takes, no timeout grows beyond this.
const TIMEOUT_MS_MAX: u64 = 30_000;
/// How many results to keep: those a header may attest, with room to spare.
const RESULTS_KEPT: usize = 32;

/// The time a step happens at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Now {
    /// Milliseconds since the Unix epoch; may jump.
    pub wall_ms: u64,
    /// Milliseconds since some start; never goes back.
    pub mono_ms: u64,
}

#[allow(clippy::large_enum_variant, reason = "short-lived, and few at a time")]
#[derive(Clone, Debug)]
pub enum Input {
    /// Transactions from clients of this node. Answered by [`Effect::Answer`].
    Submit {
        ticket: u64,
        txs: Vec<Candidate>,
    },
    /// A batch from a peer, pushed or fetched, its transactions verified.
    Batch {
        from: PublicKey,
        digest: Hash,
        bytes: Arc<Vec<u8>>,
        author: PublicKey,
        txs: Vec<VerifiedTx>,
    },
    /// A message on the consensus lane.
    Message {
        from: PublicKey,
        message: Message,
    },
    PeerUp(PublicKey),
    PeerDown(PublicKey),
    /// Blocks that were asked for; none when the peer failed to answer.
    Blocks {
        from: PublicKey,
        blocks: Option<Vec<SyncBlock>>,
    },
    /// [`Replica::next_deadline`] has come.
    Tick,
}

#[derive(Clone, Debug)]
pub enum Effect {
    // Persistent, performed in order and first.
    /// Append a record to the write-ahead log of the current height.
    Wal(Vec<u8>),
    /// Begin the log of another height; what the old one held may be forgotten.
    WalReset {
        height: u64,
    },
    SignState(Vec<u8>),
    StoreBatch {
        digest: Hash,
        bytes: Arc<Vec<u8>>,
    },
    RemoveBatches(Vec<Hash>),
    Commit(Box<CommitWrite>),
    // Sent once those are durable.
    Broadcast(Message),
    Send {
        to: PublicKey,
        message: Message,
    },
    /// Push a batch to every validator on the batch lane.
    PushBatch {
        bytes: Arc<Vec<u8>>,
    },
    Request {
        to: PublicKey,
        request: Request,
    },
    /// For each transaction of a submission, in order.
    Answer {
        ticket: u64,
        answers: Vec<Admission>,
    },
    /// Something an operator should know.
    Notice(Notice),
    /// Stop now and show this report; going on could be wrong.
    Halt(String),
}

impl Effect {
    pub const fn is_persistent(&self) -> bool {
        matches!(
            self,
            Self::Wal(_)
                | Self::WalReset { .. }
                | Self::SignState(_)
                | Self::StoreBatch { .. }
                | Self::RemoveBatches(_)
                | Self::Commit(_)
        )
    }
}

/// What became of a submitted transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Admission {
    Admitted,
    /// It waits here already.
    Known,
    Refused(Code),
    /// The pool is full.
    Busy,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Notice {
    /// A round above zero began: who did not precommit in the one before.
    Round {
        height: u64,
        round: u32,
        missing: Vec<String>,
    },
    Refused(safety::Refusal),
    InvalidProposal {
        height: u64,
        round: u32,
        proposer: PublicKey,
        why: &'static str,
    },
    BadPeer {
        peer: PublicKey,
        why: String,
    },
    /// Duplicates, expired ones and the like: in the block's batches, but without a trace.
    LeftOut {
        height: u64,
        transactions: usize,
    },
    CaughtUp {
        height: u64,
        blocks: u64,
    },
}

/// What a validator finds on its disk when it starts.
pub struct Recovered {
    pub state: State,
    /// Results of the newest blocks, oldest first; at least the genesis result.
    pub results: Vec<Executed>,
    /// The newest block; none at genesis.
    pub block: Option<StoredBlock>,
    pub sign_state: Option<SignState>,
    /// Height and records of the write-ahead log.
    pub wal: (u64, Vec<WalEntry>),
    /// Encoded batches not yet committed.
    pub batches: Vec<Vec<u8>>,
}

/// A proposal of the current height.
struct Proposed {
    wire: WireProposal,
    value: BlockValue,
    /// Whether consensus has been told.
    judged: bool,
}

pub struct Replica {
    config: Config,
    chain_id: u32,
    key: PublicKey,
    committee: Committee,
    state: State,
    tip: Tip,
    block: Option<StoredBlock>,
    host: Host,
    /// Whether the core works on the height after the tip.
    started: bool,
    /// When the tip was committed.
    committed_at: u64,
    /// The newest height whose results someone may wait to see attested.
    newest_results: u64,
    pool: Pool,
    batches: Batches,
    proposals: Vec<Proposed>,
    /// Blocks that votes name and no proposal has shown, with a voter and when it was seen.
    unseen: BTreeMap<Hash, (PublicKey, u32, u64)>,
    future_votes: BTreeMap<(PublicKey, u32, bool), WireVote>,
    future_proposals: BTreeMap<u32, WireProposal>,
    sync: Sync,
    status_at: u64,
    timers: Timers,
    /// Proposals wait to be judged at the end of this step.
    judge_now: bool,
    /// Evidence to be stored with the next block.
    evidence: Vec<Evidence>,
    outs: VecDeque<Out>,
    effects: Vec<Effect>,
}

impl Replica {
    /// A validator as its disk has it: its waiting batches, and the write-ahead log of the height
    /// it was in, played back. Performs no step of its own; the effects are the first to perform.
    ///
    /// An error says why what the disk holds cannot be gone on from.
    pub fn open(
        config: Config,
        genesis: Hash,
        chain_id: u32,
        key: SecretKey,
        recovered: Recovered,
        now: Now,
    ) -> Result<(Self, Vec<Effect>), String> {
        let Recovered { state, results, block, sign_state, wal, batches } = recovered;
        let committee = state.committee().clone();
        let public = key.public();
        let tip = tip_of(genesis, results, block.as_ref())?;
        if tip.newest().is_some_and(|newest| newest.state_root != state.root()) {
            return Err(format!(
                "the stored state has root {}, but block {} gave another",
                state.root(),
                tip.height
            ));
        }
        let holds_results = block.as_ref().is_some_and(|block| !block.payload.batches.is_empty());
        let newest_results = if holds_results { tip.height } else { 0 };
        let mut replica = Self {
            host: Host::new(genesis, key, committee.clone(), Safety::new(sign_state)),
            pool: Pool::new(public, now.wall_ms << 20),
            config,
            chain_id,
            key: public,
            committee,
            state,
            tip,
            block,
            started: false,
            committed_at: now.mono_ms,
            newest_results,
            batches: Batches::default(),
            proposals: Vec::new(),
            unseen: BTreeMap::new(),
            future_votes: BTreeMap::new(),
            future_proposals: BTreeMap::new(),
            sync: Sync::default(),
            status_at: now.mono_ms,
            timers: Timers::default(),
            judge_now: false,
            evidence: Vec::new(),
            outs: VecDeque::new(),
            effects: Vec::new(),
        };
        for bytes in batches {
            replica.restore_batch(&bytes);
        }
        replica.play_back(wal, sign_state);
        replica.timers.set(Timer::Housekeeping, now.mono_ms);
        let effects = replica.finish(now);
        Ok((replica, effects))
    }

    fn play_back(&mut self, wal: (u64, Vec<WalEntry>), sign_state: Option<SignState>) {
        let height = self.tip.height + 1;
        let (wal_height, entries) = wal;
        let signed = sign_state.map_or(0, |state| state.height);
        let log_is_here = wal_height == height && !entries.is_empty();
        if signed.max(wal_height) > height || (signed == height && !log_is_here) {
            // The memory of those heights is gone: a lock may be forgotten.
            self.host.safety_mut().mute_through(signed.max(wal_height));
        }
        if !log_is_here {
            return self.effects.push(Effect::WalReset { height });
        }
        self.started = true;
        self.note_proposals(&entries);
        let outs = self.host.recover(height, &self.committee, entries);
        self.absorb(outs);
    }

    /// Handles one input; see the crate's contract for how the effects must be performed.
    pub fn step(&mut self, now: Now, input: Input) -> Vec<Effect> {
        match input {
            Input::Submit { ticket, txs } => self.on_submit(ticket, txs, now),
            Input::Batch { from, digest, bytes, author, txs } => {
                self.on_batch(from, digest, bytes, author, txs);
            }
            Input::Message { from, message } => self.on_message(from, message, now),
            Input::PeerUp(peer) => self.on_peer_up(peer),
            Input::PeerDown(peer) => self.sync.gone(&peer),
            Input::Blocks { from, blocks } => self.on_blocks(from, blocks, now),
            Input::Tick => self.on_tick(now),
        }
        self.finish(now)
    }

    /// When [`Input::Tick`] is due, on the monotonic clock.
    pub fn next_deadline(&self) -> Option<u64> {
        self.timers.next_deadline()
    }

    // ---- Inputs ----

    fn on_submit(&mut self, ticket: u64, txs: Vec<Candidate>, now: Now) {
        let context = self.admission_context(now);
        let answers = txs.into_iter().map(|candidate| self.admit(candidate, &context)).collect();
        self.effects.push(Effect::Answer { ticket, answers });
        self.seal_if_due(now);
    }

    fn admit(&mut self, candidate: Candidate, context: &BlockContext) -> Admission {
        if self.pool.pending(&candidate.tx.id()).is_some() {
            return Admission::Known;
        }
        let tx = candidate.tx.tx();
        if let Err(code) = admission::check(&self.state, context, tx) {
            return Admission::Refused(code);
        }
        // A full pool keeps its last tenth for the operations that protect.
        let room = self.config.pool_txs_max - self.config.pool_txs_max / 10;
        let limit = if admission::is_lane0(tx) { self.config.pool_txs_max } else { room };
        if self.pool.len() >= limit {
            return Admission::Busy;
        }
        self.pool.add(candidate);
        Admission::Admitted
    }

    fn on_batch(
        &mut self,
        from: PublicKey,
        digest: Hash,
        bytes: Arc<Vec<u8>>,
        author: PublicKey,
        txs: Vec<VerifiedTx>,
    ) {
        let wanted = self.batches.is_wanted(&digest);
        // One that was committed may be named again, and is needed again then.
        if self.batches.contains(&digest) || (self.batches.is_known(&digest) && !wanted) {
            return;
        }
        let full = self.batches.bytes_of(&author).saturating_add(bytes.len())
            > self.config.author_bytes_max;
        if full && !wanted {
            let why = format!("batches of {author} over the limit of waiting bytes");
            self.effects.push(Effect::Notice(Notice::BadPeer { peer: from, why }));
            return;
        }
        let held = held(author, txs, bytes.len());
        self.hold(digest, &bytes, held);
        self.judge_proposals();
    }

    fn on_message(&mut self, from: PublicKey, message: Message, now: Now) {
        match message {
            Message::Vote(vote) => self.on_vote(from, vote, now),
            Message::Proposal(proposal) => self.on_proposal(from, proposal, now),
            Message::Polka(polka) => {
                if polka.height == self.tip.height + 1 && self.started {
                    let outs = self.host.polka(&polka);
                    self.absorb(outs);
                }
            }
            Message::Round(round) => {
                if round.height == self.tip.height + 1 {
                    self.start_if_not(now);
                    let outs = self.host.round_certificate(&round);
                    self.absorb(outs);
                }
            }
            Message::Status { height } => self.sync.claim(from, height),
            Message::WantProposal { height, round, block } => {
                self.on_want_proposal(from, height, round, block);
            }
        }
    }

    fn on_vote(&mut self, from: PublicKey, vote: WireVote, now: Now) {
        if vote.validator != from || self.committee.get(&from).is_none() {
            return self.bad_peer(from, "sent a vote that is not its own");
        }
        let height = self.tip.height + 1;
        let at = vote.vote.height;
        if at > height {
            self.sync.claim(from, at - 1);
        }
        if at == height + 1 && vote.vote.round <= FUTURE_ROUNDS_MAX {
            return self.keep_future_vote(vote);
        }
        if at != height {
            return;
        }
        self.start_if_not(now);
        self.note_unseen(&vote, now);
        let outs = self.host.vote(&vote);
        self.absorb(outs);
    }

    fn keep_future_vote(&mut self, vote: WireVote) {
        let precommit = vote.vote.kind == ballast_primitives::VoteKind::Precommit;
        let place = (vote.validator, vote.vote.round, precommit);
        if !self.future_votes.contains_key(&place) && self.host.vote_is_genuine(&vote) {
            self.future_votes.insert(place, vote);
        }
    }

    fn on_proposal(&mut self, from: PublicKey, proposal: WireProposal, now: Now) {
        let height = self.tip.height + 1;
        let at = proposal.header.height;
        if at > height {
            self.sync.claim(from, at - 1);
        }
        if at < height || at > height + 1 {
            return;
        }
        if !self.host.proposal_is_genuine(&proposal) {
            return self.bad_peer(from, "sent a proposal that is not of its proposer");
        }
        if at == height + 1 {
            if proposal.round <= FUTURE_ROUNDS_MAX {
                self.future_proposals.entry(proposal.round).or_insert(proposal);
            }
            return;
        }
        self.start_if_not(now);
        self.take_proposal(proposal);
    }

    fn on_want_proposal(&mut self, from: PublicKey, height: u64, round: u32, block: Hash) {
        if height <= self.tip.height {
            let status = Message::Status { height: self.tip.height };
            self.effects.push(Effect::Send { to: from, message: status });
        } else if height == self.tip.height + 1 {
            let matching = self.proposals.iter().filter(|p| p.value.id() == block);
            // The very round first: an earlier proposal of the block serves as well.
            let wire = matching.min_by_key(|p| p.wire.round.abs_diff(round)).map(|p| &p.wire);
            self.effects.extend(
                wire.map(|w| Effect::Send { to: from, message: Message::Proposal(w.clone()) }),
            );
        }
    }

    fn on_peer_up(&mut self, peer: PublicKey) {
        let mut messages = vec![Message::Status { height: self.tip.height }];
        if self.started {
            let round = self.host.round();
            let of_round = self.proposals.iter().filter(|p| p.wire.round == round);
            messages.extend(of_round.map(|p| Message::Proposal(p.wire.clone())));
            messages.extend(self.host.own_votes().into_iter().map(Message::Vote));
        }
        self.effects.extend(messages.into_iter().map(|message| Effect::Send { to: peer, message }));
    }

    fn on_blocks(&mut self, from: PublicKey, blocks: Option<Vec<SyncBlock>>, now: Now) {
        let answered = blocks.is_some();
        let mut adopted = 0;
        for block in blocks.unwrap_or_default() {
            if block.block.header.height <= self.tip.height {
                continue;
            }
            if let Err(why) = self.adopt(block, now) {
                self.bad_peer(from, &why);
                self.sync.answered(&from, false);
                return;
            }
            adopted += 1;
        }
        self.sync.answered(&from, answered && adopted > 0);
        if adopted > 0 {
            let height = self.tip.height;
            self.effects.push(Effect::Notice(Notice::CaughtUp { height, blocks: adopted }));
            self.ask_for_blocks(now);
        }
    }

    fn on_tick(&mut self, now: Now) {
        while let Some(timer) = self.timers.take_due(now.mono_ms) {
            match timer {
                Timer::Start => {}
                Timer::Seal => self.seal(),
                Timer::Recheck => self.judge_proposals(),
                Timer::Housekeeping => self.housekeeping(now),
                consensus => {
                    if let Some(timeout) = consensus.timeout() {
                        let outs = self.host.timeout(timeout);
                        self.absorb(outs);
                        self.drain(now);
                    }
                }
            }
        }
    }

    fn housekeeping(&mut self, now: Now) {
        self.timers.set(Timer::Housekeeping, now.mono_ms + HOUSEKEEPING_MS);
        if now.mono_ms >= self.status_at + STATUS_MS {
            self.say_status(now);
        }
        self.ask_for_blocks(now);
        self.ask_for_batches(now);
        self.ask_for_proposals(now);
    }

    // ---- Consensus ----

    /// Ends every step: acts on what the core asked for until it asks for nothing more, then
    /// starts the next height if it is time to.
    fn finish(&mut self, now: Now) -> Vec<Effect> {
        self.drain(now);
        self.start_if_due(now);
        self.drain(now);
        self.recheck_proposals(now);
        self.drain(now);
        std::mem::take(&mut self.effects)
    }

    fn absorb(&mut self, outs: Result<Vec<Out>, HostError>) {
        match outs {
            Ok(outs) => self.outs.extend(outs),
            Err(error) => self.effects.push(Effect::Halt(error.to_string())),
        }
    }

    fn drain(&mut self, now: Now) {
        while let Some(out) = self.outs.pop_front() {
            match out {
                Out::Wal(record) => self.effects.push(Effect::Wal(record)),
                Out::SignState(state) => self.effects.push(Effect::SignState(state.encode())),
                Out::Broadcast(message) => self.broadcast(message),
                Out::GetValue { height, round } => self.propose(height, round, now),
                Out::Schedule(timeout) => self.schedule(timeout, now),
                Out::Cancel(timeout) => {
                    if let Some(timer) = Timer::from_timeout(timeout) {
                        self.timers.cancel(timer);
                    }
                }
                Out::CancelAll => self.timers.cancel_consensus(),
                Out::RoundStarted { round, .. } => self.on_round(round),
                Out::Evidence(evidence) => self.evidence.extend(evidence),
                Out::Refused(refusal) => {
                    self.effects.push(Effect::Notice(Notice::Refused(refusal)));
                }
                Out::Decided { value, certificate } => {
                    // What the core still asked for belongs to the height that is over.
                    self.outs.clear();
                    match self.held_of(&value) {
                        Some(held) => self.commit(&value, &held, certificate, now),
                        None => self.halt("consensus decided a block whose batches are not here"),
                    }
                }
            }
        }
    }

    fn broadcast(&mut self, message: Message) {
        if let Message::Proposal(wire) = &message {
            self.note_proposal(wire.clone(), true);
        }
        self.effects.push(Effect::Broadcast(message));
    }

    fn on_round(&mut self, round: u32) {
        let height = self.tip.height + 1;
        if round > 0 {
            let missing = self.host.missing_precommits(round - 1);
            self.effects.push(Effect::Notice(Notice::Round { height, round, missing }));
        }
    }

    fn schedule(&mut self, timeout: arc_malachitebft_core_types::Timeout, now: Now) {
        let Some(timer) = Timer::from_timeout(timeout) else { return };
        let config = &self.config;
        let (base, round) = match timer {
            Timer::Propose(round) => (config.propose_timeout_ms, round),
            Timer::Prevote(round) => (config.prevote_timeout_ms, round),
            Timer::Precommit(round) => (config.precommit_timeout_ms, round),
            _ => (config.rebroadcast_ms, 0),
        };
        let grown = base.saturating_add(config.timeout_step_ms.saturating_mul(u64::from(round)));
        self.timers.set(timer, now.mono_ms + grown.min(base.max(TIMEOUT_MS_MAX)));
    }

    fn propose(&mut self, height: u64, round: u32, now: Now) {
        let ours = |p: &Proposed| p.wire.round == round && p.wire.proposer == self.key;
        if height != self.tip.height + 1 || self.proposals.iter().any(ours) {
            return;
        }
        self.seal();
        let first = height.wrapping_add(u64::from(round));
        let batches = self.batches.choose(
            first,
            ballast_primitives::block::BATCHES_MAX,
            self.config.block_txs_max,
        );
        let value = block::build(&self.tip, &self.committee, self.key, now.wall_ms, batches);
        if let Some(value) = value {
            let outs = self.host.propose(round, value);
            self.absorb(outs);
        }
    }

    /// Starts the next height when there is something to order or to attest, or when it is time
    /// for a heartbeat; otherwise sets a timer for when that may be.
    fn start_if_due(&mut self, now: Now) {
        if self.started {
            return;
        }
        let unattested = self.newest_results > self.tip.attested || self.tip.height == 0;
        let wait = match unattested || !self.batches.is_empty() {
            true => self.config.block_interval_ms,
            false => self.config.heartbeat_ms,
        };
        let due = self.committed_at + wait;
        match now.mono_ms >= due {
            true => self.start_if_not(now),
            false => self.timers.set(Timer::Start, due),
        }
    }

    fn start_if_not(&mut self, now: Now) {
        if self.started {
            return;
        }
        self.started = true;
        self.timers.cancel(Timer::Start);
        let height = self.tip.height + 1;
        let outs = self.host.start(height, &self.committee);
        self.absorb(outs);
        self.drain(now);
        for proposal in std::mem::take(&mut self.future_proposals).into_values() {
            if proposal.header.height == self.tip.height + 1 {
                self.take_proposal(proposal);
            }
        }
        for vote in std::mem::take(&mut self.future_votes).into_values() {
            if vote.vote.height == self.tip.height + 1 {
                self.note_unseen(&vote, now);
                let outs = self.host.vote(&vote);
                self.absorb(outs);
            }
        }
    }

    /// A genuine proposal of the current height.
    fn take_proposal(&mut self, proposal: WireProposal) {
        self.note_proposal(proposal.clone(), false);
        let outs = self.host.proposal(proposal);
        self.absorb(outs);
        self.judge_proposals();
    }

    fn note_proposal(&mut self, wire: WireProposal, judged: bool) {
        // The core keeps two per round; there is no use for more.
        let of_round = self.proposals.iter().filter(|p| p.wire.round == wire.round);
        let known = self
            .proposals
            .iter()
            .any(|p| p.wire.round == wire.round && p.wire.signature == wire.signature);
        if known || of_round.count() >= 2 {
            return;
        }
        let value = BlockValue::new(wire.header.clone(), wire.payload.clone());
        self.unseen.remove(&value.id());
        let judged = judged || self.proposals.iter().any(|p| p.judged && p.value == value);
        self.proposals.push(Proposed { wire, value, judged });
    }

    /// After a restart: proposals and verdicts that the log holds.
    fn note_proposals(&mut self, entries: &[WalEntry]) {
        for entry in entries {
            if let WalEntry::Proposal(wire) = entry {
                self.note_proposal(wire.clone(), false);
            }
        }
        for entry in entries {
            if let WalEntry::ProposedValue { header, .. } = entry {
                let id = header.id();
                let same = self.proposals.iter_mut().filter(|p| p.value.id() == id);
                same.for_each(|p| p.judged = true);
            }
        }
    }

    /// Marks that waiting proposals should be judged at the end of this step.
    const fn judge_proposals(&mut self) {
        self.judge_now = true;
    }

    fn recheck_proposals(&mut self, now: Now) {
        if !std::mem::take(&mut self.judge_now) {
            return;
        }
        for at in 0..self.proposals.len() {
            let Some(proposed) = self.proposals.get(at).filter(|p| !p.judged) else { continue };
            let (value, round) = (proposed.value.clone(), proposed.wire.round);
            let proposer = proposed.wire.proposer;
            let verdict =
                block::judge(&self.tip, &self.committee, now.wall_ms, &self.batches, &value);
            let valid = match verdict {
                Verdict::Valid => true,
                Verdict::Invalid(why) => {
                    let height = self.tip.height + 1;
                    let notice = Notice::InvalidProposal { height, round, proposer, why };
                    self.effects.push(Effect::Notice(notice));
                    false
                }
                Verdict::Missing(digests) => {
                    digests.into_iter().for_each(|digest| self.batches.want(digest, now.mono_ms));
                    continue;
                }
                Verdict::Early { at } => {
                    let wait = at.saturating_sub(now.wall_ms).max(1);
                    self.timers.set(Timer::Recheck, now.mono_ms + wait);
                    continue;
                }
            };
            let same = self.proposals.iter_mut().filter(|p| p.value == value);
            same.for_each(|p| p.judged = true);
            let outs = self.host.verdict(value, round, proposer, valid);
            self.absorb(outs);
            self.drain(now);
        }
    }

    fn note_unseen(&mut self, vote: &WireVote, now: Now) {
        let Some(block) = vote.vote.block else { return };
        let seen = self.proposals.iter().any(|p| p.value.id() == block);
        // At most one entry for each validator's votes of a round.
        if !seen && self.unseen.len() < 4 * self.committee.len() {
            self.unseen.entry(block).or_insert((vote.validator, vote.vote.round, now.mono_ms));
        }
    }

    // ---- Commit ----

    fn held_of(&self, value: &BlockValue) -> Option<Vec<Held>> {
        value.payload().batches.iter().map(|digest| self.batches.get(digest).cloned()).collect()
    }

    /// Executes and stores a block that a quorum committed. After this point it must succeed.
    fn commit(
        &mut self,
        value: &BlockValue,
        held: &[Held],
        certificate: ballast_primitives::CommitCertificate,
        now: Now,
    ) {
        if let Err(why) = block::check_header(&self.tip, &self.committee, value.header()) {
            return self.halt(&format!(
                "block {} was committed by a quorum, but here: {why}; ours: {:?}; header: {:?}",
                value.header().height,
                self.tip.result(value.header().executed_height),
                value.header(),
            ));
        }
        let evidence = std::mem::take(&mut self.evidence);
        let written = commit::execute(
            &mut self.state,
            &self.tip,
            self.chain_id,
            value,
            held,
            certificate,
            evidence,
        );
        let (write, left_out) = match written {
            Ok(written) => written,
            Err(report) => return self.halt(&report),
        };
        if left_out > 0 {
            let height = value.header().height;
            self.effects.push(Effect::Notice(Notice::LeftOut { height, transactions: left_out }));
        }
        for digest in &value.payload().batches {
            self.batches.commit(digest);
        }
        for batch in held {
            let ids: Vec<_> = batch.txs.iter().map(VerifiedTx::id).collect();
            self.pool.forget(&ids);
        }
        self.advance(value, write.executed, now);
        self.block = Some(write.block.clone());
        self.effects.push(Effect::Commit(Box::new(write)));
        self.effects.push(Effect::WalReset { height: self.tip.height + 1 });
        self.drop_expired();
    }

    /// Moves the tip onto `value` and forgets what belonged to its height.
    fn advance(&mut self, value: &BlockValue, executed: Executed, now: Now) {
        let header = value.header();
        self.tip.height = header.height;
        self.tip.id = value.id();
        self.tip.time = header.time;
        self.tip.attested = header.executed_height;
        self.tip.results.push_back(executed);
        while self.tip.results.len() > RESULTS_KEPT {
            self.tip.results.pop_front();
        }
        if !value.payload().batches.is_empty() {
            self.newest_results = header.height;
        }
        self.committee = self.state.committee().clone();
        self.started = false;
        self.committed_at = now.mono_ms;
        self.proposals.clear();
        self.unseen.clear();
        self.batches.stop_wanting();
        self.timers.cancel_consensus();
        self.timers.cancel(Timer::Recheck);
        self.sync.progressed();
    }

    fn drop_expired(&mut self) {
        let expired = self.batches.expired(self.tip.time);
        if expired.is_empty() {
            return;
        }
        for digest in &expired {
            if let Some(held) = self.batches.remove(digest) {
                let ids: Vec<_> = held.txs.iter().map(VerifiedTx::id).collect();
                self.pool.forget(&ids);
            }
        }
        self.effects.push(Effect::RemoveBatches(expired));
    }

    /// Adopts a block that others committed while this validator was away. Its transactions'
    /// signatures were verified by every validator that voted for it, so a quorum stands for
    /// them.
    fn adopt(&mut self, block: SyncBlock, now: Now) -> Result<(), String> {
        let SyncBlock { block, batches } = block;
        let height = self.tip.height + 1;
        if block.header.height != height {
            return Err(format!("sent block {} instead of {height}", block.header.height));
        }
        if block.certificate.height != height || block.certificate.block != block.header.id() {
            return Err("sent a certificate for another block".to_owned());
        }
        block
            .certificate
            .verify(&self.tip.genesis, &self.committee)
            .map_err(|error| format!("sent a bad certificate: {error}"))?;
        block::check_payload(&block.header, &block.payload)?;
        if batches.len() != block.payload.batches.len() {
            return Err("sent a block without all its batches".to_owned());
        }
        let mut held = Vec::with_capacity(batches.len());
        for (bytes, digest) in batches.into_iter().zip(&block.payload.batches) {
            if Batch::digest_of_bytes(&bytes) != *digest {
                return Err("sent a batch that the block does not name".to_owned());
            }
            held.push(decode_certified_batch(&bytes)?);
            if !self.batches.contains(digest) {
                let bytes = Arc::new(bytes);
                self.effects.push(Effect::StoreBatch { digest: *digest, bytes });
            }
        }
        if self.started {
            self.evidence.extend(self.host.take_evidence());
            self.outs.clear();
        }
        let value = BlockValue::new(block.header, block.payload);
        self.commit(&value, &held, block.certificate, now);
        Ok(())
    }

    // ---- Batches ----

    fn seal_if_due(&mut self, now: Now) {
        if self.pool.open_is_empty() {
            return;
        }
        if self.pool.should_seal(self.config.batch_bytes) {
            self.seal();
        } else {
            self.timers.set_if_unset(Timer::Seal, now.mono_ms + self.config.batch_delay_ms);
        }
    }

    /// Packs what was admitted into a batch, stores it and pushes it to everyone.
    fn seal(&mut self) {
        self.timers.cancel(Timer::Seal);
        if let Some(sealed) = self.pool.seal() {
            self.hold(sealed.digest, &sealed.bytes, sealed.held);
            self.effects.push(Effect::PushBatch { bytes: sealed.bytes });
        }
    }

    fn hold(&mut self, digest: Hash, bytes: &Arc<Vec<u8>>, held: Held) {
        for tx in held.txs.iter() {
            self.pool.note(tx.id(), tx.tx().body.valid_until);
        }
        self.effects.push(Effect::StoreBatch { digest, bytes: Arc::clone(bytes) });
        self.batches.insert(digest, held);
    }

    fn restore_batch(&mut self, bytes: &[u8]) {
        let digest = Batch::digest_of_bytes(bytes);
        // It was verified before it was stored.
        if let Ok(held) = decode_certified_batch(bytes) {
            for tx in held.txs.iter() {
                self.pool.note(tx.id(), tx.tx().body.valid_until);
            }
            self.batches.insert(digest, held);
        }
    }

    // ---- What is missing ----

    fn ask_for_blocks(&mut self, now: Now) {
        if let Some(to) = self.sync.ask(self.tip.height, now.mono_ms) {
            let request = Request::Blocks { from: self.tip.height + 1 };
            self.effects.push(Effect::Request { to, request });
        }
    }

    fn ask_for_batches(&mut self, now: Now) {
        if !self.batches.has_wanted() {
            return;
        }
        let due = self.batches.to_request(now.mono_ms, GRACE_MS, AGAIN_MS);
        let proposer = self.proposals.iter().find(|p| !p.judged).map(|p| p.wire.proposer);
        let others: Vec<_> =
            self.committee.validators().iter().map(|v| v.key).filter(|k| *k != self.key).collect();
        let mut by_peer: BTreeMap<PublicKey, Vec<Hash>> = BTreeMap::new();
        for (digest, times) in due {
            // First the one who proposed it, then everyone else in turn.
            let turn = others.get(times as usize % others.len().max(1)).copied();
            let peer = proposer.filter(|p| times == 0 && *p != self.key).or(turn);
            if let Some(peer) = peer {
                by_peer.entry(peer).or_default().push(digest);
            }
        }
        for (to, digests) in by_peer {
            for digests in digests.chunks(REQUEST_BATCHES_MAX) {
                let request = Request::Batches { digests: digests.to_vec() };
                self.effects.push(Effect::Request { to, request });
            }
        }
    }

    fn ask_for_proposals(&mut self, now: Now) {
        let height = self.tip.height + 1;
        for (block, (voter, round, seen)) in &mut self.unseen {
            if now.mono_ms >= *seen + GRACE_MS {
                *seen = now.mono_ms + AGAIN_MS - GRACE_MS;
                let message = Message::WantProposal { height, round: *round, block: *block };
                self.effects.push(Effect::Send { to: *voter, message });
            }
        }
    }

    fn say_status(&mut self, now: Now) {
        self.status_at = now.mono_ms;
        self.effects.push(Effect::Broadcast(Message::Status { height: self.tip.height }));
    }

    fn bad_peer(&mut self, peer: PublicKey, why: &str) {
        self.effects.push(Effect::Notice(Notice::BadPeer { peer, why: why.to_owned() }));
    }

    fn halt(&mut self, report: &str) {
        self.effects.push(Effect::Halt(report.to_owned()));
    }

    // ---- Reading ----

    /// The newest committed height.
    pub const fn height(&self) -> u64 {
        self.tip.height
    }

    pub const fn tip(&self) -> &Tip {
        &self.tip
    }

    pub fn round(&self) -> u32 {
        if self.started { self.host.round() } else { 0 }
    }

    pub const fn state(&self) -> &State {
        &self.state
    }

    /// Transactions waiting here.
    pub const fn pool(&self) -> &Pool {
        &self.pool
    }

    /// This validator's consensus key.
    pub const fn key(&self) -> PublicKey {
        self.key
    }

    /// Bytes of the batches waiting here.
    pub fn bytes_waiting(&self) -> usize {
        self.batches.bytes()
    }

    /// The height through which this validator must not vote; 0 when it may.
    pub const fn muted_through(&self) -> u64 {
        self.host.safety().muted_through()
    }

    pub fn is_validator(&self) -> bool {
        self.committee.get(&self.key).is_some()
    }

    /// How many heights the best peer claims to be ahead.
    pub fn lag(&self) -> u64 {
        self.sync.best().saturating_sub(self.tip.height)
    }

    /// The leaf and path of an object in the newest state, and the root they lead to. The newest
    /// block may attest that root already; else a later one will.
    pub fn prove(&self, key: &Key) -> Option<(Vec<u8>, Path, Hash)> {
        let (leaf, path) = self.state.prove(key)?;
        Some((leaf, path, self.state.root()))
    }

    pub const fn newest_block(&self) -> Option<&StoredBlock> {
        self.block.as_ref()
    }

    /// Against what a transaction submitted now is checked.
    pub fn admission_context(&self, now: Now) -> BlockContext {
        BlockContext {
            genesis: self.tip.genesis,
            chain_id: self.chain_id,
            height: self.tip.height + 1,
            time: now.wall_ms.max(self.tip.time + 1),
        }
    }
}

fn tip_of(
    genesis: Hash,
    results: Vec<Executed>,
    block: Option<&StoredBlock>,
) -> Result<Tip, String> {
    let results = VecDeque::from(results);
    let newest = results.back().ok_or("the store holds no executed state")?;
    let (height, id, time, attested) = block.map_or((0, genesis, newest.time, 0), |block| {
        let header = &block.header;
        (header.height, header.id(), header.time, header.executed_height)
    });
    if newest.height != height {
        return Err(format!("the store has block {height}, but results of {}", newest.height));
    }
    Ok(Tip { genesis, height, id, time, attested, results })
}

fn held(author: PublicKey, txs: Vec<VerifiedTx>, bytes: usize) -> Held {
    Held {
        author,
        expires: txs.iter().map(|tx| tx.tx().body.valid_until).max().unwrap_or(0),
        protective: txs.iter().any(|tx| admission::is_lane0(tx.tx())),
        txs: Arc::new(txs),
        bytes,
    }
}

/// Decodes a batch whose signatures others vouch for: a quorum, or this validator before it
/// restarted.
fn decode_certified_batch(bytes: &[u8]) -> Result<Held, String> {
    let batch = Batch::decode(bytes).map_err(|error| format!("sent a bad batch: {error}"))?;
    let mut txs = Vec::with_capacity(batch.txs.len());
    for tx in &batch.txs {
        let tx = SignedTx::decode(tx).map_err(|error| format!("sent a bad batch: {error}"))?;
        let id = tx.body.id();
        txs.push(VerifiedTx::assume_verified(tx, id));
    }
    Ok(held(batch.author, txs, bytes.len()))
}
