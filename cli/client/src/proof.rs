//! Proofs, verified from a genesis file alone: no validator needs to be trusted, or reachable.

use ballast_primitives::codec;
use ballast_primitives::proof::{PROOF_BYTES_MAX, ReceiptProof, StateProof};
use ballast_primitives::{Hash, Header};
use ballast_runtime::limits::OBJECT_BYTES_MAX;
use ballast_runtime::{Genesis, Key, Object, Receipt};
use borsh::BorshDeserialize;

use crate::error::Error;

/// An object of the state that a quorum of the genesis committee stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProvenObject {
    pub key: Key,
    pub object: Object,
    /// The state after this height held it.
    pub height: u64,
    /// The header that attests it.
    pub anchor: Header,
}

/// A receipt that a quorum of the genesis committee stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProvenReceipt {
    pub receipt: Receipt,
    pub anchor: Header,
}

/// What a proof file proves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Proven {
    Object(Box<ProvenObject>),
    Receipt(Box<ProvenReceipt>),
}

/// Verifies the canonical bytes of a [`StateProof`] or a [`ReceiptProof`], whichever they are.
pub fn verify(bytes: &[u8], genesis: &Genesis) -> Result<Proven, Error> {
    match verify_state(bytes, genesis) {
        Err(Error::ProofMalformed(problem)) => match verify_receipt(bytes, genesis) {
            Err(Error::ProofMalformed(_)) => Err(Error::ProofMalformed(problem)),
            other => other.map(|proven| Proven::Receipt(Box::new(proven))),
        },
        other => other.map(|proven| Proven::Object(Box::new(proven))),
    }
}

/// Verifies the canonical bytes of a [`StateProof`] against the committee of `genesis`.
pub fn verify_state(bytes: &[u8], genesis: &Genesis) -> Result<ProvenObject, Error> {
    let malformed = |error: String| Error::ProofMalformed(error);
    let proof: StateProof =
        codec::decode(bytes, PROOF_BYTES_MAX).map_err(|error| malformed(error.to_string()))?;
    proof.verify(&genesis.hash(), &genesis.validators)?;
    let (key, object) = read_leaf(&proof.leaf)?;
    let height = proof.anchor.header.executed_height;
    Ok(ProvenObject { key, object, height, anchor: proof.anchor.header })
}

/// Verifies the canonical bytes of a [`ReceiptProof`] against the committee of `genesis`.
pub fn verify_receipt(bytes: &[u8], genesis: &Genesis) -> Result<ProvenReceipt, Error> {
    let malformed = |error: codec::DecodeError| Error::ProofMalformed(error.to_string());
    let proof: ReceiptProof = codec::decode(bytes, PROOF_BYTES_MAX).map_err(malformed)?;
    proof.verify(&genesis.hash(), &genesis.validators)?;
    let receipt: Receipt = codec::decode(&proof.receipt, PROOF_BYTES_MAX).map_err(malformed)?;
    if receipt.height != proof.height {
        return Err(Error::ProofMalformed("the receipt names another height".to_owned()));
    }
    Ok(ProvenReceipt { receipt, anchor: proof.anchor.header })
}

/// The id of the transaction whose receipt is proven, or the key of the object.
impl Proven {
    /// The height whose results are proven.
    pub const fn height(&self) -> u64 {
        match self {
            Self::Object(proven) => proven.height,
            Self::Receipt(proven) => proven.receipt.height,
        }
    }

    /// The header that attests it.
    pub const fn anchor(&self) -> &Header {
        match self {
            Self::Object(proven) => &proven.anchor,
            Self::Receipt(proven) => &proven.anchor,
        }
    }

    /// The id of the block that attests it.
    pub fn block(&self) -> Hash {
        self.anchor().id()
    }
}

/// A leaf is the key's canonical bytes, then the object's.
fn read_leaf(leaf: &[u8]) -> Result<(Key, Object), Error> {
    let malformed = |problem: String| Error::ProofMalformed(problem);
    let mut rest = leaf;
    let key = Key::deserialize(&mut rest).map_err(|error| malformed(error.to_string()))?;
    let object: Object =
        codec::decode(rest, OBJECT_BYTES_MAX).map_err(|error| malformed(error.to_string()))?;
    let mut canonical = codec::encode(&key);
    codec::encode_into(&object, &mut canonical);
    if canonical != leaf || !object.fits(&key) {
        return Err(malformed("the object does not belong under its key".to_owned()));
    }
    Ok((key, object))
}

#[cfg(test)]
mod tests {
    use ballast_primitives::proof::CertifiedHeader;
    use ballast_primitives::{
        Address, CommitCertificate, CommitSignature, SecretKey, Validator, Vote, VoteKind,
    };
    use ballast_runtime::{State, dev};

    use super::*;

    const SEED: &str = "proof";

    fn validator_key(n: usize) -> SecretKey {
        SecretKey::dev(SEED, &format!("validator {n}"))
    }

    fn genesis() -> Genesis {
        let validators = (0..4).map(|n| Validator {
            key: validator_key(n).public(),
            peer: SecretKey::dev(SEED, &format!("peer {n}")).public(),
            power: 1,
            name: format!("validator-{n}"),
        });
        let spec = dev::DevSpec {
            chain_id: 7,
            time: 1_000,
            validators: validators.collect(),
            accounts: 3,
            balance: 5_000_000,
            seed: SEED.into(),
        };
        dev::genesis(&spec).unwrap()
    }

    /// A header of height 1 that attests the genesis state, committed by three of four.
    fn anchor(genesis: &Genesis, state: &State) -> CertifiedHeader {
        let (hash, committee) = (genesis.hash(), genesis.validators.digest());
        let header = Header {
            version: Header::VERSION,
            genesis: hash,
            height: 1,
            parent: hash,
            time: 2_000,
            proposer: validator_key(0).public(),
            payload: Hash::ZERO,
            executed_height: 0,
            state_root: state.root(),
            receipts_root: Hash::ZERO,
            validators: committee,
            next_validators: committee,
        };
        let (kind, block) = (VoteKind::Precommit, header.id());
        let vote = Vote { kind, height: 1, round: 0, block: Some(block) };
        let message = vote.signed_bytes(&hash);
        let sign = |n| {
            let key = validator_key(n);
            CommitSignature { validator: key.public(), signature: key.sign(&message) }
        };
        let mut signatures: Vec<_> = (0..3).map(sign).collect();
        signatures.sort_by_key(|entry| entry.validator);
        let certificate = CommitCertificate { height: 1, round: 0, block, signatures };
        CertifiedHeader { header, certificate }
    }

    fn proof_of(key: &Key, genesis: &Genesis) -> Vec<u8> {
        let state = State::from_genesis(genesis).unwrap();
        let (leaf, path) = state.prove(key).unwrap();
        codec::encode(&StateProof { leaf, path, anchor: anchor(genesis, &state) })
    }

    #[test]
    fn a_true_balance_is_accepted_and_refused_after_any_one_byte_is_changed() {
        let genesis = genesis();
        let address: Address = dev::account_address(SEED, 1);
        let bytes = proof_of(&Key::Account(address), &genesis);
        let Proven::Object(proven) = verify(&bytes, &genesis).unwrap() else { panic!() };
        assert_eq!((&proven.key, proven.height), (&Key::Account(address), 0));
        assert!(matches!(&proven.object, Object::Account(a) if a.balance == 5_000_000));
        for at in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[at] ^= 1;
            assert!(verify(&changed, &genesis).is_err(), "byte {at}");
        }
        assert!(verify(&bytes[..bytes.len() - 1], &genesis).is_err());
        assert!(verify(&[bytes.as_slice(), b"x"].concat(), &genesis).is_err());
    }

    #[test]
    fn a_proof_of_another_chain_is_refused() {
        let mut other = genesis();
        other.chain_id = 8;
        let bytes = proof_of(&Key::Supply, &genesis());
        assert!(matches!(verify(&bytes, &other), Err(Error::ProofInvalid(_))));
        assert!(verify(&bytes, &genesis()).is_ok());
    }
}
