//! ValidatorAdd: the council adds a validator.

use ballast_primitives::Validator;
use borsh::{BorshDeserialize, BorshSerialize};

use crate::code::Code;
use crate::ops::Env;

#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct ValidatorAdd {
    pub validator: Validator,
}

impl ValidatorAdd {
    pub(crate) fn check_shape(&self) -> Result<(), &'static str> {
        todo!("name 1 to 64 bytes")
    }

    /// `VALIDATOR_EXISTS` (consensus key); `BAD_VALIDATOR_SET` (CO-3); `SET_CHANGE_TOO_LARGE`
    /// (VAL-3).
    pub(crate) fn execute(&self, env: &mut Env<'_, '_>) -> Result<(), Code> {
        let _ = env;
        todo!()
    }
}
