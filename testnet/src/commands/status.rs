//! `status`: what every validator is doing.

use ballast_testnet::manifest::Entry;
use ballast_testnet::operator::{self, Status};
use ballast_testnet::process::State;
use ballast_testnet::{Failure, Network};
use serde_json::{Value, json};

use super::{line, object, row, table};

pub fn run(network: &Network, json: bool) -> Result<(), Failure> {
    let manifest = network.manifest()?;
    let views: Vec<_> = manifest.validators.iter().map(View::of).collect();
    if json {
        let validators: Vec<_> = views.iter().map(View::value).collect();
        let (chain_id, genesis_hash) = (manifest.chain_id, manifest.genesis_hash);
        object(json!({
            "chain_id": chain_id, "genesis_hash": genesis_hash, "validators": validators,
        }));
        return Ok(());
    }
    let mut rows = vec![row(["VALIDATOR", "STATE", "HEIGHT", "PEERS", "VOTING", "PID", "GRPC"])];
    rows.extend(views.iter().map(View::row));
    line(table(&rows).trim_end());
    Ok(())
}

struct View<'a> {
    entry: &'a Entry,
    state: &'static str,
    status: Option<Status>,
}

impl<'a> View<'a> {
    fn of(entry: &'a Entry) -> Self {
        let process = entry.process.map(|process| process.state());
        // A paused process accepts connections and never answers.
        let status =
            (process == Some(State::Running)).then(|| operator::status(entry.operator_address()));
        let status = status.flatten();
        let state = match (process, &status) {
            (None, _) => "stopped",
            (Some(State::Gone), _) => "dead",
            (Some(State::Paused), _) => "paused",
            (Some(State::Running), None) => "silent",
            (Some(State::Running), Some(status)) if status.syncing => "syncing",
            (Some(State::Running), Some(status)) if status.ready => "ready",
            (Some(State::Running), Some(_)) => "not ready",
        };
        Self { entry, state, status }
    }

    fn row(&self) -> Vec<String> {
        let shown =
            |show: fn(&Status) -> String| self.status.as_ref().map_or_else(|| "-".to_owned(), show);
        vec![
            self.entry.name.clone(),
            self.state.to_owned(),
            shown(|status| status.height.to_string()),
            shown(|status| status.peers_connected.to_string()),
            shown(|status| status.voting.clone()),
            self.entry.alive().map_or_else(|| "-".to_owned(), |process| process.pid.to_string()),
            self.entry.grpc(),
        ]
    }

    fn value(&self) -> Value {
        let status = self.status.as_ref();
        json!({
            "name": self.entry.name,
            "state": self.state,
            "height": status.map(|status| status.height),
            "peers_connected": status.map(|status| status.peers_connected),
            "voting": status.map(|status| &status.voting),
            "pid": self.entry.alive().map(|process| process.pid),
            "grpc": self.entry.grpc(),
            "operator": self.entry.operator(),
        })
    }
}
