//! RedeemAccept: a redeemer accepts a redemption: the bank is asked to pay.

use ballast_primitives::Hash;
use borsh::{BorshDeserialize, BorshSerialize};

use crate::code::Code;
use crate::ops::Env;

#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct RedeemAccept {
    pub redemption: Hash,
}

impl RedeemAccept {
    /// `ACCOUNT_FROZEN` when the owner is out-frozen (the redemption exists);
    /// `UNKNOWN_REDEMPTION`; `REDEMPTION_CLOSED`; `IN_PROCESSING`.
    pub(crate) fn execute(&self, env: &mut Env<'_, '_>) -> Result<(), Code> {
        let _ = env;
        todo!()
    }
}
