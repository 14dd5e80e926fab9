//! What stops a validator from signing twice, and from running twice. Bytes in plain files, apart
//! from RocksDB: a database that lost its newest writes opens as if nothing were missing.
//!
//! - [`DataLock`]: one process per home.
//! - [`SignState`]: what was signed last, durable before the signature leaves.
//! - [`Wal`]: the inputs of the height under way, durable before a message that rests on them
//!   leaves.
//!
//! # Contract
//!
//! 1. The lock is taken first and held to the end; the other two files have one user.
//! 2. `save` and `sync` return when the bytes are on the disk. What they cover may leave then, not
//!    before.
//! 3. After an error the caller aborts the process. A failed fsync is never tried again: the
//!    kernel may have dropped the dirty pages and would report success. So each file refuses
//!    everything once one of its writes failed.
//! 4. Files come into being whole (written and synced under another name, then given their own),
//!    so a file that is there and does not read as one was damaged, never half-made.
//!
//! Both files name their [`Owner`], and the log also the generation of the sign-state as of each of
//! its frames: a sign-state older than that was put back from a copy.
//!
//! [`SignState`] and [`Wal`] work on any [`drive::Drive`]; without a word about it, on that of the
//! operating system.

// Denied outside tests: what a damaged file holds must never stop a validator without a report.
#![cfg_attr(
    not(test),
    deny(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing,
        reason = "what input can reach answers with a status"
    )
)]

pub mod drive;
mod frame;
mod lock;
mod sign_state;
mod wal;

pub use lock::{DataLock, LockError};
pub use sign_state::{Identity, RECORD_BYTES_MAX, SignState, SignStateError};
pub use wal::{ENTRY_BYTES_MAX, Wal, WalContents, WalError, WalOptions};

/// Whose memory a file is: a consensus key's, on a chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Owner {
    pub key: [u8; 32],
    /// The genesis hash.
    pub chain: [u8; 32],
}
