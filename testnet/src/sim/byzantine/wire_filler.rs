//! Says nothing that anybody understands, as much of it as the wire carries: frames as long as their
//! lane takes, to the byte, and longer ones; answers as long as may be.

use std::sync::Arc;

use ballast_primitives::PublicKey;
use ballast_replica::message::{MESSAGE_BYTES_MAX, RESPONSE_BYTES_MAX, Request, Response};
use ballast_replica::types::BATCH_BYTES_MAX;

use super::{Behaviour, Mouth, To};
use crate::sim::network::BATCH_FRAME_MAX;

pub struct WireFiller;

impl Behaviour for WireFiller {
    fn idle(&mut self, mouth: &mut Mouth<'_>) {
        if !mouth.rng.chance(60) {
            return;
        }
        let byte = mouth.rng.below(256) as u8;
        match mouth.rng.below(12) {
            0..8 => mouth.say_raw(To::All, vec![byte; MESSAGE_BYTES_MAX]),
            8 => mouth.say_raw(To::All, vec![byte; MESSAGE_BYTES_MAX + 1]),
            9 => mouth.push_batch(To::All, Arc::new(vec![byte; BATCH_FRAME_MAX + 1])),
            _ => mouth.push_batch(To::All, Arc::new(vec![byte; BATCH_BYTES_MAX])),
        }
    }

    fn answer(
        &mut self,
        mouth: &mut Mouth<'_>,
        _: PublicKey,
        request: &Request,
        honest: Response,
    ) -> Option<Response> {
        match request {
            Request::Batches { .. } if mouth.rng.chance(100) => {
                Some(Response::Batches(vec![vec![0; RESPONSE_BYTES_MAX - 64]]))
            }
            _ => Some(honest),
        }
    }
}
