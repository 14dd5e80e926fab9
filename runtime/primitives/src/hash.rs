//! 32-byte BLAKE3 digests, each made under a [`Domain`].

use std::fmt;
use std::str::FromStr;
use std::sync::LazyLock;

use blake3::hazmat::{ContextKey, HasherExt, hash_derive_key_context};
use borsh::{BorshDeserialize, BorshSerialize};

use crate::domain::Domain;

/// A BLAKE3 digest. Printed as 64 lower-case hex digits.
#[derive(
    Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, BorshSerialize, BorshDeserialize,
)]
pub struct Hash(pub [u8; 32]);

impl Hash {
    pub const ZERO: Self = Self([0; 32]);

    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&const_hex::encode(self.0))
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", const_hex::encode(&self.0[..6]))
    }
}

impl FromStr for Hash {
    type Err = const_hex::FromHexError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const_hex::decode_to_array(text).map(Self)
    }
}

/// Collects the bytes of one digest.
pub struct Hasher(blake3::Hasher);

impl Hasher {
    pub fn new(domain: Domain) -> Self {
        Self(blake3::Hasher::new_from_context_key(context_key(domain)))
    }

    pub fn update(&mut self, bytes: &[u8]) -> &mut Self {
        self.0.update(bytes);
        self
    }

    pub fn finish(&self) -> Hash {
        Hash(*self.0.finalize().as_bytes())
    }
}

/// The digest of `bytes` under `domain`.
pub fn digest(domain: Domain, bytes: &[u8]) -> Hash {
    Hasher::new(domain).update(bytes).finish()
}

/// The digest of a value's canonical bytes under `domain`.
pub fn digest_of<T: BorshSerialize>(domain: Domain, value: &T) -> Hash {
    digest(domain, &crate::codec::encode(value))
}

/// Deriving a context key costs a compression, so the hot ones are kept.
#[allow(clippy::indexing_slicing, reason = "`ALL` lists every variant in its place: domain.rs")]
fn context_key(domain: Domain) -> &'static ContextKey {
    static KEYS: LazyLock<[ContextKey; Domain::ALL.len()]> =
        LazyLock::new(|| Domain::ALL.map(|domain| hash_derive_key_context(domain.context())));
    &KEYS[domain as usize]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_is_blake3_derive_key_of_its_context() {
        for domain in Domain::ALL {
            assert_eq!(digest(domain, b"abc").0, blake3::derive_key(domain.context(), b"abc"));
        }
    }
}
