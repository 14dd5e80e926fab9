//! Proposals of the height under way: which are kept, and when each is judged. One is judged when it
//! is given to the core, and again when what it waited for has come: never because of another.

use super::*;

/// The most that are kept of a round: a proposal and one that contradicts it.
const OF_A_ROUND_MAX: usize = 2;

impl Replica {
    /// Whether a proposal of the current height is of a round near enough, and says something new.
    pub(super) fn wants_proposal(&self, wire: &WireProposal) -> bool {
        let latest = self.host.round().saturating_add(ROUNDS_AHEAD_MAX);
        (wire.round <= latest || planted(Bug::FarRoundsKept)) && self.has_room_for(wire)
    }

    fn has_room_for(&self, wire: &WireProposal) -> bool {
        let of_round = self.proposals.iter().filter(|p| p.wire.round == wire.round);
        let known = of_round.clone().any(|p| p.wire.signature == wire.signature);
        !known && of_round.count() < OF_A_ROUND_MAX
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
        if !self.has_room_for(&wire) {
            return;
        }
        let value = BlockValue::new(wire.header.clone(), wire.payload.clone());
        self.unseen.remove(&value.id());
        let judged = ours || self.proposals.iter().any(|p| p.judged && p.value == value);
        let missing = BTreeSet::new();
        let proposed = Proposed { wire, value, came, given: ours, judged, doubt: None, missing };
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
        self.to_judge.extend(0..self.proposals.len());
    }

    /// A batch is here: judges the proposals that waited for nothing else.
    pub(super) fn batch_came(&mut self, digest: &Hash) {
        for (at, proposed) in self.proposals.iter_mut().enumerate() {
            if proposed.missing.remove(digest) && proposed.missing.is_empty() {
                self.to_judge.insert(at);
            }
        }
    }

    pub(super) fn judge_proposals(&mut self, now: Now) {
        let height = self.tip.height;
        for at in std::mem::take(&mut self.to_judge) {
            // A verdict may decide the height.
            if self.tip.height == height {
                self.judge(at, now);
            }
        }
    }

    fn judge(&mut self, at: usize, now: Now) {
        let waits = |p: &&Proposed| p.given && !p.judged;
        let Some(proposed) = self.proposals.get(at).filter(waits) else { return };
        let (value, round) = (proposed.value.clone(), proposed.wire.round);
        let proposer = proposed.wire.proposer;
        self.judgements += 1;
        let doubt = match block::judge(&self.tip, &self.sets, &self.batches, &value) {
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
                self.batches.make_room(&proposer, digests.len());
                for digest in &digests {
                    self.batches.want(*digest, round, proposer, now.mono_ms, GRACE_MS);
                }
                if let Some(proposed) = self.proposals.get_mut(at) {
                    proposed.missing = digests.into_iter().collect();
                }
                return;
            }
        };
        self.doubt(&value, doubt);
        let same = self.proposals.iter_mut().filter(|p| p.value == value);
        same.for_each(|p| p.judged = true);
        let outs = self.host.verdict(value, round, proposer, doubt.is_none());
        self.absorb(outs);
        self.drain(now);
    }

    /// Notes what speaks against a block. Whether its time is true has been found before.
    fn doubt(&mut self, value: &BlockValue, doubt: Option<Failure>) {
        let timely = |p: &&mut Proposed| {
            p.value == *value
                && !matches!(p.doubt, Some(Failure::Ahead { .. } | Failure::Behind { .. }))
        };
        self.proposals.iter_mut().filter(timely).for_each(|p| p.doubt = doubt);
    }
}
