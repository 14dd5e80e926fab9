//! RedeemCancel: an owner withdraws a redemption that nobody has accepted.

use ballast_primitives::Hash;
use borsh::{BorshDeserialize, BorshSerialize};

use crate::code::Code;
use crate::ops::Env;

#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct RedeemCancel {
    pub redemption: Hash,
}

impl RedeemCancel {
    /// `UNKNOWN_REDEMPTION`; `UNAUTHORIZED` when the sender is not the owner;
    /// `REDEMPTION_CLOSED`; `IN_PROCESSING`; `OVERFLOW`.
    pub(crate) fn execute(&self, env: &mut Env<'_, '_>) -> Result<(), Code> {
        let _ = env;
        todo!()
    }
}
