//! RotateKey: an owner replaces its key policy; the address stays.

use ballast_primitives::KeyPolicy;
use borsh::{BorshDeserialize, BorshSerialize};

use crate::code::Code;
use crate::event::Event;
use crate::object::Account;
use crate::ops::Env;
use crate::ops::register_account::check_key_count;
use crate::state::At;

#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct RotateKey {
    pub policy: KeyPolicy,
}

impl RotateKey {
    pub(crate) fn check_shape(&self) -> Result<(), &'static str> {
        check_key_count(&self.policy)
    }

    /// `BAD_POLICY` (TX-14).
    pub(crate) fn execute(&self, env: &mut Env<'_, '_>) -> Result<(), Code> {
        replace_policy(env, env.sender, &self.policy)?;
        env.emit(Event::KeyRotated { account: env.sender_address, document: None });
        Ok(())
    }
}

/// Gives an account another key policy: `BAD_POLICY` (TX-14).
pub(crate) fn replace_policy(
    env: &mut Env<'_, '_>,
    account: At<Account>,
    policy: &KeyPolicy,
) -> Result<(), Code> {
    policy.check().map_err(|_| Code::BadPolicy)?;
    env.journal.write(account).policy = policy.clone();
    Ok(())
}
