//! Makes certificates by itself: quorums of prevotes for its own blocks, of precommits for nothing,
//! and of blocks that nobody decided, signed by itself in everyone's name.

use ballast_primitives::{CommitSignature, Hash, PublicKey, Signature, Vote, VoteKind};
use ballast_replica::message::{
    ChainRecord, Message, Request, Response, WirePolka, WireRound, WireVote,
};

use super::{Behaviour, Mouth, To};

pub struct ForgedCertificate;

impl ForgedCertificate {
    /// A vote in another's name. Its signature is the liar's, or none at all.
    fn forge(mouth: &mut Mouth<'_>, vote: Vote, validator: PublicKey) -> WireVote {
        let signature = match mouth.rng.below(3) {
            0 => Signature([0; 64]),
            _ => mouth.vote(vote).signature,
        };
        let signature =
            if validator == mouth.public { mouth.vote(vote).signature } else { signature };
        WireVote { vote, validator, signature }
    }

    fn everyone(mouth: &Mouth<'_>) -> Vec<PublicKey> {
        mouth.committee.validators().iter().map(|validator| validator.key).collect()
    }
}

impl Behaviour for ForgedCertificate {
    fn message(&mut self, mouth: &mut Mouth<'_>, to: To, message: Message) {
        if let Message::Proposal(proposal) = &message
            && proposal.proposer == mouth.public
        {
            let block = Mouth::block_of(proposal);
            let (height, round) = (proposal.header.height, proposal.round);
            let vote = Vote { kind: VoteKind::Prevote, height, round, block: Some(block) };
            let everyone = Self::everyone(mouth).into_iter();
            let sign = |key| (key, Self::forge(mouth, vote, key).signature);
            let signatures = everyone.map(sign).collect();
            mouth.say(To::All, Message::Polka(WirePolka { height, round, block, signatures }));
        }
        mouth.say(to, message);
    }

    fn idle(&mut self, mouth: &mut Mouth<'_>) {
        let (height, round) = (mouth.height(), mouth.round + mouth.rng.below(3) as u32);
        let precommits = mouth.rng.chance(500);
        let kind = if precommits { VoteKind::Precommit } else { VoteKind::Prevote };
        let block = mouth.rng.chance(300).then(|| Hash(mouth.rng.bytes32()));
        let vote = Vote { kind, height, round, block };
        let everyone = Self::everyone(mouth);
        let votes = everyone.into_iter().map(|key| Self::forge(mouth, vote, key)).collect();
        mouth.say(To::All, Message::Round(WireRound { height, round, precommits, votes }));
    }

    fn answer(
        &mut self,
        mouth: &mut Mouth<'_>,
        _: PublicKey,
        _: &Request,
        honest: Response,
    ) -> Option<Response> {
        let Response::Headers(mut records) = honest else { return Some(honest) };
        for ChainRecord::Block(block) in &mut records {
            block.header.time += 1;
            block.certificate.block = block.header.id();
            let vote = block.certificate.vote();
            let everyone = Self::everyone(mouth).into_iter();
            let sign = |validator| {
                let signature = Self::forge(mouth, vote, validator).signature;
                CommitSignature { validator, signature }
            };
            block.certificate.signatures = everyone.map(sign).collect();
        }
        Some(Response::Headers(records))
    }
}
