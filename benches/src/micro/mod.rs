//! Single costs on one thread, in CPU time: what the whole is made of.

mod chain;
mod consensus;
mod decode;
mod execute;
mod signatures;
mod store;
mod tree;

use std::fmt::Write as _;
use std::time::Duration;

use anyhow::Result;
use serde::Serialize;

#[derive(Debug, clap::Args)]
pub struct MicroArgs {
    /// The most accounts and keys of the state that is measured.
    #[arg(long, default_value_t = 1_000_000)]
    pub keys_max: u64,
    /// Transfers in a block.
    #[arg(long, default_value_t = 10_000)]
    pub block: usize,
    /// Blocks executed or stored for each figure.
    #[arg(long, default_value_t = 30)]
    pub blocks: u64,
    /// The most validators in the simulator.
    #[arg(long, default_value_t = 100)]
    pub validators_max: u8,
    /// How long to repeat what is short.
    #[arg(long, default_value_t = 1_000)]
    pub repeat_ms: u64,
}

impl MicroArgs {
    fn repeat(&self) -> Duration {
        Duration::from_millis(self.repeat_ms)
    }

    /// 10,000 and each tenfold up to the most.
    fn sizes(&self) -> Vec<u64> {
        let mut sizes = vec![self.keys_max.min(10_000)];
        while let Some(next) = sizes.last().map(|last| last * 10).filter(|n| *n <= self.keys_max) {
            sizes.push(next);
        }
        sizes
    }
}

#[derive(Debug, Serialize)]
pub struct Cost {
    pub what: &'static str,
    /// Of what size; empty when there is none to choose.
    pub size: String,
    pub us: f64,
    pub per: String,
}

pub fn run(args: &MicroArgs) -> Result<Vec<Cost>> {
    let mut costs = Vec::new();
    eprintln!("signatures, decoding …");
    costs.extend(signatures::costs(args));
    costs.extend(decode::costs(args));
    for keys in args.sizes() {
        eprintln!("state tree and execution over {keys} …");
        costs.push(tree::cost(args, keys));
        costs.extend(execute::costs(args, keys)?);
    }
    eprintln!("store …");
    costs.push(store::cost(args)?);
    eprintln!("consensus …");
    costs.extend(consensus::costs(args)?);
    Ok(costs)
}

pub fn table(costs: &[Cost]) -> String {
    let mut table = String::new();
    for Cost { what, size, us, per } in costs {
        let _ = writeln!(table, "{what:<44} {size:>20} {us:>9.2} µs per {per}");
    }
    table
}
