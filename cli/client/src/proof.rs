//! Proofs, verified from a genesis file alone: no validator needs to be trusted, or reachable.
//!
//! A proof ends at a header that a quorum of its height's validator set committed. Where the set
//! has changed since genesis, a [`ProofFile`] carries the changes that lead there, each committed
//! by the set before it. So what is trusted is the genesis file, and that a quorum of each set on
//! the way has signed one chain only.

use ballast_primitives::codec;
use ballast_primitives::history::SetHistory;
use ballast_primitives::proof::{
    PROOF_BYTES_MAX, PROOF_FILE_BYTES_MAX, PROOF_FILE_TAG, Proof, ProofFile, ReceiptProof,
    StateProof,
};
use ballast_primitives::{Hash, Header};
use ballast_runtime::limits::OBJECT_BYTES_MAX;
use ballast_runtime::{Genesis, Key, Object, Receipt};
use borsh::{BorshDeserialize, BorshSerialize};

use crate::error::Error;

/// An object of the state that a quorum of a validator set stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProvenObject {
    pub key: Key,
    pub object: Object,
    /// The state after this height held it.
    pub height: u64,
    /// The header that attests it.
    pub anchor: Header,
}

/// A receipt that a quorum of a validator set stands for.
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

/// Verifies the canonical bytes of a [`ProofFile`], or of a bare [`StateProof`] or
/// [`ReceiptProof`], which hold while the genesis set decides.
pub fn verify(bytes: &[u8], genesis: &Genesis) -> Result<Proven, Error> {
    Ok(verify_with_sets(bytes, genesis)?.0)
}

/// As [`verify`], with the validator sets from genesis up to the one that certified the proof.
pub fn verify_with_sets(bytes: &[u8], genesis: &Genesis) -> Result<(Proven, SetHistory), Error> {
    let ProofFile { changes, proof, .. } = read(bytes)?;
    let sets = SetHistory::new(genesis.hash(), genesis.validators.clone()).extended(changes)?;
    proof.verify_through(&sets)?;
    Ok((proven(proof)?, sets))
}

/// What a proof that has been verified says.
pub(crate) fn proven(proof: Proof) -> Result<Proven, Error> {
    Ok(match proof {
        Proof::State(proof) => Proven::Object(Box::new(proven_object(proof)?)),
        Proof::Receipt(proof) => Proven::Receipt(Box::new(proven_receipt(proof)?)),
    })
}

/// Reads a proof file, or a bare proof of either kind.
fn read(bytes: &[u8]) -> Result<ProofFile, Error> {
    if bytes.starts_with(&PROOF_FILE_TAG) {
        return decode(bytes, PROOF_FILE_BYTES_MAX);
    }
    let proof = match (decode(bytes, PROOF_BYTES_MAX), decode(bytes, PROOF_BYTES_MAX)) {
        (Ok(proof), _) => Proof::State(proof),
        (_, Ok(proof)) => Proof::Receipt(proof),
        (Err(problem), Err(_)) => return Err(problem),
    };
    Ok(ProofFile::new(Vec::new(), proof))
}

/// Reads the answer of GetProof.
pub fn read_answer(proof: ballast_proto::v1::get_proof_response::Proof) -> Result<Proof, Error> {
    use ballast_proto::v1::get_proof_response::Proof as Answer;
    match proof {
        Answer::StateProof(bytes) => Ok(Proof::State(decode(&bytes, PROOF_BYTES_MAX)?)),
        Answer::ReceiptProof(bytes) => Ok(Proof::Receipt(decode(&bytes, PROOF_BYTES_MAX)?)),
    }
}

fn decode<T: BorshDeserialize + BorshSerialize>(bytes: &[u8], limit: usize) -> Result<T, Error> {
    codec::decode(bytes, limit).map_err(|error| Error::ProofMalformed(error.to_string()))
}

fn proven_object(proof: StateProof) -> Result<ProvenObject, Error> {
    let (key, object) = read_leaf(&proof.leaf)?;
    let height = proof.anchor.header.executed_height;
    Ok(ProvenObject { key, object, height, anchor: proof.anchor.header })
}

fn proven_receipt(proof: ReceiptProof) -> Result<ProvenReceipt, Error> {
    let receipt: Receipt = decode(&proof.receipt, PROOF_BYTES_MAX)?;
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
    use ballast_primitives::history::SetChange;
    use ballast_primitives::proof::CertifiedHeader;
    use ballast_primitives::{
        Address, CommitCertificate, CommitSignature, Committee, SecretKey, Validator, Vote,
        VoteKind,
    };
    use ballast_runtime::{State, dev};

    use super::*;

    const SEED: &str = "proof";
    /// The set of genesis, and two later ones.
    const FIRST: &[usize] = &[0, 1, 2, 3];
    const SECOND: &[usize] = &[0, 1, 2, 3, 4];
    const THIRD: &[usize] = &[1, 2, 3, 4];

    fn validator_key(n: usize) -> SecretKey {
        SecretKey::dev(SEED, &format!("validator {n}"))
    }

    fn committee(members: &[usize]) -> Committee {
        let validator = |n: &usize| Validator {
            key: validator_key(*n).public(),
            peer: SecretKey::dev(SEED, &format!("peer {n}")).public(),
            power: 1,
            name: format!("validator-{n}"),
        };
        Committee::new(members.iter().map(validator).collect()).unwrap()
    }

    fn genesis() -> Genesis {
        let spec = dev::DevSpec {
            chain_id: 7,
            time: 1_000,
            validators: committee(FIRST).validators().to_vec(),
            accounts: 3,
            balance: 5_000_000,
            seed: SEED.into(),
        };
        dev::genesis(&spec).unwrap()
    }

    /// A header that attests the genesis state and names two sets, committed by just a quorum of
    /// the first.
    fn anchor(height: u64, now: &[usize], next: &[usize]) -> CertifiedHeader {
        let genesis = genesis();
        let hash = genesis.hash();
        let header = Header {
            version: Header::VERSION,
            genesis: hash,
            height,
            parent: hash,
            parent_round: 0,
            time: 2_000,
            proposer: validator_key(now[0]).public(),
            payload: Hash::ZERO,
            executed_height: 0,
            state_root: State::from_genesis(&genesis).unwrap().root(),
            receipts_root: Hash::ZERO,
            validators: committee(now).digest(),
            next_validators: committee(next).digest(),
        };
        let (kind, block) = (VoteKind::Precommit, header.id());
        let message = Vote { kind, height, round: 0, block: Some(block) }.signed_bytes(&hash);
        let sign = |n: &usize| {
            let key = validator_key(*n);
            CommitSignature { validator: key.public(), signature: key.sign(&message) }
        };
        let quorum = 2 * now.len() / 3 + 1;
        let mut signatures: Vec<_> = now.iter().take(quorum).map(sign).collect();
        signatures.sort_by_key(|entry| entry.validator);
        let certificate = CommitCertificate { height, round: 0, block, signatures };
        CertifiedHeader { header, certificate }
    }

    fn change(height: u64, now: &[usize], next: &[usize]) -> SetChange {
        SetChange { anchor: anchor(height, now, next), set: committee(next) }
    }

    fn state_proof(key: &Key, anchor: CertifiedHeader) -> StateProof {
        let (leaf, path) = State::from_genesis(&genesis()).unwrap().prove(key).unwrap();
        StateProof { leaf, path, anchor }
    }

    fn bare(key: &Key) -> Vec<u8> {
        codec::encode(&state_proof(key, anchor(1, FIRST, FIRST)))
    }

    /// A proof at height 20, where the third set decides.
    fn later(changes: Vec<SetChange>) -> Vec<u8> {
        let proof = state_proof(&Key::Supply, anchor(20, THIRD, THIRD));
        codec::encode(&ProofFile::new(changes, Proof::State(proof)))
    }

    fn refusal(bytes: &[u8]) -> String {
        verify(bytes, &genesis()).unwrap_err().to_string()
    }

    #[test]
    fn a_true_balance_is_accepted_and_refused_after_any_one_byte_is_changed() {
        let genesis = genesis();
        let address: Address = dev::account_address(SEED, 1);
        let bytes = bare(&Key::Account(address));
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
        let bytes = bare(&Key::Supply);
        assert!(matches!(verify(&bytes, &other), Err(Error::ProofInvalid(_))));
        assert!(verify(&bytes, &genesis()).is_ok());
    }

    #[test]
    fn a_proof_of_a_later_set_carries_the_changes_that_lead_to_it() {
        let all = vec![change(6, FIRST, SECOND), change(9, SECOND, THIRD)];
        let bytes = later([all.clone(), vec![change(30, THIRD, FIRST)]].concat());
        assert_eq!(bytes, later(all.clone()), "what comes after the proof is left out");
        let (proven, sets) = verify_with_sets(&bytes, &genesis()).unwrap();
        assert_eq!(proven.anchor().height, 20);
        assert_eq!((sets.changes(), sets.at(20)), (2, (10, &committee(THIRD))));
        for at in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[at] ^= 1;
            assert!(verify(&changed, &genesis()).is_err(), "byte {at}");
        }
    }

    #[test]
    fn a_chain_of_changes_that_is_cut_or_forged_is_refused_and_the_reason_says_where() {
        let (one, two) = (change(6, FIRST, SECOND), change(9, SECOND, THIRD));
        let cut = "the header of height 20 names a validator set that the changes given do not \
                   lead to: some are missing, or it is forged";
        for changes in [vec![], vec![one.clone()]] {
            assert!(refusal(&later(changes)).ends_with(cut));
        }
        let headless = refusal(&later(vec![two.clone()]));
        let why = "the change of the validator set at height 9 does not hold: the header names \
                   another validator set";
        assert!(headless.ends_with(why), "{headless}");
        // The first set goes on after its end, and chooses a set of its own.
        let forged = refusal(&later(vec![one.clone(), change(9, FIRST, THIRD)]));
        assert!(forged.ends_with(why), "{forged}");
        let swapped = SetChange { set: committee(THIRD), ..one };
        let forged = refusal(&later(vec![swapped, two]));
        assert!(forged.contains("at height 6 does not hold: the set given is not"), "{forged}");
    }

    #[test]
    fn a_set_that_no_longer_decides_proves_nothing() {
        let proof = state_proof(&Key::Supply, anchor(20, FIRST, FIRST));
        let changes = vec![change(6, FIRST, SECOND)];
        let file = ProofFile::new(changes, Proof::State(proof));
        let why = "the header of height 20 names a validator set whose last height was 6: it \
                   decides nothing there any more";
        assert!(refusal(&codec::encode(&file)).ends_with(why));
        // The same signatures under the name of the set that decides.
        let mut stolen = state_proof(&Key::Supply, anchor(20, SECOND, SECOND));
        stolen.anchor.certificate.signatures.truncate(3);
        let file = ProofFile::new(file.changes, Proof::State(stolen));
        let refused = refusal(&codec::encode(&file));
        assert!(refused.contains("signed power 3 of 5 is not more than two thirds"), "{refused}");
    }
}
