//! Executing blocks of transfers between random accounts, without signatures or storage.

use anyhow::{Result, ensure};
use ballast_primitives::turns::Report;
use ballast_runtime::{Outcome, execute};

use super::chain::Chain;
use super::{Cost, MicroArgs};
use crate::clock::thread_time;

/// Execution (admission, operations, receipts, invariants) apart from hashing (state tree,
/// changes, receipts' root).
pub fn costs(args: &MicroArgs, accounts: u64) -> Result<[Cost; 2]> {
    let mut chain = Chain::new(accounts);
    let (mut executing, mut hashing) = (0.0, 0.0);
    for _ in 0..args.blocks {
        let txs = chain.transfers(args.block);
        let context = chain.next_block();
        let start = thread_time();
        let executed = execute::execute(&mut chain.state, &context, &Report::default(), &txs)
            .map_err(|broken| anyhow::anyhow!("{broken:?}"))?;
        let between = thread_time();
        let outcome = executed.commit();
        executing += (between - start).as_secs_f64();
        hashing += (thread_time() - between).as_secs_f64();
        let all = outcome.receipts.iter().all(|receipt| receipt.outcome == Outcome::Success);
        ensure!(all && outcome.dropped.is_empty(), "a transfer failed");
    }
    let transfers = (args.blocks as f64 * args.block as f64).max(1.0);
    let cost = |what, seconds: f64| {
        let size = format!("{accounts} accounts");
        Cost { what, size, us: seconds * 1e6 / transfers, per: "transfer".to_owned() }
    };
    Ok([cost("execute", executing), cost("hash state and receipts", hashing)])
}
