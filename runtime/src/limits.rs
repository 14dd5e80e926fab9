//! Every bound of the runtime that is not a parameter of the chain, in one place. Times are
//! milliseconds.

pub const HOUR_MS: u64 = 60 * 60 * 1000;
pub const DAY_MS: u64 = 24 * HOUR_MS;

/// How long a compliance officer's freeze lasts; the council's is permanent.
pub const OFFICER_FREEZE_MS: u64 = 72 * HOUR_MS;
/// How long after an officer's freeze has lapsed the account cannot be frozen by an officer again.
pub const FREEZE_COOLDOWN_MS: u64 = 7 * DAY_MS;
/// The longest pause the council may set at once.
pub const PAUSE_MS_MAX: u64 = 30 * DAY_MS;
/// The longest term of a role grant.
pub const ROLE_TERM_MS_MAX: u64 = 366 * DAY_MS;
/// The longest bank reference, in bytes; the shortest is one.
pub const BANK_REF_BYTES_MAX: usize = 64;
/// The most account classes, each with a quota; the least is one.
pub const CLASSES_MAX: usize = 16;
/// The longest time between the confirmation of a deposit and its finality.
pub const RAIL_HOLD_MS_MAX: u64 = 30 * DAY_MS;
/// Every how many blocks the invariants are checked over the whole state.
pub const FULL_CHECK_BLOCKS: u64 = 1_000;
/// The largest encoded key or object that is read back from storage. The largest object is a
/// validator set of 100.
pub const OBJECT_BYTES_MAX: usize = 64 * 1024;

// Relations that the rules rely on.
const _: () = assert!(OFFICER_FREEZE_MS < FREEZE_COOLDOWN_MS);
const _: () = assert!(PAUSE_MS_MAX < ROLE_TERM_MS_MAX);
const _: () = assert!(crate::tx::VALIDITY_MS_MAX == DAY_MS);
const _: () = assert!(crate::replay::WINDOW == u128::BITS as u64);
const _: () = assert!(crate::tx::OPS_MAX <= u8::MAX as usize);
