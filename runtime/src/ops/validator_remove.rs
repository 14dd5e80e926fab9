//! ValidatorRemove: the council removes a validator.

use ballast_primitives::PublicKey;
use borsh::{BorshDeserialize, BorshSerialize};

use crate::code::Code;
use crate::ops::Env;

#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct ValidatorRemove {
    /// Consensus key.
    pub key: PublicKey,
}

impl ValidatorRemove {
    /// `UNKNOWN_VALIDATOR`; `BAD_VALIDATOR_SET`; `SET_CHANGE_TOO_LARGE`.
    pub(crate) fn execute(&self, env: &mut Env<'_, '_>) -> Result<(), Code> {
        let _ = env;
        todo!()
    }
}
