//! SetLimits: the council sets what holds for all minters.

use borsh::{BorshDeserialize, BorshSerialize};

use crate::code::Code;
use crate::event::Event;
use crate::ops::Env;
use crate::state::State;

#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct SetLimits {
    pub minter_allowance_max: u64,
    pub mint_per_tx_max: u64,
    pub global_window_cap: u64,
}

impl SetLimits {
    /// Cannot fail.
    pub(crate) fn execute(&self, env: &mut Env<'_, '_>) -> Result<(), Code> {
        let Self { minter_allowance_max, mint_per_tx_max, global_window_cap } = *self;
        let policy = env.journal.policy_mut();
        policy.minter_allowance_max = minter_allowance_max;
        policy.mint_per_tx_max = mint_per_tx_max;
        policy.global_window_cap = global_window_cap;
        env.emit(Event::LimitsSet { minter_allowance_max, mint_per_tx_max, global_window_cap });
        Ok(())
    }
}

impl SetLimits {
    /// Whether any limit would be higher.
    pub(crate) fn loosens(&self, state: &State) -> bool {
        let policy = state.policy();
        self.minter_allowance_max > policy.minter_allowance_max
            || self.mint_per_tx_max > policy.mint_per_tx_max
            || self.global_window_cap > policy.global_window_cap
    }
}
