//! `simulate`: runs seeds of the simulator, replays one, makes a failing one smaller.

use std::io::{self, Write};
use std::ops::Range;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use ballast_testnet::sim::campaign::{Tally, run_seeds};
use ballast_testnet::sim::{self, Outcome, Plan, shrink};
use clap::Parser;

/// How often the progress of a long run is told.
const PROGRESS: Duration = Duration::from_secs(5);

/// Runs Ballast's validators on virtual time, network and disks, and checks that every rule holds
/// whatever goes wrong. The same seed is the same run on every machine.
#[derive(Parser)]
#[command(version)]
struct Cli {
    /// The seeds to run, the last one excluded.
    #[arg(long, value_name = "A..B", value_parser = parse_seeds, default_value = "0..200")]
    seeds: Range<u64>,
    /// Runs one seed and prints what each validator saw and did.
    #[arg(long, value_name = "SEED", conflicts_with = "shrink")]
    replay: Option<u64>,
    /// Makes the plan of a failing seed smaller and prints it as JSON.
    #[arg(long, value_name = "SEED")]
    shrink: Option<u64>,
    /// With --replay, --shrink or alone: a plan from a JSON file in place of a seed's.
    #[arg(long, value_name = "FILE")]
    plan: Option<PathBuf>,
    /// Prints each seed's trace hash.
    #[arg(long)]
    hashes: bool,
    /// Runs this many seeds at a time; as many as there are cores if not given.
    #[arg(long)]
    threads: Option<usize>,
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    match run(&cli) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("simulate: {error}");
            ExitCode::from(2)
        }
    }
}

fn parse_seeds(text: &str) -> Result<Range<u64>, String> {
    let (first, end) = text.split_once("..").ok_or("seeds are given as FIRST..END")?;
    let number = |text: &str| text.parse::<u64>().map_err(|error| format!("\"{text}\": {error}"));
    let seeds = number(first)?..number(end)?;
    if seeds.is_empty() { Err("there is no seed in it".to_owned()) } else { Ok(seeds) }
}

/// Whether all rules held.
fn run(cli: &Cli) -> Result<bool, String> {
    if cli.shrink.is_some() {
        return make_smaller(&plan_of(cli, cli.shrink)?);
    }
    if cli.replay.is_some() || cli.plan.is_some() {
        return Ok(replay(&plan_of(cli, cli.replay)?));
    }
    Ok(campaign(cli))
}

fn plan_of(cli: &Cli, seed: Option<u64>) -> Result<Plan, String> {
    match &cli.plan {
        None => Ok(Plan::draw(seed.unwrap_or(0))),
        Some(path) => {
            let text = std::fs::read_to_string(path)
                .map_err(|error| format!("{}: {error}", path.display()))?;
            serde_json::from_str(&text).map_err(|error| format!("{}: {error}", path.display()))
        }
    }
}

fn replay(plan: &Plan) -> bool {
    let outcome = sim::run(plan, Some(Box::new(io::stdout())));
    println!("{}", plan.summary());
    for (what, times) in outcome.coverage.iter() {
        println!("{times:>8}  {what}");
    }
    let Outcome { hash, events, heights, ended_ms, .. } = &outcome;
    println!("hash {hash}, {events} events, {heights} heights, {ended_ms} virtual ms");
    match &outcome.violation {
        None => println!("all rules hold"),
        Some(violation) => println!("BROKEN {violation}"),
    }
    outcome.violation.is_none()
}

fn make_smaller(plan: &Plan) -> Result<bool, String> {
    let Some((plan, violation)) = shrink::shrink(plan) else {
        println!("all rules hold: there is nothing to make smaller");
        return Ok(true);
    };
    let json = serde_json::to_string_pretty(&plan).map_err(|error| error.to_string())?;
    println!("{json}");
    eprintln!("{}", plan.summary());
    eprintln!("BROKEN {violation}");
    Ok(false)
}

fn campaign(cli: &Cli) -> bool {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let threads = cli.threads.unwrap_or(cores);
    let total = cli.seeds.end - cli.seeds.start;
    let start = Instant::now();
    let mut told = start;
    let mut out = io::stdout().lock();
    let tally = run_seeds(cli.seeds.clone(), threads, |seed, outcome, tally| {
        // A reader who has gone away is no reason to stop.
        if cli.hashes {
            let _ = writeln!(out, "{seed} {}", outcome.hash);
        }
        if let Some(violation) = &outcome.violation {
            let _ = writeln!(out, "seed {seed} BROKEN {violation}");
            let _ = writeln!(out, "    {}", Plan::draw(seed).summary());
        }
        if told.elapsed() >= PROGRESS {
            told = Instant::now();
            eprintln!("{}", progress(tally, total, start.elapsed()));
        }
    });
    report(&mut out, &tally, start.elapsed(), threads);
    tally.failed.is_empty()
}

fn progress(tally: &Tally, total: u64, elapsed: Duration) -> String {
    let rate = tally.seeds as f64 / elapsed.as_secs_f64();
    let left = (total - tally.seeds) as f64 / rate;
    let (done, failed) = (tally.seeds, tally.failed.len());
    format!("{done} of {total} seeds, {failed} failed, {rate:.1} a second, about {left:.0} s left")
}

fn report(out: &mut impl Write, tally: &Tally, elapsed: Duration, threads: usize) {
    let core_seconds = elapsed.as_secs_f64() * threads as f64;
    let mut lines: Vec<_> =
        tally.coverage.iter().map(|(what, times)| format!("{times:>12}  {what}")).collect();
    lines.push(format!(
        "{:.1} s on {threads} threads: {:.0} events and {:.0} heights a second on each, {:.0} ms a seed",
        elapsed.as_secs_f64(),
        tally.events as f64 / core_seconds,
        tally.heights as f64 / core_seconds,
        core_seconds * 1_000.0 / tally.seeds.max(1) as f64,
    ));
    for (seed, _) in &tally.failed {
        lines.push(format!(
            "failed: seed {seed}; simulate --replay {seed}, simulate --shrink {seed}"
        ));
    }
    lines.push(format!("seeds {} failed {}", tally.seeds, tally.failed.len()));
    for line in lines {
        let _ = writeln!(out, "{line}");
    }
}
