//! ResumeMinter: the council lets a suspended minter go on.

use ballast_primitives::Address;
use borsh::{BorshDeserialize, BorshSerialize};

use crate::code::Code;
use crate::event::Event;
use crate::ops::Env;

#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct ResumeMinter {
    pub minter: Address,
}

impl ResumeMinter {
    /// `ROLE_NOT_HELD`; `NOT_SUSPENDED`.
    pub(crate) fn execute(&self, env: &mut Env<'_, '_>) -> Result<(), Code> {
        let minter = env.minter(&self.minter)?;
        if !env.journal.read(minter).suspended {
            return Err(Code::NotSuspended);
        }
        env.journal.write(minter).suspended = false;
        env.emit(Event::MinterResumed { minter: self.minter });
        Ok(())
    }
}
