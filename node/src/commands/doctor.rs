//! `doctor`: everything that can be checked before a start, each check on its own line.

use std::io::{IsTerminal, stdin};
use std::net::TcpListener;
use std::path::Path;

use crate::config::Config;
use crate::journal::{SignState, SignStateError};
use crate::keyfile::{KeyFile, KeyFileError, PassphraseSource};
use crate::operator::client;
use crate::operator::disk::{Level, Space};
use crate::setup::Home;
use ballast_runtime::Genesis;
use serde_json::json;

use super::{Failure, Output, home};
use crate::cli::StartArgs;

/// What a check found.
enum Finding {
    Good(String),
    /// Worth knowing; not in the way of a start.
    Warning(String),
    Bad(Failure),
}

use Finding::{Bad, Good, Warning};

pub fn run(args: &StartArgs, output: Output) -> Result<u8, Failure> {
    let home = args.home.home();
    let config = args.home.load();
    let genesis = home::checked_genesis(&home.genesis());
    let mut rows = vec![("keys", keys(&home))];
    if let Ok(genesis) = &genesis {
        rows.push(("chain", chain(&home, genesis, &args.passphrase.source())));
    }
    rows.push(("sign-state", sign_state(&home)));
    rows.push(("disk", disk(&home)));
    if let Ok(loaded) = &config {
        rows.push(("ports", ports(&loaded.config)));
    }
    rows.insert(0, ("genesis", genesis.map_or_else(Bad, |g| Good(format!("hash {}", g.hash())))));
    rows.insert(
        0,
        ("config", config.map_or_else(|error| Bad(error.into()), |_| Good("valid".to_owned()))),
    );
    Ok(report(&rows, output))
}

/// Prints the rows; the exit code is that of the first bad one.
fn report(rows: &[(&str, Finding)], output: Output) -> u8 {
    let mut text = String::new();
    let mut objects = Vec::new();
    for (name, finding) in rows {
        let (mark, result, detail) = match finding {
            Good(detail) => ('+', "good", detail.as_str()),
            Warning(detail) => ('!', "warning", detail.as_str()),
            Bad(failure) => ('-', "bad", failure.message()),
        };
        text.push_str(&format!("[{mark}] {name}: {detail}\n"));
        objects.push(json!({ "check": name, "result": result, "detail": detail }));
    }
    output.answer(&text, json!({ "checks": objects }));
    let bad = rows.iter().find_map(|(_, finding)| match finding {
        Bad(failure) => Some(failure.exit()),
        Good(_) | Warning(_) => None,
    });
    bad.unwrap_or(0)
}

fn keys(home: &Home) -> Finding {
    let kinds = kind(&home.consensus_key()).and_then(|first| Ok((first, kind(&home.peer_key())?)));
    match kinds {
        Ok((consensus, peer)) => Good(format!("consensus key {consensus}, peer key {peer}")),
        Err(error) => Bad(error.into()),
    }
}

fn kind(path: &Path) -> Result<&'static str, KeyFileError> {
    let encrypted = KeyFile::read(path)?.is_encrypted();
    Ok(if encrypted { "encrypted" } else { "plaintext" })
}

/// Whether the keys belong to the chain; needs them opened.
fn chain(home: &Home, genesis: &Genesis, source: &PassphraseSource) -> Finding {
    let encrypted = [home.consensus_key(), home.peer_key()]
        .iter()
        .any(|path| KeyFile::read(path).is_ok_and(|file| file.is_encrypted()));
    if encrypted && *source == PassphraseSource::Terminal && !stdin().is_terminal() {
        return Warning("not checked: give the keys' passphrase".to_owned());
    }
    let ask = || source.read("passphrase of this node's keys");
    let keys = home::keys(home, genesis.network, ask);
    match keys.map(|keys| home::place_in_chain(genesis, &keys)) {
        Ok(place) if place.contradicts => Warning(place.text),
        Ok(place) => Good(place.text),
        Err(failure) => Bad(failure),
    }
}

fn sign_state(home: &Home) -> Finding {
    match (SignState::identify(&home.sign_state()), home.data().exists()) {
        (Ok(_), true) => Good("present".to_owned()),
        (Ok(_), false) => Good("present, with no data: the node will sync first".to_owned()),
        (Err(SignStateError::Missing { .. }), false) => {
            Warning("not initialised: run ballast-node init".to_owned())
        }
        (Err(error), _) => Bad(Failure::safety(format!("{error}. {}", home.sign_state_advice()))),
    }
}

fn disk(home: &Home) -> Finding {
    let place = if home.data().exists() { home.data() } else { home.path().to_owned() };
    match Space::of(&place) {
        Err(error) => Bad(Failure::config(format!("{}: {error}", place.display()))),
        Ok(space) => match space.level() {
            Level::Enough => Good(space.to_string()),
            Level::Low => Warning(space.to_string()),
            Level::Scarce => Warning(format!("{space}: would take no transactions")),
            Level::VeryLow => Bad(Failure::safety(format!("{space}: would not vote"))),
            Level::Out => Bad(Failure::safety(format!("{space}: would not start"))),
        },
    }
}

fn ports(config: &Config) -> Finding {
    if client::status(config.operator.listen).is_ok() {
        return Good("the node is running".to_owned());
    }
    let places = [
        ("network.listen", config.network.listen.clone()),
        ("rpc.listen", config.rpc.listen.to_string()),
        ("operator.listen", config.operator.listen.to_string()),
    ];
    for (key, place) in &places {
        if let Err(error) = TcpListener::bind(place.as_str()) {
            return Bad(Failure::config(format!("{key}: {place}: {error}")));
        }
    }
    Good("free".to_owned())
}
