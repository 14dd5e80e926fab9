//! Redemptions and payouts.
