//! RedeemReject: a redeemer refuses a redemption.

use ballast_primitives::Hash;
use borsh::{BorshDeserialize, BorshSerialize};

use crate::code::Code;
use crate::object::RedemptionStatus;
use crate::ops::Env;
use crate::redemption;

#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct RedeemReject {
    pub redemption: Hash,
    /// Digest of the reason.
    pub document: Hash,
}

impl RedeemReject {
    /// `UNKNOWN_REDEMPTION`; `REDEMPTION_CLOSED`; `IN_PROCESSING`; `OVERFLOW`.
    pub(crate) fn execute(&self, env: &mut Env<'_, '_>) -> Result<(), Code> {
        let redemption = redemption::find(env, &self.redemption)?;
        redemption::check_requested(env.journal.read(redemption))?;
        redemption::close(env, &self.redemption, redemption, RedemptionStatus::Rejected)
    }
}
