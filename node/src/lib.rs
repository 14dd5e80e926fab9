//! A Ballast validator: the only sockets, disks, clocks and threads of the project.
//!
//! [`engine`] connects the replica to them. [`net`] is the peer network, [`rpc`] the gRPC services,
//! [`operator`] health and metrics over HTTP; [`store`] is the database, [`journal`] what stops a
//! validator from signing twice. [`config`], [`keyfile`], [`logging`] and [`setup`] are what the
//! command line needs.

// Denied outside tests: what arrives from a socket or a disk must never stop a validator unasked.
#![cfg_attr(
    not(test),
    deny(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing,
        reason = "what input can reach answers with a status"
    )
)]

const _: () = assert!(
    !ballast_primitives::planted::CARRIED,
    "planted bugs are for the simulator's tests; a validator is not built with them"
);

mod address;
mod cli;
mod commands;
pub mod config;
pub mod engine;
pub mod keyfile;
pub mod logging;
pub mod metrics;
pub mod net;
pub mod operator;
pub mod rpc;
pub mod setup;
pub mod store;

pub use ballast_journal as journal;

use std::process::ExitCode;

use ballast_runtime::Rulebook;
use clap::Parser;

/// The program `ballast-node`, with the versions of the rules that it executes: a release has
/// [`Rulebook::SHIPPED`].
pub fn main(rulebook: Rulebook) -> ExitCode {
    let cli = cli::Cli::parse();
    let json = cli.json;
    match commands::run(cli, rulebook) {
        Ok(code) => ExitCode::from(code),
        Err(failure) => failure.report(json),
    }
}
