//! Sends certificates that were good once: of earlier rounds and heights as they are, with the
//! height written over, and to who catches up, the certificate of another block.

use ballast_primitives::PublicKey;
use ballast_replica::message::{ChainRecord, Message, Request, Response, WirePolka, WireRound};

use super::{Behaviour, Mouth, To};

/// How many certificates it remembers.
const KEPT: usize = 16;

#[derive(Default)]
pub struct StaleCertificate {
    polkas: Vec<WirePolka>,
    rounds: Vec<WireRound>,
}

impl StaleCertificate {
    fn note(&mut self, message: &Message) {
        match message {
            Message::Polka(polka) if self.polkas.len() < KEPT => self.polkas.push(polka.clone()),
            Message::Round(round) if self.rounds.len() < KEPT => self.rounds.push(round.clone()),
            _ => {}
        }
    }
}

impl Behaviour for StaleCertificate {
    fn message(&mut self, mouth: &mut Mouth<'_>, to: To, message: Message) {
        self.note(&message);
        mouth.say(to, message);
    }

    fn hear(&mut self, _: &mut Mouth<'_>, _: PublicKey, message: &Message) {
        self.note(message);
    }

    fn idle(&mut self, mouth: &mut Mouth<'_>) {
        let height = mouth.height();
        if let Some(mut polka) =
            (!self.polkas.is_empty()).then(|| mouth.rng.pick(&self.polkas).clone())
        {
            if mouth.rng.chance(500) {
                polka.height = height;
                polka.round = mouth.round;
            }
            mouth.say(To::All, Message::Polka(polka));
        }
        if let Some(mut round) =
            (!self.rounds.is_empty()).then(|| mouth.rng.pick(&self.rounds).clone())
        {
            if mouth.rng.chance(500) {
                round.height = height;
                round.votes.iter_mut().for_each(|vote| vote.vote.height = height);
            }
            mouth.say(To::All, Message::Round(round));
        }
    }

    fn answer(
        &mut self,
        _: &mut Mouth<'_>,
        _: PublicKey,
        _: &Request,
        honest: Response,
    ) -> Option<Response> {
        let Response::Headers(mut records) = honest else { return Some(honest) };
        if let [ChainRecord::Block(first), ChainRecord::Block(second), ..] = records.as_mut_slice()
        {
            second.certificate = first.certificate.clone();
        }
        Some(Response::Headers(records))
    }
}
