//! ResumeMinter: the council lets a suspended minter go on.

use ballast_primitives::Address;
use borsh::{BorshDeserialize, BorshSerialize};

use crate::code::Code;
use crate::ops::Env;

#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct ResumeMinter {
    pub minter: Address,
}

impl ResumeMinter {
    /// `ROLE_NOT_HELD`; `NOT_SUSPENDED`.
    pub(crate) fn execute(&self, env: &mut Env<'_, '_>) -> Result<(), Code> {
        let _ = env;
        todo!()
    }
}
