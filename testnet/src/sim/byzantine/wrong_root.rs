//! Proposes blocks whose headers are wrong in one field: a state root that nobody computed, results
//! of heights that are too old or do not exist, another parent, another validator set.

use ballast_primitives::Hash;
use ballast_replica::message::Message;

use super::{Behaviour, Mouth, To};

pub struct WrongRoot;

impl Behaviour for WrongRoot {
    fn message(&mut self, mouth: &mut Mouth<'_>, to: To, message: Message) {
        let Message::Proposal(mut proposal) = message else { return mouth.say(to, message) };
        if proposal.proposer != mouth.public || mouth.rng.chance(200) {
            return mouth.say(to, Message::Proposal(proposal));
        }
        let wrong = Hash(mouth.rng.bytes32());
        let header = &mut proposal.header;
        match mouth.rng.below(12) {
            0..4 => header.state_root = wrong,
            4 => header.receipts_root = wrong,
            5 => header.executed_height = u64::MAX - mouth.rng.below(4),
            6 => header.executed_height = header.height,
            7 => header.executed_height = 0,
            8 => header.parent = wrong,
            9 => header.validators = wrong,
            10 => header.version = 2,
            _ => header.genesis = wrong,
        }
        let proposal = mouth.proposal(proposal);
        mouth.say(to, Message::Proposal(proposal));
    }
}
