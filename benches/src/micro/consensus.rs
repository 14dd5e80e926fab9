//! Empty heights in the simulator, one after another: what agreeing alone costs, and how long it
//! takes over slow links. The simulator's own work is in the CPU time (checkers after every event),
//! and it verifies each signature once for all validators together.

use anyhow::Result;
use ballast_testnet::sim::Outcome;
use ballast_testnet::sim::plan::{Load, Timing};

use super::{Cost, MicroArgs};
use crate::clock::thread_time;
use crate::simulated;

/// Validators, and for how much virtual time their links of 1 ms are measured.
const SIZES: [(u8, u64); 3] = [(4, 4_000), (20, 1_000), (100, 300)];
const SLOW_LINK_MS: u64 = 50;

/// For each size: CPU of all validators together, then virtual time over links of 50 ms.
pub fn costs(args: &MicroArgs) -> Result<Vec<Cost>> {
    let mut costs = Vec::new();
    for (validators, ms) in SIZES.into_iter().take_while(|size| size.0 <= args.validators_max) {
        let start = thread_time();
        let fast = run(validators, 1, ms)?;
        let us = (thread_time() - start).as_secs_f64() * 1e6 / fast.heights as f64;
        let size = format!("{validators} validators");
        let rate = format!("height ({:.0} a CPU second)", 1e6 / us);
        costs.push(Cost { what: "consensus", size: size.clone(), us, per: rate });
        let slow = run(validators, SLOW_LINK_MS, ms.max(1_000))?;
        let us = slow.ended_ms as f64 * 1e3 / slow.heights as f64;
        let per = "height (virtual time)".to_owned();
        costs.push(Cost { what: "consensus over 50 ms links", size, us, per });
    }
    Ok(costs)
}

/// Validators that decide as fast as they can, without a payment or a fault.
fn run(validators: u8, link_ms: u64, ms: u64) -> Result<Outcome> {
    let timing = Timing {
        propose_ms: 3_000,
        vote_ms: 1_000,
        step_ms: 0,
        block_ms: 1,
        heartbeat_ms: 1,
        batch_ms: 1,
    };
    let load = Load {
        accounts: 4,
        every_ms: u64::MAX >> 20,
        until_ms: 0,
        valid_ms: (3_000, 5_000),
        cap_room: 0,
        pool_txs: 100,
    };
    simulated::run(validators, link_ms, ms, timing, load)
}
