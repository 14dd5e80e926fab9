//! RedeemReject: a redeemer refuses a redemption.

use ballast_primitives::Hash;
use borsh::{BorshDeserialize, BorshSerialize};

use crate::code::Code;
use crate::ops::Env;

#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct RedeemReject {
    pub redemption: Hash,
    /// Digest of the reason.
    pub document: Hash,
}

impl RedeemReject {
    /// `UNKNOWN_REDEMPTION`; `REDEMPTION_CLOSED`; `IN_PROCESSING`; `OVERFLOW`.
    pub(crate) fn execute(&self, env: &mut Env<'_, '_>) -> Result<(), Code> {
        let _ = env;
        todo!()
    }
}
