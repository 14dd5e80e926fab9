//! Reconcile: a reserve manager compares the books' liabilities with the chain's supply.

use borsh::{BorshDeserialize, BorshSerialize};

use crate::code::Code;
use crate::ops::Env;

#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Reconcile {
    /// The time of a supply checkpoint.
    pub as_of: u64,
    /// Its height.
    pub height: u64,
    /// What the books say, micro-dollars.
    pub liabilities: u128,
}

impl Reconcile {
    /// `UNKNOWN_CHECKPOINT`.
    pub(crate) fn execute(&self, env: &mut Env<'_, '_>) -> Result<(), Code> {
        let _ = env;
        todo!()
    }
}
