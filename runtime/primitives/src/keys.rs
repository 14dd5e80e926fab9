//! ed25519 keys and signatures as bytes, and signing. Verification is in [`crate::signature`].

use std::fmt;
use std::str::FromStr;

use borsh::{BorshDeserialize, BorshSerialize};
use ed25519_dalek::Signer as _;
use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::domain::Domain;
use crate::hash;

/// A compressed ed25519 public key, not yet checked; see
/// [`crate::signature::check_public_key`]. Printed as hex.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, BorshSerialize, BorshDeserialize)]
pub struct PublicKey(pub [u8; 32]);

/// An ed25519 signature: R then S.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, BorshSerialize, BorshDeserialize)]
pub struct Signature(pub [u8; 64]);

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&const_hex::encode(self.0))
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "key {}", const_hex::encode(&self.0[..6]))
    }
}

impl fmt::Debug for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "signature {}", const_hex::encode(&self.0[..6]))
    }
}

impl FromStr for PublicKey {
    type Err = const_hex::FromHexError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const_hex::decode_to_array(text).map(Self)
    }
}

/// An ed25519 secret seed. Has no `Debug`, `Display` or serialisation, and is wiped when dropped.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct SecretKey([u8; 32]);

impl SecretKey {
    pub const fn from_seed(seed: [u8; 32]) -> Self {
        Self(seed)
    }

    /// A key that anyone can derive again from `seed` and `label`: for dev networks and tests.
    pub fn dev(seed: &str, label: &str) -> Self {
        let mut hasher = hash::Hasher::new(Domain::DevKey);
        hasher.update(&(seed.len() as u64).to_le_bytes());
        hasher.update(seed.as_bytes()).update(label.as_bytes());
        Self(hasher.finish().0)
    }

    /// The 32 secret bytes, for a keystore to encrypt. Never print them.
    pub const fn expose(&self) -> &[u8; 32] {
        &self.0
    }

    pub fn public(&self) -> PublicKey {
        PublicKey(ed25519_dalek::SigningKey::from_bytes(&self.0).verifying_key().to_bytes())
    }

    pub fn sign(&self, message: &[u8]) -> Signature {
        Signature(ed25519_dalek::SigningKey::from_bytes(&self.0).sign(message).to_bytes())
    }
}
