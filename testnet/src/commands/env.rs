//! `env`: everything a script needs.

use ballast_primitives::{Address, KeyPolicy, SecretKey};
use ballast_runtime::dev;
use ballast_runtime::object::Role;
use ballast_testnet::chain::show;
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
    let seed = manifest.dev_seed.as_str();
    let entries = manifest.validators.iter();
    Ok(json!({
        "validators": entries.map(|entry| validator(network, entry)).collect::<Vec<_>>(),
        "accounts": accounts(&manifest),
        "roles": Role::ALL.map(|role| role_value(seed, role)),
        "council": council(seed),
        "officers": officers(seed),
        "fee_account": account("dev:fees", &dev::fee_key(seed)),
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

fn accounts(manifest: &Manifest) -> Vec<Value> {
    let seed = &manifest.dev_seed;
    let funded = |n| account(&format!("dev:{n}"), &dev::account_key(seed, n));
    (0..manifest.accounts.min(ACCOUNTS_MAX)).map(funded).collect()
}

/// An account of one key.
fn account(name: &str, key: &SecretKey) -> Value {
    let address = Address::of(&KeyPolicy::Single(key.public()));
    json!({
        "name": name,
        "address": show(&address),
        "key": key.public().to_string(),
        "secret": const_hex::encode(key.expose()),
    })
}

fn with(mut account: Value, name: &str, value: &str) -> Value {
    if let Some(fields) = account.as_object_mut() {
        fields.insert(name.to_owned(), json!(value));
    }
    account
}

fn role_value(seed: &str, role: Role) -> Value {
    let name = role.name().to_lowercase().replace('_', "-");
    with(account(&format!("dev:{name}"), &dev::role_key(seed, role)), "role", role.name())
}

/// Each member signs for its account and, off the chain, for itself with one key.
fn council(seed: &str) -> Vec<Value> {
    let member = |(n, key): (usize, SecretKey)| account(&format!("dev:council-{n}"), &key);
    dev::council_keys(seed).into_iter().enumerate().map(member).collect()
}

/// Officers sign reserve reports; they have no accounts.
fn officers(seed: &str) -> Vec<Value> {
    let officer = |(name, key): (&str, SecretKey)| {
        json!({
            "name": format!("dev:{name}"),
            "key": key.public().to_string(),
            "secret": const_hex::encode(key.expose()),
        })
    };
    ["ceo", "cfo"].into_iter().zip(dev::officer_keys(seed)).map(officer).collect()
}
