//! RedeemExpire: anyone returns the money of a redemption that nobody accepted in time.

use ballast_primitives::Hash;
use borsh::{BorshDeserialize, BorshSerialize};

use crate::code::Code;
use crate::object::{IncidentKind, RedemptionStatus, Severity};
use crate::ops::Env;
use crate::redemption;

#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct RedeemExpire {
    pub redemption: Hash,
}

impl RedeemExpire {
    /// `UNKNOWN_REDEMPTION`; `REDEMPTION_CLOSED`; `IN_PROCESSING`; `NOT_DUE` when `now <
    /// due_at`; `OVERFLOW`.
    pub(crate) fn execute(&self, env: &mut Env<'_, '_>) -> Result<(), Code> {
        let redemption = redemption::find(env, &self.redemption)?;
        let stored = env.journal.read(redemption);
        redemption::check_requested(stored)?;
        if env.now < stored.due_at {
            return Err(Code::NotDue);
        }
        redemption::close(env, &self.redemption, redemption, RedemptionStatus::Expired)?;
        env.file_incident(IncidentKind::RedemptionExpired, Severity::High, self.redemption)
    }
}
