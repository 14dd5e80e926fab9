//! GrantRole: the council gives an account an operational role for at most 366 days, or gives the
//! same role anew with another end.
//!
//! The first grant of the minter role creates the minter's object, with no allowance; it stays
//! when the role is revoked, so that usage survives a new grant.

use ballast_primitives::Address;
use borsh::{BorshDeserialize, BorshSerialize};

use crate::code::Code;
use crate::event::Event;
use crate::limits::ROLE_TERM_MS_MAX;
use crate::object::{Key, Minter, Object, Role, RoleGrant, Window};
use crate::ops::Env;

#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct GrantRole {
    pub role: Role,
    pub holder: Address,
    /// The role is held while `now < valid_until`.
    pub valid_until: u64,
}

impl GrantRole {
    /// Registered: `UNKNOWN_TARGET`; `ROLE_CONFLICT`; `ROLE_TERM_TOO_LONG`.
    pub(crate) fn execute(&self, env: &mut Env<'_, '_>) -> Result<(), Code> {
        env.account(&self.holder).ok_or(Code::UnknownTarget)?;
        self.check_conflict(env)?;
        let latest = env.now.saturating_add(ROLE_TERM_MS_MAX);
        if self.valid_until <= env.now || self.valid_until > latest {
            return Err(Code::RoleTermTooLong);
        }
        self.set_grant(env);
        if self.role == Role::Minter {
            self.ensure_minter(env);
        }
        let GrantRole { role, holder, valid_until } = *self;
        env.emit(Event::RoleGranted { role, holder, valid_until });
        Ok(())
    }

    /// One role for a holder, and none for a member of the council.
    fn check_conflict(&self, env: &Env<'_, '_>) -> Result<(), Code> {
        let state = env.journal.state();
        let holds_other =
            |role: Role| role != self.role && state.holds(role, &self.holder, env.now);
        if Role::ALL.into_iter().any(holds_other) || state.council().is_member(&self.holder) {
            return Err(Code::RoleConflict);
        }
        Ok(())
    }

    fn set_grant(&self, env: &mut Env<'_, '_>) {
        let grant = RoleGrant { valid_until: self.valid_until };
        match env.journal.role_at(self.role, &self.holder) {
            Some(at) => *env.journal.write(at) = grant,
            None => {
                env.journal.create(Key::Role(self.role, self.holder), Object::Role(grant));
            }
        }
    }

    fn ensure_minter(&self, env: &mut Env<'_, '_>) {
        if env.journal.state().minter(&self.holder).is_none() {
            let per_tx = env.journal.policy().mint_per_tx_max;
            let minter = Minter {
                allowance: 0,
                per_tx,
                window_cap: 0,
                window: Window::default(),
                suspended: false,
            };
            env.journal.create(Key::Minter(self.holder), Object::Minter(Box::new(minter)));
        }
    }
}
