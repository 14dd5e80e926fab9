//! RecoverKey: the council replaces a lost key policy; the address stays.

use ballast_primitives::{Address, Hash, KeyPolicy};
use borsh::{BorshDeserialize, BorshSerialize};

use crate::code::Code;
use crate::event::Event;
use crate::ops::Env;
use crate::ops::register_account::check_key_count;
use crate::ops::rotate_key::replace_policy;

#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct RecoverKey {
    pub account: Address,
    pub policy: KeyPolicy,
    /// Digest of the proof of ownership.
    pub document: Hash,
}

impl RecoverKey {
    pub(crate) fn check_shape(&self) -> Result<(), &'static str> {
        check_key_count(&self.policy)
    }

    /// `UNKNOWN_TARGET`; `BAD_POLICY`.
    pub(crate) fn execute(&self, env: &mut Env<'_, '_>) -> Result<(), Code> {
        let account = env.account(&self.account).ok_or(Code::UnknownTarget)?;
        replace_policy(env, account, &self.policy)?;
        env.emit(Event::KeyRotated { account: self.account, document: Some(self.document) });
        Ok(())
    }
}
