//! Says that its blocks' parents were decided in other rounds than they were, with or without a
//! certificate, keeps others from coming back, and says that it is well itself whenever it likes.

use ballast_primitives::{CommitCertificate, Return, Vote, VoteKind};
use ballast_replica::message::Message;

use super::{Behaviour, Mouth, To};

pub struct Blamer;

impl Behaviour for Blamer {
    fn message(&mut self, mouth: &mut Mouth<'_>, to: To, message: Message) {
        let Message::Proposal(mut proposal) = message else { return mouth.say(to, message) };
        if proposal.proposer != mouth.public {
            proposal.parent = None;
            return mouth.say(to, Message::Proposal(proposal));
        }
        match mouth.rng.below(5) {
            0 => proposal.header.parent_round += 1 + mouth.rng.below(3) as u32,
            1 => {
                let round = 1 + mouth.rng.below(3) as u32;
                proposal.header.parent_round = round;
                proposal.parent = proposal.parent.map(|parent| moved(mouth, parent, round));
            }
            2 => proposal.parent = None,
            3 => proposal.payload.returns.clear(),
            _ => {
                let from = mouth.height() + mouth.rng.below(20);
                let signature = mouth.key.sign(&Return::signed_bytes(from, &mouth.genesis));
                let said = Return { validator: mouth.public, from, signature };
                proposal.payload.returns = vec![said];
                mouth.say(To::All, Message::Return(said));
            }
        }
        let proposal = mouth.proposal(proposal);
        mouth.say(to, Message::Proposal(proposal));
    }
}

/// The same signatures, and its own anew, for another round.
fn moved(mouth: &Mouth<'_>, mut parent: CommitCertificate, round: u32) -> CommitCertificate {
    parent.round = round;
    let (kind, height, block) = (VoteKind::Precommit, parent.height, Some(parent.block));
    let own = mouth.vote(Vote { kind, height, round, block });
    let signed = parent.signatures.iter_mut().filter(|entry| entry.validator == mouth.public);
    signed.for_each(|entry| entry.signature = own.signature);
    parent
}
