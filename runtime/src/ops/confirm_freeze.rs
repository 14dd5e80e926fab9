//! ConfirmFreeze: the council makes an officer's freeze permanent.

use ballast_primitives::{Address, Hash};
use borsh::{BorshDeserialize, BorshSerialize};

use crate::code::Code;
use crate::event::Event;
use crate::object::FreezeState;
use crate::ops::Env;

#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct ConfirmFreeze {
    pub account: Address,
    /// Digest of the council's order.
    pub order: Hash,
}

impl ConfirmFreeze {
    /// `UNKNOWN_TARGET`; `NOT_FROZEN`.
    pub(crate) fn execute(&self, env: &mut Env<'_, '_>) -> Result<(), Code> {
        let ConfirmFreeze { account: address, order } = *self;
        let account = env.account(&address).ok_or(Code::UnknownTarget)?;
        let freeze = env.journal.read(account).freeze;
        if !freeze.in_force(env.now) {
            return Err(Code::NotFrozen);
        }
        let FreezeState { inbound, outbound, .. } = freeze;
        env.journal.write(account).freeze =
            FreezeState { inbound, outbound, until: 0, confirmed: true, order };
        env.emit(Event::Frozen { account: address, inbound, outbound, until: None, order });
        Ok(())
    }
}
