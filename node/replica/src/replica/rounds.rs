//! How a round passes: whose turn it is, how long to wait, what its proposal says about time, and
//! why it failed.

use arc_malachitebft_core_types::Timeout;

use super::*;

/// How long to wait for the proposal of a validator whose connection was lost.
const GONE_MS: u64 = 50;

/// The round under way.
#[derive(Clone, Copy, Debug)]
pub(super) struct Turn {
    pub(super) round: u32,
    pub(super) proposer: PublicKey,
    /// When it began here, and when the height's first round did.
    began: u64,
    height_began: u64,
}

/// Why a round decided nothing, as far as this validator can tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// The connection to its proposer is lost.
    Gone,
    /// No proposal came in time.
    Silent,
    /// The proposal's time was this far ahead of the clock here.
    Ahead { ms: u64 },
    /// The same, behind.
    Behind { ms: u64 },
    /// The proposal broke a rule.
    Invalid(&'static str),
    /// Batches that it names did not come in time.
    Batches,
    /// Nobody showed that its parent was decided in the round that it names.
    Certificate,
    /// Nothing was wrong with the proposal here; too few others voted in time.
    Votes,
}

impl Failure {
    /// For people.
    pub fn text(self) -> String {
        match self {
            Self::Gone => "not connected".to_owned(),
            Self::Silent => "no proposal in time".to_owned(),
            Self::Ahead { ms } => format!("its time is {ms} ms ahead of the clock here"),
            Self::Behind { ms } => format!("its time is {ms} ms behind the clock here"),
            Self::Invalid(why) => why.to_owned(),
            Self::Batches => "its batches did not come in time".to_owned(),
            Self::Certificate => "no certificate of its parent came in time".to_owned(),
            Self::Votes => "too few votes in time".to_owned(),
        }
    }

    /// For metrics.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Gone => "gone",
            Self::Silent => "silent",
            Self::Ahead { .. } => "clock ahead",
            Self::Behind { .. } => "clock behind",
            Self::Invalid(_) => "invalid",
            Self::Batches => "batches",
            Self::Certificate => "certificate",
            Self::Votes => "votes",
        }
    }
}

impl Replica {
    pub(super) fn on_round(&mut self, round: u32, proposer: PublicKey, now: Now) {
        let height = self.tip.height + 1;
        if let Some(turn) = self.turn.filter(|turn| turn.round < round) {
            let missing = self.host.missing_precommits(turn.round);
            let failed = self.failure(&turn);
            let proposer = turn.proposer;
            let notice = Notice::Round { height, round, proposer, failed, missing };
            self.effects.push(Effect::Notice(notice));
        }
        let began = now.mono_ms;
        let height_began = self.turn.map_or(began, |turn| turn.height_began);
        self.turn = Some(Turn { round, proposer, began, height_began });
        self.give_held(now);
    }

    fn failure(&self, turn: &Turn) -> Failure {
        let of_round = |p: &&Proposed| p.wire.round == turn.round;
        match self.proposals.iter().find(of_round).map(|p| p.doubt) {
            None if self.gone.contains(&turn.proposer) => Failure::Gone,
            None => Failure::Silent,
            Some(doubt) => doubt.unwrap_or(Failure::Votes),
        }
    }

    /// Gives the core the proposals that came before their round began here.
    fn give_held(&mut self, now: Now) {
        let round = self.host.round();
        let due = |p: &&mut Proposed| !p.given && p.wire.round <= round;
        let wires: Vec<_> = self.proposals.iter_mut().filter(due).map(|p| p.wire.clone()).collect();
        for wire in wires {
            self.give(wire, now);
        }
    }

    /// Gives the core a proposal of a round that has begun. If the block is proposed for the first
    /// time, and its time is not true, the core has voted nil before it sees it; only so can the
    /// block still be decided where enough others find its time right.
    pub(super) fn give(&mut self, wire: WireProposal, now: Now) {
        let of_round = wire.round == self.host.round();
        let mut doubt = None;
        if let Some(p) = self.proposals.iter_mut().find(|p| p.wire.signature == wire.signature) {
            p.given = true;
            doubt = untimely(p, self.delays.execution_ms());
            p.doubt = doubt.or(p.doubt);
        }
        match doubt {
            Some(why) if of_round => self.vote_nil(&wire, why),
            Some(_) => {}
            None => self.heard_proposer(wire.round, now),
        }
        let signature = wire.signature;
        let outs = self.host.proposal(wire);
        self.absorb(outs);
        self.to_judge.extend(self.proposals.iter().position(|p| p.wire.signature == signature));
    }

    /// Without waiting: to the core it is as if the proposal had not come in time.
    fn vote_nil(&mut self, wire: &WireProposal, why: Failure) {
        let (height, round, proposer) = (wire.header.height, wire.round, wire.proposer);
        self.effects.push(Effect::Notice(Notice::VotedNil { height, round, proposer, why }));
        let outs = self.host.timeout(Timeout::propose(round.into()));
        self.absorb(outs);
    }

    /// The proposer is there: what is missing of its proposal gets the configured time.
    fn heard_proposer(&mut self, round: u32, now: Now) {
        let Some(turn) = self.turn else { return };
        let began = if turn.round == round { turn.began } else { turn.height_began };
        self.delays.proposal_took(now.mono_ms.saturating_sub(began));
        let timer = Timer::Propose(round);
        if self.timers.is_set(timer) {
            let wait = self.grown(self.config.propose_timeout_ms, round);
            self.timers.set(timer, began.saturating_add(wait));
        }
    }

    pub(super) fn schedule(&mut self, timeout: Timeout, now: Now) {
        let Some(timer) = Timer::from_timeout(timeout) else { return };
        if planted(Bug::TimeoutForgotten) && matches!(timer, Timer::Precommit(_)) {
            return;
        }
        let config = &self.config;
        let wait = match timer {
            Timer::Propose(round) => self.propose_wait(round),
            Timer::Prevote(round) => {
                self.grown(self.delays.timeout(config.prevote_timeout_ms), round)
            }
            // Once two thirds have precommitted nil, the round cannot decide any more.
            Timer::Precommit(round) if self.host.has_given_up(round) => 0,
            Timer::Precommit(round) => {
                self.grown(self.delays.timeout(config.precommit_timeout_ms), round)
            }
            _ => config.rebroadcast_ms,
        };
        self.timers.set(timer, now.mono_ms.saturating_add(wait));
    }

    fn propose_wait(&self, round: u32) -> u64 {
        let configured = self.config.propose_timeout_ms;
        if self.proposals.iter().any(|p| p.wire.round == round && p.doubt.is_none()) {
            return self.grown(configured, round);
        }
        let wait = self.grown(self.delays.timeout(configured), round);
        let turn = self.turn.filter(|turn| turn.round == round);
        let gone = turn.is_some_and(|turn| self.gone.contains(&turn.proposer));
        if gone { wait.min(GONE_MS) } else { wait }
    }

    /// A timeout as it is in `round`.
    fn grown(&self, base: u64, round: u32) -> u64 {
        let step = self.config.timeout_step_ms.saturating_mul(u64::from(round));
        base.saturating_add(step).min(base.max(TIMEOUT_MS_MAX))
    }

    /// A peer is gone. If it had the turn, little is to be expected of it.
    pub(super) fn on_peer_down(&mut self, peer: PublicKey, now: Now) {
        self.sync.gone(&peer);
        self.programs.remove(&peer);
        self.inquiry.forget(&peer);
        self.clocks.gone(&peer);
        self.fetch.gone(&peer);
        if !self.sets.knows(&peer) {
            return;
        }
        self.gone.insert(peer);
        let Some(turn) = self.turn.filter(|turn| turn.proposer == peer) else { return };
        let timer = Timer::Propose(turn.round);
        let heard = self.proposals.iter().any(|p| p.wire.round == turn.round);
        if !heard && self.timers.is_set(timer) {
            self.timers.set_earlier(timer, now.mono_ms.saturating_add(GONE_MS));
        }
    }
}

/// What is wrong with a proposal's time, if it is the first of its block: it had to be made
/// shortly before it came.
fn untimely(proposed: &Proposed, slack_ms: u64) -> Option<Failure> {
    if proposed.wire.pol_round.is_some() || planted(Bug::HeaderTimeUnchecked) {
        return None;
    }
    let (time, came) = (proposed.wire.header.time, proposed.came);
    match block::check_time(time, came, proposed.wire.round, slack_ms) {
        Ok(()) => None,
        Err(Skew::Ahead(ms)) => Some(Failure::Ahead { ms }),
        Err(Skew::Behind(ms)) => Some(Failure::Behind { ms }),
    }
}
