//! What must hold whatever the bytes are, a function for each kind of input. `tests/fuzz.rs` gives
//! them damaged inputs in every test run, the targets of testnet/fuzz give them a fuzzer's.
//!
//! All of them: no panic, and what decodes encodes back to the very same bytes.

use std::sync::OnceLock;

use ballast_primitives::certificate::verify_certificates;
use ballast_primitives::proof::{
    CertifiedHeader, PROOF_BYTES_MAX, PROOF_FILE_BYTES_MAX, ProofFile, ReceiptProof, StateProof,
};
use ballast_primitives::signature::{Item, verify, verify_batch};
use ballast_primitives::{
    Address, BatchRef, CommitCertificate, Committee, Hash, Header, Network, Payload, PublicKey,
    SecretKey, Signature, Validator, Vote, VoteKind, amount, codec, history, merkle,
};
use ballast_runtime::limits::OBJECT_BYTES_MAX;
use ballast_runtime::{
    BlockContext, Change, Genesis, Key, Object, Receipt, Rules, SignedTx, State, VerifiedTx,
    admission, execute_block, invariants,
};
use borsh::{BorshDeserialize, BorshSerialize};
use proptest::prelude::Strategy as _;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use rand::SeedableRng as _;
use rand::rngs::StdRng;

use crate::common::World;
use crate::steps::{step, txs};

/// Decodes, and checks that the value encodes back.
fn decode<T: BorshDeserialize + BorshSerialize>(bytes: &[u8], max: usize) -> Option<T> {
    let value: T = codec::decode(bytes, max).ok()?;
    assert_eq!(codec::encode(&value), bytes);
    Some(value)
}

/// A transaction as a wallet sends it. The signatures that are verified are those that are counted.
pub fn transaction(bytes: &[u8]) {
    let Ok(tx) = SignedTx::decode(bytes) else { return };
    assert_eq!(tx.encode(), bytes);
    let message = tx.body.signed_bytes();
    let items: usize = tx.parts(&message).map(|part| part.items().count()).sum();
    assert_eq!(items, tx.signatures());
    let world = world();
    let _ = admission::check(&world.state, &world.context, &tx);
    if let Ok(verified) = VerifiedTx::verify(tx) {
        assert_eq!(verified.size(), bytes.len());
        assert_eq!(verified.body().signed_bytes(), message);
    }
}

/// What blocks are made of, besides transactions, and what they leave behind.
pub fn block(bytes: &[u8]) {
    if let Some(header) = decode::<Header>(bytes, 1_024) {
        assert_ne!(header.id(), Hash::ZERO);
    }
    decode::<Payload>(bytes, PROOF_BYTES_MAX);
    decode::<Receipt>(bytes, PROOF_BYTES_MAX);
    if let Some(set) = decode::<Committee>(bytes, PROOF_BYTES_MAX) {
        let again = Committee::new(set.validators().to_vec());
        assert!(set.check().is_err() || again == Ok(set), "a good set is made of its members");
    }
}

/// Votes, and what is certified by them. Nothing that was not signed verifies.
pub fn certificate(bytes: &[u8]) {
    decode::<Vote>(bytes, 1_024);
    let (genesis, committee) = (Hash([9; 32]), committee());
    if let Some(certificate) = decode::<CommitCertificate>(bytes, PROOF_BYTES_MAX) {
        let one = certificate.verify(&genesis, committee);
        let mut rng = StdRng::seed_from_u64(1);
        let all = [(&certificate, committee); 2];
        let batch = |items: &[Item<'_>]| verify_batch(items, &mut rng);
        let answers = verify_certificates(&genesis, &all, batch);
        assert_eq!(answers, [one, one]);
        assert!(one.is_err() || certificate.block == header().id());
    }
    let genuine = |anchor: &CertifiedHeader| assert_eq!(anchor.header, header());
    if let Some(anchor) = decode::<CertifiedHeader>(bytes, PROOF_BYTES_MAX)
        && anchor.verify(&genesis, committee).is_ok()
    {
        genuine(&anchor);
    }
    let sets = history::SetHistory::new(genesis, committee.clone());
    if let Some(proof) = decode::<StateProof>(bytes, PROOF_BYTES_MAX)
        && proof.verify_through(&sets).is_ok()
    {
        genuine(&proof.anchor);
        assert_eq!(proof.leaf, LEAF);
    }
    if let Some(proof) = decode::<ReceiptProof>(bytes, PROOF_BYTES_MAX)
        && proof.verify_through(&sets).is_ok()
    {
        genuine(&proof.anchor);
    }
    if let Some(file) = decode::<ProofFile>(bytes, PROOF_FILE_BYTES_MAX)
        && file.proof.verify_through(&sets).is_ok()
    {
        genuine(file.proof.anchor());
    }
}

/// Rule R: a batch gives each signature the answer that it has alone (TX-13). The bytes are keys
/// and signatures in turn; what is left over is the message.
pub fn signature(bytes: &[u8]) {
    let (entries, message) = bytes.as_chunks::<96>();
    let item = |entry: &[u8; 96]| {
        let (key, signature) = entry.split_at(32);
        let key = PublicKey(key.try_into().unwrap());
        Item { key, message, signature: Signature(signature.try_into().unwrap()) }
    };
    let items: Vec<_> = entries.iter().take(8).map(item).collect();
    let together = verify_batch(&items, &mut StdRng::seed_from_u64(1));
    for (item, answer) in items.iter().zip(together) {
        assert_eq!(answer, verify(&item.key, item.message, &item.signature));
    }
}

/// A genesis file. One that is accepted begins a chain whose invariants hold.
pub fn genesis(bytes: &[u8]) {
    let Ok(genesis) = Genesis::decode(bytes) else { return };
    assert_eq!(genesis.encode(), bytes);
    let Ok(mut state) = State::from_genesis(&genesis) else { return };
    invariants::check_all(&state, genesis.time).unwrap();
    let context = BlockContext {
        genesis: genesis.hash(),
        chain_id: genesis.chain_id,
        height: 1,
        time: genesis.time.saturating_add(1_000),
        rules: &Rules::V1,
    };
    execute_block::<VerifiedTx>(&mut state, &context, &[]).unwrap();
    invariants::check_all(&state, context.time).unwrap();
}

/// What is read back from the store or taken over from another node: leaves of a state. What is
/// accepted has the root of its leaves.
pub fn state(bytes: &[u8]) {
    decode::<Key>(bytes, OBJECT_BYTES_MAX);
    decode::<Object>(bytes, OBJECT_BYTES_MAX);
    let Some(leaves) = decode::<Vec<Change>>(bytes, PROOF_BYTES_MAX) else { return };
    // Else the memory of this machine is what is tested.
    if leaves.iter().any(|leaf| leaf.slot >= 1 << 20) {
        return;
    }
    let digests: Vec<_> = leaves.iter().map(Change::leaf).collect();
    let Ok(state) = State::restore(leaves.clone()) else { return };
    let count = leaves.iter().map(|leaf| leaf.slot + 1).max().unwrap_or(0);
    let mut ordered = vec![Hash::ZERO; count as usize];
    for (leaf, digest) in leaves.iter().zip(digests) {
        ordered[leaf.slot as usize] = digest;
    }
    assert_eq!(state.root(), merkle::STATE.root_of(&ordered));
    let _ = invariants::check_all(&state, u64::MAX);
}

/// What people type.
pub fn text(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    if let Ok((network, address)) = Address::parse_any(&text) {
        assert_eq!(Address::parse(&address.display(network), network), Ok(address));
    }
    for network in Network::ALL {
        let _ = Address::parse(&text, network);
    }
    if let Ok(micros) = amount::parse_dollars(&text) {
        assert_eq!(amount::parse_dollars(&amount::format_dollars(micros.into())), Ok(micros));
    }
    if let Ok(hash) = text.parse::<Hash>() {
        assert_eq!(hash.to_string().parse(), Ok(hash));
    }
}

/// Blocks of transactions that make some sense: each eight bytes choose what an account or the
/// council does next, so that a fuzzer looks for sequences.
pub fn operations(bytes: &[u8]) {
    let steps = step().boxed();
    let mut world = world().clone();
    for choice in bytes.chunks(8).take(64) {
        let mut seed = [0; 32];
        seed[..choice.len()].copy_from_slice(choice);
        let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &seed);
        let mut runner = TestRunner::new_with_rng(Config::default(), rng);
        let Ok(next) = steps.new_tree(&mut runner) else { return };
        let next = next.current();
        let made = txs(&mut world, std::slice::from_ref(&next));
        world.wait(next.1);
        // Checks every invariant.
        world.block(&made);
    }
}

/// Blocks of transactions as they stand in bytes. For each block: how many milliseconds later it
/// comes (`u32`), how many transactions it has (`u8`), and each after its length (`u16`).
pub fn chain(bytes: &[u8]) {
    let mut world = world().clone();
    let mut rest = bytes;
    while let Some((wait, txs)) = next_block(&mut rest) {
        if world.state.upgrade().is_pending() {
            // From its height on no program goes on that lacks the version (CO-71).
            return;
        }
        world.wait(wait.into());
        let decoded = txs.iter().filter_map(|bytes| SignedTx::decode(bytes).ok());
        let verified = |tx: SignedTx| {
            let id = tx.body.id();
            VerifiedTx::assume_verified(tx, id)
        };
        let made: Vec<_> = decoded.map(verified).collect();
        let outcome = world.block(&made);
        assert_eq!(outcome.receipts.len() + outcome.dropped.len(), made.len());
    }
}

fn next_block<'a>(rest: &mut &'a [u8]) -> Option<(u32, Vec<&'a [u8]>)> {
    let wait = u32::from_le_bytes(*rest.split_off(..4)?.first_chunk()?);
    let count = *rest.split_off_first()?;
    let mut txs = Vec::new();
    for _ in 0..count {
        let length = u16::from_le_bytes(*rest.split_off(..2)?.first_chunk()?);
        let length = usize::from(length).min(rest.len());
        txs.push(rest.split_off(..length)?);
    }
    Some((wait, txs))
}

/// A block as [`chain`] reads it.
#[allow(dead_code, reason = "for seeds, which a fuzzer keeps in its corpus")]
pub fn encode_block(wait: u32, txs: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = wait.to_le_bytes().to_vec();
    bytes.push(u8::try_from(txs.len()).unwrap());
    for tx in txs {
        bytes.extend(u16::try_from(tx.len()).unwrap().to_le_bytes());
        bytes.extend(tx);
    }
    bytes
}

fn world() -> &'static World {
    static WORLD: OnceLock<World> = OnceLock::new();
    WORLD.get_or_init(World::new)
}

fn validator_key(n: u64) -> SecretKey {
    SecretKey::dev("fuzz", &n.to_string())
}

fn committee() -> &'static Committee {
    static COMMITTEE: OnceLock<Committee> = OnceLock::new();
    COMMITTEE.get_or_init(|| {
        let validator = |n| Validator {
            key: validator_key(n).public(),
            peer: validator_key(n + 4).public(),
            power: n + 1,
            name: format!("validator-{n}"),
        };
        Committee::new((0..4).map(validator).collect()).unwrap()
    })
}

/// The one leaf of the state that [`header`] attests.
pub const LEAF: &[u8] = b"a leaf";

/// The one header that is signed.
pub fn header() -> Header {
    let receipts = merkle::RECEIPTS.root_of(&[merkle::RECEIPTS.leaf(LEAF)]);
    let batch = BatchRef { digest: Hash([6; 32]), bytes: 1, txs: 1, signatures: 1 };
    Header {
        version: Header::VERSION,
        genesis: Hash([9; 32]),
        height: 2,
        parent: Hash([3; 32]),
        parent_round: 0,
        time: 4,
        proposer: validator_key(0).public(),
        payload: Payload { batches: vec![batch], ..Payload::default() }.digest(),
        executed_height: 1,
        state_root: merkle::STATE.root_of(&[merkle::STATE.leaf(LEAF)]),
        receipts_root: merkle::chain_receipts(&Hash::ZERO, &receipts),
        validators: committee().digest(),
        next_validators: committee().digest(),
    }
}

/// It, and the signatures of those with these numbers.
#[allow(dead_code, reason = "for seeds, which a fuzzer keeps in its corpus")]
pub fn certified(signers: &[u64]) -> CertifiedHeader {
    let header = header();
    let (height, block) = (header.height, header.id());
    let vote = Vote { kind: VoteKind::Precommit, height, round: 0, block: Some(block) };
    let message = vote.signed_bytes(&header.genesis);
    let sign = |n: &u64| ballast_primitives::CommitSignature {
        validator: validator_key(*n).public(),
        signature: validator_key(*n).sign(&message),
    };
    let mut signatures: Vec<_> = signers.iter().map(sign).collect();
    signatures.sort_unstable_by_key(|entry| entry.validator);
    let certificate = CommitCertificate { height, round: 0, block, signatures };
    CertifiedHeader { header, certificate }
}
