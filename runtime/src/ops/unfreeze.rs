//! Unfreeze: the council lifts a freeze, an officer's or its own.

use ballast_primitives::Address;
use borsh::{BorshDeserialize, BorshSerialize};

use crate::code::Code;
use crate::event::Event;
use crate::object::FreezeState;
use crate::ops::Env;

#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Unfreeze {
    pub account: Address,
}

impl Unfreeze {
    /// Registered: `UNKNOWN_TARGET`; `NOT_FROZEN`. The latest order's digest stays; no cooldown
    /// follows, since the freeze did not lapse.
    pub(crate) fn execute(&self, env: &mut Env<'_, '_>) -> Result<(), Code> {
        let account = env.account(&self.account).ok_or(Code::UnknownTarget)?;
        let freeze = env.journal.read(account).freeze;
        if !freeze.in_force(env.now) {
            return Err(Code::NotFrozen);
        }
        env.journal.write(account).freeze =
            FreezeState { order: freeze.order, ..FreezeState::default() };
        env.emit(Event::Unfrozen { account: self.account });
        Ok(())
    }
}
