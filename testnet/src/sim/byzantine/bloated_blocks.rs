//! Proposes blocks that hold more than a block may, and blocks that say of their batches what is
//! not so: larger, smaller, more or fewer transactions.

use std::sync::Arc;

use ballast_primitives::block::BLOCK_BYTES_MAX;
use ballast_primitives::{BatchRef, PublicKey};
use ballast_replica::message::{Message, Request, Response};
use ballast_replica::types::{BATCH_BYTES_MAX, Batch};

use super::{Behaviour, Made, Mouth, To};

#[derive(Default)]
pub struct BloatedBlocks {
    /// Large batches of its own, which come to more than a block may hold.
    large: Made,
}

impl BloatedBlocks {
    /// Makes large batches of the transactions of a small one, once: each is as good as it was,
    /// and is left out of its block as one that came before.
    fn inflate(&mut self, mouth: &mut Mouth<'_>, bytes: &[u8]) {
        let Ok(small) = Batch::decode(bytes) else { return };
        let size: usize = small.txs.iter().map(|tx| tx.len() + 4).sum();
        let copies = (BATCH_BYTES_MAX - 64) / size.max(1);
        let txs = small.txs.iter().cycle().take(copies * small.txs.len()).take(8_192).cloned();
        let txs: Vec<_> = txs.collect();
        while self.large.bytes() <= BLOCK_BYTES_MAX {
            let sequence = mouth.rng.below(u64::MAX);
            self.large.push(mouth, &Batch { author: mouth.public, sequence, txs: txs.clone() });
        }
    }

    fn misstate(mouth: &mut Mouth<'_>, named: &mut BatchRef) {
        let field = match mouth.rng.below(3) {
            0 => &mut named.bytes,
            1 => &mut named.txs,
            _ => &mut named.signatures,
        };
        *field = match mouth.rng.below(3) {
            0 => 0,
            1 => *field + 1,
            _ => *field - 1,
        };
    }
}

impl Behaviour for BloatedBlocks {
    fn batch(&mut self, mouth: &mut Mouth<'_>, bytes: Arc<Vec<u8>>) {
        if self.large.is_empty() && mouth.rng.chance(200) {
            self.inflate(mouth, &bytes);
        }
        mouth.push_batch(To::All, bytes);
    }

    fn message(&mut self, mouth: &mut Mouth<'_>, to: To, message: Message) {
        let Message::Proposal(mut proposal) = message else { return mouth.say(to, message) };
        if proposal.proposer != mouth.public {
            return mouth.say(to, Message::Proposal(proposal));
        }
        match mouth.rng.below(3) {
            0 => proposal.payload.batches = self.large.named().collect(),
            1 => {
                let first = proposal.payload.batches.first_mut();
                first.into_iter().for_each(|first| Self::misstate(mouth, first));
            }
            _ => {}
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
        Some(self.large.answer(request, honest))
    }
}
