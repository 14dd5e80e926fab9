//! SetCap: the council sets the most total supply there may be.

use borsh::{BorshDeserialize, BorshSerialize};

use crate::code::Code;
use crate::event::Event;
use crate::ops::Env;
use crate::state::State;

#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct SetCap {
    /// Micro-dollars.
    pub cap: u128,
}

impl SetCap {
    /// `CAP_BELOW_SUPPLY`.
    pub(crate) fn execute(&self, env: &mut Env<'_, '_>) -> Result<(), Code> {
        let supply = env.journal.supply_mut();
        if self.cap < supply.total {
            return Err(Code::CapBelowSupply);
        }
        supply.cap = self.cap;
        env.emit(Event::CapSet { cap: self.cap });
        Ok(())
    }
}

impl SetCap {
    /// Whether more could be minted afterwards.
    pub(crate) fn loosens(&self, state: &State) -> bool {
        self.cap > state.supply().cap
    }
}
