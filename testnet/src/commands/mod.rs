//! One file for each command that is more than a call of the library.

mod chaos_lies;
mod chaos_suite;
mod env;
mod faucet;
mod logs;
mod signals;
mod status;
mod up;

use std::io::{self, Write};
use std::process::ExitCode;

use ballast_testnet::manifest::SCHEMA;
use ballast_testnet::{Failure, Network};
use serde_json::{Value, json};

use crate::cli::{Chaos, Cli, Command};

pub fn run(cli: Cli) -> Result<(), Failure> {
    let Cli { dir, json, command } = cli;
    let open = || Network::open(&dir);
    match command {
        Command::Up(args) => up::run(&dir, &args, json),
        Command::Status => status::run(&open()?, json),
        Command::Logs { validator, follow } => logs::run(&open()?, validator, follow),
        Command::Env => env::run(&open()?),
        Command::Faucet { address, amount } => faucet::run(&open()?, &address, &amount, json),
        Command::Down => {
            let network = open()?;
            network.stop(&network.all()?)?;
            done(json, &format!("stopped; to go on: ballast testnet restart{}", place(&network)))
        }
        Command::Reset { yes: _ } => {
            open()?.remove()?;
            done(json, &format!("stopped and deleted {}", dir.display()))
        }
        Command::Join { via } => join(&open()?, via, json),
        Command::Restart { validator } => restart(&open()?, validator, json),
        Command::Chaos(chaos) => run_chaos(open, chaos, json),
    }
}

/// Only a validator that was started after the node was added lets it in.
fn join(network: &Network, via: usize, json: bool) -> Result<(), Failure> {
    network.manifest()?.entry(via)?;
    let n = network.join()?;
    network.stop(&[via])?;
    network.launch(&[via, n])?;
    network.wait_ready(&[via, n], &false.into())?;
    let entry = network.manifest()?.entry(n)?.clone();
    if json {
        object(env::validator(network, &entry));
    } else {
        let (name, grpc) = (&entry.name, entry.grpc());
        line(&format!("{name} follows validator-{via}\ngrpc {grpc}"));
        line(&format!("consensus_key {}\npeer_key {}", entry.key, entry.peer));
    }
    Ok(())
}

fn restart(network: &Network, validator: Option<usize>, json: bool) -> Result<(), Failure> {
    let which = validator.map_or_else(|| network.all(), |n| Ok(vec![n]))?;
    network.stop(&which)?;
    network.launch(&which)?;
    if validator.is_some() {
        // Readiness needs a quorum, which the others may not be.
        network.wait_live(&which)?;
    } else {
        network.wait_ready(&which, &false.into())?;
    }
    done(json, "started")
}

fn run_chaos(
    open: impl Fn() -> Result<Network, Failure>,
    chaos: Chaos,
    json: bool,
) -> Result<(), Failure> {
    match chaos {
        Chaos::Kill { validator } => {
            open()?.kill(&[validator])?;
            done(json, &format!("killed validator-{validator}"))
        }
        Chaos::Pause { validator } => {
            open()?.pause(validator)?;
            done(json, &format!("paused validator-{validator}"))
        }
        Chaos::Resume { validator } => {
            open()?.resume(validator)?;
            done(json, &format!("resumed validator-{validator}"))
        }
        Chaos::Start { validator } => {
            let network = open()?;
            let word = if network.launch(&[validator])? { "started" } else { "already running:" };
            network.wait_live(&[validator])?;
            done(json, &format!("{word} validator-{validator}"))
        }
        Chaos::Suite(args) => chaos_suite::run(&args, json),
        Chaos::Lies(args) => chaos_lies::run(&args, json),
        Chaos::Prove => done(json, &chaos_suite::prove()?),
    }
}

/// What happened: for people on standard error, for scripts as an object.
fn done(json: bool, message: &str) -> Result<(), Failure> {
    if json {
        object(json!({ "message": message }));
    } else {
        eprintln!("{message}");
    }
    Ok(())
}

/// ` --dir D`, for commands that people are told to type.
fn place(network: &Network) -> String {
    let dir = network.dir().display().to_string();
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-".contains(c);
    // A shell takes anything between single quotes as it is, but a single quote.
    if dir.chars().all(plain) { format!(" --dir {dir}") } else { format!(" --dir '{dir}'") }
}

/// An object under the schema that all our JSON carries.
fn object(mut object: Value) {
    if let Some(fields) = object.as_object_mut() {
        fields.insert("schema".to_owned(), json!(SCHEMA));
    }
    line(&object.to_string());
}

/// A closed pipe, as behind `| head`, is no failure of ours.
fn line(text: &str) {
    let _ = writeln!(io::stdout().lock(), "{text}");
}

pub fn report(failure: &Failure, json: bool) -> ExitCode {
    if json {
        let error = json!({ "message": failure.message, "exit_code": failure.exit });
        object(json!({ "error": error }));
    } else {
        eprintln!("ballast-testnet: {failure}");
    }
    ExitCode::from(failure.exit)
}

/// Columns as wide as their widest cell, two spaces apart.
fn table(rows: &[Vec<String>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column| rows.iter().filter_map(|row| row.get(column)).map(String::len).max();
    let widths: Vec<usize> = (0..columns).map(|column| width(column).unwrap_or(0)).collect();
    let mut text = String::new();
    for row in rows {
        let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}"));
        text.push_str(cells.collect::<Vec<_>>().join("  ").trim_end());
        text.push('\n');
    }
    text
}

fn row<const N: usize>(cells: [&str; N]) -> Vec<String> {
    cells.map(str::to_owned).to_vec()
}
