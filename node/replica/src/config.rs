//! What an operator may set of the replica's behaviour. Nothing here changes what is valid.

use ballast_primitives::block::BLOCK_TXS_MAX;
use ballast_primitives::signature::{self, Item, SignatureError};
use ballast_primitives::{Hash, PublicKey, Signature};
use ballast_runtime::Rulebook;

/// A way to ask rule R about a signature.
pub type Verify = fn(&PublicKey, &[u8], &Signature) -> Result<(), SignatureError>;

/// A way to ask rule R about many signatures at once; it answers for each, in order.
pub type VerifyAll = fn(&[Item<'_>]) -> Vec<Result<(), SignatureError>>;

fn one_by_one(items: &[Item<'_>]) -> Vec<Result<(), SignatureError>> {
    let verify = |item: &Item<'_>| signature::verify(&item.key, item.message, &item.signature);
    items.iter().map(verify).collect()
}

/// Times in milliseconds.
#[derive(Clone, Debug)]
pub struct Config {
    /// How long to wait for a proposal in round 0.
    pub propose_timeout_ms: u64,
    /// How long to wait for more prevotes once there are two thirds of any kind.
    pub prevote_timeout_ms: u64,
    /// The same for precommits.
    pub precommit_timeout_ms: u64,
    /// Added to each of the three for every round above zero.
    pub timeout_step_ms: u64,
    /// How often to say one's votes again while a round stands still.
    pub rebroadcast_ms: u64,
    /// The least time between two blocks on a quiet chain.
    pub block_interval_ms: u64,
    /// The same under load (see [`crate::pace`]).
    pub busy_block_interval_ms: u64,
    /// The most time between two blocks when there is nothing to order.
    pub heartbeat_ms: u64,
    /// How long a batch waits for more transactions on a quiet chain.
    pub batch_delay_ms: u64,
    /// The same under load.
    pub busy_batch_delay_ms: u64,
    /// A batch is sealed when it holds this many bytes.
    pub batch_bytes: usize,
    /// The most transactions a block of ours may order: at most what any block may
    /// ([`ballast_primitives::block::BLOCK_TXS_MAX`]).
    pub block_txs_max: u64,
    /// The most transactions that wait here for their block, whoever admitted them. Some two
    /// seconds' worth of what two cores commit: more would only wait for longer.
    pub pool_txs_max: usize,
    /// The most bytes of transactions that wait here for their block, of clients of this node:
    /// what fills four blocks.
    pub pool_bytes_max: usize,
    /// The most bytes of uncommitted batches held for one author.
    pub author_bytes_max: usize,
    /// The most bytes of uncommitted batches held, beyond which none is taken that no proposal
    /// names.
    pub waiting_bytes_max: usize,
    /// The versions of the rules that this program executes.
    pub rulebook: Rulebook,
    /// Digest of this program, for others to compare; zero when it is not known.
    pub release: Hash,
    /// [`signature::verify`]. A process that runs many validators may put a memory before it,
    /// since verification is a pure function.
    pub verify: Verify,
    /// Asked about the certificates of fetched blocks. The replica has no random numbers, without
    /// which there is no verification in batches: whoever has them puts one here.
    pub verify_all: VerifyAll,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            propose_timeout_ms: 2_000,
            prevote_timeout_ms: 500,
            precommit_timeout_ms: 500,
            timeout_step_ms: 500,
            rebroadcast_ms: 1_000,
            block_interval_ms: 20,
            busy_block_interval_ms: 60,
            heartbeat_ms: 5_000,
            batch_delay_ms: 3,
            busy_batch_delay_ms: 12,
            batch_bytes: 256 * 1024,
            block_txs_max: BLOCK_TXS_MAX,
            pool_txs_max: 20_000,
            pool_bytes_max: 32 * 1024 * 1024,
            author_bytes_max: 64 * 1024 * 1024,
            waiting_bytes_max: 256 * 1024 * 1024,
            rulebook: Rulebook::SHIPPED,
            release: Hash::ZERO,
            verify: signature::verify,
            verify_all: one_by_one,
        }
    }
}
