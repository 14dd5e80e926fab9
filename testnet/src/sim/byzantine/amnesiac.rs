//! Starts again every now and then with log and sign-state wiped: it forgets its locks and votes,
//! and votes anew.

use super::{Behaviour, Mouth};

pub struct Amnesiac;

impl Behaviour for Amnesiac {
    fn idle(&mut self, mouth: &mut Mouth<'_>) {
        mouth.forgets = mouth.rng.chance(60);
    }
}
