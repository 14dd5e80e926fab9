//! SetMinterAllowance: a mint controller sets what a minter may still mint, within the council's
//! maximum. It names the allowance it expects to replace, so that a mint in between is noticed.

use ballast_primitives::Address;
use borsh::{BorshDeserialize, BorshSerialize};

use crate::code::Code;
use crate::event::Event;
use crate::ops::Env;

#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct SetMinterAllowance {
    pub minter: Address,
    /// The allowance now, micro-dollars.
    pub expected: u64,
    pub new: u64,
}

impl SetMinterAllowance {
    /// Was ever a minter: `ROLE_NOT_HELD`; `ALLOWANCE_CHANGED`; `ALLOWANCE_ABOVE_MAX`.
    pub(crate) fn execute(&self, env: &mut Env<'_, '_>) -> Result<(), Code> {
        let minter = env.minter(&self.minter)?;
        if env.journal.read(minter).allowance != self.expected {
            return Err(Code::AllowanceChanged);
        }
        if self.new > env.journal.policy().minter_allowance_max {
            return Err(Code::AllowanceAboveMax);
        }
        let settings = env.journal.write(minter);
        settings.allowance = self.new;
        let (per_tx, window_cap) = (settings.per_tx, settings.window_cap);
        let (minter, allowance) = (self.minter, self.new);
        env.emit(Event::MinterConfigured { minter, allowance, per_tx, window_cap });
        Ok(())
    }
}
