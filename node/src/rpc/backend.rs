//! What the services need of the validator behind them.
//!
//! The contract: [`Backend::head`] changes only after a block is committed, executed and durable,
//! so whatever a service reads from [`Backend::store`] afterwards includes that block. No method
//! but the two `async` ones may block for longer than a few point reads take.

use ballast_primitives::proof::StateProof;
use ballast_primitives::{Address, Hash};
use ballast_runtime::simulate::{Simulated, Trial};
use ballast_runtime::tx::VALIDITY_MS_MAX;
use ballast_runtime::{Code, Genesis, Key, State, TxBody};
use tokio::sync::watch;

use crate::store::Store;

/// The newest committed and executed block, stored durably. Height 0 is the genesis state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    pub height: u64,
    pub time_ms: u64,
    pub state_root: Hash,
    /// The block's id; the genesis hash at height 0.
    pub block: Hash,
}

/// What a transaction that is not on chain may still come in by: a nonce of its sender that nothing
/// has used, up to an end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Claim {
    pub sender: Address,
    pub nonce: u64,
    pub valid_until: u64,
}

impl From<&TxBody> for Claim {
    fn from(body: &TxBody) -> Self {
        Self { sender: body.sender, nonce: body.nonce, valid_until: body.valid_until }
    }
}

/// A transaction that was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Submitted {
    pub id: Hash,
    pub claim: Claim,
    /// The same bytes were submitted before, or are committed.
    pub known: bool,
}

/// Why a transaction was not taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The runtime's answer, and what more there is to say (may be empty).
    Code(Code, String),
    /// `TOO_FAR_AHEAD`, for so many milliseconds.
    TooFarAhead {
        retry_ms: u64,
    },
    /// `NONCE_USED`, by this transaction.
    NonceUsed {
        by: Hash,
    },
    /// The pools are full; try again after this many milliseconds.
    Busy {
        retry_ms: u64,
    },
    /// It may have been committed before the oldest height of which receipts are held.
    Pruned {
        oldest: u64,
    },
    ShuttingDown,
}

impl Refusal {
    /// The runtime's answer at `now`, with what whoever is refused can go by.
    pub fn of(code: Code, detail: String, claim: &Claim, now: u64, store: &Store) -> Self {
        match code {
            Code::TooFarAhead => {
                let from = claim.valid_until.saturating_sub(VALIDITY_MS_MAX);
                Self::TooFarAhead { retry_ms: from.saturating_sub(now).max(1) }
            }
            Code::NonceUsed => match store.tx_of_nonce(&claim.sender, claim.nonce) {
                Ok(Some(by)) => Self::NonceUsed { by },
                _ => Self::Code(code, detail),
            },
            code => Self::Code(code, detail),
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProveError {
    /// The state holds no such object.
    NotFound,
    /// No committed header attests it in time.
    Timeout,
    /// This validator cannot build proofs now, e.g. because it is catching up.
    Unavailable,
}

/// What a transaction would do in the block after `height`, at `time_ms`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Simulation {
    pub height: u64,
    pub time_ms: u64,
    pub result: Simulated,
}

/// What there is to say about this validator.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NodeInfo {
    pub version: String,
    /// Source revision; may be empty.
    pub commit: String,
    pub validator_name: String,
    /// Other validators of that set connected.
    pub peers: u32,
    /// Validators of the set that decides the next height.
    pub validators: u32,
    pub syncing: bool,
    /// Round of the height being decided.
    pub round: u32,
    pub evidence: u64,
    pub mempool_txs: u64,
    /// The newest version of the rules that this program executes.
    pub rules_newest: u32,
    /// Validators that say they execute what is scheduled, or else what is in force.
    pub upgrade_ready: u32,
}

/// A short look at the newest state, the height it follows from and that block's time.
pub type Look = Box<dyn FnOnce(&State, u64, u64) + Send>;

#[tonic::async_trait]
pub trait Backend: Send + Sync + 'static {
    fn genesis(&self) -> &Genesis;

    fn genesis_hash(&self) -> Hash;

    /// Changes with every commit, after it is durable.
    fn head(&self) -> watch::Receiver<Head>;

    /// Decodes, checks and admits transactions; one answer each, in order. A committed
    /// transaction sent again is answered with `known`, not with an error.
    async fn submit(&self, txs: Vec<Vec<u8>>) -> Vec<Result<Submitted, Refusal>>;

    /// What a transaction would do in a block now; none when the validator is stopping. The state
    /// it is tried on is that of the newest block, which may be durable only a moment later.
    async fn simulate(&self, trial: Trial) -> Option<Simulation>;

    /// What a transaction that waits here may come in by.
    fn pending(&self, id: &Hash) -> Option<Claim>;

    /// Proves an object under the newest header that attests the state it is in.
    async fn prove(&self, key: Key) -> Result<StateProof, ProveError>;

    /// Has a look at the whole state, where a few reads of the store do not do; the block it is of
    /// may be durable only a moment later. Dropped when the validator is stopping.
    fn look(&self, look: Look);

    fn store(&self) -> &Store;

    fn info(&self) -> NodeInfo;
}
