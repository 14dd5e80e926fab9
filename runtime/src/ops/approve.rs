//! Approve: lets another account move up to an amount of the sender's.

use ballast_primitives::Address;
use borsh::{BorshDeserialize, BorshSerialize};

use crate::code::Code;
use crate::ops::Env;

#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Approve {
    pub spender: Address,
    /// What the allowance is now, micro-dollars: a change in between is noticed.
    pub expected: u64,
    /// What it becomes.
    pub amount: u64,
    /// Of no effect from this time on.
    pub expires: u64,
}

impl Approve {
    /// `SELF_TRANSFER` when the spender is the owner; `ALLOWANCE_CHANGED` unless `expected` is
    /// the current allowance (what is stored while `now < expires`, else 0);
    /// `ALLOWANCE_EXPIRED` when `amount > 0` and `expires <= now`.
    pub(crate) fn execute(&self, env: &mut Env<'_, '_>) -> Result<(), Code> {
        let _ = env;
        todo!()
    }
}
