//! `env`: everything a script needs.

use ballast_runtime::object::Role;
use ballast_testnet::chain::{Chain, show};
use ballast_testnet::layout::GENESIS_FILE;
use ballast_testnet::manifest::{Entry, Manifest};
use ballast_testnet::{Failure, Network};
use serde_json::{Value, json};

use super::object;

/// A network may have far more accounts; their keys follow from the seed.
const ACCOUNTS_MAX: u32 = 100;

pub fn run(network: &Network) -> Result<(), Failure> {
    object(value(network)?);
    Ok(())
}

pub fn value(network: &Network) -> Result<Value, Failure> {
    let manifest = network.manifest()?;
    let chain = Chain::of(&manifest)?;
    let entries = manifest.validators.iter();
    Ok(json!({
        "validators": entries.map(|entry| validator(network, entry)).collect::<Vec<_>>(),
        "accounts": accounts(&manifest, &chain),
        "roles": Role::ALL.map(|role| role_value(&chain, role)),
        "chain_id": manifest.chain_id,
        "genesis_hash": manifest.genesis_hash,
        "genesis_file": network.dir().join(GENESIS_FILE),
        "dev_seed": manifest.dev_seed,
        "dir": network.dir(),
    }))
}

pub fn validator(network: &Network, entry: &Entry) -> Value {
    json!({
        "name": entry.name,
        "grpc": entry.grpc(),
        "operator": entry.operator(),
        "pid": entry.alive().map(|process| process.pid),
        "home": network.home(entry),
        "key": entry.key,
        "peer": entry.peer,
        "joined": entry.joined,
    })
}

fn accounts(manifest: &Manifest, chain: &Chain) -> Vec<Value> {
    let account = |n| {
        let signer = chain.account(n);
        let secret = signer.keys.first().map(|key| const_hex::encode(key.expose()));
        json!({ "name": format!("dev:{n}"), "address": show(&signer.address), "secret": secret })
    };
    (0..manifest.accounts.min(ACCOUNTS_MAX)).map(account).collect()
}

/// Their secrets follow from the seed.
fn role_value(chain: &Chain, role: Role) -> Value {
    let name = role.name().to_lowercase().replace('_', "-");
    let address = show(&chain.role(role).address);
    json!({ "name": format!("dev:{name}"), "role": role.name(), "address": address })
}
