//! The open loop: each request at its intended time, to one validator after the other.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use ballast_primitives::Hash;
use ballast_proto::v1::ledger_service_client::LedgerServiceClient;
use ballast_proto::v1::submit_batch_result::Result as Answer;
use ballast_proto::v1::tx_service_client::TxServiceClient;
use ballast_proto::v1::{GetChainInfoRequest, SubmitBatchRequest, TxState, WaitTxRequest};
use hdrhistogram::Histogram;
use serde::Serialize;
use tokio::sync::Mutex;
use tokio::task::JoinSet;
use tokio::time::Instant;
use tonic::transport::Channel;

use crate::cluster::{Cluster, Counters};
use crate::workload::{Mix, Payment, Workload};

/// How long to wait for the last transactions once no more are sent.
const DRAIN: Duration = Duration::from_secs(30);
/// A request whose latency to the receipt is measured: every so many.
const SAMPLE: usize = 4;

/// Connections to each validator, for requests and as many for receipts: a validator takes so many
/// calls at once on each, and what waits for its turn on this side would be no open loop.
const LINES: usize = 2;

/// One stretch of load at one rate.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// Transactions a second over all validators.
    pub rate: u64,
    /// Seconds of load before those that count.
    pub warmup: u64,
    /// Seconds that count.
    pub seconds: u64,
    /// Transactions in one request.
    pub batch: usize,
    pub mix: Mix,
}

/// What a stretch of load came to. Rates and CPU are of the seconds that count.
#[derive(Clone, Debug, Serialize)]
pub struct Window {
    pub offered_per_s: u64,
    pub committed_per_s: f64,
    pub seconds: f64,
    pub blocks_per_s: f64,
    pub rounds_above_zero: u64,
    /// CPU per committed transaction: the mean over the validators, and of each.
    pub cpu_us_per_tx_per_validator: f64,
    pub cpu_us_per_tx: Vec<f64>,
    /// From the intended time of a request to the receipt of its last transaction.
    pub p50_ms: f64,
    pub p90_ms: f64,
    pub p99_ms: f64,
    pub max_ms: f64,
    pub latency_samples: u64,
    /// Of all that was sent, warm-up included.
    pub offered: u64,
    pub accepted: u64,
    /// Answered with a reason to try again later, or not answered.
    pub refused: u64,
    pub hinted: u64,
    /// Refused because the signature does not verify.
    pub forged: u64,
    /// Memory of each validator's process at the start and the end of the seconds that count.
    pub memory_mib: Vec<[u64; 2]>,
}

/// What was sent and what became of it, for the audit.
#[derive(Default)]
pub struct Sent {
    pub payments: Vec<Payment>,
    /// Ids that a validator took.
    pub accepted: Vec<Hash>,
}

#[derive(Default)]
struct Tally {
    accepted: Vec<Hash>,
    refused: u64,
    hinted: u64,
    forged: u64,
    latencies: Vec<u64>,
}

struct Reading {
    at: Instant,
    counters: Counters,
    cpu_us: Vec<u64>,
    memory: Vec<u64>,
}

impl Reading {
    async fn take(cluster: &Cluster) -> Result<Self> {
        let counters = cluster.counters().await?;
        let (cpu_us, memory) = (cluster.cpu_us()?, cluster.memory_mib()?);
        Ok(Self { at: Instant::now(), counters, cpu_us, memory })
    }
}

/// Runs `plan`, waits until everything is answered, and adds what was sent to `sent`.
pub async fn run(
    cluster: &Cluster,
    workload: &mut Workload,
    plan: Plan,
    sent: &mut Sent,
) -> Result<Window> {
    let payments = workload.sign((plan.rate * (plan.warmup + plan.seconds)) as usize, plan.mix);
    let tally = Arc::new(Mutex::new(Tally::default()));
    let mut tasks = JoinSet::new();
    let (first, last) = offer(cluster, &payments, plan, &tally, &mut tasks).await?;
    drain(cluster, &mut tasks).await?;
    let tally = std::mem::take(&mut *tally.lock().await);
    let window = window(plan, payments.len(), &first, &last, &tally)?;
    sent.payments.extend(payments);
    sent.accepted.extend(tally.accepted);
    Ok(window)
}

/// Sends every request at its time; what was read at the beginning and at the end of the seconds
/// that count.
async fn offer(
    cluster: &Cluster,
    payments: &[Payment],
    plan: Plan,
    tally: &Arc<Mutex<Tally>>,
    tasks: &mut JoinSet<()>,
) -> Result<(Reading, Reading)> {
    let (mut senders, mut waiters) = (Vec::new(), Vec::new());
    for _ in 0..LINES {
        senders.extend(cluster.clients().await?);
        waiters.extend(cluster.clients().await?);
    }
    let start = Instant::now() + Duration::from_millis(100);
    let counted_from = start + Duration::from_secs(plan.warmup);
    let mut first = None;
    for (n, chunk) in payments.chunks(plan.batch).enumerate() {
        let before = (n * plan.batch) as f64;
        let intended = start + Duration::from_secs_f64(before / plan.rate as f64);
        tokio::time::sleep_until(intended).await;
        if first.is_none() && intended >= counted_from {
            first = Some(Reading::take(cluster).await?);
        }
        let line = n % senders.len();
        let clients = (senders[line].clone(), waiters[line].clone());
        let counts = first.is_some() && n % SAMPLE == 0;
        let ids: Vec<_> = chunk.iter().map(|payment| payment.id).collect();
        let txs = chunk.iter().map(|payment| payment.bytes.clone()).collect();
        tasks.spawn(request(clients, ids, txs, intended, counts, Arc::clone(tally)));
    }
    tokio::time::sleep_until(counted_from + Duration::from_secs(plan.seconds)).await;
    let last = Reading::take(cluster).await?;
    let first = first.ok_or_else(|| anyhow::anyhow!("there was nothing to send"))?;
    Ok((first, last))
}

/// Sends one request, notes the answers, and for a sample waits for a receipt.
async fn request(
    (mut sender, mut waiter): (TxServiceClient<Channel>, TxServiceClient<Channel>),
    ids: Vec<Hash>,
    signed_txs: Vec<Vec<u8>>,
    intended: Instant,
    counts: bool,
    tally: Arc<Mutex<Tally>>,
) {
    let answer = sender.submit_batch(SubmitBatchRequest { signed_txs }).await;
    let Ok(answer) = answer else {
        tally.lock().await.refused += ids.len() as u64;
        return;
    };
    let results = answer.into_inner().results;
    let last = {
        let mut tally = tally.lock().await;
        for (id, result) in ids.iter().zip(&results) {
            match &result.result {
                Some(Answer::Accepted(_)) => tally.accepted.push(*id),
                Some(Answer::Refused(error)) if error.reason == "BAD_SIGNATURE" => {
                    tally.forged += 1;
                }
                Some(Answer::Refused(error)) => {
                    tally.refused += 1;
                    tally.hinted += u64::from(error.retry_after_ms > 0);
                }
                None => tally.refused += 1,
            }
        }
        let taken = |at: &usize| matches!(results[*at].result, Some(Answer::Accepted(_)));
        (0..results.len().min(ids.len())).rev().find(taken).map(|at| ids[at])
    };
    let Some(last) = last.filter(|_| counts) else { return };
    let (tx_id, timeout_ms) = (last.to_string(), 30_000);
    let wait = WaitTxRequest { tx_id, timeout_ms, ..WaitTxRequest::default() };
    if let Ok(waited) = waiter.wait_tx(wait).await
        && waited.get_ref().state == i32::from(TxState::Committed)
    {
        let latency = u64::try_from(intended.elapsed().as_micros()).unwrap_or(u64::MAX);
        tally.lock().await.latencies.push(latency);
    }
}

/// Waits until every request is answered and no transaction waits any more.
async fn drain(cluster: &Cluster, tasks: &mut JoinSet<()>) -> Result<()> {
    let limit = Instant::now() + DRAIN;
    let answered = async { while tasks.join_next().await.is_some() {} };
    let _ = tokio::time::timeout_at(limit, answered).await;
    for validator in &cluster.env.validators {
        let mut ledger = LedgerServiceClient::connect(validator.grpc.clone()).await?;
        while Instant::now() < limit {
            let info = ledger.get_chain_info(GetChainInfoRequest {}).await?.into_inner();
            if info.node.is_some_and(|node| node.mempool_txs == 0) {
                break;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
    Ok(())
}

fn window(
    plan: Plan,
    offered: usize,
    first: &Reading,
    last: &Reading,
    tally: &Tally,
) -> Result<Window> {
    let seconds = (last.at - first.at).as_secs_f64();
    let committed = last.counters.committed - first.counters.committed;
    let used = last.cpu_us.iter().zip(&first.cpu_us).map(|(last, first)| last - first);
    let cpu_us_per_tx: Vec<_> = used.map(|us| us as f64 / committed.max(1) as f64).collect();
    let mut latencies = Histogram::<u64>::new_with_bounds(1, 120_000_000, 3)?;
    tally.latencies.iter().for_each(|latency| latencies.saturating_record(*latency));
    let ms = |quantile| latencies.value_at_quantile(quantile) as f64 / 1_000.0;
    Ok(Window {
        offered_per_s: plan.rate,
        committed_per_s: committed as f64 / seconds,
        seconds,
        blocks_per_s: (last.counters.blocks - first.counters.blocks) as f64 / seconds,
        rounds_above_zero: last.counters.rounds - first.counters.rounds,
        cpu_us_per_tx_per_validator: mean(&cpu_us_per_tx),
        cpu_us_per_tx,
        p50_ms: ms(0.5),
        p90_ms: ms(0.9),
        p99_ms: ms(0.99),
        max_ms: latencies.max() as f64 / 1_000.0,
        latency_samples: latencies.len(),
        offered: offered as u64,
        accepted: tally.accepted.len() as u64,
        refused: tally.refused,
        hinted: tally.hinted,
        forged: tally.forged,
        memory_mib: first.memory.iter().zip(&last.memory).map(|(a, b)| [*a, *b]).collect(),
    })
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len().max(1) as f64
}
