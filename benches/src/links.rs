//! Validators far from each other, in the simulator: how long a transaction takes to its commit as
//! their number grows, in virtual time, and what the one who proposes has to send.

use std::fmt::Write as _;

use anyhow::{Result, ensure};
use ballast_testnet::sim::Outcome;
use ballast_testnet::sim::plan::{Load, Timing};
use hdrhistogram::Histogram;
use serde::Serialize;

use crate::simulated;
use crate::svg::{Group, bar};

const SIZES: [u8; 4] = [4, 10, 20, 32];
/// Mean milliseconds between two transactions, and how many of them for one that is asked for.
const LOADS: [(&str, u64, u64); 2] = [("lone", 2_000, 1), ("steady", 20, 4)];
/// Until then connections are made.
const WARM_UP_US: u64 = 2_000_000;

#[derive(Debug, clap::Args)]
pub struct LinksArgs {
    /// Milliseconds that a message takes one way.
    #[arg(long, default_value_t = 50)]
    link_ms: u64,
    /// Lone transactions, about; four times as many of a steady load.
    #[arg(long, default_value_t = 150)]
    transactions: u64,
    /// The most validators.
    #[arg(long, default_value_t = 32)]
    validators_max: u8,
}

/// Of one number of validators under one kind of load. Bytes and frames are counted once for each
/// receiver.
#[derive(Debug, Serialize)]
pub struct Row {
    pub validators: u8,
    pub load: &'static str,
    pub link_ms: u64,
    /// From the moment a validator admits a transaction to its commit there.
    pub p50_ms: f64,
    pub p99_ms: f64,
    pub transactions: u64,
    pub blocks: u64,
    pub proposal_bytes_per_block: f64,
    pub frames_per_block: f64,
    pub batch_bytes_per_block: f64,
}

pub fn run(args: &LinksArgs) -> Result<Vec<Row>> {
    let mut rows = Vec::new();
    for validators in SIZES.into_iter().take_while(|size| *size <= args.validators_max) {
        for (load, every_ms, times) in LOADS {
            eprintln!("{validators} validators, {load} transactions …");
            let outcome = outcome(args, validators, every_ms, times)?;
            rows.push(row(args, validators, load, &outcome)?);
        }
    }
    Ok(rows)
}

fn row(args: &LinksArgs, validators: u8, load: &'static str, outcome: &Outcome) -> Result<Row> {
    let measures = &outcome.measures;
    let mut waits = Histogram::<u64>::new_with_bounds(1, 60_000_000, 3)?;
    let warm = measures.commits_us.iter().filter(|(at, _)| *at >= WARM_UP_US);
    warm.for_each(|(_, us)| waits.saturating_record(*us));
    ensure!(!waits.is_empty(), "{validators} validators committed no transaction");
    let ms = |quantile| waits.value_at_quantile(quantile) as f64 / 1_000.0;
    let per_block = |count: u64| count as f64 / outcome.heights as f64;
    Ok(Row {
        validators,
        load,
        link_ms: args.link_ms,
        p50_ms: ms(0.5),
        p99_ms: ms(0.99),
        transactions: waits.len(),
        blocks: outcome.heights,
        proposal_bytes_per_block: per_block(measures.proposal_bytes),
        frames_per_block: per_block(measures.frames),
        batch_bytes_per_block: per_block(measures.batch_bytes),
    })
}

/// The timing is a node's by default, but for timeouts, which never come.
fn outcome(args: &LinksArgs, validators: u8, every_ms: u64, times: u64) -> Result<Outcome> {
    let ms = WARM_UP_US / 1_000 + args.transactions * times * every_ms;
    let timing = Timing {
        propose_ms: 10_000,
        vote_ms: 10_000,
        step_ms: 0,
        block_ms: 20,
        heartbeat_ms: 5_000,
        batch_ms: 3,
    };
    let load = Load {
        accounts: 40,
        every_ms,
        until_ms: ms,
        valid_ms: (20_000, 20_000),
        cap_room: 1_000_000_000_000_000,
        pool_txs: 20_000,
    };
    simulated::run(validators, args.link_ms, ms, timing, load)
}

pub fn table(rows: &[Row]) -> String {
    let mut table = format!(
        "{:>10} {:>7} {:>8} {:>8} {:>6} {:>7} {:>17} {:>13} {:>13}\n",
        "validators",
        "load",
        "p50 ms",
        "p99 ms",
        "txs",
        "blocks",
        "proposal B/block",
        "frames/block",
        "batch B/block"
    );
    for row in rows {
        let _ = writeln!(
            table,
            "{:>10} {:>7} {:>8.0} {:>8.0} {:>6} {:>7} {:>17.0} {:>13.0} {:>13.0}",
            row.validators,
            row.load,
            row.p50_ms,
            row.p99_ms,
            row.transactions,
            row.blocks,
            row.proposal_bytes_per_block,
            row.frames_per_block,
            row.batch_bytes_per_block
        );
    }
    table
}

pub fn groups(rows: &[Row]) -> Vec<Group> {
    let of = |load: &'static str| rows.iter().filter(move |row| row.load == load);
    let mut groups = Vec::new();
    for (load, _, _) in LOADS {
        let link_ms = rows.first().map_or(0, |row| row.link_ms);
        let mut bars: Vec<_> = of(load)
            .map(|row| {
                let text = format!("{:.0} ms", row.p50_ms);
                bar(&format!("{} validators", row.validators), row.p50_ms, text)
            })
            .collect();
        bars.push(bar("four links", (4 * link_ms) as f64, format!("{} ms", 4 * link_ms)));
        groups.push((format!("To commit, p50, {load} transactions, links of {link_ms} ms"), bars));
    }
    let bars = of("steady")
        .map(|row| {
            let bytes = row.proposal_bytes_per_block;
            bar(&format!("{} validators", row.validators), bytes, format!("{bytes:.0} bytes"))
        })
        .collect();
    groups.push(("What the proposer sends to all of them, a block".to_owned(), bars));
    groups
}
