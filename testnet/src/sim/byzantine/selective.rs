//! Speaks to some of the others only, and every few seconds to others.

use std::sync::Arc;

use ballast_primitives::PublicKey;
use ballast_replica::message::{Message, Request, Response};

use super::{Behaviour, Mouth, To};

#[derive(Default)]
pub struct Selective {
    friends: Vec<PublicKey>,
    until_ms: u64,
}

impl Selective {
    fn friends(&mut self, mouth: &mut Mouth<'_>) -> Vec<PublicKey> {
        if mouth.now.mono_ms >= self.until_ms {
            self.until_ms = mouth.now.mono_ms + mouth.rng.between(300, 4_000);
            self.friends = mouth.halves().0;
        }
        self.friends.clone()
    }
}

impl Behaviour for Selective {
    fn message(&mut self, mouth: &mut Mouth<'_>, to: To, message: Message) {
        for friend in self.friends(mouth) {
            if to == To::All || to == To::One(friend) {
                mouth.say(To::One(friend), message.clone());
            }
        }
    }

    fn batch(&mut self, mouth: &mut Mouth<'_>, bytes: Arc<Vec<u8>>) {
        for friend in self.friends(mouth) {
            mouth.push_batch(To::One(friend), Arc::clone(&bytes));
        }
    }

    fn answer(
        &mut self,
        mouth: &mut Mouth<'_>,
        from: PublicKey,
        _: &Request,
        honest: Response,
    ) -> Option<Response> {
        self.friends(mouth).contains(&from).then_some(honest)
    }
}
