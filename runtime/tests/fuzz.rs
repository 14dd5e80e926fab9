//! A short fuzz run of everything that bytes from outside reach in the runtime and its primitives:
//! the bodies are those of the targets in testnet/fuzz, the seeds are mostly golden vectors.
//! `BALLAST_FUZZ_ROUNDS=1000000` makes it long; see [`driver`].

#[path = "properties/any.rs"]
mod any;
#[path = "fuzz/bodies.rs"]
mod bodies;
mod common;
#[path = "fuzz/driver.rs"]
mod driver;
#[path = "properties/steps.rs"]
mod steps;

use ballast_primitives::proof::{PROOF_FILE_TAG, Proof, ProofFile, ReceiptProof, StateProof};
use ballast_primitives::{Domain, Hash, SecretKey, codec, hash, merkle};
use ballast_runtime::{Change, State};
use bodies::{LEAF, certified};
use driver::drive;

/// The values of a golden file's `name = value` lines whose name is one of those.
fn golden(file: &str, is_one: impl Fn(&str) -> bool) -> Vec<String> {
    let path = format!("{}/tests/golden/{file}", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(path).unwrap();
    let lines = text.lines().filter_map(|line| line.split_once(" = "));
    lines.filter(|(name, _)| is_one(name)).map(|(_, value)| value.to_owned()).collect()
}

fn bytes(hex: &str) -> Vec<u8> {
    let digit = |at: usize| u8::from_str_radix(&hex[at..at + 2], 16).unwrap();
    (0..hex.len()).step_by(2).map(digit).collect()
}

fn golden_bytes(file: &str, is_one: impl Fn(&str) -> bool) -> Vec<Vec<u8>> {
    golden(file, is_one).iter().map(|hex| bytes(hex)).collect()
}

#[test]
fn transactions() {
    let seeds = golden_bytes("transactions.txt", |name| name.ends_with(": transaction"));
    drive("transaction", 1, &seeds, bodies::transaction);
}

#[test]
fn headers_receipts_and_validator_sets() {
    let mut seeds = golden_bytes("consensus.txt", |name| name == "header" || name == "validators");
    seeds.extend(golden_bytes("chain.txt", |name| name.starts_with("receipt ")));
    drive("block", 1, &seeds, bodies::block);
}

#[test]
fn certificates_and_proofs() {
    let anchor = certified(&[1, 2, 3]);
    let path = merkle::STATE.path_of(&[merkle::STATE.leaf(LEAF)], 0).unwrap();
    let state = StateProof { leaf: LEAF.to_vec(), path, anchor: anchor.clone() };
    let path = merkle::RECEIPTS.path_of(&[merkle::RECEIPTS.leaf(LEAF)], 0).unwrap();
    let (receipt, before, after) = (LEAF.to_vec(), Hash::ZERO, vec![]);
    let receipt = ReceiptProof { height: 1, receipt, path, before, after, anchor: anchor.clone() };
    let (tag, changes) = (PROOF_FILE_TAG, vec![]);
    let file = ProofFile { tag, changes, proof: Proof::State(state.clone()) };
    let seeds = [
        codec::encode(&anchor.certificate.vote()),
        codec::encode(&anchor.certificate),
        codec::encode(&certified(&[0, 1])),
        codec::encode(&anchor),
        codec::encode(&state),
        codec::encode(&receipt),
        codec::encode(&file),
    ];
    drive("certificate", 1, &seeds, bodies::certificate);
}

#[test]
fn signatures() {
    let rule = include_str!("../primitives/tests/golden/signature_rule.txt");
    let edge = |line: &str| {
        let words: Vec<_> = line.split(' ').collect();
        let message = if words[3] == "-" { "" } else { words[3] };
        bytes(&[words[1], words[2], message].concat())
    };
    let mut seeds: Vec<_> = rule.lines().step_by(9).map(edge).collect();
    let several = (0..4).flat_map(|n| {
        let key = SecretKey::dev("fuzz", &n.to_string());
        [&key.public().0[..], &key.sign(b"message").0].concat()
    });
    seeds.push(several.chain(*b"message").collect());
    drive("signature", 1, &seeds, bodies::signature);
}

#[test]
fn genesis_files() {
    let mut other = common::genesis();
    other.accounts.truncate(2);
    let seeds = [common::genesis().encode(), other.encode()];
    drive("genesis", 1, &seeds, bodies::genesis);
}

#[test]
fn objects_and_whole_states() {
    let state = State::from_genesis(&common::genesis()).unwrap();
    let leaves: Vec<Change> = state.changes().collect();
    let mut seeds = vec![codec::encode(&leaves)];
    seeds.extend(leaves.into_iter().flat_map(|leaf| [leaf.key, leaf.value]));
    drive("state", 1, &seeds, bodies::state);
}

#[test]
fn typed_text() {
    let mut seeds = golden("addresses.txt", |name| !name.starts_with("policy"));
    seeds.extend(["12.5", "1_000.000001", "18446744073709.551615", "0.10"].map(str::to_owned));
    let seeds: Vec<_> = seeds.into_iter().map(String::into_bytes).collect();
    drive("text", 1, &seeds, bodies::text);
}

#[test]
fn sequences_of_operations() {
    let digest = |n: u8| hash::digest(Domain::Batch, &[n]).0;
    let seeds: Vec<_> = (0..16u8).map(|n| (n..n + 8).flat_map(digest).collect()).collect();
    drive("operations", 40, &seeds, bodies::operations);
}

/// The golden chain up to each of its blocks, as bytes.
#[test]
fn chains_of_blocks() {
    let path = format!("{}/tests/golden/chain.txt", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(path).unwrap();
    // World::block makes each block one second later than the one before, and then what was waited.
    let (mut blocks, mut before) = (Vec::new(), common::START);
    for (name, value) in text.lines().filter_map(|line| line.split_once(" = ")) {
        if name.starts_with("time ") {
            let time: u64 = value.parse().unwrap();
            blocks.push((u32::try_from(time - before - 1_000).unwrap_or(u32::MAX), Vec::new()));
            before = time;
        } else if name.starts_with("transaction ") {
            blocks.last_mut().unwrap().1.push(bytes(value));
        }
    }
    let mut seed = Vec::new();
    let mut seeds = Vec::new();
    for (wait, txs) in &blocks {
        seed.extend(bodies::encode_block(*wait, txs));
        seeds.push(seed.clone());
    }
    drive("chain", 20, &seeds, bodies::chain);
}
