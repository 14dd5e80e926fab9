//! What a validator stores and sends, in its canonical form.

pub use ballast_primitives::Evidence;
pub use ballast_primitives::block::{BATCH_BYTES_MAX, BATCH_SIGNATURES_MAX, BATCH_TXS_MAX};
use ballast_primitives::codec;
use ballast_primitives::hash::{self, Hash};
use ballast_primitives::override_record::SignedOverride;
use ballast_primitives::{CommitCertificate, Committee, Domain, Header, Payload, PublicKey};
use ballast_runtime::receipt::Receipt;
use ballast_runtime::state::{Change, Removed};
use borsh::{BorshDeserialize, BorshSerialize};

/// Transactions that travel together. Its digest is what blocks name.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Batch {
    /// Consensus key of the node that packed it.
    pub author: PublicKey,
    /// Makes two batches of one author differ, and orders them.
    pub sequence: u64,
    /// Encoded signed transactions.
    pub txs: Vec<Vec<u8>>,
}

impl Batch {
    pub fn digest_of_bytes(bytes: &[u8]) -> Hash {
        hash::digest(Domain::Batch, bytes)
    }

    pub fn decode(bytes: &[u8]) -> Result<Self, codec::DecodeError> {
        let batch: Self = codec::decode(bytes, BATCH_BYTES_MAX)?;
        if batch.txs.is_empty() || batch.txs.len() > BATCH_TXS_MAX {
            let what = format!("a batch holds 1 to {BATCH_TXS_MAX} transactions");
            return Err(codec::DecodeError::Malformed(what));
        }
        Ok(batch)
    }
}

/// A committed block as it is stored and served to those who catch up.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct StoredBlock {
    pub header: Header,
    pub payload: Payload,
    pub certificate: CommitCertificate,
    /// By which it was not executed (CO-80).
    pub overridden: Option<SignedOverride>,
}

/// What a decided block comes with.
pub struct Decision {
    pub certificate: CommitCertificate,
    pub overridden: Option<SignedOverride>,
    pub evidence: Vec<Evidence>,
}

/// The results of a block's execution.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Executed {
    pub height: u64,
    /// The block's time.
    pub time: u64,
    pub state_root: Hash,
    /// The root over this block's receipts alone.
    pub block_receipts_root: Hash,
    /// The chained root up to and including this block, as headers carry it.
    pub receipts_root: Hash,
    /// Number of objects in the state.
    pub objects: u64,
}

/// A receipt, and where its transaction's bytes are.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct TxRecord {
    pub receipt: Receipt,
    /// Which of the block's batches, and where in it.
    pub batch: u32,
    pub position: u32,
}

/// Evidence, and the height with whose block it was stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Seen {
    pub evidence: Evidence,
    pub at: u64,
}

/// All that one committed block changes on disk: one synced write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommitWrite {
    pub block: StoredBlock,
    pub executed: Executed,
    /// To be removed before the changes are written: a key or a slot may be in both.
    pub removed: Vec<Removed>,
    pub changes: Vec<Change>,
    pub records: Vec<TxRecord>,
    pub evidence: Vec<Evidence>,
    /// The validator set of the next height, when it is not the one that decided this block.
    pub next_set: Option<Committee>,
}
