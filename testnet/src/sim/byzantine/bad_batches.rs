//! Pushes batches that no honest node would store, and proposes them: transactions whose
//! signatures are not good, transactions twice, too many, in another's name.

use std::sync::Arc;

use ballast_primitives::PublicKey;
use ballast_replica::message::{Message, Request, Response};
use ballast_replica::types::Batch;

use super::{Behaviour, Made, Mouth, To};

#[derive(Default)]
pub struct BadBatches {
    made: Made,
}

impl BadBatches {
    fn spoil(mouth: &mut Mouth<'_>, bytes: &[u8]) -> Option<Batch> {
        let mut batch = Batch::decode(bytes).ok()?;
        match mouth.rng.below(4) {
            0 => {
                for tx in &mut batch.txs {
                    // The last bytes of a transaction are a signature's.
                    *tx.last_mut()? ^= 1;
                }
            }
            1 => {
                let first = batch.txs.first()?.clone();
                batch.txs.push(first);
            }
            2 => batch.author = mouth.others.first().copied()?,
            _ => batch.txs.iter_mut().for_each(|tx| tx.truncate(tx.len() / 2)),
        }
        Some(batch)
    }
}

impl Behaviour for BadBatches {
    fn batch(&mut self, mouth: &mut Mouth<'_>, bytes: Arc<Vec<u8>>) {
        if let Some(spoiled) = Self::spoil(mouth, &bytes) {
            self.made.push(mouth, &spoiled);
        }
        mouth.push_batch(To::All, bytes);
    }

    fn message(&mut self, mouth: &mut Mouth<'_>, to: To, message: Message) {
        let Message::Proposal(mut proposal) = message else { return mouth.say(to, message) };
        if proposal.proposer != mouth.public || self.made.is_empty() || mouth.rng.chance(300) {
            return mouth.say(to, Message::Proposal(proposal));
        }
        proposal.payload.batches.extend(self.made.named().take(2));
        if mouth.rng.chance(200) {
            let again = proposal.payload.batches.first().copied();
            proposal.payload.batches.extend(again);
        }
        let proposal = mouth.proposal(proposal);
        mouth.say(to, Message::Proposal(proposal));
    }

    fn answer(
        &mut self,
        _: &mut Mouth<'_>,
        _: PublicKey,
        request: &Request,
        honest: Response,
    ) -> Option<Response> {
        Some(self.made.answer(request, honest))
    }
}
