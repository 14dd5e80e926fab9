//! Proposes its batches, and gives them to one of the others at most, and to nobody who asks.

use std::sync::Arc;

use ballast_primitives::PublicKey;
use ballast_replica::message::{Request, Response};

use super::{Behaviour, Mouth, To};

pub struct Withholding;

impl Behaviour for Withholding {
    fn batch(&mut self, mouth: &mut Mouth<'_>, bytes: Arc<Vec<u8>>) {
        if !mouth.others.is_empty() && mouth.rng.chance(700) {
            let friend = *mouth.rng.pick(mouth.others);
            mouth.push_batch(To::One(friend), bytes);
        }
    }

    fn answer(
        &mut self,
        _: &mut Mouth<'_>,
        _: PublicKey,
        request: &Request,
        honest: Response,
    ) -> Option<Response> {
        match request {
            Request::Batches { .. } => None,
            Request::Headers { .. } => Some(honest),
        }
    }
}
