//! `up`: makes a network, starts it, and stays with it unless told to detach.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use ballast_primitives::amount;
use ballast_testnet::chain::{Chain, show};
use ballast_testnet::failure::exit;
use ballast_testnet::layout::Spec;
use ballast_testnet::manifest::Manifest;
use ballast_testnet::{Failure, Network};

use super::{env, line, object, place, row, signals, table};
use crate::cli::UpArgs;

const POLL: Duration = Duration::from_millis(200);
/// As many accounts as fit on a screen.
const ACCOUNTS_SHOWN: u32 = 10;

pub fn run(dir: &Path, args: &UpArgs, json: bool) -> Result<(), Failure> {
    let interrupted = signals::watch()?;
    let spec = Spec {
        validators: usize::from(args.validators),
        accounts: args.accounts,
        base_port: args.base_port,
        chain_id: args.chain_id,
        seed: args.seed.clone(),
        ..Spec::default()
    };
    let network = Network::create(dir, &spec)?;
    let all = network.all()?;
    eprintln!("starting {} validators in {}", all.len(), network.dir().display());
    let started = network.launch(&all).and_then(|_| network.wait_ready(&all, &interrupted));
    if let Err(failure) = started {
        network.stop(&all)?;
        let Failure { exit, message } = failure;
        let reset = format!("ballast testnet reset{}", place(&network));
        let message = format!("{message}\nall stopped; to begin again: {reset}");
        return Err(Failure { exit, message });
    }
    if json {
        object(env::value(&network)?);
    } else {
        line(introduction(&network, args.detach)?.trim_end());
    }
    if args.detach { Ok(()) } else { stay(&network, &interrupted) }
}

/// Until a signal, or until another command has stopped the network.
fn stay(network: &Network, interrupted: &AtomicBool) -> Result<(), Failure> {
    let mut alive = vec![true; network.all()?.len()];
    while !interrupted.load(Ordering::Relaxed) {
        let manifest = match network.manifest() {
            Ok(manifest) => manifest,
            Err(failure) if failure.exit == exit::NOT_FOUND => return Ok(()),
            Err(failure) => return Err(failure),
        };
        if manifest.validators.iter().all(|entry| entry.process.is_none()) {
            // A restart stops all of them for a moment.
            thread::sleep(POLL * 5);
            let all = network.manifest().map(|manifest| manifest.validators).unwrap_or_default();
            if all.iter().all(|entry| entry.process.is_none()) {
                eprintln!("stopped by another command");
                return Ok(());
            }
        }
        for (entry, before) in manifest.validators.iter().zip(&mut alive) {
            let now = entry.alive().is_some();
            if *before && !now && entry.process.is_some() {
                let log = network.log(entry);
                eprintln!("{} has ended; see {}", entry.name, log.display());
            }
            *before = now;
        }
        thread::sleep(POLL);
    }
    eprintln!("stopping");
    network.stop(&network.all()?)?;
    eprintln!("stopped; to go on: ballast testnet restart{}", place(network));
    Ok(())
}

fn introduction(network: &Network, detached: bool) -> Result<String, Failure> {
    let manifest = network.manifest()?;
    let chain = Chain::of(&manifest)?;
    let dir = place(network);
    let mut text = format!("chain {}, genesis {}\n\n", manifest.chain_id, manifest.genesis_hash);
    text.push_str(&validators(&manifest));
    text.push('\n');
    text.push_str(&accounts(&manifest, &chain));
    text.push('\n');
    let mut rows = Vec::new();
    if manifest.accounts > 1 {
        let pay = format!("ballast pay dev:1 12.50 --from dev:0 --wait{dir}");
        rows.push(vec!["pay".to_owned(), pay]);
    }
    let down = format!("ballast testnet down{dir}");
    let stop = if detached { down } else { format!("Ctrl-C, or: {down}") };
    rows.push(vec!["look".to_owned(), format!("ballast testnet status{dir}")]);
    rows.push(vec!["script".to_owned(), format!("ballast testnet env --json{dir}")]);
    rows.push(vec!["stop".to_owned(), stop]);
    rows.push(vec!["delete".to_owned(), format!("ballast testnet reset{dir}")]);
    text.push_str(&table(&rows));
    Ok(text)
}

fn validators(manifest: &Manifest) -> String {
    let mut rows = vec![row(["VALIDATOR", "GRPC", "OPERATOR", "PID"])];
    rows.extend(manifest.validators.iter().map(|entry| {
        let pid = entry.process.map(|process| process.pid.to_string()).unwrap_or_default();
        vec![entry.name.clone(), entry.grpc(), entry.operator(), pid]
    }));
    table(&rows)
}

fn accounts(manifest: &Manifest, chain: &Chain) -> String {
    let dollars = amount::format_dollars(u128::from(manifest.balance_micros));
    let mut rows = vec![row(["ACCOUNT", "ADDRESS", "DOLLARS"])];
    rows.extend(
        (0..manifest.accounts.min(ACCOUNTS_SHOWN))
            .map(|n| vec![format!("dev:{n}"), show(&chain.account(n).address), dollars.clone()]),
    );
    let mut text = table(&rows);
    if let Some(more) = manifest.accounts.checked_sub(ACCOUNTS_SHOWN).filter(|more| *more > 0) {
        text.push_str(&format!("and {more} more\n"));
    }
    text
}
