//! `chaos lies`: a network of its own for each behaviour of a lying validator, a table.

use std::time::Duration;

use ballast_testnet::Failure;
use ballast_testnet::chaos::lies::{self, BEHAVIOURS};
use ballast_testnet::failure::exit;
use serde_json::json;
use tokio::runtime::Runtime;

use super::{line, object};
use crate::cli::LiesArgs;

pub fn run(args: &LiesArgs, json: bool) -> Result<(), Failure> {
    let runtime = Runtime::new().map_err(Failure::internal)?;
    let behaviours = match args.behaviours.as_slice() {
        [] => BEHAVIOURS.map(str::to_owned).to_vec(),
        some => some.to_vec(),
    };
    let report = runtime.block_on(lies::run(&behaviours, Duration::from_secs(args.seconds)))?;
    report.write(&args.report)?;
    if json {
        object(json!(report));
    } else {
        line(report.table().trim_end());
    }
    if report.passed {
        return Ok(());
    }
    Err(Failure::new(exit::SAFETY, "honest validators did not hold against a lying one"))
}
