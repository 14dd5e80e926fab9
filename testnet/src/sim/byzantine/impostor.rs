//! Speaks in others' names: votes and proposals that they did not sign, and their good votes
//! passed on with something in them changed.

use ballast_primitives::{Hash, PublicKey, Vote, VoteKind};
use ballast_replica::message::{Message, WireVote};

use super::{Behaviour, Mouth, To};

pub struct Impostor;

impl Behaviour for Impostor {
    fn hear(&mut self, mouth: &mut Mouth<'_>, from: PublicKey, message: &Message) {
        if mouth.rng.chance(700) {
            return;
        }
        match message {
            Message::Vote(vote) => {
                let block = Some(Hash(mouth.rng.bytes32()));
                let vote = WireVote { vote: Vote { block, ..vote.vote }, ..*vote };
                mouth.say(To::All, Message::Vote(vote));
            }
            Message::Proposal(proposal) => {
                let mut proposal = proposal.clone();
                proposal.header.time += 1;
                proposal.proposer = from;
                mouth.say(To::All, Message::Proposal(proposal));
            }
            _ => {}
        }
    }

    fn idle(&mut self, mouth: &mut Mouth<'_>) {
        let (height, round) = (mouth.height(), mouth.round);
        let vote = Vote { kind: VoteKind::Precommit, height, round, block: None };
        let mut vote = mouth.vote(vote);
        if let Some(other) = mouth.others.first() {
            vote.validator = *other;
        }
        mouth.say(To::All, Message::Vote(vote));
    }
}
