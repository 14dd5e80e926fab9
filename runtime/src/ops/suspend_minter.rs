//! SuspendMinter: the council stops a minter without taking its role.

use ballast_primitives::Address;
use borsh::{BorshDeserialize, BorshSerialize};

use crate::code::Code;
use crate::event::Event;
use crate::ops::Env;

#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct SuspendMinter {
    pub minter: Address,
}

impl SuspendMinter {
    /// `ROLE_NOT_HELD` when it never was a minter; `MINTER_SUSPENDED` when it is already.
    pub(crate) fn execute(&self, env: &mut Env<'_, '_>) -> Result<(), Code> {
        let minter = env.minter(&self.minter)?;
        if env.journal.read(minter).suspended {
            return Err(Code::MinterSuspended);
        }
        env.journal.write(minter).suspended = true;
        env.emit(Event::MinterSuspended { minter: self.minter });
        Ok(())
    }
}
