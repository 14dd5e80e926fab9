//! One file for each command.

mod config;
mod db;
mod doctor;
mod failure;
mod genesis;
mod home;
mod init;
mod key;
mod output;
mod overriding;
mod sign_state;
mod start;
mod status;
mod upgrade;

use ballast_runtime::Rulebook;
use clap::CommandFactory;

use crate::cli::{Cli, Command};
use output::Output;

pub use failure::Failure;

/// Runs a command; the exit code of one that answers.
pub fn run(cli: Cli, rulebook: Rulebook) -> Result<u8, Failure> {
    let output = Output { json: cli.json };
    match cli.command {
        Command::Init(args) => init::run(&args, output),
        Command::Start(args) => start::run(&args, rulebook),
        Command::Status(args) => status::run(&args, output),
        Command::Doctor(args) => doctor::run(&args, output),
        Command::Key(command) => key::run(&command, output),
        Command::Genesis(command) => genesis::run(&command, output),
        Command::Config(command) => config::run(&command, output),
        Command::Db(command) => db::run(&command, output),
        Command::Upgrade(command) => upgrade::run(&command, output),
        Command::SignState(command) => sign_state::run(&command, output),
        Command::Override(command) => overriding::run(&command, output),
        Command::Completions { shell } => {
            let mut command = Cli::command();
            clap_complete::generate(shell, &mut command, "ballast-node", &mut std::io::stdout());
            Ok(0)
        }
    }
}
