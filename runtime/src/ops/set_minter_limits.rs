//! SetMinterLimits: the council sets one minter's limits.

use ballast_primitives::Address;
use borsh::{BorshDeserialize, BorshSerialize};

use crate::code::Code;
use crate::event::Event;
use crate::ops::Env;
use crate::state::State;

#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct SetMinterLimits {
    pub minter: Address,
    pub per_tx: u64,
    pub window_cap: u64,
}

impl SetMinterLimits {
    /// `ROLE_NOT_HELD` when it never was a minter.
    pub(crate) fn execute(&self, env: &mut Env<'_, '_>) -> Result<(), Code> {
        let Self { minter, per_tx, window_cap } = *self;
        let settings = env.minter(&minter)?;
        let settings = env.journal.write(settings);
        settings.per_tx = per_tx;
        settings.window_cap = window_cap;
        let allowance = settings.allowance;
        env.emit(Event::MinterConfigured { minter, allowance, per_tx, window_cap });
        Ok(())
    }
}

impl SetMinterLimits {
    /// Whether either limit would be higher; of an unknown minter nothing is known to tighten.
    pub(crate) fn loosens(&self, state: &State) -> bool {
        state
            .minter(&self.minter)
            .is_none_or(|minter| self.per_tx > minter.per_tx || self.window_cap > minter.window_cap)
    }
}
