//! What this validator has heard others sign: the newest message of each key, to answer a
//! validator that asks what it has signed itself; and the messages of the newest heights, so that
//! a second one for the same place is evidence, whether its height is to come, under way or over.

use std::collections::{BTreeMap, BTreeSet};

use ballast_primitives::equivocation::{Ballot, Offer, Twins, proposal_bytes};
use ballast_primitives::planted::{Bug, planted};
use ballast_primitives::{CommitCertificate, Evidence, Hash, PublicKey, Signature, Vote, VoteKind};
use borsh::{BorshDeserialize, BorshSerialize};

use crate::safety::Step;

/// For how many heights that are over messages are kept.
pub const HEIGHTS_KEPT: u64 = 16;
/// Up to which round of a height that is over.
pub const ROUNDS_KEPT: u32 = 3;
/// The most evidence that waits to be taken.
const FOUND_MAX: usize = 200;

/// A message with its signature, without the block that it is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub enum Spoken {
    Vote { vote: Vote, signature: Signature },
    Proposal { height: u64, round: u32, pol_round: Option<u32>, block: Hash, signature: Signature },
}

impl Spoken {
    /// Height, round, step.
    pub const fn place(&self) -> (u64, u32, Step) {
        match self {
            Self::Vote { vote, .. } => {
                let step = match vote.kind {
                    VoteKind::Prevote => Step::Prevote,
                    VoteKind::Precommit => Step::Precommit,
                };
                (vote.height, vote.round, step)
            }
            Self::Proposal { height, round, .. } => (*height, *round, Step::Proposal),
        }
    }

    pub fn signed_bytes(&self, genesis: &Hash) -> Vec<u8> {
        match self {
            Self::Vote { vote, .. } => vote.signed_bytes(genesis),
            Self::Proposal { height, round, pol_round, block, .. } => {
                proposal_bytes(genesis, *height, *round, *pol_round, block)
            }
        }
    }

    pub const fn signature(&self) -> &Signature {
        match self {
            Self::Vote { signature, .. } | Self::Proposal { signature, .. } => signature,
        }
    }

    /// What is said of that place.
    const fn content(&self) -> (Option<u32>, Option<Hash>) {
        match self {
            Self::Vote { vote, .. } => (None, vote.block),
            Self::Proposal { pol_round, block, .. } => (*pol_round, Some(*block)),
        }
    }
}

/// The precommits that a certificate is made of.
pub fn precommits(certificate: &CommitCertificate) -> impl Iterator<Item = (PublicKey, Spoken)> {
    let vote = certificate.vote();
    certificate
        .signatures
        .iter()
        .map(move |entry| (entry.validator, Spoken::Vote { vote, signature: entry.signature }))
}

/// Everything in it was verified before, but for `late`.
#[derive(Debug, Default)]
pub struct Witness {
    newest: BTreeMap<PublicKey, Spoken>,
    /// The newest message of each key that came from itself when its height was over: verified when
    /// somebody asks.
    late: BTreeMap<PublicKey, Spoken>,
    recent: BTreeMap<Place, Spoken>,
    /// Of which places evidence was found.
    filed: BTreeSet<Place>,
    /// Not taken yet.
    found: Vec<Evidence>,
}

type Place = (u64, u32, Step, PublicKey);

impl Witness {
    /// Notes a genuine message of a validator.
    pub fn hear(&mut self, key: PublicKey, spoken: Spoken) {
        let place = spoken.place();
        match self.newest.get(&key) {
            Some(known) if known.place() >= place => {}
            _ => {
                self.newest.insert(key, spoken);
            }
        }
        let (height, round, step) = place;
        let first = *self.recent.entry((height, round, step, key)).or_insert(spoken);
        if let Some(evidence) = evidence(key, &first, &spoken) {
            self.find(evidence);
        }
    }

    /// Takes note of evidence that is stored already; whether there was none of its place.
    pub fn know(&mut self, evidence: &Evidence) -> bool {
        let step = match evidence.twins {
            Twins::Prevotes { .. } => Step::Prevote,
            Twins::Precommits { .. } => Step::Precommit,
            Twins::Proposals { .. } => Step::Proposal,
        };
        self.filed.insert((evidence.height, evidence.round, step, evidence.validator))
    }

    /// Takes note of evidence that was verified, once for each place.
    pub fn find(&mut self, evidence: Evidence) {
        let room = self.found.len() < FOUND_MAX && !planted(Bug::EvidenceDropped);
        if room && self.know(&evidence) {
            self.found.push(evidence);
        }
    }

    /// The evidence found since this was last asked.
    pub fn take_found(&mut self) -> Vec<Evidence> {
        std::mem::take(&mut self.found)
    }

    /// Notes a message of a height that is over, as `key` itself sent it.
    pub fn hear_late(&mut self, key: PublicKey, spoken: Spoken) {
        let known = [self.newest.get(&key), self.late.get(&key)];
        if known.into_iter().flatten().all(|known| known.place() < spoken.place()) {
            self.late.insert(key, spoken);
        }
    }

    /// Gives up what was late of a key.
    pub fn take_late(&mut self, key: &PublicKey) -> Option<Spoken> {
        self.late.remove(key)
    }

    /// The newest message heard of a key.
    pub fn newest(&self, key: &PublicKey) -> Option<Spoken> {
        self.newest.get(key).copied()
    }

    /// Whether `key` was heard to say something else at the place of `spoken`, and there is no evidence
    /// of it yet.
    pub fn is_contradicted(&self, key: &PublicKey, spoken: &Spoken) -> bool {
        let (height, round, step) = spoken.place();
        let place = (height, round, step, *key);
        let known = self.recent.get(&place);
        known.is_some_and(|known| known.content() != spoken.content())
            && !self.filed.contains(&place)
    }

    /// Forgets heights that are long over, and keys that `is_known` does not know any more.
    pub fn advance(&mut self, tip: u64, is_known: impl Fn(&PublicKey) -> bool) {
        let first = tip.saturating_sub(HEIGHTS_KEPT);
        while let Some(oldest) = self.recent.first_entry()
            && oldest.key().0 < first
        {
            oldest.remove();
        }
        self.recent.retain(|(height, round, ..), _| *height > tip || *round <= ROUNDS_KEPT);
        while self.filed.first().is_some_and(|oldest| oldest.0 < first) {
            self.filed.pop_first();
        }
        self.newest.retain(|key, _| is_known(key));
        self.late.retain(|key, _| is_known(key));
    }

    pub fn len(&self) -> usize {
        self.newest.len()
            + self.late.len()
            + self.recent.len()
            + self.filed.len()
            + self.found.len()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Two messages of one validator for one place, if they differ.
fn evidence(key: PublicKey, first: &Spoken, second: &Spoken) -> Option<Evidence> {
    if first.content() == second.content() {
        return None;
    }
    let ballot =
        |spoken: &Spoken| Ballot { block: spoken.content().1, signature: *spoken.signature() };
    let offer = |spoken: &Spoken| match spoken {
        Spoken::Vote { .. } => None,
        Spoken::Proposal { pol_round, block, signature, .. } => {
            Some(Offer { pol_round: *pol_round, block: *block, signature: *signature })
        }
    };
    let (height, round, step) = first.place();
    let twins = match step {
        Step::Prevote => Twins::Prevotes { first: ballot(first), second: ballot(second) },
        Step::Precommit => Twins::Precommits { first: ballot(first), second: ballot(second) },
        Step::Proposal => Twins::Proposals { first: offer(first)?, second: offer(second)? },
    };
    Some(Evidence { validator: key, height, round, twins })
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: PublicKey = PublicKey([1; 32]);

    fn vote(height: u64, round: u32, block: u8) -> Spoken {
        let block = Some(Hash([block; 32]));
        let vote = Vote { kind: VoteKind::Prevote, height, round, block };
        Spoken::Vote { vote, signature: Signature([block.map_or(0, |b| b.0[0]); 64]) }
    }

    #[test]
    fn the_newest_message_of_a_key_is_kept_whatever_the_order() {
        let mut witness = Witness::default();
        for spoken in [vote(7, 1, 1), vote(7, 0, 1), vote(5, 3, 1)] {
            witness.hear(KEY, spoken);
        }
        assert_eq!(witness.newest(&KEY), Some(vote(7, 1, 1)));
        // Long after, it is still known, and gone with the key.
        witness.advance(900, |_| true);
        assert_eq!((witness.newest(&KEY), witness.len()), (Some(vote(7, 1, 1)), 1));
        witness.advance(900, |_| false);
        assert!(witness.is_empty());
    }

    #[test]
    fn a_second_message_is_evidence_once_for_as_long_as_the_first_is_kept() {
        let mut witness = Witness::default();
        let far = ROUNDS_KEPT + 1;
        for first in [vote(7, 0, 1), vote(7, 1, 1), vote(7, far, 1), vote(7, 0, 1)] {
            witness.hear(KEY, first);
        }
        assert!(witness.take_found().is_empty());
        assert!(!witness.is_contradicted(&KEY, &vote(7, 0, 1)));
        assert!(witness.is_contradicted(&KEY, &vote(7, 0, 2)));
        assert!(!witness.is_contradicted(&PublicKey([2; 32]), &vote(7, 0, 2)));
        witness.hear(KEY, vote(7, 0, 2));
        witness.hear(KEY, vote(7, 0, 3));
        let [found] = witness.take_found().try_into().unwrap();
        assert_eq!((found.validator, found.height, found.round), (KEY, 7, 0));
        assert!(!witness.is_contradicted(&KEY, &vote(7, 0, 2)));
        // Far rounds count until their height is over, near ones for a while longer.
        witness.advance(6, |_| true);
        assert!(witness.is_contradicted(&KEY, &vote(7, far, 2)));
        witness.advance(7, |_| true);
        assert!(!witness.is_contradicted(&KEY, &vote(7, far, 2)));
        witness.advance(7 + HEIGHTS_KEPT, |_| true);
        assert!(witness.is_contradicted(&KEY, &vote(7, 1, 2)));
        witness.advance(8 + HEIGHTS_KEPT, |_| true);
        assert!(!witness.is_contradicted(&KEY, &vote(7, 1, 2)));
    }

    #[test]
    fn proposals_contradict_each_other_by_their_block_or_their_polka() {
        let mut witness = Witness::default();
        let offer = |round, pol_round, block: u8| Spoken::Proposal {
            height: 9,
            round,
            pol_round,
            block: Hash([block; 32]),
            signature: Signature([block; 64]),
        };
        for spoken in
            [offer(0, None, 1), offer(0, None, 2), offer(1, None, 1), offer(1, Some(0), 1)]
        {
            witness.hear(KEY, spoken);
        }
        let rounds: Vec<_> = witness.take_found().iter().map(|found| found.round).collect();
        assert_eq!(rounds, [0, 1]);
    }

    #[test]
    fn what_waits_to_be_taken_is_bounded() {
        let mut witness = Witness::default();
        for round in 0..2 * FOUND_MAX as u32 {
            witness.hear(KEY, vote(7, round, 1));
            witness.hear(KEY, vote(7, round, 2));
        }
        assert_eq!(witness.take_found().len(), FOUND_MAX);
    }
}
