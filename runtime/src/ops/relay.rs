//! An authorisation that its owner signed off the chain and that anyone relays: the rules of its
//! use are the same whatever it allows.

use ballast_primitives::{Address, Hash};

use crate::authorisation::{self, PayAuthBody, PermitBody};
use crate::code::Code;
use crate::limits::AUTH_MS_MAX;
use crate::object::{Account, Key, Object, UsedAuth};
use crate::ops::Env;
use crate::state::At;
use crate::tx::Witness;

/// When, by whom and on whose signatures an authorisation may be used.
pub(crate) struct Relay<'a> {
    owner: Address,
    nonce: Hash,
    not_before: u64,
    deadline: u64,
    executor: Option<Address>,
    witnesses: &'a [Witness],
}

impl<'a> Relay<'a> {
    pub(crate) const fn of_permit(body: &PermitBody, witnesses: &'a [Witness]) -> Self {
        let PermitBody { owner, nonce, not_before, deadline, executor, .. } = *body;
        Self { owner, nonce, not_before, deadline, executor, witnesses }
    }

    pub(crate) const fn of_payment(body: &PayAuthBody, witnesses: &'a [Witness]) -> Self {
        let PayAuthBody { owner, nonce, not_before, deadline, executor, .. } = *body;
        Self { owner, nonce, not_before, deadline, executor, witnesses }
    }

    /// Whether the authorisation may be used: `AUTH_NOT_YET`; `AUTH_EXPIRED`; `AUTH_USED`;
    /// `WRONG_EXECUTOR`; `BAD_AUTH`.
    pub(crate) fn check(&self, env: &Env<'_, '_>, owner: At<Account>) -> Result<(), Code> {
        if env.now < self.not_before {
            return Err(Code::AuthNotYet);
        }
        let latest = env.now.saturating_add(AUTH_MS_MAX);
        if env.now >= self.deadline || self.deadline > latest {
            return Err(Code::AuthExpired);
        }
        env.check_unused(&self.key(), Code::AuthUsed)?;
        if self.executor.is_some_and(|executor| executor != env.sender_address) {
            return Err(Code::WrongExecutor);
        }
        if !authorisation::satisfies(&env.journal.read(owner).policy, self.witnesses) {
            return Err(Code::BadAuth);
        }
        Ok(())
    }

    /// Uses it up, once what it allows is done.
    pub(crate) fn use_up(&self, env: &mut Env<'_, '_>) -> Result<(), Code> {
        env.create(self.key(), Object::UsedAuth(UsedAuth { until: self.deadline }))
    }

    const fn key(&self) -> Key {
        Key::UsedAuth(self.owner, self.nonce)
    }
}
