//! Says that it is far ahead, and serves wrong blocks to who asks.

use ballast_primitives::{Hash, PublicKey};
use ballast_replica::message::{Message, Request, Response, SyncBlock};

use super::{Behaviour, Mouth, To};

#[derive(Default)]
pub struct SyncLiar {
    /// Blocks that it served before.
    served: Vec<SyncBlock>,
}

impl SyncLiar {
    fn spoil(&mut self, mouth: &mut Mouth<'_>, mut blocks: Vec<SyncBlock>) -> Vec<SyncBlock> {
        self.served.extend(blocks.iter().take(2).cloned());
        self.served.truncate(8);
        let kind = mouth.rng.below(10);
        if let Some(first) = blocks.first_mut() {
            let block = &mut first.block;
            match kind {
                0 => drop(block.certificate.signatures.pop()),
                1 => block.certificate.signatures.clear(),
                2 => block.payload.batches.reverse(),
                3 => block.header.state_root = Hash(mouth.rng.bytes32()),
                4 => drop(first.batches.pop()),
                5 => first.batches.iter_mut().for_each(|batch| batch.truncate(batch.len() / 2)),
                6 => first.batches.reverse(),
                _ => {}
            }
        }
        match kind {
            7 => blocks.into_iter().rev().collect(),
            8 => self.served.clone(),
            9 => Vec::new(),
            _ => blocks,
        }
    }
}

impl Behaviour for SyncLiar {
    fn message(&mut self, mouth: &mut Mouth<'_>, to: To, message: Message) {
        let message = match message {
            Message::Status { height, time } => {
                Message::Status { height: height + 1 + mouth.rng.below(100), time }
            }
            message => message,
        };
        mouth.say(to, message);
    }

    fn answer(
        &mut self,
        mouth: &mut Mouth<'_>,
        _: PublicKey,
        _: &Request,
        honest: Response,
    ) -> Option<Response> {
        match honest {
            Response::Blocks(blocks) => Some(Response::Blocks(self.spoil(mouth, blocks))),
            Response::Batches(mut batches) => {
                batches.iter_mut().for_each(|batch| batch.reverse());
                Some(Response::Batches(batches))
            }
        }
    }
}
