//! What one validator costs that is gone, or does not move, while all else is well: a few turns, then
//! nothing, for it is passed over.

use super::{Checker, Fact, Scene, Verdict};

/// Until it has missed its turns and is passed over.
const NOTICED_MS: u64 = 5_000;
/// Of so many blocks after that, one may need a second round.
const BLOCKS_EACH: u64 = 10;

#[derive(Default)]
pub struct Absence {
    newest: u64,
    blocks: u64,
    late: u64,
}

impl Checker for Absence {
    fn name(&self) -> &'static str {
        "an absent proposer costs little"
    }

    fn see(&mut self, scene: &Scene, fact: &Fact<'_>) -> Verdict {
        let (Fact::Committed(committed), Some((from_ms, to_ms))) = (fact, scene.absence) else {
            return Ok(());
        };
        let (height, at_ms) = (committed.write.executed.height, committed.at_ms);
        if height <= self.newest || !(from_ms + NOTICED_MS..to_ms).contains(&at_ms) {
            return Ok(());
        }
        self.newest = height;
        self.blocks += 1;
        self.late += u64::from(committed.write.block.certificate.round > 0);
        if self.late > 1 + self.blocks / BLOCKS_EACH {
            let (late, blocks) = (self.late, self.blocks);
            return Err(format!("{late} of {blocks} blocks through {height} took another round"));
        }
        Ok(())
    }
}
