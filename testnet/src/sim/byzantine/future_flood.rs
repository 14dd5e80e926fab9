//! Floods the others with heights and rounds that are far ahead: votes, proposals where it will
//! have the turn, claims, and wishes for blocks that do not exist.

use ballast_primitives::{Hash, Vote, VoteKind};
use ballast_replica::message::{Message, WireProposal};

use super::{Behaviour, Mouth, To};

/// Votes of the next height, each of a round of its own.
const BURST: u32 = 150;

#[derive(Default)]
pub struct FutureFlood {
    /// Its last proposal, to make others of.
    proposal: Option<WireProposal>,
}

impl FutureFlood {
    fn vote(mouth: &mut Mouth<'_>) -> Message {
        let kind = if mouth.rng.chance(500) { VoteKind::Prevote } else { VoteKind::Precommit };
        let height = match mouth.rng.below(4) {
            0 => u64::MAX - mouth.rng.below(2),
            1 => mouth.height() + mouth.rng.below(1_000),
            _ => mouth.height() + mouth.rng.below(2),
        };
        let round = match mouth.rng.below(4) {
            0 => u32::MAX - mouth.rng.below(2) as u32,
            _ => mouth.rng.below(2_000) as u32,
        };
        let block = mouth.rng.chance(700).then(|| Hash(mouth.rng.bytes32()));
        Message::Vote(mouth.vote(Vote { kind, height, round, block }))
    }

    /// A proposal of a later round, or of the next height, in which it has the turn.
    fn proposal(&self, mouth: &mut Mouth<'_>) -> Option<Message> {
        let mut proposal = self.proposal.clone()?;
        let height = mouth.height() + mouth.rng.below(2);
        let first = mouth.rng.below(1_000) as u32;
        let count = mouth.committee.len() as u32;
        let rounds = first..first + count;
        let turn = |round| mouth.committee.proposer(&[], height, round).key;
        let is_turn = |round: &u32| turn(*round) == mouth.public;
        let round = rounds.into_iter().find(is_turn)?;
        proposal.header.height = height;
        proposal.header.parent = mouth.tip.id;
        proposal.header.time = mouth.now.wall_ms + mouth.rng.below(1_000);
        proposal.payload.batches = (0..mouth.rng.below(20)).map(|_| mouth.ghost()).collect();
        (proposal.round, proposal.pol_round) = (round, mouth.rng.chance(200).then_some(round));
        Some(Message::Proposal(mouth.proposal(proposal)))
    }
}

impl Behaviour for FutureFlood {
    fn message(&mut self, mouth: &mut Mouth<'_>, to: To, message: Message) {
        if let Message::Proposal(proposal) = &message
            && proposal.proposer == mouth.public
        {
            self.proposal = Some(proposal.clone());
        }
        mouth.say(to, message);
    }

    fn idle(&mut self, mouth: &mut Mouth<'_>) {
        // Now and then more than anyone could keep, all of the next height.
        if mouth.rng.chance(50) {
            let height = mouth.height() + 1;
            for round in 0..BURST {
                let vote = Vote { kind: VoteKind::Prevote, height, round, block: None };
                let vote = mouth.vote(vote);
                mouth.say(To::All, Message::Vote(vote));
            }
        }
        for _ in 0..4 {
            let message = match mouth.rng.below(4) {
                0 => Message::Status {
                    height: u64::MAX - mouth.rng.below(1_000),
                    time: mouth.rng.below(u64::MAX),
                },
                1 => Message::WantProposal {
                    height: mouth.height() + mouth.rng.below(3),
                    round: mouth.rng.below(u64::from(u32::MAX)) as u32,
                    block: Hash(mouth.rng.bytes32()),
                },
                2 => match self.proposal(mouth) {
                    Some(proposal) => proposal,
                    None => continue,
                },
                _ => Self::vote(mouth),
            };
            mouth.say(To::All, message);
        }
    }
}
