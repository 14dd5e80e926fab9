//! What each kind of input does, in the order of [`Input`].

use super::*;
use crate::witness::Spoken;

impl Replica {
    pub(super) fn on_submit(&mut self, ticket: u64, txs: Vec<Candidate>, now: Now) {
        let context = self.admission_context(now);
        let answers = txs.into_iter().map(|candidate| self.admit(candidate, &context)).collect();
        self.effects.push(Effect::Answer { ticket, answers });
        self.seal_if_due(now);
    }

    /// Whether the pool takes transactions of the ordinary lane. It keeps its last tenth for the
    /// operations that protect.
    pub fn has_room(&self) -> bool {
        let Config { pool_txs_max, pool_bytes_max, .. } = self.config;
        self.has_room_below(pool_txs_max - pool_txs_max / 10, pool_bytes_max - pool_bytes_max / 10)
    }

    fn has_room_below(&self, txs_max: usize, bytes_max: usize) -> bool {
        let bytes = self.pool.open_bytes().saturating_add(self.batches.bytes_of(&self.key));
        // However much another has waiting here, it takes no more than its share from our clients.
        let share = txs_max / self.sets.current().len().max(1);
        let others = self.batches.txs_of_others(&self.key, share);
        let room = self.pool.own().saturating_add(others) < txs_max && bytes < bytes_max;
        room && !self.outdated
    }

    pub(super) fn admit(&mut self, candidate: Candidate, context: &BlockContext) -> Admission {
        if self.pool.pending(&candidate.tx.id()).is_some() {
            return Admission::Known;
        }
        let tx = candidate.tx.tx();
        let checked = context.rules.takes(&candidate.tx);
        if let Err(code) = checked.and_then(|()| admission::check(&self.state, context, tx)) {
            return Admission::Refused(code);
        }
        let protects = admission::is_lane0(tx);
        let taken = match self.duty {
            _ if self.outdated => false,
            Duty::All => true,
            Duty::NoAdmission => protects,
            Duty::Following => false,
        };
        if !taken {
            return Admission::Busy;
        }
        let Config { pool_txs_max, pool_bytes_max, .. } = self.config;
        let room = match protects {
            true => self.has_room_below(pool_txs_max, pool_bytes_max),
            false => self.has_room(),
        };
        if !room {
            return Admission::Busy;
        }
        if !self.pool.fits(&candidate) {
            self.seal();
        }
        self.pool.add(candidate);
        Admission::Admitted
    }

    pub(super) fn on_message(&mut self, from: PublicKey, message: Message, now: Now) {
        match message {
            // What others decide is nothing to a program that cannot judge it.
            Message::Vote(_) | Message::Proposal(_) | Message::Polka(_) | Message::Round(_)
                if self.outdated => {}
            Message::Vote(vote) => self.on_vote(from, vote, now),
            Message::Proposal(proposal) => self.on_proposal(from, proposal, now),
            Message::Polka(polka) => {
                if self.takes_certificate(from, polka.height) && self.started {
                    let outs = self.host.polka(&polka);
                    self.absorb_of(from, outs);
                }
            }
            Message::Round(round) => self.on_round_certificate(from, &round, now),
            Message::Status { height, time } => {
                self.sync.claim(from, height);
                self.clocks.told(from, time, now);
            }
            Message::WantProposal { height, round, block } => {
                if self.answers.take(from, now.mono_ms) || planted(Bug::AnswersUnrationed) {
                    self.on_want_proposal(from, height, round, block, now);
                } else {
                    self.bad_peer(from, Offence::Greed, "asks for proposals without end");
                }
            }
            Message::Program { version, release } => {
                self.programs.insert(from, Program { version, release });
            }
            Message::WhatSigned { key, number } => self.on_what_signed(from, key, number, now),
            Message::LastSigned(answer) => self.on_last_signed(from, &answer, now),
            Message::Return(said) => self.on_return(from, said),
            Message::Evidence(evidence) => self.on_evidence(from, evidence),
        }
    }

    pub(super) fn on_vote(&mut self, from: PublicKey, vote: WireVote, now: Now) {
        if vote.validator != from {
            return self.bad_peer(from, Offence::Forgery, "sent a vote that is not its own");
        }
        let height = self.tip.height + 1;
        let at = vote.vote.height;
        if at > height {
            self.sync.claim(from, at - 1);
        }
        // Late ones are of no use; whose vote counts further on is not known yet.
        if at < height {
            let spoken = Spoken::Vote { vote: vote.vote, signature: vote.signature };
            return self.note_late(from, from, &spoken);
        }
        if self.sets.of(at).is_none() {
            return;
        }
        if !self.sets.has(at, &from) {
            return self.outsider(from, "voted for", at);
        }
        if at > height || !self.started {
            return self.on_early_vote(from, vote);
        }
        if vote.vote.round > self.host.round().saturating_add(ROUNDS_AHEAD_MAX) {
            return;
        }
        if !self.host.vote_is_genuine(&vote) {
            return self.forged(from);
        }
        self.take_vote(&vote, now);
    }

    /// A verified vote of the current height.
    pub(super) fn take_vote(&mut self, vote: &WireVote, now: Now) {
        self.note_unseen(vote, now);
        let outs = self.host.vote(vote);
        self.absorb(outs);
    }

    /// A vote of a member of the set of a height that has not begun.
    fn on_early_vote(&mut self, from: PublicKey, vote: WireVote) {
        let (at, round) = (vote.vote.height, vote.vote.round);
        let latest = match at == self.tip.height + 1 {
            true => ROUNDS_AHEAD_MAX,
            false => EARLY_ROUNDS_MAX,
        };
        let near = round <= latest || planted(Bug::FutureVotesUnbounded);
        let keep = near && self.early.wants_vote(&vote);
        // Far rounds are not kept, and still show where the sender is.
        if !keep && self.early.has_heard(at, &from) {
            return;
        }
        if !self.host.vote_is_genuine(&vote) {
            return self.forged(from);
        }
        self.early.hear(at, from);
        if keep {
            self.early.keep_vote(vote);
        }
    }

    /// A certificate of votes for a round: it holds so many that one of them is honest.
    fn on_round_certificate(&mut self, from: PublicKey, round: &WireRound, now: Now) {
        if !self.takes_certificate(from, round.height) {
            return;
        }
        if !self.started {
            let Some(seats) = self.sets.seats(round.height) else { return };
            if !self.host.round_is_genuine(round, seats) {
                return self.forged(from);
            }
            self.start_if_not(now);
        }
        if !self.started {
            return;
        }
        let outs = self.host.round_certificate(round);
        self.absorb_of(from, outs);
    }

    /// Takes what the core makes of a certificate of `from`.
    fn absorb_of(&mut self, from: PublicKey, outs: Result<Vec<Out>, HostError>) {
        self.absorb(outs);
        if self.host.took_forgery() {
            self.forged(from);
        }
    }

    pub(super) fn forged(&mut self, peer: PublicKey) {
        self.host.took_forgery();
        self.bad_peer(peer, Offence::Forgery, "sent a signature that does not verify");
    }

    /// Whether a certificate from `from` is of the height being decided, and from one who may say
    /// something there.
    fn takes_certificate(&mut self, from: PublicKey, height: u64) -> bool {
        if height != self.tip.height + 1 {
            return false;
        }
        let member = self.sets.has(height, &from);
        if !member {
            self.outsider(from, "sent a certificate for", height);
        }
        member
    }

    fn outsider(&mut self, peer: PublicKey, did: &str, height: u64) {
        let why = format!("{did} height {height}, whose validator set it is not in");
        self.bad_peer(peer, Offence::Outsider, &why);
    }

    pub(super) fn on_proposal(&mut self, from: PublicKey, proposal: WireProposal, now: Now) {
        let height = self.tip.height + 1;
        let at = proposal.header.height;
        if at > height {
            self.sync.claim(from, at - 1);
        }
        if at < height {
            return self.note_late(from, proposal.proposer, &proposal.spoken());
        }
        let under_way = at == height && self.started;
        if under_way && self.take_certificate(&proposal) {
            return;
        }
        let Some(seats) = self.sets.seats(at) else { return };
        let wanted = match under_way {
            true => self.wants_proposal(&proposal),
            false if planted(Bug::EarlyProposalsUnbounded) => true,
            false => proposal.round <= EARLY_ROUNDS_MAX && self.early.wants_proposal(&proposal),
        };
        if !wanted {
            return;
        }
        if !self.host.proposal_is_genuine(&proposal, seats) {
            self.host.took_forgery();
            let why = "sent a proposal that is not of its proposer";
            return self.bad_peer(from, Offence::Forgery, why);
        }
        if under_way {
            return self.take_proposal(proposal, now.wall_ms, now);
        }
        self.early.hear(at, proposal.proposer);
        self.early.keep_proposal(proposal, now.wall_ms);
    }

    pub(super) fn on_want_proposal(
        &mut self,
        from: PublicKey,
        height: u64,
        round: u32,
        block: Hash,
        now: Now,
    ) {
        if height <= self.tip.height {
            let status = self.status(now);
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

    pub(super) fn on_peer_up(&mut self, peer: PublicKey, now: Now) {
        self.gone.remove(&peer);
        self.inquiry.forget(&peer);
        self.ask_newcomer(peer);
        let mut messages = vec![self.status(now), self.program_message()];
        messages.extend(self.evidence_for_newcomer());
        if self.started {
            let round = self.host.round();
            let of_round = self.proposals.iter().filter(|p| p.wire.round == round);
            messages.extend(of_round.map(|p| Message::Proposal(p.wire.clone())));
            messages.extend(self.host.own_votes().into_iter().map(Message::Vote));
        }
        self.effects.extend(messages.into_iter().map(|message| Effect::Send { to: peer, message }));
    }

    pub(super) fn on_tick(&mut self, now: Now) {
        while let Some(timer) = self.timers.take_due(now.mono_ms) {
            match timer {
                Timer::Start => {}
                Timer::Seal => self.seal(),
                Timer::CatchUp => self.catch_up(now),
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

    pub(super) fn housekeeping(&mut self, now: Now) {
        self.timers.set(Timer::Housekeeping, now.mono_ms + HOUSEKEEPING_MS);
        if now.mono_ms >= self.status_at + STATUS_MS {
            self.say_status(now);
        }
        self.ask_what_signed(now);
        self.fetch.heed_time(now.mono_ms);
        self.fetch_more(now);
        self.ask_for_batches(now);
        self.ask_for_proposals(now);
    }
}
