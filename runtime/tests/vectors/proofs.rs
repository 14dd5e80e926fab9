//! Proofs of balances and receipts from a genesis file on, and how a server could lie with them.

use ballast_primitives::history::{SetChange, SetHistory};
use ballast_primitives::proof::{
    CertifiedHeader, PROOF_FILE_BYTES_MAX, Proof, ProofError, ProofFile, ReceiptProof, StateProof,
};
use ballast_primitives::{Address, Hash, codec, merkle};
use ballast_runtime::{Genesis, Key, State};
use serde_json::{Value, json};

use crate::certificates::{certify, change, header, set, verdict};
use crate::common::Who::Holder;
use crate::common::{self, World, op};
use crate::pages::Pages;
use crate::{check, hex};

const A: &[usize] = &[0, 1, 2, 3];
const B: &[usize] = &[0, 1, 2, 3, 4];

/// Three blocks of payments, and headers that attest what they left.
struct Story {
    genesis: Genesis,
    states: Vec<State>,
    /// By block: its receipts.
    receipts: Vec<Vec<Vec<u8>>>,
    /// The chained root after each block, genesis first.
    chained: Vec<Hash>,
}

impl Story {
    fn new() -> Self {
        let mut genesis = common::genesis();
        genesis.validators = set(A);
        let mut world = World::from(&genesis);
        let mut story = Self {
            genesis,
            states: vec![world.state.clone()],
            receipts: vec![vec![]],
            chained: vec![Hash::ZERO],
        };
        for block in 1..=3u64 {
            let pay = |n: u32| vec![op::transfer(Holder((n + 1) % 4), 1_000_000 * block)];
            let txs: Vec<_> = (0..3).map(|n| world.tx(Holder(n), pay(n))).collect();
            let outcome = world.block(&txs);
            let before = story.chained[block as usize - 1];
            story.states.push(world.state.clone());
            story.receipts.push(outcome.receipts.iter().map(codec::encode).collect());
            story.chained.push(merkle::chain_receipts(&before, &outcome.receipts_root));
        }
        story
    }

    /// A header of `members` at `height` that attests the results of `executed`.
    fn anchor(&self, height: u64, executed: usize, members: &[usize]) -> CertifiedHeader {
        let mut header = header(self.genesis.hash(), height, &set(members), &set(members));
        header.executed_height = executed as u64;
        header.state_root = self.states[executed].root();
        header.receipts_root = self.chained[executed];
        certify(header, members)
    }

    fn state_proof(&self, key: &Key, executed: usize, anchor: CertifiedHeader) -> StateProof {
        let (leaf, path) = self.states[executed].prove(key).unwrap();
        StateProof { leaf, path, anchor }
    }

    fn receipt_proof(&self, block: usize, index: usize, anchor: CertifiedHeader) -> ReceiptProof {
        let root = |receipts: &Vec<Vec<u8>>| {
            let leaves: Vec<_> =
                receipts.iter().map(|bytes| merkle::RECEIPTS.leaf(bytes)).collect();
            (merkle::RECEIPTS.root_of(&leaves), leaves)
        };
        let attested = anchor.header.executed_height as usize;
        let (_, leaves) = root(&self.receipts[block]);
        ReceiptProof {
            height: block as u64,
            receipt: self.receipts[block][index].clone(),
            path: merkle::RECEIPTS.path_of(&leaves, index as u64).unwrap(),
            before: self.chained[block - 1],
            after: self.receipts[block + 1..=attested].iter().map(|later| root(later).0).collect(),
            anchor,
        }
    }
}

fn account(n: u32) -> Key {
    Key::Account(Holder(n).address())
}

/// A name, the changes of the set, and what is claimed.
type Claim = (&'static str, Vec<SetChange>, Proof);

fn about_balances(story: &Story) -> Vec<Claim> {
    let good = story.state_proof(&account(1), 3, story.anchor(4, 3, A));
    let grown = vec![change(story.genesis.hash(), 6, A, B)];
    let changed = |change: &dyn Fn(&mut StateProof)| {
        let mut proof = good.clone();
        change(&mut proof);
        (vec![], Proof::State(proof))
    };
    let lifted = |height, members| {
        Proof::State(story.state_proof(&account(1), 3, story.anchor(height, 3, members)))
    };
    let supply = story.state_proof(&Key::Supply, 3, story.anchor(4, 3, A));
    let balance_at = 1 + 32 + 1 + 1 + 32;
    let claims = vec![
        ("a balance", changed(&|_| ())),
        ("the supply", (vec![], Proof::State(supply))),
        (
            "a balance of another height",
            (vec![], Proof::State(story.state_proof(&account(1), 2, story.anchor(3, 2, A)))),
        ),
        ("a balance under a later set", (grown.clone(), lifted(20, B))),
        ("the balance altered", changed(&|proof| proof.leaf[balance_at + 5] ^= 1)),
        ("the address altered", changed(&|proof| proof.leaf[1] ^= 1)),
        (
            "another account's leaf",
            changed(&|proof| {
                proof.leaf = story.states[3].prove(&account(2)).unwrap().0;
            }),
        ),
        (
            "an older leaf",
            changed(&|proof| {
                proof.leaf = story.states[2].prove(&account(1)).unwrap().0;
            }),
        ),
        (
            "the path a step short",
            changed(&|proof| {
                proof.path.siblings.pop();
            }),
        ),
        ("the path a step long", changed(&|proof| proof.path.siblings.push(Hash::ZERO))),
        ("a sibling altered", changed(&|proof| proof.path.siblings[1].0[0] ^= 1)),
        ("another place", changed(&|proof| proof.path.index ^= 1)),
        ("a place beyond the last", changed(&|proof| proof.path.index = proof.path.count)),
        ("another number of leaves", changed(&|proof| proof.path.count += 1)),
        ("no leaves", changed(&|proof| proof.path.count = 0)),
        ("the most leaves", changed(&|proof| proof.path.count = u64::MAX)),
        ("another state root", changed(&|proof| proof.anchor.header.state_root = Hash::ZERO)),
        (
            "two of four signatures",
            changed(&|proof| {
                proof.anchor.certificate.signatures.truncate(2);
            }),
        ),
        (
            "a signature altered",
            changed(&|proof| {
                proof.anchor.certificate.signatures[3].signature.0[40] ^= 1;
            }),
        ),
        ("an old set after its time", (grown, lifted(20, A))),
        ("a later set without what leads to it", (vec![], lifted(20, B))),
    ];
    claims.into_iter().map(|(what, (changes, proof))| (what, changes, proof)).collect()
}

fn about_receipts(story: &Story) -> Vec<Claim> {
    let good = story.receipt_proof(2, 1, story.anchor(5, 3, A));
    let changed = |change: &dyn Fn(&mut ReceiptProof)| {
        let mut proof = good.clone();
        change(&mut proof);
        Proof::Receipt(proof)
    };
    let at_once = story.receipt_proof(3, 0, story.anchor(5, 3, A));
    let claims = vec![
        ("a receipt", changed(&|_| ())),
        ("a receipt of the block that is attested", Proof::Receipt(at_once)),
        ("the receipt altered", changed(&|proof| proof.receipt[70] ^= 1)),
        (
            "another receipt of the block",
            changed(&|proof| {
                proof.receipt = story.receipts[2][0].clone();
            }),
        ),
        (
            "the path of a receipt a step short",
            changed(&|proof| {
                proof.path.siblings.pop();
            }),
        ),
        ("another height", changed(&|proof| proof.height = 3)),
        ("the greatest height", changed(&|proof| proof.height = u64::MAX)),
        (
            "a root after it missing",
            changed(&|proof| {
                proof.after.pop();
            }),
        ),
        ("a root after it altered", changed(&|proof| proof.after[0].0[0] ^= 1)),
        ("the root before it altered", changed(&|proof| proof.before.0[0] ^= 1)),
        ("another header", changed(&|proof| proof.anchor = story.anchor(4, 2, A))),
        (
            "another receipts root",
            changed(&|proof| {
                proof.anchor.header.receipts_root = Hash::ZERO;
            }),
        ),
    ];
    claims.into_iter().map(|(what, proof)| (what, vec![], proof)).collect()
}

fn judge(story: &Story, file: &ProofFile) -> Result<(), ProofError> {
    let history = SetHistory::new(story.genesis.hash(), story.genesis.validators.clone());
    file.proof.verify_through(&history.extended(file.changes.clone())?)
}

fn vector(story: &Story, pages: &Pages, (what, changes, proof): Claim) -> Value {
    let file = ProofFile::new(changes, proof);
    let bytes = codec::encode(&file);
    pages.decode("ProofFile", &bytes);
    let answer = judge(story, &file);
    let proven = answer.is_ok().then(|| match &file.proof {
        Proof::State(proof) => {
            let mut rest = &proof.leaf[..];
            let (key, object) = (pages.named("Key", &mut rest), pages.named("Object", &mut rest));
            json!({ "key": key, "object": object })
        }
        Proof::Receipt(proof) => json!({ "receipt": pages.decode("Receipt", &proof.receipt) }),
    });
    json!({ "what": what, "proof_file": hex(bytes), "proven": proven, "reason": verdict(&answer) })
}

/// Bytes of a good proof file, cut or with something left over.
fn malformed(story: &Story) -> Vec<Value> {
    let proof = story.state_proof(&account(1), 3, story.anchor(4, 3, A));
    let good = codec::encode(&ProofFile::new(vec![], Proof::State(proof)));
    let mut other_kind = good.clone();
    other_kind[20] = 2;
    let cases = [
        ("a byte short", good[..good.len() - 1].to_vec()),
        ("half", good[..good.len() / 2].to_vec()),
        ("a byte left over", [&good[..], &[0]].concat()),
        ("a kind of proof that there is not", other_kind),
        ("nothing", vec![]),
    ];
    let refuse = |(what, bytes): (&str, Vec<u8>)| {
        let decoded = codec::decode::<ProofFile>(&bytes, PROOF_FILE_BYTES_MAX);
        assert!(decoded.is_err(), "{what}");
        json!({ "what": what, "proof_file": hex(bytes), "proven": null, "reason": "MALFORMED" })
    };
    cases.map(refuse).to_vec()
}

#[test]
fn proofs_are_as_committed() {
    let (pages, story) = (Pages::read(), Story::new());
    let claims = [about_balances(&story), about_receipts(&story)].concat();
    let mut cases: Vec<_> = claims.into_iter().map(|claim| vector(&story, &pages, claim)).collect();
    cases.extend(malformed(&story));
    let address = |n| -> Address { Holder(n).address() };
    let vectors = json!({
        "genesis": hex(story.genesis.encode()),
        "genesis_hash": story.genesis.hash().to_string(),
        "account": hex(address(1).0),
        "other_account": hex(address(2).0),
        "cases": cases,
    });
    check("proofs.json", &vectors);
}
