//! Says that others signed twice, with evidence that proves nothing, to everyone and in its own
//! blocks; signs twice itself, shows that, and names itself in every block.

use ballast_primitives::equivocation::{Ballot, Offer, Twins};
use ballast_primitives::{Evidence, Hash, PublicKey, Signature, Vote, VoteKind};
use ballast_replica::message::{Message, WireVote};

use super::{Behaviour, Mouth, To};

#[derive(Default)]
pub struct Slanderer {
    /// What others have said.
    heard: Vec<WireVote>,
}

const HEARD_MAX: usize = 16;

impl Slanderer {
    /// Evidence against another, of one true signature or none.
    fn slander(&self, mouth: &mut Mouth<'_>) -> Evidence {
        let at = mouth.rng.below(HEARD_MAX as u64) as usize;
        let Some(WireVote { vote, validator, signature }) = self.heard.get(at).copied() else {
            let victim = mouth.others.first().copied().unwrap_or(mouth.public);
            return forged(mouth, victim);
        };
        let first = Ballot { block: vote.block, signature };
        let block = Some(Hash(mouth.rng.bytes32()));
        let second = match mouth.rng.below(3) {
            // The same vote again, under a signature of its own, or under the true one.
            0 => first,
            1 => Ballot { block, signature: mouth.vote(Vote { block, ..vote }).signature },
            _ => Ballot { block, signature },
        };
        let twins = match vote.kind {
            VoteKind::Prevote => Twins::Prevotes { first, second },
            VoteKind::Precommit => Twins::Precommits { first, second },
        };
        Evidence { validator, height: vote.height, round: vote.round, twins }
    }

    fn confession(mouth: &mut Mouth<'_>) -> Evidence {
        let (kind, height, round) = (VoteKind::Prevote, mouth.height(), 0);
        let [first, second] = [None, Some(Hash(mouth.rng.bytes32()))].map(|block| {
            let vote = mouth.vote(Vote { kind, height, round, block });
            Ballot { block, signature: vote.signature }
        });
        let twins = Twins::Prevotes { first, second };
        Evidence { validator: mouth.public, height, round, twins }
    }
}

fn forged(mouth: &mut Mouth<'_>, validator: PublicKey) -> Evidence {
    let offer = |block| Offer { pol_round: None, block, signature: Signature([3; 64]) };
    let first = offer(Hash(mouth.rng.bytes32()));
    let second = offer(Hash(mouth.rng.bytes32()));
    let (height, twins) = (mouth.height(), Twins::Proposals { first, second });
    Evidence { validator, height, round: 0, twins }
}

impl Behaviour for Slanderer {
    fn message(&mut self, mouth: &mut Mouth<'_>, to: To, message: Message) {
        let Message::Proposal(mut proposal) = message else { return mouth.say(to, message) };
        if proposal.proposer == mouth.public {
            match mouth.rng.below(4) {
                0 => proposal.payload.evidence = vec![self.slander(mouth)],
                1 => proposal.payload.evidence = vec![Self::confession(mouth)],
                2 => proposal.payload.evidence.clear(),
                _ => {}
            }
            proposal = mouth.proposal(proposal);
        }
        mouth.say(to, Message::Proposal(proposal));
    }

    fn hear(&mut self, mouth: &mut Mouth<'_>, _: PublicKey, message: &Message) {
        if let Message::Vote(vote) = message {
            self.heard.push(*vote);
            if self.heard.len() > HEARD_MAX {
                self.heard.remove(mouth.rng.below(HEARD_MAX as u64) as usize);
            }
        }
    }

    fn idle(&mut self, mouth: &mut Mouth<'_>) {
        if !mouth.rng.chance(200) {
            return;
        }
        let evidence = match mouth.rng.chance(300) {
            true => Self::confession(mouth),
            false => self.slander(mouth),
        };
        let to = mouth.rng.below(mouth.others.len().max(1) as u64) as usize;
        if let Some(peer) = mouth.others.get(to).copied() {
            mouth.say(To::One(peer), Message::Evidence(evidence));
        }
    }
}
