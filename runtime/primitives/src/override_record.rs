//! The way past a block that was decided and cannot be executed: a record by which a quorum of the
//! validators that decided its height declare it void. A void block stays in the chain with its
//! certificate; nothing of it is executed, so the state after it is the state before it.

use borsh::{BorshDeserialize, BorshSerialize};
use thiserror::Error;

use crate::certificate::{CertificateError, CommitSignature, check_signers};
use crate::codec::{self, DecodeError};
use crate::committee::Committee;
use crate::domain::SignTag;
use crate::hash::Hash;
use crate::keys::{PublicKey, SecretKey};
use crate::signature::verify;

/// The largest encoded record with its signatures: those of a hundred validators.
pub const OVERRIDE_BYTES_MAX: usize = 16 * 1024;

/// What is done instead of executing the block.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
#[borsh(use_discriminant = true)]
#[repr(u8)]
pub enum Action {
    /// Nothing: all its transactions are left out, and nothing else that a block does happens.
    Void = 0,
}

/// What validators sign.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Override {
    pub genesis: Hash,
    pub height: u64,
    /// The id of the block that was decided there.
    pub block: Hash,
    pub action: Action,
}

/// A record with signatures by consensus keys of the height's validator set.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct SignedOverride {
    pub record: Override,
    /// Strictly ascending by validator.
    pub signatures: Vec<CommitSignature>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum OverrideError {
    #[error("the record is of another chain")]
    Genesis,
    #[error("the record is of another height or block")]
    Block,
    #[error("the records differ")]
    Differ,
    #[error("{0}")]
    Signatures(#[from] CertificateError),
}

impl Override {
    /// The bytes signed: tag, record.
    pub fn signed_bytes(&self) -> Vec<u8> {
        [SignTag::Override.bytes().as_slice(), &codec::encode(self)].concat()
    }
}

impl SignedOverride {
    pub const fn unsigned(record: Override) -> Self {
        Self { record, signatures: Vec::new() }
    }

    pub fn encode(&self) -> Vec<u8> {
        codec::encode(self)
    }

    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        codec::decode(bytes, OVERRIDE_BYTES_MAX)
    }

    /// Adds a signature, in its place.
    pub fn sign(&mut self, key: &SecretKey) {
        let signature = key.sign(&self.record.signed_bytes());
        self.add(CommitSignature { validator: key.public(), signature });
    }

    /// Adds the signatures that another copy of the record has.
    pub fn merge(&mut self, other: &Self) -> Result<(), OverrideError> {
        if self.record != other.record {
            return Err(OverrideError::Differ);
        }
        other.signatures.iter().for_each(|signature| self.add(*signature));
        Ok(())
    }

    fn add(&mut self, signature: CommitSignature) {
        let place = self.signatures.binary_search_by_key(&signature.validator, |s| s.validator);
        if let Err(place) = place {
            self.signatures.insert(place, signature);
        }
    }

    /// The keys of those who signed.
    pub fn signers(&self) -> impl Iterator<Item = PublicKey> {
        self.signatures.iter().map(|entry| entry.validator)
    }

    /// Whether it makes the block `block` at `height` void: it names both and this chain, and a
    /// quorum of that height's validator set signed it.
    pub fn check(
        &self,
        genesis: &Hash,
        height: u64,
        block: &Hash,
        committee: &Committee,
    ) -> Result<(), OverrideError> {
        if self.record.genesis != *genesis {
            return Err(OverrideError::Genesis);
        }
        if self.record.height != height || self.record.block != *block {
            return Err(OverrideError::Block);
        }
        check_signers(committee, &self.signatures)?;
        let message = self.record.signed_bytes();
        for entry in &self.signatures {
            verify(&entry.validator, &message, &entry.signature)
                .map_err(|_| CertificateError::BadSignature(entry.validator))?;
        }
        Ok(())
    }
}
