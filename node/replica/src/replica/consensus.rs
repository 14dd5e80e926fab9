//! Acting on what the core asks for: proposals, verdicts, timers, the start of a height.

use super::*;

impl Replica {
    /// Ends every step: acts on what the core asked for until it asks for nothing more, then
    /// starts the next height if it is time to.
    pub(super) fn finish(&mut self, now: Now) -> Vec<Effect> {
        self.drain(now);
        self.commit_decided(now);
        self.start_if_due(now);
        self.drain(now);
        self.recheck_proposals(now);
        self.drain(now);
        std::mem::take(&mut self.effects)
    }

    pub(super) fn absorb(&mut self, outs: Result<Vec<Out>, HostError>) {
        match outs {
            Ok(outs) => self.outs.extend(outs),
            Err(error) => self.effects.push(Effect::Halt(error.to_string())),
        }
    }

    pub(super) fn drain(&mut self, now: Now) {
        while let Some(out) = self.outs.pop_front() {
            match out {
                Out::Wal(record) => self.effects.push(Effect::Wal(record)),
                Out::SignState(state) => self.effects.push(Effect::SignState(state.encode())),
                Out::Broadcast(message) => self.broadcast(message, now),
                Out::GetValue { height, round } => self.propose(height, round, now),
                Out::Schedule(timeout) => self.schedule(timeout, now),
                Out::Cancel(timeout) => {
                    if let Some(timer) = Timer::from_timeout(timeout) {
                        self.timers.cancel(timer);
                    }
                }
                Out::CancelAll => self.timers.cancel_consensus(),
                Out::RoundStarted { round, proposer } => self.on_round(round, proposer, now),
                Out::Evidence(evidence) => self.evidence.extend(evidence),
                Out::Refused(refusal) => {
                    self.effects.push(Effect::Notice(Notice::Refused(refusal)));
                }
                Out::Decided { value, certificate } => {
                    // What the core still asked for belongs to the height that is over.
                    self.outs.clear();
                    self.decided = Some((value, certificate));
                    self.commit_decided(now);
                }
            }
        }
    }

    /// Commits what was decided as soon as its batches are here. They are, unless the database was
    /// lost and the log was not: then the log vouches for a block whose batches have to be fetched
    /// again.
    pub(super) fn commit_decided(&mut self, now: Now) {
        let Some((value, certificate)) = self.decided.take() else { return };
        if let Some(held) = self.held_of(&value) {
            return self.commit(&value, &held, certificate, now);
        }
        let (round, proposer) = (certificate.round, value.header().proposer);
        for digest in value.payload().digests() {
            if !self.batches.contains(digest) {
                self.batches.want(*digest, round, proposer, now.mono_ms, GRACE_MS);
            }
        }
        self.decided = Some((value, certificate));
    }

    pub(super) fn broadcast(&mut self, message: Message, now: Now) {
        if let Message::Proposal(wire) = &message {
            self.note_proposal(wire.clone(), now.wall_ms, true);
        }
        self.effects.push(Effect::Broadcast(message));
    }

    pub(super) fn propose(&mut self, height: u64, round: u32, now: Now) {
        let ours = |p: &Proposed| p.wire.round == round && p.wire.proposer == self.key;
        if height != self.tip.height + 1 || self.proposals.iter().any(ours) {
            return;
        }
        self.seal();
        let first = height.wrapping_add(u64::from(round));
        let batches = self.batches.choose(first, self.config.block_txs_max);
        let value = block::build(&self.tip, &self.sets, self.key, now.wall_ms, batches);
        if let Some(value) = value {
            let outs = self.host.propose(round, value);
            self.absorb(outs);
        }
    }

    /// Starts the next height when there is something to order or to attest, or when it is time
    /// for a heartbeat; otherwise sets a timer for when that may be.
    pub(super) fn start_if_due(&mut self, now: Now) {
        if self.started {
            return;
        }
        let unattested = self.newest_results > self.tip.attested || self.tip.height == 0;
        let wait = match unattested || !self.batches.is_empty() {
            true => self.pace.block_interval_ms(&self.config),
            false => self.config.heartbeat_ms,
        };
        let due = self.committed_at + wait;
        match now.mono_ms >= due {
            true => self.start_if_not(now),
            false => self.timers.set(Timer::Start, due),
        }
    }

    pub(super) fn start_if_not(&mut self, now: Now) {
        if self.started {
            return;
        }
        self.started = true;
        self.timers.cancel(Timer::Start);
        let height = self.tip.height + 1;
        let outs = self.host.start(height, self.sets.current());
        self.absorb(outs);
        self.drain(now);
        for (proposal, came) in std::mem::take(&mut self.future_proposals).into_values() {
            if proposal.header.height == self.tip.height + 1 {
                self.take_proposal(proposal, came, now);
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

    /// A genuine proposal of the current height that came at `came` on the wall clock. One of a
    /// later round waits until that begins.
    pub(super) fn take_proposal(&mut self, proposal: WireProposal, came: u64, now: Now) {
        let has_begun = proposal.round <= self.host.round();
        self.note_proposal(proposal.clone(), came, false);
        if has_begun {
            self.give(proposal, now);
        }
    }

    pub(super) fn note_proposal(&mut self, wire: WireProposal, came: u64, ours: bool) {
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
        let judged = ours || self.proposals.iter().any(|p| p.judged && p.value == value);
        let proposed = Proposed { wire, value, came, given: ours, judged, doubt: None };
        self.proposals.push(proposed);
    }

    /// After a restart: proposals and verdicts that the log holds.
    pub(super) fn note_proposals(&mut self, entries: &[WalEntry]) {
        for entry in entries {
            if let WalEntry::Proposal(wire) = entry {
                self.note_proposal(wire.clone(), wire.header.time, false);
            }
        }
        self.proposals.iter_mut().for_each(|p| p.given = true);
        for entry in entries {
            if let WalEntry::ProposedValue { header, .. } = entry {
                let id = header.id();
                let same = self.proposals.iter_mut().filter(|p| p.value.id() == id);
                same.for_each(|p| p.judged = true);
            }
        }
    }

    /// Marks that waiting proposals should be judged at the end of this step.
    pub(super) const fn judge_proposals(&mut self) {
        self.judge_now = true;
    }

    pub(super) fn recheck_proposals(&mut self, now: Now) {
        if !std::mem::take(&mut self.judge_now) {
            return;
        }
        for at in 0..self.proposals.len() {
            let waits = |p: &&Proposed| p.given && !p.judged;
            let Some(proposed) = self.proposals.get(at).filter(waits) else { continue };
            let (value, round) = (proposed.value.clone(), proposed.wire.round);
            let proposer = proposed.wire.proposer;
            let verdict = block::judge(&self.tip, &self.sets, &self.batches, &value);
            let doubt = match verdict {
                Verdict::Valid => None,
                Verdict::Invalid(why) => {
                    let height = self.tip.height + 1;
                    let why = Failure::Invalid(why);
                    let notice = Notice::VotedNil { height, round, proposer, why };
                    self.effects.push(Effect::Notice(notice));
                    Some(why)
                }
                Verdict::Missing(digests) => {
                    self.doubt(&value, Some(Failure::Batches));
                    for digest in digests {
                        self.batches.want(digest, round, proposer, now.mono_ms, GRACE_MS);
                    }
                    continue;
                }
            };
            self.doubt(&value, doubt);
            let same = self.proposals.iter_mut().filter(|p| p.value == value);
            same.for_each(|p| p.judged = true);
            let valid = doubt.is_none();
            let outs = self.host.verdict(value, round, proposer, valid);
            self.absorb(outs);
            self.drain(now);
        }
    }

    /// Notes what speaks against a block. Whether its time is true has been found before.
    fn doubt(&mut self, value: &BlockValue, doubt: Option<Failure>) {
        let timely = |p: &&mut Proposed| {
            p.value == *value
                && !matches!(p.doubt, Some(Failure::Ahead { .. } | Failure::Behind { .. }))
        };
        self.proposals.iter_mut().filter(timely).for_each(|p| p.doubt = doubt);
    }

    pub(super) fn note_unseen(&mut self, vote: &WireVote, now: Now) {
        let Some(block) = vote.vote.block else { return };
        let seen = self.proposals.iter().any(|p| p.value.id() == block);
        // At most one entry for each validator's votes of a round.
        if !seen && self.unseen.len() < 4 * self.sets.current().len() {
            self.unseen.entry(block).or_insert((vote.validator, vote.vote.round, now.mono_ms));
        }
    }
}
