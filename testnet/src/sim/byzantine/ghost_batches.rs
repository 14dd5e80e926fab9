//! Proposes blocks that name batches that do not exist, or that were committed long ago.

use ballast_primitives::BatchRef;
use ballast_replica::message::Message;

use super::{Behaviour, Mouth, To};

#[derive(Default)]
pub struct GhostBatches {
    /// Batches it has seen proposed.
    seen: Vec<BatchRef>,
}

impl Behaviour for GhostBatches {
    fn message(&mut self, mouth: &mut Mouth<'_>, to: To, message: Message) {
        let Message::Proposal(mut proposal) = message else { return mouth.say(to, message) };
        if proposal.proposer != mouth.public {
            return mouth.say(to, Message::Proposal(proposal));
        }
        match mouth.rng.below(3) {
            0 => proposal.payload.batches.push(mouth.ghost()),
            1 => proposal.payload.batches = (0..1_024).map(|_| mouth.ghost()).collect(),
            _ => {
                let old = self.seen.iter().filter(|old| !proposal.payload.batches.contains(old));
                let old: Vec<_> = old.take(2).copied().collect();
                proposal.payload.batches.extend(old);
            }
        }
        let proposal = mouth.proposal(proposal);
        mouth.say(to, Message::Proposal(proposal));
    }

    fn hear(&mut self, _: &mut Mouth<'_>, _: ballast_primitives::PublicKey, message: &Message) {
        if let Message::Proposal(proposal) = message
            && self.seen.len() < 64
        {
            self.seen.extend(&proposal.payload.batches);
        }
    }
}
