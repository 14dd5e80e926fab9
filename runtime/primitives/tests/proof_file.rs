//! The format of a proof file, frozen: `golden/proof_file.txt` holds its bytes in hex, field by
//! field. `BALLAST_BLESS=1` writes it anew, which is a change of the format.

use ballast_primitives::history::SetChange;
use ballast_primitives::merkle::Path;
use ballast_primitives::proof::{CertifiedHeader, Proof, ProofFile, ReceiptProof, StateProof};
use ballast_primitives::{
    CommitCertificate, CommitSignature, Committee, Hash, Header, PublicKey, SecretKey, Signature,
    Validator, codec,
};

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/proof_file.txt");

fn certified(height: u64) -> CertifiedHeader {
    let header = Header {
        version: Header::VERSION,
        genesis: Hash([1; 32]),
        height,
        parent: Hash([2; 32]),
        parent_round: 0,
        time: 3,
        proposer: PublicKey([4; 32]),
        payload: Hash([5; 32]),
        executed_height: 6,
        state_root: Hash([7; 32]),
        receipts_root: Hash([8; 32]),
        validators: Hash([9; 32]),
        next_validators: Hash([10; 32]),
    };
    let entry = CommitSignature { validator: PublicKey([11; 32]), signature: Signature([12; 64]) };
    let (block, signatures) = (Hash([13; 32]), vec![entry]);
    CertifiedHeader {
        header,
        certificate: CommitCertificate { height, round: 14, block, signatures },
    }
}

fn files() -> [(&'static str, ProofFile); 2] {
    let validator = Validator {
        key: SecretKey::dev("golden", "key").public(),
        peer: SecretKey::dev("golden", "peer").public(),
        power: 15,
        name: "one".to_owned(),
    };
    let set = Committee::new(vec![validator]).unwrap();
    let change = |height| SetChange { anchor: certified(height), set: set.clone() };
    let path = Path { index: 1, count: 2, siblings: vec![Hash([16; 32])] };
    let (leaf, anchor) = (vec![17, 18], certified(30));
    let state = Proof::State(StateProof { leaf, path: path.clone(), anchor });
    let receipt = Proof::Receipt(ReceiptProof {
        height: 5,
        receipt: vec![19],
        path,
        before: Hash([20; 32]),
        after: vec![Hash([21; 32])],
        anchor: certified(30),
    });
    // A change at the proof's own height or above is not part of the file.
    let changes = vec![change(20), change(30), change(31)];
    [("state", ProofFile::new(changes, state)), ("receipt", ProofFile::new(vec![], receipt))]
}

#[test]
fn proof_files_are_as_committed() {
    let line = |(name, file): (&str, ProofFile)| {
        let hex: String = codec::encode(&file).iter().map(|byte| format!("{byte:02x}")).collect();
        format!("{name} {hex}\n")
    };
    let text: String = files().map(line).concat();
    if std::env::var_os("BALLAST_BLESS").is_some() {
        std::fs::write(FILE, &text).unwrap();
    }
    assert_eq!(std::fs::read_to_string(FILE).unwrap(), text);
    for (_, file) in files() {
        assert_eq!(codec::decode::<ProofFile>(&codec::encode(&file), 1 << 20).unwrap(), file);
    }
}
