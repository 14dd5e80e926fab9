//! RedeemExpire: anyone returns the money of a redemption that nobody accepted in time.

use ballast_primitives::Hash;
use borsh::{BorshDeserialize, BorshSerialize};

use crate::code::Code;
use crate::ops::Env;

#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct RedeemExpire {
    pub redemption: Hash,
}

impl RedeemExpire {
    /// `UNKNOWN_REDEMPTION`; `REDEMPTION_CLOSED`; `IN_PROCESSING`; `NOT_DUE` when `now <
    /// due_at`; `OVERFLOW`.
    pub(crate) fn execute(&self, env: &mut Env<'_, '_>) -> Result<(), Code> {
        let _ = env;
        todo!()
    }
}
