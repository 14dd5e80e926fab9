//! ConfirmFreeze: the council makes an officer's freeze permanent.

use ballast_primitives::{Address, Hash};
use borsh::{BorshDeserialize, BorshSerialize};

use crate::code::Code;
use crate::ops::Env;

#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct ConfirmFreeze {
    pub account: Address,
    /// Digest of the council's order.
    pub order: Hash,
}

impl ConfirmFreeze {
    /// `UNKNOWN_TARGET`; `NOT_FROZEN`.
    pub(crate) fn execute(&self, env: &mut Env<'_, '_>) -> Result<(), Code> {
        let _ = env;
        todo!()
    }
}
