//! ValidatorAdd: the council adds a validator.

use ballast_primitives::Validator;
use borsh::{BorshDeserialize, BorshSerialize};

use crate::code::Code;
use crate::limits::NAME_BYTES_MAX;
use crate::ops::Env;

#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct ValidatorAdd {
    pub validator: Validator,
}

impl ValidatorAdd {
    pub(crate) fn check_shape(&self) -> Result<(), &'static str> {
        if !(1..=NAME_BYTES_MAX).contains(&self.validator.name.len()) {
            return Err("a validator's name has 1 to 64 bytes");
        }
        Ok(())
    }

    /// `VALIDATOR_EXISTS` (consensus key); `BAD_VALIDATOR_SET` (CO-3); `SET_CHANGE_TOO_LARGE`
    /// (VAL-3).
    pub(crate) fn execute(&self, env: &mut Env<'_, '_>) -> Result<(), Code> {
        let set = &env.journal.state().validators().set;
        if set.get(&self.validator.key).is_some() {
            return Err(Code::ValidatorExists);
        }
        let next = set.validators().iter().chain([&self.validator]).cloned().collect();
        env.change_validators(next)
    }
}
