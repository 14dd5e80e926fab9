//! ScheduleUpgrade: the council fixes the height from which newer code runs the chain.

use ballast_primitives::Hash;
use borsh::{BorshDeserialize, BorshSerialize};

use crate::code::Code;
use crate::ops::Env;

#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct ScheduleUpgrade {
    pub version: u32,
    /// Digest of the release.
    pub code: Hash,
    pub height: u64,
}

impl ScheduleUpgrade {
    /// `UPGRADE_OUT_OF_ORDER` unless `version > RUNTIME_VERSION` and `height > the block's
    /// height + 2`.
    pub(crate) fn execute(&self, env: &mut Env<'_, '_>) -> Result<(), Code> {
        let _ = env;
        todo!()
    }
}
