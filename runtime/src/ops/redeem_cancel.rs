//! RedeemCancel: an owner withdraws a redemption that nobody has accepted.

use ballast_primitives::Hash;
use borsh::{BorshDeserialize, BorshSerialize};

use crate::code::Code;
use crate::object::RedemptionStatus;
use crate::ops::Env;
use crate::redemption;

#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct RedeemCancel {
    pub redemption: Hash,
}

impl RedeemCancel {
    /// `UNKNOWN_REDEMPTION`; `UNAUTHORIZED` when the sender is not the owner;
    /// `REDEMPTION_CLOSED`; `IN_PROCESSING`; `OVERFLOW`.
    pub(crate) fn execute(&self, env: &mut Env<'_, '_>) -> Result<(), Code> {
        let redemption = redemption::find(env, &self.redemption)?;
        if env.journal.read(redemption).owner != env.sender_address {
            return Err(Code::Unauthorized);
        }
        redemption::check_requested(env.journal.read(redemption))?;
        redemption::close(env, &self.redemption, redemption, RedemptionStatus::Cancelled)
    }
}
