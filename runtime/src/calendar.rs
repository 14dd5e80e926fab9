//! Business days, in UTC: when a redemption must have been paid.
