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
    pub(super) fn take_proposal(&mut self, mut proposal: WireProposal, came: u64, now: Now) {
        if let Some(ours) = self.own_parent(&proposal.header) {
            proposal.parent = Some(ours.clone());
        }
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
        let value = value_of(&wire);
        let shown = ours || self.own_parent(&wire.header).is_some();
        self.unseen.remove(&value.id());
        let judged = ours || self.proposals.iter().any(|p| p.judged && p.value == value);
        let missing = BTreeSet::new();
        let (given, doubt) = (ours, None);
        let proposed = Proposed { wire, value, came, given, shown, judged, doubt, missing };
        self.proposals.push(proposed);
    }

    /// The certificate here, if it shows what `header` says of its parent's round.
    fn own_parent(&self, header: &Header) -> Option<&CommitCertificate> {
        let certificate = &self.block.as_ref()?.certificate;
        let fits = header.parent == self.tip.id && certificate.round == header.parent_round;
        fits.then_some(certificate)
    }

    /// Whether a proposal that is here came again with the certificate that it lacks. It is judged
    /// with that.
    pub(super) fn take_certificate(&mut self, wire: &WireProposal) -> bool {
        let lacks = |p: &Proposed| {
            p.wire.signature == wire.signature && !p.shown && p.wire.parent.is_none()
        };
        let Some(at) = self.proposals.iter().position(lacks) else { return false };
        let Some(p) = self.proposals.get_mut(at).filter(|_| wire.parent.is_some()) else {
            return false;
        };
        p.wire.parent.clone_from(&wire.parent);
        p.value = value_of(&p.wire);
        self.to_judge.insert(at);
        true
    }

    /// Whether it is shown that the parent of a proposal's block was decided in the round that its
    /// header names. A certificate that does not show it is not looked at twice.
    fn is_shown(&mut self, at: usize) -> bool {
        let Some(p) = self.proposals.get(at) else { return false };
        let header = &p.wire.header;
        let by_it = |certificate: &CommitCertificate| {
            block::shows_round(&self.tip, &self.sets, header, certificate, self.config.verify)
        };
        let shown = p.shown
            || self.tip.height == 0
            || self.own_parent(header).is_some()
            || p.wire.parent.as_ref().is_some_and(by_it);
        if let Some(p) = self.proposals.get_mut(at) {
            p.shown = shown;
            if shown {
                self.unseen.remove(&p.value.id());
            } else {
                p.wire.parent = None;
            }
        }
        shown
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
        let (validators, verify) = (self.state.validators(), self.config.verify);
        let verdict =
            block::judge(&self.tip, &self.sets, validators, &self.batches, &value, verify);
        let doubt = match verdict {
            Verdict::Valid | Verdict::Missing(_) if !self.is_shown(at) => {
                self.doubt(&value, Some(Failure::Certificate));
                let ask_at = now.mono_ms + GRACE_MS;
                return self.unseen.note(value.id(), proposer, round, ask_at);
            }
            Verdict::Valid => None,
            Verdict::Invalid(why) => {
                let height = self.tip.height + 1;
                let why = Failure::Invalid(why);
                let notice = Notice::VotedNil { height, round, proposer, why };
                self.effects.push(Effect::Notice(notice));
                Some(why)
            }
            Verdict::Missing(digests) => {
                let mut missing: BTreeSet<_> = digests.into_iter().collect();
                self.hold_doubtful(&mut missing, now);
                if missing.is_empty() {
                    return self.judge(at, now);
                }
                self.doubt(&value, Some(Failure::Batches));
                self.batches.make_room(&proposer, missing.len());
                let is_missing = |named: &&BatchRef| missing.contains(&named.digest);
                for named in value.payload().batches.iter().filter(is_missing) {
                    self.batches.want(named, round, proposer, now.mono_ms, GRACE_MS);
                }
                if let Some(proposed) = self.proposals.get_mut(at) {
                    proposed.missing = missing;
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

fn value_of(wire: &WireProposal) -> BlockValue {
    BlockValue::shown(wire.header.clone(), wire.payload.clone(), wire.parent.clone())
}
