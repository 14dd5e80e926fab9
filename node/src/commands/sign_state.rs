//! `sign-state reset`: the operator's word that what the key has signed is not known.

use std::fs;
use std::io::ErrorKind;

use crate::journal::{DataLock, LockError, Owner, SignState, Wal};
use crate::setup::Home;
use crate::store::{Store, StoreOptions};
use ballast_primitives::{Hash, PublicKey};
use ballast_replica::safety::{History, Memory};
use serde_json::json;

use super::{Failure, Output, home};
use crate::cli::{PassphraseArgs, SignStateCommand};

pub fn run(command: &SignStateCommand, output: Output) -> Result<u8, Failure> {
    let SignStateCommand::Reset { home, passphrase, .. } = command;
    reset(&home.home(), passphrase, output)
}

fn reset(home: &Home, passphrase: &PassphraseArgs, output: Output) -> Result<u8, Failure> {
    let genesis = home::genesis(&home.genesis())?;
    let ask = || passphrase.source().read("passphrase of this node's keys");
    let key = home::keys(home, genesis.network, ask)?.consensus.public();
    let _lock = DataLock::acquire(home.path()).map_err(|error| match error {
        LockError::Held { .. } => Failure::safety(error),
        LockError::Io { .. } => Failure::internal(error),
    })?;
    let owner = Owner { key: key.0, chain: genesis.hash().0 };
    // Above all that name the one that is lost.
    let generation = newest_generation(home, &owner)?.saturating_add(1);
    let memory = Memory { last: None, history: History::Unknown };
    SignState::renew(&home.sign_state(), owner, generation, &memory.encode())
        .map_err(Failure::internal)?;
    // Nothing will be signed at the heights that it is about.
    match fs::remove_file(home.wal()) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(Failure::internal(error)),
        _ => {}
    }
    let text = "the sign-state is new, and what the key has signed is not known: started, the \
                validator follows without signing until the chain has passed it\n";
    output.answer(text, json!({ "history": "unknown", "generation": generation }));
    Ok(0)
}

fn newest_generation(home: &Home, owner: &Owner) -> Result<u64, Failure> {
    let own = SignState::identify(&home.sign_state()).ok();
    let own = own.filter(|identity| identity.key == owner.key);
    let log = home.wal().exists().then(|| Wal::open(&home.wal(), owner).ok()).flatten();
    let named = [
        own.map_or(0, |identity| identity.generation),
        log.map_or(0, |(_, contents)| contents.generation),
        generation_in_database(home, owner)?,
    ];
    Ok(named.into_iter().max().unwrap_or(0))
}

fn generation_in_database(home: &Home, owner: &Owner) -> Result<u64, Failure> {
    if !home.database().exists() {
        return Ok(0);
    }
    let store = Store::open(&home.database(), &Hash(owner.chain), StoreOptions::default())
        .map_err(Failure::internal)?;
    let signer = store.signer().map_err(Failure::internal)?;
    let signer = signer.filter(|signer| signer.key == PublicKey(owner.key));
    Ok(signer.map_or(0, |signer| signer.generation))
}
