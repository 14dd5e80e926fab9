//! Makes certificates out of its own good signature alone, as often as a quorum needs.

use ballast_primitives::{CommitSignature, PublicKey, Vote, VoteKind};
use ballast_replica::message::{ChainRecord, Message, Request, Response, WirePolka, WireRound};

use super::{Behaviour, Mouth, To};

pub struct DuplicateSigner;

impl Behaviour for DuplicateSigner {
    fn message(&mut self, mouth: &mut Mouth<'_>, to: To, message: Message) {
        if let Message::Vote(vote) = message
            && let Some(block) = vote.vote.block
        {
            let (height, round) = (vote.vote.height, vote.vote.round);
            let prevote = Vote { kind: VoteKind::Prevote, ..vote.vote };
            let count = mouth.committee.len();
            let signatures = vec![(mouth.public, mouth.vote(prevote).signature); count];
            mouth.say(to, Message::Polka(WirePolka { height, round, block, signatures }));
        }
        mouth.say(to, message);
    }

    fn idle(&mut self, mouth: &mut Mouth<'_>) {
        let (height, round) = (mouth.height(), mouth.round + 1);
        let vote = Vote { kind: VoteKind::Precommit, height, round, block: None };
        let votes = vec![mouth.vote(vote); mouth.committee.len()];
        let precommits = mouth.rng.chance(500);
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
            let signature = mouth.vote(block.certificate.vote()).signature;
            let entry = CommitSignature { validator: mouth.public, signature };
            block.certificate.signatures = vec![entry; mouth.committee.len()];
        }
        Some(Response::Headers(records))
    }
}
