//! Who may sign for an account.

use borsh::{BorshDeserialize, BorshSerialize};
use thiserror::Error;

use crate::keys::PublicKey;
use crate::signature::check_public_key;

/// The most keys a threshold policy may hold.
pub const KEYS_MAX: usize = 16;

/// An account's keys: one, or any `k` of up to sixteen.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, BorshSerialize, BorshDeserialize)]
pub enum KeyPolicy {
    Single(PublicKey),
    /// `keys` strictly ascending.
    Threshold {
        k: u8,
        keys: Vec<PublicKey>,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum PolicyError {
    #[error("a threshold policy holds 1 to {KEYS_MAX} keys")]
    KeyCount,
    #[error("the keys of a threshold policy must be strictly ascending")]
    KeyOrder,
    #[error("the threshold must be between 1 and the number of keys")]
    Threshold,
    #[error("a key is not a canonical ed25519 point of large order")]
    BadKey,
}

impl KeyPolicy {
    /// A `k`-of-n policy over `keys` in any order.
    pub fn threshold(k: u8, mut keys: Vec<PublicKey>) -> Result<Self, PolicyError> {
        keys.sort_unstable();
        let policy = Self::Threshold { k, keys };
        policy.check()?;
        Ok(policy)
    }

    pub fn keys(&self) -> &[PublicKey] {
        match self {
            Self::Single(key) => std::slice::from_ref(key),
            Self::Threshold { keys, .. } => keys,
        }
    }

    /// How many of the keys must sign.
    pub const fn required(&self) -> usize {
        match self {
            Self::Single(_) => 1,
            Self::Threshold { k, .. } => *k as usize,
        }
    }

    /// Checks a policy before it is registered.
    pub fn check(&self) -> Result<(), PolicyError> {
        if let Self::Threshold { k, keys } = self {
            if keys.is_empty() || keys.len() > KEYS_MAX {
                return Err(PolicyError::KeyCount);
            }
            if !keys.is_sorted_by(|a, b| a < b) {
                return Err(PolicyError::KeyOrder);
            }
            if *k == 0 || usize::from(*k) > keys.len() {
                return Err(PolicyError::Threshold);
            }
        }
        let good = self.keys().iter().all(|key| check_public_key(key).is_ok());
        if good { Ok(()) } else { Err(PolicyError::BadKey) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::SecretKey;

    fn keys(n: usize) -> Vec<PublicKey> {
        let mut keys: Vec<_> =
            (0..n).map(|i| SecretKey::dev("policy", &i.to_string()).public()).collect();
        keys.sort_unstable();
        keys
    }

    #[test]
    fn a_policy_is_refused_at_each_edge() {
        let check = |k, keys| KeyPolicy::Threshold { k, keys }.check();
        assert_eq!(check(1, vec![]), Err(PolicyError::KeyCount));
        assert_eq!(check(1, keys(17)), Err(PolicyError::KeyCount));
        assert_eq!(check(16, keys(16)), Ok(()));
        assert_eq!(check(0, keys(3)), Err(PolicyError::Threshold));
        assert_eq!(check(4, keys(3)), Err(PolicyError::Threshold));
        let mut swapped = keys(3);
        swapped.swap(0, 1);
        assert_eq!(check(2, swapped), Err(PolicyError::KeyOrder));
        let key = keys(1)[0];
        assert_eq!(check(1, vec![key, key]), Err(PolicyError::KeyOrder));
        assert_eq!(KeyPolicy::Single(PublicKey([0; 32])).check(), Err(PolicyError::BadKey));
    }
}
