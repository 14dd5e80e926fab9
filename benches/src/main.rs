//! `ballast-bench`: how many payments four real validators on this machine commit, and what each
//! costs, beside the ceiling that signature verification sets in the same run.
//!
//! The load is open-loop: requests leave at their intended times whatever the answers do, and
//! latency counts from the intended time. Transactions are signed beforehand, from many senders,
//! spread over all validators. After the run an audit reads the chain back.

mod audit;
mod ceiling;
mod clock;
mod cluster;
mod idle;
mod links;
mod load;
mod micro;
mod one_of_four;
mod report;
mod restart;
mod simulated;
mod standard;
mod svg;
mod workload;

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use clap::{Parser, Subcommand};
use serde::Serialize;

#[derive(Debug, Parser)]
#[command(about = "Measures Ballast: a testnet of real validators, and single costs", version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
    /// Where to write the report as JSON, and beside it the pictures.
    #[arg(long, global = true, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Folder of the release binaries; that of this one by default.
    #[arg(long, global = true, env = "BALLAST_BIN_DIR")]
    bin_dir: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// The most that commits, latency at half of that and on a quiet chain, CPU and disk for each.
    Standard(standard::StandardArgs),
    /// CPU time of single steps on one thread.
    Micro(micro::MicroArgs),
    /// How long a validator with many accounts takes from its start to its first vote.
    Restart(restart::RestartArgs),
    /// How long a commit takes as validators far from each other grow in number, in virtual time.
    Links(links::LinksArgs),
    /// Latency over time while one of four validators is killed, paused, cut off, wrong about time, or
    /// lies.
    OneOfFour(one_of_four::OneOfFourArgs),
}

fn main() -> Result<()> {
    let cli = Cli::parse();
    let (bin, out) = (cli.bin_dir.as_deref(), cli.out.as_deref());
    match &cli.command {
        Command::Standard(args) => {
            let report = standard::run(args, bin)?;
            println!("{}", report.table());
            write(out, &report)?;
            draw(out, &report.groups())?;
            ensure!(report.audit == "pass", "the audit failed: {}", report.audit);
        }
        Command::Micro(args) => {
            let costs = micro::run(args)?;
            println!("{}", micro::table(&costs));
            write(out, &costs)?;
        }
        Command::Restart(args) => {
            let found = restart::run(args, bin)?;
            println!("{}", found.line());
            write(out, &found)?;
        }
        Command::Links(args) => {
            let rows = links::run(args)?;
            println!("{}", links::table(&rows));
            write(out, &rows)?;
            draw(out, &links::groups(&rows))?;
        }
        Command::OneOfFour(args) => {
            let runs = one_of_four::run(args)?;
            println!("{}", one_of_four::table(&runs));
            write(out, &runs)?;
            picture(out, &svg::plot(&one_of_four::charts(&runs)))?;
        }
    }
    Ok(())
}

fn draw(out: Option<&Path>, groups: &[svg::Group]) -> Result<()> {
    picture(out, &svg::draw(groups))
}

/// Beside the report.
fn picture(out: Option<&Path>, svg: &str) -> Result<()> {
    let Some(out) = out else { return Ok(()) };
    Ok(std::fs::write(out.with_extension("svg"), svg)?)
}

fn write(out: Option<&Path>, report: &impl Serialize) -> Result<()> {
    let Some(out) = out else { return Ok(()) };
    if let Some(folder) = out.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let text = serde_json::to_string_pretty(report)? + "\n";
    std::fs::write(out, text).with_context(|| format!("cannot write {}", out.display()))?;
    eprintln!("written to {}", out.display());
    Ok(())
}
