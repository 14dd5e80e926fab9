//! SetHold: sets an absolute lien on an account, which may exceed its balance.

use ballast_primitives::{Address, Hash};
use borsh::{BorshDeserialize, BorshSerialize};

use crate::code::Code;
use crate::event::Event;
use crate::ops::Env;

#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct SetHold {
    pub account: Address,
    /// The hold now, micro-dollars.
    pub expected: u64,
    /// What it becomes.
    pub hold: u64,
    /// Digest of the order that asks for it.
    pub order: Hash,
}

impl SetHold {
    /// `UNKNOWN_TARGET`; `SYSTEM_ACCOUNT`; `HOLD_CHANGED`; from an officer `HOLD_ONLY_RAISED`
    /// when `hold < expected`.
    pub(crate) fn execute(&self, env: &mut Env<'_, '_>) -> Result<(), Code> {
        let SetHold { account: address, expected, hold, order } = *self;
        let account = env.account(&address).ok_or(Code::UnknownTarget)?;
        if env.journal.policy().fee_account == address {
            return Err(Code::SystemAccount);
        }
        if env.journal.read(account).hold != expected {
            return Err(Code::HoldChanged);
        }
        if hold < expected && !env.by_council() {
            return Err(Code::HoldOnlyRaised);
        }
        env.journal.write(account).hold = hold;
        env.emit(Event::HoldSet { account: address, hold, order });
        Ok(())
    }
}
