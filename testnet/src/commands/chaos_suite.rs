//! `chaos suite`: a network of its own, every fault, a table.

use ballast_testnet::Failure;
use ballast_testnet::chaos::machine::Machine;
use ballast_testnet::chaos::sandbox;
use ballast_testnet::chaos::suite::{self, Counts, Plan};
use ballast_testnet::failure::exit;
use serde_json::json;

use super::{line, object, signals};
use crate::cli::SuiteArgs;

/// In a sparse file: what a long run's chain takes, with room for the shares that count.
const VOLUME_BYTES: u64 = 2 << 30;

pub fn run(args: &SuiteArgs, json: bool) -> Result<(), Failure> {
    // Before any thread: this process may be replaced.
    let sandbox = sandbox::enter();
    let interrupted = signals::watch()?;
    let folder = tempfile::TempDir::with_prefix("ballast-machine-").map_err(Failure::internal)?;
    let machine = Machine::explore(sandbox, folder.path());
    let plan = Plan {
        faults: counts(args).faults(),
        seed: args.seed.unwrap_or_else(rand::random),
        volume_bytes: VOLUME_BYTES,
        logs: args.report.with_extension("logs"),
    };
    eprintln!("seed {}", plan.seed);
    let runtime = tokio::runtime::Runtime::new().map_err(Failure::internal)?;
    let report = runtime.block_on(suite::run(&plan, &machine, &interrupted))?;
    report.write(&args.report)?;
    if json {
        object(json!(report));
    } else {
        line(report.table().trim_end());
    }
    if report.passed {
        return Ok(());
    }
    Err(Failure::new(exit::SAFETY, "the network did not hold"))
}

const fn counts(args: &SuiteArgs) -> Counts {
    Counts {
        kills: args.kills,
        pauses: args.pauses,
        partitions: args.partitions,
        packet_losses: args.packet_losses,
        clock_skews: args.clock_skews,
        sync_errors: args.sync_errors,
        full_disks: args.full_disks,
        power_cuts: args.power_cuts,
    }
}
