//! What must hold whatever a peer sends or a disk gives back, a function for each kind of input:
//! no panic, what decodes encodes back to the very same bytes, and a replica goes on. Given damaged
//! inputs by `tests/fuzz.rs`, a fuzzer's by testnet/fuzz.

use std::collections::BTreeMap;

use ballast_primitives::{SecretKey, Validator, codec};
use ballast_replica::message::{Message, Request, Response};
use ballast_replica::safety::Memory;
use ballast_replica::types::{Batch, Evidence, StoredBlock, TxRecord};
use ballast_replica::wal::WalEntry;
use ballast_replica::{Config, Effect, Input, Now, Recovered, Replica, commit};
use ballast_runtime::{Genesis, State, dev};
use borsh::BorshSerialize;

const SEED: &str = "fuzz";
const START_MS: u64 = 1_800_000_000_000;
/// Validators; the replica under test is the first.
pub const VALIDATORS: usize = 4;

fn same<T: BorshSerialize>(value: &T, bytes: &[u8]) {
    assert_eq!(codec::encode(value), bytes);
}

/// A message on the consensus lane, and what consensus makes of it.
pub fn message(bytes: &[u8]) {
    if let Ok(request) = Request::decode(bytes) {
        same(&request, bytes);
    }
    let Ok(message) = Message::decode(bytes) else { return };
    same(&message, bytes);
    match message {
        Message::Vote(vote) => drop(vote.to_signed()),
        Message::Proposal(proposal) => drop(proposal.into_signed()),
        Message::Polka(polka) => drop(polka.to_certificate()),
        Message::Round(round) => drop(round.to_certificate()),
        Message::Status { .. }
        | Message::WantProposal { .. }
        | Message::Program { .. }
        | Message::WhatSigned { .. }
        | Message::LastSigned(_) => {}
        Message::Return(_) | Message::Evidence(_) => {}
    }
}

/// Answers to requests, and what is stored of blocks.
pub fn sync(bytes: &[u8]) {
    if let Ok(response) = Response::decode(bytes) {
        same(&response, bytes);
    }
    if let Ok(batch) = Batch::decode(bytes) {
        same(&batch, bytes);
    }
    let _ = codec::decode::<StoredBlock>(bytes, 1 << 20);
    let _ = codec::decode::<TxRecord>(bytes, 1 << 20);
    let _ = codec::decode::<Evidence>(bytes, 1 << 20);
}

/// What a validator reads back of its own: records of the write-ahead log, the sign-state.
pub fn recovery(bytes: &[u8]) {
    if let Ok(memory) = Memory::decode(bytes) {
        assert_eq!(memory.encode(), bytes);
    }
    if let Ok(entry) = WalEntry::decode(bytes) {
        same(&entry, bytes);
        drop(entry.into_input());
    }
}

/// A validator at genesis among peers who send what stands in the bytes: for each input who sends
/// it (`u8`), what it is (`u8`: a message, an answer with blocks, or silence), its length (`u16`)
/// and the bytes. It refuses, ignores or obeys, and never stops.
pub fn peers(bytes: &[u8]) {
    let (mut replica, _) = replica(0);
    let mut asked = BTreeMap::new();
    let mut mono_ms = 0;
    let mut rest = bytes;
    while let Some((from, kind, part)) = next_input(&mut rest) {
        mono_ms += if kind % 3 == 2 { 600 } else { 2 };
        let now = now(mono_ms);
        let from = key(1 + usize::from(from) % (VALIDATORS - 1)).public();
        let input = match kind % 3 {
            0 => Message::decode(part).ok().map(|message| Input::Message { from, message }),
            1 => Response::decode(part).ok().map(|response| {
                let ticket = asked.get(&from).copied().unwrap_or(0);
                Input::Answer { from, ticket, response: Some(response) }
            }),
            _ => None,
        };
        let due = replica.next_deadline().is_some_and(|at| at <= mono_ms).then_some(Input::Tick);
        for input in [due, input].into_iter().flatten() {
            for effect in replica.step(now, input) {
                assert!(!matches!(effect, Effect::Halt(_)), "{effect:?}");
                if let Effect::Ask { to, ticket, .. } = effect {
                    asked.insert(to, ticket);
                }
            }
        }
    }
}

fn next_input<'a>(rest: &mut &'a [u8]) -> Option<(u8, u8, &'a [u8])> {
    let [from, kind, low, high] = *rest.split_off(..4)?.first_chunk()?;
    let length = usize::from(u16::from_le_bytes([low, high])).min(rest.len());
    Some((from, kind, rest.split_off(..length)?))
}

/// An input as [`peers`] reads it.
#[allow(dead_code, reason = "for seeds, which a fuzzer keeps in its corpus")]
pub fn encode_input(from: u8, kind: u8, part: &[u8]) -> Vec<u8> {
    let mut bytes = vec![from, kind];
    bytes.extend(u16::try_from(part.len()).unwrap().to_le_bytes());
    bytes.extend(part);
    bytes
}

pub const fn now(mono_ms: u64) -> Now {
    Now { wall_ms: START_MS + mono_ms, mono_ms }
}

pub fn key(n: usize) -> SecretKey {
    SecretKey::dev(SEED, &format!("v{n}"))
}

fn genesis() -> Genesis {
    let validator = |n| Validator {
        key: key(n).public(),
        peer: SecretKey::dev(SEED, &format!("p{n}")).public(),
        power: 1,
        name: format!("validator-{n}"),
    };
    dev::genesis(&dev::DevSpec {
        chain_id: 7,
        time: START_MS,
        validators: (0..VALIDATORS).map(validator).collect(),
        accounts: 2,
        balance: 1_000_000_000,
        seed: SEED.to_owned(),
    })
    .unwrap()
}

/// A validator that has just begun, and what it does first; all others are connected.
pub fn replica(n: usize) -> (Replica, Vec<Effect>) {
    let genesis = genesis();
    let state = State::from_genesis(&genesis).unwrap();
    let recovered = Recovered {
        results: vec![commit::genesis_result(&state, genesis.time)],
        state,
        block: None,
        block_is_ours: true,
        memory: Memory::default(),
        wal: (0, Vec::new()),
        batches: Vec::new(),
        overrides: Vec::new(),
        evidence: Vec::new(),
    };
    let (hash, chain_id) = (genesis.hash(), genesis.chain_id);
    let opened = Replica::open(Config::default(), hash, chain_id, key(n), recovered, now(0));
    let (mut replica, mut effects) = opened.unwrap();
    for other in (0..VALIDATORS).filter(|other| *other != n) {
        effects.extend(replica.step(now(0), Input::PeerUp(key(other).public())));
    }
    (replica, effects)
}
