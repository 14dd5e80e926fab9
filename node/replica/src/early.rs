//! Messages of heights that have not begun here: of the next one until it begins, and of the one
//! after it. All of them are verified before they are kept.

use std::collections::{BTreeMap, BTreeSet};

use ballast_primitives::{Committee, PublicKey, VoteKind};

use crate::message::{WireProposal, WireVote};

/// At each place two: the first, and one that contradicts it, which makes evidence.
const AT_A_PLACE: usize = 2;

/// Height, validator, round, whether a precommit.
type Place = (u64, PublicKey, u32, bool);

#[derive(Debug, Default)]
pub struct Early {
    votes: BTreeMap<Place, Vec<WireVote>>,
    /// By height and round, with the time on the wall clock at which they came.
    proposals: BTreeMap<(u64, u32), Vec<(WireProposal, u64)>>,
    /// Who has been heard at which height, in whatever round.
    heard: BTreeSet<(u64, PublicKey)>,
}

fn place(vote: &WireVote) -> Place {
    let plain = &vote.vote;
    (plain.height, vote.validator, plain.round, plain.kind == VoteKind::Precommit)
}

fn room<T>(kept: Option<&Vec<T>>, same: impl Fn(&T) -> bool) -> bool {
    kept.is_none_or(|kept| kept.len() < AT_A_PLACE && !kept.iter().any(same))
}

impl Early {
    pub fn votes(&self) -> usize {
        self.votes.values().map(Vec::len).sum()
    }

    pub fn proposals(&self) -> usize {
        self.proposals.values().map(Vec::len).sum()
    }

    /// What the proposals take, encoded.
    pub fn bytes(&self) -> usize {
        self.proposals.values().flatten().map(|(proposal, _)| proposal.bytes()).sum()
    }

    /// Whether there is room for a vote that says something new.
    pub fn wants_vote(&self, vote: &WireVote) -> bool {
        room(self.votes.get(&place(vote)), |kept| kept.vote == vote.vote)
    }

    pub fn keep_vote(&mut self, vote: WireVote) {
        self.votes.entry(place(&vote)).or_default().push(vote);
    }

    pub fn wants_proposal(&self, proposal: &WireProposal) -> bool {
        let at = (proposal.header.height, proposal.round);
        room(self.proposals.get(&at), |(kept, _)| kept.signature == proposal.signature)
    }

    pub fn keep_proposal(&mut self, proposal: WireProposal, came: u64) {
        let at = (proposal.header.height, proposal.round);
        self.proposals.entry(at).or_default().push((proposal, came));
    }

    pub fn has_heard(&self, height: u64, validator: &PublicKey) -> bool {
        self.heard.contains(&(height, *validator))
    }

    /// A verified message shows that `validator` is at `height`.
    pub fn hear(&mut self, height: u64, validator: PublicKey) {
        self.heard.insert((height, validator));
    }

    /// Whether anybody was heard at `height`, and whether so many that an honest one is among
    /// them, as long as less than a third of the power is not.
    pub fn ahead(&self, height: u64, committee: &Committee) -> (bool, bool) {
        let heard = committee.validators().iter().filter(|v| self.has_heard(height, &v.key));
        let power: u128 = heard.map(|v| u128::from(v.power)).sum();
        (power > 0, committee.has_honest(power))
    }

    /// Takes what is of `height`, which begins.
    pub fn take(&mut self, height: u64) -> (Vec<(WireProposal, u64)>, Vec<WireVote>) {
        let proposals = self.proposals.extract_if(.., |(at, _), _| *at == height);
        let votes = self.votes.extract_if(.., |(at, ..), _| *at == height);
        (proposals.flat_map(|(_, kept)| kept).collect(), votes.flat_map(|(_, kept)| kept).collect())
    }

    /// Forgets what is of `height`, which is over, and of those before it.
    pub fn forget_through(&mut self, height: u64) {
        self.votes.retain(|(at, ..), _| *at > height);
        self.proposals.retain(|(at, _), _| *at > height);
        self.heard.retain(|(at, _)| *at > height);
    }
}
