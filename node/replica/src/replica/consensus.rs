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
        self.judge_proposals(now);
        self.drain(now);
        // A verdict may have decided the height.
        self.start_if_due(now);
        self.drain(now);
        self.take_evidence();
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
                Out::OwnHeard(heard) => self.own_heard(heard, now),
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
            return self.commit(&value, &held, certificate, None, now);
        }
        let (round, proposer) = (certificate.round, value.header().proposer);
        for named in &value.payload().batches {
            if !self.batches.contains(&named.digest) {
                self.batches.want(named, round, proposer, now.mono_ms, GRACE_MS);
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
        let (txs_max, most) = (self.config.block_txs_max, &self.tip.rules.block);
        let batches = self.batches.choose(first, txs_max, most);
        let time = self.tip.next_time(now.wall_ms);
        let (returns, evidence) = (self.due_returns(), self.due_evidence(time));
        let payload = Payload { batches, returns, evidence };
        let parent = self.block.as_ref().map(|block| &block.certificate);
        let value = block::build(&self.tip, &self.sets, self.key, time, parent, payload);
        if let Some(value) = value {
            let outs = self.host.propose(round, value);
            self.absorb(outs);
        }
    }

    /// Starts the next height when there is something to order or to attest, when so many members
    /// are at it that an honest one is, or when it is time for a heartbeat; otherwise sets a timer
    /// for when that may be.
    pub(super) fn start_if_due(&mut self, now: Now) {
        if self.started || self.outdated {
            return;
        }
        let (one_ahead, honest_ahead) = self.early.ahead(self.tip.height + 1, self.sets.current());
        let honest_ahead = honest_ahead || (one_ahead && planted(Bug::OneHurriesAll));
        if honest_ahead || self.log.is_some() {
            return self.start_if_not(now);
        }
        let unattested = self.newest_results > self.tip.attested || self.tip.height == 0;
        let interval = self.pace.block_interval_ms(&self.config);
        let wait = match (unattested || !self.batches.is_empty(), one_ahead) {
            (true, _) if planted(Bug::IntervalSkipped) => 0,
            (true, _) => interval,
            // It may know of a batch that has not come here.
            (false, true) => self.config.heartbeat_ms.min(IDLE_MS).max(interval),
            (false, false) => self.config.heartbeat_ms,
        };
        let due = self.committed_at + wait;
        match now.mono_ms >= due {
            true => self.start_if_not(now),
            false => self.timers.set(Timer::Start, due),
        }
    }

    pub(super) fn start_if_not(&mut self, now: Now) {
        if self.started || self.outdated || self.must_wait() {
            return;
        }
        self.timers.cancel(Timer::Start);
        let height = self.tip.height + 1;
        if let Some(entries) = self.log.take() {
            self.play_back(entries);
        } else if let Some(seats) = self.sets.seats(height) {
            self.started = true;
            let outs = self.host.start(height, seats);
            self.absorb(outs);
        }
        self.drain(now);
        let (proposals, votes) = self.early.take(height);
        for (proposal, came) in proposals {
            if height == self.tip.height + 1 {
                self.take_proposal(proposal, came, now);
            }
        }
        for vote in votes {
            if height == self.tip.height + 1 {
                self.take_vote(&vote, now);
            }
        }
    }

    pub(super) fn note_unseen(&mut self, vote: &WireVote, now: Now) {
        let Some(block) = vote.vote.block else { return };
        let seen = |p: &Proposed| p.value.id() == block && (p.shown || !p.given);
        if !self.proposals.iter().any(seen) {
            let ask_at = now.mono_ms + GRACE_MS;
            self.unseen.note(block, vote.validator, vote.vote.round, ask_at);
        }
    }
}
