//! Reading what a home holds.

use std::fs;
use std::path::Path;

use ballast_node::keyfile::{KeyFile, Passphrase, PassphraseError};
use ballast_node::setup::Home;
use ballast_primitives::{Network, SecretKey};
use ballast_runtime::Genesis;

use super::Failure;

/// The keys of a node.
pub struct Keys {
    pub consensus: SecretKey,
    pub peer: SecretKey,
}

/// Reads and checks a genesis file.
pub fn genesis(path: &Path) -> Result<Genesis, Failure> {
    let place = path.display();
    let bytes = fs::read(path).map_err(|error| Failure::config(format!("{place}: {error}")))?;
    Genesis::decode(&bytes).map_err(|error| Failure::config(format!("{place}: {error}")))
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

/// What the keys are on this chain, for people; an error when they contradict it.
pub fn place_in_chain(genesis: &Genesis, keys: &Keys) -> Result<String, Failure> {
    let (consensus, peer) = (keys.consensus.public(), keys.peer.public());
    let by_peer = genesis.validators.by_peer(&peer);
    match genesis.validators.get(&consensus) {
        Some(validator) if validator.peer == peer => Ok(format!("validator {}", validator.name)),
        Some(validator) => Err(Failure::config(format!(
            "the consensus key is that of {}, whose peer key is {}, not {peer}",
            validator.name, validator.peer
        ))),
        None if by_peer.is_some() => Err(Failure::config(format!(
            "the peer key is a validator's, but the consensus key {consensus} is not"
        ))),
        // Validators change after genesis, so a key that is not in it may be right.
        None => Ok("not a validator at genesis; follows until the set names its key".to_owned()),
    }
}
