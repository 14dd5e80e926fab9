//! The pace: blocks follow each other no faster than the interval between them, whoever hurries, and a
//! chain on which nothing happens makes a block each heartbeat, or one a second when somebody insists.

use std::collections::VecDeque;

use super::{Checker, Fact, Scene, Verdict};

/// How many heights are looked at together.
const WINDOW: usize = 8;
/// Nothing is left to be attested after so many blocks that name no batch (CO-40).
const QUIET: usize = 10;
/// What somebody who insists may bring a quiet chain to.
const INSISTED_MS: u64 = 1_000;

#[derive(Default)]
pub struct Pace {
    newest: u64,
    /// When each of the last heights was first committed, and for how many blocks before and with it
    /// the chain was quiet.
    times: VecDeque<(u64, usize)>,
}

impl Checker for Pace {
    fn name(&self) -> &'static str {
        "pace"
    }

    fn see(&mut self, scene: &Scene, fact: &Fact<'_>) -> Verdict {
        match fact {
            // Who starts does not know when the block before was made.
            Fact::Started { .. } => {
                self.times.clear();
                Ok(())
            }
            Fact::Committed(committed) if committed.write.executed.height > self.newest => {
                self.newest = committed.write.executed.height;
                let empty = committed.write.block.payload.batches.is_empty();
                self.committed(scene, committed.at_ms, empty)
            }
            _ => Ok(()),
        }
    }
}

impl Pace {
    fn committed(&mut self, scene: &Scene, at_ms: u64, empty: bool) -> Verdict {
        let before = self.times.back().map_or(0, |(_, quiet)| *quiet);
        self.times.push_back((at_ms, if empty { before + 1 } else { 0 }));
        if self.times.len() <= WINDOW {
            return Ok(());
        }
        let Some((first, _)) = self.times.pop_front() else { return Ok(()) };
        let (took, gaps) = (at_ms - first, WINDOW as u64 - 1);
        // Clocks run fast by a twentieth at most.
        let least = gaps * scene.block_ms * 9 / 10;
        if took < least {
            return Err(format!("{WINDOW} blocks through {} took {took} ms", self.newest));
        }
        let quiet = self.times.iter().all(|(_, quiet)| *quiet > QUIET);
        let least = gaps * scene.heartbeat_ms.min(INSISTED_MS) / 2;
        if quiet && took < least {
            let newest = self.newest;
            return Err(format!("{WINDOW} blocks of nothing through {newest} took {took} ms"));
        }
        Ok(())
    }
}
