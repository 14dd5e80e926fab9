//! The open loop: each request at its intended time, to one of the others after the other; one that
//! is refused or not answered goes to the next, as clients do.

use std::time::{Duration, Instant};

use anyhow::{Result, anyhow};
use ballast_proto::v1::{SubmitBatchRequest, TxState};
use ballast_testnet::chain::Client;
use ballast_testnet::chaos::world::World;
use tokio::task::{JoinHandle, JoinSet};

use super::fault::{OTHERS, wait};
use crate::workload::{Mix, Payment, Workload};

/// More requests a second than these are put together.
const REQUESTS_MAX: u64 = 150;
/// Connections to each validator: it takes so many calls at once on each.
const LINES: usize = 8;
const WAIT: Duration = Duration::from_secs(5);
const PATIENCE: Duration = Duration::from_secs(30);
const AGAIN: Duration = Duration::from_millis(20);

#[derive(Clone, Copy, Debug)]
pub struct Plan {
    pub rate: u64,
    pub seconds: u64,
    pub accounts: u32,
}

/// What became of a request: of its last payment, for all of them.
pub struct Taken {
    /// From the beginning.
    pub intended: Duration,
    pub latency: Option<Duration>,
}

pub struct Running {
    pub begun: Instant,
    task: JoinHandle<Vec<Taken>>,
}

impl Running {
    /// Waits for the last receipts.
    pub async fn end(self) -> Result<Vec<Taken>> {
        self.task.await.map_err(|error| anyhow!("{error}"))
    }
}

/// Signs everything, and begins.
pub fn start(world: &World, plan: Plan) -> Result<Running> {
    let chain = &world.cluster.chain;
    let mut workload = Workload::of(&chain.seed, chain.genesis, chain.chain_id, plan.accounts)?;
    let payments = workload.sign((plan.rate * plan.seconds) as usize, Mix::default());
    let clients = (0..LINES).flat_map(|_| OTHERS.map(|n| world.cluster.client(n))).collect();
    let begun = Instant::now() + Duration::from_millis(200);
    let task = tokio::spawn(offer(clients, payments, plan, begun));
    Ok(Running { begun, task })
}

async fn offer(
    clients: Vec<Client>,
    payments: Vec<Payment>,
    plan: Plan,
    begun: Instant,
) -> Vec<Taken> {
    let together = plan.rate.div_ceil(REQUESTS_MAX).max(1) as usize;
    let mut requests = JoinSet::new();
    for (n, payments) in payments.chunks(together).enumerate() {
        let intended = Duration::from_secs_f64((n * together) as f64 / plan.rate as f64);
        tokio::time::sleep_until((begun + intended).into()).await;
        let id = payments.last().map(|payment| payment.id.to_string()).unwrap_or_default();
        let txs: Vec<_> = payments.iter().map(|payment| payment.bytes.clone()).collect();
        let clients = clients.clone();
        requests.spawn(async move {
            let done = request(&clients, n, txs, &id);
            let done = tokio::time::timeout(PATIENCE, done).await.is_ok();
            let latency = (begun + intended).elapsed();
            Taken { intended, latency: done.then_some(latency) }
        });
    }
    requests.join_all().await
}

/// Comes back once the last is committed.
async fn request(clients: &[Client], n: usize, signed_txs: Vec<Vec<u8>>, id: &str) {
    for turn in n.. {
        let client = &clients[turn % clients.len()];
        let batch = SubmitBatchRequest { signed_txs: signed_txs.clone() };
        let submitted = tokio::time::timeout(WAIT, client.tx().submit_batch(batch)).await;
        if submitted.is_ok_and(|answer| answer.is_ok()) {
            let waited = tokio::time::timeout(WAIT * 2, client.wait(id, WAIT)).await;
            if matches!(waited, Ok(Ok(answer)) if answer.state() == TxState::Committed) {
                return;
            }
        }
        tokio::time::sleep(AGAIN).await;
    }
}

/// The height of the others `second` seconds after `begun`.
pub fn height_at(world: &World, begun: Instant, second: u64) -> u64 {
    wait(begun + Duration::from_secs(second));
    world.height(&OTHERS)
}
