//! Every bound of the runtime that is not a parameter of the chain, in one place. Times are
//! milliseconds.

pub const MINUTE_MS: u64 = 60 * 1000;
pub const HOUR_MS: u64 = 60 * MINUTE_MS;
pub const DAY_MS: u64 = 24 * HOUR_MS;

/// How long a compliance officer's freeze lasts; the council's is permanent.
pub const OFFICER_FREEZE_MS: u64 = 72 * HOUR_MS;
/// How long after an officer's freeze has lapsed the account cannot be frozen by an officer again.
pub const FREEZE_COOLDOWN_MS: u64 = 7 * DAY_MS;
/// The least number of heights from the block that schedules a version of the rules to its first:
/// by then a certified header attests the state that holds it, and the validator set that decides
/// is one that was chosen in its sight.
pub const UPGRADE_AHEAD_MIN: u64 = 10;

/// The longest pause the council may set at once.
pub const PAUSE_MS_MAX: u64 = 30 * DAY_MS;
/// The longest short pause, of class A.
pub const SHORT_PAUSE_MS_MAX: u64 = 72 * HOUR_MS;
/// How long after the end of a short pause of a scope the next may begin.
pub const PAUSE_COOLDOWN_MS: u64 = 7 * DAY_MS;
/// How far ahead the deadline of an authorisation may be.
pub const AUTH_MS_MAX: u64 = 30 * DAY_MS;
/// The longest delay between the approval and the execution of a proposal.
pub const DELAY_MS_MAX: u64 = 30 * DAY_MS;
/// The most members of the council.
pub const MEMBERS_MAX: usize = 21;
/// The most proposals that are open at once, of all members and of one.
pub const PROPOSALS_OPEN_MAX: usize = 64;
pub const PROPOSALS_OF_ONE_MAX: usize = 8;
/// The most drafts of reports at once.
pub const DRAFTS_MAX: usize = 16;
/// How many of the newest reports are looked at when an attestor's key is revoked, besides the
/// drafts and the latest.
pub const REPORTS_LOOKED_AT: u64 = 64;
/// The most lines, exceptions and holidays.
pub const LINES_MAX: usize = 64;
pub const EXCEPTIONS_MAX: usize = 16;
pub const HOLIDAYS_MAX: usize = 64;
/// The longest texts, in bytes: names of things, what a report is called by, an exception, a
/// custodian in a line of a report, a link.
pub const NAME_BYTES_MAX: usize = 64;
pub const STANDARD_BYTES_MAX: usize = 64;
pub const EXCEPTION_BYTES_MAX: usize = 128;
pub const CUSTODIAN_BYTES_MAX: usize = 32;
pub const URI_BYTES_MAX: usize = 256;
/// The longest address on another chain.
pub const REMOTE_BYTES_MAX: usize = 64;
/// The most a Treasury may have to maturity to count as reserve, in days.
pub const TREASURY_DAYS_MAX: u32 = 93;
/// The most a repo may have to maturity to count as reserve, in days.
pub const REPO_DAYS_MAX: u32 = 1;
/// Bounds of the age up to which a report may be used.
pub const REPORT_AGE_MS_MIN: u64 = HOUR_MS;
pub const REPORT_AGE_MS_MAX: u64 = 366 * DAY_MS;
/// The most attestations that a report may need.
pub const ATTEST_QUORUM_MAX: u8 = 16;
/// Everything, in hundredths of a percent.
pub const BPS: u128 = 10_000;
/// How many supply checkpoints are kept: 400 days of hours.
pub const CHECKPOINTS_KEPT: u16 = 9_600;
/// Bounds of the interval between supply checkpoints.
pub const CHECKPOINT_MS_MIN: u64 = 1_000;
pub const CHECKPOINT_MS_MAX: u64 = HOUR_MS;
/// Minutes of a day.
pub const MINUTES: u16 = 24 * 60;
/// The longest term of a role grant.
pub const ROLE_TERM_MS_MAX: u64 = 366 * DAY_MS;
/// The longest bank reference, in bytes; the shortest is one.
pub const BANK_REF_BYTES_MAX: usize = 64;
/// The most account classes, each with a quota; the least is one.
pub const CLASSES_MAX: usize = 16;
/// The longest time between the confirmation of a deposit and its finality.
pub const RAIL_HOLD_MS_MAX: u64 = 30 * DAY_MS;
/// The most incidents about broken invariants within a day, of all accounts.
pub const ALARMS_MAX: usize = 64;
/// Every how many blocks the invariants are checked over the whole state.
pub const FULL_CHECK_BLOCKS: u64 = 1_000;
/// The least burst of a quota: a transaction of the most operations, or the operation that creates
/// the most objects.
pub const BURST_MIN: u32 = 16;
/// What an object costs of a quota, in operations.
pub const OBJECT_COST: u64 = 4;
/// How many objects may count for an account, for each operation of its quota's burst.
pub const OBJECTS_PER_BURST: u64 = 16;
/// How long a redemption that is over can be looked up in the state.
pub const REDEMPTION_KEPT_MS: u64 = 30 * DAY_MS;
/// How long records of what was decided can be looked up in the state: closed proposals from their
/// making, superseded reports from their submission.
pub const RECORD_KEPT_MS: u64 = 400 * DAY_MS;
/// How many incidents the state holds, the newest.
pub const INCIDENTS_KEPT: u64 = 10_000;
/// The most objects that have ended which one block removes.
pub const ENDED_PER_BLOCK: usize = 2_048;
/// The most slots of a state: more than any memory holds.
pub const SLOTS_MAX: u64 = 1 << 32;
/// The largest encoded key or object that is read back from storage. The largest object is a
/// validator set of 100.
pub const OBJECT_BYTES_MAX: usize = 64 * 1024;

// Relations that the rules rely on.
const _: () = assert!(UPGRADE_AHEAD_MIN == ballast_primitives::block::EXECUTION_LAG_MAX + 2);
const _: () = assert!(OFFICER_FREEZE_MS < FREEZE_COOLDOWN_MS);
const _: () = assert!(PAUSE_MS_MAX < ROLE_TERM_MS_MAX);
// A payment authorisation may leave three objects: the pair, the travel data, itself.
const _: () = assert!(3 * OBJECT_COST < BURST_MIN as u64);
const _: () = assert!(crate::tx::OPS_MAX <= BURST_MIN as usize);
const _: () = assert!(crate::tx::VALIDITY_MS_MAX == DAY_MS);
const _: () = assert!(crate::replay::WINDOW == u128::BITS as u64);
const _: () = assert!(crate::tx::OPS_MAX <= u8::MAX as usize);
