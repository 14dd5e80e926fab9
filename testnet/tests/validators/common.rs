//! What every scenario needs.

use std::ops::{Deref, DerefMut};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use ballast_primitives::Address;
use ballast_proto::v1::{self, TxState};
use ballast_proto::{Reason, WireError};
use ballast_runtime::{Code, SignedTx};
use ballast_testnet::chain::Signer;
use ballast_testnet::{Chain, Client, Cluster, Options};
use tokio::task::JoinHandle;
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
    let turn = turn();
    let cluster = Cluster::up(&Options::default()).unwrap_or_else(|failure| panic!("{failure}"));
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

/// Accounts that pay, each one payment after the other, until told to stop. A validator that does
/// not answer is passed over: the same bytes go to the next.
pub struct Load {
    stop: Arc<AtomicBool>,
    acknowledged: Arc<AtomicUsize>,
    tasks: Vec<JoinHandle<Vec<String>>>,
}

impl Load {
    pub fn start(cluster: &Cluster, accounts: u32) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let acknowledged = Arc::new(AtomicUsize::new(0));
        let tasks = (0..accounts).map(|n| {
            let payer = Payer {
                clients: cluster.clients(),
                chain: cluster.chain.clone(),
                from: cluster.chain.account(n),
                to: cluster.chain.account((n + 1) % accounts).address,
                // Validators take turns, each account beginning with another one.
                turn: n as usize,
            };
            tokio::spawn(payer.run(Arc::clone(&stop), Arc::clone(&acknowledged)))
        });
        let tasks = tasks.collect();
        Self { stop, acknowledged, tasks }
    }

    pub fn count(&self) -> usize {
        self.acknowledged.load(Ordering::Relaxed)
    }

    /// Waits until `more` payments than now are acknowledged.
    pub async fn more(&self, more: usize, patience: Duration) {
        let target = self.count() + more;
        until("payments are acknowledged", patience, async || {
            (self.count() >= target).then_some(())
        })
        .await;
    }

    /// The ids of all payments that were acknowledged.
    pub async fn finish(self) -> Vec<String> {
        self.stop.store(true, Ordering::Relaxed);
        let mut ids = Vec::new();
        for task in self.tasks {
            ids.extend(task.await.unwrap());
        }
        ids
    }
}

struct Payer {
    clients: Vec<Client>,
    chain: Chain,
    from: Signer,
    to: Address,
    turn: usize,
}

impl Payer {
    async fn run(mut self, stop: Arc<AtomicBool>, acknowledged: Arc<AtomicUsize>) -> Vec<String> {
        let mut ids = Vec::new();
        for nonce in 1.. {
            let tx = self.chain.pay(&self.from, self.to, 1, nonce);
            let (id, bytes) = (tx.body.id().to_string(), tx.encode());
            loop {
                if stop.load(Ordering::Relaxed) {
                    return ids;
                }
                if self.attempt(&id, &bytes).await {
                    break;
                }
                self.turn += 1;
                tokio::time::sleep(POLL).await;
            }
            ids.push(id);
            acknowledged.fetch_add(1, Ordering::Relaxed);
        }
        ids
    }

    /// Whether it is committed.
    async fn attempt(&self, id: &str, bytes: &[u8]) -> bool {
        let client = &self.clients[self.turn % self.clients.len()];
        let patience = Duration::from_secs(3);
        let taken = tokio::time::timeout(patience, client.submit(bytes.to_vec())).await;
        if !matches!(taken, Ok(Ok(_))) {
            return false;
        }
        let wait = client.wait(id, Duration::from_secs(2));
        match tokio::time::timeout(patience, wait).await {
            Ok(Ok(answer)) => match answer.state() {
                TxState::Committed => true,
                TxState::Pending => false,
                state => panic!("a payment of the load: {state:?} {answer:?}"),
            },
            Ok(Err(_)) | Err(_) => false,
        }
    }
}
