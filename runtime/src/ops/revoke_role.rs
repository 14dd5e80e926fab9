//! RevokeRole: the council takes an operational role away at once. Protective.

use ballast_primitives::Address;
use borsh::{BorshDeserialize, BorshSerialize};

use crate::code::Code;
use crate::event::Event;
use crate::object::{Role, RoleGrant};
use crate::ops::Env;
use crate::state::At;

#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct RevokeRole {
    pub role: Role,
    pub holder: Address,
}

impl RevokeRole {
    /// Held now: `ROLE_NOT_HELD`.
    pub(crate) fn execute(&self, env: &mut Env<'_, '_>) -> Result<(), Code> {
        let grant = env.journal.role_at(self.role, &self.holder);
        let live = |at: &At<RoleGrant>| env.journal.read(*at).is_live(env.now);
        let grant = grant.filter(live).ok_or(Code::RoleNotHeld)?;
        *env.journal.write(grant) = RoleGrant { valid_until: 0 };
        env.emit(Event::RoleRevoked { role: self.role, holder: self.holder });
        Ok(())
    }
}
