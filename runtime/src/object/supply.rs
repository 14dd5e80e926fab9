//! Totals of the whole supply, and the points in time at which they are remembered.

use borsh::{BorshDeserialize, BorshSerialize};

use crate::limits::CHECKPOINTS_KEPT;
use crate::object::Key;

#[derive(Clone, Debug, Default, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Supply {
    pub total: u128,
    pub cap: u128,
    /// What genesis put into accounts.
    pub genesis: u128,
    pub cum_mint: u128,
    pub cum_burn: u128,
    /// All deposits that are not reversed, final or not.
    pub cum_deposit: u128,
    /// All payouts that did not fail.
    pub cum_payout: u128,
    pub redeem_escrow: u128,
    pub bridge_escrow: u128,
    /// Deposits that are not final: what the [`crate::object::Pending`] there are add up to.
    pub pending: u128,
}

impl Supply {
    /// Counts what was minted; none when a total would leave its range.
    pub(crate) fn mint(&mut self, amount: u64) -> Option<()> {
        let amount = u128::from(amount);
        self.total = self.total.checked_add(amount)?;
        self.cum_mint = self.cum_mint.checked_add(amount)?;
        Some(())
    }

    /// Counts what was burned; none when a total would leave its range.
    pub(crate) fn burn(&mut self, amount: u64) -> Option<()> {
        let amount = u128::from(amount);
        self.total = self.total.checked_sub(amount)?;
        self.cum_burn = self.cum_burn.checked_add(amount)?;
        Some(())
    }
}

/// The supply at a full tick of [`crate::object::Policy::checkpoint_ms`]: what reports and
/// reconciliations refer to. Made by the first block at or after the tick, from the state that
/// its parent left. The newest [`crate::limits::CHECKPOINTS_KEPT`] are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Checkpoint {
    /// The tick: milliseconds since the Unix epoch, a multiple of the interval.
    pub at: u64,
    /// The height whose results it holds.
    pub height: u64,
    pub total: u128,
    pub cum_deposit: u128,
    pub cum_payout: u128,
}

impl Checkpoint {
    /// Where the checkpoint of the tick at `at` is kept: a place in a ring.
    pub fn key(at: u64, interval: u64) -> Key {
        let tick = at.checked_div(interval).unwrap_or(0);
        let place = tick.checked_rem(u64::from(CHECKPOINTS_KEPT)).unwrap_or(0);
        Key::Checkpoint(u16::try_from(place).unwrap_or(0))
    }
}
