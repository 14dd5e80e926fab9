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
        let set = &env.journal.state().validators().set;
        set.get(&self.key).ok_or(Code::UnknownValidator)?;
        let others = set.validators().iter().filter(|validator| validator.key != self.key);
        let next = others.cloned().collect();
        env.change_validators(next)
    }
}
