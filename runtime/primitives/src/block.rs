//! Block headers, the list of batches a header commits to, and what a block may hold at most.

use std::collections::BTreeSet;

use borsh::{BorshDeserialize, BorshSerialize};

use crate::domain::Domain;
use crate::equivocation::{EVIDENCE_MAX, Evidence};
use crate::hash::{self, Hash};
use crate::keys::PublicKey;
use crate::planted::{Bug, planted};
use crate::turns::Return;

/// The most batches one block may name.
pub const BATCHES_MAX: usize = 1_024;
/// The most bytes that a block's batches may have together.
pub const BLOCK_BYTES_MAX: u64 = 8_388_608;
/// The most transactions in a block's batches.
pub const BLOCK_TXS_MAX: u64 = 16_384;
/// The most signatures in a block's transactions, those inside operations included.
pub const BLOCK_SIGNATURES_MAX: u64 = 32_768;
/// The most bytes of an encoded batch.
pub const BATCH_BYTES_MAX: usize = 4_194_304;
/// The most transactions of a batch.
pub const BATCH_TXS_MAX: usize = 8_192;
/// The most signatures in a batch's transactions.
pub const BATCH_SIGNATURES_MAX: usize = 16_384;
/// How far behind its own height a header's attested execution may be.
pub const EXECUTION_LAG_MAX: u64 = 8;

/// What validators agree on at a height. Its digest is the block's id.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, BorshSerialize, BorshDeserialize)]
pub struct Header {
    /// Format version: 2.
    pub version: u16,
    pub genesis: Hash,
    /// 1 for the first block.
    pub height: u64,
    /// Id of the block at `height - 1`; the genesis hash at height 1.
    pub parent: Hash,
    /// The round in which the parent was decided, as a certificate shows; 0 at height 1. Validators
    /// may hold certificates of several rounds: this is the one that the chain goes by.
    pub parent_round: u32,
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
    pub const VERSION: u16 = 2;

    /// The block's id.
    pub fn id(&self) -> Hash {
        hash::digest_of(Domain::Header, self)
    }
}

/// A batch as a block names it: by its digest, with how much is in it, so that a block's size is
/// known before its batches are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, BorshSerialize, BorshDeserialize)]
pub struct BatchRef {
    pub digest: Hash,
    /// Of its encoding.
    pub bytes: u32,
    pub txs: u32,
    /// Of its transactions, those inside operations included.
    pub signatures: u32,
}

/// The batches of a block, in order, who says that it is well again, and who signed twice.
#[derive(
    Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, BorshSerialize, BorshDeserialize,
)]
pub struct Payload {
    pub batches: Vec<BatchRef>,
    /// Ascending by validator.
    pub returns: Vec<Return>,
    /// Ascending by validator, one of each.
    pub evidence: Vec<Evidence>,
}

impl Payload {
    pub fn digest(&self) -> Hash {
        hash::digest_of(Domain::Payload, self)
    }

    pub fn digests(&self) -> impl Iterator<Item = &Hash> {
        self.batches.iter().map(|batch| &batch.digest)
    }

    /// The rules of a payload by itself: no batch twice, and within the limits of a block.
    pub fn check(&self) -> Result<(), &'static str> {
        self.check_within(&Load::MOST)
    }

    /// As [`Self::check`], for a block that holds `most`.
    pub fn check_within(&self, most: &Load) -> Result<(), &'static str> {
        let mut load = Load::default();
        self.batches.iter().try_for_each(|batch| load.add_within(batch, most))?;
        let distinct: BTreeSet<_> = self.digests().collect();
        if distinct.len() != self.batches.len() && !planted(Bug::BatchNamedTwice) {
            return Err("block names a batch twice");
        }
        if self.evidence.len() > EVIDENCE_MAX {
            return Err("block holds too much evidence");
        }
        Ok(())
    }
}

/// What the batches of a block come to. Whoever builds a block and whoever judges it add up alike.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Load {
    pub batches: usize,
    pub bytes: u64,
    pub txs: u64,
    pub signatures: u64,
}

impl Load {
    /// What any block may hold at most.
    pub const MOST: Self = Self {
        batches: BATCHES_MAX,
        bytes: BLOCK_BYTES_MAX,
        txs: BLOCK_TXS_MAX,
        signatures: BLOCK_SIGNATURES_MAX,
    };

    /// Adds a batch, unless a limit of blocks would be passed.
    pub fn add(&mut self, batch: &BatchRef) -> Result<(), &'static str> {
        self.add_within(batch, &Self::MOST)
    }

    /// As [`Self::add`], for a block that holds `most`.
    pub fn add_within(&mut self, batch: &BatchRef, most: &Self) -> Result<(), &'static str> {
        let Self { batches, bytes, txs, signatures } = *self;
        let more = Self {
            batches: batches.saturating_add(1),
            bytes: bytes.saturating_add(batch.bytes.into()),
            txs: txs.saturating_add(batch.txs.into()),
            signatures: signatures.saturating_add(batch.signatures.into()),
        };
        if !planted(Bug::BlockSizeUnchecked) {
            more.check(most)?;
        }
        *self = more;
        Ok(())
    }

    const fn check(&self, most: &Self) -> Result<(), &'static str> {
        if self.batches > most.batches {
            return Err("block names too many batches");
        }
        if self.bytes > most.bytes {
            return Err("block has too many bytes");
        }
        if self.txs > most.txs {
            return Err("block has too many transactions");
        }
        if self.signatures > most.signatures {
            return Err("block has too many signatures");
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn batch(n: u8, bytes: u64, txs: u64, signatures: u64) -> BatchRef {
        let [bytes, txs, signatures] = [bytes, txs, signatures].map(|n| u32::try_from(n).unwrap());
        BatchRef { digest: Hash([n; 32]), bytes, txs, signatures }
    }

    fn check(batches: Vec<BatchRef>) -> Result<(), &'static str> {
        Payload { batches, ..Payload::default() }.check()
    }

    #[test]
    fn a_block_is_full_exactly_at_each_of_its_limits() {
        let full = batch(1, BLOCK_BYTES_MAX - 1, BLOCK_TXS_MAX - 1, BLOCK_SIGNATURES_MAX - 1);
        assert_eq!(check(vec![]), Ok(()));
        assert_eq!(check(vec![full, batch(2, 1, 1, 1)]), Ok(()));
        assert_eq!(check(vec![full, batch(2, 2, 1, 1)]), Err("block has too many bytes"));
        assert_eq!(check(vec![full, batch(2, 1, 2, 1)]), Err("block has too many transactions"));
        assert_eq!(check(vec![full, batch(2, 1, 1, 2)]), Err("block has too many signatures"));
        let count = |count: usize| {
            let name = |n: usize| Hash(std::array::from_fn(|at| n.to_le_bytes()[at % 2]));
            let named = (0..count).map(|n| BatchRef { digest: name(n), ..batch(0, 1, 1, 1) });
            check(named.collect())
        };
        assert_eq!(count(BATCHES_MAX), Ok(()));
        assert_eq!(count(BATCHES_MAX + 1), Err("block names too many batches"));
    }

    #[test]
    fn sizes_that_no_batch_has_overflow_nothing() {
        let greatest = batch(1, u32::MAX.into(), u32::MAX.into(), u32::MAX.into());
        assert_eq!(check(vec![greatest; 3]), Err("block has too many bytes"));
    }

    #[test]
    fn the_largest_batch_fits_a_block_alone() {
        let [bytes, txs, signatures] =
            [BATCH_BYTES_MAX, BATCH_TXS_MAX, BATCH_SIGNATURES_MAX].map(|max| max as u64);
        assert_eq!(check(vec![batch(1, bytes, txs, signatures)]), Ok(()));
    }

    #[test]
    fn a_batch_counts_once() {
        let same = batch(1, 1, 1, 1);
        let resized = BatchRef { bytes: 2, ..same };
        for other in [same, resized] {
            assert_eq!(check(vec![same, other]), Err("block names a batch twice"));
        }
    }
}
