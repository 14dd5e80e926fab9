//! Validators that sign two messages for one place: the proof, and who was named for it.

use borsh::{BorshDeserialize, BorshSerialize};

use crate::certificate::{Vote, VoteKind};
use crate::codec;
use crate::domain::SignTag;
use crate::hash::Hash;
use crate::keys::{PublicKey, Signature};
use crate::planted::{Bug, planted};
use crate::signature::SignatureError;

/// The most pieces of evidence that a block holds.
pub const EVIDENCE_MAX: usize = 16;
/// How long after it was named a validator may be named again.
pub const NAMED_AGAIN_MS: u64 = 86_400_000;
/// How many heights after it was signed twice for a height, a validator may be named for it.
pub const EVIDENCE_HEIGHTS: u64 = 1_000_000;
/// How far above a block's height the place may be: validators speak of the height that follows.
pub const EVIDENCE_AHEAD: u64 = 2;

/// A vote without its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, BorshSerialize, BorshDeserialize)]
pub struct Ballot {
    /// The block's id, or none for nil.
    pub block: Option<Hash>,
    pub signature: Signature,
}

/// A proposal without its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, BorshSerialize, BorshDeserialize)]
pub struct Offer {
    /// The earlier round whose polka it names.
    pub pol_round: Option<u32>,
    pub block: Hash,
    pub signature: Signature,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, BorshSerialize, BorshDeserialize)]
pub enum Twins {
    Prevotes { first: Ballot, second: Ballot },
    Precommits { first: Ballot, second: Ballot },
    Proposals { first: Offer, second: Offer },
}

/// What was signed twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, BorshSerialize, BorshDeserialize)]
#[borsh(use_discriminant = true)]
#[repr(u8)]
pub enum TwinKind {
    Prevote = 0,
    Precommit = 1,
    Proposal = 2,
}

/// Two messages of one validator for one height, round and kind, of which an honest one signs at
/// most one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, BorshSerialize, BorshDeserialize)]
pub struct Evidence {
    pub validator: PublicKey,
    pub height: u64,
    pub round: u32,
    pub twins: Twins,
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

impl Evidence {
    pub const fn kind(&self) -> TwinKind {
        match self.twins {
            Twins::Prevotes { .. } => TwinKind::Prevote,
            Twins::Precommits { .. } => TwinKind::Precommit,
            Twins::Proposals { .. } => TwinKind::Proposal,
        }
    }

    /// What each signature is for: a block's id, or none for nil.
    pub const fn blocks(&self) -> [Option<Hash>; 2] {
        match &self.twins {
            Twins::Prevotes { first, second } | Twins::Precommits { first, second } => {
                [first.block, second.block]
            }
            Twins::Proposals { first, second } => [Some(first.block), Some(second.block)],
        }
    }

    /// What was signed, and the signatures.
    fn messages(&self, genesis: &Hash) -> [(Vec<u8>, Signature); 2] {
        let (height, round) = (self.height, self.round);
        let vote = |kind, ballot: &Ballot| {
            let vote = Vote { kind, height, round, block: ballot.block };
            (vote.signed_bytes(genesis), ballot.signature)
        };
        let offer = |offer: &Offer| {
            let bytes = proposal_bytes(genesis, height, round, offer.pol_round, &offer.block);
            (bytes, offer.signature)
        };
        match &self.twins {
            Twins::Prevotes { first, second } => {
                [first, second].map(|it| vote(VoteKind::Prevote, it))
            }
            Twins::Precommits { first, second } => {
                [first, second].map(|it| vote(VoteKind::Precommit, it))
            }
            Twins::Proposals { first, second } => [first, second].map(offer),
        }
    }

    /// Whether it is what it says: the messages differ, and both are the validator's.
    pub fn is_proof(
        &self,
        genesis: &Hash,
        verify: impl Fn(&PublicKey, &[u8], &Signature) -> Result<(), SignatureError>,
    ) -> bool {
        if planted(Bug::EvidenceUnverified) {
            return true;
        }
        let [first, second] = self.messages(genesis);
        let genuine =
            |(bytes, signature): &(Vec<u8>, Signature)| verify(&self.validator, bytes, signature);
        first.0 != second.0 && genuine(&first).is_ok() && genuine(&second).is_ok()
    }
}

/// That a block named a validator for having signed twice, the last time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Named {
    pub key: PublicKey,
    /// For what.
    pub height: u64,
    pub round: u32,
    pub kind: TwinKind,
    /// How often it was named.
    pub times: u32,
    /// The block that holds the proof, and its time.
    pub block: u64,
    pub at: u64,
}

/// Who was named, ascending by key.
#[derive(Clone, Debug, Default, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Names(Vec<Named>);

impl Names {
    pub fn all(&self) -> &[Named] {
        &self.0
    }

    /// Whether the keys ascend, as they do in what this code made.
    pub fn is_ordered(&self) -> bool {
        self.0.is_sorted_by(|a, b| a.key < b.key)
    }

    pub fn get(&self, key: &PublicKey) -> Option<&Named> {
        self.0.binary_search_by_key(key, |named| named.key).ok().and_then(|at| self.0.get(at))
    }

    /// Whether a block of `height` and `time` may hold the evidence, its signatures and whose key it
    /// is aside: not of long ago, once a day, and only for what was signed after the last time.
    pub fn take(&self, evidence: &Evidence, height: u64, time: u64) -> bool {
        let is_near = evidence.height <= height.saturating_add(EVIDENCE_AHEAD)
            && height <= evidence.height.saturating_add(EVIDENCE_HEIGHTS);
        let is_news = self.get(&evidence.validator).is_none_or(|last| {
            evidence.height > last.block.saturating_add(EVIDENCE_AHEAD)
                && time >= last.at.saturating_add(NAMED_AGAIN_MS)
        });
        is_near && (is_news || planted(Bug::NamedAgain))
    }

    /// Names the validator in block `height` of `time`.
    #[must_use]
    pub fn with(&self, evidence: &Evidence, height: u64, time: u64) -> Self {
        let times = self.get(&evidence.validator).map_or(0, |last| last.times).saturating_add(1);
        let named = Named {
            key: evidence.validator,
            height: evidence.height,
            round: evidence.round,
            kind: evidence.kind(),
            times,
            block: height,
            at: time,
        };
        let others = self.0.iter().filter(|other| other.key != named.key).copied();
        let mut all: Vec<_> = others.chain([named]).collect();
        all.sort_unstable_by_key(|named| named.key);
        Self(all)
    }

    /// Those whom `is_known` knows.
    #[must_use]
    pub fn of(&self, is_known: impl Fn(&PublicKey) -> bool) -> Self {
        Self(self.0.iter().filter(|named| is_known(&named.key)).copied().collect())
    }
}

#[cfg(test)]
mod tests;
