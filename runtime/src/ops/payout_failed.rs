//! PayoutFailed: a payout could not be made or came back: the owner gets everything back.

use ballast_primitives::Hash;
use borsh::{BorshDeserialize, BorshSerialize};

use crate::code::Code;
use crate::object::{Key, Payout, RedemptionStatus};
use crate::ops::Env;
use crate::redemption;
use crate::state::At;

#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct PayoutFailed {
    pub redemption: Hash,
    /// Digest of the bank's notice.
    pub document: Hash,
}

impl PayoutFailed {
    /// `UNKNOWN_REDEMPTION`; `REDEMPTION_CLOSED`; `NOT_PROCESSING`; `UNAUTHORIZED` when its
    /// payout was recorded by another custodian; `OVERFLOW`.
    pub(crate) fn execute(&self, env: &mut Env<'_, '_>) -> Result<(), Code> {
        let at = redemption::find(env, &self.redemption)?;
        let redemption = env.journal.read(at);
        redemption::check_processing(redemption)?;
        let payout: Option<At<Payout>> =
            redemption.payout.and_then(|id| env.journal.find(&Key::Payout(id)));
        if let Some(payout) = payout {
            self.take_back(env, payout)?;
        }
        redemption::close(env, &self.redemption, at, RedemptionStatus::Failed)
    }

    /// A payout that was recorded does not count any more.
    fn take_back(&self, env: &mut Env<'_, '_>, payout: At<Payout>) -> Result<(), Code> {
        let Payout { custodian, net, .. } = *env.journal.read(payout);
        if custodian != env.sender_address {
            return Err(Code::Unauthorized);
        }
        env.journal.write(payout).failed = true;
        let supply = env.journal.supply_mut();
        supply.cum_payout = supply.cum_payout.checked_sub(u128::from(net)).ok_or(Code::Overflow)?;
        Ok(())
    }
}
