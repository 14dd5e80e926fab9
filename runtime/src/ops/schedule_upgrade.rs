//! ScheduleUpgrade: the council fixes the height from which the next version of the rules holds.
//! What the program at hand knows plays no part: every program must answer alike.

use ballast_primitives::Hash;
use borsh::{BorshDeserialize, BorshSerialize};

use crate::code::Code;
use crate::event::Event;
use crate::limits::UPGRADE_AHEAD_MIN;
use crate::object::Upgrade;
use crate::ops::Env;
use crate::state::UPGRADE;

#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct ScheduleUpgrade {
    pub version: u32,
    /// Digest of the release.
    pub code: Hash,
    pub height: u64,
}

impl ScheduleUpgrade {
    /// `UPGRADE_OUT_OF_ORDER` unless `version` is the one after that in force, `height` is at least
    /// [`UPGRADE_AHEAD_MIN`] above the block's, and so is that of a version which was scheduled
    /// before and is still to come: one that is closer than that can no longer be put off.
    pub(crate) fn execute(&self, env: &mut Env<'_, '_>) -> Result<(), Code> {
        let ScheduleUpgrade { version, code, height } = *self;
        let before = *env.journal.read(UPGRADE);
        let next = before.current.checked_add(1);
        let soonest = env.block.height.saturating_add(UPGRADE_AHEAD_MIN);
        let fixed = before.is_pending() && before.height < soonest;
        if next != Some(version) || height < soonest || fixed {
            return Err(Code::UpgradeOutOfOrder);
        }
        *env.journal.write(UPGRADE) = Upgrade { version, code, height, ..before };
        env.emit(Event::UpgradeScheduled { version, code, height });
        Ok(())
    }
}
