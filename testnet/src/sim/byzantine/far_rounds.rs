//! Proposes blocks of rounds that are far ahead, two in each round in which it has the turn, as many
//! at once as would fill anyone's memory, some of them with as many batches as a block may name.

use ballast_primitives::block::BATCHES_MAX;
use ballast_replica::message::{Message, WireProposal};

use super::{Behaviour, Mouth, To};

/// Proposals at once.
const BURST: u32 = 160;

#[derive(Default)]
pub struct FarRounds {
    /// A proposal to make others of.
    proposal: Option<WireProposal>,
}

impl Behaviour for FarRounds {
    fn message(&mut self, mouth: &mut Mouth<'_>, to: To, message: Message) {
        if let Message::Proposal(proposal) = &message {
            self.proposal = Some(proposal.clone());
        }
        mouth.say(to, message);
    }

    fn idle(&mut self, mouth: &mut Mouth<'_>) {
        let Some(proposal) = self.proposal.clone().filter(|_| mouth.rng.chance(30)) else { return };
        // At times of the height after: what nobody can judge yet.
        let height = mouth.height() + mouth.rng.below(2);
        let is_turn =
            |round: &u32| mouth.committee.proposer(&[], height, *round).key == mouth.public;
        let round = if height == mouth.height() { mouth.round } else { 0 };
        let Some(first) = (round..).take(mouth.committee.len()).find(is_turn) else { return };
        let step = mouth.committee.len() as u32;
        for n in 0..BURST {
            let mut proposal = proposal.clone();
            proposal.round = first + n / 2 * step;
            proposal.pol_round = None;
            proposal.header.height = height;
            proposal.header.parent = mouth.tip.id;
            proposal.header.time = mouth.now.wall_ms + u64::from(n);
            let batches = if mouth.rng.chance(20) { BATCHES_MAX } else { mouth.rng.index(8) };
            proposal.payload.batches = (0..batches).map(|_| mouth.ghost()).collect();
            let proposal = mouth.proposal(proposal);
            mouth.say(To::All, Message::Proposal(proposal));
        }
    }
}
