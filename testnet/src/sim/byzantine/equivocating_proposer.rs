//! Proposes two blocks in one round, one to each half of the others, and votes for both.

use ballast_primitives::{Hash, PublicKey, Vote};
use ballast_replica::message::{Message, WireProposal};

use super::{Behaviour, Mouth, To};

#[derive(Default)]
pub struct EquivocatingProposer {
    /// Its block, its other block, and who is told of the other.
    blocks: Option<(Hash, Hash, Vec<PublicKey>)>,
}

impl Behaviour for EquivocatingProposer {
    fn message(&mut self, mouth: &mut Mouth<'_>, to: To, message: Message) {
        match message {
            Message::Proposal(proposal) if proposal.proposer == mouth.public && to == To::All => {
                self.propose_twice(mouth, proposal);
            }
            Message::Vote(vote) => {
                mouth.say(to, message);
                if let Some((first, second, told)) = &self.blocks
                    && vote.vote.block == Some(*first)
                {
                    let other = mouth.vote(Vote { block: Some(*second), ..vote.vote });
                    told.iter().for_each(|peer| mouth.say(To::One(*peer), Message::Vote(other)));
                }
            }
            _ => mouth.say(to, message),
        }
    }
}

impl EquivocatingProposer {
    fn propose_twice(&mut self, mouth: &mut Mouth<'_>, proposal: WireProposal) {
        let mut other = proposal.clone();
        match mouth.rng.below(3) {
            0 => drop(other.payload.batches.pop()),
            1 => other.payload.batches.reverse(),
            _ => {}
        }
        other.header.time += 1 + mouth.rng.below(5);
        let other = mouth.proposal(other);
        let (first, second) = mouth.halves();
        self.blocks = Some((Mouth::block_of(&proposal), Mouth::block_of(&other), second.clone()));
        for peer in first {
            mouth.say(To::One(peer), Message::Proposal(proposal.clone()));
        }
        for peer in second {
            mouth.say(To::One(peer), Message::Proposal(other.clone()));
            // Some learn of both, so that there is evidence.
            if mouth.rng.chance(200) {
                mouth.say(To::One(peer), Message::Proposal(proposal.clone()));
            }
        }
    }
}
