//! RedeemRequest: a holder asks for dollars at its bank.

use ballast_primitives::Hash;
use borsh::{BorshDeserialize, BorshSerialize};

use crate::code::Code;
use crate::ops::Env;

#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct RedeemRequest {
    /// Gross, micro-dollars.
    pub amount: u64,
    /// The most fee the holder accepts.
    pub fee_max: u64,
    /// Digest of the bank details given to the issuer.
    pub beneficiary: Hash,
}

impl RedeemRequest {
    /// `KYC_EXPIRED` of the sender; `NOT_ELIGIBLE` when its class is below `class_min`;
    /// `ACCOUNT_FROZEN` when out-frozen; `BELOW_MIN`; `ABOVE_MAX`; `FEE_TOO_HIGH` when the fee
    /// (RED-1) is above fee_max or not below the amount; available; `OVERFLOW`.
    pub(crate) fn execute(&self, env: &mut Env<'_, '_>) -> Result<(), Code> {
        let _ = env;
        todo!()
    }
}
