//! TransferFrom: a spender moves an owner's dollars within its allowance.

use ballast_primitives::Address;
use borsh::{BorshDeserialize, BorshSerialize};

use crate::authorisation::TravelData;
use crate::code::Code;
use crate::ops::Env;

#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct TransferFrom {
    pub owner: Address,
    pub to: Address,
    /// Micro-dollars.
    pub amount: u64,
    /// As for a transfer, for the owner as payer.
    pub travel: Option<Box<TravelData>>,
}

impl TransferFrom {
    /// Common, of the payment owner → to; then `ACCOUNT_FROZEN` when the sender (spender) is
    /// out-frozen; `ZERO_AMOUNT`; `SELF_TRANSFER` when owner = to; `UNKNOWN_TARGET` when the
    /// owner is not registered; `UNKNOWN_RECIPIENT`; `MEMO_REQUIRED`; travel (PAY-5);
    /// `ALLOWANCE_EXPIRED` when an allowance above 0 is stored and `now >= expires`;
    /// `ALLOWANCE_EXCEEDED` when the amount is above the current allowance; available (of the
    /// owner).
    pub(crate) fn execute(&self, env: &mut Env<'_, '_>) -> Result<(), Code> {
        let _ = env;
        todo!()
    }
}
