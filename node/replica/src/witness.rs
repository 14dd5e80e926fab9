//! What this validator has heard others sign: the newest message of each key, to answer a
//! validator that asks what it has signed itself; and the messages of the newest heights, so that
//! a second one for the same place is evidence even when that height is over.

use std::collections::{BTreeMap, BTreeSet};

use ballast_primitives::codec;
use ballast_primitives::domain::SignTag;
use ballast_primitives::{CommitCertificate, Hash, PublicKey, Signature, Vote, VoteKind};
use borsh::{BorshDeserialize, BorshSerialize};

use crate::safety::Step;
use crate::types::{Evidence, EvidenceKind};

/// For how many heights that are over messages are kept.
pub const HEIGHTS_KEPT: u64 = 16;
/// Up to which round of a height.
pub const ROUNDS_KEPT: u32 = 3;

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

    const fn block(&self) -> Option<Hash> {
        match self {
            Self::Vote { vote, .. } => vote.block,
            Self::Proposal { block, .. } => Some(*block),
        }
    }
}

/// The bytes a proposer signs: tag, genesis hash, height, round, round of the polka, block id.
pub fn proposal_bytes(
    genesis: &Hash,
    height: u64,
    round: u32,
    pol_round: Option<u32>,
    block: &Hash,
) -> Vec<u8> {
    let mut bytes = SignTag::Proposal.bytes().to_vec();
    bytes.extend_from_slice(&genesis.0);
    bytes.extend_from_slice(&codec::encode(&(height, round, pol_round, block)));
    bytes
}

/// The precommits that a certificate is made of.
pub fn precommits(certificate: &CommitCertificate) -> impl Iterator<Item = (PublicKey, Spoken)> {
    let vote = certificate.vote();
    certificate
        .signatures
        .iter()
        .map(move |entry| (entry.validator, Spoken::Vote { vote, signature: entry.signature }))
}

/// Everything in it was verified before.
#[derive(Debug, Default)]
pub struct Witness {
    newest: BTreeMap<PublicKey, Spoken>,
    recent: BTreeMap<Place, Spoken>,
    /// Where evidence of two messages has been stored.
    filed: BTreeSet<Place>,
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
        if round <= ROUNDS_KEPT {
            self.recent.entry((height, round, step, key)).or_insert(spoken);
        }
    }

    /// The newest message heard of a key.
    pub fn newest(&self, key: &PublicKey) -> Option<Spoken> {
        self.newest.get(key).copied()
    }

    /// What `key` was heard to sign at the place of `spoken`, when it is about another block.
    pub fn contradiction(&self, key: &PublicKey, spoken: &Spoken) -> Option<Spoken> {
        let (height, round, step) = spoken.place();
        let known = self.recent.get(&(height, round, step, *key))?;
        (known.block() != spoken.block()).then_some(*known)
    }

    /// Whether evidence is not on file yet, as from now on it is.
    pub fn file(&mut self, evidence: &Evidence) -> bool {
        let step = match &evidence.kind {
            EvidenceKind::Votes { first: (vote, _), .. } => match vote.kind {
                VoteKind::Prevote => Step::Prevote,
                VoteKind::Precommit => Step::Precommit,
            },
            EvidenceKind::Proposals { .. } => Step::Proposal,
        };
        self.filed.insert((evidence.height, evidence.round, step, evidence.validator))
    }

    /// Forgets heights that are long over, and keys that `is_known` does not know any more.
    pub fn advance(&mut self, tip: u64, is_known: impl Fn(&PublicKey) -> bool) {
        let first = tip.saturating_sub(HEIGHTS_KEPT);
        while let Some(oldest) = self.recent.first_entry()
            && oldest.key().0 < first
        {
            oldest.remove();
        }
        while self.filed.first().is_some_and(|oldest| oldest.0 < first) {
            self.filed.pop_first();
        }
        self.newest.retain(|key, _| is_known(key));
    }

    pub fn len(&self) -> usize {
        self.newest.len() + self.recent.len() + self.filed.len()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Two messages of one validator for one place.
pub fn evidence(key: PublicKey, first: &Spoken, second: &Spoken, seen_at: u64) -> Option<Evidence> {
    let (height, round, _) = first.place();
    let kind = match (*first, *second) {
        (Spoken::Vote { vote, signature }, Spoken::Vote { vote: other, signature: others }) => {
            EvidenceKind::Votes { first: (vote, signature), second: (other, others) }
        }
        (
            Spoken::Proposal { block, signature, .. },
            Spoken::Proposal { block: other, signature: others, .. },
        ) => EvidenceKind::Proposals { first: (block, signature), second: (other, others) },
        _ => return None,
    };
    Some(Evidence { validator: key, height, round, kind, seen_at })
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
    fn a_second_message_contradicts_the_first_for_as_long_as_that_is_kept() {
        let mut witness = Witness::default();
        witness.hear(KEY, vote(7, 0, 1));
        witness.hear(KEY, vote(7, ROUNDS_KEPT + 1, 1));
        assert_eq!(witness.contradiction(&KEY, &vote(7, 0, 1)), None);
        assert_eq!(witness.contradiction(&KEY, &vote(7, 0, 2)), Some(vote(7, 0, 1)));
        assert_eq!(witness.contradiction(&PublicKey([2; 32]), &vote(7, 0, 2)), None);
        assert_eq!(witness.contradiction(&KEY, &vote(7, ROUNDS_KEPT + 1, 2)), None);
        witness.advance(7 + HEIGHTS_KEPT, |_| true);
        assert!(witness.contradiction(&KEY, &vote(7, 0, 2)).is_some());
        witness.advance(8 + HEIGHTS_KEPT, |_| true);
        assert_eq!(witness.contradiction(&KEY, &vote(7, 0, 2)), None);
    }
}
