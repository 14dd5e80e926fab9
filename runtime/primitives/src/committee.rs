//! The validator set of a height and its quorum arithmetic.

use std::collections::BTreeSet;

use borsh::{BorshDeserialize, BorshSerialize};
use thiserror::Error;

use crate::domain::Domain;
use crate::hash::{self, Hash};
use crate::keys::PublicKey;
use crate::planted::{Bug, planted};
use crate::signature::check_public_key;

/// The most validators a chain may have.
pub const VALIDATORS_MAX: usize = 100;
/// The longest validator name, in bytes.
pub const NAME_MAX: usize = 64;

/// A validator: the key that signs its votes, the key of its network identity, its voting power
/// and a name for people.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Validator {
    pub key: PublicKey,
    pub peer: PublicKey,
    pub power: u64,
    pub name: String,
}

/// A validator set, ordered by consensus key.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Committee {
    validators: Vec<Validator>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum CommitteeError {
    #[error("a validator set holds 1 to {VALIDATORS_MAX} validators")]
    Count,
    #[error("two validators share a consensus key or a peer key")]
    SharedKey,
    #[error("a validator's voting power must be at least 1, and all of it below 2^62")]
    Power,
    #[error("a validator's name must be 1 to {NAME_MAX} bytes")]
    Name,
    #[error("a validator's key is not a canonical ed25519 point of large order")]
    BadKey,
}

impl Committee {
    /// Orders and checks a validator set.
    pub fn new(mut validators: Vec<Validator>) -> Result<Self, CommitteeError> {
        validators.sort_by_key(|validator| validator.key);
        let committee = Self { validators };
        committee.check()?;
        Ok(committee)
    }

    /// Checks a set that was decoded.
    pub fn check(&self) -> Result<(), CommitteeError> {
        if self.validators.is_empty() || self.validators.len() > VALIDATORS_MAX {
            return Err(CommitteeError::Count);
        }
        let peers: BTreeSet<_> = self.validators.iter().map(|v| v.peer).collect();
        let ordered = self.validators.is_sorted_by(|a, b| a.key < b.key);
        if !ordered || peers.len() != self.validators.len() {
            return Err(CommitteeError::SharedKey);
        }
        let power_max = u128::from(u64::MAX >> 2);
        if self.validators.iter().any(|v| v.power == 0) || self.total_power() > power_max {
            return Err(CommitteeError::Power);
        }
        if self.validators.iter().any(|v| v.name.is_empty() || v.name.len() > NAME_MAX) {
            return Err(CommitteeError::Name);
        }
        let keys_good =
            |v: &Validator| check_public_key(&v.key).and(check_public_key(&v.peer)).is_ok();
        if !self.validators.iter().all(keys_good) {
            return Err(CommitteeError::BadKey);
        }
        Ok(())
    }

    pub fn validators(&self) -> &[Validator] {
        &self.validators
    }

    pub fn len(&self) -> usize {
        self.validators.len()
    }

    pub fn is_empty(&self) -> bool {
        self.validators.is_empty()
    }

    pub fn get(&self, key: &PublicKey) -> Option<&Validator> {
        let at = self.validators.binary_search_by_key(key, |validator| validator.key).ok()?;
        self.validators.get(at)
    }

    pub fn by_peer(&self, peer: &PublicKey) -> Option<&Validator> {
        self.validators.iter().find(|validator| validator.peer == *peer)
    }

    pub fn total_power(&self) -> u128 {
        self.validators.iter().map(|validator| u128::from(validator.power)).sum()
    }

    /// Whether `signed` power is a quorum: more than two thirds of the total.
    pub fn is_quorum(&self, signed: u128) -> bool {
        let one_less = u128::from(planted(Bug::QuorumMinusOne));
        3 * (signed + one_less) > 2 * self.total_power()
    }

    /// Whether among validators of this power at least one is honest, as long as those that are
    /// not have less than a third of the total.
    pub fn has_honest(&self, power: u128) -> bool {
        power > 0 && 3 * power >= self.total_power()
    }

    pub fn digest(&self) -> Hash {
        hash::digest_of(Domain::Committee, self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::SecretKey;

    fn committee(powers: &[u64]) -> Result<Committee, CommitteeError> {
        let validators = powers.iter().enumerate().map(|(n, power)| Validator {
            key: SecretKey::dev("c", &format!("key {n}")).public(),
            peer: SecretKey::dev("c", &format!("peer {n}")).public(),
            power: *power,
            name: format!("validator-{n}"),
        });
        Committee::new(validators.collect())
    }

    #[test]
    fn a_quorum_is_more_than_two_thirds() {
        let cases = [(1, 0, 1), (3, 2, 3), (4, 2, 3), (7, 4, 5), (10, 6, 7), (100, 66, 67)];
        for (n, too_few, enough) in cases {
            let committee = committee(&vec![1; n]).unwrap();
            assert!(!committee.is_quorum(too_few), "{too_few} of {n}");
            assert!(committee.is_quorum(enough), "{enough} of {n}");
        }
    }

    #[test]
    fn a_set_is_refused_at_each_edge() {
        assert_eq!(committee(&[]), Err(CommitteeError::Count));
        assert_eq!(committee(&[1; 101]), Err(CommitteeError::Count));
        assert!(committee(&[1; 100]).is_ok());
        assert_eq!(committee(&[1, 0]), Err(CommitteeError::Power));
        assert_eq!(committee(&[u64::MAX >> 2, 1]), Err(CommitteeError::Power));
        let mut twin = committee(&[1, 1]).unwrap().validators;
        twin[0].peer = twin[1].peer;
        assert_eq!(Committee::new(twin), Err(CommitteeError::SharedKey));
    }
}
