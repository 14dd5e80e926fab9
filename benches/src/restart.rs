//! From the start of a killed validator's process to the first vote it signs, while the others go on.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use ballast_proto::v1::SubmitTxRequest;
use serde::Serialize;
use tokio::time::{Instant, sleep};

use crate::cluster::Cluster;
use crate::workload::{Mix, Workload};

/// The one that is killed; the other three are a quorum.
const VICTIM: usize = 3;
const LIMIT: Duration = Duration::from_secs(120);
/// Between two payments: enough for blocks to be made all the time.
const PACE: Duration = Duration::from_millis(50);

#[derive(Debug, clap::Args)]
pub struct RestartArgs {
    #[arg(long, default_value_t = 1_000_000)]
    accounts: u32,
}

#[derive(Debug, Serialize)]
pub struct Restart {
    pub accounts: u32,
    pub voted_after_s: f64,
}

impl Restart {
    pub fn line(&self) -> String {
        let Self { accounts, voted_after_s } = self;
        format!("with {accounts} accounts: voted {voted_after_s:.2} s after its start")
    }
}

pub fn run(args: &RestartArgs, bin: Option<&Path>) -> Result<Restart> {
    eprintln!("starting four validators with {} accounts …", args.accounts);
    let cluster = Cluster::up(bin, args.accounts)?;
    let runtime = tokio::runtime::Runtime::new()?;
    let measured = runtime.block_on(measure(args, &cluster));
    cluster.down()?;
    Ok(Restart { accounts: args.accounts, voted_after_s: measured?.as_secs_f64() })
}

async fn measure(args: &RestartArgs, cluster: &Cluster) -> Result<Duration> {
    let mut workload = Workload::new(&cluster.env, args.accounts.min(1_000))?;
    let payments = workload.sign(5_000, Mix::default());
    let mut client = cluster.clients().await?.into_iter().next().context("no validators")?;
    let paying = tokio::spawn(async move {
        for payment in payments {
            // What becomes of it is not looked at: it is there to be ordered.
            let _ = client.submit_tx(SubmitTxRequest { signed_tx: payment.bytes }).await;
            sleep(PACE).await;
        }
    });
    cluster.testnet(&["chaos", "kill", &VICTIM.to_string()])?;
    sleep(Duration::from_secs(1)).await;
    let start = Instant::now();
    tokio::task::block_in_place(|| cluster.testnet(&["chaos", "start", &VICTIM.to_string()]))?;
    while cluster.metric(VICTIM, "ballast_sign_state_sync_seconds_count").await.unwrap_or(0) == 0 {
        if start.elapsed() > LIMIT {
            bail!("it did not vote within {} s", LIMIT.as_secs());
        }
        sleep(Duration::from_millis(20)).await;
    }
    paying.abort();
    Ok(start.elapsed())
}
