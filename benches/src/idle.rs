//! A lone payment on a chain with nothing else to do: from submission to its receipt.

use std::time::Duration;

use anyhow::{Result, ensure};
use ballast_proto::v1::{SubmitTxRequest, TxState, WaitTxRequest};
use tokio::time::Instant;

use crate::clock;
use crate::cluster::Cluster;
use crate::load::Sent;
use crate::workload::{Mix, Workload};

/// Between two of them: long enough for the chain to fall asleep.
const PAUSE: Duration = Duration::from_millis(200);

/// The median of `count` payments, each to the next validator, in milliseconds.
pub async fn p50_ms(
    cluster: &Cluster,
    workload: &mut Workload,
    count: usize,
    sent: &mut Sent,
) -> Result<f64> {
    let mut clients = cluster.clients().await?;
    let mut latencies = Vec::new();
    for (n, payment) in workload.sign(count, Mix::default()).into_iter().enumerate() {
        tokio::time::sleep(PAUSE).await;
        let at = n % clients.len();
        let start = Instant::now();
        let request = SubmitTxRequest { signed_tx: payment.bytes.clone() };
        let taken = clients[at].submit_tx(request).await?.into_inner();
        let (tx_id, timeout_ms) = (taken.tx_id, 10_000);
        let wait = WaitTxRequest { tx_id, timeout_ms, ..WaitTxRequest::default() };
        let waited = clients[at].wait_tx(wait).await?.into_inner();
        latencies.push(start.elapsed().as_secs_f64() * 1_000.0);
        ensure!(waited.state == i32::from(TxState::Committed), "a lone payment did not commit");
        sent.accepted.push(payment.id);
        sent.payments.push(payment);
    }
    Ok(clock::median(latencies))
}
