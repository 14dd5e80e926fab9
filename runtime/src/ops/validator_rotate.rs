//! ValidatorRotate: the council gives a validator other keys; power and name stay.

use ballast_primitives::{PublicKey, Validator};
use borsh::{BorshDeserialize, BorshSerialize};

use crate::code::Code;
use crate::ops::Env;

#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct ValidatorRotate {
    /// Consensus key now.
    pub key: PublicKey,
    pub new_key: PublicKey,
    pub new_peer: PublicKey,
}

impl ValidatorRotate {
    /// `UNKNOWN_VALIDATOR`; `BAD_VALIDATOR_SET`; `SET_CHANGE_TOO_LARGE`.
    pub(crate) fn execute(&self, env: &mut Env<'_, '_>) -> Result<(), Code> {
        let set = &env.journal.state().validators().set;
        set.get(&self.key).ok_or(Code::UnknownValidator)?;
        let rotated = |validator: &Validator| match validator.key == self.key {
            true => Validator { key: self.new_key, peer: self.new_peer, ..validator.clone() },
            false => validator.clone(),
        };
        let next = set.validators().iter().map(rotated).collect();
        env.change_validators(next)
    }
}
