//! CancelAuth: an owner makes sure that an authorisation it signed is never used.

use ballast_primitives::Hash;
use borsh::{BorshDeserialize, BorshSerialize};

use crate::code::Code;
use crate::event::Event;
use crate::object::{Key, Object, UsedAuth};
use crate::ops::Env;

#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct CancelAuth {
    /// The authorisation's.
    pub nonce: Hash,
    /// The authorisation's: after it nothing has to be remembered.
    pub deadline: u64,
}

impl CancelAuth {
    /// `AUTH_EXPIRED` unless `now < deadline`; `AUTH_USED`; objects (OBJ-2, OBJ-3).
    pub(crate) fn execute(&self, env: &mut Env<'_, '_>) -> Result<(), Code> {
        let (owner, nonce) = (env.sender_address, self.nonce);
        if env.now >= self.deadline {
            return Err(Code::AuthExpired);
        }
        let key = Key::UsedAuth(owner, nonce);
        env.check_unused(&key, Code::AuthUsed)?;
        env.create(key, Object::UsedAuth(UsedAuth { until: self.deadline }))?;
        env.emit(Event::AuthCancelled { owner, nonce });
        Ok(())
    }
}
