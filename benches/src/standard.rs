//! The standard run: a quiet chain, as much as it takes, half of that, and the chain read back.

use std::path::Path;
use std::time::Duration;

use anyhow::Result;

use crate::audit;
use crate::ceiling;
use crate::cluster::Cluster;
use crate::idle;
use crate::load::{self, Plan, Sent};
use crate::report::Report;
use crate::workload::{Mix, Workload};

/// What is offered for the maximum unless told: this share of the verification ceiling.
const OFFERED: f64 = 0.5;

#[derive(Debug, clap::Args)]
pub struct StandardArgs {
    /// Transactions offered per second, over all validators; half of the verification ceiling
    /// when not given.
    #[arg(long)]
    rate: Option<u64>,
    /// Seconds that count, of the maximum; half the rate is offered for a third of it.
    #[arg(long, default_value_t = 60)]
    seconds: u64,
    /// Seconds of load before those that count.
    #[arg(long, default_value_t = 5)]
    warmup: u64,
    /// Funded accounts that pay.
    #[arg(long, default_value_t = 100_000)]
    accounts: u32,
    /// Transactions in one request.
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u16).range(1..=8_192))]
    batch: u16,
    /// Lone payments on the quiet chain.
    #[arg(long, default_value_t = 40)]
    lone: usize,
    #[command(flatten)]
    mix: Mix,
}

pub fn run(args: &StandardArgs, bin: Option<&Path>) -> Result<Report> {
    eprintln!("measuring signature verification …");
    let ceiling = ceiling::measure(Duration::from_secs(2));
    eprintln!("starting four validators with {} accounts …", args.accounts);
    let cluster = Cluster::up(bin, args.accounts)?;
    let runtime = tokio::runtime::Runtime::new()?;
    let result = runtime.block_on(measure(args, &cluster, ceiling));
    match result {
        Ok(mut report) => {
            eprintln!("stopping and compacting …");
            report.compacted(cluster.compacted_bytes()?);
            Ok(report)
        }
        Err(error) => {
            cluster.down()?;
            Err(error)
        }
    }
}

async fn measure(
    args: &StandardArgs,
    cluster: &Cluster,
    ceiling: ceiling::Ceiling,
) -> Result<Report> {
    let mut workload = Workload::new(&cluster.env, args.accounts)?;
    let before = audit::Before::read(cluster, &workload).await?;
    let mut sent = Sent::default();
    eprintln!("{} lone payments on the quiet chain …", args.lone);
    let idle_p50_ms = idle::p50_ms(cluster, &mut workload, args.lone, &mut sent).await?;
    let plan = Plan {
        rate: args.rate.unwrap_or((ceiling.per_s * OFFERED) as u64).max(1),
        warmup: args.warmup,
        seconds: args.seconds,
        batch: usize::from(args.batch),
        mix: args.mix,
    };
    announce("the maximum", &plan);
    let maximum = load::run(cluster, &mut workload, plan, &mut sent).await?;
    let half = Plan {
        rate: ((maximum.committed_per_s / 2.0) as u64).max(1),
        seconds: args.seconds.div_ceil(3),
        ..plan
    };
    announce("half of it", &half);
    let half = load::run(cluster, &mut workload, half, &mut sent).await?;
    eprintln!("reading the chain back …");
    let audit = audit::run(cluster, &workload, &before, &sent).await?;
    let accepted = sent.accepted.len() as u64;
    Ok(Report::new(args.accounts, ceiling, idle_p50_ms, maximum, half, accepted, audit))
}

fn announce(what: &str, plan: &Plan) {
    let seconds = plan.warmup + plan.seconds;
    eprintln!("{what}: {} a second for {seconds} s (signing them first) …", plan.rate);
}
