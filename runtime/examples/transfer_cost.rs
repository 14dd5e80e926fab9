//! What a transfer costs, without signatures: single-operation transfers between random accounts,
//! in blocks of 10,000. Execution (everything up to receipts and the invariants) and hashing
//! (state tree, changes, receipts' root) are reported apart, in CPU time of the one thread; the
//! clock's where the system does not tell.
//!
//! `cargo run --release -p ballast-runtime --example transfer_cost -- 1000000`

#![allow(clippy::disallowed_types, reason = "it measures time")]

use std::time::{Duration, Instant};

use ballast_primitives::{Address, KeyPolicy, PublicKey, Signature, codec};
use ballast_runtime::dev::{self, DevSpec};
use ballast_runtime::ops::transfer::Transfer;
use ballast_runtime::*;

const BLOCK: usize = 10_000;
const BLOCKS: u64 = 50;

fn main() {
    let accounts = std::env::args().nth(1).and_then(|n| n.parse().ok()).unwrap_or(10_000u64);
    let clock = Clock { started: Instant::now() };
    let (mut state, context, policies) = populate(accounts);
    println!("{accounts} accounts in {:?}", clock.cpu());
    let mut nonces = vec![0u64; policies.len()];
    let mut random = 1u64;
    let (mut executing, mut hashing) = (Duration::ZERO, Duration::ZERO);
    for height in 1..=BLOCKS {
        let context = BlockContext { height, ..context };
        let txs: Vec<_> = (0..BLOCK)
            .map(|_| {
                let from = next(&mut random) as usize % policies.len();
                let others = policies.len() - 1;
                let to = (from + 1 + next(&mut random) as usize % others) % policies.len();
                nonces[from] += 1;
                transfer(&context, &policies[from], &policies[to], nonces[from])
            })
            .collect();
        let start = clock.cpu();
        let executed = execute::execute(&mut state, &context, &txs).unwrap();
        let between = clock.cpu();
        let outcome = executed.commit();
        executing += between - start;
        hashing += clock.cpu() - between;
        assert!(outcome.dropped.is_empty(), "{:?}", outcome.dropped);
        let moved = |receipt: &Receipt| receipt.outcome == Outcome::Success;
        assert!(outcome.receipts.iter().all(moved), "every transfer succeeds");
    }
    let each = |time: Duration| time.as_secs_f64() * 1e6 / (BLOCKS as f64 * BLOCK as f64);
    println!(
        "{:.2} us per transfer to execute, {:.2} us to hash; {} objects",
        each(executing),
        each(hashing),
        state.len()
    );
}

struct Clock {
    started: Instant,
}

impl Clock {
    /// Time on the processor since the thread began, to a few milliseconds.
    fn cpu(&self) -> Duration {
        let on_cpu = std::fs::read_to_string("/proc/thread-self/schedstat").ok();
        let nanos = on_cpu.and_then(|line| line.split(' ').next()?.parse().ok());
        nanos.map_or_else(|| self.started.elapsed(), Duration::from_nanos)
    }
}

/// A dev genesis and `accounts` more, under keys that are not points: nothing here verifies.
fn populate(accounts: u64) -> (State, BlockContext, Vec<KeyPolicy>) {
    let key = |label| ballast_primitives::SecretKey::dev("cost", label).public();
    let (time, chain_id) = (1_700_000_000_000, 1);
    let validator = ballast_primitives::Validator {
        key: key("validator"),
        peer: key("peer"),
        power: 1,
        name: "v".to_owned(),
    };
    let validators = vec![validator];
    let (balance, seed) = (1_000_000_000_000, "cost".to_owned());
    let spec = DevSpec { chain_id, time, validators, accounts: 1, balance, seed };
    let genesis = dev::genesis(&spec).unwrap();
    let state = State::from_genesis(&genesis).unwrap();
    let model = state.account(&dev::account_address("cost", 0)).unwrap().clone();
    let mut leaves: Vec<_> = state.changes().collect();
    let mut random = 7;
    let policies: Vec<_> = (0..accounts)
        .map(|_| {
            let bytes: Vec<u8> = (0..4).flat_map(|_| next(&mut random).to_le_bytes()).collect();
            KeyPolicy::Single(PublicKey(bytes.try_into().unwrap()))
        })
        .collect();
    for policy in &policies {
        let account = object::Account { policy: policy.clone(), ..model.clone() };
        leaves.push(Change {
            slot: leaves.len() as u64,
            key: codec::encode(&Key::Account(Address::of(policy))),
            value: codec::encode(&Object::Account(account)),
        });
    }
    let mut supply = state.supply().clone();
    supply.total += u128::from(accounts) * u128::from(balance);
    supply.genesis = supply.total;
    supply.cap += supply.total;
    leaves[1].value = codec::encode(&Object::Supply(Box::new(supply)));
    let context = BlockContext { genesis: genesis.hash(), chain_id, height: 0, time: time + 1_000 };
    (State::restore(leaves).unwrap(), context, policies)
}

fn transfer(context: &BlockContext, from: &KeyPolicy, to: &KeyPolicy, nonce: u64) -> VerifiedTx {
    let op = Op::Transfer(Transfer { to: Address::of(to), amount: 1, travel: None });
    let body = TxBody {
        genesis: context.genesis,
        chain_id: context.chain_id,
        sender: Address::of(from),
        nonce,
        valid_until: context.time + 1_000,
        sponsor: None,
        memo: None,
        ops: vec![op],
    };
    let witnesses = vec![Witness { key: from.keys()[0], signature: Signature([0; 64]) }];
    let id = body.id();
    VerifiedTx::assume_verified(SignedTx { body, witnesses }, id)
}

/// xorshift64.
fn next(state: &mut u64) -> u64 {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    *state
}
