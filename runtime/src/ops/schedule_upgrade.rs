//! ScheduleUpgrade: the council fixes the height from which newer code runs the chain.

use ballast_primitives::Hash;
use borsh::{BorshDeserialize, BorshSerialize};

use crate::code::Code;
use crate::event::Event;
use crate::limits::RUNTIME_VERSION;
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

/// The least number of heights between the decision and the upgrade.
const UPGRADE_AHEAD: u64 = 2;

impl ScheduleUpgrade {
    /// `UPGRADE_OUT_OF_ORDER` unless `version > RUNTIME_VERSION` and `height > the block's
    /// height + 2`.
    pub(crate) fn execute(&self, env: &mut Env<'_, '_>) -> Result<(), Code> {
        let ScheduleUpgrade { version, code, height } = *self;
        let soon = env.block.height.saturating_add(UPGRADE_AHEAD);
        if version <= RUNTIME_VERSION || height <= soon {
            return Err(Code::UpgradeOutOfOrder);
        }
        *env.journal.write(UPGRADE) = Upgrade { version, code, height };
        env.emit(Event::UpgradeScheduled { version, code, height });
        Ok(())
    }
}
