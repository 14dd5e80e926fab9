//! Who may be connected, and under which consensus key each peer speaks.
//!
//! The list is the chain's: the validators that the replica names, which change with the state,
//! and the observers that this node's operator lets in. Addresses come from the configuration
//! alone. A peer that it has no address for is let in and must dial us, as one does that was
//! chosen after the file was written.
//!
//! Around a change of keys a peer may stand for two consensus keys, and a consensus key for two
//! peers: the newest set comes first.

use std::collections::{BTreeMap, BTreeSet};

use ballast_primitives::{PublicKey, Validator};

use super::mailbox::Rank;
use crate::config::NetworkConfig;
use crate::net::{PeerEntry, PeerKey};

/// What the configuration says of peers, read once.
#[derive(Clone, Debug, Default)]
pub struct Directory {
    addresses: BTreeMap<PeerKey, String>,
    observers: Vec<Listed>,
}

/// A peer that may connect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    pub key: PublicKey,
    pub peer: PeerKey,
    pub name: String,
}

impl Directory {
    pub fn new(network: &NetworkConfig) -> Self {
        let addresses = network.peers.iter().filter_map(|peer| {
            let key: PublicKey = peer.key.parse().ok()?;
            Some((PeerKey(key.0), peer.address.clone()))
        });
        let observers = network.observers.iter().filter_map(|observer| {
            let (peer, key): (PublicKey, PublicKey) =
                (observer.key.parse().ok()?, observer.consensus_key.parse().ok()?);
            let peer = PeerKey(peer.0);
            Some(Listed { key, peer, name: format!("observer {peer}") })
        });
        Self { addresses: addresses.collect(), observers: observers.collect() }
    }
}

/// The list, without this node itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Book {
    listed: Vec<Listed>,
    keys: BTreeMap<PeerKey, Vec<PublicKey>>,
    peers: BTreeMap<PublicKey, Vec<PeerKey>>,
    /// Validators that are listed and have no address in the configuration.
    unknown: Vec<Listed>,
    entries: Vec<PeerEntry>,
    /// Peers that are let in and stand for no validator.
    observers: BTreeSet<PeerKey>,
}

/// This node, by both of its keys.
#[derive(Clone, Copy, Debug)]
pub struct Me {
    pub key: PublicKey,
    pub peer: PeerKey,
}

impl Book {
    pub fn new(me: &Me, validators: &[&Validator], directory: &Directory) -> Self {
        let mut book = Self::default();
        let validators = validators.iter().map(|validator| Listed {
            key: validator.key,
            peer: PeerKey(validator.peer.0),
            name: validator.name.clone(),
        });
        let count = validators.len();
        for (at, listed) in validators.chain(directory.observers.iter().cloned()).enumerate() {
            if listed.key == me.key || listed.peer == me.peer {
                continue;
            }
            let keys = book.keys.entry(listed.peer).or_default();
            if keys.is_empty() {
                if at >= count {
                    book.observers.insert(listed.peer);
                }
                let address = directory.addresses.get(&listed.peer).cloned();
                if address.is_none() && at < count {
                    book.unknown.push(listed.clone());
                }
                book.entries.push(PeerEntry { key: listed.peer, address });
            }
            push_new(keys, listed.key);
            push_new(book.peers.entry(listed.key).or_default(), listed.peer);
            book.listed.push(listed);
        }
        book
    }

    /// As the network takes it.
    pub fn entries(&self) -> &[PeerEntry] {
        &self.entries
    }

    /// The listed validators for which the configuration has no address.
    pub fn unknown(&self) -> &[Listed] {
        &self.unknown
    }

    pub fn peers(&self) -> impl Iterator<Item = PeerKey> + '_ {
        self.keys.keys().copied()
    }

    pub fn peers_of(&self, key: &PublicKey) -> &[PeerKey] {
        self.peers.get(key).map_or(&[], Vec::as_slice)
    }

    /// The consensus keys that a peer may speak for, the newest first.
    pub fn keys_of(&self, peer: &PeerKey) -> &[PublicKey] {
        self.keys.get(peer).map_or(&[], Vec::as_slice)
    }

    /// The key under which `peer` speaks: the one that its message names, if it is one of its own.
    pub fn speaker(&self, peer: &PeerKey, named: Option<PublicKey>) -> Option<PublicKey> {
        let keys = self.keys_of(peer);
        named.filter(|named| keys.contains(named)).or_else(|| keys.first().copied())
    }

    /// A validator's name for people.
    pub fn name_of(&self, key: &PublicKey) -> String {
        let listed = self.listed.iter().find(|listed| listed.key == *key);
        listed.map_or_else(|| key.to_string(), |listed| listed.name.clone())
    }

    /// Whether a peer is a validator's or an observer's.
    pub fn rank_of(&self, peer: &PeerKey) -> Rank {
        if self.observers.contains(peer) { Rank::Observer } else { Rank::Validator }
    }

    /// What one book has and the other has not.
    pub fn without<'a>(&'a self, other: &Self) -> Vec<&'a Listed> {
        let known: BTreeSet<_> = other.listed.iter().map(|l| (l.key, l.peer)).collect();
        self.listed.iter().filter(|l| !known.contains(&(l.key, l.peer))).collect()
    }
}

fn push_new<T: PartialEq>(list: &mut Vec<T>, item: T) {
    if !list.contains(&item) {
        list.push(item);
    }
}

#[cfg(test)]
mod tests {
    use ballast_primitives::SecretKey;

    use super::*;
    use crate::config::{ObserverConfig, PeerConfig};

    fn key(n: usize) -> PublicKey {
        SecretKey::dev("book", &format!("key {n}")).public()
    }

    fn peer(n: usize) -> PeerKey {
        PeerKey(SecretKey::dev("book", &format!("peer {n}")).public().0)
    }

    fn validator(n: usize, peer_of: usize) -> Validator {
        let peer = PublicKey(peer(peer_of).0);
        Validator { key: key(n), peer, power: 1, name: format!("validator-{n}") }
    }

    fn directory() -> Directory {
        let hex = |peer: PeerKey| PublicKey(peer.0).to_string();
        let address = |n| PeerConfig { key: hex(peer(n)), address: format!("host-{n}:1") };
        let observer = ObserverConfig { key: hex(peer(9)), consensus_key: key(9).to_string() };
        Directory::new(&NetworkConfig {
            peers: vec![address(0), address(1), address(9)],
            observers: vec![observer],
            ..NetworkConfig::default()
        })
    }

    #[test]
    fn everyone_but_this_node_is_listed_with_the_address_that_the_file_has() {
        let me = Me { key: key(0), peer: peer(0) };
        let validators = [0, 1, 2].map(|n| validator(n, n));
        let book = Book::new(&me, &validators.each_ref(), &directory());
        let entry = |n, address: Option<&str>| PeerEntry {
            key: peer(n),
            address: address.map(str::to_owned),
        };
        let expected = [entry(1, Some("host-1:1")), entry(2, None), entry(9, Some("host-9:1"))];
        assert_eq!(book.entries(), expected);
        let unknown: Vec<_> = book.unknown().iter().map(|listed| listed.name.as_str()).collect();
        assert_eq!(unknown, ["validator-2"]);
        assert_eq!(book.speaker(&peer(9), None), Some(key(9)));
        assert_eq!(book.speaker(&peer(0), None), None);
        assert_eq!(
            [1, 2, 9].map(|n| book.rank_of(&peer(n)) == Rank::Observer),
            [false, false, true]
        );
        assert_eq!(book.name_of(&key(2)), "validator-2");
    }

    #[test]
    fn around_a_change_of_keys_the_message_says_which_one_speaks() {
        let me = Me { key: key(0), peer: peer(0) };
        // Validator 1 has a new consensus key (5) on its old peer key, validator 2 a new peer key
        // (6) for its old consensus key.
        let (new, old) = ([validator(5, 1), validator(2, 6)], [validator(1, 1), validator(2, 2)]);
        let all: Vec<_> = new.iter().chain(&old).collect();
        let book = Book::new(&me, &all, &directory());
        assert_eq!(book.speaker(&peer(1), None), Some(key(5)));
        assert_eq!(book.speaker(&peer(1), Some(key(1))), Some(key(1)));
        assert_eq!(book.speaker(&peer(1), Some(key(2))), Some(key(5)), "not one of its own");
        assert_eq!(book.peers_of(&key(2)), [peer(6), peer(2)]);
        assert_eq!(book.entries().len(), 4);
        let later = Book::new(&me, &new.each_ref(), &directory());
        let gone: Vec<_> = book.without(&later).iter().map(|l| (l.key, l.peer)).collect();
        assert_eq!(gone, [(key(1), peer(1)), (key(2), peer(2))]);
        assert!(later.without(&book).is_empty());
    }
}
