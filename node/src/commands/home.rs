//! Reading what a home holds.

use std::path::Path;
use std::{fmt, fs};

use crate::keyfile::{KeyFile, Passphrase, PassphraseError};
use crate::setup::Home;
use ballast_primitives::{Network, SecretKey};
use ballast_runtime::Genesis;

use super::Failure;

/// The keys of a node.
pub struct Keys {
    pub consensus: SecretKey,
    pub peer: SecretKey,
}

/// Reads a genesis file. What it says is checked when a database begins with it.
pub fn genesis(path: &Path) -> Result<Genesis, Failure> {
    let bytes = fs::read(path).map_err(|error| unusable(path, error))?;
    Genesis::decode(&bytes).map_err(|error| unusable(path, error))
}

/// Reads a genesis file and checks what it says.
pub fn checked_genesis(path: &Path) -> Result<Genesis, Failure> {
    let genesis = genesis(path)?;
    genesis.check().map_err(|error| unusable(path, error))?;
    Ok(genesis)
}

fn unusable(path: &Path, error: impl fmt::Display) -> Failure {
    Failure::config(format!("{}: {error}", path.display()))
}

/// Opens both keys. `ask` is called at most once, and only when a key is encrypted.
pub fn keys(
    home: &Home,
    network: Network,
    ask: impl FnOnce() -> Result<Passphrase, PassphraseError>,
) -> Result<Keys, Failure> {
    let consensus = KeyFile::read(&home.consensus_key())?;
    let peer = KeyFile::read(&home.peer_key())?;
    let encrypted = consensus.is_encrypted() || peer.is_encrypted();
    let passphrase = if encrypted { Some(ask()?) } else { None };
    let open = |file: KeyFile| file.open(network == Network::Dev, passphrase.as_ref());
    Ok(Keys { consensus: open(consensus)?, peer: open(peer)? })
}

/// What a node's keys are at genesis.
pub struct Place {
    /// For people.
    pub text: String,
    /// Whether the keys contradict the genesis set. Sets change, so they may be right all the same.
    pub contradicts: bool,
}

pub fn place_in_chain(genesis: &Genesis, keys: &Keys) -> Place {
    let (consensus, peer) = (keys.consensus.public(), keys.peer.public());
    let (text, contradicts) =
        match (genesis.validators.get(&consensus), genesis.validators.by_peer(&peer)) {
            (Some(validator), _) if validator.peer == peer => {
                (format!("validator {}", validator.name), false)
            }
            (Some(validator), _) => (
                format!(
                    "the consensus key is {}'s at genesis, with the peer key {}, not {peer}; right \
                     only if the validator set has changed since",
                    validator.name, validator.peer
                ),
                true,
            ),
            (None, Some(validator)) => (
                format!(
                    "the peer key is {}'s at genesis, with another consensus key than {consensus}; \
                     right only if the validator set has changed since",
                    validator.name
                ),
                true,
            ),
            (None, None) => {
                let text = "not a validator at genesis; follows until the set names its key";
                (text.to_owned(), false)
            }
        };
    Place { text, contradicts }
}
