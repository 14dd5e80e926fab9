//! Sends again what it said and what it heard from others, much later and to anyone.

use ballast_primitives::PublicKey;
use ballast_replica::message::Message;

use super::{Behaviour, Mouth, To};

/// How much it remembers.
const KEPT: usize = 200;

#[derive(Default)]
pub struct Replayer {
    heard: Vec<Message>,
}

impl Replayer {
    fn note(&mut self, mouth: &mut Mouth<'_>, message: &Message) {
        if self.heard.len() < KEPT {
            self.heard.push(message.clone());
        } else {
            let at = mouth.rng.index(KEPT);
            self.heard[at] = message.clone();
        }
    }
}

impl Behaviour for Replayer {
    fn message(&mut self, mouth: &mut Mouth<'_>, to: To, message: Message) {
        self.note(mouth, &message);
        mouth.say(to, message);
    }

    fn hear(&mut self, mouth: &mut Mouth<'_>, _: PublicKey, message: &Message) {
        self.note(mouth, message);
    }

    fn idle(&mut self, mouth: &mut Mouth<'_>) {
        for _ in 0..4 {
            if !self.heard.is_empty() {
                let message = mouth.rng.pick(&self.heard).clone();
                mouth.say(To::All, message);
            }
        }
    }
}
