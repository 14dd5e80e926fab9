//! What the operations of a redemption's life share: its fee, which of them may come when, and how
//! its money goes back.
//!
//! ```text
//! Requested --Accept--> Processing --PayoutConfirm, Settle--> Settled
//!     | Reject, Cancel, Expire            | PayoutFailed
//!     +-------------> Rejected, Cancelled, Expired, Failed: refunded
//! ```

use ballast_primitives::Hash;

use crate::code::Code;
use crate::event::Event;
use crate::limits::BPS;
use crate::object::{Key, Redemption, RedemptionStatus, Terms};
use crate::ops::Env;
use crate::state::At;

/// RED-1: the larger of a share, rounded down, and a flat amount.
pub fn fee(terms: &Terms, amount: u64) -> u64 {
    let share = u128::from(amount).saturating_mul(u128::from(terms.fee_bps)) / BPS;
    // At most everything, so that it fits.
    u64::try_from(share).unwrap_or(u64::MAX).max(terms.fee_flat)
}

pub(crate) fn find(env: &Env<'_, '_>, id: &Hash) -> Result<At<Redemption>, Code> {
    env.journal.find(&Key::Redemption(*id)).ok_or(Code::UnknownRedemption)
}

/// `REDEMPTION_CLOSED`, then `IN_PROCESSING`.
pub(crate) const fn check_requested(redemption: &Redemption) -> Result<(), Code> {
    match redemption.status {
        RedemptionStatus::Requested => Ok(()),
        RedemptionStatus::Processing => Err(Code::InProcessing),
        _ => Err(Code::RedemptionClosed),
    }
}

/// `REDEMPTION_CLOSED`, then `NOT_PROCESSING`.
pub(crate) const fn check_processing(redemption: &Redemption) -> Result<(), Code> {
    match redemption.status {
        RedemptionStatus::Processing => Ok(()),
        RedemptionStatus::Requested => Err(Code::NotProcessing),
        _ => Err(Code::RedemptionClosed),
    }
}

/// Takes a gross amount out of escrow.
pub(crate) fn release(env: &mut Env<'_, '_>, gross: u64) -> Result<(), Code> {
    let supply = env.journal.supply_mut();
    supply.redeem_escrow =
        supply.redeem_escrow.checked_sub(u128::from(gross)).ok_or(Code::Overflow)?;
    Ok(())
}

/// Notes that a redemption is over.
pub(crate) fn end(env: &mut Env<'_, '_>, at: At<Redemption>, status: RedemptionStatus) {
    let now = env.now;
    let redemption = env.journal.write(at);
    (redemption.status, redemption.closed_at) = (status, now);
}

/// Closes an open redemption as `status`, one without payment: the owner gets everything back,
/// frozen or not (RED-4).
pub(crate) fn close(
    env: &mut Env<'_, '_>,
    id: &Hash,
    at: At<Redemption>,
    status: RedemptionStatus,
) -> Result<(), Code> {
    let Redemption { owner, gross, .. } = *env.journal.read(at);
    release(env, gross)?;
    // Who asked for it is an account, and accounts stay.
    let account = env.account(&owner).ok_or(Code::UnknownRecipient)?;
    env.credit(account, gross)?;
    end(env, at, status);
    env.emit(Event::RedemptionClosed { redemption: *id, owner, status, refund: gross });
    Ok(())
}
