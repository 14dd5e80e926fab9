//! RedeemAccept: a redeemer accepts a redemption: the bank is asked to pay.

use ballast_primitives::Hash;
use borsh::{BorshDeserialize, BorshSerialize};

use crate::code::Code;
use crate::event::Event;
use crate::object::RedemptionStatus;
use crate::ops::Env;
use crate::redemption;

#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct RedeemAccept {
    pub redemption: Hash,
}

impl RedeemAccept {
    /// `ACCOUNT_FROZEN` when the owner is out-frozen (the redemption exists);
    /// `UNKNOWN_REDEMPTION`; `REDEMPTION_CLOSED`; `IN_PROCESSING`.
    pub(crate) fn execute(&self, env: &mut Env<'_, '_>) -> Result<(), Code> {
        let found = redemption::find(env, &self.redemption);
        let owner = found.ok().map(|at| env.journal.read(at).owner);
        if let Some(account) = owner.and_then(|owner| env.account(&owner)) {
            env.check_may_send(account)?;
        }
        let redemption = found?;
        redemption::check_requested(env.journal.read(redemption))?;
        let stored = env.journal.write(redemption);
        stored.status = RedemptionStatus::Processing;
        let owner = stored.owner;
        env.emit(Event::RedemptionAccepted { redemption: self.redemption, owner });
        Ok(())
    }
}
