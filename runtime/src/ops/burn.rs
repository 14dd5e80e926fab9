//! Burn: a minter destroys dollars of its own balance.

use borsh::{BorshDeserialize, BorshSerialize};

use crate::code::Code;
use crate::event::Event;
use crate::ops::Env;

#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Burn {
    /// Micro-dollars.
    pub amount: u64,
}

impl Burn {
    /// Not out-frozen; `ZERO_AMOUNT`; available.
    pub(crate) fn execute(&self, env: &mut Env<'_, '_>) -> Result<(), Code> {
        env.check_may_send(env.sender)?;
        if self.amount == 0 {
            return Err(Code::ZeroAmount);
        }
        env.debit(env.sender, self.amount)?;
        env.journal.supply_mut().burn(self.amount).ok_or(Code::Overflow)?;
        env.emit(Event::Burned { minter: env.sender_address, amount: self.amount });
        Ok(())
    }
}
