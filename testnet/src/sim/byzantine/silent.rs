//! Says nothing at all, and answers nobody.

use std::sync::Arc;

use ballast_primitives::PublicKey;
use ballast_replica::message::{Message, Request, Response};

use super::{Behaviour, Mouth, To};

pub struct Silent;

impl Behaviour for Silent {
    fn message(&mut self, _: &mut Mouth<'_>, _: To, _: Message) {}

    fn batch(&mut self, _: &mut Mouth<'_>, _: Arc<Vec<u8>>) {}

    fn answer(
        &mut self,
        _: &mut Mouth<'_>,
        _: PublicKey,
        _: &Request,
        _: Response,
    ) -> Option<Response> {
        None
    }
}
