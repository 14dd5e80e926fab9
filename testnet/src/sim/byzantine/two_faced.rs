//! Shows each half of the others another world: proposes one block to each, and votes in either
//! world for whatever is proposed there. Alone it achieves nothing. A third of the validators and
//! one more, all two-faced, can split the chain, so this one is not drawn but for runs that are
//! about just that.

use std::collections::BTreeMap;

use ballast_primitives::{Hash, PublicKey, Vote, VoteKind};
use ballast_replica::message::{Message, WireProposal};

use super::{Behaviour, Mouth, To};

#[derive(Default)]
pub struct TwoFaced {
    /// What was voted for at each height and in each world, in whatever round: who changed its mind
    /// from round to round would not have signed against itself.
    voted: BTreeMap<(u64, usize), Hash>,
}

impl TwoFaced {
    /// The two worlds: those of lower keys, and those of higher ones.
    fn worlds(mouth: &Mouth<'_>) -> [Vec<PublicKey>; 2] {
        let honest = mouth.others.iter().filter(|key| !mouth.accomplices.contains(key));
        let mut honest: Vec<_> = honest.copied().collect();
        honest.sort_unstable();
        let second = honest.split_off(honest.len() / 2);
        [honest, second]
    }

    fn propose(&mut self, mouth: &mut Mouth<'_>, proposal: &WireProposal) {
        for (world, people) in Self::worlds(mouth).into_iter().enumerate() {
            let mut proposal = proposal.clone();
            // By this accomplices tell which world a block is for.
            proposal.header.time = proposal.header.time / 2 * 2 + world as u64;
            let proposal = mouth.proposal(proposal);
            for peer in people.iter().chain(mouth.accomplices) {
                mouth.say(To::One(*peer), Message::Proposal(proposal.clone()));
            }
            self.vote(mouth, world, &people, &proposal);
        }
    }

    /// Both votes for a proposal, to those of one world.
    fn vote(
        &mut self,
        mouth: &mut Mouth<'_>,
        world: usize,
        people: &[PublicKey],
        proposal: &WireProposal,
    ) {
        let (height, round) = (proposal.header.height, proposal.round);
        let block = Mouth::block_of(proposal);
        if *self.voted.entry((height, world)).or_insert(block) != block {
            return;
        }
        for kind in [VoteKind::Prevote, VoteKind::Precommit] {
            let vote = mouth.vote(Vote { kind, height, round, block: Some(block) });
            people.iter().for_each(|peer| mouth.say(To::One(*peer), Message::Vote(vote)));
        }
    }
}

impl Behaviour for TwoFaced {
    fn message(&mut self, mouth: &mut Mouth<'_>, to: To, message: Message) {
        match message {
            Message::Proposal(proposal) if proposal.proposer == mouth.public => {
                self.propose(mouth, &proposal);
            }
            // It votes when it hears a proposal, not when its replica does.
            Message::Vote(_) | Message::Proposal(_) => {}
            message => mouth.say(to, message),
        }
    }

    fn hear(&mut self, mouth: &mut Mouth<'_>, _: PublicKey, message: &Message) {
        let Message::Proposal(proposal) = message else { return };
        let of_accomplice = mouth.accomplices.contains(&proposal.proposer);
        let only = of_accomplice.then_some(proposal.header.time as usize % 2);
        for (world, people) in Self::worlds(mouth).into_iter().enumerate() {
            if only.is_none_or(|only| only == world) {
                self.vote(mouth, world, &people, proposal);
            }
        }
    }
}
