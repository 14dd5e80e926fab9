//! Sends bytes that mean nothing: random ones, frames that are cut short, too long or have a bit
//! flipped, and batches alike.

use std::sync::Arc;

use ballast_primitives::PublicKey;
use ballast_replica::message::{Message, Request, Response};

use super::{Behaviour, Mouth, To};

#[derive(Default)]
pub struct Garbage {
    /// A frame to spoil.
    frame: Vec<u8>,
}

impl Garbage {
    fn spoil(mouth: &mut Mouth<'_>, bytes: &[u8]) -> Vec<u8> {
        let mut bytes = bytes.to_vec();
        match mouth.rng.below(4) {
            0 => bytes.truncate(mouth.rng.index(bytes.len() + 1)),
            1 => bytes.extend(mouth.rng.bytes32()),
            2 if !bytes.is_empty() => {
                let at = mouth.rng.index(bytes.len());
                bytes[at] ^= 1 << mouth.rng.below(8);
            }
            _ => bytes = mouth.rng.bytes32().repeat(1 + mouth.rng.index(64)),
        }
        bytes
    }
}

impl Behaviour for Garbage {
    fn message(&mut self, mouth: &mut Mouth<'_>, to: To, message: Message) {
        self.frame = message.encode();
        if mouth.rng.chance(500) {
            let spoiled = Self::spoil(mouth, &self.frame);
            mouth.say_raw(to, spoiled);
        } else {
            mouth.say(to, message);
        }
    }

    fn batch(&mut self, mouth: &mut Mouth<'_>, bytes: Arc<Vec<u8>>) {
        let spoiled = Self::spoil(mouth, &bytes);
        mouth.push_batch(To::All, Arc::new(spoiled));
    }

    fn answer(
        &mut self,
        mouth: &mut Mouth<'_>,
        _: PublicKey,
        _: &Request,
        honest: Response,
    ) -> Option<Response> {
        let bytes = Self::spoil(mouth, &honest.encode());
        Response::decode(&bytes).ok()
    }

    fn idle(&mut self, mouth: &mut Mouth<'_>) {
        let spoiled = Self::spoil(mouth, &self.frame.clone());
        mouth.say_raw(To::All, spoiled);
    }
}
