//! The loop: one input in, effects out. Here are its types and its two doors, [`Replica::open`]
//! and [`Replica::step`]; what happens behind them is in the files beside.

mod batching;
mod catchup;
mod chain;
mod consensus;
mod evidence;
mod history;
mod inputs;
mod judging;
mod missing;
mod reading;
mod returns;
mod rounds;
mod versions;

pub use reading::{CatchingUp, Usage};
pub use rounds::Failure;
pub use versions::Program;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use ballast_primitives::merkle::Path;
use ballast_primitives::override_record::SignedOverride;
use ballast_primitives::planted::{Bug, planted};
use ballast_primitives::{
    BatchRef, CommitCertificate, Committee, Evidence, Hash, Header, Payload, PublicKey, Return,
    SecretKey, Validator,
};
use ballast_runtime::execute::BlockContext;
use ballast_runtime::object::Upgrade;
use ballast_runtime::simulate::{self, Simulated, Trial};
use ballast_runtime::tx::VerifiedTx;
use ballast_runtime::{Code, Key, Rulebook, Rules, State, admission};

use crate::batches::{Batches, Due, Held};
use crate::block::{self, Skew, Tip, Verdict};
use crate::clocks::Clocks;
use crate::conduct::Conduct;
use crate::config::Config;
use crate::context::BlockValue;
use crate::delays::Delays;
use crate::doubtful::Doubtful;
use crate::early::Early;
use crate::fetch::{End, Fault, Fetch, FetchFailure, Question};
use crate::host::{Host, HostError, Out};
use crate::message::{
    Message, REQUEST_BATCHES_MAX, Request, Response, WireProposal, WireRound, WireVote,
};
use crate::offence::Offence;
use crate::pace::Pace;
use crate::pool::{Candidate, Pool};
use crate::ration::Ration;
use crate::safety::{Memory, Safety, SignState};
use crate::sets::{self, Sets};
use crate::sync::Sync;
use crate::timers::{Timer, Timers};
use crate::types::{Batch, CommitWrite, Decision, Executed, StoredBlock, TxRecord};
use crate::unseen::Unseen;
use crate::wal::WalEntry;
use crate::{batches, commit, conduct, safety, unseen};

use self::history::{Inquiry, Unknown};

/// Messages of a height that has not begun are kept up to this round; votes of the next one as far as
/// [`ROUNDS_AHEAD_MAX`].
const EARLY_ROUNDS_MAX: u32 = 3;
/// How far ahead of its own round a validator looks: what is of a later one is not kept.
pub const ROUNDS_AHEAD_MAX: u32 = 10;
/// What one member alone says begins an idle height no sooner than this after the last block.
const IDLE_MS: u64 = 1_000;
/// Answers to [`Message::WantProposal`], for each peer: so many at once, and so many a second. An
/// honest one asks for a few blocks every [`AGAIN_MS`].
const ANSWERS_BURST: u64 = 16;
const ANSWERS_PER_SECOND: u64 = 8;
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
    /// The answer to [`Effect::Ask`]; none when the peer failed to give one.
    Answer {
        from: PublicKey,
        ticket: u64,
        response: Option<Response>,
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
    /// Ask for batches that proposals name. What comes is verified as what is pushed, and is an
    /// [`Input::Batch`].
    Request {
        to: PublicKey,
        request: Request,
    },
    /// Ask for what a quorum has committed. What comes is not verified before, and is an
    /// [`Input::Answer`] with this ticket.
    Ask {
        to: PublicKey,
        ticket: u64,
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

/// How much of its work a validator still does; whoever runs it sets this as resources run out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Duty {
    #[default]
    All,
    /// Takes no more transactions from clients, but for those that protect.
    NoAdmission,
    /// Signs nothing and takes nothing; it goes on following.
    Following,
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
    /// A round above zero began: who had the turn in the one before, why it failed as far as one
    /// can tell here, and who did not precommit.
    Round {
        height: u64,
        round: u32,
        proposer: PublicKey,
        failed: Failure,
        missing: Vec<String>,
    },
    Refused(safety::Refusal),
    /// At once, without waiting for others.
    VotedNil {
        height: u64,
        round: u32,
        proposer: PublicKey,
        why: Failure,
    },
    BadPeer {
        peer: PublicKey,
        offence: Offence,
        why: String,
    },
    /// Duplicates, expired ones and the like: in the block's batches, but without a trace.
    LeftOut {
        height: u64,
        /// Who packed them.
        author: PublicKey,
        transactions: u64,
        /// Of them, those that an honest author would not have packed.
        junk: u64,
    },
    CaughtUp {
        height: u64,
        blocks: u64,
    },
    /// The council scheduled another version of the rules, which this program has or lacks.
    UpgradeScheduled {
        version: u32,
        height: u64,
        code: Hash,
        known: bool,
    },
    /// The next height needs rules that this program lacks: it only serves what it has.
    Outdated {
        version: u32,
        height: u64,
        code: Hash,
    },
    /// A message of this validator's key, from before its start, that its sign-state does not know.
    HistoryUnknown {
        height: u64,
        round: u32,
    },
    /// Nothing of that time can matter any more.
    HistoryRegained {
        above: u64,
    },
    /// A new message of this validator's key that it did not send.
    KeyElsewhere {
        height: u64,
    },
    /// A block was not executed, on the word of a quorum of its validators.
    Overridden {
        height: u64,
        block: Hash,
    },
    /// An override that this validator was given does not hold for the block that was decided.
    OverrideRefused {
        height: u64,
        why: String,
    },
    /// A peer of whom decided blocks were asked answered badly, or not in time.
    FetchFailed(FetchFailure),
}

/// What a validator finds on its disk when it starts.
pub struct Recovered {
    pub state: State,
    /// Results of the newest blocks, oldest first; at least the genesis result.
    pub results: Vec<Executed>,
    /// The newest block; none at genesis.
    pub block: Option<StoredBlock>,
    /// Whether the block was stored beside this validator's sign-state.
    pub block_is_ours: bool,
    /// What the sign-state holds.
    pub memory: Memory,
    /// Height and records of the write-ahead log.
    pub wal: (u64, Vec<WalEntry>),
    /// Encoded batches not yet committed.
    pub batches: Vec<Vec<u8>>,
    /// Overrides for blocks to come, checked when they do.
    pub overrides: Vec<SignedOverride>,
    /// The newest evidence that is stored.
    pub evidence: Vec<Evidence>,
}

/// A proposal of the current height.
struct Proposed {
    wire: WireProposal,
    value: BlockValue,
    /// When it came, on the wall clock.
    came: u64,
    /// Whether the core has it: not before its round began.
    given: bool,
    /// Whether the round in which its block's parent was decided is shown.
    shown: bool,
    /// Whether the core has been told if its block is valid.
    judged: bool,
    /// What speaks against it, if anything does.
    doubt: Option<Failure>,
    /// Batches that it waits for.
    missing: BTreeSet<Hash>,
}

pub struct Replica {
    config: Config,
    chain_id: u32,
    key: PublicKey,
    state: State,
    /// The validator sets of the height after the tip and of the next.
    sets: Sets,
    tip: Tip,
    block: Option<StoredBlock>,
    host: Host,
    /// Whether the core works on the height after the tip.
    started: bool,
    /// When the tip was committed.
    committed_at: u64,
    pace: Pace,
    delays: Delays,
    /// The round under way; none before a height begins.
    turn: Option<rounds::Turn>,
    /// Validators whose connection was lost and has not come back.
    gone: BTreeSet<PublicKey>,
    clocks: Clocks,
    /// Who says that it is well again, for a block of ours.
    returns: BTreeMap<PublicKey, Return>,
    /// The newest height whose results someone may wait to see attested.
    newest_results: u64,
    pool: Pool,
    batches: Batches,
    proposals: Vec<Proposed>,
    /// The block of the current height, while its batches are missing.
    decided: Option<(BlockValue, CommitCertificate)>,
    /// Which of them to judge at the end of this step.
    to_judge: BTreeSet<usize>,
    /// How often a proposal was judged.
    judgements: u64,
    unseen: Unseen,
    early: Early,
    answers: Ration,
    doubtful: Doubtful,
    conduct: Conduct,
    sync: Sync,
    fetch: Fetch,
    /// Blocks adopted and not yet reported.
    adopted: u64,
    status_at: u64,
    timers: Timers,
    /// Evidence to be stored with the next block.
    evidence: Vec<Evidence>,
    /// Evidence that no block holds yet, for one of ours; one piece of each validator.
    unnamed: BTreeMap<PublicKey, Evidence>,
    overrides: Vec<SignedOverride>,
    duty: Duty,
    /// The next height needs rules that this program lacks.
    outdated: bool,
    /// Of which the operator was told.
    told: Upgrade,
    /// What connected peers say that they run.
    programs: BTreeMap<PublicKey, Program>,
    /// The log of the height after the tip, as long as it has not been played back.
    log: Option<Vec<WalEntry>>,
    inquiry: Inquiry,
    unknown: Option<Unknown>,
    /// The height of the chain at the start.
    started_at: u64,
    outs: VecDeque<Out>,
    effects: Vec<Effect>,
}

impl Replica {
    /// A validator as its disk has it: its waiting batches, and the write-ahead log of the height
    /// it was in, to be played back once its peers have said what it has signed. Performs no step of its own; the effects are the first to perform.
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
        let Recovered { state, results, block, block_is_ours, memory, .. } = recovered;
        let Recovered { wal, batches, overrides, evidence, .. } = recovered;
        let public = key.public();
        let height = block.as_ref().map_or(0, |block| block.header.height);
        let (rules, outdated) = versions::rules_after(config.rulebook, state.upgrade(), height)?;
        let tip = tip_of(genesis, results, block.as_ref(), rules)?;
        let sets = Sets::after(tip.height, &state);
        if tip.newest().is_some_and(|newest| newest.state_root != state.root()) {
            return Err(format!(
                "the stored state has root {}, but block {} gave another",
                state.root(),
                tip.height
            ));
        }
        let seats =
            sets.seats(tip.height + 1).ok_or("the chain is at its greatest height")?.clone();
        let holds_results = block.as_ref().is_some_and(|block| !block.payload.batches.is_empty());
        let newest_results = if holds_results { tip.height } else { 0 };
        let mut replica = Self {
            host: Host::new(genesis, key, seats, Safety::new(memory), config.verify),
            pool: Pool::new(public, now.wall_ms << 20),
            config,
            chain_id,
            key: public,
            state,
            sets,
            tip,
            block,
            started: false,
            committed_at: now.mono_ms,
            pace: Pace::default(),
            delays: Delays::default(),
            turn: None,
            gone: BTreeSet::new(),
            clocks: Clocks::default(),
            returns: BTreeMap::new(),
            newest_results,
            batches: Batches::default(),
            proposals: Vec::new(),
            decided: None,
            to_judge: BTreeSet::new(),
            judgements: 0,
            unseen: Unseen::default(),
            early: Early::default(),
            answers: Ration::new(ANSWERS_BURST, ANSWERS_PER_SECOND),
            doubtful: Doubtful::default(),
            conduct: Conduct::default(),
            sync: Sync::default(),
            fetch: Fetch::default(),
            adopted: 0,
            status_at: now.mono_ms,
            timers: Timers::default(),
            evidence: Vec::new(),
            unnamed: BTreeMap::new(),
            overrides,
            duty: Duty::All,
            outdated,
            told: Upgrade::AT_GENESIS,
            programs: BTreeMap::new(),
            log: None,
            inquiry: Inquiry::default(),
            unknown: None,
            started_at: 0,
            outs: VecDeque::new(),
            effects: Vec::new(),
        };
        for bytes in batches {
            replica.restore_batch(&bytes);
        }
        replica.recall_evidence(evidence);
        replica.tell_of_upgrade();
        replica.started_at = replica.tip.height;
        replica.read_log(wal, memory);
        replica.drain(now);
        replica.begin_history(block_is_ours, now);
        replica.timers.set(Timer::Housekeeping, now.mono_ms);
        let effects = replica.finish(now);
        Ok((replica, effects))
    }

    fn read_log(&mut self, wal: (u64, Vec<WalEntry>), memory: Memory) {
        if self.outdated {
            // The log is that of a program which had the rules: the next such needs it.
            return self.host.safety_mut().withhold(true);
        }
        let height = self.tip.height + 1;
        let (wal_height, entries) = wal;
        let signed = memory.last.map_or(0, |state| state.height);
        let log_is_here = wal_height == height && !entries.is_empty();
        let of_height = memory.last.filter(|state| state.height == height);
        let log_is_whole = of_height.is_none_or(|signed| {
            self.host.remembers(&entries, &signed) || (log_is_here && planted(Bug::LogEndNotMissed))
        });
        let memory_is_gone = signed.max(wal_height) > height || !log_is_whole;
        if memory_is_gone && !planted(Bug::MuteSkipped) {
            // The memory of those heights is gone, or its end is: a lock may be forgotten.
            self.host.safety_mut().mute_through(signed.max(wal_height));
        }
        if !log_is_here {
            return self.effects.push(Effect::WalReset { height });
        }
        let entries = if planted(Bug::ForgottenLock) { Vec::new() } else { entries };
        self.outs.extend(self.host.read_log(&entries));
        self.log = Some(entries);
    }

    /// Brings the core back to the locks and votes that it had.
    fn play_back(&mut self, entries: Vec<WalEntry>) {
        self.started = true;
        self.note_proposals(&entries);
        let height = self.tip.height + 1;
        let Some(seats) = self.sets.seats(height) else { return };
        let outs = self.host.recover(height, seats, entries);
        self.absorb(outs);
    }

    /// Handles one input; see the crate's contract for how the effects must be performed.
    pub fn step(&mut self, now: Now, input: Input) -> Vec<Effect> {
        self.clocks.see(now);
        match input {
            Input::Submit { ticket, txs } => self.on_submit(ticket, txs, now),
            Input::Batch { from, digest, bytes, author, txs } => {
                self.on_batch(from, digest, bytes, author, txs, now);
            }
            Input::Message { from, message } => self.on_message(from, message, now),
            Input::PeerUp(peer) => self.on_peer_up(peer, now),
            Input::PeerDown(peer) => self.on_peer_down(peer, now),
            Input::Answer { from, ticket, response } => {
                self.on_answer(from, ticket, response, now);
            }
            Input::Tick => self.on_tick(now),
        }
        self.finish(now)
    }

    /// From the next step on.
    pub fn set_duty(&mut self, duty: Duty) {
        self.duty = duty;
        self.host.safety_mut().withhold(duty == Duty::Following || self.outdated);
    }

    /// When [`Input::Tick`] is due, on the monotonic clock.
    pub fn next_deadline(&self) -> Option<u64> {
        self.timers.next_deadline()
    }
}

fn tip_of(
    genesis: Hash,
    results: Vec<Executed>,
    block: Option<&StoredBlock>,
    rules: &'static Rules,
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
    Ok(Tip { genesis, height, id, time, attested, results, rules })
}

/// Decodes a batch whose signatures others vouch for: a quorum, or this validator before it
/// restarted.
fn decode_certified_batch(rulebook: Rulebook, bytes: &[u8]) -> Result<Held, String> {
    let batch = Batch::decode(bytes).map_err(|error| format!("sent a bad batch: {error}"))?;
    let mut txs = Vec::with_capacity(batch.txs.len());
    for tx in &batch.txs {
        let tx = rulebook.decode(tx).map_err(|error| format!("sent a bad batch: {error}"))?;
        let id = tx.body.id();
        txs.push(VerifiedTx::assume_verified(tx, id));
    }
    Ok(Held::new(batch.author, txs, bytes.len()))
}
