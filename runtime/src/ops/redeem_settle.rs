//! RedeemSettle: a redeemer closes a redemption that was paid: what was paid is burned, the fee is
//! the issuer's.

use ballast_primitives::Hash;
use borsh::{BorshDeserialize, BorshSerialize};

use crate::code::Code;
use crate::event::Event;
use crate::object::{Redemption, RedemptionStatus};
use crate::ops::Env;
use crate::redemption;

#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct RedeemSettle {
    pub redemption: Hash,
}

impl RedeemSettle {
    /// `UNKNOWN_REDEMPTION`; `REDEMPTION_CLOSED`; `NOT_PROCESSING`; `PAYOUT_MISSING`;
    /// `OVERFLOW`.
    pub(crate) fn execute(&self, env: &mut Env<'_, '_>) -> Result<(), Code> {
        let at = redemption::find(env, &self.redemption)?;
        let redemption = env.journal.read(at);
        redemption::check_processing(redemption)?;
        if redemption.payout.is_none() {
            return Err(Code::PayoutMissing);
        }
        let Redemption { owner, gross, fee, net, .. } = *redemption;
        redemption::release(env, gross)?;
        env.journal.supply_mut().burn(net).ok_or(Code::Overflow)?;
        // The fee account exists: whoever sets the policy is asked for it.
        let fee_account = env.journal.policy().fee_account;
        let fee_account = env.account(&fee_account).ok_or(Code::UnknownRecipient)?;
        env.credit(fee_account, fee)?;
        redemption::end(env, at, RedemptionStatus::Settled);
        env.emit(Event::RedemptionSettled { redemption: self.redemption, owner, net, fee });
        Ok(())
    }
}
