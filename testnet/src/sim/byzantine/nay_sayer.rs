//! Votes nil on everything, and never proposes.

use ballast_primitives::Vote;
use ballast_replica::message::Message;

use super::{Behaviour, Mouth, To};

pub struct NaySayer;

impl Behaviour for NaySayer {
    fn message(&mut self, mouth: &mut Mouth<'_>, to: To, message: Message) {
        match message {
            Message::Vote(vote) => {
                let vote = mouth.vote(Vote { block: None, ..vote.vote });
                mouth.say(to, Message::Vote(vote));
            }
            Message::Proposal(proposal) if proposal.proposer == mouth.public => {}
            message => mouth.say(to, message),
        }
    }
}
