//! Asks everyone for proposals that they have, and for old ones, without end: few bytes that want
//! many in answer.

use ballast_primitives::PublicKey;
use ballast_replica::message::Message;

use super::{Behaviour, Mouth, To};

/// Questions to everyone, ten times a second.
const BURST: u32 = 60;

#[derive(Default)]
pub struct Asker {
    /// What it asks for.
    question: Option<Message>,
}

impl Behaviour for Asker {
    fn hear(&mut self, _: &mut Mouth<'_>, _: PublicKey, message: &Message) {
        if let Message::Proposal(proposal) = message {
            let (height, round) = (proposal.header.height, proposal.round);
            let block = Mouth::block_of(proposal);
            self.question = Some(Message::WantProposal { height, round, block });
        }
    }

    fn idle(&mut self, mouth: &mut Mouth<'_>) {
        let Some(question) = self.question.clone().filter(|_| mouth.rng.chance(200)) else {
            return;
        };
        for _ in 0..BURST {
            mouth.say(To::All, question.clone());
        }
    }
}
