//! Seize: the council takes money under an order, from a frozen or held account.

use ballast_primitives::{Address, Hash};
use borsh::{BorshDeserialize, BorshSerialize};

use crate::code::Code;
use crate::ops::Env;

#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Seize {
    pub from: Address,
    /// Micro-dollars.
    pub amount: u64,
    /// None: burn it.
    pub to: Option<Address>,
    /// Digest of the order.
    pub order: Hash,
}

impl Seize {
    /// Common, of `to` as recipient when there is one (PAY-1, PAY-2); `UNKNOWN_TARGET`;
    /// `ZERO_AMOUNT`; `SELF_TRANSFER` when to = from; `UNKNOWN_RECIPIENT`; `NOT_SEIZABLE`
    /// unless a confirmed out-freeze is in force or `hold >= amount`; `INSUFFICIENT_AVAILABLE`
    /// when the amount is above the balance (the hold does not protect it).
    pub(crate) fn execute(&self, env: &mut Env<'_, '_>) -> Result<(), Code> {
        let _ = env;
        todo!()
    }
}
