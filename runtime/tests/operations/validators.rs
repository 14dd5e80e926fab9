//! The validator set and upgrades.
