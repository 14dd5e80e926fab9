//! One of four validators is killed, paused, cut off, wrong about time or lies, while payments come at
//! their times: how long each takes, second by second, before, during and after.

mod fault;
mod load;

use std::fmt::Write as _;

use anyhow::{Result, anyhow};
use ballast_testnet::chaos::machine::Machine;
use ballast_testnet::chaos::sandbox;
use ballast_testnet::chaos::world::World;
use ballast_testnet::{Failure, Options};
use serde::Serialize;
use tempfile::TempDir;

use self::fault::Fault;
use self::load::Taken;
use crate::svg::{Chart, Line};

#[derive(Debug, clap::Args)]
pub struct OneOfFourArgs {
    /// Payments a second; several, each by itself: half of what `standard` commits beside 150, say.
    #[arg(long, value_name = "N", default_value = "150", value_delimiter = ',')]
    rates: Vec<u64>,
    /// How long the fault lasts.
    #[arg(long, value_name = "S", default_value_t = 120)]
    seconds: u64,
    /// How long it is waited before and after it.
    #[arg(long, value_name = "S", default_value_t = 20)]
    calm: u64,
    /// Funded accounts that pay, in turn.
    #[arg(long, default_value_t = 5_000)]
    accounts: u32,
    /// Only these; all otherwise.
    #[arg(value_enum)]
    faults: Vec<Fault>,
}

/// One fault at one rate.
#[derive(Debug, Serialize)]
pub struct Run {
    fault: String,
    rate: u64,
    /// From the beginning: when the fault begins and ends.
    from_s: u64,
    to_s: u64,
    before: Stretch,
    during: Stretch,
    after: Stretch,
    /// Of each second, by when payments were to leave.
    seconds: Vec<Second>,
    /// Why it was left out, on this machine.
    #[serde(skip_serializing_if = "Option::is_none")]
    skipped: Option<String>,
}

#[derive(Debug, Default, Serialize)]
struct Stretch {
    p50_ms: f64,
    p99_ms: f64,
    max_ms: f64,
    payments: usize,
    /// Requests without a receipt within half a minute.
    lost: usize,
    blocks_per_s: f64,
}

#[derive(Debug, Serialize)]
struct Second {
    p50_ms: f64,
    p99_ms: f64,
    payments: usize,
}

/// Everything on this machine that a fault may need, and nothing that slows validators down.
struct Ground {
    machine: Machine,
    _folder: TempDir,
}

impl Ground {
    /// First of all, before any thread: this process may be replaced.
    fn prepare() -> Result<Self> {
        let inside = sandbox::enter();
        let folder = TempDir::with_prefix("ballast-machine-")?;
        let mut machine = Machine::explore(inside, folder.path());
        machine.volumes = Err("not needed".to_owned());
        machine.power = Err("not needed".to_owned());
        Ok(Self { machine, _folder: folder })
    }
}

pub fn run(args: &OneOfFourArgs) -> Result<Vec<Run>> {
    let ground = Ground::prepare()?;
    let runtime = tokio::runtime::Runtime::new()?;
    let faults = if args.faults.is_empty() { &fault::ALL[..] } else { &args.faults };
    let mut runs = Vec::new();
    for rate in &args.rates {
        for fault in faults {
            eprintln!("{}: {rate} payments a second …", fault.name());
            runs.push(match fault.lack(&ground.machine) {
                Some(why) => Run::skipped(*fault, *rate, why),
                None => runtime.block_on(run_one(args, &ground.machine, *fault, *rate))?,
            });
        }
    }
    Ok(runs)
}

async fn run_one(args: &OneOfFourArgs, machine: &Machine, fault: Fault, rate: u64) -> Result<Run> {
    let options = Options { accounts: args.accounts, ..Options::default() };
    let world = tokio::task::block_in_place(|| World::with(machine, 0, options)).map_err(told)?;
    let total = args.calm * 2 + args.seconds;
    let plan = load::Plan { rate, seconds: total, accounts: args.accounts };
    let (from, to) = (args.calm, args.calm + args.seconds);
    let load = load::start(&world, plan)?;
    let begun = load.begun;
    let heights = tokio::task::block_in_place(|| -> Result<[u64; 4]> {
        let heights = [load::height_at(&world, begun, 0), load::height_at(&world, begun, from)];
        fault.strike(&world, begun, to).map_err(told)?;
        let third = load::height_at(&world, begun, to);
        Ok([heights[0], heights[1], third, load::height_at(&world, begun, total)])
    })?;
    let taken = load.end().await?;
    Ok(Run::new(fault, plan, [from, to], &taken, heights))
}

fn told(failure: Failure) -> anyhow::Error {
    anyhow!("{failure}")
}

impl Run {
    fn new(
        fault: Fault,
        plan: load::Plan,
        at: [u64; 2],
        taken: &[Taken],
        heights: [u64; 4],
    ) -> Self {
        let [from, to] = at;
        let stretch = |from: u64, to: u64, n: usize| {
            Stretch::of(taken, from, to, heights[n + 1].saturating_sub(heights[n]))
        };
        Self {
            fault: fault.name(),
            rate: plan.rate,
            from_s: from,
            to_s: to,
            before: stretch(0, from, 0),
            during: stretch(from, to, 1),
            after: stretch(to, plan.seconds, 2),
            seconds: (0..plan.seconds).map(|second| Second::of(taken, second)).collect(),
            skipped: None,
        }
    }

    fn skipped(fault: Fault, rate: u64, why: &str) -> Self {
        let stretch = Stretch::default;
        Self {
            fault: fault.name(),
            rate,
            from_s: 0,
            to_s: 0,
            before: stretch(),
            during: stretch(),
            after: stretch(),
            seconds: Vec::new(),
            skipped: Some(why.to_owned()),
        }
    }
}

/// Latencies of payments that were to leave then, ascending.
fn latencies(taken: &[Taken], from_s: u64, to_s: u64) -> Vec<f64> {
    let within = |taken: &&Taken| (from_s..to_s).contains(&taken.intended.as_secs());
    let ms = |taken: &Taken| taken.latency.map(|latency| latency.as_secs_f64() * 1_000.0);
    let mut latencies: Vec<_> = taken.iter().filter(within).filter_map(ms).collect();
    latencies.sort_by(f64::total_cmp);
    latencies
}

fn quantile(ascending: &[f64], per_mille: usize) -> f64 {
    ascending.get(ascending.len() * per_mille / 1_000).copied().unwrap_or(0.0)
}

impl Stretch {
    fn of(taken: &[Taken], from_s: u64, to_s: u64, blocks: u64) -> Self {
        let latencies = latencies(taken, from_s, to_s);
        let within = |taken: &&Taken| (from_s..to_s).contains(&taken.intended.as_secs());
        let payments = taken.iter().filter(within).count();
        Self {
            p50_ms: quantile(&latencies, 500),
            p99_ms: quantile(&latencies, 990),
            max_ms: latencies.last().copied().unwrap_or(0.0),
            payments,
            lost: payments - latencies.len(),
            blocks_per_s: blocks as f64 / (to_s - from_s).max(1) as f64,
        }
    }
}

impl Second {
    fn of(taken: &[Taken], second: u64) -> Self {
        let latencies = latencies(taken, second, second + 1);
        let (p50_ms, p99_ms) = (quantile(&latencies, 500), quantile(&latencies, 990));
        Self { p50_ms, p99_ms, payments: latencies.len() }
    }
}

pub fn table(runs: &[Run]) -> String {
    let mut text = String::from(
        "| One of four | Payments/s | p50/p99 before, ms | during | after | Longest ms | Blocks/s before > \
         during | Lost |\n|---|---|---|---|---|---|---|---|\n",
    );
    for run in runs {
        let Run { fault, rate, before, during, after, .. } = run;
        if let Some(why) = &run.skipped {
            let _ = writeln!(text, "| {fault} | {rate} | skipped: {why} | | | | | |");
            continue;
        }
        let pair = |s: &Stretch| format!("{:.0}/{:.0}", s.p50_ms, s.p99_ms);
        let _ = writeln!(
            text,
            "| {fault} | {rate} | {} | {} | {} | {:.0} | {:.1} > {:.1} | {} |",
            pair(before),
            pair(during),
            pair(after),
            during.max_ms,
            before.blocks_per_s,
            during.blocks_per_s,
            before.lost + during.lost + after.lost,
        );
    }
    text
}

/// A picture for each run: latency over time.
pub fn charts(runs: &[Run]) -> Vec<Chart> {
    let ran = runs.iter().filter(|run| run.skipped.is_none());
    let line = |run: &Run, name: &str, of: fn(&Second) -> f64| Line {
        name: name.to_owned(),
        points: run.seconds.iter().map(of).collect(),
    };
    ran.map(|run| Chart {
        title: format!(
            "{}, {} payments a second: ms from intended time to receipt",
            run.fault, run.rate
        ),
        lines: vec![
            line(run, "p50", |second| second.p50_ms),
            line(run, "p99", |second| second.p99_ms),
        ],
        shaded: (run.from_s as f64, run.to_s as f64),
    })
    .collect()
}
