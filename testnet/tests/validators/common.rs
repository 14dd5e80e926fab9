//! What every scenario needs.

use std::ops::{Deref, DerefMut};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use ballast_proto::v1::{self, TxState};
use ballast_proto::{Reason, WireError};
use ballast_runtime::{Code, SignedTx};
pub use ballast_testnet::Load;
use ballast_testnet::{Client, Cluster, Options};
use tonic::Status;

/// Bounds every wait that has no bound of its own.
pub const PATIENCE: Duration = Duration::from_secs(30);
/// What a restarted network or validator is given.
pub const RECOVERY: Duration = Duration::from_secs(10);
const POLL: Duration = Duration::from_millis(10);

/// One network at a time: the bounds are for this machine with four validators, not eight.
static TURN: Mutex<()> = Mutex::new(());

pub fn turn() -> MutexGuard<'static, ()> {
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

pub struct Net {
    // Before the turn, so that it ends first.
    cluster: Cluster,
    _turn: MutexGuard<'static, ()>,
}

impl Deref for Net {
    type Target = Cluster;

    fn deref(&self) -> &Cluster {
        &self.cluster
    }
}

impl DerefMut for Net {
    fn deref_mut(&mut self) -> &mut Cluster {
        &mut self.cluster
    }
}

/// Four validators, ready.
pub fn up() -> Net {
    up_with(&Options::default())
}

pub fn up_with(options: &Options) -> Net {
    let turn = turn();
    let cluster = Cluster::up(options).unwrap_or_else(|failure| panic!("{failure}"));
    Net { cluster, _turn: turn }
}

/// Four validators, not yet started.
pub fn down() -> Net {
    let turn = turn();
    let cluster =
        Cluster::create(&Options::default()).unwrap_or_else(|failure| panic!("{failure}"));
    Net { cluster, _turn: turn }
}

/// Submits and waits for the final answer.
pub async fn commit(client: &Client, tx: &SignedTx) -> v1::Receipt {
    let id = tx.body.id().to_string();
    client.submit(tx.encode()).await.unwrap_or_else(|status| panic!("{}", shown(&status)));
    receipt(client, &id).await
}

/// Waits for the receipt, whatever it says.
pub async fn receipt(client: &Client, id: &str) -> v1::Receipt {
    let answer = client.wait(id, PATIENCE).await.unwrap();
    assert!(matches!(answer.state(), TxState::Committed | TxState::Failed), "{answer:?}");
    answer.receipt.unwrap()
}

/// Submits, and expects it to be on chain and without a failure.
pub async fn succeed(client: &Client, tx: &SignedTx) -> v1::Receipt {
    let receipt = commit(client, tx).await;
    assert_eq!(receipt.failure, None);
    receipt
}

pub fn reason(status: &Status) -> Option<Reason> {
    WireError::from_status(status).map(|error| error.reason)
}

pub fn code(status: &Status) -> Option<Code> {
    WireError::from_status(status)?.code()
}

fn shown(status: &Status) -> String {
    WireError::from_status(status).map_or_else(|| status.to_string(), |error| error.to_string())
}

/// Polls until `condition` gives a value.
pub async fn until<T>(what: &str, patience: Duration, condition: impl AsyncFn() -> Option<T>) -> T {
    let deadline = Instant::now() + patience;
    loop {
        if let Some(value) = condition().await {
            return value;
        }
        assert!(Instant::now() < deadline, "not within {patience:?}: {what}");
        tokio::time::sleep(POLL).await;
    }
}

/// Ends the load. The ids of all payments that were acknowledged.
pub async fn finish(load: Load) -> Vec<String> {
    let (ledger, _) = load.finish().await.unwrap();
    assert_eq!(ledger.surprises, Vec::<String>::new());
    ledger.ids()
}

/// Its signature is in a certificate, or its proposal was taken, above `head`.
pub async fn wait_votes(net: &Cluster, n: usize, head: u64) {
    let (client, key) = (net.client(0), &net.entry(n).key);
    until("the validator's vote is in a certificate", RECOVERY, async || {
        let newest = client.info().await.ok()?.height;
        for height in (head + 1..=newest).rev().take(20) {
            let (block, _) = client.block(height).await.ok()?;
            let proposed = block.header.is_some_and(|header| header.proposer == *key);
            if proposed || block.signers.contains(key) {
                return Some(());
            }
        }
        None
    })
    .await;
}
