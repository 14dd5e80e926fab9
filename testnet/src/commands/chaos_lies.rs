//! `chaos lies`: a network of its own for each who means harm, a table.

use std::time::Duration;

use ballast_testnet::Failure;
use ballast_testnet::chaos::lies::{self, ADVERSARIES, Times};
use ballast_testnet::failure::exit;
use serde_json::json;
use tokio::runtime::Runtime;

use super::{line, object};
use crate::cli::LiesArgs;

const LONG: Times =
    Times { loaded: Duration::from_secs(60), idle: Duration::from_secs(30), judged: true };

pub fn run(args: &LiesArgs, json: bool) -> Result<(), Failure> {
    let runtime = Runtime::new().map_err(Failure::internal)?;
    let names = match args.adversaries.as_slice() {
        [] => ADVERSARIES.map(str::to_owned).to_vec(),
        some => some.to_vec(),
    };
    let loaded = Duration::from_secs(args.seconds);
    let times =
        if args.long { LONG } else { Times { loaded, idle: Duration::ZERO, judged: false } };
    let report = runtime.block_on(lies::run(&names, times))?;
    report.write(&args.report)?;
    if json {
        object(json!(report));
    } else {
        line(&report.table());
    }
    if report.passed {
        return Ok(());
    }
    Err(Failure::new(exit::SAFETY, "honest validators did not hold against those who mean harm"))
}
