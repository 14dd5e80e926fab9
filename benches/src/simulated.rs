//! Plans for the simulator without a fault: what costs and takes time here is agreeing alone.

use anyhow::{Result, ensure};
use ballast_testnet::sim::plan::{Load, Plan, Timing};
use ballast_testnet::sim::{self, Outcome};

/// Honest validators with links of `link_ms` one way, for `ms` of virtual time.
pub fn run(validators: u8, link_ms: u64, ms: u64, timing: Timing, load: Load) -> Result<Outcome> {
    let plan = Plan {
        story: String::new(),
        seed: 1,
        validators,
        observers: 0,
        liars: Vec::new(),
        timing,
        delay_us: (link_ms * 1_000, link_ms * 1_000),
        sync_us: 0,
        load,
        faults: Vec::new(),
        heal_ms: ms,
    };
    let outcome = sim::run(&plan, None);
    ensure!(outcome.violation.is_none(), "{:?}", outcome.violation);
    ensure!(outcome.heights > 0, "{validators} validators decided nothing");
    Ok(outcome)
}
