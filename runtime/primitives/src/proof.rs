//! Proofs that a client checks offline: an object of the state, or a receipt, up to a header that
//! a quorum committed, from nothing but the genesis hash and the validator set behind it. Where
//! the set has changed, [`crate::history`] leads from the first one to that of the header.

use borsh::{BorshDeserialize, BorshSerialize};
use thiserror::Error;

use crate::block::Header;
use crate::certificate::{CertificateError, CommitCertificate};
use crate::committee::Committee;
use crate::hash::Hash;
use crate::history::{SetChange, SetChangeError, SetHistory};
use crate::merkle::{self, Path};

/// Most bytes of a proof that a verifier looks at.
pub const PROOF_BYTES_MAX: usize = 1 << 20;
/// Most bytes of a proof file: some 600 changes of a set of 100 validators.
pub const PROOF_FILE_BYTES_MAX: usize = 16 << 20;
/// What a proof file begins with, so that it is told from a bare proof.
pub const PROOF_FILE_TAG: [u8; 16] = *b"BALLAST1-PROOF\0\0";

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

/// A proof of either kind.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub enum Proof {
    State(StateProof),
    Receipt(ReceiptProof),
}

/// A proof with all that leads to it from the genesis: the changes of the validator set below its
/// header, in their order.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct ProofFile {
    /// [`PROOF_FILE_TAG`].
    pub tag: [u8; 16],
    pub changes: Vec<SetChange>,
    pub proof: Proof,
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
    #[error(
        "the header of height {height} names a validator set whose last height was {last}: it \
         decides nothing there any more"
    )]
    OldCommittee { height: u64, last: u64 },
    #[error(
        "the header of height {height} names a validator set that decides from height {first} on"
    )]
    EarlyCommittee { height: u64, first: u64 },
    #[error(
        "the header of height {height} names a validator set that the changes given do not lead \
         to: some are missing, or it is forged"
    )]
    UnknownCommittee { height: u64 },
    #[error("the change of the validator set at height {height} does not hold: {error}")]
    Change { height: u64, error: SetChangeError },
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

impl Proof {
    /// The header that attests what is proven.
    pub const fn anchor(&self) -> &CertifiedHeader {
        match self {
            Self::State(proof) => &proof.anchor,
            Self::Receipt(proof) => &proof.anchor,
        }
    }

    /// Verifies the proof by the set of its header's height.
    pub fn verify_through(&self, sets: &SetHistory) -> Result<(), ProofError> {
        match self {
            Self::State(proof) => proof.verify_through(sets),
            Self::Receipt(proof) => proof.verify_through(sets),
        }
    }
}

impl ProofFile {
    /// `proof`, with those of `changes` that it needs.
    pub fn new(mut changes: Vec<SetChange>, proof: Proof) -> Self {
        let height = proof.anchor().header.height;
        changes.retain(|change| change.anchor.header.height < height);
        Self { tag: PROOF_FILE_TAG, changes, proof }
    }
}

impl StateProof {
    /// Verifies the proof; on success `leaf` is what the state held after
    /// `anchor.header.executed_height`.
    pub fn verify(&self, genesis: &Hash, committee: &Committee) -> Result<(), ProofError> {
        self.anchor.verify(genesis, committee)?;
        self.check_path()
    }

    /// As [`Self::verify`], by the set of the header's height.
    pub fn verify_through(&self, sets: &SetHistory) -> Result<(), ProofError> {
        sets.verify(&self.anchor)?;
        self.check_path()
    }

    fn check_path(&self) -> Result<(), ProofError> {
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
        self.check_path()
    }

    /// As [`Self::verify`], by the set of the header's height.
    pub fn verify_through(&self, sets: &SetHistory) -> Result<(), ProofError> {
        sets.verify(&self.anchor)?;
        self.check_path()
    }

    fn check_path(&self) -> Result<(), ProofError> {
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
