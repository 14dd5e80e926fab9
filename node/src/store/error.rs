//! What can go wrong in the store. An error from a write is final: the caller ends the process.

use std::path::PathBuf;

use ballast_primitives::Hash;
use thiserror::Error;

use super::columns::{FORMAT, Family};

pub type Result<T> = std::result::Result<T, StoreError>;

#[derive(Debug, Error)]
pub enum StoreError {
    #[error("the database failed to {doing}: {source}")]
    Database { doing: &'static str, source: rocksdb::Error },
    #[error("cannot look at the store's folder {}: {source}", path.display())]
    Folder { path: PathBuf, source: std::io::Error },
    #[error("the store's column family {family} is damaged at key {key}: {what}")]
    Corrupt {
        family: &'static str,
        /// In hex.
        key: String,
        what: String,
    },
    #[error("{} holds the chain of genesis {found}, not {expected}", path.display())]
    WrongGenesis { path: PathBuf, found: Hash, expected: Hash },
    #[error("{} has store format {found}; this version reads format {FORMAT}", path.display())]
    WrongFormat { path: PathBuf, found: u32 },
    #[error("the store already holds a chain, up to height {head}")]
    NotEmpty { head: u64 },
    #[error("the store holds no genesis state yet")]
    NotInitialised,
    #[error("the store is at height {head} and cannot commit height {height}")]
    OutOfOrder { head: u64, height: u64 },
    #[error("block {height} names batch {batch}, which is not stored")]
    MissingBatch { height: u64, batch: Hash },
    #[error("what is to be committed at height {height} does not fit together: {what}")]
    Inconsistent { height: u64, what: &'static str },
    #[error(
        "what is before height {before} cannot be removed: the blocks from height {limit} on hold \
         transactions that could still be sent again, or are the newest"
    )]
    StillNeeded { before: u64, limit: u64 },
    #[error("a value of {size} bytes is over the limit of {max} of column family {family}")]
    TooLarge { family: &'static str, size: usize, max: usize },
}

impl StoreError {
    pub(super) fn corrupt(family: Family, key: &[u8], what: impl ToString) -> Self {
        Self::Corrupt { family: family.name(), key: const_hex::encode(key), what: what.to_string() }
    }

    pub(super) fn database(doing: &'static str) -> impl FnOnce(rocksdb::Error) -> Self {
        move |source| Self::Database { doing, source }
    }
}
