//! Proposes blocks of the future and of the past.

use ballast_replica::message::Message;

use super::{Behaviour, Mouth, To};

pub struct BadTime;

impl Behaviour for BadTime {
    fn message(&mut self, mouth: &mut Mouth<'_>, to: To, message: Message) {
        let Message::Proposal(mut proposal) = message else { return mouth.say(to, message) };
        if proposal.proposer != mouth.public {
            return mouth.say(to, Message::Proposal(proposal));
        }
        let now = mouth.now.wall_ms;
        proposal.header.time = match mouth.rng.below(6) {
            0 => now + mouth.rng.between(400, 3_000),
            1 => now + 3_600_000,
            2 => u64::MAX - mouth.rng.below(1_000),
            3 => mouth.tip.time,
            4 => mouth.tip.time.saturating_sub(mouth.rng.below(10_000)),
            _ => 0,
        };
        let proposal = mouth.proposal(proposal);
        mouth.say(to, Message::Proposal(proposal));
    }
}
