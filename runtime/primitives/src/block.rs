//! Block headers, and the list of batches a header commits to.

use borsh::{BorshDeserialize, BorshSerialize};

use crate::domain::Domain;
use crate::hash::{self, Hash};
use crate::keys::PublicKey;

/// The most batches one block may name.
pub const BATCHES_MAX: usize = 1_024;
/// How far behind its own height a header's attested execution may be.
pub const EXECUTION_LAG_MAX: u64 = 8;

/// What validators agree on at a height. Its digest is the block's id.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, BorshSerialize, BorshDeserialize)]
pub struct Header {
    /// Format version: 1.
    pub version: u16,
    pub genesis: Hash,
    /// 1 for the first block.
    pub height: u64,
    /// Id of the block at `height - 1`; the genesis hash at height 1.
    pub parent: Hash,
    /// Milliseconds since the Unix epoch, above the parent's.
    pub time: u64,
    /// Consensus key of the validator that built this block.
    pub proposer: PublicKey,
    /// Digest of the block's [`Payload`].
    pub payload: Hash,
    /// The newest height whose results its builder attests, at least `height - 8`, never lower
    /// than the parent's; 0 is the genesis state.
    pub executed_height: u64,
    /// Root of the state tree after `executed_height`.
    pub state_root: Hash,
    /// Chained receipts root after `executed_height`; see [`crate::merkle::chain_receipts`].
    pub receipts_root: Hash,
    /// Digest of the validator set of this height.
    pub validators: Hash,
    /// Digest of the validator set of the next height.
    pub next_validators: Hash,
}

impl Header {
    pub const VERSION: u16 = 1;

    /// The block's id.
    pub fn id(&self) -> Hash {
        hash::digest_of(Domain::Header, self)
    }
}

/// The batches of a block, in order, by digest.
#[derive(
    Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, BorshSerialize, BorshDeserialize,
)]
pub struct Payload {
    pub batches: Vec<Hash>,
}

impl Payload {
    pub fn digest(&self) -> Hash {
        hash::digest_of(Domain::Payload, self)
    }
}
