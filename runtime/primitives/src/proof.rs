//! Proofs that a client checks offline: an object of the state, or a receipt, up to a header that
//! a quorum committed, from nothing but the genesis hash and the validator set behind it.

use borsh::{BorshDeserialize, BorshSerialize};
use thiserror::Error;

use crate::block::Header;
use crate::certificate::{CertificateError, CommitCertificate};
use crate::committee::Committee;
use crate::hash::Hash;
use crate::merkle::{self, Path};

/// Most bytes of a proof that a verifier looks at.
pub const PROOF_BYTES_MAX: usize = 1 << 20;

/// A header and the quorum that committed it.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct CertifiedHeader {
    pub header: Header,
    pub certificate: CommitCertificate,
}

/// That `leaf` (the Borsh bytes of a state key, then of its object) is in the state after the
/// header's `executed_height`.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct StateProof {
    pub leaf: Vec<u8>,
    pub path: Path,
    pub anchor: CertifiedHeader,
}

/// That `receipt` (its Borsh bytes) is in the block at `height`.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct ReceiptProof {
    pub height: u64,
    pub receipt: Vec<u8>,
    pub path: Path,
    /// The chained receipts root before `height`.
    pub before: Hash,
    /// The receipts roots of the blocks after `height`, up to the header's `executed_height`.
    pub after: Vec<Hash>,
    pub anchor: CertifiedHeader,
}

#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ProofError {
    #[error("the header belongs to another chain")]
    WrongChain,
    #[error("the header names another validator set")]
    WrongCommittee,
    #[error("the certificate is for another block")]
    WrongBlock,
    #[error("the certificate is not valid: {0}")]
    Certificate(#[from] CertificateError),
    #[error("the path does not lead to the root that the header attests")]
    WrongRoot,
    #[error("the header does not attest this height")]
    WrongHeight,
}

impl CertifiedHeader {
    /// Checks that `committee` committed this header on the chain of `genesis`.
    pub fn verify(&self, genesis: &Hash, committee: &Committee) -> Result<(), ProofError> {
        if self.header.genesis != *genesis {
            return Err(ProofError::WrongChain);
        }
        if self.header.validators != committee.digest() {
            return Err(ProofError::WrongCommittee);
        }
        if self.certificate.block != self.header.id()
            || self.certificate.height != self.header.height
        {
            return Err(ProofError::WrongBlock);
        }
        Ok(self.certificate.verify(genesis, committee)?)
    }
}

impl StateProof {
    /// Verifies the proof; on success `leaf` is what the state held after
    /// `anchor.header.executed_height`.
    pub fn verify(&self, genesis: &Hash, committee: &Committee) -> Result<(), ProofError> {
        self.anchor.verify(genesis, committee)?;
        let root = self.path.root(&merkle::STATE, merkle::STATE.leaf(&self.leaf));
        if root != Some(self.anchor.header.state_root) {
            return Err(ProofError::WrongRoot);
        }
        Ok(())
    }
}

impl ReceiptProof {
    /// Verifies the proof; on success `receipt` is one of the block at `height`.
    pub fn verify(&self, genesis: &Hash, committee: &Committee) -> Result<(), ProofError> {
        self.anchor.verify(genesis, committee)?;
        let attested = self.anchor.header.executed_height;
        if self.height.checked_add(self.after.len() as u64) != Some(attested) {
            return Err(ProofError::WrongHeight);
        }
        let leaf = merkle::RECEIPTS.leaf(&self.receipt);
        let block_root = self.path.root(&merkle::RECEIPTS, leaf).ok_or(ProofError::WrongRoot)?;
        let mut root = merkle::chain_receipts(&self.before, &block_root);
        for later in &self.after {
            root = merkle::chain_receipts(&root, later);
        }
        if root != self.anchor.header.receipts_root {
            return Err(ProofError::WrongRoot);
        }
        Ok(())
    }
}
