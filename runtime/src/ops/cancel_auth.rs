//! CancelAuth: an owner makes sure that an authorisation it signed is never used.

use ballast_primitives::Hash;
use borsh::{BorshDeserialize, BorshSerialize};

use crate::code::Code;
use crate::event::Event;
use crate::object::{Key, Object};
use crate::ops::Env;

#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct CancelAuth {
    /// The authorisation's.
    pub nonce: Hash,
}

impl CancelAuth {
    /// `AUTH_USED`.
    pub(crate) fn execute(&self, env: &mut Env<'_, '_>) -> Result<(), Code> {
        let (owner, nonce) = (env.sender_address, self.nonce);
        let key = Key::UsedAuth(owner, nonce);
        env.check_unused(&key, Code::AuthUsed)?;
        env.note_use(key, Object::UsedAuth);
        env.emit(Event::AuthCancelled { owner, nonce });
        Ok(())
    }
}
