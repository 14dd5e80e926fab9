//! `ballast-bench`: how many payments four real validators on this machine commit, and what each
//! costs, beside the ceiling that signature verification sets in the same run.
//!
//! The load is open-loop: requests leave at their intended times whatever the answers do, and
//! latency counts from the intended time. Transactions are signed beforehand, from many senders,
//! spread over all validators. After the run an audit reads the chain back.

mod audit;
mod ceiling;
mod cluster;
mod load;
mod report;
mod workload;

use std::path::PathBuf;
use std::time::Duration;

use anyhow::Result;
use clap::Parser;

use crate::cluster::Cluster;
use crate::report::Report;

#[derive(Debug, Parser)]
#[command(about = "Measures a testnet of real validators under an open-loop load")]
pub struct Args {
    /// Transactions offered per second, over all validators.
    #[arg(long, default_value_t = 4_000)]
    rate: u64,
    /// Seconds that count.
    #[arg(long, default_value_t = 20)]
    seconds: u64,
    /// Seconds of load before those that count.
    #[arg(long, default_value_t = 3)]
    warmup: u64,
    /// Funded accounts that pay.
    #[arg(long, default_value_t = 10_000)]
    accounts: u32,
    /// Transactions in one request.
    #[arg(long, default_value_t = 50)]
    batch: usize,
    /// Every transaction pays the same account.
    #[arg(long)]
    one_recipient: bool,
    /// Where to write the report as JSON.
    #[arg(long)]
    out: Option<PathBuf>,
    /// Folder of the release binaries; that of this one by default.
    #[arg(long, env = "BALLAST_BIN_DIR")]
    bin_dir: Option<PathBuf>,
}

#[tokio::main]
async fn main() -> Result<()> {
    let args = Args::parse();
    eprintln!("measuring signature verification …");
    let ceiling = ceiling::measure(Duration::from_secs(2));
    eprintln!("starting four validators with {} accounts …", args.accounts);
    let cluster = Cluster::up(&args)?;
    let result = measure(&args, &cluster, ceiling).await;
    cluster.down()?;
    let report = result?;
    println!("{}", report.table());
    if let Some(path) = &args.out {
        std::fs::write(path, serde_json::to_string_pretty(&report)?)?;
        eprintln!("written to {}", path.display());
    }
    anyhow::ensure!(report.audit == "pass", "the audit failed: {}", report.audit);
    Ok(())
}

async fn measure(args: &Args, cluster: &Cluster, ceiling: ceiling::Ceiling) -> Result<Report> {
    let total = args.rate * (args.seconds + args.warmup);
    eprintln!("signing {total} transactions …");
    let workload = workload::sign(cluster, args, total as usize);
    eprintln!("offering {} a second for {} s …", args.rate, args.seconds + args.warmup);
    let run = load::run(args, cluster, &workload).await?;
    eprintln!("auditing …");
    let audit = audit::run(cluster, args.accounts, &run.accepted).await?;
    Ok(Report::new(args, ceiling, run, audit))
}
