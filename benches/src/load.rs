//! The open loop: each request at its intended time, to one validator after the other.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use ballast_primitives::Hash;
use ballast_proto::v1::ledger_service_client::LedgerServiceClient;
use ballast_proto::v1::submit_batch_result::Result as Answer;
use ballast_proto::v1::tx_service_client::TxServiceClient;
use ballast_proto::v1::{GetChainInfoRequest, SubmitBatchRequest, TxState, WaitTxRequest};
use hdrhistogram::Histogram;
use tokio::sync::Mutex;
use tokio::time::Instant;
use tonic::transport::Channel;

use crate::Args;
use crate::cluster::Cluster;
use crate::workload::Payment;

/// How long to wait for the last transactions once no more are sent.
const DRAIN: Duration = Duration::from_secs(30);
/// A request whose latency to the receipt is measured: every so many.
const SAMPLE: usize = 4;

pub struct Run {
    pub offered: u64,
    /// Ids that a validator took, in no order.
    pub accepted: BTreeSet<Hash>,
    pub refused: u64,
    /// From the intended time of a request to the receipt of its last transaction, microseconds,
    /// of requests inside the window that counts.
    pub latency_us: Histogram<u64>,
    /// Of the window that counts.
    pub seconds: f64,
    pub committed: u64,
    pub blocks: u64,
    pub cpu_us: Vec<u64>,
    pub peak_bytes: Vec<u64>,
    pub disk_bytes: Vec<u64>,
    pub disk_bytes_before: Vec<u64>,
    pub committed_total: u64,
    pub rounds_above_zero: u64,
}

#[derive(Default)]
struct Tally {
    accepted: BTreeSet<Hash>,
    refused: u64,
    latencies: Vec<u64>,
}

/// Committed transactions and blocks so far, as a validator's metrics count them.
struct Counters {
    committed: u64,
    blocks: u64,
    rounds: u64,
}

pub async fn run(args: &Args, cluster: &Cluster, payments: &[Payment]) -> Result<Run> {
    let mut clients = Vec::new();
    for validator in &cluster.env.validators {
        clients.push(TxServiceClient::connect(validator.grpc.clone()).await?);
    }
    let disk_bytes_before = cluster.disk_bytes();
    let tally = Arc::new(Mutex::new(Tally::default()));
    let start = Instant::now() + Duration::from_millis(100);
    let window = start + Duration::from_secs(args.warmup);
    let mut tasks = tokio::task::JoinSet::new();
    let mut before = None;
    for (n, chunk) in payments.chunks(args.batch).enumerate() {
        let sent = (n * args.batch) as f64;
        let intended = start + Duration::from_secs_f64(sent / args.rate as f64);
        tokio::time::sleep_until(intended).await;
        if before.is_none() && intended >= window {
            before = Some((Instant::now(), counters(cluster).await?, cluster.cpu_us()?));
        }
        let client = clients[n % clients.len()].clone();
        let counts = before.is_some() && n % SAMPLE == 0;
        let ids: Vec<_> = chunk.iter().map(|payment| payment.id).collect();
        let txs = chunk.iter().map(|payment| payment.bytes.clone()).collect();
        tasks.spawn(request(client, ids, txs, intended, counts, Arc::clone(&tally)));
    }
    let (began, first, cpu_first) = match before {
        Some(before) => before,
        None => (start, counters(cluster).await?, cluster.cpu_us()?),
    };
    let ended = Instant::now();
    let (last, cpu_last) = (counters(cluster).await?, cluster.cpu_us()?);
    drain(cluster, &mut tasks).await?;
    let end = counters(cluster).await?;
    let tally = std::mem::take(&mut *tally.lock().await);
    let mut latency_us = Histogram::new_with_bounds(1, 120_000_000, 3)?;
    for latency in tally.latencies {
        latency_us.saturating_record(latency);
    }
    Ok(Run {
        offered: payments.len() as u64,
        accepted: tally.accepted,
        refused: tally.refused,
        latency_us,
        seconds: (ended - began).as_secs_f64(),
        committed: last.committed - first.committed,
        blocks: last.blocks - first.blocks,
        cpu_us: cpu_last.iter().zip(&cpu_first).map(|(last, first)| last - first).collect(),
        peak_bytes: cluster.peak_bytes()?,
        disk_bytes: cluster.disk_bytes(),
        disk_bytes_before,
        committed_total: end.committed,
        rounds_above_zero: end.rounds,
    })
}

/// Sends one request, notes the answers, and for a sample waits for a receipt.
async fn request(
    mut client: TxServiceClient<Channel>,
    ids: Vec<Hash>,
    signed_txs: Vec<Vec<u8>>,
    intended: Instant,
    counts: bool,
    tally: Arc<Mutex<Tally>>,
) {
    let answer = client.submit_batch(SubmitBatchRequest { signed_txs }).await;
    let Ok(answer) = answer else {
        tally.lock().await.refused += ids.len() as u64;
        return;
    };
    let results = answer.into_inner().results;
    let taken = |result: &Option<Answer>| matches!(result, Some(Answer::Accepted(_)));
    let accepted: Vec<_> =
        ids.iter().zip(&results).filter(|(_, r)| taken(&r.result)).map(|(id, _)| *id).collect();
    {
        let mut tally = tally.lock().await;
        tally.refused += (ids.len() - accepted.len()) as u64;
        tally.accepted.extend(&accepted);
    }
    let Some(last) = accepted.last().filter(|_| counts) else { return };
    let wait = WaitTxRequest { tx_id: last.to_string(), valid_until_ms: 0, timeout_ms: 30_000 };
    if let Ok(waited) = client.wait_tx(wait).await
        && waited.get_ref().state == i32::from(TxState::Committed)
    {
        let latency = u64::try_from(intended.elapsed().as_micros()).unwrap_or(u64::MAX);
        tally.lock().await.latencies.push(latency);
    }
}

/// Waits until every request is answered and no transaction waits any more.
async fn drain(cluster: &Cluster, tasks: &mut tokio::task::JoinSet<()>) -> Result<()> {
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

async fn counters(cluster: &Cluster) -> Result<Counters> {
    let operator = cluster.env.validators[0].operator.trim_start_matches("http://").to_owned();
    let text = tokio::task::spawn_blocking(move || http_get(&operator, "/metrics")).await??;
    let sum = |name: &str| -> u64 {
        let of_metric = text.lines().filter(|line| {
            line.starts_with(name) && !line.starts_with('#') && !line.contains("dropped")
        });
        of_metric.filter_map(|line| line.rsplit(' ').next()?.parse::<u64>().ok()).sum()
    };
    Ok(Counters {
        committed: sum("ballast_transactions_total"),
        blocks: sum("ballast_blocks_total"),
        rounds: sum("ballast_rounds_above_zero_total"),
    })
}

fn http_get(address: &str, path: &str) -> Result<String> {
    use std::io::{Read, Write};
    let mut stream = std::net::TcpStream::connect(address)?;
    stream.set_read_timeout(Some(Duration::from_secs(5)))?;
    write!(stream, "GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n")?;
    let mut text = String::new();
    stream.read_to_string(&mut text)?;
    Ok(text)
}
