//! PayoutConfirm: a custodian states that a redemption was paid.

use ballast_primitives::Hash;
use borsh::{BorshDeserialize, BorshSerialize};

use crate::code::Code;
use crate::ops::Env;

#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct PayoutConfirm {
    pub redemption: Hash,
    /// The bank's reference of the outgoing payment, 1 to 64 bytes.
    pub bank_ref: String,
    /// What was paid, micro-dollars.
    pub net: u64,
}

impl PayoutConfirm {
    pub(crate) fn check_shape(&self) -> Result<(), &'static str> {
        todo!("bank_ref 1 to 64 bytes")
    }

    /// `UNKNOWN_REDEMPTION`; `REDEMPTION_CLOSED` when it is final; `NOT_PROCESSING` when
    /// Requested; `PAYOUT_RECORDED` when it has a payout; `DUPLICATE_BANK_REF` (for this
    /// custodian's payouts, for ever); `PAYOUT_MISMATCH` unless net is the redemption's.
    pub(crate) fn execute(&self, env: &mut Env<'_, '_>) -> Result<(), Code> {
        let _ = env;
        todo!()
    }
}
