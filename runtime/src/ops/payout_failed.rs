//! PayoutFailed: a payout could not be made or came back: the owner gets everything back.

use ballast_primitives::Hash;
use borsh::{BorshDeserialize, BorshSerialize};

use crate::code::Code;
use crate::ops::Env;

#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct PayoutFailed {
    pub redemption: Hash,
    /// Digest of the bank's notice.
    pub document: Hash,
}

impl PayoutFailed {
    /// `UNKNOWN_REDEMPTION`; `REDEMPTION_CLOSED`; `NOT_PROCESSING`; `UNAUTHORIZED` when its
    /// payout was recorded by another custodian; `OVERFLOW`.
    pub(crate) fn execute(&self, env: &mut Env<'_, '_>) -> Result<(), Code> {
        let _ = env;
        todo!()
    }
}
