//! Signatures of votes and proposals that were verified, so that none is verified twice.

use std::collections::{BTreeMap, BTreeSet};

use ballast_primitives::hash::{Hash, Hasher};
use ballast_primitives::{Domain, PublicKey, Signature};

/// The most that are remembered of one signer. An honest one signs two votes a round.
pub const OF_ONE_MAX: usize = 256;

#[derive(Debug, Default)]
pub struct Verified(BTreeMap<PublicKey, BTreeSet<Hash>>);

fn digest(bytes: &[u8], signature: &Signature) -> Hash {
    Hasher::new(Domain::SignedMessage).update(&signature.0).update(bytes).finish()
}

impl Verified {
    pub fn len(&self) -> usize {
        self.0.values().map(BTreeSet::len).sum()
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn contains(&self, key: &PublicKey, bytes: &[u8], signature: &Signature) -> bool {
        self.0.get(key).is_some_and(|of_key| of_key.contains(&digest(bytes, signature)))
    }

    pub fn insert(&mut self, key: &PublicKey, bytes: &[u8], signature: &Signature) {
        let of_key = self.0.entry(*key).or_default();
        if of_key.len() < OF_ONE_MAX {
            of_key.insert(digest(bytes, signature));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_one_signs_is_remembered_up_to_its_own_bound() {
        let (one, other) = (PublicKey([1; 32]), PublicKey([2; 32]));
        let mut verified = Verified::default();
        let signature = Signature([3; 64]);
        for n in 0..1_000u32 {
            verified.insert(&one, &n.to_le_bytes(), &signature);
        }
        verified.insert(&other, &7u32.to_le_bytes(), &signature);
        assert_eq!(verified.len(), OF_ONE_MAX + 1);
        assert!(verified.contains(&one, &7u32.to_le_bytes(), &signature));
        assert!(verified.contains(&other, &7u32.to_le_bytes(), &signature));
        assert!(!verified.contains(&other, &8u32.to_le_bytes(), &signature));
        assert!(!verified.contains(&one, &7u32.to_le_bytes(), &Signature([4; 64])));
        assert!(!verified.contains(&one, &999u32.to_le_bytes(), &signature));
    }
}
