//! `ballast-node`: runs a validator or an observer, and looks after its home.

mod cli;
mod commands;

use std::process::ExitCode;

use clap::Parser;
use mimalloc::MiMalloc;

/// A block comes and goes in large pieces on several threads. The system's allocator gives them
/// back to the kernel each time, and page faults were a tenth of a validator's CPU.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    let cli = cli::Cli::parse();
    let json = cli.json;
    match commands::run(cli) {
        Ok(code) => ExitCode::from(code),
        Err(failure) => failure.report(json),
    }
}
