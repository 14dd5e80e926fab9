//! A small steady load whose every acknowledgement is written down, to be held against the chain.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use ballast_primitives::Address;
use ballast_proto::v1::{TxState, WaitTxResponse};
use tokio::task::JoinHandle;

use crate::chain::{Chain, Client, Signer};
use crate::cluster::Cluster;
use crate::failure::Failure;

const POLL: Duration = Duration::from_millis(10);
/// For one attempt at one validator: to submit, and to wait at the server.
const ATTEMPT: Duration = Duration::from_secs(3);
const WAIT: Duration = Duration::from_secs(2);
/// How long a payer goes on with the payment in hand once it is told to stop.
const LAST_PAYMENT: Duration = Duration::from_secs(30);

/// A payment of one micro-dollar that some validator said is committed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Acknowledged {
    pub id: String,
    /// Numbers of dev accounts.
    pub from: u32,
    pub to: u32,
    /// Where the validator said it is.
    pub height: u64,
    pub index: u32,
    /// From the first attempt to the receipt.
    pub took: Duration,
}

/// What came of a load.
#[derive(Clone, Debug, Default)]
pub struct Ledger {
    pub acknowledged: Vec<Acknowledged>,
    /// What a payment of the load must never be told, and payments without an answer.
    pub surprises: Vec<String>,
}

impl Ledger {
    pub fn ids(&self) -> Vec<String> {
        self.acknowledged.iter().map(|payment| payment.id.clone()).collect()
    }
}

/// Accounts that pay each its successor, one payment after the other, until told to stop. A
/// validator that does not answer is passed over: the same bytes go to the next.
pub struct Load {
    stop: Arc<AtomicBool>,
    count: Arc<AtomicUsize>,
    ledger: Arc<Mutex<Ledger>>,
    tasks: Vec<JoinHandle<u64>>,
}

impl Load {
    /// Must be called inside an async runtime. The first `accounts` accounts have paid nothing yet.
    pub fn start(cluster: &Cluster, accounts: u32) -> Self {
        let nonces = vec![1; accounts as usize];
        Self::go_on(cluster, &nonces, Duration::ZERO)
    }

    /// As many accounts as `nonces`, which say the next nonce of each; after every payment a payer
    /// rests for `pause`.
    pub fn go_on(cluster: &Cluster, nonces: &[u64], pause: Duration) -> Self {
        Self::through(cluster.clients(), &cluster.chain, nonces, pause)
    }

    /// The same through these clients alone.
    pub fn through(clients: Vec<Client>, chain: &Chain, nonces: &[u64], pause: Duration) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let count = Arc::new(AtomicUsize::new(0));
        let ledger = Arc::new(Mutex::new(Ledger::default()));
        let accounts = u32::try_from(nonces.len()).unwrap_or(u32::MAX);
        let payer = |(number, nonce): (u32, &u64)| {
            let to = (number + 1) % accounts;
            let payer = Payer {
                clients: clients.clone(),
                chain: chain.clone(),
                from: chain.account(number),
                to: chain.account(to).address,
                numbers: (number, to),
                // Validators take turns, each account beginning with another one.
                turn: number as usize,
                nonce: *nonce,
                pause,
                stop: Arc::clone(&stop),
                count: Arc::clone(&count),
                ledger: Arc::clone(&ledger),
            };
            tokio::spawn(payer.run())
        };
        let tasks = (0..accounts).zip(nonces).map(payer).collect();
        Self { stop, count, ledger, tasks }
    }

    /// Payments acknowledged so far.
    pub fn count(&self) -> usize {
        self.count.load(Ordering::Relaxed)
    }

    /// Waits until `more` payments than now are acknowledged.
    pub async fn more(&self, more: usize, patience: Duration) -> Result<(), Failure> {
        let target = self.count() + more;
        let deadline = Instant::now() + patience;
        while self.count() < target {
            if Instant::now() >= deadline {
                let why = format!("not within {patience:?}: {more} more payments are acknowledged");
                return Err(Failure::internal(why));
            }
            tokio::time::sleep(POLL).await;
        }
        Ok(())
    }

    /// Lets every payer end the payment in hand. Also gives the next nonce of each account.
    pub async fn finish(self) -> Result<(Ledger, Vec<u64>), Failure> {
        self.stop.store(true, Ordering::Relaxed);
        let mut nonces = Vec::new();
        for task in self.tasks {
            nonces.push(task.await.map_err(Failure::internal)?);
        }
        let ledger = std::mem::take(&mut *lock(&self.ledger));
        Ok((ledger, nonces))
    }
}

fn lock(ledger: &Mutex<Ledger>) -> std::sync::MutexGuard<'_, Ledger> {
    ledger.lock().unwrap_or_else(PoisonError::into_inner)
}

struct Payer {
    clients: Vec<Client>,
    chain: Chain,
    from: Signer,
    to: Address,
    numbers: (u32, u32),
    turn: usize,
    nonce: u64,
    pause: Duration,
    stop: Arc<AtomicBool>,
    count: Arc<AtomicUsize>,
    ledger: Arc<Mutex<Ledger>>,
}

impl Payer {
    /// Returns the next nonce.
    async fn run(mut self) -> u64 {
        while !self.stop.load(Ordering::Relaxed) {
            match self.pay().await {
                Ok(payment) => {
                    lock(&self.ledger).acknowledged.push(payment);
                    self.count.fetch_add(1, Ordering::Relaxed);
                }
                Err(why) => lock(&self.ledger).surprises.push(why),
            }
            self.nonce += 1;
            tokio::time::sleep(self.pause).await;
        }
        self.nonce
    }

    /// One payment, to its end.
    async fn pay(&mut self) -> Result<Acknowledged, String> {
        let tx = self.chain.pay(&self.from, self.to, 1, self.nonce);
        let (id, bytes) = (tx.body.id().to_string(), tx.encode());
        let (begun, mut last_chance) = (Instant::now(), None);
        loop {
            let refusal = match self.attempt(&id, &bytes).await {
                Ok(answer) => return self.settled(id, &answer, begun),
                Err(why) => why,
            };
            if self.stop.load(Ordering::Relaxed) {
                let end = *last_chance.get_or_insert_with(|| Instant::now() + LAST_PAYMENT);
                if Instant::now() >= end {
                    return Err(format!("{id}: no answer in {LAST_PAYMENT:?}, last: {refusal}"));
                }
            }
            self.turn += 1;
            tokio::time::sleep(POLL).await;
        }
    }

    /// A final answer, or why there is none yet.
    async fn attempt(&self, id: &str, bytes: &[u8]) -> Result<WaitTxResponse, String> {
        let client = &self.clients[self.turn % self.clients.len()];
        let silent = |_| "no answer".to_owned();
        let submit = tokio::time::timeout(ATTEMPT, client.submit(bytes.to_vec()));
        submit.await.map_err(silent)?.map_err(|status| status.to_string())?;
        let wait = tokio::time::timeout(ATTEMPT, client.wait(id, WAIT));
        let answer = wait.await.map_err(silent)?.map_err(|status| status.to_string())?;
        if answer.state() == TxState::Pending { Err("pending".to_owned()) } else { Ok(answer) }
    }

    fn settled(
        &self,
        id: String,
        answer: &WaitTxResponse,
        begun: Instant,
    ) -> Result<Acknowledged, String> {
        let receipt = answer.receipt.as_ref().filter(|_| answer.state() == TxState::Committed);
        let receipt = receipt.ok_or_else(|| format!("{id}: {answer:?}"))?;
        let ((from, to), height, index) = (self.numbers, receipt.height, receipt.index);
        Ok(Acknowledged { id, from, to, height, index, took: begun.elapsed() })
    }
}
