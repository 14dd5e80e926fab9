//! `chaos suite`: a network of its own, every fault, a table.

use ballast_testnet::Failure;
use ballast_testnet::chaos::machine::Machine;
use ballast_testnet::chaos::suite::{self, Counts, Plan};
use ballast_testnet::chaos::{proof, sandbox};
use ballast_testnet::failure::exit;
use serde_json::json;
use tempfile::TempDir;
use tokio::runtime::Runtime;

use super::{line, object, signals};
use crate::cli::SuiteArgs;

/// In a sparse file: what a long run's chain takes, with room for the shares that count.
const VOLUME_BYTES: u64 = 2 << 30;

/// What this machine can do, and the folder that this rests on.
struct Ground {
    machine: Machine,
    _folder: TempDir,
    runtime: Runtime,
}

impl Ground {
    /// First of all, before any thread: this process may be replaced.
    fn prepare() -> Result<Self, Failure> {
        let sandbox = sandbox::enter();
        let folder = TempDir::with_prefix("ballast-machine-").map_err(Failure::internal)?;
        let machine = Machine::explore(sandbox, folder.path());
        let runtime = Runtime::new().map_err(Failure::internal)?;
        Ok(Self { machine, _folder: folder, runtime })
    }
}

/// What was noticed.
pub fn prove() -> Result<String, Failure> {
    let Ground { machine, _folder, runtime } = Ground::prepare()?;
    runtime.block_on(proof::disks_that_lie(&machine, VOLUME_BYTES))
}

pub fn run(args: &SuiteArgs, json: bool) -> Result<(), Failure> {
    let Ground { machine, _folder, runtime } = Ground::prepare()?;
    let interrupted = signals::watch()?;
    let plan = Plan {
        faults: counts(args).faults(),
        seed: args.seed.unwrap_or_else(rand::random),
        volume_bytes: VOLUME_BYTES,
        logs: args.report.with_extension("logs"),
    };
    eprintln!("seed {}", plan.seed);
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
        lost_data: args.lost_data,
        pauses: args.pauses,
        partitions: args.partitions,
        packet_losses: args.packet_losses,
        clock_skews: args.clock_skews,
        sync_errors: args.sync_errors,
        full_disks: args.full_disks,
        power_cuts: args.power_cuts,
    }
}
