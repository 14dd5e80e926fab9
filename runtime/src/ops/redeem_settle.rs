//! RedeemSettle: a redeemer closes a redemption that was paid.

use ballast_primitives::Hash;
use borsh::{BorshDeserialize, BorshSerialize};

use crate::code::Code;
use crate::ops::Env;

#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct RedeemSettle {
    pub redemption: Hash,
}

impl RedeemSettle {
    /// `UNKNOWN_REDEMPTION`; `REDEMPTION_CLOSED`; `NOT_PROCESSING`; `PAYOUT_MISSING`;
    /// `OVERFLOW`.
    pub(crate) fn execute(&self, env: &mut Env<'_, '_>) -> Result<(), Code> {
        let _ = env;
        todo!()
    }
}
