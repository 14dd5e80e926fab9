//! Permit: anyone relays an allowance that its owner signed off the chain.

use ballast_primitives::policy::KEYS_MAX;
use borsh::{BorshDeserialize, BorshSerialize};

use crate::authorisation::{PermitBody, check_witnesses};
use crate::code::Code;
use crate::ops::Env;
use crate::ops::approve::Approve;
use crate::ops::relay::Relay;
use crate::tx::Witness;

#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Permit {
    /// What the owner signed.
    pub body: Box<PermitBody>,
    /// 1 to 16, strictly ascending by key.
    pub witnesses: Vec<Witness>,
}

impl Permit {
    pub(crate) fn check_shape(&self) -> Result<(), &'static str> {
        check_witnesses(&self.witnesses, KEYS_MAX)
    }

    /// `UNKNOWN_TARGET` when the owner is not registered; `AUTH_NOT_YET` when `now <
    /// not_before`; `AUTH_EXPIRED` unless `now < deadline <= now + 30 d`; `AUTH_USED`;
    /// `WRONG_EXECUTOR` when an executor is named and is not the sender; `BAD_AUTH` unless the
    /// witnesses satisfy the owner's policy (AUTH-3); then Approve's rules for the owner.
    pub(crate) fn execute(&self, env: &mut Env<'_, '_>) -> Result<(), Code> {
        let PermitBody { owner, spender, expected, amount, expires, .. } = *self.body;
        let account = env.account(&owner).ok_or(Code::UnknownTarget)?;
        let relay = Relay::of_permit(&self.body, &self.witnesses);
        relay.check(env, account)?;
        Approve { spender, expected, amount, expires }.set(env, owner)?;
        relay.use_up(env)
    }
}
