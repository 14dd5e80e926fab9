//! Votes twice at one place: as its replica does to some, for something else to the others. Two
//! behaviours, one for each kind of vote.

use ballast_primitives::{Hash, Vote, VoteKind};
use ballast_replica::message::Message;

use super::{Behaviour, Mouth, To};

pub struct EquivocatingVoter {
    kind: VoteKind,
    /// Blocks that were proposed or voted for lately.
    blocks: Vec<Hash>,
}

impl EquivocatingVoter {
    pub const fn new(kind: VoteKind) -> Self {
        Self { kind, blocks: Vec::new() }
    }

    /// Something else than `block`: another block it has heard of, nil, or one that nobody has.
    fn other(&self, mouth: &mut Mouth<'_>, block: Option<Hash>) -> Option<Hash> {
        let known = self.blocks.iter().rev().find(|other| Some(**other) != block).copied();
        match mouth.rng.below(3) {
            0 if block.is_some() => None,
            1 if known.is_some() => known,
            _ => Some(Hash(mouth.rng.bytes32())),
        }
    }
}

impl Behaviour for EquivocatingVoter {
    fn message(&mut self, mouth: &mut Mouth<'_>, to: To, message: Message) {
        let Message::Vote(vote) = message else { return mouth.say(to, message) };
        if vote.vote.kind != self.kind || to != To::All {
            return mouth.say(to, message);
        }
        let block = self.other(mouth, vote.vote.block);
        let other = Message::Vote(mouth.vote(Vote { block, ..vote.vote }));
        let (first, second) = mouth.halves();
        first.iter().for_each(|peer| mouth.say(To::One(*peer), message.clone()));
        for peer in second {
            mouth.say(To::One(peer), other.clone());
            // Some get both, so that there is evidence.
            if mouth.rng.chance(400) {
                mouth.say(To::One(peer), message.clone());
            }
        }
    }

    fn hear(&mut self, _: &mut Mouth<'_>, _: ballast_primitives::PublicKey, message: &Message) {
        let block = match message {
            Message::Proposal(proposal) => Some(Mouth::block_of(proposal)),
            Message::Vote(vote) => vote.vote.block,
            _ => None,
        };
        if let Some(block) = block.filter(|block| !self.blocks.contains(block)) {
            self.blocks.push(block);
            if self.blocks.len() > 8 {
                self.blocks.remove(0);
            }
        }
    }
}
